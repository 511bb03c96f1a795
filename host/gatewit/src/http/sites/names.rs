//! Hosts, origins and the server's own URL, parsed as browsers do.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use axum::http::HeaderValue;
use reqwest::Url;

/// The URL at which people reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// Hosts under which the server is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<HostName>);

/// Web sites by their origin, such as `https://desk.example`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins(Vec<HeaderValue>);

/// A host name or address without its port, in lower case, in ASCII form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl PublicUrl {
    pub fn host(&self) -> HostName {
        HostName::of(&self.0)
    }

    /// Whether this text is its origin.
    pub fn is_of_origin(&self, origin: &str) -> bool {
        Url::parse(origin).is_ok_and(|origin| origin.origin() == self.0.origin())
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = web_url(text).filter(|url| url.query().is_none() && url.fragment().is_none());
        url.map(Self)
            .ok_or_else(|| format!("\"{text}\" is not a URL such as https://tickets.example"))
    }
}

impl AllowedHosts {
    pub fn has(&self, host: &HostName) -> bool {
        self.0.contains(host)
    }
}

impl FromStr for AllowedHosts {
    type Err = String;

    /// Parses hosts separated by commas or spaces. Ignores a scheme or port.
    fn from_str(text: &str) -> Result<Self, String> {
        let hosts = listed(text).map(|part| {
            let host = match part.contains("://") {
                true => web_url(part).map(|url| HostName::of(&url)),
                false => HostName::parse(part),
            };
            host.ok_or_else(|| format!("\"{part}\" is not a host such as tickets.example"))
        });
        hosts.collect::<Result<_, _>>().map(Self)
    }
}

impl CorsOrigins {
    pub fn as_slice(&self) -> &[HeaderValue] {
        &self.0
    }

    pub fn has(&self, origin: &HeaderValue) -> bool {
        self.0.contains(origin)
    }
}

impl FromStr for CorsOrigins {
    type Err = String;

    /// Parses origins separated by commas or spaces.
    fn from_str(text: &str) -> Result<Self, String> {
        let origins = listed(text).map(|part| {
            let url = web_url(part).filter(|url| url.path() == "/" && url.query().is_none());
            let origin = url.map(|url| url.origin().ascii_serialization());
            let origin = origin.and_then(|origin| HeaderValue::try_from(origin).ok());
            origin.ok_or_else(|| {
                format!("\"{part}\" is not an origin such as https://desk.example; name each one")
            })
        });
        origins.collect::<Result<_, _>>().map(Self)
    }
}

impl HostName {
    /// Parses a `Host` header: a name or an address, possibly with a port.
    pub fn parse(text: &str) -> Option<Self> {
        let url = web_url(&format!("http://{text}"))?;
        let is_alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        is_alone.then(|| Self::of(&url))
    }

    fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        Self(host.strip_suffix('.').unwrap_or(host).to_owned())
    }

    /// Whether it is this machine, for any client.
    pub fn is_loopback(&self) -> bool {
        let address = self.0.trim_start_matches('[').trim_end_matches(']');
        let address = address.parse::<IpAddr>();
        self.0 == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

/// Whether a `Host` header is `localhost` or an IPv4 address of this machine, in the usual spelling: found without parsing
/// a URL, which takes longer than the rest of a request's checks.
pub fn is_plainly_loopback(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_loopback = || {
        name.parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback())
    };
    is_port && (name == "localhost" || is_loopback())
}

/// Whether a page of this origin was loaded from this host; `host` is the value of a `Host` header.
pub fn is_same_origin(origin: &str, host: &str) -> bool {
    let Some(origin) = web_url(origin) else {
        return false;
    };
    // Assume the origin's scheme: a proxy that terminates TLS knows the scheme, and we do not.
    let own = web_url(&format!("{}://{host}", origin.scheme()));
    own.is_some_and(|own| own.origin() == origin.origin())
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).filter(|part| !part.is_empty())
}

/// Parses an http or https URL of a single host, without credentials.
fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = ["http", "https"].contains(&url.scheme());
    let is_one = url.host_str().is_some_and(|host| !host.contains('*'));
    (is_web && is_one && url.username().is_empty() && url.password().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_without_port_case_or_final_dot() {
        let check =
            |text, name: &str| assert_eq!(HostName::parse(text), Some(HostName(name.into())));
        check("Tickets.Example:9898", "tickets.example");
        check("tickets.example.", "tickets.example");
        check("[::1]:9898", "[::1]");
        check("münchen.example", "xn--mnchen-3ya.example");
        for text in [
            "",
            "a b",
            "a/b",
            "user@tickets.example",
            "a?b",
            "a#b",
            "a:b",
        ] {
            assert_eq!(HostName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn loopback_is_known_in_every_spelling() {
        let is_loopback = |text| HostName::parse(text).is_some_and(|host| host.is_loopback());
        for text in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    #[test]
    fn loopback_in_the_usual_spelling_is_found_without_parsing_and_nothing_else_is() {
        for text in ["localhost", "localhost:9898", "127.0.0.1", "127.9.9.9:080"] {
            let parsed = HostName::parse(text).is_some_and(|host| host.is_loopback());
            assert!(is_plainly_loopback(text) && parsed, "{text}");
        }
        for text in [
            "localhost:",
            "localhost:+80",
            "localhost:65536",
            "localhost:80:80",
            "localhost.",
            "0.0.0.0",
            "[::1]:80",
            "127.1",
            "127.0.0.1.evil.example",
            "localhost:80@evil.example",
            "",
        ] {
            assert!(!is_plainly_loopback(text), "{text}");
        }
    }

    #[test]
    fn lists_are_read_as_people_write_them() {
        let hosts: AllowedHosts = "Tickets.example, https://desk.example:8443/ 10.0.0.1:80"
            .parse()
            .unwrap();
        for host in ["tickets.example", "desk.example", "10.0.0.1"] {
            assert!(hosts.has(&HostName(host.into())), "{host}");
        }
        let origins: CorsOrigins = "https://Desk.example/, http://localhost:5173"
            .parse()
            .unwrap();
        let read: Vec<_> = origins.as_slice().iter().collect();
        assert_eq!(read, ["https://desk.example", "http://localhost:5173"]);
        let nothing: CorsOrigins = "".parse().unwrap();
        assert_eq!(nothing, CorsOrigins::default());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refused = "https://desk.example, *".parse::<CorsOrigins>();
        let words = "\"*\" is not an origin such as https://desk.example; name each one";
        assert_eq!(refused, Err(words.to_owned()));
        assert!("https://desk.example/path".parse::<CorsOrigins>().is_err());
        assert!("desk.example".parse::<CorsOrigins>().is_err());
        assert!("*".parse::<AllowedHosts>().is_err());
        assert!("tickets.example".parse::<PublicUrl>().is_err());
        assert!("ftp://tickets.example".parse::<PublicUrl>().is_err());
    }
}
