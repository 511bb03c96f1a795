//! Counts the T-shirts added to on-site tickets: `addon_statistics`. `fact-check-in.md` §1.4.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

/// Which tickets are counted: `addon_statistics` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddonTypes {
    /// Ids of the categories of on-site tickets.
    pub onsite_categories: Vec<String>,
    /// The id of the T-shirt's ticket type.
    pub shirt: String,
}

/// The counts, named as in the contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddonStatistics {
    /// How many tickets are in one of the on-site categories.
    pub onsite_tickets_sold: u64,
    /// How many tickets have a T-shirt.
    pub tshirt_purchased: u64,
    /// The difference of the two. Negative if T-shirts were added to other tickets.
    pub tshirt_not_purchased: i64,
    /// The most frequent first.
    pub tshirt_variants: Vec<ShirtVariant>,
}

/// A kind of T-shirt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShirtVariant {
    /// The name of the variation; `Unknown (None)` for shirts without one.
    pub variant_name: String,
    /// How many shirts of this variation there are.
    pub count: u64,
}

/// The counts so far, updated for each ticket.
#[derive(Default)]
pub(super) struct Counts<'t> {
    pub onsite: u64,
    /// The references of tickets that shirts were added to.
    with_shirt: HashSet<&'t str>,
    shirts: BTreeMap<&'t str, u64>,
}

impl<'t> Counts<'t> {
    /// Counts a shirt. `parent` is empty if it was not added to a ticket.
    pub fn add_shirt(&mut self, parent: &'t str, variation: Option<&'t str>) {
        if !parent.is_empty() {
            self.with_shirt.insert(parent);
        }
        *self
            .shirts
            .entry(variation.unwrap_or("Unknown (None)"))
            .or_default() += 1;
    }

    pub fn statistics(self) -> AddonStatistics {
        let shirts = self.shirts.into_iter().map(|(name, count)| ShirtVariant {
            variant_name: name.to_owned(),
            count,
        });
        let mut variants: Vec<_> = shirts.collect();
        variants.sort_by_key(|variant| Reverse(variant.count));
        let purchased = self.with_shirt.len() as u64;
        AddonStatistics {
            onsite_tickets_sold: self.onsite,
            tshirt_purchased: purchased,
            tshirt_not_purchased: self.onsite as i64 - purchased as i64,
            tshirt_variants: variants,
        }
    }
}
