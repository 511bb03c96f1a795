//! The limits of one instance of a guest, except time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::{ResourceLimiter, Result};

/// The most core modules, memories or tables of one component. Python with NumPy has 34 modules.
const PARTS_MAX: usize = 64;

/// What one instance of a guest may take, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestLimits {
    /// Memory in bytes; more than 4 GiB has no further effect.
    pub memory_bytes: usize,
    /// What one call may answer, in bytes.
    pub answer_bytes: usize,
    /// Entries of one table: mostly function pointers. Python and C# have some ten thousand.
    pub table_entries: usize,
    /// Handles to resources at one time.
    pub handles: usize,
}

/// The remaining resources of a guest, kept in its store.
pub(crate) struct ResourceLimits {
    guest: GuestLimits,
    memory_left: usize,
    memory_was_exceeded: bool,
    peak: MemoryPeak,
}

/// The most memory that an instance of a component has had, in bytes. Copies share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryPeak(Arc<AtomicUsize>);

impl MemoryPeak {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl ResourceLimits {
    pub(crate) fn new(guest: GuestLimits, peak: MemoryPeak) -> Self {
        Self {
            guest,
            memory_left: guest.memory_bytes,
            memory_was_exceeded: false,
            peak,
        }
    }

    /// The memory that the instance started with.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.guest.memory_bytes
    }

    /// Whether the guest asked for more memory than it may have.
    pub(crate) fn memory_was_exceeded(&self) -> bool {
        self.memory_was_exceeded
    }
}

impl ResourceLimiter for ResourceLimits {
    /// Counts all memories of the guest together.
    ///
    /// A refusal is not a trap: after it, a garbage collector may still free enough memory.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let Some(left) = self
            .memory_left
            .checked_sub(desired.saturating_sub(current))
        else {
            self.memory_was_exceeded = true;
            return Ok(false);
        };
        self.memory_left = left;
        let used = self.guest.memory_bytes - left;
        self.peak.0.fetch_max(used, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= self.guest.table_entries)
    }

    fn instances(&self) -> usize {
        PARTS_MAX
    }

    fn memories(&self) -> usize {
        PARTS_MAX
    }

    fn tables(&self) -> usize {
        PARTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let peak = MemoryPeak::default();
        let guest = GuestLimits {
            memory_bytes: 100,
            answer_bytes: 0,
            table_entries: 0,
            handles: 0,
        };
        let mut limits = ResourceLimits::new(guest, peak.clone());
        assert!(limits.memory_growing(0, 60, None).unwrap());
        assert!(limits.memory_growing(60, 70, None).unwrap());
        assert!(!limits.memory_growing(0, 31, Some(30)).unwrap());
        assert!(!limits.memory_was_exceeded());
        assert!(limits.memory_growing(0, 30, Some(30)).unwrap());
        assert!(!limits.memory_growing(70, 71, None).unwrap());
        assert!(limits.memory_was_exceeded());
        assert!(limits.memory_growing(60, 60, None).unwrap());
        assert_eq!(peak.bytes(), 100);
    }
}
