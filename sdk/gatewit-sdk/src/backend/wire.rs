//! Between the generated bindings and a backend. The host's calls end here, and its HTTP begins here.

use std::cell::RefCell;

use crate::bindings::backend::exports::gatewit::plugin::ticketing_backend::Description;
use crate::bindings::backend::gatewit::plugin::http;
use crate::{Backend, Fault, Http, HttpError, Request, Response, Transport, options};

/// What operators know a source's settings by.
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
    let backend: B = options::parse(ORIGIN, text)?;
    backend
        .check()
        .map_err(|reason| format!("{ORIGIN}: {reason}"))?;
    Ok(backend)
}

/// The backend of this instance, from its first call to its last, with the settings it was made of.
pub struct Kept<B>(RefCell<Option<(String, B)>>);

impl<B: Backend> Kept<B> {
    /// Before the first call.
    pub const fn nothing() -> Self {
        Self(RefCell::new(None))
    }

    /// Asks the backend of these settings, which is the one kept if they are the same as last time.
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

/// Sends through the host, which alone can.
struct Host;

impl Transport for Host {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        http::send(request)
    }
}
