//! Makes the running server what a [`Plan`] says.

use std::sync::Arc;

use gatewit_desk::Desk;
use tokio::task::JoinSet;

use crate::declared::{DeclaredEvents, warn_unresolved};
use crate::plan::Plan;

/// A plan whose events fit what is stored.
pub struct Applying {
    desk: Arc<Desk>,
    declared: DeclaredEvents,
    /// The plugins that the configuration names.
    plugins: Vec<String>,
}

impl Applying {
    /// Checks the plan against what is stored. The error names the event that is invalid.
    pub fn check(desk: &Arc<Desk>, plan: Plan) -> anyhow::Result<Self> {
        Ok(Self {
            desk: Arc::clone(desk),
            declared: DeclaredEvents::check(desk, plan.events)?,
            plugins: plan.plugin_limits.into_keys().collect(),
        })
    }

    /// Sets up the declared events, and warns of what is missing.
    pub async fn apply(self, beside: &mut JoinSet<()>) {
        self.declared.set_up(&self.desk, beside).await;
        warn_unresolved(&self.desk, self.plugins.iter()).await;
    }
}
