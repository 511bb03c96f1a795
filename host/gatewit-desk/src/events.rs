//! Events: creates, changes and publishes them, keeps them in memory, and knows who may manage them.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use gatewit_domain::event::{Event, EventChange, EventStatus, SealedKey};
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Commit, Guard, Signer, Write};
use gatewit_domain::problem::{EventCode, Problem, RequestCode};
use gatewit_domain::window::{CheckInStrategy, StrategyError, StrategyName};

use crate::caller::{Access, Caller};
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::limits::PAGE;
use crate::live_events::{LiveEvent, LiveEvents, slug_of};
use crate::live_sources::LiveSources;
use crate::ports::Ports;
use crate::tables::{EVENTS, HAD_SCANNERS, SLUGS, event_rows};
use crate::turns::Turns;

mod answers;
mod damage;
mod declared;
mod deletion;
mod kept_answers;
mod rejections;
mod source_fit;
mod staff;
mod ticket_types;
mod warnings;
mod windows;

pub use declared::{EventTrouble, SettingUp, declared_slug};
pub use windows::EventWindow;

use damage::DamagedEvents;
use kept_answers::KeptAnswers;
use rejections::Rejections;

/// How many slugs are tried for an event whose organizer gave none.
const SLUG_ATTEMPTS_MAX: usize = 1_000;

/// Every event, in memory and in the store, and who may manage it.
pub struct Events {
    ports: Arc<Ports>,
    access: ArcSwap<Access>,
    live: LiveEvents,
    sources: Arc<LiveSources>,
    rejections: Rejections,
    /// The [slugs](crate::tables::slug_key) of the events that the configuration declares.
    // A std mutex: held for a look or an exchange, never across an await.
    declared: Mutex<HashSet<String>>,
    /// How many declared events are being set up.
    setting_up: Arc<AtomicUsize>,
    answers: KeptAnswers,
    damaged: DamagedEvents,
}

impl Events {
    /// Reads every event and its key from the store.
    pub(super) async fn open(
        ports: &Arc<Ports>,
        sources: &Arc<LiveSources>,
        deleted: HashSet<EventId>,
    ) -> Result<Self, DeskError> {
        let mut turns = Turns::default();
        let mut events = Vec::new();
        let mut pages = EVENTS.pages(ports.store(), "", PAGE);
        while let Some(page) = pages.next().await? {
            for stored in page {
                turns.step().await;
                events.push(LiveEvent::new(stored.value, &*ports.signer)?);
            }
        }
        let events = Self {
            ports: Arc::clone(ports),
            access: ArcSwap::default(),
            sources: Arc::clone(sources),
            rejections: Rejections::default(),
            declared: Mutex::default(),
            setting_up: Arc::default(),
            answers: KeptAnswers::default(),
            damaged: DamagedEvents::found_by(ports.store(), &deleted),
            live: LiveEvents::of(events, deleted),
        };
        events.restore_answers().await?;
        Ok(events)
    }

    /// Replaces who may do what.
    pub(super) fn set_access(&self, access: Access) {
        self.access.store(Arc::new(access));
    }

    /// Returns the caller for an identity.
    pub fn caller(&self, sub: String) -> Caller {
        match self.access.load().operators.contains(&sub) {
            true => Caller::Operator(sub),
            false => Caller::Subject(sub),
        }
    }

