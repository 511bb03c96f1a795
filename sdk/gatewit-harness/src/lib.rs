//! For tests of plugins: HTTP cassettes, which hold the answers of a real ticketing system to a backend.
//!
//! A [`Cassette`] is a [`Transport`](gatewit_sdk::Transport) that plays a recording to the backend under test, strictly:
//!
//! ```
//! use gatewit_harness::Cassette;
//! use gatewit_sdk::{Http, Request};
//!
//! let cassette = Cassette::parse(
//!     "
//! - request:
//!     method: GET
//!     url: https://doodle.example.org/api/kinds
//!     headers: {accept: application/json}
//!   response:
//!     status: 200
//!     json: [{id: 1, title: VIP}]
//! ",
//! );
//! let request = Request::get("https://doodle.example.org/api/kinds");
//! assert!(Http::over(&cassette).fetch(&request).is_ok());
//! ```
//!
//! A [`Recorder`] takes its place once to record it, usually in a test that does nothing unless a variable says where
//! the ticketing system is:
//!
//! ```no_run
//! use gatewit_harness::Recorder;
//!
//! // GATEWIT_RECORD=http://127.0.0.1:8345 DOODLE_TOKEN=… cargo test
//! if let Some(recorder) = Recorder::from_env("tests/cassettes/whole.yaml") {
//!     // Run::<Doodle>::begin(settings, recorder).unwrap().sync(None).unwrap();
//! }
//! ```
//!
//! It never writes a secret. It does write names and addresses of people: record from a system with invented ones.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cassette;
mod curl;
mod exchange;
mod recorder;
mod secrets;
#[cfg(test)]
mod tests;

pub use cassette::Cassette;
pub use curl::Curl;
pub use recorder::Recorder;
