//! The trait of a check-in strategy, and the macro that makes one a component.

pub(crate) mod event;
pub(crate) mod window;
pub(crate) mod wire;

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

/// Exports a [`Strategy`] from the component. Use it once, at the top level of the crate.
///
/// Version and summary are the `version` and `description` in the crate's `Cargo.toml`. Outside WebAssembly it exports
/// nothing, so the crate's tests are ordinary ones.
#[macro_export]
macro_rules! export_strategy {
    ($strategy:ty) => {
        const _: fn() = || {
            fn is_strategy<S: $crate::Strategy>() {}
            is_strategy::<$strategy>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::strategy::exports::gatewit::plugin::check_in_strategy as wire;

            struct Exported;

            impl wire::Guest for Exported {
                fn describe() -> wire::Description {
                    $crate::export::describe::<$strategy>(
                        env!("CARGO_PKG_VERSION"),
                        env!("CARGO_PKG_DESCRIPTION"),
                    )
                }

                fn check_options(options: String) -> Result<(), String> {
                    $crate::export::check_options::<$strategy>(&options)
                }

                fn windows(
                    options: String,
                    event: wire::Event,
                    holder: wire::Holder,
                ) -> Result<Vec<wire::Window>, String> {
                    $crate::export::windows::<$strategy>(&options, event, holder)
                }
            }

    $crate::bindings::strategy::export!(Exported with_types_in $crate::bindings::strategy);
        };
    };
}
