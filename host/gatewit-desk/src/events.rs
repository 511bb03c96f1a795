//! Creates, changes and publishes events.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::turns::let_others_run;
use super::{ATTEMPTS_MAX, Caller, Desk, LiveEvent};
use crate::error::DeskError;
use crate::tables::{EVENTS, HAD_SCANNERS, SLUGS, join_key};
use gatewit_domain::event::{Event, EventChange, EventStatus};
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Commit, Guard, Write};
use gatewit_domain::problem::{INVALID_STRATEGY_OPTIONS, Problem};
use gatewit_domain::window::{Holder, StrategyError};

/// How many slugs are tried for an event whose organizer gave none.
const SLUG_ATTEMPTS_MAX: usize = 1_000;

/// The time in which doors are open for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventWindow {
    pub day_name: String,
    pub opens: Timestamp,
    pub closes: Timestamp,
}

impl Desk {
    /// Creates a draft event; its creator is its first organizer.
    pub async fn create_event(
        &self,
        caller: &Caller,
        change: EventChange,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let slug_is_chosen = change.slug.is_some();
        let event =
            Event::create(change, caller.sub(), self.now()).map_err(DeskError::Unacceptable)?;
        self.check_organization(caller, &event.org_id)?;
        let live = self.keep_new(event, slug_is_chosen).await?;
        self.warm(&live).await;
        Ok(live)
    }

    /// Stores a new event once its strategy accepts its options.
    pub(super) async fn keep_new(
        &self,
        event: Event,
        slug_is_chosen: bool,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        self.check_strategy(&event).await?;
        self.check_sources(&event)?;
        let wanted = event.slug.clone();
        let attempts = if slug_is_chosen { 1 } else { SLUG_ATTEMPTS_MAX };
        for attempt in 1..=attempts {
            let slug = match attempt {
                1 => wanted.clone(),
                _ => format!("{wanted}-{attempt}"),
            };
            let event = Event {
                slug,
                ..event.clone()
            };
            let guards = vec![SLUGS.absent(&slug_key(&event))];
            let writes = vec![
                EVENTS.put(&event.id, &event),
                SLUGS.put(&slug_key(&event), &event.id),
            ];
            let live = self.bring_to_life(event)?;
            if self.store().commit(guards, writes).await? == Commit::Done {
                return Ok(self.show(live));
            }
        }
        Err(slug_taken(&wanted))
    }

    /// Finds one event.
    pub fn event(&self, caller: &Caller, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        self.managed(caller, id)
    }

    /// Lists the events that the caller may manage, oldest first.
    pub fn events(&self, caller: &Caller) -> Vec<Arc<LiveEvent>> {
        let mut events = self.live.all();
        events.retain(|live| caller.may_manage(&live.event));
        events
    }

    /// Sets the event's fields that the change names, all in one commit.
    pub async fn change_event(
        &self,
        caller: &Caller,
        id: EventId,
        change: EventChange,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.keep_changed(caller, id, change).await?;
        self.warm(&live).await;
        Ok(live)
    }

    pub(super) async fn keep_changed(
        &self,
        caller: &Caller,
        id: EventId,
        change: EventChange,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        self.managed(caller, id)?;
        let names_strategy =
            change.check_in_strategy.is_some() || change.strategy_options.is_some();
        let names_sources = change.ticket_sources.is_some() || change.org_id.is_some();
        for _ in 0..ATTEMPTS_MAX {
            let stored = EVENTS.get(self.store(), &id).await?;
            let stored = stored.ok_or_else(|| DeskError::not_found("event", id))?;
            let mut event = stored.value.clone();
            event
                .apply(change.clone())
                .map_err(DeskError::Unacceptable)?;
            if event.org_id != stored.value.org_id {
                self.check_organization(caller, &event.org_id)?;
            }
            if names_strategy {
                self.check_strategy(&event).await?;
            }
            if names_sources {
                self.check_sources(&event)?;
            }
            let mut guards = vec![stored.unchanged()];
            let mut writes = vec![EVENTS.put(&id, &event)];
            if event.org_id != stored.value.org_id {
                guards.push(self.check_no_scanners(&stored.value).await?);
            }
            let slug_guard = guards.len();
            self.move_slug(&stored.value, &event, &mut guards, &mut writes);
            let live = self.bring_to_life(event)?;
            match self.store().commit(guards, writes).await? {
                Commit::Done => return Ok(self.show(live)),
                Commit::Blocked(at) if at < slug_guard => {}
                Commit::Blocked(_) => return Err(slug_taken(&live.event.slug)),
            }
        }
        Err(DeskError::contended())
    }

