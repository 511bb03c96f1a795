//! Folds the appended rows of a store that opens into derived rows.

use std::collections::HashMap;

use bytes::Bytes;
use foldhash::fast::RandomState;
use gatewit_domain::ports::{Appended, Damage, Key, StoreError, StoreLayout};

use crate::group::{Group, Held};

/// What the appended rows add up to.
#[derive(Default)]
pub(crate) struct Fold {
    /// The last number of each sequence.
    pub sequences: HashMap<Key, u64, RandomState>,
    /// Every derived row.
    pub derived: HashMap<Key, Bytes, RandomState>,
    /// The sequences that cannot be read. Nothing is derived from them.
    pub damages: Vec<Damage>,
    folding: Option<Folding>,
}

/// The sequence that is being folded.
struct Folding {
    prefix: Key,
    last: u64,
    group: Group,
    damage: Option<Damage>,
}

/// A sequence derives rows of its own, so that it begins from nothing.
struct Nothing;

impl Held for Nothing {
    fn row(&self, _: &Key) -> Result<Option<Bytes>, StoreError> {
        Ok(None)
    }

    fn last(&self, _: &Key) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl Fold {
    /// Takes the next row of the appended table, in the order of keys.
    pub(crate) fn take(&mut self, layout: &StoreLayout, key: Key, value: Bytes) {
        let Some((prefix, sequence)) = Appended::parse(&key) else {
            let cause = "its key has no number".to_owned();
            self.damages.push(Damage {
                prefix: key,
                sequence: 0,
                cause,
            });
            return;
        };
        if self
            .folding
            .as_ref()
            .is_none_or(|folding| folding.prefix != prefix)
        {
            self.end_sequence();
            self.folding = Some(Folding::new(prefix));
        }
        if let Some(folding) = &mut self.folding {
            folding.take(layout, sequence, value);
        }
    }

    /// Ends the last sequence.
    pub(crate) fn finish(mut self) -> Self {
        self.end_sequence();
        self
    }

    fn end_sequence(&mut self) {
        let Some(mut folding) = self.folding.take() else {
            return;
        };
        match folding.damage {
            Some(damage) => self.damages.push(damage),
            None => {
                self.sequences.insert(folding.prefix, folding.last);
                let rows = folding.group.drain();
                self.derived
                    .extend(rows.filter_map(|(key, value)| Some((key, value?))));
            }
        }
    }
}

impl Folding {
    fn new(prefix: Key) -> Self {
        Self {
            prefix,
            last: 0,
            group: Group::default(),
            damage: None,
        }
    }

    fn take(&mut self, layout: &StoreLayout, sequence: u64, value: Bytes) {
        if self.damage.is_some() {
            return;
        }
        if sequence != self.last + 1 {
            self.damage(self.last + 1, "the row is missing".to_owned());
            return;
        }
        let appended = Appended {
            prefix: &self.prefix,
            sequence,
            value: &value,
        };
        match self.group.derive_from(layout, &Nothing, &appended) {
            Ok(()) => self.last = sequence,
            Err(err) => self.damage(sequence, with_sources(&err)),
        }
    }

    fn damage(&mut self, sequence: u64, cause: String) {
        let prefix = self.prefix.clone();
        self.damage = Some(Damage {
            prefix,
            sequence,
            cause,
        });
    }
}

fn with_sources(err: &StoreError) -> String {
    let mut text = err.to_string();
    let mut source = std::error::Error::source(err);
    while let Some(err) = source {
        text = format!("{text}: {err}");
        source = err.source();
    }
    text
}
