//! The trait of a check-in strategy.

pub(crate) mod event;
pub(crate) mod window;
pub(crate) mod wire;
pub(crate) mod zoned;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Event, Holder, Window};

/// A check-in strategy: its fields are the options an organizer sets, its `windows` say when the doors are open.
///
/// It is pure: no clock, no randomness, no files, no network. Derive `Deserialize` and `JsonSchema`, with
/// `#[serde(rename_all = "camelCase", deny_unknown_fields)]`, and document the fields: their comments become the
/// descriptions in the schema. [`Hours`](crate::Hours), [`Minutes`](crate::Minutes) and
/// [`TimeOfDay`](crate::TimeOfDay) reject invalid values by themselves.
pub trait Strategy: DeserializeOwned + JsonSchema {
    /// Returns all windows in which this holder may enter this event; [`EventDay::window`](crate::EventDay::window)
    /// makes one. On a day without a window, this holder cannot enter.
    ///
    /// An error means that there is no answer, and the last known windows stay. Its text is for the operator.
    fn windows(&self, event: &Event, holder: &Holder) -> Result<Vec<Window>, String>;

    /// Checks options that are valid each by itself but may contradict each other. By default, accepts them all.
    ///
    /// The organizer sees the error, and `windows` is never called with options that fail.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
