//! A store that takes as long for a commit as a test likes.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, Store, StoreError, Write};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::patience::PATIENCE;

/// A store whose commits are held up while a test says so.
pub struct SlowStore {
    store: Arc<dyn Store>,
    held: Mutex<Option<Arc<Hold>>>,
}

/// Holds up commits: they are applied, and not answered until it is let go.
pub struct Held<'s> {
    store: &'s SlowStore,
    hold: Arc<Hold>,
}

struct Hold {
    asked: Semaphore,
    goes_on: Semaphore,
}

impl SlowStore {
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            held: Mutex::default(),
        }
    }

    /// Holds up the commits that come from now on.
    pub async fn hold(&self) -> Held<'_> {
        let hold = Arc::new(Hold {
            asked: Semaphore::new(0),
            goes_on: Semaphore::new(0),
        });
        *self.held.lock().await = Some(hold.clone());
        Held { store: self, hold }
    }
}

impl Held<'_> {
    /// Waits until a commit is held up.
    pub async fn until_asked(&self) {
        let asked = timeout(PATIENCE, self.hold.asked.acquire()).await;
        let asked = asked.expect("a commit is asked for in time");
        asked.expect("it is never closed").forget();
    }

    /// Lets every commit be answered.
    pub async fn let_go(self) {
        *self.store.held.lock().await = None;
        self.hold.goes_on.add_permits(1_000);
    }

    /// Panics in every commit that waits.
    pub async fn panic(self) {
        *self.store.held.lock().await = None;
        self.hold.goes_on.close();
    }
}

#[async_trait]
impl Store for SlowStore {
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.store.get_many(keys).await
    }

    async fn scan(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        self.store.scan(prefix, after, limit).await
    }

    async fn commit(&self, guards: Vec<Guard>, writes: Vec<Write>) -> Result<Commit, StoreError> {
        let committed = self.store.commit(guards, writes).await;
        let held = self.held.lock().await.clone();
        if let Some(hold) = held {
            hold.asked.add_permits(1);
            let goes_on = hold.goes_on.acquire().await;
            goes_on.expect("the test wants no panic").forget();
        }
        committed
    }
}
