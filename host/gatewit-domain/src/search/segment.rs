//! Many tickets of an event, indexed by their words and fields: ranks all of them for a search at once.

use super::terms::{NO_MATCH, Place, Terms, lower};
use super::{IDENTIFIER, IN_PARTS, IndexEntry, Part, Search, WHOLE, Wanted};
use crate::id::TicketId;

/// Words of the name and the mailbox.
const NAMES: usize = 0;
/// Words of the mail domain.
const DOMAINS: usize = 1;
/// Words of the identifiers.
const NUMBERS: usize = 2;
/// The whole name, and whole mail addresses.
const FIELDS: usize = 3;
/// Whole identifiers.
const IDENTIFIERS: usize = 4;
const KINDS: usize = 5;

/// Indexed tickets. They never change, but may be forgotten.
pub(super) struct Segment {
    /// The tickets in the order of their ids.
    ids: Box<[TicketId]>,
    /// The terms of each kind.
    terms: [Terms; KINDS],
    /// The places of forgotten tickets, sorted.
    gone: Vec<Place>,
}

/// The terms of each kind, while a segment is built.
type Pairs<'t> = [Vec<(&'t [u8], Place)>; KINDS];

impl Segment {
    /// The most tickets of a segment.
    pub const TICKETS_MAX: usize = Place::MAX as usize + 1;

