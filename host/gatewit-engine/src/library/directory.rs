//! The plugin directory: which files it has, and which of them have changed and are written whole. It is watched, and looked
//! at now and then, since not every file system tells of changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::load::plugin_name;
use crate::orders::Order;

/// How often to look at files whose changes nobody tells of.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a changed file must stay as it is before it is read: whoever writes it may not be through.
const SETTLED_AFTER: Duration = Duration::from_millis(100);

/// The state of each plugin's file: when it was changed, its length, and which file it is.
type Look = BTreeMap<String, FileState>;
type FileState = (Option<SystemTime>, u64, u64);

/// Orders a look at each file that has changed or is gone, for as long as the library takes orders.
pub(crate) async fn watch(directory: PathBuf, orders: UnboundedSender<Order>) {
    let touched = Arc::new(Notify::new());
    let _watcher = watcher(&directory, &touched);
    let (mut before, mut told) = (Look::new(), Look::new());
    while !orders.is_closed() {
        let path = directory.clone();
        let Ok(Ok(seen)) = spawn_blocking(move || look(&path)).await else {
            // What serves serves on while the directory cannot be read.
            sleep(LOOK_EVERY).await;
            continue;
        };
        for plugin in settled(&seen, &before, &told) {
            match seen.get(&plugin) {
                Some(state) => told.insert(plugin.clone(), *state),
                None => told.remove(&plugin),
            };
            // If nobody takes orders any more, the server is stopping.
            let _ = orders.send(Order::look(plugin));
        }
        let is_settled = seen == before;
        before = seen;
        if is_settled {
            tokio::select! {
                () = touched.notified() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        } else {
            sleep(SETTLED_AFTER).await;
        }
    }
}

/// The plugins of which nothing was told yet and whose files have stayed as they are since the look before.
fn settled(seen: &Look, before: &Look, told: &Look) -> Vec<String> {
    let names: BTreeSet<_> = seen.keys().chain(told.keys()).collect();
    let is_news = |name: &&&String| {
        seen.get(**name) == before.get(**name) && seen.get(**name) != told.get(**name)
    };
    names
        .iter()
        .filter(is_news)
        .map(ToString::to_string)
        .collect()
}

/// Watches the directory, if the system can.
fn watcher(directory: &Path, touched: &Arc<Notify>) -> Option<RecommendedWatcher> {
    let told = Arc::clone(touched);
    let tell = move |event: notify::Result<Event>| {
        let is_news = match event {
            // Looking at the directory is an event, too.
            Ok(event) if !event.need_rescan() => {
                !event.kind.is_access() && event.paths.iter().any(|path| may_be_plugin(path))
            }
            // Events were lost.
            Ok(_) | Err(_) => true,
        };
        if is_news {
            told.notify_one();
        }
    };
    let watcher = notify::recommended_watcher(tell);
    let watching = watcher.and_then(|mut watcher| {
        watcher.watch(directory, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            tracing::warn!(
                "cannot watch the plugin directory {directory:?}, and looks at it every {LOOK_EVERY:?} instead: {error}"
            );
        })
        .ok()
}

fn look(directory: &Path) -> io::Result<Look> {
    let seen = plugin_files(directory)?.into_iter().map(|path| {
        let state = fs::metadata(&path).map(|metadata| state(&metadata));
        (plugin_name(&path), state.unwrap_or_default())
    });
    Ok(seen.collect())
}

fn state(metadata: &fs::Metadata) -> FileState {
    use std::os::unix::fs::MetadataExt;
    (metadata.modified().ok(), metadata.len(), metadata.ino())
}

/// Lists the files that may be plugins, by name.
pub(crate) fn plugin_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(directory)?.collect();
    let paths = entries?.into_iter().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| may_be_plugin(path)).collect();
    files.sort_unstable();
    Ok(files)
}

fn may_be_plugin(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state of files by name, each told by its length.
    fn files(files: &[(&str, u64)]) -> Look {
        let files = files.iter();
        files
            .map(|(name, length)| ((*name).to_owned(), (None, *length, 0)))
            .collect()
    }

    #[test]
    fn each_file_is_told_once_it_stays_as_it_is_whatever_others_do() {
        let none = Look::new();
        let (first, second) = (files(&[("a", 1), ("b", 1)]), files(&[("a", 1), ("b", 2)]));
        assert_eq!(settled(&first, &none, &none), Vec::<String>::new());
        assert_eq!(settled(&second, &first, &none), ["a"]);
        assert_eq!(settled(&second, &second, &files(&[("a", 1)])), ["b"]);
        assert_eq!(settled(&second, &second, &second), Vec::<String>::new());
        let gone = files(&[("b", 2)]);
        assert_eq!(settled(&gone, &second, &second), Vec::<String>::new());
        assert_eq!(settled(&gone, &gone, &second), ["a"]);
    }
}
