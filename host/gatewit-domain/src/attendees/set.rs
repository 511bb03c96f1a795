//! The tickets of a source in memory: about a hundred bytes each, found by order, by reference and by address.
//!
//! A set is built from the rows of a source's log, the newest first, and never changes: it shows one state of the
//! source. It holds only the data that `/tickets/*` uses; the rest stays in the log.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::statistics::{AddonTypes, Counts};
use super::{Attendee, AttendeeFlags, EmailAddress, OrderId, TicketReference};
use crate::event::TicketType;
use crate::identifier::{fold, is_same};
use crate::names::PreparedName;
use crate::source::{LogPosition, SourceState, SourceTicket, SourceType};

mod builder;
mod entries;

pub use builder::SetBuilder;
use entries::{Entries, Entry, Index, Number, Part};

/// How many dates of a series are kept, to be shown to people.
const SUB_EVENTS_MAX: usize = 20;

/// The rules for which tickets make attendees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttendeeRules {
    /// Tickets of a type with none of these activities make nobody an attendee (`include_activities`); None: any does.
    pub include_activities: Option<Vec<String>>,
    /// Whether cancelled tickets make attendees, as in the contract for Tito, which ignores the state. It does not
    /// affect admission.
    pub canceled_attend: bool,
}

/// All tickets of a source, up to one end of its log.
pub struct SourceSet {
    end: LogPosition,
    types: Vec<SourceType>,
    at_the_door: HashMap<String, Arc<TicketType>>,
    rules: AttendeeRules,
    tickets: Entries,
    variations: Vec<Box<str>>,
    /// The first ticket of each order.
    orders: Index,
    references: Index,
    /// For each address, a ticket that makes an attendee.
    addresses: Index<(Number, u8)>,
    lists_types: bool,
    sub_events: BTreeSet<Box<str>>,
    count: usize,
    /// How many tickets that are not cancelled have each type, by its folded id.
    used_types: HashMap<Box<str>, usize>,
    /// How many tickets that are not cancelled share a code with another one.
    shared_codes: usize,
    /// How many of them have no code but their reference.
    without_codes: usize,
}

/// The most tickets in a piece of a set.
const PIECE: usize = 4_096;

impl AttendeeRules {
    /// Whether a ticket in this state could make an attendee. An unpaid one could.
    fn counts(&self, state: SourceState) -> bool {
        state != SourceState::Canceled || self.canceled_attend
    }

    /// Returns the title of a type if its tickets make nobody an attendee.
    fn wrong_type(&self, kind: Option<&SourceType>) -> Option<Box<str>> {
        if let Some(kind) = kind.filter(|kind| !kind.admits) {
            return Some(kind.name.as_str().into());
        }
        let good = self.include_activities.as_ref()?;
        let is_good = |kind: &&SourceType| kind.activities.iter().any(|of| good.contains(of));
        match kind {
            None => Some("unknown".into()),
            Some(kind) if is_good(&kind) => None,
            Some(kind) => Some(kind.name.as_str().into()),
        }
    }
}

impl SourceSet {
    /// The position up to which the log was read.
    pub fn end(&self) -> LogPosition {
        self.end
    }

    /// How many tickets could make attendees.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many tickets there are.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether the source has no tickets in any state.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The types of tickets that are not cancelled, by their folded ids, with the number of their tickets.
    pub fn used_types(&self) -> impl Iterator<Item = (&str, usize)> {
        let used = self.used_types.iter();
        used.map(|(id, tickets)| (&**id, *tickets))
    }

    /// How many tickets that are not cancelled have a type that the source does not list.
    pub fn unlisted_types(&self) -> usize {
        let unlisted = self
            .used_types()
            .filter(|(id, _)| !self.at_the_door.contains_key(*id));
        unlisted.map(|(_, tickets)| tickets).sum()
    }

