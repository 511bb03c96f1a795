//! Records the answers of a ticketing system as a cassette.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use gatewit_sdk::{HttpError, Request, Response, Transport};

use crate::curl::Curl;
use crate::exchange::{Answered, Asked, Exchange};
use crate::secrets::{LookUp, Secrets};

/// The variable that says where the ticketing system to record is: `http://127.0.0.1:8345`.
const VARIABLE: &str = "GATEWIT_RECORD";

/// Passes requests on, and writes them and their answers to a file when it is dropped.
///
/// The file does not show where it was recorded: it contains the origin that the backend asked in place of the ticketing
/// system's own. The recorder puts secrets into headers as the host does, and never writes them.
pub struct Recorder {
    path: PathBuf,
    /// Where the ticketing system is, such as `http://127.0.0.1:8345`.
    origin: String,
    look_up: Box<LookUp>,
    transport: Box<dyn Transport>,
    tape: RefCell<Tape>,
}

#[derive(Default)]
struct Tape {
    secrets: Secrets,
    exchanges: Vec<Exchange>,
}

impl Recorder {
    /// Records from the origin in `GATEWIT_RECORD`, if it is set. Secrets come from variables of their names.
    pub fn from_env(path: impl AsRef<Path>) -> Option<Self> {
        let origin = env::var(VARIABLE).ok()?;
        let look_up = |name: &str| env::var(name).ok();
        Some(Self::new(path, &origin, look_up, Curl))
    }

    /// Records from an origin that a transport reaches.
    pub fn new(
        path: impl AsRef<Path>,
        origin: &str,
        look_up: impl Fn(&str) -> Option<String> + 'static,
        transport: impl Transport + 'static,
    ) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            origin: origin.trim_end_matches('/').to_owned(),
            look_up: Box::new(look_up),
            transport: Box::new(transport),
            tape: RefCell::default(),
        }
    }

    /// The request as it leaves: to the ticketing system's own origin, and with secrets.
    fn outgoing(
        &self,
        request: &Request,
        origin: &str,
        secrets: &mut Secrets,
    ) -> Result<Request, String> {
        let mut outgoing = request.clone();
        outgoing.url = outgoing.url.replacen(origin, &self.origin, 1);
        for (_, value) in &mut outgoing.headers {
            *value = secrets.fill(value, &*self.look_up)?;
        }
        Ok(outgoing)
    }

    /// The answer as if it came from the origin that the backend asked.
    fn incoming(&self, mut response: Response, origin: &str) -> Result<Response, String> {
        let moved = |text: &str| text.replace(&self.origin, origin);
        for (_, value) in &mut response.headers {
            *value = moved(value);
        }
        let text = std::str::from_utf8(&response.body);
        let text = text.map_err(|_| "an answer that is no text cannot be recorded")?;
        response.body = moved(text).into_bytes();
        Ok(response)
    }
}

impl Transport for Recorder {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let mut tape = self.tape.borrow_mut();
        let Tape { secrets, exchanges } = &mut *tape;
        let origin = origin(&request.url);
        let outgoing = self.outgoing(request, &origin, secrets);
        let response = self.transport.send(&outgoing.map_err(HttpError::Other)?)?;
        let response = self.incoming(response, &origin).map_err(HttpError::Other)?;
        exchanges.push(Exchange {
            request: Asked::of(request, secrets).map_err(HttpError::Other)?,
            response: Answered::of(&response, secrets).map_err(HttpError::Other)?,
        });
        Ok(response)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let yaml = serde_yaml::to_string(&self.tape.get_mut().exchanges);
        let yaml = yaml.expect("what came as JSON and text can be written as YAML");
        let written = fs::write(&self.path, yaml);
        written.unwrap_or_else(|err| panic!("cannot write {}: {err}", self.path.display()));
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']);
    url[..end.map_or(url.len(), |end| host + end)].to_owned()
}
