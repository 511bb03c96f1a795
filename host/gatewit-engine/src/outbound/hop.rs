//! One request of a chain of redirects: a plugin's own request, or the one that follows a redirect. Pure.

use reqwest::header::{self, HeaderName};
use reqwest::{Method, StatusCode, Url};

use crate::bindings::backend::http::Request;
use crate::outbound::error::{InvalidRequest, NotGranted, OutboundError};
use crate::outbound::secret;

/// The most headers of a request.
const HEADERS_MAX: usize = 100;

/// Headers that the host sets, or that belong to the connection.
const HOSTS_OWN: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// A request before secrets are put in.
pub(crate) struct Hop {
    pub method: Method,
    pub url: Url,
    /// Their values may refer to secrets.
    pub headers: Vec<(HeaderName, String)>,
    pub body: Vec<u8>,
}

impl Hop {
    /// Checks a plugin's request.
    pub(crate) fn first(request: Request) -> Result<Self, OutboundError> {
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| InvalidRequest::Method)?;
        if matches!(method, Method::CONNECT | Method::TRACE) {
            return Err(NotGranted::Method(method).into());
        }
        let url = Url::parse(&request.url).map_err(|_| InvalidRequest::Url)?;
        if request.headers.len() > HEADERS_MAX {
            return Err(InvalidRequest::TooManyHeaders(HEADERS_MAX).into());
        }
        let headers = request.headers.into_iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name = name.map_err(|_| InvalidRequest::HeaderName)?;
            if HOSTS_OWN.contains(&name.as_str()) {
                return Err(InvalidRequest::HostHeader(name));
            }
            Ok((name, value))
        });
        Ok(Self {
            method,
            url,
            headers: headers.collect::<Result<_, _>>()?,
            body: request.body,
        })
    }

    /// Follows a redirect as browsers do: 303 always becomes GET; 301 and 302 turn POST into GET.
    ///
    /// A redirect to another origin drops the headers that identify the caller. They stay dropped.
    pub(crate) fn redirected(
        mut self,
        status: StatusCode,
        location: &str,
    ) -> Result<Self, InvalidRequest> {
        let url = self.url.join(location);
        let url = url.map_err(|_| InvalidRequest::Redirect)?;
        if url.origin() != self.url.origin() {
            self.headers.retain(|(name, value)| {
                !secret::is_mentioned(value)
                    && !matches!(*name, header::AUTHORIZATION | header::COOKIE)
            });
        }
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body.clear();
            self.headers
                .retain(|(name, _)| !name.as_str().starts_with("content-"));
        }
        self.url = url;
        Ok(self)
    }
}

/// Whether this status is a redirect.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Request {
            method: method.to_owned(),
            url: "https://pretix.eu/api/v1/".to_owned(),
            headers: headers.collect(),
            body: b"{}".to_vec(),
        }
    }

    #[track_caller]
    fn check_refusal(request: Request, expected: &str) {
        let refused = Hop::first(request).err().unwrap();
        assert_eq!(refused.to_string(), expected);
    }

    #[test]
    fn what_the_host_sets_cannot_be_set_by_a_plugin() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "CONNECTION",
            "te",
        ] {
            check_refusal(
                request("GET", &[("accept", "*/*"), (name, "x")]),
                &format!("the host alone sets the header {}", name.to_lowercase()),
            );
        }
    }

    #[test]
    fn a_request_that_is_none_is_refused() {
        check_refusal(request("G T", &[]), "invalid HTTP method");
        check_refusal(request("CONNECT", &[]), "CONNECT is not granted");
        check_refusal(request("GET", &[("a b", "")]), "invalid header name");
        check_refusal(request("GET", &[("a", "b"); 101]), "more than 100 headers");
        let nowhere = Request {
            url: "/api".to_owned(),
            ..request("GET", &[])
        };
        check_refusal(nowhere, "invalid URL");
    }

    /// Checks the method, URL, header names and body length after a redirect.
    #[track_caller]
    fn check(method: &str, status: u16, location: &str, expected: (&str, &str, &str, usize)) {
        let headers = [
            ("Authorization", "Token of its own"),
            ("X-Key", "secret://PRETIX_TOKEN"),
            ("Content-Type", "application/json"),
            ("Accept", "*/*"),
        ];
        let hop = Hop::first(request(method, &headers)).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        assert!(is_redirect(status));
        let hop = hop.redirected(status, location).unwrap();
        let names: Vec<_> = hop.headers.iter().map(|(name, _)| name.as_str()).collect();
        let found = (
            hop.method.as_str(),
            hop.url.as_str(),
            names.join(" "),
            hop.body.len(),
        );
        let (method, url, names, body_bytes) = expected;
        assert_eq!(found, (method, url, names.to_owned(), body_bytes));
    }

    #[test]
    fn a_redirect_keeps_what_is_safe_to_keep() {
        let all = "authorization x-key content-type accept";
        check(
            "GET",
            302,
            "?page=2",
            ("GET", "https://pretix.eu/api/v1/?page=2", all, 2),
        );
        check(
            "POST",
            307,
            "/next",
            ("POST", "https://pretix.eu/next", all, 2),
        );
        check(
            "POST",
            301,
            "/next",
            (
                "GET",
                "https://pretix.eu/next",
                "authorization x-key accept",
                0,
            ),
        );
        check(
            "PUT",
            303,
            "//pretix.eu/next",
            (
                "GET",
                "https://pretix.eu/next",
                "authorization x-key accept",
                0,
            ),
        );
        check(
            "GET",
            308,
            "https://files.pretix.eu/1",
            ("GET", "https://files.pretix.eu/1", "content-type accept", 2),
        );
        check(
            "GET",
            302,
            "http://pretix.eu/",
            ("GET", "http://pretix.eu/", "content-type accept", 2),
        );
    }
}
