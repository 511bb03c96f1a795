//! The events in memory: one pointer load to read, one swap to change.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use gatewit_decision::EventFacts;
use gatewit_domain::event::Event;
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{EventKey, Guard, Signer};
use gatewit_domain::problem::EventCode;
use gatewit_domain::window::DoorRule;

use crate::error::DeskError;
use crate::tables::{EVENT_MARKS, slug_key};

/// An event in memory, with everything that a scan needs of it.
pub struct LiveEvent {
    /// The event as it is stored.
    pub event: Event,
    /// The question for its strategy.
    pub rule: Arc<DoorRule>,
    /// What decisions need of the event.
    pub(super) facts: EventFacts,
    /// Set once the event is published.
    pub key: Option<Arc<dyn EventKey>>,
    /// The warnings about its windows; set once the windows are computed.
    pub(super) door_warnings: OnceLock<Vec<String>>,
}

/// Every event.
#[derive(Default)]
pub(super) struct LiveEvents {
    shown: ArcSwap<Shown>,
}

#[derive(Clone, Default)]
struct Shown {
    by_id: HashMap<EventId, Arc<LiveEvent>>,
    /// By `{org}/{slug}`.
    by_slug: HashMap<Arc<str>, EventId>,
    /// The deleted events: a change that was committed before the deletion must not show them again.
    deleted: Arc<HashSet<EventId>>,
}

impl LiveEvents {
    /// Starts with the events read from the store.
    pub(super) fn of(events: Vec<LiveEvent>, deleted: HashSet<EventId>) -> Self {
        let mut shown = Shown {
            deleted: Arc::new(deleted),
            ..Shown::default()
        };
        for live in events {
            shown.set(&Arc::new(live));
        }
        Self {
            shown: ArcSwap::from_pointee(shown),
        }
    }

    pub(super) fn get(&self, id: EventId) -> Option<Arc<LiveEvent>> {
        self.shown.load().by_id.get(&id).cloned()
    }

    /// Finds an organization's event by its slug.
    pub(super) fn with_slug(&self, org_id: &str, slug: &str) -> Option<Arc<LiveEvent>> {
        let shown = self.shown.load();
        let id = shown.by_slug.get(slug_key(org_id, slug).as_str())?;
        shown.by_id.get(id).cloned()
    }

    /// Lists every event, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<LiveEvent>> {
        let mut all: Vec<_> = self.shown.load().by_id.values().cloned().collect();
        all.sort_by_key(|live| live.event.id);
        all
    }

    /// Replaces an event unless a later revision is already there; returns the one that is there now.
    pub(super) fn set(&self, mut live: LiveEvent) -> Arc<LiveEvent> {
        // The questions about a rule are in use for as long as an event holds it.
        if let Some(before) = self.get(live.event.id)
            && before.rule.digest() == live.rule.digest()
        {
            live.rule = Arc::clone(&before.rule);
        }
        let live = Arc::new(live);
        self.shown.rcu(|shown| {
            let mut shown = Shown::clone(shown);
            shown.set(&live);
            shown
        });
        self.get(live.event.id).unwrap_or(live)
    }

    /// Removes an event that was deleted.
    pub(super) fn remove(&self, id: EventId) {
        self.shown.rcu(|shown| {
            let mut shown = Shown::clone(shown);
            shown.remove(id);
            shown
        });
    }

    /// Whether there was an event with this id.
    pub(super) fn is_deleted(&self, id: EventId) -> bool {
        self.shown.load().deleted.contains(&id)
    }
}

impl Shown {
    fn set(&mut self, live: &Arc<LiveEvent>) {
        let event = &live.event;
        if self.deleted.contains(&event.id) {
            return;
        }
        if let Some(before) = self.by_id.get(&event.id).cloned() {
            if before.event.revision >= event.revision {
                return;
            }
            self.free_slug(&before.event);
        }
        self.by_slug.insert(slug_of(&live.event).into(), event.id);
        self.by_id.insert(event.id, Arc::clone(live));
    }

    fn remove(&mut self, id: EventId) {
        Arc::make_mut(&mut self.deleted).insert(id);
        if let Some(live) = self.by_id.remove(&id) {
            self.free_slug(&live.event);
        }
    }

    fn free_slug(&mut self, event: &Event) {
        let slug = slug_of(event);
        // Another event may have taken the slug that this one had.
        if self.by_slug.get(slug.as_str()) == Some(&event.id) {
            self.by_slug.remove(slug.as_str());
        }
    }
}

impl LiveEvent {
    /// Parses the event's key and its door rule.
    pub(super) fn new(event: Event, signer: &dyn Signer) -> Result<Self, DeskError> {
        let open = |key| signer.open(event.id, key);
        let key = event.key.as_ref().map(open).transpose()?;
        Ok(Self {
            rule: Arc::new(event.door_rule()),
            facts: event.facts(),
            event,
            key,
            door_warnings: OnceLock::new(),
        })
    }

    /// The key pair of a published event.
    pub(super) fn published_key(&self) -> Result<&Arc<dyn EventKey>, DeskError> {
        self.key.as_ref().ok_or_else(|| {
            DeskError::unacceptable(
                EventCode::NotPublished,
                format!(
                    "event {} is not published and has no signing key; publish it first",
                    self.event.id
                ),
            )
        })
    }
}

/// A guard that holds if the event, at some moment after the commit was requested, was there at this revision.
pub(super) fn mark_seen(event: &Event) -> Guard {
    EVENT_MARKS.seen(&event.id, &event.revision)
}

/// Returns the key of an event's slug.
pub(super) fn slug_of(event: &Event) -> String {
    slug_key(&event.org_id, &event.slug)
}
