//! One comparison of components at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use gatewit_domain::problem::{PluginCode, Problem};

use crate::error::DeskError;

/// Whether somebody compares a component: one at a time, since it takes memory and time.
#[derive(Default)]
pub(super) struct DryRuns(AtomicBool);

/// The one who compares, until it is dropped.
pub(super) struct Alone<'d>(&'d AtomicBool);

impl DryRuns {
    pub fn begin(&self) -> Result<Alone<'_>, DeskError> {
        match self.0.swap(true, Ordering::Relaxed) {
            false => Ok(Alone(&self.0)),
            true => Err(DeskError::Conflict(Problem::new(
                PluginCode::DryRunUnderWay,
                "another component is being compared; try again when that has ended",
            ))),
        }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
