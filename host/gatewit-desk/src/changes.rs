//! Commits that compare and retry: the guards and writes of one, and the loop around it.

use gatewit_domain::ports::{Guard, Store, Write};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DeskError;
use crate::limits::PAGE;
use crate::tables::{KeyText, Table};
use crate::turns::let_others_run;

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

/// Deletes the values of a table that are meant, page by page; returns how many. A page in which one of them changes
/// meanwhile is looked at again.
pub(super) async fn delete_where<V: Serialize + DeserializeOwned, K: KeyText>(
    store: &dyn Store,
    table: &Table<V, K>,
    is_meant: impl Fn(&V) -> bool,
) -> Result<usize, DeskError> {
    let (mut after, mut deleted) = (None, 0);
    loop {
        let page = table.page(store, "", after.as_ref(), PAGE).await?;
        let Some(last) = page.last().map(|row| row.key.clone()) else {
            return Ok(deleted);
        };
        let meant = page.into_iter().filter(|row| is_meant(&row.value));
        let (guards, writes): (Vec<_>, Vec<_>) = meant
            .map(|row| (row.unchanged(), Write::Delete(row.key)))
            .unzip();
        let count = writes.len();
        if count == 0 || (Changes { guards, writes }).commit(store).await? {
            after = Some(last);
            deleted += count;
        }
        let_others_run().await;
    }
}
