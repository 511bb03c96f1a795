//! A small HTTP client for backends: answers are JSON or a fault.

use serde::de::DeserializeOwned;

use super::fault;
use crate::{Fault, HttpError, Request, Response};

/// Carries a request to the ticketing system: the host in a component, prepared answers in a plugin's tests.
pub trait Transport {
    /// Sends one request and waits for the whole response, whatever its status.
    fn send(&self, request: &Request) -> Result<Response, HttpError>;
}

/// Sends requests to a ticketing system.
pub struct Http<'a>(&'a dyn Transport);

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    place: String,
    response: Response,
}

impl<'a> Http<'a> {
    /// A client that sends over this transport.
    pub fn over(transport: &'a dyn Transport) -> Self {
        Self(transport)
    }

    /// Sends a request and returns the answer if its status is 2xx.
    ///
    /// Every other status is a fault with the upstream's own words: 401 and 403 are `Unauthorized`, 404 and 410
    /// `NotFound`, 429 is `RateLimited` with the seconds of `Retry-After`, 408 and 5xx are `Unavailable`, the rest is
    /// `Unexpected`.
    pub fn fetch(&self, request: &Request) -> Result<Answer, Fault> {
        let place = place(request);
        match self.0.send(request) {
            Ok(response) if (200..300).contains(&response.status) => Ok(Answer { place, response }),
            Ok(response) => Err(fault::of_status(&place, &response)),
            Err(error) => Err(fault::of_transport(&place, error)),
        }
    }
}

impl Answer {
    /// The value of a header, by its name in lower case; the first if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name)
    }

    /// Reads the body as JSON. A body that is cut short or has another shape is `Unavailable`. The fault says where the
    /// problem is, and never quotes the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let mut reader = serde_json::Deserializer::from_slice(&self.response.body);
        let read = serde_path_to_error::deserialize(&mut reader);
        read.map_err(|err| fault::of_json(&self.place, &err))
    }
}

/// The name of a request in faults. It leaves out the query, which may hold an e-mail address or a code.
fn place(request: &Request) -> String {
    let url = request.url.split('?').next().unwrap_or_default();
    format!("{} {url}", request.method)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::testing::Reply;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Named {
        name: String,
    }

    fn fetch(reply: impl Into<Reply>) -> Result<Vec<Named>, Fault> {
        let request = Request::get("https://t.test/api/things/").query("email", "ada@example.org");
        Http::over(&reply.into()).fetch(&request)?.json()
    }

    #[track_caller]
    fn check(reply: impl Into<Reply>, fault: Fault) {
        assert_eq!(fetch(reply), Err(fault));
    }

    fn unavailable(words: &str) -> Fault {
        Fault::Unavailable(format!("GET https://t.test/api/things/ {words}"))
    }

    #[test]
    fn a_good_answer_is_read_and_its_headers_too() {
        let named = |name: &str| Named {
            name: name.to_owned(),
        };
        assert_eq!(fetch(r#"[{"name": "a", "id": 1}]"#), Ok(vec![named("a")]));
        let reply = Reply::of(200, "{}").header("x-page-generated", "now");
        let answer = Http::over(&reply).fetch(&Request::get("https://t.test/"));
        assert_eq!(answer.unwrap().header("x-page-generated"), Some("now"));
    }

    #[test]
    fn each_status_is_the_fault_it_means_in_the_upstreams_words() {
        let words = |status: u16| format!("GET https://t.test/api/things/ answered {status}: no");
        for status in [401, 403] {
            check(
                Reply::of(status, r#"{"detail": "no"}"#),
                Fault::Unauthorized(words(status)),
            );
        }
        check(
            Reply::of(404, r#"{"message": "no"}"#),
            Fault::NotFound(words(404)),
        );
        check(Reply::of(410, "no"), Fault::NotFound(words(410)));
        for status in [408, 500, 502, 503, 504] {
            check(
                Reply::of(status, " no\n"),
                Fault::Unavailable(words(status)),
            );
        }
        check(Reply::of(400, r#"["no"]"#), Fault::Unexpected(words(400)));
        check(
            Reply::of(302, ""),
            Fault::Unexpected("GET https://t.test/api/things/ answered 302".to_owned()),
        );
        check(
            Reply::of(502, "<html><h1>Bad gateway</h1>"),
            unavailable("answered 502"),
        );
    }

    #[test]
    fn too_many_requests_say_when_to_come_again() {
        let limited = |after: &str| Reply::of(429, "").header("retry-after", after);
        check(limited("7"), Fault::RateLimited(Some(7)));
        check(Reply::of(429, ""), Fault::RateLimited(None));
        check(limited("soon"), Fault::RateLimited(None));
        let date = "Sun, 06 Nov 1994 08:50:00 GMT";
        check(limited(date), Fault::RateLimited(None));
        let at = |now: &str| limited(date).header("date", now);
        check(
            at("Sun, 06 Nov 1994 08:49:37 GMT"),
            Fault::RateLimited(Some(23)),
        );
        check(
            at("Sun, 06 Nov 1994 08:51:00 GMT"),
            Fault::RateLimited(Some(0)),
        );
    }

    #[test]
    fn an_answer_that_is_cut_short_or_changed_says_where_but_not_what() {
        check(
            r#"[{"name": "Ada Lovel"#,
            unavailable(
                "answered with what is no JSON: EOF while parsing a string at line 1 column 20",
            ),
        );
        check(
            "",
            unavailable(
                "answered with what is no JSON: EOF while parsing a value at line 1 column 0",
            ),
        );
        check(
            r#"[{"name": "a"}, {"name": 7}]"#,
            unavailable(
                "answered with another shape: [1].name: invalid type: integer `7`, expected a string at line 1 column 26",
            ),
        );
        check(
            r#"["Ada Lovelace"]"#,
            unavailable(
                "answered with another shape: [0]: invalid type: string …, expected struct Named at line 1 column 15",
            ),
        );
    }

    #[test]
    fn no_answer_at_all_is_a_fault_by_its_reason() {
        let refused = "https://t.test is not granted".to_owned();
        check(
            HttpError::NotGranted(refused.clone()),
            Fault::BadSettings(format!("GET https://t.test/api/things/: {refused}")),
        );
        check(HttpError::TimedOut, unavailable("did not answer in time"));
        check(
            HttpError::TooLarge(1000),
            unavailable("answered with more than 1000 bytes"),
        );
        check(
            HttpError::Unreachable("refused".to_owned()),
            unavailable("cannot be reached: refused"),
        );
        check(
            HttpError::Other("no URL".to_owned()),
            Fault::Unexpected("GET https://t.test/api/things/: no URL".to_owned()),
        );
    }
}
