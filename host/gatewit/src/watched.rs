//! Files that may change. Their folders are watched, since a file may be replaced by another of its name; and the files
//! are looked at now and then, since not every file system tells of changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// How often to look at files whose changes nobody tells of.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a changed file must stay as it is before it is read: whoever writes it may not be through.
const SETTLED_AFTER: Duration = Duration::from_millis(500);

/// The state of files: when each was last changed, and its length; None if that is unknown.
type Look = Vec<Option<(SystemTime, u64)>>;

/// Files that are read whenever one of them has changed.
pub struct WatchedFiles {
    files: Vec<PathBuf>,
    /// Their state before they were last read.
    read: Mutex<Look>,
    /// Told when something happens to a file of these names.
    touched: Arc<Notify>,
    /// Watches while it lives; None if the system cannot.
    _watcher: Option<RecommendedWatcher>,
    look_every: Duration,
    settled_after: Duration,
}

impl WatchedFiles {
    /// Begins to watch; `whose` says whose files they are. None of them needs to exist.
    pub fn new(files: Vec<PathBuf>, whose: &str) -> Self {
        let touched = Arc::new(Notify::new());
        Self {
            _watcher: watch(&files, whose, &touched),
            read: Mutex::new(look(&files)),
            files,
            touched,
            look_every: LOOK_EVERY,
            settled_after: SETTLED_AFTER,
        }
    }

    /// Notes the state of the files; call it before reading them.
    pub fn note(&self) {
        let seen = look(&self.files);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Ends when the files have changed since they were read and nobody is writing them any longer.
    pub async fn changed(&self) {
        if self.files.is_empty() {
            return std::future::pending().await;
        }
        let mut before = None;
        loop {
            let files = self.files.clone();
            let seen = spawn_blocking(move || look(&files)).await.ok();
            if !self.is_news(seen.as_ref()) {
                tokio::select! {
                    () = self.touched.notified() => {}
                    () = sleep(self.look_every) => {}
                }
            } else if seen == before {
                return;
            } else {
                sleep(self.settled_after).await;
            }
            before = seen;
        }
    }

    fn is_news(&self, seen: Option<&Look>) -> bool {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| *seen != *read)
    }
}

/// Watches the folders of files, if there are any and the system can.
fn watch(files: &[PathBuf], whose: &str, touched: &Arc<Notify>) -> Option<RecommendedWatcher> {
    if files.is_empty() {
        return None;
    }
    let names = files.iter().filter_map(|file| file.file_name());
    let names: Vec<_> = names.map(ToOwned::to_owned).collect();
    let touched = Arc::clone(touched);
    let tell = move |event: notify::Result<Event>| {
        let is_ours = match event {
            Ok(event) if !event.need_rescan() => {
                let mut touched = event.paths.iter().filter_map(|path| path.file_name());
                touched.any(|touched| names.iter().any(|name| name == touched))
            }
            // Events were lost.
            Ok(_) | Err(_) => true,
        };
        if is_ours {
            touched.notify_one();
        }
    };
    let watching = notify::recommended_watcher(tell).and_then(|mut watcher| {
        for folder in files.iter().filter_map(|file| file.parent()) {
            // The folder of a bare file name is the working directory.
            watcher.watch(&Path::new(".").join(folder), RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            tracing::warn!(
                "cannot watch the files of {whose}, and looks at them every {LOOK_EVERY:?} instead: {error}"
            );
        })
        .ok()
}

fn look(files: &[PathBuf]) -> Look {
    let seen = files.iter().map(|file| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    /// Longer than any of this takes.
    const NEVER: Duration = Duration::from_secs(60);
    const AT_ONCE: Duration = Duration::from_millis(1);

    /// Lets a list be written, written on, replaced twice, removed, and made anew; each of them must be noticed.
    async fn check(files: WatchedFiles, is_watched: bool) {
        let list = &files.files[0].clone();
        let other = list.with_extension("new");
        let replace = |text: &str| fs::write(&other, text).and_then(|()| fs::rename(&other, list));
        let changes: [&dyn Fn() -> std::io::Result<()>; 6] = [
            &|| fs::write(list, "a"),
            &|| fs::write(list, "a\nb"),
            &|| replace("a\nb\nc"),
            &|| replace("a\nb\nc\nd"),
            &|| fs::remove_file(list),
            &|| fs::write(list, "e"),
        ];
        for (step, change) in changes.iter().enumerate() {
            change().unwrap();
            let noticed = async {
                if is_watched {
                    files.touched.notified().await;
                }
                files.changed().await;
            };
            let noticed = timeout(NEVER, noticed).await;
            assert!(noticed.is_ok(), "change {step} was not noticed");
            files.note();
        }
    }

    #[tokio::test]
    async fn a_list_is_watched_whatever_becomes_of_it() {
        let home = TempDir::new().unwrap();
        let watched = WatchedFiles::new(vec![home.path().join("people.csv")], "a test");
        let files = WatchedFiles {
            look_every: NEVER,
            settled_after: AT_ONCE,
            ..watched
        };
        check(files, true).await;
    }

    #[tokio::test]
    async fn a_list_that_nobody_tells_of_is_looked_at() {
        let home = TempDir::new().unwrap();
        let watched = WatchedFiles::new(vec![home.path().join("people.csv")], "a test");
        let files = WatchedFiles {
            look_every: AT_ONCE,
            settled_after: AT_ONCE,
            _watcher: None,
            ..watched
        };
        check(files, false).await;
    }
}