    /// How many tickets that are not cancelled share a code with another one.
    pub fn shared_codes(&self) -> usize {
        self.shared_codes
    }

    /// The dates of a series that its tickets are for, the first twenty of them.
    pub fn sub_events(&self) -> impl ExactSizeIterator<Item = &str> {
        self.sub_events.iter().map(|sub_event| &**sub_event)
    }

    /// How many of them have no code but their reference.
    pub fn without_codes(&self) -> usize {
        self.without_codes
    }

    /// The types in upstream order; where the source lists none, those that its tickets name.
    pub fn types(&self) -> &[SourceType] {
        &self.types
    }

    /// The types that call themselves day passes and name no day, so that they are good for every day.
    pub fn dayless_day_passes(&self) -> impl Iterator<Item = &SourceType> {
        let types = self.types.iter();
        types.filter(|kind| kind.admits && kind.day_pass && kind.days.is_empty())
    }

    /// Whether the source itself lists its types.
    pub fn lists_types(&self) -> bool {
        self.lists_types
    }

    /// Whether the set was made with these types.
    pub fn is_of_types(&self, types: &[SourceType]) -> bool {
        match self.lists_types {
            true => self.types == types,
            false => types.is_empty(),
        }
    }

    /// Returns a source's type as a ticket type for admission.
    pub fn ticket_type(&self, id: &str) -> Option<&Arc<TicketType>> {
        self.at_the_door.get(&*fold(id))
    }

    /// The tickets of an order that could make attendees, in upstream order.
    pub fn of_order(&self, order: &OrderId) -> Vec<Attendee> {
        let all = self.numbers_of(order.as_str());
        let counting = all.filter(|number| self.tickets.get(*number).counts);
        counting.map(|number| self.attendee(number)).collect()
    }

    /// Whether there is a ticket of this order, in any state.
    pub fn has_order(&self, order: &OrderId) -> bool {
        self.first_of_order(order.as_str()).is_some()
    }

    /// Whether there is a ticket with this reference, in any state.
    pub fn has_ticket(&self, reference: &TicketReference) -> bool {
        self.find(reference.as_str()).is_some()
    }

    /// The references of all tickets of an order.
    pub fn references_of(&self, order: &str) -> impl Iterator<Item = &str> {
        let all = self.numbers_of(&fold(order));
        all.map(|number| self.tickets.text(number, Part::Reference))
    }

    /// The ticket with this reference, if it could make an attendee.
    pub fn called(&self, reference: &TicketReference) -> Option<Attendee> {
        let number = self.find(reference.as_str())?;
        let counts = self.tickets.get(number).counts;
        counts.then(|| self.attendee(number))
    }

    /// Whether a ticket with this address makes an attendee.
    pub fn has_address(&self, address: &EmailAddress) -> bool {
        let text_of = |at| Cow::from(self.tickets.address(at));
        self.addresses.find(address.as_str(), text_of).is_some()
    }

    /// The row of the log that holds a ticket's data; None if there is no such ticket.
    pub fn row_of(&self, reference: &str) -> Option<u32> {
        let number = self.find(&fold(reference))?;
        Some(self.tickets.get(number).row)
    }

    /// Makes an attendee from a ticket that is not yet in the set; None if it could not be one.
    pub fn attendee_of(&self, ticket: &SourceTicket) -> Option<Attendee> {
        let mut types = self.types.iter();
        let kind = types.find(|kind| is_same(&kind.id, &ticket.type_id));
        let counts = self.rules.counts(ticket.state);
        counts.then(|| Attendee {
            reference: TicketReference::of(&ticket.reference),
            order: OrderId::of(&ticket.order),
            name: PreparedName::of(&ticket.holder_name),
            emails: addresses_of(ticket),
            flags: AttendeeFlags::of(&ticket.attributes),
            wrong_type: self.rules.wrong_type(kind),
            admits: kind.is_none_or(|kind| kind.admits),
        })
    }