    /// Creates a draft event; its creator is its first organizer.
    pub async fn create(
        &self,
        caller: &Caller,
        change: EventChange,
    ) -> Result<Arc<LiveEvent>, DeskError> {
        let slug_is_chosen = change.slug.is_some();
        let event = Event::create(change, caller.sub(), self.ports.now())
            .map_err(DeskError::Unacceptable)?;
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
        self.sources.check_attached(&event)?;
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
            let guards = vec![SLUGS.absent(&slug_of(&event))];
            let mut writes = event_rows(&event).to_vec();
            writes.push(SLUGS.put(&slug_of(&event), &event.id));
            let live = LiveEvent::new(event, self.signer())?;
            if self.ports.store().commit(guards, writes).await?.is_done() {
                return Ok(self.show(live));
            }
        }
        Err(slug_taken(&wanted))
    }

    /// Finds an event that the caller may manage.
    pub fn managed(&self, caller: &Caller, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.live(id)?;
        check_manager(caller, &live.event)?;
        Ok(live)
    }

    pub(super) fn live(&self, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.known(id)?;
        self.damaged.check(id)?;
        Ok(live)
    }

    /// Finds an event, even a damaged one.
    fn known(&self, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        self.find(id)
            .ok_or_else(|| DeskError::not_found("event", id))
    }

    pub(super) fn find(&self, id: EventId) -> Option<Arc<LiveEvent>> {
        self.live.get(id)
    }

    /// Whether there was an event with this id.
    pub(super) fn is_deleted(&self, id: EventId) -> bool {
        self.live.is_deleted(id)
    }

    /// Lists every event, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<LiveEvent>> {
        self.live.all()
    }

    /// Lists the events that the caller may manage, oldest first.
    pub fn list(&self, caller: &Caller) -> Vec<Arc<LiveEvent>> {
        let mut events = self.live.all();
        events.retain(|live| caller.may_manage(&live.event));
        events
    }

    /// Sets the event's fields that the change names, all in one commit.
    pub async fn change(
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
        retry(|| self.try_change(caller, id, &change)).await
    }

    async fn try_change(
        &self,
        caller: &Caller,
        id: EventId,
        change: &EventChange,
    ) -> Result<Option<Arc<LiveEvent>>, DeskError> {
        let stored = EVENTS.get(self.ports.store(), &id).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("event", id))?;
        let mut event = stored.value.clone();
        event
            .apply(change.clone())
            .map_err(DeskError::Unacceptable)?;
        if event.org_id != stored.value.org_id {
            self.check_organization(caller, &event.org_id)?;
        }
        if change.check_in_strategy.is_some() || change.strategy_options.is_some() {
            self.check_strategy(&event).await?;
        }
        if change.ticket_sources.is_some() || change.org_id.is_some() {
            self.sources.check_attached(&event)?;
        }
        let mut guards = vec![stored.unchanged()];
        let mut writes = event_rows(&event).to_vec();
        if event.org_id != stored.value.org_id {
            guards.push(self.check_no_scanners(&stored.value).await?);
        }
        let slug_guard = guards.len();
        self.move_slug(&stored.value, &event, &mut guards, &mut writes);
        let live = LiveEvent::new(event, self.signer())?;
        match self.ports.store().commit(guards, writes).await? {
            Commit::Done(_) => Ok(Some(self.show(live))),
            Commit::Blocked(at) if at < slug_guard => Ok(None),
            Commit::Blocked(_) => Err(slug_taken(&live.event.slug)),
        }
    }

    /// Creates the event's key pair, so that tickets can be issued; an event that is already published stays as it is.
    pub async fn publish(&self, caller: &Caller, id: EventId) -> Result<Arc<LiveEvent>, DeskError> {
        let live = self.managed(caller, id)?;
        if live.event.status() == EventStatus::Published {
            return Ok(live);
        }
        let key = self.ports.signer.create(id).await?;
        let live = retry(|| self.try_publish(id, &key)).await?;
        self.warm(&live).await;
        Ok(live)
    }

    async fn try_publish(
        &self,
        id: EventId,
        key: &SealedKey,
    ) -> Result<Option<Arc<LiveEvent>>, DeskError> {
        let stored = EVENTS.get(self.ports.store(), &id).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("event", id))?;
        let guards = vec![stored.unchanged()];
        let mut event = stored.value;
        if event.status() == EventStatus::Published {
            let live = LiveEvent::new(event, self.signer())?;
            return Ok(Some(self.show(live)));
        }
        event.key = Some(key.clone());
        event.revision += 1;
        let writes = event_rows(&event).to_vec();
        let live = LiveEvent::new(event, self.signer())?;
        let publishing = Changes { guards, writes };
        let is_done = publishing.commit(self.ports.store()).await?;
        Ok(is_done.then(|| self.show(live)))
    }

    /// Makes a committed event visible. This cannot fail, since the event is stored already: the tickets of its sources
    /// are imported later, by `TicketSources::import_attached`, and its windows are computed by `warm`.
    fn show(&self, live: LiveEvent) -> Arc<LiveEvent> {
        let live = self.live.set(live);
        for source in &live.event.ticket_sources {
            self.report_unmatched_days(&live, source);
        }
        live
    }

    async fn check_strategy(&self, event: &Event) -> Result<(), DeskError> {
        self.ask_about_options(event).await?;
        self.rejections.forget(event);
        Ok(())
    }

    /// Asks the event's strategy whether it accepts the event's options.
    pub(super) async fn ask_about_options(&self, event: &Event) -> Result<(), DeskError> {
        let strategies = &self.ports.strategies;
        let CheckInStrategy::One(strategy) = &event.strategy;
        let checked = strategies
            .check_options(strategy, &event.strategy_options)
            .await;
        checked.map_err(|error| match error {
            StrategyError::Unknown { .. } => {
                DeskError::unacceptable(EventCode::UnknownStrategy, error.to_string())
            }
            StrategyError::Rejected(words) => {
                DeskError::unacceptable(EventCode::InvalidStrategyOptions, words.verbatim())
            }
            StrategyError::Failed { .. } => {
                DeskError::Unavailable(Problem::new(EventCode::StrategyFailed, error.to_string()))
            }
        })
    }

    /// Returns a strategy's objections to the options of events, one for each event.
    pub(super) fn rejections(&self, strategy: &StrategyName) -> Vec<String> {
        self.rejections.by(strategy)
    }

    fn signer(&self) -> &dyn Signer {
        &*self.ports.signer
    }

    /// Checks that the caller may put an event into an organization.
    fn check_organization(&self, caller: &Caller, id: &str) -> Result<(), DeskError> {
        if self.access.load().may_create_in(caller, id) {
            return Ok(());
        }
        let words = format!("orgId: only a member of the organization \"{id}\" may do this");
        Err(DeskError::Forbidden(Problem::new(
            RequestCode::NotOrganizationMember,
            words,
        )))
    }

    /// Checks that no device was ever registered for the event, and returns the guards for that: a device is one active
    /// scanner within the organization in which it was registered.
    async fn check_no_scanners(&self, event: &Event) -> Result<Guard, DeskError> {
        match HAD_SCANNERS.get(self.ports.store(), &event.id).await? {
            None => Ok(HAD_SCANNERS.absent(&event.id)),
            Some(_) => Err(DeskError::Conflict(Problem::new(
                EventCode::OrganizationFixed,
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
        let (old, new) = (slug_of(before), slug_of(after));
        if old != new {
            guards.push(SLUGS.absent(&new));
            writes.push(SLUGS.delete(&old));
            writes.push(SLUGS.put(&new, &after.id));
        }
    }
}

fn check_manager(caller: &Caller, event: &Event) -> Result<(), DeskError> {
    match caller.may_manage(event) {
        true => Ok(()),
        false => Err(DeskError::Forbidden(Problem::new(
            RequestCode::NotEventOrganizer,
            format!("only an organizer of event {} may do this", event.id),
        ))),
    }
}

fn slug_taken(slug: &str) -> DeskError {
    DeskError::Conflict(Problem::new(
        EventCode::SlugTaken,
        format!("another event has the slug \"{slug}\"; choose another"),
    ))
}
