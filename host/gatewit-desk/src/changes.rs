//! Commits that compare and retry: the guards and writes of one, and the loop around it.

use gatewit_domain::ports::{Guard, Store, Write};

use crate::error::DeskError;

/// How often a step is retried when a concurrent change invalidated what it read.
///
/// In each round at least one contender commits, so this is also how many may race for one ticket.
const ATTEMPTS_MAX: usize = 256;

/// What a commit requires and what it changes.
#[derive(Default)]
pub(super) struct Changes {
    pub guards: Vec<Guard>,
    pub writes: Vec<Write>,
}

impl Changes {
    pub fn add(&mut self, other: Self) {
        self.guards.extend(other.guards);
        self.writes.extend(other.writes);
    }

    /// Commits them; false if a guard did not hold.
    pub async fn commit(self, store: &dyn Store) -> Result<bool, DeskError> {
        Ok(store.commit(self.guards, self.writes).await?.is_done())
    }
}

/// Repeats a step until it has a result. The step reads, decides and commits; it returns None if something that it had
/// read was changed before its commit.
pub(super) async fn retry<T, F>(step: impl Fn() -> F) -> Result<T, DeskError>
where
    F: Future<Output = Result<Option<T>, DeskError>>,
{
    for _ in 0..ATTEMPTS_MAX {
        if let Some(result) = step().await? {
            return Ok(result);
        }
    }
    Err(DeskError::contended())
}
