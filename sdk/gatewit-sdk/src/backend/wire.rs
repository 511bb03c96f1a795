//! Makes a backend a component: receives the host's calls, and sends HTTP through the host.

use std::cell::RefCell;

use crate::bindings::backend::exports::gatewit::plugin::ticketing_backend::Description;
use crate::bindings::backend::gatewit::plugin::http;
use crate::{Backend, Fault, Http, HttpError, Request, Response, Transport, options};

/// The operators' name for a source's settings.
const ORIGIN: &str = "settings";

/// Answers `describe`.
pub fn describe<B: Backend>(version: &str, summary: &str) -> Description {
    Description {
        version: version.to_owned(),
        summary: summary.to_owned(),
        options_schema: options::schema::<B>(),
    }
}

/// Answers `check-settings`.
pub fn check_settings<B: Backend>(settings: &str) -> Result<(), String> {
    read::<B>(settings).map(drop)
}

pub(crate) fn read<B: Backend>(text: &str) -> Result<B, String> {
    let backend: B = options::parse_settings(ORIGIN, text)?;
    backend
        .check()
        .map_err(|reason| format!("{ORIGIN}: {reason}"))?;
    Ok(backend)
}

/// The backend of this instance, with the settings that it was made of. It lasts from the first call to the last.
pub struct Kept<B>(RefCell<Option<(String, B)>>);

impl<B: Backend> Kept<B> {
    /// Before the first call.
    pub const fn nothing() -> Self {
        Self(RefCell::new(None))
    }

    /// Calls the backend for these settings. It is kept from call to call while the settings stay the same.
    pub fn ask<T>(
        &self,
        settings: String,
        ask: impl FnOnce(&mut B, &Http) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut kept = self.0.borrow_mut();
        let kept = match kept.take() {
            Some(last) if last.0 == settings => kept.insert(last),
            _ => {
                let backend = read(&settings).map_err(Fault::BadSettings)?;
                kept.insert((settings, backend))
            }
        };
        ask(&mut kept.1, &Http::over(&Host))
    }
}

/// Sends requests through the host; there is no other way.
struct Host;

impl Transport for Host {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        http::send(request)
    }
}

/// Exports a [`Backend`] from the component. Use it once, at the top level of the crate.
///
/// Version and summary are the `version` and `description` in the crate's `Cargo.toml`. Outside WebAssembly it exports
/// nothing, so the crate's tests are ordinary ones.
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
