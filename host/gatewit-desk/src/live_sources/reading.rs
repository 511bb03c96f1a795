//! The tickets that a full run has listed, and whether the list can be complete. Pure.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use gatewit_domain::source::{SourcePage, SourceRow, SourceTotal};

/// The distinct tickets and orders listed by the pages of a full run.
pub struct Reading {
    /// Digests of references.
    tickets: HashSet<u64>,
    /// Digests of orders.
    orders: HashSet<u64>,
    digests: RandomState,
    /// The largest total that a page reported: a deletion during the run could hide a ticket that was missed.
    total: Option<SourceTotal>,
}

/// Why a reading may have missed tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The ticketing system itself counts more.
    Missing { listed: usize, total: SourceTotal },
    /// More than half of the served tickets are missing.
    Fall { listed: usize, served: usize },
}

/// A reading that may be incomplete.
pub struct Doubted {
    pub reading: Reading,
    pub doubt: Doubt,
}

impl Reading {
    /// Creates an empty reading. Two readings can be compared if they share `digests`.
    pub fn new(digests: &RandomState) -> Self {
        Self {
            tickets: HashSet::new(),
            orders: HashSet::new(),
            digests: digests.clone(),
            total: None,
        }
    }

    /// Returns the hasher of its digests.
    pub fn digests(&self) -> &RandomState {
        &self.digests
    }

    /// Adds the tickets and orders of a page.
    pub fn add(&mut self, page: &SourcePage) {
        let references = page.tickets.iter().map(|ticket| &ticket.reference);
        let references = references.map(|reference| self.digests.hash_one(reference));
        self.tickets.extend(references);
        let orders = page.whole_orders.iter();
        self.orders
            .extend(orders.map(|order| self.digests.hash_one(order)));
        self.total = self.total.into_iter().chain(page.total).max();
    }

    /// Adds a row that the run stored before it broke off. Rows do not record orders without tickets.
    pub fn add_row(&mut self, row: &SourceRow) {
        for ticket in &row.tickets {
            self.tickets
                .insert(self.digests.hash_one(&ticket.reference));
            self.orders.insert(self.digests.hash_one(&ticket.order));
        }
    }

    /// Returns why the completed reading needs confirmation, if it does.
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
    /// Whether a second reading settles the doubt by listing the very same tickets. It cannot settle a count by the
    /// ticketing system itself: those tickets stay missing.
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
