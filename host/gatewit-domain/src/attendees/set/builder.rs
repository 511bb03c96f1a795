//! Makes a set of the rows of a log, the newest first.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::entries::{Entries, Entry, Index};
use super::{AttendeeRules, SourceSet, addresses_of};
use crate::attendees::{AttendeeFlags, EmailAddress};
use crate::event::TicketType;
use crate::identifier::{fold, is_same};
use crate::source::{LogPosition, SourceRow, SourceState, SourceTicket, SourceType};

/// Makes a [`SourceSet`].
pub struct SetBuilder {
    set: SourceSet,
    kinds: HashMap<String, u16>,
    variations: HashMap<String, u16>,
    gone: HashSet<String>,
    /// Digests of the codes of tickets that are not cancelled.
    codes: HashSet<u64>,
    digests: RandomState,
}

impl SetBuilder {
    /// Begins with no tickets, of a log that is read up to `end`.
    pub fn new(end: LogPosition, types: Vec<SourceType>, rules: AttendeeRules) -> Self {
        let kinds = types
            .iter()
            .zip(0..)
            .map(|(kind, number)| (fold(&kind.id).into_owned(), number));
        let at_the_door = types.iter().map(|kind| {
            (
                fold(&kind.id).into_owned(),
                Arc::new(TicketType::from(kind)),
            )
        });
        Self {
            kinds: kinds.collect(),
            variations: HashMap::new(),
            gone: HashSet::new(),
            codes: HashSet::new(),
            digests: RandomState::new(),
            set: SourceSet {
                end,
                at_the_door: at_the_door.collect(),
                lists_types: !types.is_empty(),
                types,
                rules,
                tickets: Entries::default(),
                variations: Vec::new(),
                orders: Index::default(),
                references: Index::default(),
                addresses: Index::default(),
                sub_events: BTreeSet::new(),
                count: 0,
                used_types: HashMap::new(),
                shared_codes: 0,
                without_codes: 0,
            },
        }
    }

    /// Adds what a row of the log says. Rows come from the last to the first: what is there already is newer. Within a
    /// row, what is gone was told last.
    pub fn add(&mut self, number: u32, row: &SourceRow) {
        let gone = row.gone.iter();
        let gone = gone.filter(|gone| self.set.row_of(gone).is_none());
        self.gone.extend(gone.map(|gone| fold(gone).into_owned()));
        for ticket in row.tickets.iter().rev() {
            let is_older = self.gone.contains(&*fold(&ticket.reference));
            if !is_older && self.set.row_of(&ticket.reference).is_none() {
                self.push(number, ticket);
            }
        }
    }

    /// Returns the set. No row can be added to it any more.
    pub fn finish(mut self) -> SourceSet {
        self.set.tickets.shrink_to_fit();
        self.set
    }

    fn push(&mut self, row: u32, ticket: &SourceTicket) {
        if let Some(sub_event) = &ticket.sub_event {
            self.set.note_sub_event(sub_event);
        }
        let addresses = addresses_of(ticket);
        let addresses: Vec<_> = addresses.iter().map(EmailAddress::as_str).collect();
        let addresses = addresses.join(" ");
        let texts = [
            &*ticket.reference,
            &ticket.order,
            ticket.holder_name.trim(),
            &addresses,
            ticket.parent.as_deref().unwrap_or_default(),
        ];
        let type_id = fold(&ticket.type_id);
        let entry = Entry {
            row,
            next: self.set.first_of_order(&fold(&ticket.order)),
            kind: self.kind(&ticket.type_id, &type_id),
            variation: ticket
                .variation
                .as_deref()
                .and_then(|name| self.variation(name)),
            flags: AttendeeFlags::bits(&ticket.attributes),
            counts: self.set.rules.counts(ticket.state),
        };
        if ticket.state != SourceState::Canceled {
            match self.set.used_types.get_mut(&*type_id) {
                Some(tickets) => *tickets += 1,
                None => _ = self.set.used_types.insert((*type_id).into(), 1),
            }
            self.set.shared_codes += usize::from(self.shares_code(ticket));
            let is_reference = |code: &String| is_same(code, &ticket.reference);
            self.set.without_codes += usize::from(ticket.codes.iter().all(is_reference));
        }
        self.set.push(entry, texts);
    }

    /// Notes a ticket's codes. Returns whether another ticket has one of them.
    fn shares_code(&mut self, ticket: &SourceTicket) -> bool {
        let codes = ticket.codes.iter().map(|code| code.trim());
        let codes: HashSet<_> = codes.map(|code| self.digests.hash_one(code)).collect();
        let is_shared = !self.codes.is_disjoint(&codes);
        self.codes.extend(codes);
        is_shared
    }

    /// Numbers a type. A source that lists none has those that its tickets name.
    fn kind(&mut self, id: &str, folded: &str) -> Option<u16> {
        let known = self.kinds.get(folded).copied();
        if known.is_some() || self.set.lists_types {
            return known;
        }
        let number = u16::try_from(self.set.types.len()).ok()?;
        let kind = SourceType::undescribed(id);
        let at_the_door = Arc::new(TicketType::from(&kind));
        self.set.at_the_door.insert(folded.to_owned(), at_the_door);
        self.set.types.push(kind);
        self.kinds.insert(folded.to_owned(), number);
        Some(number)
    }

    /// Numbers a variation.
    fn variation(&mut self, name: &str) -> Option<u16> {
        if let Some(number) = self.variations.get(name) {
            return Some(*number);
        }
        let number = u16::try_from(self.set.variations.len()).ok()?;
        self.set.variations.push(name.into());
        self.variations.insert(name.to_owned(), number);
        Some(number)
    }
}
