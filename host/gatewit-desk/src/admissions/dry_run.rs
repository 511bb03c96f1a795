//! What would change if a component served: the windows of the events that use the plugin, and the verdicts of their recorded
//! scans. `gatewit-api.md` §10.

mod scans;

pub use scans::{ChangedScan, ScanChanges};

use std::sync::Arc;

use bytes::Bytes;
use gatewit_domain::plugin::{PluginKind, PluginWords};
use gatewit_domain::ports::{TriedPlugin, TriedStrategy};
use gatewit_domain::window::{Holder, StrategyName};
use jiff::{SignedDuration, Timestamp};

use super::Admissions;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::events::EventWindow;
use crate::live_events::LiveEvent;
use crate::plugins::check_operator;

/// How long two components are compared.
const ASKED_MAX: SignedDuration = SignedDuration::from_secs(60);

/// How many questions whose answers differ are told.
const TOLD_MAX: usize = 500;

/// A component that is compared before it serves.
pub struct DryRun {
    /// The plugin's name.
    pub plugin: String,
    /// The component.
    pub component: Bytes,
    /// The digest of the kept component to compare it with; None: what serves.
    pub against: Option<String>,
    /// The id or slug of the one event to look at; None: every event that uses the plugin.
    pub event: Option<String>,
}

/// What would change if a component served.
pub struct PluginDiff {
    /// Its purpose. For a backend, nothing is compared: its sources would be read anew.
    pub kind: PluginKind,
    /// Its description of itself.
    pub version: String,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// The digest of the component that it is compared with; None if nothing serves.
    pub from: Option<String>,
    /// The questions whose answers differ, by event.
    pub windows: Vec<WindowsChange>,
    /// How many more there are than the first 500.
    pub untold: usize,
    /// How many questions have the same answer.
    pub same: usize,
    /// How many questions time was left for no more.
    pub unasked: usize,
    /// The recorded scans whose verdicts differ.
    pub scans: ScanChanges,
}

/// A question whose answer differs.
pub struct WindowsChange {
    /// The event whose windows they are.
    pub live: Arc<LiveEvent>,
    /// For whom doors are open.
    pub holder: Holder,
    /// What the component answers that it is compared with; None if there is none.
    pub from: Option<AnsweredWindows>,
    /// What the component answers.
    pub to: AnsweredWindows,
}

/// Windows, or how the component failed, in its own words too.
pub type AnsweredWindows = Result<Vec<EventWindow>, String>;

impl Admissions {
    /// Loads and tries a component, and tells what would change. Nothing does.
    pub async fn dry_run(&self, caller: &Caller, run: DryRun) -> Result<PluginDiff, DeskError> {
        check_operator(caller)?;
        let _alone = self.dry_runs.begin()?;
        let name = StrategyName::of_plugin(&run.plugin);
        let events = self.compared_events(&name, run.event.as_deref())?;
        let library = &self.ports.library;
        let against = run.against.as_deref();
        let tried = library.try_out(&run.plugin, run.component, against);
        let tried = tried.await?;
        let mut diff = PluginDiff {
            kind: tried.kind,
            version: tried.version.clone(),
            digest: tried.digest.clone(),
            from: tried.from.clone(),
            windows: Vec::new(),
            untold: 0,
            same: 0,
            unasked: 0,
            scans: ScanChanges::default(),
        };
        let ends = self.ports.now() + ASKED_MAX;
        for live in &events {
            self.compare_windows(live, &tried, ends, &mut diff).await;
        }
        if let Some(strategy) = &tried.after {
            for live in &events {
                self.decide_records(live, (&name, strategy.as_ref()), ends, &mut diff.scans)
                    .await?;
            }
        }
        Ok(diff)
    }

    /// Asks both components about an event's kinds of holders, until the comparison `ends`.
    async fn compare_windows(
        &self,
        live: &Arc<LiveEvent>,
        tried: &TriedPlugin,
        ends: Timestamp,
        diff: &mut PluginDiff,
    ) {
        for holder in self.events.holders_of(live) {
            if self.ports.now() >= ends {
                diff.unasked += 1;
                continue;
            }
            let Some((from, to)) = ask_both(tried, live, &holder).await else {
                continue;
            };
            if from.as_ref().is_some_and(|from| is_same(from, &to)) {
                diff.same += 1;
            } else if diff.windows.len() == TOLD_MAX {
                diff.untold += 1;
            } else {
                let live = Arc::clone(live);
                diff.windows.push(WindowsChange {
                    live,
                    holder,
                    from,
                    to,
                });
            }
        }
    }

    /// The events that use the strategy; if one is named, that one.
    fn compared_events(
        &self,
        strategy: &StrategyName,
        named: Option<&str>,
    ) -> Result<Vec<Arc<LiveEvent>>, DeskError> {
        let mut events = self.events.all();
        if let Some(named) = named {
            events.retain(|live| live.event.slug == named || live.event.id.to_string() == named);
            if events.is_empty() {
                return Err(DeskError::not_found("event", named));
            }
        }
        events.retain(|live| live.event.strategy.uses(strategy));
        Ok(events)
    }
}

/// Asks what a component is compared with, and the component; None if it is no strategy.
async fn ask_both(
    tried: &TriedPlugin,
    live: &LiveEvent,
    holder: &Holder,
) -> Option<(Option<AnsweredWindows>, AnsweredWindows)> {
    let after = tried.after.as_ref()?;
    let from = match &tried.before {
        Some(before) => Some(ask(before.as_ref(), live, holder).await),
        None => None,
    };
    Some((from, ask(after.as_ref(), live, holder).await))
}

async fn ask(strategy: &dyn TriedStrategy, live: &LiveEvent, holder: &Holder) -> AnsweredWindows {
    let answer = strategy.windows(&live.rule, holder).await;
    let shown = |window: &_| EventWindow::of(window, &live.event.calendar);
    let answer = answer.map(|windows| windows.iter().map(shown).collect());
    answer.map_err(|failure| PluginWords::added_to(&failure, failure.words()))
}

/// Whether two answers let in the same. How they fail makes no difference.
fn is_same(from: &AnsweredWindows, to: &AnsweredWindows) -> bool {
    match (from, to) {
        (Ok(from), Ok(to)) => from == to,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}
