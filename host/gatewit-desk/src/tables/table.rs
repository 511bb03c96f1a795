//! Tables of values in the store, read one by one or page by page, with the guards and writes of commits.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Appended, Guard, Key, Store, Write};
use gatewit_domain::record::Record;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{Codec, Json};
use super::keys::{EventRecord, KeyText, of_event};
use crate::error::DeskError;

/// Few keys have more bytes: a table and two ids.
const KEY_LENGTH: usize = 96;

/// A kind of value under keys of one kind.
pub struct Table<V, K, C = Json> {
    name: &'static str,
    types: PhantomData<fn(K, C) -> V>,
}

/// A value with the bytes it was read from, to guard a commit with.
#[derive(Clone, Debug)]
pub struct Stored<V> {
    /// The value.
    pub value: V,
    /// Its key in the store.
    pub key: Key,
    bytes: Bytes,
}

impl<V> Stored<V> {
    /// A guard that holds if the value is still the one that was read.
    pub fn unchanged(&self) -> Guard {
        Guard::Unchanged(self.key.clone(), self.bytes.clone())
    }

    /// Returns the last part of the key.
    pub fn name(&self) -> Cow<'_, str> {
        last_part(&self.key)
    }
}

impl Stored<Record> {
    /// The number of the record.
    pub fn number(&self) -> Result<u64, DeskError> {
        let parsed = Appended::parse(&self.key);
        let number = parsed.map(|(_, number)| number);
        number.ok_or_else(|| DeskError::Fault {
            action: "read the number of a record".to_owned(),
            source: "its key has none".into(),
        })
    }
}

impl<V, K, C> Table<V, K, C> {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            types: PhantomData,
        }
    }

    /// The table's name: the first part of its keys.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn rows(&self, prefix: &str) -> Key {
        Key::new([self.name, "/", prefix].concat())
    }
}

impl<V, K: KeyText, C> Table<V, K, C> {
    /// Returns the key in the store.
    pub fn key(&self, key: &K) -> Key {
        let mut bytes = Vec::with_capacity(KEY_LENGTH);
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.push(b'/');
        key.append_to(&mut bytes);
        Key::new(bytes)
    }
}

impl<V: Serialize + DeserializeOwned, K: KeyText, C: Codec> Table<V, K, C> {
    /// A write that stores a value.
    pub fn put(&self, key: &K, value: &V) -> Write {
        Write::Put(self.key(key), C::encode(value))
    }

    /// A write that stores the value of a key that never had one, such as a new id.
    pub fn insert(&self, key: &K, value: &V) -> Write {
        Write::Insert(self.key(key), C::encode(value))
    }

    /// A guard that holds if the value is this one.
    pub fn is(&self, key: &K, value: &V) -> Guard {
        Guard::Unchanged(self.key(key), C::encode(value))
    }

    /// A guard that holds if the value was this one after the commit was requested.
    pub fn seen(&self, key: &K, value: &V) -> Guard {
        Guard::Seen(self.key(key), C::encode(value))
    }

    /// A write that deletes a value.
    pub fn delete(&self, key: &K) -> Write {
        Write::Delete(self.key(key))
    }

    /// A guard that holds if there is no value.
    pub fn absent(&self, key: &K) -> Guard {
        Guard::Absent(self.key(key))
    }

    /// A guard that holds if the value, or its absence, is still as it was read.
    pub fn as_read(&self, key: &K, read: Option<&Stored<V>>) -> Guard {
        read.map_or_else(|| self.absent(key), Stored::unchanged)
    }

    /// Reads a value.
    pub async fn get(&self, store: &dyn Store, key: &K) -> Result<Option<Stored<V>>, DeskError> {
        let key = self.key(key);
        let bytes = store.get(&key).await?;
        bytes.map(|bytes| read::<V, C>(key, bytes)).transpose()
    }

    /// Reads a value that was read before: it is decoded again only if its bytes are other ones.
    pub async fn get_shared(
        &self,
        store: &dyn Store,
        key: &K,
        before: Option<&Stored<Arc<V>>>,
    ) -> Result<Option<Stored<Arc<V>>>, DeskError> {
        let key = self.key(key);
        let Some(bytes) = store.get(&key).await? else {
            return Ok(None);
        };
        let before = before.filter(|before| before.bytes == bytes);
        let value = match before {
            Some(before) => Arc::clone(&before.value),
            None => Arc::new(self.decode(&key, &bytes)?),
        };
        Ok(Some(Stored { value, key, bytes }))
    }

