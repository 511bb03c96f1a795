//! Applies what derives from an appended row: while a commit is staged, and for every row when a store opens.

use std::cell::{Cell, RefCell};

use gatewit_domain::ports::{Appended, Key, StoreError, StoreLayout, Write};

use crate::layout::{Kind, kind};
use crate::value::{CounterError, Value};

/// Rows that can be read and changed.
pub(crate) trait Rows {
    /// The value as the changes so far leave it.
    fn value(&mut self, key: &Key) -> Result<Value, StoreError>;

    /// Changes the value.
    fn set(&mut self, key: Key, value: Value) -> Result<(), StoreError>;
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not a table of derived rows")]
struct NotDerived(String);

/// Derives from one appended row, and applies the writes.
pub(crate) fn derive(
    layout: &StoreLayout,
    rows: &mut impl Rows,
    appended: &Appended<'_>,
) -> Result<(), StoreError> {
    let fault = Cell::new(None);
    let reading = RefCell::new(&mut *rows);
    let before = |key: &Key| match reading.borrow_mut().value(key) {
        Ok(value) => value.into_stored(),
        Err(err) => {
            fault.set(Some(err));
            None
        }
    };
    let writes = layout.derivation.derive(appended, &before);
    if let Some(err) = fault.take() {
        return Err(err);
    }
    let action = "derive from the appended row";
    let fails = |source| StoreError::Failed { action, source };
    for write in writes.map_err(fails)? {
        if kind(layout, write.key()) != Kind::Derived {
            let table = write.key().table().into_owned();
            return Err(fails(Box::new(NotDerived(table))));
        }
        apply(rows, write)?;
    }
    Ok(())
}

/// Applies one write to a row outside the sequences.
pub(crate) fn apply(rows: &mut impl Rows, write: Write) -> Result<(), StoreError> {
    let (key, value) = match write {
        Write::Put(key, value) | Write::Insert(key, value) => (key, Value::Bytes(value)),
        Write::Append(prefix, _) => return Err(no_sequence(&prefix)),
        Write::Delete(key) => (key, Value::Absent),
        Write::Add(key, amount) => {
            let sum = rows.value(&key)?.plus(amount, &key);
            (key, sum.map_err(cannot_count)?)
        }
    };
    rows.set(key, value)
}

/// The error of an append to a table that is not appended to.
pub(crate) fn no_sequence(prefix: &Key) -> StoreError {
    StoreError::Failed {
        action: "append",
        source: format!("{} is not the table of appended rows", prefix.table()).into(),
    }
}

pub(crate) fn cannot_count(err: CounterError) -> StoreError {
    StoreError::Failed {
        action: "count",
        source: Box::new(err),
    }
}
