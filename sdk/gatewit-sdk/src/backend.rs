//! What a ticketing backend is, and how one becomes a component.

pub mod cursor;
pub(crate) mod days;
pub(crate) mod fault;
pub(crate) mod http;
pub(crate) mod settings;
pub(crate) mod ticket;
pub(crate) mod wire;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Fault, Http, Page, Ticket, TicketType};

/// A ticketing backend: its fields are the settings an operator gives, its functions read the ticketing system.
///
/// Derive `Deserialize` and `JsonSchema`, with `#[serde(deny_unknown_fields)]`, and document the fields: their comments
/// become the descriptions in the schema. [`BaseUrl`](crate::BaseUrl), [`Slug`](crate::Slug) and
/// [`Secret`](crate::Secret) refuse by themselves what makes no sense.
///
/// One run of a sync asks one value, so a field with `#[serde(skip)]` may remember what all pages need, such as the
/// products. The next run begins with a fresh value: what has to last belongs into the cursor.
pub trait Backend: DeserializeOwned + JsonSchema {
    /// Lists all kinds of tickets, those that admit nobody included.
    fn ticket_types(&mut self, http: &Http) -> Result<Vec<TicketType>, Fault>;

    /// Reads one page of tickets, as large as one answer of the ticketing system.
    ///
    /// No cursor begins a full sync; otherwise it is what an earlier page ended with, and never comes twice in a run.
    /// [`cursor`] keeps any value in one.
    fn tickets(&mut self, http: &Http, cursor: Option<&str>) -> Result<Page, Fault>;

    /// Looks up, in the ticketing system at this moment, the tickets that have this reference, order, code or e-mail
    /// address: those of which [`Ticket::is_called`] is true. Nothing found is an empty list.
    fn find(&mut self, http: &Http, text: &str) -> Result<Vec<Ticket>, Fault>;

    /// Says what is wrong with settings that are each well-formed but make no sense together. Nothing, by default.
    ///
    /// It asks nobody. The error is shown to the operator, and settings that do not pass are used for nothing.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Makes a [`Backend`] the component's export. Once in a crate, at its top level.
///
/// Version and summary are the crate's `version` and `description` in its `Cargo.toml`. Natively it exports nothing, so
/// that the crate's tests are ordinary ones.
#[macro_export]
macro_rules! export_backend {
    ($backend:ty) => {
        const _: fn() = || {
            fn is_backend<B: $crate::Backend>() {}
            is_backend::<$backend>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::backend::exports::gatewit::plugin::ticketing_backend as wire;
            use $crate::export::backend::{Kept, check_settings, describe};

            thread_local! {
                static KEPT: Kept<$backend> = const { Kept::nothing() };
            }

            struct Exported;

            impl wire::Guest for Exported {
                fn describe() -> wire::Description {
                    describe::<$backend>(env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION"))
                }

                fn check_settings(settings: String) -> Result<(), String> {
                    check_settings::<$backend>(&settings)
                }

                fn ticket_types(settings: String) -> Result<Vec<wire::TicketType>, wire::Fault> {
                    KEPT.with(|kept| kept.ask(settings, |backend, http| backend.ticket_types(http)))
                }

                fn tickets(
                    settings: String,
                    cursor: Option<String>,
                ) -> Result<wire::Page, wire::Fault> {
                    KEPT.with(|kept| {
                        kept.ask(settings, |backend, http| {
                            backend.tickets(http, cursor.as_deref())
                        })
                    })
                }

                fn find(settings: String, text: String) -> Result<Vec<wire::Ticket>, wire::Fault> {
                    KEPT.with(|kept| kept.ask(settings, |backend, http| backend.find(http, &text)))
                }
            }

    $crate::bindings::backend::export!(Exported with_types_in $crate::bindings::backend);
        };
    };
}
