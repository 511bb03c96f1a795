//! Finds the best matches among all tickets of an event without looking at each of them.
//!
//! New entries are ranked one by one. When there are enough of them, they become a segment: their distinct words are
//! sorted, and a search looks at each word once, however many tickets have it.

use std::collections::BTreeMap;
use std::mem;

use super::segment::Segment;
use super::{IndexEntry, Search};
use crate::id::TicketId;

/// How many entries become a segment. Ranking as many one by one takes a few milliseconds; indexing them, some tens.
const SEGMENT: usize = 16_384;
const _: () = assert!(SEGMENT <= Segment::TICKETS_MAX);

/// The searchable text of an event's tickets: an entry for each.
pub struct SearchIndex {
    segments: Vec<Segment>,
    recent: BTreeMap<TicketId, IndexEntry>,
    segment: usize,
}

/// The best matches after the previous page's last.
struct Best {
    after: Option<(u32, TicketId)>,
    limit: usize,
    /// Unsorted; more than the limit while a segment's are added.
    matches: Vec<(u32, TicketId)>,
    /// The last of as many as the limit, once there are so many.
    last: Option<(u32, TicketId)>,
}

impl Default for SearchIndex {
    fn default() -> Self {
        Self::with_segments_of(SEGMENT)
    }
}

impl SearchIndex {
    /// Makes an index whose segments have this many tickets.
    pub(super) fn with_segments_of(segment: usize) -> Self {
        Self {
            segments: Vec::new(),
            recent: BTreeMap::new(),
            segment,
        }
    }

    /// Adds an entry in place of the ticket's former one.
    pub fn add(&mut self, entry: IndexEntry) {
        self.forget(entry.id);
        self.recent.insert(entry.id, entry);
        if self.recent.len() == self.segment {
            let full = mem::take(&mut self.recent);
            self.segments.push(Segment::of(full.values()));
        }
    }

    /// Whether the ticket has an entry.
    pub fn contains(&self, id: TicketId) -> bool {
        let mut segments = self.segments.iter();
        self.recent.contains_key(&id) || segments.any(|segment| segment.contains(id))
    }

    /// Removes a ticket's entry, if it has one.
    pub fn forget(&mut self, id: TicketId) {
        if self.recent.remove(&id).is_some() {
            return;
        }
        let mut segments = self.segments.iter_mut();
        if let Some(at) = segments.position(|segment| segment.forget(id)) {
            self.merge(at);
        }
    }

    /// Returns the ids of the first matches after a ticket, best rank first, equal ranks by id. None follow a ticket that
    /// does not match.
    ///
    /// They are exactly those that [`Search::rank`] ranks.
    pub fn find(&self, search: &Search, after: Option<TicketId>, limit: usize) -> Vec<TicketId> {
        if search.parts.is_empty() || limit == 0 {
            return Vec::new();
        }
        let after = match after {
            None => None,
            Some(id) => match self.rank(search, id) {
                None => return Vec::new(),
                Some(rank) => Some((rank, id)),
            },
        };
        let mut best = Best {
            after,
            limit,
            matches: Vec::new(),
            last: None,
        };
        for segment in &self.segments {
            best.add(segment.matches(search));
        }
        let recent = self.recent.values();
        best.add(recent.filter_map(|entry| Some((search.rank(entry)?, entry.id))));
        best.ids()
    }

    #[cfg(test)]
    pub(super) fn segment_count(&self) -> usize {
        self.segments.len()
    }

    fn rank(&self, search: &Search, id: TicketId) -> Option<u32> {
        if let Some(entry) = self.recent.get(&id) {
            return search.rank(entry);
        }
        let mut segments = self.segments.iter();
        let segment = segments.find(|segment| segment.contains(id))?;
        let mut matches = segment.matches(search);
        matches.find_map(|(rank, other)| (other == id).then_some(rank))
    }

    /// Merges a segment with another if both are half empty, so that forgotten tickets take no more room than others.
    fn merge(&mut self, at: usize) {
        if self.segments[at].len() == 0 {
            self.segments.swap_remove(at);
            return;
        }
        let is_half_empty = |segment: &Segment| segment.len() <= self.segment / 2;
        if !is_half_empty(&self.segments[at]) {
            return;
        }
        let mut others = self.segments.iter().enumerate();
        let other = others.position(|(other, segment)| other != at && is_half_empty(segment));
        if let Some(other) = other {
            let merged = Segment::merge(&self.segments[at], &self.segments[other]);
            self.segments[at] = merged;
            self.segments.swap_remove(other);
        }
    }
}

impl Best {
    fn add(&mut self, matches: impl Iterator<Item = (u32, TicketId)>) {
        let (after, last) = (self.after, self.last);
        let is_wanted =
            |found: &(u32, TicketId)| Some(*found) > after && last.is_none_or(|last| *found < last);
        self.matches.extend(matches.filter(is_wanted));
        if self.matches.len() >= self.limit {
            let (_, last, _) = self.matches.select_nth_unstable(self.limit - 1);
            self.last = Some(*last);
            self.matches.truncate(self.limit);
        }
    }

    fn ids(mut self) -> Vec<TicketId> {
        self.matches.sort_unstable();
        self.matches.into_iter().map(|(_, id)| id).collect()
    }
}
