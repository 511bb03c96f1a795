//! What a full run has listed, and whether that can be all there is. Pure.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use crate::source::{SourcePage, SourceRow, SourceTotal};

/// What the pages of a full run list, each ticket and each order once.
pub struct Reading {
    /// Digests of references.
    tickets: HashSet<u64>,
    /// Digests of orders.
    orders: HashSet<u64>,
    digests: RandomState,
    /// The largest that a page told: what is deleted meanwhile may hide something else.
    total: Option<SourceTotal>,
}

/// Why a reading may have missed some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The ticketing system itself counts more.
    Missing { listed: usize, total: SourceTotal },
    /// Of what is served more than half is there no more.
    Fall { listed: usize, served: usize },
}

/// A reading that is not believed.
pub struct Doubted {
    pub reading: Reading,
    pub doubt: Doubt,
}

impl Reading {
    /// Begins with nothing. Two readings can be compared if they share `digests`.
    pub fn new(digests: &RandomState) -> Self {
        Self {
            tickets: HashSet::new(),
            orders: HashSet::new(),
            digests: digests.clone(),
            total: None,
        }
    }

    /// With what it tells tickets apart.
    pub fn digests(&self) -> &RandomState {
        &self.digests
    }

    /// Adds what a page lists.
    pub fn add(&mut self, page: &SourcePage) {
        let references = page.tickets.iter().map(|ticket| &ticket.reference);
        let references = references.map(|reference| self.digests.hash_one(reference));
        self.tickets.extend(references);
        let orders = page.whole_orders.iter();
        self.orders
            .extend(orders.map(|order| self.digests.hash_one(order)));
        self.total = self.total.into_iter().chain(page.total).max();
    }

    /// Adds what the run listed before it broke off. An order without tickets left no trace there.
    pub fn add_row(&mut self, row: &SourceRow) {
        for ticket in &row.tickets {
            self.tickets
                .insert(self.digests.hash_one(&ticket.reference));
            self.orders.insert(self.digests.hash_one(&ticket.order));
        }
    }

    /// Tells why the reading, now that it has ended, is not to be believed by itself, if so.
    pub fn doubt(&self, served: usize) -> Option<Doubt> {
        let listed = self.tickets.len();
        let missing = self.total.and_then(|total| {
            let (listed, counted) = match total {
                SourceTotal::Tickets(count) => (listed, count),
                SourceTotal::Orders(count) => (self.orders.len(), count),
            };
            (listed < counted as usize).then_some(Doubt::Missing { listed, total })
        });
        let has_fallen = listed * 2 < served;
        missing.or(has_fallen.then_some(Doubt::Fall { listed, served }))
    }
}

impl Doubted {
    /// Whether a second reading takes the doubt away: it lists the very same tickets. What the ticketing system itself
    /// counts stays missing however often it is missed.
    pub fn is_settled_by(&self, second: &Reading, doubt: &Doubt) -> bool {
        matches!(doubt, Doubt::Fall { .. }) && self.reading.tickets == second.tickets
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { listed, total } => {
                let (total, what) = match total {
                    SourceTotal::Tickets(total) => (total, "tickets"),
                    SourceTotal::Orders(total) => (total, "orders"),
                };
                write!(f, "it counts {total} {what} and listed {listed} of them")
            }
            Self::Fall { listed, served } => {
                write!(f, "it listed {listed} tickets where it had {served}")
            }
        }
    }
}
