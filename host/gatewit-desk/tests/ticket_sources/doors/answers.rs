//! Answers of strategies that outlive a restart.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gatewit_domain::event::StrategyOptions;
use gatewit_domain::id::EventId;
use gatewit_domain::plugin::{CallError, PluginIdentity, PluginRow};
use gatewit_domain::ports::Strategies;
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};

use super::{attached, scanned, selling};
use crate::office::Office;
use crate::upstream::crowd;
use crate::world::OpenDoors;

/// A strategy whose plugin is replaced, and that answers as it did last while there is none.
#[derive(Default)]
struct Replaced {
    plugin: Mutex<Option<&'static str>>,
    last_good: Mutex<Option<Arc<WindowsAnswer>>>,
}

impl Replaced {
    fn by(plugin: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self {
            plugin: Mutex::new(plugin),
            ..Self::default()
        })
    }

    /// The digest of the plugin that gave the answer which serves.
    fn last(&self) -> Option<String> {
        let last = self.last_good.lock().unwrap();
        last.as_ref().map(|answer| answer.plugin.digest.clone())
    }
}

#[async_trait]
impl Strategies for Replaced {
    fn plugins(&self) -> Vec<PluginRow> {
        OpenDoors.plugins()
    }

    async fn check_options(
        &self,
        name: &StrategyName,
        options: &StrategyOptions,
    ) -> Result<(), StrategyError> {
        OpenDoors.check_options(name, options).await
    }

    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        let Some(digest) = *self.plugin.lock().unwrap() else {
            let last_good = self.last_good.lock().unwrap().clone();
            return last_good.ok_or_else(|| StrategyError::Failed {
                strategy: rule.strategy.clone(),
                error: CallError::CutOff,
            });
        };
        let windows = OpenDoors.windows(rule, holder).await?.windows.clone();
        let plugin = PluginIdentity {
            name: "hours-before".to_owned(),
            digest: digest.to_owned(),
        };
        Ok(Arc::new(WindowsAnswer::new(
            rule.digest(),
            holder,
            windows,
            plugin,
        )))
    }

    fn restore(&self, _: &Arc<DoorRule>, _: &Holder, answer: Arc<WindowsAnswer>) {
        *self.last_good.lock().unwrap() = Some(answer);
    }
}

/// Admits a ticket under each of these plugins, opens the desk again over a strategy that fails, and checks whose answer
/// serves.
#[track_caller]
fn check_restored(plugins: &[&'static str], expected: Option<&str>, scan: &str) {
    let (mut office, event) = admitting_under(plugins);
    let failing = Replaced::by(None);
    office.strategies = failing.clone();
    let desk = office.open_synced();
    assert_eq!(failing.last().as_deref(), expected);
    assert_eq!(scanned(&desk, event, "code-T0009-1"), scan);
}

/// Admits a ticket of an event under each of these plugins, one after another.
fn admitting_under(plugins: &[&'static str]) -> (Office, EventId) {
    let (mut office, _) = selling(crowd(9));
    let strategy = Replaced::by(Some("a"));
    office.strategies = strategy.clone();
    let desk = office.open_synced();
    let summit = attached(&desk);
    for (number, plugin) in plugins.iter().enumerate() {
        *strategy.plugin.lock().unwrap() = Some(plugin);
        office.clock.pass(1);
        let code = format!("code-T{:04}-1", number + 1);
        assert_eq!(scanned(&desk, summit, &code), "in");
    }
    (office, summit)
}

#[test]
fn the_answer_that_was_in_use_last_serves_after_a_restart_while_its_plugin_fails() {
    check_restored(&["a"], Some("a"), "in");
    check_restored(&["a", "b"], Some("b"), "in");
    check_restored(&["b", "a", "a"], Some("a"), "in");
    check_restored(&["a", "b", "a"], Some("a"), "in");
    check_restored(&["b", "a", "b"], Some("b"), "in");
    check_restored(&[], None, "strategy_failed");
}

#[test]
fn an_answer_that_stays_in_use_is_written_once() {
    let commits = |plugins| admitting_under(plugins).0.disk.commits();
    let with_one = commits(&["a", "a", "a"]);
    assert_eq!(commits(&["a", "a", "b"]), with_one + 1);
}