    /// Creates the event's key pair, so that tickets can be issued; an event that is already published stays as it is.
    pub async fn publish_event(
        &self,
        caller: &Caller,
        id: EventId,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.managed(caller, id)?;
        if live.event.status() == EventStatus::Published {
            return Ok(live);
        }
        let key = self.ports.signer.create(id).await?;
        for _ in 0..ATTEMPTS_MAX {
            let stored = EVENTS.get(self.store(), &id).await?;
            let stored = stored.ok_or_else(|| DeskError::not_found("event", id))?;
            let guard = stored.unchanged();
            let mut event = stored.value;
            if event.status() == EventStatus::Published {
                let live = self.bring_to_life(event)?;
                return Ok(self.show_warm(live).await);
            }
            event.key = Some(key.clone());
            event.revision += 1;
            let writes = vec![EVENTS.put(&id, &event)];
            let live = self.bring_to_life(event)?;
            if self.store().commit(vec![guard], writes).await? == Commit::Done {
                return Ok(self.show_warm(live).await);
            }
        }
        Err(DeskError::contended())
    }

    /// Returns when doors are open for a ticket type on its days; without a type, for a holder who has none.
    pub async fn event_windows(
        &self,
        caller: &Caller,
        id: EventId,
        ticket_type: Option<&str>,
    ) -> Result<Vec<EventWindow>, DeskError> {
        let live = self.managed(caller, id)?;
        let calendar = &live.event.calendar;
        let kind = match ticket_type {
            None => None,
            Some(id) => Some(self.ticket_type(&live, id).ok_or_else(|| {
                let words = format!("ticketType: the event has no ticket type \"{id}\"");
                DeskError::unacceptable("unknown_ticket_type", words)
            })?),
        };
        let holder = Holder {
            ticket_type: ticket_type.unwrap_or_default().to_owned(),
            attributes: Vec::new(),
        };
        let answer = self.ports.strategies.windows(&live.rule, &holder).await;
        let answer = answer.map_err(|error| {
            DeskError::Unavailable(Problem::new("strategy_failed", error.to_string()))
        })?;
        let is_good = |day| {
            kind.as_ref()
                .is_none_or(|kind| kind.is_good_for(day, calendar))
        };
        let windows = answer.windows.iter().filter(|window| is_good(window.day));
        let shown = windows.map(|window| EventWindow {
            day_name: calendar.days[window.day].name.clone(),
            opens: window.opens,
            closes: window.closes,
        });
        Ok(shown.collect())
    }

    /// Asks every event's strategy for its windows, so that the first scan finds them cached. A strategy that fails is
    /// not asked about its other events, because their scans would wait for it.
    pub async fn warm_windows(&self) {
        let mut failing = HashSet::new();
        for live in self.live.all() {
            let strategy = &live.event.strategy;
            if !failing.contains(strategy) && !self.warm(&live).await {
                failing.insert(strategy.clone());
            }
            let_others_run().await;
        }
    }

    async fn show_warm(&self, live: LiveEvent) -> Arc<LiveEvent> {
        let live = self.show(live);
        self.warm(&live).await;
        live
    }

    /// Makes a committed event visible. This cannot fail, since the event is stored already: the tickets of its sources
    /// are imported later, by [`Desk::import_attached`], and its windows are computed by [`Desk::warm`].
    fn show(&self, live: LiveEvent) -> Arc<LiveEvent> {
        let live = self.live.set(live);
        for source in &live.event.ticket_sources {
            self.report_unmatched_days(&live, source);
        }
        live
    }

    async fn check_strategy(&self, event: &Event) -> Result<(), DeskError> {
        let strategies = &self.ports.strategies;
        let checked = strategies
            .check_options(&event.strategy, &event.strategy_options)
            .await;
        if checked.is_ok() {
            self.rejections.forget(event);
        }
        checked.map_err(|error| match error {
            StrategyError::Unknown { .. } => {
                DeskError::unacceptable("unknown_strategy", error.to_string())
            }
            StrategyError::Rejected(words) => {
                DeskError::unacceptable(INVALID_STRATEGY_OPTIONS, words.verbatim())
            }
            StrategyError::Failed { .. } => {
                DeskError::Unavailable(Problem::new("strategy_failed", error.to_string()))
            }
        })
    }

    /// Checks that no device was ever registered for the event, and returns the guards for that: a device is one active
    /// scanner within the organization in which it was registered.
    async fn check_no_scanners(&self, event: &Event) -> Result<Guard, DeskError> {
        match HAD_SCANNERS.get(self.store(), &event.id).await? {
            None => Ok(HAD_SCANNERS.absent(&event.id)),
            Some(_) => Err(DeskError::Conflict(Problem::new(
                "organization_fixed",
                format!(
                    "orgId: event {} has had scanners, so it stays in the organization \"{}\"; make another event",
                    event.id, event.org_id
                ),
            ))),
        }
    }

    fn move_slug(
        &self,
        before: &Event,
        after: &Event,
        guards: &mut Vec<Guard>,
        writes: &mut Vec<Write>,
    ) {
        let (old, new) = (slug_key(before), slug_key(after));
        if old != new {
            guards.push(SLUGS.absent(&new));
            writes.push(SLUGS.delete(&old));
            writes.push(SLUGS.put(&new, &after.id));
        }
    }
}

pub(super) fn slug_key(event: &Event) -> String {
    join_key(&event.org_id, &event.slug)
}

fn slug_taken(slug: &str) -> DeskError {
    DeskError::Conflict(Problem::new(
        "slug_taken",
        format!("another event has the slug \"{slug}\"; choose another"),
    ))
}
