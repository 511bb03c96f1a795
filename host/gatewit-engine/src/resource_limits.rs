//! The limits of one instance of a guest, except time.

use wasmtime::{ResourceLimiter, Result};

/// The most entries of one table: mostly function pointers. Python and C# have some ten thousand.
const TABLE_ENTRIES_MAX: usize = 20_000;
/// The most core modules, memories or tables of one component. Python with NumPy has 34 modules.
const PARTS_MAX: usize = 64;

/// The remaining resources of a guest, kept in its store.
pub(crate) struct ResourceLimits {
    memory_bytes: usize,
    memory_left: usize,
    memory_was_exceeded: bool,
}

impl ResourceLimits {
    pub(crate) fn new(memory_bytes: usize) -> Self {
        Self {
            memory_bytes,
            memory_left: memory_bytes,
            memory_was_exceeded: false,
        }
    }

    /// The memory that the instance started with.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
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
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ENTRIES_MAX)
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
        let mut limits = ResourceLimits::new(100);
        assert!(limits.memory_growing(0, 60, None).unwrap());
        assert!(limits.memory_growing(60, 70, None).unwrap());
        assert!(!limits.memory_growing(0, 31, Some(30)).unwrap());
        assert!(!limits.memory_was_exceeded());
        assert!(limits.memory_growing(0, 30, Some(30)).unwrap());
        assert!(!limits.memory_growing(70, 71, None).unwrap());
        assert!(limits.memory_was_exceeded());
        assert!(limits.memory_growing(60, 60, None).unwrap());
    }
}
