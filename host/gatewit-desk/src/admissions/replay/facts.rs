//! The facts that a decision read, and those of them that have changed. Pure.

use gatewit_decision::{Inactive, Lookup};
use gatewit_domain::event::Event;
use gatewit_domain::facts::Found;
use gatewit_domain::record::{RecordedTicket, ScanRecord};
use gatewit_domain::window::WindowsAnswer;

use crate::admissions::record::recorded_ticket;

/// A fact that a decision reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The event: its days, types, zones and scan points.
    Event,
    /// Whether the ticket exists, and is one of the event.
    Ticket,
    /// The state of the ticket.
    TicketState,
    /// The type of the ticket, and what its source says of it.
    TicketType,
    /// When the ticket itself is valid.
    Validity,
    /// When doors are open for the holder.
    Windows,
    /// The earlier entries.
    Entries,
}

/// A fact that was different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// Which one.
    pub fact: Fact,
    /// What it was when the scan was decided.
    pub then: String,
    /// What it is now.
    pub now: String,
}

/// What a decision read: of the event, and of the ticket or its absence.
pub(super) struct ReadFacts {
    event_revision: u64,
    found: Lookup<RecordedTicket>,
    /// Says whose answer the windows are.
    windows: String,
}

impl ReadFacts {
    /// What the decision of a record read. `windows` are those that it names, if they are stored.
    pub fn recorded(scan: &ScanRecord, windows: Option<&WindowsAnswer>) -> Self {
        let named = scan.ticket().and_then(|ticket| ticket.windows);
        Self {
            event_revision: scan.event_revision,
            found: scan.found.clone(),
            windows: match (windows, named) {
                (Some(answer), _) => answered(answer),
                (None, Some(digest)) => format!("answer {digest}, which is not stored"),
                (None, None) => "none".to_owned(),
            },
        }
    }

    /// What a decision would read now.
    pub fn today(found: &Found, event: &Event) -> Self {
        let (recorded, windows) = match found {
            Lookup::Forged => (Lookup::Forged, None),
            Lookup::Nothing => (Lookup::Nothing, None),
            Lookup::Elsewhere => (Lookup::Elsewhere, None),
            Lookup::Ticket(held) => {
                let recorded = Lookup::Ticket(recorded_ticket(held, event));
                (recorded, Some(&held.windows))
            }
        };
        Self {
            event_revision: event.revision,
            found: recorded,
            windows: match windows {
                Some(Ok(answer)) => answered(answer),
                Some(Err(error)) => format!("none: {error}"),
                None => "none".to_owned(),
            },
        }
    }
}

/// Lists the facts that differ.
pub(super) fn changes(then: &ReadFacts, now: &ReadFacts) -> Vec<FactChange> {
    let mut changes = Vec::new();
    let mut compare = |fact, then: String, now: String| {
        if then != now {
            changes.push(FactChange { fact, then, now });
        }
    };
    let revision = |facts: &ReadFacts| format!("revision {}", facts.event_revision);
    compare(Fact::Event, revision(then), revision(now));
    let (Lookup::Ticket(before), Lookup::Ticket(after)) = (&then.found, &now.found) else {
        compare(Fact::Ticket, presence(&then.found), presence(&now.found));
        return changes;
    };
    compare(Fact::TicketState, state(before), state(after));
    compare(Fact::TicketType, kind(before), kind(after));
    compare(Fact::Validity, validity(before), validity(after));
    compare(Fact::Windows, then.windows.clone(), now.windows.clone());
    compare(Fact::Entries, entries(before), entries(after));
    changes
}

fn answered(answer: &WindowsAnswer) -> String {
    let WindowsAnswer { plugin, digest, .. } = answer;
    format!("plugin {} {}, answer {digest}", plugin.name, plugin.digest)
}

fn presence<T>(found: &Lookup<T>) -> String {
    let words = match found {
        Lookup::Forged => "not signed by the event",
        Lookup::Nothing => "no ticket",
        Lookup::Elsewhere => "for another event or another date",
        Lookup::Ticket(_) => "a ticket of the event",
    };
    words.to_owned()
}

fn state(ticket: &RecordedTicket) -> String {
    let words = match ticket.inactive {
        None => "active",
        Some(Inactive::Unpaid) => "unpaid",
        Some(Inactive::Cancelled) => "cancelled",
        Some(Inactive::Refunded) => "refunded",
        Some(Inactive::Blocked) => "blocked",
        Some(Inactive::SourceDetached) => "its source is not the event's",
        Some(Inactive::UnknownType) => "of an unknown type",
        Some(Inactive::AdmitsNobody) => "of a type that admits nobody",
    };
    words.to_owned()
}

fn kind(ticket: &RecordedTicket) -> String {
    match &ticket.source_type {
        None => ticket.type_id.clone(),
        Some(kind) => {
            let entries = match kind.entries_max {
                None => "any number of entries".to_owned(),
                Some(max) => format!("{max} entries"),
            };
            let days = kind.days.as_ref().map(|days| format!("days {days:?}"));
            let days = days.unwrap_or_else(|| "every day".to_owned());
            let admits = if kind.admits {
                "admits"
            } else {
                "admits nobody"
            };
            format!("{}: {admits}, {entries}, {days}", ticket.type_id)
        }
    }
}

fn validity(ticket: &RecordedTicket) -> String {
    match (ticket.valid_from, ticket.valid_until) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) => format!("from {from} until {until}"),
    }
}

fn entries(ticket: &RecordedTicket) -> String {
    let numbers: Vec<_> = ticket.entries.iter().map(u64::to_string).collect();
    match numbers.as_slice() {
        [] => "none".to_owned(),
        numbers => format!("records {}", numbers.join(", ")),
    }
}
