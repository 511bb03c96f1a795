//! A table that is whole in memory: what it does not hold is absent.

use std::collections::BTreeMap;
use std::iter;

use bytes::Bytes;
use gatewit_domain::ports::Key;

use crate::piece::Row;
use crate::section::Section;

/// The rows of one table, in order.
///
/// Keys of three parts and more are in one section for each second part, such as an event. So what the keys of a
/// section begin with is kept once.
pub(crate) struct Table {
    name: &'static str,
    /// The keys of one or two parts.
    shallow: Section,
    /// The others, by their first two parts without the table's name.
    deep: BTreeMap<Box<[u8]>, Section>,
    bytes: usize,
}

impl Table {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            shallow: Section::default(),
            deep: BTreeMap::new(),
            bytes: 0,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Bytes> {
        let (section, tail) = self.split(key);
        let row = self.section(section)?.get(tail)?;
        Some(Bytes::copy_from_slice(row.value))
    }

    /// Sets the value of a key, or removes it.
    pub(crate) fn set(&mut self, key: &Key, value: Option<&[u8]>) {
        let (section, tail) = self.split(key);
        let replaced = match value {
            Some(value) => {
                let row = Row { tail, value };
                self.bytes += row.memory();
                self.section_mut(section).set(row)
            }
            None => self.remove(section, tail),
        };
        self.bytes -= replaced;
    }

    /// Adds a row behind all others. Its key comes without the name of the table.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) {
        let (section, tail) = split(key);
        let row = Row { tail, value };
        self.bytes += row.memory();
        let Some(section) = section else {
            return self.shallow.push(row);
        };
        match self.deep.last_entry() {
            Some(mut last) if **last.key() == *section => last.get_mut().push(row),
            _ => self.deep.entry(section.into()).or_default().push(row),
        }
    }

    /// The memory that the rows take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The rows whose key starts with `prefix`, from the key `from` on, in order.
    pub(crate) fn scan<'a>(
        &'a self,
        prefix: &'a [u8],
        from: &'a [u8],
    ) -> impl Iterator<Item = (Key, Bytes)> + 'a {
        let name = self.name.as_bytes();
        let from = match from.strip_prefix(name) {
            Some(from) => Some(from),
            None => (from < name).then_some(&[][..]),
        };
        from.into_iter().flat_map(|from| {
            merged(
                self.scan_shallow(from, prefix),
                self.scan_deep(from, prefix),
            )
        })
    }

    fn scan_shallow<'a>(
        &'a self,
        from: &'a [u8],
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (Key, Bytes)> {
        in_section(self.name, &[], self.shallow.rows_from(from), prefix)
    }

    fn scan_deep<'a>(
        &'a self,
        from: &'a [u8],
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (Key, Bytes)> {
        let (first, tail) = from.split_at(end_of_section(from).unwrap_or(from.len()));
        let prefix_here = prefix
            .strip_prefix(self.name.as_bytes())
            .unwrap_or_default();
        (self
            .deep
            .range::<[u8], _>((std::ops::Bound::Included(first), std::ops::Bound::Unbounded)))
        .take_while(move |(section, _)| {
            section.starts_with(prefix_here) || prefix_here.starts_with(section)
        })
        .flat_map(move |(section, rows)| {
            let tail = if **section == *first { tail } else { &[] };
            in_section(self.name, section, rows.rows_from(tail), prefix)
        })
    }

    fn section(&self, section: Option<&[u8]>) -> Option<&Section> {
        match section {
            Some(section) => self.deep.get(section),
            None => Some(&self.shallow),
        }
    }

    fn section_mut(&mut self, section: Option<&[u8]>) -> &mut Section {
        match section {
            // Not by `entry`, which needs a name of its own each time.
            Some(section) if self.deep.contains_key(section) => self
                .deep
                .get_mut(section)
                .expect("it was there a moment ago"),
            Some(section) => self.deep.entry(section.into()).or_default(),
            None => &mut self.shallow,
        }
    }

    fn remove(&mut self, section: Option<&[u8]>, tail: &[u8]) -> usize {
        let Some(name) = section else {
            return self.shallow.remove(tail);
        };
        let Some(rows) = self.deep.get_mut(name) else {
            return 0;
        };
        let removed = rows.remove(tail);
        if rows.is_empty() {
            self.deep.remove(name);
        }
        removed
    }

    fn split<'a>(&self, key: &'a Key) -> (Option<&'a [u8]>, &'a [u8]) {
        split(&key.as_bytes()[self.name.len()..])
    }
}

/// Splits a key without its table's name into the name of its section, `None` for the shallow one, and the rest.
fn split(key: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match end_of_section(key) {
        Some(end) => (Some(&key[..end]), &key[end..]),
        None => (None, key),
    }
}

/// The position behind the second slash of a key without its table's name.
fn end_of_section(key: &[u8]) -> Option<usize> {
    let second = key.iter().skip(1).position(|byte| *byte == b'/')?;
    Some(second + 2)
}

fn in_section<'a>(
    table: &'static str,
    section: &'a [u8],
    rows: impl Iterator<Item = Row<'a>> + 'a,
    prefix: &'a [u8],
) -> impl Iterator<Item = (Key, Bytes)> + 'a {
    let start = [table.as_bytes(), section].concat();
    rows.map(move |row| ([&start, row.tail].concat(), row.value))
        .take_while(move |(key, _)| key.starts_with(prefix))
        .map(|(key, value)| (Key::new(key), Bytes::copy_from_slice(value)))
}

/// Merges two ordered streams of rows.
fn merged(
    one: impl Iterator<Item = (Key, Bytes)>,
    other: impl Iterator<Item = (Key, Bytes)>,
) -> impl Iterator<Item = (Key, Bytes)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((first, _)), Some((second, _))) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> impl Strategy<Value = Vec<u8>> {
        let parts = prop::sample::select(vec![
            "", "/", "/e", "/e/", "/e/t", "/ea", "/ea/t/u", "//", "/\0/", "/e0/t",
        ]);
        let end = prop::sample::select(vec![
            "",
            "t",
            "/0123456789abcdef",
            "0123456789abcdef0",
            "\0",
        ]);
        (parts, end).prop_map(|(parts, end)| format!("t{parts}{end}").into_bytes())
    }

    proptest! {
        #[test]
        fn a_table_is_an_ordered_map(
            changes in prop::collection::vec((keys(), prop::option::of(0..3_u8)), 0..60),
            scans in prop::collection::vec((keys(), keys()), 1..10),
        ) {
            let (mut table, mut map) = (Table::new("t"), BTreeMap::new());
            for (key, value) in changes {
                let key = Key::new(key);
                table.set(&key, value.as_ref().map(std::slice::from_ref));
                match value {
                    Some(value) => map.insert(key.clone(), Bytes::from(vec![value])),
                    None => map.remove(&key),
                };
                prop_assert_eq!(table.get(&key), map.get(&key).cloned());
            }
            for (prefix, from) in scans {
                let from = from.max(prefix.clone());
                let scanned: Vec<_> = table.scan(&prefix, &from).collect();
                let expected: Vec<_> = (map.iter())
                    .filter(|(key, _)| key.as_bytes().starts_with(&prefix) && key.as_bytes() >= &*from)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                prop_assert_eq!(scanned, expected);
            }
            let all: Vec<_> = table.scan(b"", b"").collect();
            prop_assert_eq!(all, map.clone().into_iter().collect::<Vec<_>>());
            for key in map.keys() {
                table.set(key, None);
            }
            prop_assert_eq!(table.bytes(), 0);
        }
    }
}
