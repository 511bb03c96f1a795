//! What one instance of a backend may take.

use std::time::Duration;

use crate::resource_limits::GuestLimits;

/// The resources of one instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceLimits {
    pub guest: GuestLimits,
    /// How long one call may take, waiting included.
    pub time: Duration,
    /// How long all calls may compute, waiting excluded.
    pub cpu_time: Duration,
    /// How many requests it may send.
    pub requests: u32,
}