    /// Indexes entries, which must be in the order of their ids.
    pub fn of<'e>(entries: impl ExactSizeIterator<Item = &'e IndexEntry>) -> Self {
        let mut pairs = Pairs::default();
        let mut ids = Vec::with_capacity(entries.len());
        for entry in entries {
            let ticket = place(ids.len());
            ids.push(entry.id);
            for (kind, text) in entry.texts() {
                let terms = text.as_bytes().split(u8::is_ascii_whitespace);
                let terms = terms.filter(|term| !term.is_empty());
                pairs[kind].extend(terms.map(|term| (term, ticket)));
            }
        }
        Self::build(ids, pairs)
    }

    /// Indexes what is left of two segments anew.
    pub fn merge(one: &Self, other: &Self) -> Self {
        let both = [one, other];
        let mut left: Vec<(TicketId, usize, usize)> = Vec::new();
        for (which, segment) in both.iter().enumerate() {
            let places = segment.ids.iter().enumerate();
            let places = places.filter(|(at, _)| segment.gone.binary_search(&place(*at)).is_err());
            left.extend(places.map(|(at, id)| (*id, which, at)));
        }
        left.sort_unstable();
        let mut places = both.map(|segment| vec![None; segment.ids.len()]);
        for (new, (_, which, at)) in left.iter().enumerate() {
            places[*which][*at] = Some(place(new));
        }
        let mut pairs = Pairs::default();
        for (segment, places) in both.iter().zip(&places) {
            for (pairs, terms) in pairs.iter_mut().zip(&segment.terms) {
                for (term, tickets) in terms.iter() {
                    let tickets = tickets.iter().filter_map(|at| places[usize::from(*at)]);
                    pairs.extend(tickets.map(|ticket| (term, ticket)));
                }
            }
        }
        Self::build(left.into_iter().map(|(id, ..)| id).collect(), pairs)
    }

    fn build(ids: Vec<TicketId>, pairs: Pairs) -> Self {
        let [names, domains, numbers, fields, identifiers] = pairs.map(Terms::collect);
        let terms = [
            names.forgiving(),
            domains.forgiving(),
            numbers,
            fields,
            identifiers,
        ];
        Self {
            ids: ids.into(),
            terms,
            gone: Vec::new(),
        }
    }

    /// How many tickets are not forgotten.
    pub fn len(&self) -> usize {
        self.ids.len() - self.gone.len()
    }

    /// Whether the ticket is here and not forgotten.
    pub fn contains(&self, id: TicketId) -> bool {
        let at = self.place_of(id);
        at.is_some_and(|at| self.gone.binary_search(&at).is_err())
    }

    /// Forgets a ticket; false if it was not here.
    pub fn forget(&mut self, id: TicketId) -> bool {
        let at = self.place_of(id);
        let is_new = at.and_then(|at| Some((at, self.gone.binary_search(&at).err()?)));
        if let Some((at, position)) = is_new {
            self.gone.insert(position, at);
        }
        is_new.is_some()
    }

    /// Returns the matches with their ranks, which are those of [`Search::rank`], in the order of their ids.
    pub fn matches(&self, search: &Search) -> impl Iterator<Item = (u32, TicketId)> {
        let ranks = self.ranks(search).into_iter().zip(&self.ids);
        let matches = ranks.filter(|(rank, _)| *rank != NO_MATCH);
        matches.map(|(rank, id)| (rank, *id))
    }

    fn ranks(&self, search: &Search) -> Vec<u32> {
        let mut ranks = self.ranks_in_parts(search);
        for field in &search.whole {
            let field = field.needle().trim_ascii();
            lower(&mut ranks, self.terms[FIELDS].tickets_with(field), WHOLE);
            let identifiers = &self.terms[IDENTIFIERS];
            lower(&mut ranks, identifiers.tickets_with(field), IDENTIFIER);
        }
        if let Some(at) = search.id.and_then(|id| self.place_of(id)) {
            lower(&mut ranks, &[at], IDENTIFIER);
        }
        for at in &self.gone {
            ranks[usize::from(*at)] = NO_MATCH;
        }
        ranks
    }

    fn ranks_in_parts(&self, search: &Search) -> Vec<u32> {
        let mut ranks = vec![IN_PARTS; self.ids.len()];
        for part in &search.parts {
            add(&mut ranks, &self.ranks_of_part(part, search));
            if ranks.iter().all(|rank| *rank == NO_MATCH) {
                break;
            }
        }
        ranks
    }

    fn ranks_of_part(&self, part: &Part, search: &Search) -> Vec<u32> {
        let mut ranks = vec![0; self.ids.len()];
        let kinds = match part.words.as_slice() {
            [_] => &self.terms[..=NUMBERS],
            _ => &self.terms[..=DOMAINS],
        };
        let forgiving = match search.is_address {
            true => &self.terms[..=DOMAINS],
            false => &self.terms[..=NAMES],
        };
        for word in &part.words {
            add(&mut ranks, &self.ranks_of_word(word, kinds, forgiving));
        }
        self.terms[IDENTIFIERS].rank(&part.identifier, &mut ranks);
        ranks
    }

    fn ranks_of_word(&self, word: &Wanted, kinds: &[Terms], forgiving: &[Terms]) -> Vec<u32> {
        let mut ranks = vec![NO_MATCH; self.ids.len()];
        for terms in kinds {
            for spelling in &word.spellings {
                terms.rank(&spelling.rightly, &mut ranks);
            }
        }
        for terms in forgiving {
            terms.rank_typos(word, &mut ranks);
        }
        ranks
    }

    fn place_of(&self, id: TicketId) -> Option<Place> {
        // Ids that sort by time are mostly outside of the segment.
        let (first, last) = (self.ids.first()?, self.ids.last()?);
        let is_within = (first..=last).contains(&&id);
        let at = is_within.then(|| self.ids.binary_search(&id).ok())??;
        Some(place(at))
    }
}

impl IndexEntry {
    /// Returns the entry's texts with the kind of their terms.
    fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        let words = self.words.split('\n').enumerate();
        let (fields, identifiers) = self.fields.split_at(self.identifiers_at.into());
        words.chain([(FIELDS, fields), (IDENTIFIERS, identifiers)])
    }
}

/// Adds ranks to others; a ticket must match in both.
fn add(ranks: &mut [u32], others: &[u32]) {
    for (rank, other) in ranks.iter_mut().zip(others) {
        *rank = rank.saturating_add(*other);
    }
}

fn place(at: usize) -> Place {
    Place::try_from(at).expect("a segment has as many tickets as there are places")
}
