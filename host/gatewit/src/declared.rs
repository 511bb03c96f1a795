//! Sets up the events that the configuration declares, and reports events that cannot work.
//!
//! A slow plugin delays the start by two seconds at most: then the server listens, and the remaining events are set up in
//! the background.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use gatewit_desk::{Desk, EventTrouble, LiveEvent};
use gatewit_domain::event::EventChange;
use gatewit_domain::window::CheckInStrategy;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The longest time that the start waits for declared events.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Declared events by strategy, checked as far as is possible without calling the strategies.
pub struct DeclaredEvents(HashMap<CheckInStrategy, Vec<EventChange>>);

impl DeclaredEvents {
    /// Checks the events; the error names the one that is invalid. An event that is stored already stays as it is
    /// instead: organizers may have changed what its declaration relies on.
    pub fn check(desk: &Desk, events: Vec<EventChange>) -> anyhow::Result<Self> {
        let mut by_strategy = HashMap::<_, Vec<_>>::new();
        for change in events {
            let slug = change.slug.as_deref().unwrap_or_default();
            let words = format!("cannot set up event {slug:?} of the configuration");
            match desk.events.check_declared(&change) {
                Ok(strategy) => by_strategy.entry(strategy).or_default().push(change),
                Err(error) if desk.events.has_declared(&change) => {
                    tracing::error!("{words}; it stays as it is stored: {error}");
                }
                Err(error) => return Err(anyhow::Error::from(error).context(words)),
            }
        }
        Ok(Self(by_strategy))
    }

    /// Sets up the events as background tasks, and waits two seconds at most.
    pub async fn set_up(self, desk: &Arc<Desk>, beside: &mut JoinSet<()>) {
        let mut waited_for = Vec::new();
        for changes in self.0.into_values() {
            let (ended, end) = oneshot::channel();
            beside.spawn(set_up_in_turn(Arc::clone(desk), changes, ended));
            waited_for.push(end);
        }
        if timeout(WAIT_MAX, join_all(waited_for)).await.is_err() {
            tracing::warn!("declared events are still being set up; the server listens meanwhile");
        }
    }
}

/// Sets up the events of one strategy, then drops `ended`.
async fn set_up_in_turn(desk: Arc<Desk>, changes: Vec<EventChange>, ended: oneshot::Sender<()>) {
    for change in changes {
        let slug = change.slug.clone().unwrap_or_default();
        if let Err(trouble) = desk.events.declare(change).await {
            tracing::error!(
                event.slug = %slug,
                "event {slug:?} of the configuration is not set up, or stays as it was: {trouble}"
            );
        }
    }
    drop(ended);
}

/// Warns of configured plugins that do not exist and of missing things that events rely on; everything else is served.
pub async fn warn_unresolved<'c>(desk: &Desk, configured: impl Iterator<Item = &'c String>) {
    let plugins = desk.plugins.list();
    for name in configured {
        if !plugins.iter().any(|row| row.name == *name) {
            tracing::warn!(
                "plugins.{name} stands in the configuration and has no effect: no such plugin is there"
            );
        }
    }
    desk.events
        .unresolved_dependencies()
        .await
        .into_iter()
        .for_each(name_trouble);
}

/// Warns of events whose strategy no longer accepts their options. Calls plugins, so run it once the server listens.
pub async fn warn_rejected(desk: &Desk) {
    desk.events
        .check_options()
        .await
        .into_iter()
        .for_each(name_trouble);
}

fn name_trouble((live, trouble): (Arc<LiveEvent>, EventTrouble)) {
    let slug = &live.event.slug;
    tracing::warn!(event.slug = %slug, "event {slug:?} refuses tickets until this is mended: {trouble}");
}
