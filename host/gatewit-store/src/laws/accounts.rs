//! A small layout with sequences, for the laws: what is appended changes the sums of accounts.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use gatewit_domain::ports::{Appended, Derivation, Key, Store, StoreLayout, Write};

use super::{key, rows, text};

/// Rows of `log/{book}/` read `{account} {amount}`. Derived are `sums/{book}/{account}`, where the sum is not zero,
/// `steps/{book}/{account}/{sequence}` and `counts/{book}`.
struct Accounts;

/// The layout of the laws. Some tables of theirs are resident.
pub(crate) fn layout() -> StoreLayout {
    StoreLayout {
        appended: "log",
        resident: &["a", "n", "pair", "row", "text", "value", "key"],
        derivation: Arc::new(Accounts),
    }
}

impl Derivation for Accounts {
    fn tables(&self) -> &'static [&'static str] {
        &["sums", "steps", "counts"]
    }

    fn derive(
        &self,
        appended: &Appended<'_>,
        before: &dyn Fn(&Key) -> Option<Bytes>,
    ) -> Result<Vec<Write>, Box<dyn Error + Send + Sync>> {
        let prefix = text(appended.prefix.as_bytes());
        let book = prefix.split('/').nth(1).ok_or("no book")?;
        let step = std::str::from_utf8(appended.value)?;
        let (account, amount) = step.split_once(' ').ok_or("no amount")?;
        let sum_key = key(format!("sums/{book}/{account}"));
        let held = before(&sum_key).map_or(Ok(0), |sum| text(&sum).parse::<i64>())?;
        let sum = held + amount.parse::<i64>()?;
        let step_key = key(format!("steps/{book}/{account}/{:04}", appended.sequence));
        Ok(vec![
            match sum {
                0 => Write::Delete(sum_key),
                sum => Write::Put(sum_key, sum.to_string().into()),
            },
            Write::Insert(step_key, amount.to_owned().into()),
            Write::Add(key(format!("counts/{book}")), 1),
        ])
    }
}

/// Checks that derived rows are what the appended rows add up to.
pub(crate) async fn check_fold(store: &dyn Store) {
    let mut expected = BTreeMap::new();
    let (mut sums, mut counts) = (BTreeMap::new(), BTreeMap::new());
    for (name, step) in rows(store, "log/").await {
        let (prefix, sequence) = name.rsplit_once('/').unwrap();
        let book = prefix.strip_prefix("log/").unwrap();
        let (account, amount) = step.split_once(' ').unwrap();
        let sequence = u64::from_str_radix(sequence, 16).unwrap();
        expected.insert(
            format!("steps/{book}/{account}/{sequence:04}"),
            amount.to_owned(),
        );
        *sums.entry(format!("sums/{book}/{account}")).or_default() +=
            amount.parse::<i64>().unwrap();
        *counts.entry(format!("counts/{book}")).or_insert(0_i64) += 1;
        assert_eq!(counts[&format!("counts/{book}")], sequence as i64, "no gap");
    }
    sums.retain(|_, sum| *sum != 0);
    let numbers = sums.into_iter().chain(counts);
    expected.extend(numbers.map(|(name, number)| (name, number.to_string())));
    let mut derived = Vec::new();
    for table in ["counts/", "steps/", "sums/"] {
        derived.extend(rows(store, table).await);
    }
    assert_eq!(derived, Vec::from_iter(expected));
}
