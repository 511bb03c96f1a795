//! How a start handles declared events and events whose strategy fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gatewit_desk::{Caller, Desk, EventTrouble};
use gatewit_domain::event::{EventChange, StrategyOptions};
use gatewit_domain::plugin::{CallError, PluginRow};
use gatewit_domain::ports::Strategies;
use gatewit_domain::window::{DoorRule, Holder, StrategyError, StrategyName, WindowsAnswer};
use serde_json::{Value, json};

use crate::fields::event_change;
use crate::office::office;
use crate::upstream::Upstream;
use crate::world::{OpenDoors, block_on};

const ORGANIZER: Caller = Caller::Local;

/// Strategies that record what they are asked; MOODY fails once `is_broken` is set.
#[derive(Default)]
struct Asked {
    is_broken: AtomicBool,
    checks: Mutex<Vec<String>>,
    windows: Mutex<Vec<String>>,
}

impl Asked {
    fn judge(&self, strategy: &StrategyName) -> Result<(), StrategyError> {
        let is_broken = self.is_broken.load(Ordering::Relaxed);
        match is_broken && strategy.as_str() == "MOODY" {
            true => Err(StrategyError::Failed {
                strategy: strategy.clone(),
                error: CallError::CutOff,
            }),
            false => Ok(()),
        }
    }

    fn take_checks(&self) -> Vec<String> {
        std::mem::take(&mut *self.checks.lock().unwrap())
    }

    fn take_windows(&self) -> Vec<String> {
        std::mem::take(&mut *self.windows.lock().unwrap())
    }
}

#[async_trait]
impl Strategies for Asked {
    fn plugins(&self) -> Vec<PluginRow> {
        Vec::new()
    }

    async fn check_options(
        &self,
        strategy: &StrategyName,
        options: &StrategyOptions,
    ) -> Result<(), StrategyError> {
        self.checks.lock().unwrap().push(strategy.to_string());
        match options.get("hours") {
            Some(hours) if !hours.is_number() => Err(StrategyError::Rejected("hours: no".into())),
            _ => self.judge(strategy),
        }
    }

    async fn windows(
        &self,
        rule: &Arc<DoorRule>,
        holder: &Holder,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        self.windows.lock().unwrap().push(rule.strategy.to_string());
        self.judge(&rule.strategy)?;
        OpenDoors.windows(rule, holder).await
    }

    fn restore(&self, _: &Arc<DoorRule>, _: &Holder, _: Arc<WindowsAnswer>) {}
}

fn desk() -> (Arc<Asked>, Arc<Desk>) {
    let asked = Arc::<Asked>::default();
    let mut office = office(&Upstream::new(1));
    office.strategies = asked.clone();
    (asked, office.open())
}

fn declaration(slug: &str, fields: Value) -> EventChange {
    let mut event = json!({
        "slug": slug, "name": slug, "ticketTypes": [{"id": "vip"}],
        "days": [{"startDateTime": "2025-12-15T09:00:00+03:00", "endDateTime": "2025-12-15T18:00:00+03:00"}],
    });
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    event_change(event)
}

#[test]
fn a_strategy_that_fails_is_asked_once_however_many_events_it_has() {
    let (asked, desk) = desk();
    for number in 0..20 {
        let moody = json!({"checkInStrategy": "MOODY", "strategyOptions": {"hours": number}});
        let steady = json!({"checkInStrategy": "STEADY"});
        for (slug, fields) in [("moody", moody), ("steady", steady)] {
            let event = declaration(&format!("{slug}-{number}"), fields);
            block_on(desk.events.create(&ORGANIZER, event)).unwrap();
        }
    }
    asked.take_checks();
    asked.take_windows();
    asked.is_broken.store(true, Ordering::Relaxed);
    let troubles = block_on(desk.events.check_options());
    let [(_, EventTrouble::Strategy(StrategyError::Failed { error, .. }))] = &troubles[..] else {
        panic!("{} events", troubles.len());
    };
    assert_eq!(*error, CallError::CutOff);
    // Equal options are asked about only once.
    let mut checks = asked.take_checks();
    checks.sort_unstable();
    assert_eq!(checks, ["MOODY", "STEADY"]);
    block_on(desk.events.warm_windows());
    let moody = asked.take_windows();
    let moody = moody.iter().filter(|strategy| *strategy == "MOODY");
    assert_eq!(moody.count(), 1);
}

#[test]
fn events_are_declared_without_their_windows() {
    let (asked, desk) = desk();
    for number in 0..5 {
        let moody = declaration(
            &format!("moody-{number}"),
            json!({"checkInStrategy": "MOODY"}),
        );
        block_on(desk.events.declare(moody)).unwrap();
    }
    assert_eq!(
        (asked.take_checks().len(), asked.take_windows()),
        (5, Vec::new())
    );
    let again = declaration("moody-0", json!({"checkInStrategy": "MOODY"}));
    block_on(desk.events.declare(again)).unwrap();
    assert_eq!(asked.take_checks(), [""; 0], "nothing has changed");
}

#[test]
fn a_declaration_is_of_the_event_that_has_its_slug_now() {
    let (_, desk) = desk();
    let declare = |slug: &str, fields: Value| {
        let event = declaration(slug, fields);
        block_on(desk.events.declare(event)).unwrap().event.clone()
    };
    let first = declare("summit", json!({}));
    let renamed = event_change(json!({"slug": "fair"}));
    block_on(desk.events.change(&ORGANIZER, first.id, renamed)).unwrap();
    let second = declare("summit", json!({}));
    assert_ne!(second.id, first.id);
    assert_eq!(declare("fair", json!({"name": "Fair"})).id, first.id);
    assert_eq!(declare("summit", json!({"name": "Summit"})).id, second.id);
    let elsewhere = declare("summit", json!({"orgId": "other"}));
    assert!(![first.id, second.id].contains(&elsewhere.id));
    assert_eq!(desk.events.list(&ORGANIZER).len(), 3);
}

#[test]
fn an_event_whose_options_are_rejected_is_not_set_up_and_the_objection_is_not_repeated() {
    let (_, desk) = desk();
    let bad = declaration("summit", json!({"strategyOptions": {"hours": "many"}}));
    let trouble = block_on(desk.events.declare(bad)).err().unwrap();
    let words = "strategy HOURS_BEFORE does not accept its options; GET /api/v1/plugins shows operators what the strategy says";
    assert_eq!(trouble.to_string(), words);
    assert_eq!(desk.events.list(&ORGANIZER).len(), 0);
    let good = declaration("summit", json!({"strategyOptions": {"hours": 2}}));
    block_on(desk.events.declare(good)).unwrap();
    assert_eq!(desk.events.list(&ORGANIZER).len(), 1);
}
