//! Looks at the file of a plugin in the plugin directory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{BY_DIRECTORY, Library};
use crate::load::{Component, Facts, LoadError, format, read};
use crate::orders::Order;

/// A file that is cut short is not judged while it was written to within this time.
const QUIET_AFTER: Duration = Duration::from_secs(2);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How long a plugin's file must be gone before the plugin is unloaded.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// How soon to look again whether a plugin whose file is gone is still used.
const USE_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How soon to try a component again that nothing is known of, since the server could not load or keep it.
pub(super) const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// What was read.
struct ReadFile {
    component: Component,
    /// Whether whoever writes it is through.
    is_finished: bool,
}

impl Library {
    /// Looks at the file; a file that is gone may be one that the configuration is about to use.
    pub(super) async fn look_at_start(self: &Arc<Self>, plugin: &str) {
        match self.path(plugin).exists() {
            true => self.look(plugin).await,
            false => self.look_again(plugin, USE_AGAIN_AFTER),
        }
    }

    /// Judges the plugin's file in the directory, if it is not the one that was judged before.
    pub(super) async fn look(self: &Arc<Self>, plugin: &str) {
        let Ok(_permit) = self.judging.acquire().await else {
            return;
        };
        let path = self.path(plugin);
        let read = spawn_blocking(move || read_file(&path)).await;
        match read.unwrap_or(Err(LoadError::CutOff)) {
            Ok(file) if file.is_finished => self.judge_file(plugin, file.component).await,
            Ok(_) => self.look_again(plugin, LOOK_AGAIN_AFTER),
            Err(LoadError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                self.note_gone(plugin).await;
            }
            Err(reason) => {
                let slot = self.registry.slot_or_new(plugin);
                self.refuse(&slot, Facts::default(), reason);
            }
        }
    }

    /// Has the file looked at once more after a while.
    pub(super) fn look_again(&self, plugin: &str, after: Duration) {
        let (orders, plugin) = (self.orders.clone(), plugin.to_owned());
        tokio::spawn(async move {
            sleep(after).await;
            // If nobody takes orders any more, the server is stopping.
            let _ = orders.send(Order::look(plugin));
        });
    }

    fn path(&self, plugin: &str) -> PathBuf {
        self.loader.directory.join(format!("{plugin}.wasm"))
    }

    /// Unloads a plugin that came from a file which is gone, unless something uses it.
    async fn note_gone(&self, plugin: &str) {
        let kept = self.kept(plugin);
        let Some(slot) = self.registry.slot(plugin) else {
            return;
        };
        let is_of_file = kept.wanted().is_none() || kept.wanted() == kept.in_directory.as_deref();
        if !is_of_file {
            slot.forget_unread();
            return;
        }
        sleep(GONE_AFTER).await;
        if self.path(plugin).exists() {
            return;
        }
        let users = self.keeper.users(plugin);
        if users.is_empty() || slot.serving().is_none() {
            if let Err(error) = self.unload(plugin, BY_DIRECTORY, true).await {
                tracing::error!(plugin.name = %plugin, "cannot unload plugin {plugin:?}: {error}");
            }
            return;
        }
        if !slot.is_told_to_be_gone() {
            self.refuse(&slot, Facts::default(), LoadError::Vanished { users });
        }
        self.look_again(plugin, USE_AGAIN_AFTER);
    }
}

fn read_file(path: &Path) -> Result<ReadFile, LoadError> {
    let bytes = read(path)?;
    Ok(ReadFile {
        is_finished: is_quiet(path) || format::is_whole(&bytes),
        component: Component::new(bytes),
    })
}

/// Whether nobody has written to a file for a while.
fn is_quiet(path: &Path) -> bool {
    let written = path.metadata().and_then(|metadata| metadata.modified());
    // A time in the future has no age: its clock cannot be relied on.
    written
        .ok()
        .and_then(|at| at.elapsed().ok())
        .is_none_or(|age| age >= QUIET_AFTER)
}
