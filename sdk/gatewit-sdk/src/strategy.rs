//! What a check-in strategy is, and how one becomes a component.

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
/// [`TimeOfDay`](crate::TimeOfDay) refuse by themselves what makes no sense.
pub trait Strategy: DeserializeOwned + JsonSchema {
    /// Gives all windows in which this holder may enter this event; [`EventDay::window`](crate::EventDay::window) makes
    /// one. A day without a window lets this holder in at no time.
    ///
    /// An error means there is no answer, and the doors stay as they were last known; say why, for the operator.
    fn windows(&self, event: &Event, holder: &Holder) -> Result<Vec<Window>, String>;

    /// Says what is wrong with options that are each well-formed but make no sense together. Nothing, by default.
    ///
    /// The error is shown to the organizer, and `windows` is never asked of options that do not pass.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Makes a [`Strategy`] the component's export. Once in a crate, at its top level.
///
/// Version and summary are the crate's `version` and `description` in its `Cargo.toml`. Natively it exports nothing, so
/// that the crate's tests are ordinary ones.
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
