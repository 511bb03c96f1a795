//! Plays a recording to a backend.

use std::cell::RefCell;
use std::thread;

use gatewit_sdk::testing::Reply;
use gatewit_sdk::{HttpError, Request, Response, Transport};

use crate::exchange::{Asked, Exchange};
use crate::secrets::Secrets;

/// A recording of a ticketing system's answers, to be played once.
///
/// It is strict. A request that is not on it fails the test and is named, and so is a request on it that never comes. A
/// request is its method, URL, headers and body. Equal requests get their answers in the recorded order; different
/// requests may come in any order.
pub struct Cassette {
    tracks: RefCell<Vec<Track>>,
    /// Whether every request on it must come.
    is_whole: bool,
}

/// One exchange that is not played yet.
struct Track {
    request: Asked,
    reply: Reply,
    text: String,
}

impl Cassette {
    /// Reads a cassette: `Cassette::parse(include_str!("../tests/cassettes/whole.yaml"))`.
    ///
    /// # Panics
    /// If the text is not a cassette.
    #[track_caller]
    pub fn parse(yaml: &str) -> Self {
        let exchanges: Vec<Exchange> =
            serde_yaml::from_str(yaml).unwrap_or_else(|err| panic!("this is no cassette: {err}"));
        let tracks = exchanges.into_iter().map(|exchange| Track {
            request: exchange.request,
            reply: exchange.response.reply(),
            text: exchange.response.text(),
        });
        Self {
            tracks: RefCell::new(tracks.collect()),
            is_whole: true,
        }
    }

    /// The body of the first answer to a URL that contains this text, for a test that needs it a little different.
    ///
    /// # Panics
    /// If there is no such answer.
    #[track_caller]
    pub fn body(self, url: &str) -> String {
        let mut whole = self.partly();
        let tracks = whole.tracks.get_mut();
        let place = place(tracks, url);
        tracks.swap_remove(place).text
    }

    /// The same recording with another answer to the first request whose URL contains this text. The requests after it
    /// may come or not.
    ///
    /// # Panics
    /// If there is no such request.
    #[must_use]
    #[track_caller]
    pub fn but(mut self, url: &str, reply: impl Into<Reply>) -> Self {
        let tracks = self.tracks.get_mut();
        let place = place(tracks, url);
        tracks[place].reply = reply.into();
        self.partly()
    }

    /// The same recording; some of its requests may not come.
    #[must_use]
    pub fn partly(mut self) -> Self {
        self.is_whole = false;
        self
    }
}

#[track_caller]
fn place(tracks: &[Track], url: &str) -> usize {
    let place = tracks
        .iter()
        .position(|track| track.request.url.contains(url));
    place.unwrap_or_else(|| panic!("no request to {url} is on the cassette"))
}

impl Transport for Cassette {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let asked = Asked::of(request, &Secrets::default());
        let asked = asked.unwrap_or_else(|reason| panic!("{}: {reason}", request.url));
        let mut tracks = self.tracks.borrow_mut();
        let Some(place) = tracks.iter().position(|track| track.request == asked) else {
            let left: Vec<_> = tracks.iter().map(|track| &track.request).collect();
            panic!("not on the cassette: {asked:#?}\nwhat is left of it: {left:#?}");
        };
        tracks.remove(place).reply.send(request)
    }
}

impl Drop for Cassette {
    fn drop(&mut self) {
        let left = self.tracks.get_mut().first();
        if let Some(track) = left.filter(|_| self.is_whole && !thread::panicking()) {
            let Asked { method, url, .. } = &track.request;
            panic!("nobody asked for what is on the cassette: {method} {url}");
        }
    }
}
