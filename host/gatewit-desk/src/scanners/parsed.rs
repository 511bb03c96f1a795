//! The scanners as they were parsed last, so that a scan does not parse its scanner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatewit_domain::id::ScannerId;
use gatewit_domain::ports::Store;
use gatewit_domain::scanner::Scanner;

use crate::error::DeskError;
use crate::tables::{EventScanner, SCANNERS, Stored};

/// The most scanners that are kept. If there are more, all are dropped and parsed again.
const KEPT_MAX: usize = 10_000;

/// Parsed scanners, each with the bytes it was parsed from. The lock is never held across an await.
#[derive(Default)]
pub(super) struct ParsedScanners(Mutex<HashMap<ScannerId, Stored<Arc<Scanner>>>>);

impl ParsedScanners {
    /// Reads a scanner from the store, and parses it if its bytes are not those that were parsed before. So a change is
    /// seen at once, whoever made it.
    pub async fn read(
        &self,
        store: &dyn Store,
        key: &EventScanner,
    ) -> Result<Option<Stored<Arc<Scanner>>>, DeskError> {
        let before = self.kept().get(&key.1).cloned();
        let read = SCANNERS.get_shared(store, key, before.as_ref()).await?;
        let is_kept = |read: &Arc<_>| {
            (before.as_ref()).is_some_and(|before| Arc::ptr_eq(&before.value, read))
        };
        match &read {
            Some(read) if is_kept(&read.value) => {}
            Some(read) => self.keep(key.1, read.clone()),
            None => {
                self.kept().remove(&key.1);
            }
        }
        Ok(read)
    }

    fn keep(&self, id: ScannerId, scanner: Stored<Arc<Scanner>>) {
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(id, scanner);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<ScannerId, Stored<Arc<Scanner>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use gatewit_domain::ports::Write;
    use gatewit_store::MemoryStore;
    use serde_json::json;

    use super::*;

    const ID: &str = "0190a5d6-0000-7000-8000-000000000001";

    fn key() -> EventScanner {
        EventScanner(ID.parse().unwrap(), ID.parse().unwrap())
    }

    fn named(name: &str) -> Write {
        let scanner = json!({
            "id": ID, "eventId": ID, "name": name, "deviceFingerprint": "fp-of-a-phone",
            "place": {}, "createdAt": "2025-12-15T06:00:00Z",
        });
        SCANNERS.put(&key(), &serde_json::from_value(scanner).unwrap())
    }

    fn commit(store: &MemoryStore, write: Write) {
        let commit = store.commit(Vec::new(), vec![write]);
        commit.now_or_never().unwrap().unwrap();
    }

    fn read(parsed: &ParsedScanners, store: &MemoryStore) -> Option<Arc<Scanner>> {
        let read = parsed.read(store, &key()).now_or_never().unwrap();
        read.unwrap().map(|stored| stored.value)
    }

    #[test]
    fn a_scanner_is_parsed_once_until_it_changes() {
        let (parsed, store) = (ParsedScanners::default(), MemoryStore::default());
        commit(&store, named("Gate 1"));
        let first = read(&parsed, &store).unwrap();
        assert!(Arc::ptr_eq(&first, &read(&parsed, &store).unwrap()));
        commit(&store, named("Gate 2"));
        assert_eq!(read(&parsed, &store).unwrap().name.as_str(), "Gate 2");
        commit(&store, SCANNERS.delete(&key()));
        assert_eq!(read(&parsed, &store), None);
        assert!(parsed.kept().is_empty());
    }
}
