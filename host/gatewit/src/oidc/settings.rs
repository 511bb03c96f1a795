//! `OIDC_ISSUER_URL`, `OIDC_AUDIENCE` and `OIDC_ALGORITHMS`, checked at start.

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use reqwest::Url;

/// How access tokens are signed unless the operator says otherwise.
const DEFAULT_ALGORITHMS: &str = "RS256";

/// What a token is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// Without a trailing slash.
    pub issuer: String,
    pub audience: String,
    /// At least one, and never HMAC.
    pub algorithms: Vec<Algorithm>,
}

/// The settings are unusable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcSettingsError {
    #[error("OIDC_ISSUER_URL must be an http or https URL without a query and without credentials")]
    Issuer,
    #[error(
        "OIDC_AUDIENCE must say what access tokens are issued for, since OIDC_ISSUER_URL is set"
    )]
    NoAudience,
    #[error("OIDC_ALGORITHMS must name at least one algorithm, RS256 say")]
    NoAlgorithm,
    #[error(
        "OIDC_ALGORITHMS names \"{0}\", which is none of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA"
    )]
    UnknownAlgorithm(String),
    #[error(
        "OIDC_ALGORITHMS names \"{0}\", under which anyone who knows the provider's public key could make tokens"
    )]
    SharedSecret(String),
}

impl OidcSettings {
    /// The variables of these settings.
    pub const VARIABLES: [&str; 3] = ["OIDC_ISSUER_URL", "OIDC_AUDIENCE", "OIDC_ALGORITHMS"];

    /// Reads the settings, each by its variable's name; None: authentication is off.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, OidcSettingsError> {
        let given = |name| {
            let text = variable(name).unwrap_or_default().trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let Some(issuer) = given("OIDC_ISSUER_URL") else {
            return Ok(None);
        };
        if !Url::parse(&issuer).as_ref().is_ok_and(is_issuer) {
            return Err(OidcSettingsError::Issuer);
        }
        let algorithms = variable("OIDC_ALGORITHMS");
        Ok(Some(Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            audience: given("OIDC_AUDIENCE").ok_or(OidcSettingsError::NoAudience)?,
            algorithms: read_algorithms(algorithms.as_deref().unwrap_or(DEFAULT_ALGORITHMS))?,
        }))
    }
}

fn is_issuer(url: &Url) -> bool {
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    ["http", "https"].contains(&url.scheme())
        && url.query().or(url.fragment()).is_none()
        && !has_credentials
}

fn read_algorithms(text: &str) -> Result<Vec<Algorithm>, OidcSettingsError> {
    let names = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let algorithms = names.map(|name| match name.parse::<Algorithm>() {
        Ok(algorithm) if algorithm.family() == AlgorithmFamily::Hmac => {
            Err(OidcSettingsError::SharedSecret(name.to_owned()))
        }
        Ok(algorithm) => Ok(algorithm),
        Err(_) => Err(OidcSettingsError::UnknownAlgorithm(name.to_owned())),
    });
    let algorithms: Vec<_> = algorithms.collect::<Result<_, _>>()?;
    match algorithms.is_empty() {
        true => Err(OidcSettingsError::NoAlgorithm),
        false => Ok(algorithms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "OIDC_ISSUER_URL=https://id.example.org\nOIDC_AUDIENCE=api";

    /// Reads the settings from lines such as `OIDC_AUDIENCE=api`.
    fn read(lines: &str) -> Result<Option<OidcSettings>, OidcSettingsError> {
        let variable = |name: &str| {
            let mut variables = lines.lines().filter_map(|line| line.split_once('='));
            let (_, value) = variables.find(|(key, _)| *key == name)?;
            Some(value.to_owned())
        };
        OidcSettings::read(variable)
    }

    #[track_caller]
    fn check(lines: &str, words: &str) {
        let error = read(lines).unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }

    #[test]
    fn without_an_issuer_authentication_is_off() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("OIDC_ISSUER_URL= \nOIDC_ALGORITHMS=HS256"), Ok(None));
    }

    #[test]
    fn an_issuer_is_the_same_with_and_without_its_trailing_slash() {
        let settings = OidcSettings {
            issuer: "https://id.example.org/realms/doors".to_owned(),
            audience: "api".to_owned(),
            algorithms: vec![Algorithm::RS256],
        };
        for slash in ["", "/"] {
            let issuer = format!("OIDC_ISSUER_URL=https://id.example.org/realms/doors{slash}");
            let read = read(&format!("{issuer}\nOIDC_AUDIENCE=api"));
            assert_eq!(read, Ok(Some(settings.clone())));
        }
    }

    #[test]
    fn several_algorithms_stand_with_commas_between() {
        let lines = format!("{GOOD}\nOIDC_ALGORITHMS=RS256, ES256,");
        let algorithms = read(&lines).unwrap().unwrap().algorithms;
        assert_eq!(algorithms, [Algorithm::RS256, Algorithm::ES256]);
    }

    #[test]
    fn each_setting_that_cannot_be_used_is_named() {
        for issuer in [
            "id.example.org",
            "ftp://id.example.org",
            "https://id.example.org/?a=b",
            "https://ada:secret@id.example.org",
        ] {
            let lines = format!("OIDC_ISSUER_URL={issuer}\nOIDC_AUDIENCE=api");
            check(&lines, "OIDC_ISSUER_URL must be");
        }
        let issuer = "OIDC_ISSUER_URL=https://id.example.org";
        check(issuer, "OIDC_AUDIENCE must say");
        check(
            &format!("{issuer}\nOIDC_AUDIENCE= "),
            "OIDC_AUDIENCE must say",
        );
        for (algorithms, words) in [
            ("", "OIDC_ALGORITHMS must name at least one"),
            (" , ", "OIDC_ALGORITHMS must name at least one"),
            ("RS256,none", "OIDC_ALGORITHMS names \"none\""),
            ("HS256", "OIDC_ALGORITHMS names \"HS256\", under which"),
        ] {
            check(&format!("{GOOD}\nOIDC_ALGORITHMS={algorithms}"), words);
        }
    }
}
