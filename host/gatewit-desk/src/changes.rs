//! The guards and writes of one commit, collected step by step.

use crate::error::DeskError;
use gatewit_domain::ports::{Commit, Guard, Store, Write};

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
        Ok(store.commit(self.guards, self.writes).await? == Commit::Done)
    }
}
