//! Lets nothing serve under a name any more.

use gatewit_domain::plugin::{LibraryError, PluginAction};

use super::Library;

impl Library {
    /// Unloads a plugin for an operator. Its file in the directory counts again once its digest changes.
    pub(super) async fn remove(
        &self,
        plugin: &str,
        force: bool,
        by: &str,
    ) -> Result<(), LibraryError> {
        let users = self.keeper.users(plugin);
        if !force && !users.is_empty() {
            return Err(LibraryError::InUse(format!(
                "plugin {plugin:?} is used by {}; change these first, or add ?force=true",
                users.join(", ")
            )));
        }
        self.unload(plugin, by, false).await
    }

    pub(super) async fn unload(
        &self,
        plugin: &str,
        by: &str,
        file_is_gone: bool,
    ) -> Result<(), LibraryError> {
        let mut kept = self.kept(plugin);
        let slot = self.registry.slot(plugin);
        let slot = slot.ok_or_else(|| LibraryError::Unknown(plugin.to_owned()))?;
        let mut events = Vec::new();
        if let Some(wanted) = kept.wanted() {
            let change = (Some(wanted.to_owned()), None);
            events.push(self.event(by, PluginAction::Removed, change, None));
        }
        kept.generations.clear();
        match file_is_gone {
            true => kept.in_directory = None,
            false => kept.is_removed = true,
        }
        let number = kept.generation;
        let done = self.keep(plugin, kept, events).await;
        done.map_err(|reason| LibraryError::NotKept(reason.to_string()))?;
        slot.unload(number);
        self.registry.remove(plugin);
        self.tidy_shelf().await;
        tracing::warn!(plugin.name = %plugin, "plugin {plugin:?} is unloaded; its history says by whom");
        Ok(())
    }
}
