//! Counts the add-ons of a source's tickets piece by piece.

use std::ops::Range;

use super::SourceSet;
use super::statistics::{AddonStatistics, AddonTypes, Counts};

/// Counts piece by piece, so that other tasks can run in between.
pub struct AddonCounting<'s> {
    types: &'s AddonTypes,
    counts: Counts<'s>,
}

impl<'s> AddonCounting<'s> {
    /// Begins at zero. `types` says which tickets count.
    pub fn new(types: &'s AddonTypes) -> Self {
        Self {
            types,
            counts: Counts::default(),
        }
    }

    /// Counts the tickets of a [`SourceSet::pieces`] that could make attendees.
    pub fn add(&mut self, set: &'s SourceSet, piece: Range<usize>) {
        set.count_addons(piece, self.types, &mut self.counts);
    }

    /// Returns the counts of all pieces added so far.
    pub fn finish(self) -> AddonStatistics {
        self.counts.statistics()
    }
}
