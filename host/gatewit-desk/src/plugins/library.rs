//! Replaces plugins, for operators. `gatewit-api.md` §10.

use bytes::Bytes;
use gatewit_domain::plugin::{LibraryError, PluginEvent, PluginRow, PluginUpload, PluginUse};
use gatewit_domain::ports::PluginKeeper;
use gatewit_domain::problem::{PluginCode, Problem, RequestCode};

use super::Plugins;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::tables::PLUGIN_HISTORY;

impl Plugins {
    /// Returns one plugin as a caller may see it.
    pub fn show(&self, caller: &Caller, name: &str) -> Result<PluginRow, DeskError> {
        let mut rows = self.shown_to(caller).into_iter();
        let row = rows.find(|row| row.name == name);
        row.ok_or_else(|| unknown(name))
    }

    /// Returns what a plugin has cost since the start. What it wrote is for operators.
    pub fn used(&self, caller: &Caller, name: &str) -> Result<PluginUse, DeskError> {
        let used = self.ports.library.used(name);
        let used = used.ok_or_else(|| unknown(name))?;
        Ok(PluginUse {
            output: used.output.filter(|_| caller.is_operator()),
            ..used
        })
    }

    /// Names the events and ticket sources that use a plugin, for operators.
    pub fn used_by(&self, caller: &Caller, name: &str) -> Option<Vec<String>> {
        caller.is_operator().then(|| self.users(name))
    }

    /// Whether an event or a ticket source uses a plugin.
    pub fn is_used(&self, name: &str) -> bool {
        !self.users(name).is_empty()
    }

    /// Loads a component, tries it, and lets it serve under a name from then on. `force` loads one in quarantine, too.
    pub async fn upload(
        &self,
        caller: &Caller,
        name: String,
        component: Bytes,
        force: bool,
    ) -> Result<PluginRow, DeskError> {
        check_operator(caller)?;
        let upload = PluginUpload {
            name: name.clone(),
            component,
            force,
            by: caller.sub().to_owned(),
        };
        self.ports.library.upload(upload).await?;
        self.show(caller, &name)
    }

    /// Lets the generation before serve again.
    pub async fn roll_back(&self, caller: &Caller, name: &str) -> Result<PluginRow, DeskError> {
        check_operator(caller)?;
        self.ports.library.roll_back(name, caller.sub()).await?;
        self.show(caller, name)
    }

    /// Lets nothing serve under a name any more; `force` even if something uses the plugin.
    pub async fn remove(&self, caller: &Caller, name: &str, force: bool) -> Result<(), DeskError> {
        check_operator(caller)?;
        self.show(caller, name)?;
        let by = caller.sub();
        Ok(self.ports.library.remove(name, force, by).await?)
    }

    /// Returns what happened to a plugin, the latest first.
    pub async fn history(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Vec<PluginEvent>, DeskError> {
        check_operator(caller)?;
        let mut history = Vec::new();
        let prefix = format!("{name}/");
        let mut pages = PLUGIN_HISTORY.pages(self.ports.store(), &prefix, PAGE);
        while let Some(page) = pages.next().await? {
            history.extend(page.into_iter().map(|row| row.value));
        }
        if history.is_empty() {
            self.show(caller, name)?;
        }
        history.reverse();
        Ok(history)
    }
}

/// Checks that a caller may replace plugins.
pub fn check_operator(caller: &Caller) -> Result<(), DeskError> {
    match caller.is_operator() {
        true => Ok(()),
        false => Err(DeskError::Forbidden(Problem::new(
            RequestCode::NotOperator,
            "only operators may do this; `operators` in the configuration lists them",
        ))),
    }
}

fn unknown(name: &str) -> DeskError {
    DeskError::NotFound(Problem::new(
        RequestCode::NotFound,
        format!("there is no plugin {name:?}"),
    ))
}

impl From<LibraryError> for DeskError {
    fn from(error: LibraryError) -> Self {
        let words = error.to_string();
        match error {
            LibraryError::Unknown(name) => unknown(&name),
            LibraryError::NotOneKept(_) => Self::unacceptable(PluginCode::NotOneKept, words),
            LibraryError::Refused(_) => Self::unacceptable(PluginCode::Refused, words),
            LibraryError::Quarantined(_) => {
                Self::Conflict(Problem::new(PluginCode::Quarantined, words))
            }
            LibraryError::NothingBefore(_) => {
                Self::Conflict(Problem::new(PluginCode::NothingBefore, words))
            }
            LibraryError::InUse(_) => Self::Conflict(Problem::new(PluginCode::InUse, words)),
            LibraryError::NotKept(_) => Self::Unavailable(Problem::new(PluginCode::NotKept, words)),
        }
    }
}
