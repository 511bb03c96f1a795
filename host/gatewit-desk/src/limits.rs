//! How much is read of the store at once.

/// The most rows read for one page of a list, so that a filter that matches nothing still ends.
pub(crate) const LOOKED_AT_MAX: usize = 5_000;

/// The rows per read of a table.
pub(crate) const PAGE: usize = 1_000;

/// How many values are read by their keys at once: less than a millisecond.
pub(crate) const AT_ONCE: usize = 50;
