//! Decides which requests may leave, and with which headers. Pure.

use std::collections::BTreeMap;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use crate::outbound::address;
use crate::outbound::error::{InvalidRequest, NotGranted, OutboundError};
use crate::outbound::grant::{Grant, Origin};
use crate::outbound::secret::{self, Secret, Secrets};

/// The grants and secrets of one source.
pub(crate) struct Policy {
    grants: Vec<Grant>,
    secrets: Secrets,
}

impl Policy {
    pub(crate) fn new(
        grants: Vec<Grant>,
        settings: &Map<String, Value>,
        secrets: BTreeMap<String, Secret>,
    ) -> Self {
        Self {
            grants,
            secrets: Secrets::named_in(settings, secrets),
        }
    }

    pub(crate) fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Finds the grant for a request's URL.
    ///
    /// An address in the URL is judged here, since it is not resolved. The addresses of a name are judged when it is
    /// resolved.
    pub(crate) fn grant(&self, url: &Url) -> Result<&Grant, OutboundError> {
        let origin = Origin::of(url).map_err(InvalidRequest::from)?;
        let grant = self.grants.iter().find(|grant| grant.origin == origin);
        let Some(grant) = grant else {
            return Err(NotGranted::Origin(origin).into());
        };
        address::check(origin.host(), origin.address(), grant.reach).map_err(NotGranted::from)?;
        Ok(grant)
    }

    /// Makes the headers of a request to a granted origin, secrets included.
    pub(crate) fn headers(
        &self,
        headers: &[(HeaderName, String)],
        grant: &Grant,
    ) -> Result<HeaderMap, NotGranted> {
        let mut filled = HeaderMap::new();
        for (name, template) in headers {
            if secret::is_mentioned(template) && !grant.takes_secrets {
                return Err(NotGranted::SecretTo(grant.origin.clone()));
            }
            filled.append(name, self.secrets.fill(template)?);
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outbound::address::Reach;

    fn policy() -> Policy {
        let grants = vec![
            Grant::of_base_url("https://pretix.eu/api/v1").unwrap(),
            Grant::of_host("files.pretix.eu").unwrap(),
            Grant::of_host("http://127.0.0.1:8345").unwrap(),
            Grant::of_host("http://[::1]").unwrap(),
            Grant::of_host("http://169.254.169.254").unwrap(),
            Grant {
                reach: Reach::Internet,
                ..Grant::of_host("http://10.0.0.1").unwrap()
            },
        ];
        let settings = json!({ "token": "secret://PRETIX_TOKEN" });
        let secrets = [("PRETIX_TOKEN", "s3cr3t"), ("TITO_TOKEN", "other")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), Secret::new(value)));
        Policy::new(grants, settings.as_object().unwrap(), secrets.into())
    }

    #[track_caller]
    fn check(url: &str, expected: Result<&str, &str>) {
        let policy = policy();
        let granted = policy.grant(&Url::parse(url).unwrap());
        let granted = granted.map(|grant| grant.origin.to_string());
        let granted = granted.map_err(|err| err.to_string());
        assert_eq!(
            granted,
            expected.map(str::to_owned).map_err(str::to_owned),
            "{url}"
        );
    }

    #[test]
    fn only_granted_origins_are_reached() {
        check("https://pretix.eu/", Ok("https://pretix.eu"));
        check("https://PRETIX.eu:443/x?y", Ok("https://pretix.eu"));
        check("https://files.pretix.eu/a", Ok("https://files.pretix.eu"));
        check("http://127.0.0.1:8345/", Ok("http://127.0.0.1:8345"));
        check("http://2130706433:8345/", Ok("http://127.0.0.1:8345"));
        check("http://[::1]:80/", Ok("http://[::1]"));
        for (url, origin) in [
            ("http://pretix.eu/", "http://pretix.eu"),
            ("https://pretix.eu:8443/", "https://pretix.eu:8443"),
            ("https://pretix.eu./", "https://pretix.eu."),
            ("https://pretix.eu.evil.org/", "https://pretix.eu.evil.org"),
            ("https://evil.org/pretix.eu", "https://evil.org"),
            ("https://evil.org#@pretix.eu/", "https://evil.org"),
            ("https://evil.org\\@pretix.eu/", "https://evil.org"),
            ("https://www.pretix.eu/", "https://www.pretix.eu"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("https://127.0.0.1:8345/", "https://127.0.0.1:8345"),
            (
                "http://[::ffff:127.0.0.1]:8345/",
                "http://[::ffff:7f00:1]:8345",
            ),
        ] {
            check(url, Err(&format!("{origin} is not granted")));
        }
    }

    #[test]
    fn an_address_is_judged_by_its_kind_even_if_its_origin_is_granted() {
        check(
            "http://169.254.169.254/latest/meta-data",
            Err("169.254.169.254 has the address 169.254.169.254, which is not granted"),
        );
        check(
            "http://10.0.0.1/",
            Err("10.0.0.1 has the address 10.0.0.1, which is not granted"),
        );
    }

    #[test]
    fn what_is_no_plain_http_url_is_refused() {
        let refused = "not an http or https URL with a host and without a user: ";
        check(
            "ftp://pretix.eu/",
            Err(&format!("{refused}its scheme is another")),
        );
        check(
            "file:///etc/passwd",
            Err(&format!("{refused}its scheme is another")),
        );
        check(
            "https://a:b@pretix.eu/",
            Err(&format!("{refused}it names a user")),
        );
    }

    #[track_caller]
    fn check_secret(url: &str, template: &str, expected: Result<&str, &str>) {
        let policy = policy();
        let grant = policy.grant(&Url::parse(url).unwrap()).unwrap();
        let headers = [(
            HeaderName::from_static("authorization"),
            template.to_owned(),
        )];
        let filled = policy.headers(&headers, grant);
        let filled = filled.map(|headers| headers["authorization"].to_str().unwrap().to_owned());
        assert_eq!(
            filled.map_err(|err| err.to_string()),
            expected.map(str::to_owned).map_err(str::to_owned)
        );
    }

    #[test]
    fn a_secret_goes_only_towards_the_origin_that_it_belongs_to() {
        let own = "https://pretix.eu/";
        let other = "https://files.pretix.eu/";
        check_secret(own, "Token secret://PRETIX_TOKEN", Ok("Token s3cr3t"));
        check_secret(
            other,
            "Token secret://PRETIX_TOKEN",
            Err("no secret goes to https://files.pretix.eu"),
        );
        check_secret(
            other,
            "Token of the plugin's own",
            Ok("Token of the plugin's own"),
        );
        check_secret(
            own,
            "Token secret://TITO_TOKEN",
            Err("the source's settings name no secret \"TITO_TOKEN\""),
        );
    }
}