    /// All tickets, in pieces that each take less than a millisecond to process.
    pub fn pieces(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let all = self.tickets.len();
        (0..all)
            .step_by(PIECE)
            .map(move |start| start..all.min(start + PIECE))
    }

    /// Counts tickets on site, and T-shirts.
    pub(super) fn count_addons<'s>(
        &'s self,
        piece: Range<usize>,
        types: &AddonTypes,
        counts: &mut Counts<'s>,
    ) {
        for number in self.tickets.numbers(piece) {
            let entry = self.tickets.get(number);
            let kind = entry.kind.map(|kind| &self.types[usize::from(kind)]);
            let Some(kind) = kind.filter(|_| entry.counts) else {
                continue;
            };
            if kind.id == types.shirt {
                let variation = entry
                    .variation
                    .map(|number| &*self.variations[usize::from(number)]);
                counts.add_shirt(self.tickets.text(number, Part::Parent), variation);
            }
            let is_onsite = |id: &String| types.onsite_categories.contains(id);
            counts.onsite += u64::from(kind.category.as_ref().is_some_and(is_onsite));
        }
    }

    fn push(&mut self, entry: Entry, texts: [&str; 5]) {
        let [reference, order, _, addresses, _] = texts;
        self.count += usize::from(entry.counts);
        let makes_attendee = entry.counts && self.rules.wrong_type(self.kind(&entry)).is_none();
        let number = self.tickets.push(entry, texts);
        let tickets = &self.tickets;
        let folded = |part| move |number| fold(tickets.text(number, part));
        self.orders.put(&fold(order), number, folded(Part::Order));
        self.references
            .put(&fold(reference), number, folded(Part::Reference));
        if makes_attendee {
            for (place, address) in (0..=u8::MAX).zip(addresses.split_whitespace()) {
                let text_of = |at| Cow::from(tickets.address(at));
                self.addresses.put(address, (number, place), text_of);
            }
        }
    }

    fn note_sub_event(&mut self, sub_event: &str) {
        let is_known = self.sub_events.contains(sub_event);
        if !is_known && self.sub_events.len() < SUB_EVENTS_MAX {
            self.sub_events.insert(sub_event.into());
        }
    }

    fn kind(&self, entry: &Entry) -> Option<&SourceType> {
        entry.kind.map(|kind| &self.types[usize::from(kind)])
    }

    /// The tickets of an order, in upstream order.
    fn numbers_of<'s>(&'s self, order: &str) -> impl Iterator<Item = Number> + use<'s> {
        let first = self.first_of_order(order);
        std::iter::successors(first, |number| self.tickets.get(*number).next)
    }

    fn first_of_order(&self, order: &str) -> Option<Number> {
        let text_of = |number| fold(self.tickets.text(number, Part::Order));
        self.orders.find(order, text_of)
    }

    fn find(&self, reference: &str) -> Option<Number> {
        let text_of = |number| fold(self.tickets.text(number, Part::Reference));
        self.references.find(reference, text_of)
    }

    fn attendee(&self, number: Number) -> Attendee {
        let text = |part| self.tickets.text(number, part);
        let entry = self.tickets.get(number);
        let kind = self.kind(entry);
        Attendee {
            reference: TicketReference::of(text(Part::Reference)),
            order: OrderId::of(text(Part::Order)),
            name: PreparedName::of(text(Part::Name)),
            emails: EmailAddress::parse_all(text(Part::Address)).unwrap_or_default(),
            flags: AttendeeFlags::of_bits(entry.flags),
            wrong_type: self.rules.wrong_type(kind),
            admits: kind.is_none_or(|kind| kind.admits),
        }
    }
}

/// The addresses of a ticket, none where its text is no address.
fn addresses_of(ticket: &SourceTicket) -> Vec<EmailAddress> {
    let read = ticket.email.as_deref().map(EmailAddress::parse_all);
    read.and_then(Result::ok).unwrap_or_default()
}