    /// Reads several values of one moment, in the order of the keys.
    pub async fn get_many(
        &self,
        store: &dyn Store,
        keys: &[K],
    ) -> Result<Vec<Option<Stored<V>>>, DeskError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
        let values = store.get_many(&keys).await?;
        let rows = keys.into_iter().zip(values);
        rows.map(|(key, bytes)| bytes.map(|bytes| read::<V, C>(key, bytes)).transpose())
            .collect()
    }

    /// Reads the value of a row that was read otherwise.
    pub fn decode(&self, key: &Key, bytes: &Bytes) -> Result<V, DeskError> {
        decode::<V, C>(key, bytes)
    }

    /// Reads all values whose key starts with `prefix`, in pages of `size`.
    pub fn pages<'s>(&self, store: &'s dyn Store, prefix: &str, size: usize) -> Pages<'s, V, C> {
        Pages {
            store,
            prefix: self.rows(prefix),
            after: None,
            size,
            values: PhantomData,
        }
    }

    /// Reads up to `limit` values whose key starts with `prefix`, in key order, beginning after `after`.
    pub async fn page(
        &self,
        store: &dyn Store,
        prefix: &str,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Stored<V>>, DeskError> {
        read_page::<V, C>(store, &self.rows(prefix), after, limit).await
    }
}

/// The rows of a table whose keys start with a prefix, in key order and page by page.
pub struct Pages<'s, V, C = Json> {
    store: &'s dyn Store,
    prefix: Key,
    after: Option<Key>,
    size: usize,
    values: PhantomData<fn(C) -> V>,
}

impl<V: DeserializeOwned, C: Codec> Pages<'_, V, C> {
    /// Reads the next page; None after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Stored<V>>>, DeskError> {
        let after = self.after.as_ref();
        let page = read_page::<V, C>(self.store, &self.prefix, after, self.size).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after = Some(last.key.clone());
        Ok(Some(page))
    }
}

impl<V, K, C> Table<V, K, C> {
    /// Lists up to `limit` keys that start with `prefix`.
    pub async fn keys(
        &self,
        store: &dyn Store,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<Key>, DeskError> {
        let rows = store.scan(&self.rows(prefix), None, limit).await?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }
}

impl<V: Serialize + DeserializeOwned, C: Codec> Table<V, EventRecord, C> {
    /// A write that appends a value to the event's sequence.
    pub fn append(&self, event: EventId, value: &V) -> Write {
        Write::Append(self.prefix(event), C::encode(value))
    }

    /// The prefix of the event's sequence.
    pub fn prefix(&self, event: EventId) -> Key {
        self.rows(&of_event(event))
    }

    /// Returns the event of a sequence, or of any key in it.
    pub fn event_of(&self, prefix: &Key) -> Result<EventId, uuid::Error> {
        let text = String::from_utf8_lossy(prefix.as_bytes());
        text.split('/').nth(1).unwrap_or_default().parse()
    }
}

async fn read_page<V: DeserializeOwned, C: Codec>(
    store: &dyn Store,
    prefix: &Key,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<Stored<V>>, DeskError> {
    let rows = store.scan(prefix, after, limit).await?;
    let rows = rows
        .into_iter()
        .map(|(key, bytes)| read::<V, C>(key, bytes));
    rows.collect()
}

/// Returns the part of a key after its last slash.
pub fn last_part(key: &Key) -> Cow<'_, str> {
    let parts = key.as_bytes().rsplit(|byte| *byte == b'/');
    String::from_utf8_lossy(parts.into_iter().next().unwrap_or_default())
}

fn read<V: DeserializeOwned, C: Codec>(key: Key, bytes: Bytes) -> Result<Stored<V>, DeskError> {
    let value = decode::<V, C>(&key, &bytes)?;
    Ok(Stored { value, key, bytes })
}

fn decode<V: DeserializeOwned, C: Codec>(key: &Key, bytes: &Bytes) -> Result<V, DeskError> {
    // The error omits the key, which may contain personal data.
    C::decode(bytes).map_err(|err| DeskError::Fault {
        action: format!("read a stored value of the table {}", key.table()),
        source: Box::new(err),
    })
}
