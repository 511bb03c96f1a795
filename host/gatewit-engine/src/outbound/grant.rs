//! Grants: the origins that a source may reach, the kind of their addresses, and whether secrets may go there.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::outbound::address::{AddressKind, Reach};

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    is_encrypted: bool,
    /// As in a URL: in lower case, IPv6 addresses in brackets.
    host: String,
    port: u16,
}

/// The text is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL with a host and without a user: {0}")]
pub struct OriginError(&'static str);

impl Origin {
    /// Reads the origin of a URL such as `https://pretix.eu/api/v1`.
    pub fn parse(url: &str) -> Result<Self, OriginError> {
        let url = Url::parse(url).map_err(|_| OriginError("it cannot be read"))?;
        Self::of(&url)
    }

    pub(crate) fn of(url: &Url) -> Result<Self, OriginError> {
        let is_encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OriginError("its scheme is another")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError("it names a user"));
        }
        let host = url.host_str().ok_or(OriginError("it has no host"))?;
        let port = url.port_or_known_default();
        Ok(Self {
            is_encrypted,
            host: host.to_owned(),
            port: port.ok_or(OriginError("it has no port"))?,
        })
    }

    /// The host: a name or an address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host's address, if it is not a name.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let host = self.host.strip_prefix('[');
        let host = host.and_then(|host| host.strip_suffix(']'));
        host.unwrap_or(&self.host).parse().ok()
    }

    /// The kind of addresses that a grant of this host covers: somebody who writes `127.0.0.1` means it.
    fn reach(&self) -> Reach {
        let is_private = match self.address() {
            Some(address) => AddressKind::of(address) == AddressKind::Private,
            None => self.host == "localhost" || self.host.ends_with(".localhost"),
        };
        if is_private {
            Reach::PrivateNetworks
        } else {
            Reach::Internet
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual_port) = if self.is_encrypted {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual_port {
            return Ok(());
        }
        write!(f, ":{}", self.port)
    }
}

/// An origin that a source may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The origin.
    pub origin: Origin,
    /// The kinds of addresses that its host may have.
    pub reach: Reach,
    /// Whether requests to it may contain the source's secrets.
    pub takes_secrets: bool,
}

impl Grant {
    /// The grant of a source with this base URL (`gatewit-api.md` §11): its origin, with the kind of address that is
    /// written there, secrets included.
    pub fn of_base_url(url: &str) -> Result<Self, OriginError> {
        Ok(Self::of_origin(Origin::parse(url)?, true))
    }

    /// The grant of an entry of `allowed_hosts`: `files.pretix.eu` and `files.pretix.eu:8443` over https, or a whole
    /// origin. No secrets go there.
    pub fn of_host(entry: &str) -> Result<Self, OriginError> {
        let origin = if entry.contains("://") {
            Origin::parse(entry)
        } else {
            Origin::parse(&format!("https://{entry}"))
        };
        Ok(Self::of_origin(origin?, false))
    }

    fn of_origin(origin: Origin, takes_secrets: bool) -> Self {
        Self {
            reach: origin.reach(),
            origin,
            takes_secrets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_base(url: &str, origin: &str, reach: Reach) {
        let grant = Grant::of_base_url(url).unwrap();
        let expected = (origin.to_owned(), reach, true);
        assert_eq!(
            (grant.origin.to_string(), grant.reach, grant.takes_secrets),
            expected
        );
    }

    #[track_caller]
    fn check_none(url: &str, why: &'static str) {
        assert_eq!(Origin::parse(url), Err(OriginError(why)));
    }

    #[test]
    fn a_base_url_grants_its_origin_with_the_kind_of_address_written_there() {
        check_base(
            "https://Pretix.EU/api/v1",
            "https://pretix.eu",
            Reach::Internet,
        );
        check_base(
            "https://pretix.eu:443",
            "https://pretix.eu",
            Reach::Internet,
        );
        check_base(
            "http://127.0.0.1:8345/api/v1",
            "http://127.0.0.1:8345",
            Reach::PrivateNetworks,
        );
        check_base("http://0x7f.1", "http://127.0.0.1", Reach::PrivateNetworks);
        check_base("http://[::1]:80", "http://[::1]", Reach::PrivateNetworks);
        check_base(
            "http://localhost:8345",
            "http://localhost:8345",
            Reach::PrivateNetworks,
        );
        check_base(
            "http://localhost.example",
            "http://localhost.example",
            Reach::Internet,
        );
        check_base(
            "http://169.254.169.254",
            "http://169.254.169.254",
            Reach::Internet,
        );
    }

    #[test]
    fn an_allowed_host_is_reached_over_https_unless_it_says_otherwise_and_gets_no_secrets() {
        for (entry, origin) in [
            ("files.pretix.eu", "https://files.pretix.eu"),
            ("files.pretix.eu:8443", "https://files.pretix.eu:8443"),
            ("http://files.pretix.eu", "http://files.pretix.eu"),
        ] {
            let grant = Grant::of_host(entry).unwrap();
            assert_eq!(
                (grant.origin.to_string(), grant.takes_secrets),
                (origin.to_owned(), false)
            );
        }
    }

    #[test]
    fn what_names_no_origin_is_refused() {
        check_none("pretix.eu", "it cannot be read");
        check_none("ftp://pretix.eu", "its scheme is another");
        check_none("file:///etc/passwd", "its scheme is another");
        check_none("https://me@pretix.eu", "it names a user");
        check_none("https://:secret@pretix.eu", "it names a user");
        check_none("https://", "it cannot be read");
    }
}
