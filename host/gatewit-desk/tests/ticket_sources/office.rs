//! A desk over scripted sources, and the questions of these tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatewit_desk::{
    Configuration, ConfiguredSource, Desk, DeskError, DeskSettings, NotAnswered, Ports,
    SourceStatus, SourceTrouble, Ticketing, Validated,
};
use gatewit_domain::attendees::{
    AddonTypes, AttendeeAnswer, AttendeeQuestion, AttendeeRules, EmailAddress, NameQuestion,
    OrderId, Sought, TicketReference,
};
use gatewit_domain::names::{NameMatching, PreparedName};
use gatewit_domain::ports::Strategies;
use gatewit_domain::source::{RunLimits, SourceName};
use jiff::SignedDuration;

use crate::upstream::{Asking, Upstream};
use crate::world::{Disk, NoLibrary, Notary, OpenDoors, SetClock, block_on};

pub const EVERY: SignedDuration = SignedDuration::from_mins(5);

/// The parts that outlive a desk.
#[derive(Clone)]
pub struct Office {
    pub disk: Arc<Disk>,
    pub clock: Arc<SetClock>,
    pub sources: BTreeMap<SourceName, ConfiguredSource>,
    pub addons: Option<AddonTypes>,
    pub strategies: Arc<dyn Strategies>,
}

pub fn name(source: &str) -> SourceName {
    SourceName::parse(source).unwrap()
}

/// Returns an office with one source, `box-office`.
pub fn office(upstream: &Arc<Upstream>) -> Office {
    let office = Office {
        disk: Arc::default(),
        clock: SetClock::at("2025-12-15T06:00:00Z"),
        sources: BTreeMap::new(),
        addons: None,
        strategies: Arc::new(OpenDoors),
    };
    office.with("box-office", upstream)
}

impl Office {
    pub fn with(mut self, source: &str, upstream: &Arc<Upstream>) -> Self {
        let configured = ConfiguredSource {
            source: Arc::new(Asking(Arc::clone(upstream))),
            plugin: "asking".to_owned(),
            every: EVERY,
            orgs: None,
            rules: AttendeeRules::default(),
            live_find: false,
            run_limits: RunLimits::default(),
        };
        self.sources.insert(name(source), configured);
        self
    }

    /// Changes how the only source is configured.
    pub fn configured(mut self, change: impl FnOnce(&mut ConfiguredSource)) -> Self {
        let mut only = self.sources.first_entry().unwrap();
        change(only.get_mut());
        self
    }

    pub fn try_open(&self) -> Result<Desk, DeskError> {
        block_on(self.opening())
    }

    pub fn opening(&self) -> impl Future<Output = Result<Desk, DeskError>> {
        let ports = Ports {
            store: self.disk.clone(),
            strategies: Arc::clone(&self.strategies),
            library: Arc::new(NoLibrary),
            signer: Arc::new(Notary),
            clock: self.clock.clone(),
        };
        let settings = DeskSettings {
            configuration: self.configuration(),
            ..DeskSettings::default()
        };
        Desk::open(ports, settings)
    }

    pub fn configuration(&self) -> Configuration {
        Configuration {
            sources: self.sources.clone(),
            ticketing: Ticketing {
                sources: self.sources.keys().cloned().collect(),
                matching: NameMatching::default(),
                addons: self.addons.clone(),
            },
            ..Configuration::default()
        }
    }

    pub fn open(&self) -> Arc<Desk> {
        Arc::new(self.try_open().unwrap())
    }

    /// Opens a desk whose sources have been synced.
    pub fn open_synced(&self) -> Arc<Desk> {
        let desk = self.open();
        refresh(&desk).unwrap();
        desk
    }
}

/// Syncs all sources; returns the failure as operators see it.
pub fn refresh(desk: &Desk) -> Result<(), String> {
    block_on(desk.sources.refresh_all()).map_err(|refusal| {
        let troubles = desk
            .sources
            .statuses()
            .into_iter()
            .filter_map(|source| source.trouble);
        let told = troubles.map(|trouble| told(&trouble)).collect::<Vec<_>>();
        assert!(!told.is_empty(), "{refusal}");
        told.join("; ")
    })
}

pub fn told(trouble: &SourceTrouble) -> String {
    match &trouble.words {
        Some(words) => format!("{}: {}", trouble.reason, words.verbatim()),
        None => trouble.reason.clone(),
    }
}

/// Keeps the only source fresh.
pub fn keep_fresh(desk: &Desk) -> SignedDuration {
    block_on(desk.sources.keep_fresh(&desk.sources.statuses()[0].name))
}

pub fn status(desk: &Desk) -> SourceStatus {
    desk.sources.statuses().remove(0)
}

pub fn count(desk: &Desk) -> usize {
    desk.sources.ticket_count().unwrap()
}

/// Returns the answer of `validate_name`: `attendee`, or the hint.
pub fn named(desk: &Desk, ticket: &str, name: &str) -> Result<String, String> {
    let question = NameQuestion {
        ticket: TicketReference::ask_leniently(ticket).unwrap(),
        name: PreparedName::of(name),
    };
    let found =
        block_on(desk.sources.validate_name(&question)).map_err(|error| error.to_string())?;
    Ok(match found.answer.is_attendee {
        true => "attendee".to_owned(),
        false => found.answer.hint,
    })
}

/// Returns the reference of the ticket that `validate_attendee` finds, or the hint.
pub fn on_order(desk: &Desk, order: &str, name: &str) -> String {
    let found = ask(desk, Some(order), None, name).unwrap().answer;
    found
        .ticket_id
        .map_or(found.hint, |ticket| ticket.as_str().to_owned())
}

/// Returns the answer of `validate_attendee` about an order, a ticket or both.
pub fn ask(
    desk: &Desk,
    order: Option<&str>,
    ticket: Option<&str>,
    name: &str,
) -> Result<Validated<AttendeeAnswer>, NotAnswered> {
    let order = order.map(|order| OrderId::ask(order).unwrap());
    let ticket = ticket.map(|ticket| TicketReference::ask(ticket).unwrap());
    let question = AttendeeQuestion {
        sought: Sought::of(order, ticket).unwrap(),
        name: PreparedName::of(name),
    };
    block_on(desk.sources.validate_attendee(&question))
}

pub fn has_address(desk: &Desk, address: &str) -> bool {
    let address = EmailAddress::parse(address).unwrap();
    block_on(desk.sources.is_attendee(&[address])).unwrap()
}

/// Whether exactly these tickets are served, under the names they have upstream.
#[track_caller]
pub fn check_serves_upstream(desk: &Desk, upstream: &Upstream) {
    let tickets = upstream.tickets();
    assert_eq!(count(desk), tickets.len());
    for ticket in tickets {
        let found = named(desk, &ticket.reference, &ticket.holder_name);
        assert_eq!(found.as_deref(), Ok("attendee"), "{}", ticket.reference);
        assert!(has_address(desk, ticket.email.as_deref().unwrap()));
    }
}
