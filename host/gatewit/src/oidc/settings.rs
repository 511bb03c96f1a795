//! `OIDC_ISSUER_URL`, `OIDC_AUDIENCE` and `OIDC_ALGORITHMS`, checked at start.

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use reqwest::Url;

/// Who identifies callers, as the operator wrote it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OidcArguments {
    /// The identity provider; without it, whoever reaches the server may do everything.
    #[arg(long, env = "OIDC_ISSUER_URL", value_name = "URL")]
    pub oidc_issuer_url: Option<String>,
    /// What access tokens must be issued for.
    #[arg(long, env = "OIDC_AUDIENCE", value_name = "AUDIENCE")]
    pub oidc_audience: Option<String>,
    /// How access tokens may be signed, with commas between.
    #[arg(
        long,
        env = "OIDC_ALGORITHMS",
        value_name = "ALGORITHMS",
        default_value = "RS256"
    )]
    pub oidc_algorithms: String,
}

/// What a token is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// Without a trailing slash.
    pub issuer: String,
    pub audience: String,
    /// At least one, and none of them HMAC.
    pub algorithms: Vec<Algorithm>,
}

/// The settings cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcSettingsError {
    #[error("OIDC_ISSUER_URL must be an http or https URL without a query, not \"{0}\"")]
    Issuer(String),
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

impl OidcArguments {
    /// Reads the settings; None: authentication is off.
    pub fn settings(&self) -> Result<Option<OidcSettings>, OidcSettingsError> {
        let given = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default().trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let Some(issuer) = given(&self.oidc_issuer_url) else {
            return Ok(None);
        };
        let is_good = |url: &Url| {
            ["http", "https"].contains(&url.scheme()) && url.query().or(url.fragment()).is_none()
        };
        if !Url::parse(&issuer).as_ref().is_ok_and(is_good) {
            return Err(OidcSettingsError::Issuer(issuer));
        }
        let audience = given(&self.oidc_audience).ok_or(OidcSettingsError::NoAudience)?;
        Ok(Some(OidcSettings {
            issuer: issuer.trim_end_matches('/').to_owned(),
            audience,
            algorithms: algorithms(&self.oidc_algorithms)?,
        }))
    }
}

fn algorithms(text: &str) -> Result<Vec<Algorithm>, OidcSettingsError> {
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

    const ISSUER: &str = "https://id.example.org/realms/doors";

    fn arguments(issuer: &str, audience: Option<&str>, algorithms: &str) -> OidcArguments {
        OidcArguments {
            oidc_issuer_url: Some(issuer.to_owned()),
            oidc_audience: audience.map(str::to_owned),
            oidc_algorithms: algorithms.to_owned(),
        }
    }

    #[track_caller]
    fn check(arguments: OidcArguments, words: &str) {
        let error = arguments.settings().unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }

    #[test]
    fn without_an_issuer_authentication_is_off() {
        assert_eq!(OidcArguments::default().settings(), Ok(None));
        assert_eq!(arguments(" ", None, "HS256").settings(), Ok(None));
    }

    #[test]
    fn an_issuer_is_the_same_with_and_without_its_trailing_slash() {
        let settings = OidcSettings {
            issuer: ISSUER.to_owned(),
            audience: "gatewit".to_owned(),
            algorithms: vec![Algorithm::RS256, Algorithm::ES256],
        };
        for issuer in [ISSUER, &format!("{ISSUER}/")] {
            let arguments = arguments(issuer, Some("gatewit"), "RS256, ES256");
            assert_eq!(arguments.settings(), Ok(Some(settings.clone())));
        }
    }

    #[test]
    fn each_setting_that_cannot_be_used_is_named() {
        let audience = Some("gatewit");
        check(
            arguments("id.example.org", audience, "RS256"),
            "OIDC_ISSUER_URL",
        );
        check(
            arguments("ftp://id.example.org", audience, "RS256"),
            "OIDC_ISSUER_URL",
        );
        check(
            arguments("https://id.example.org/?a=b", audience, "RS256"),
            "OIDC_ISSUER_URL",
        );
        check(arguments(ISSUER, None, "RS256"), "OIDC_AUDIENCE");
        check(arguments(ISSUER, Some(" "), "RS256"), "OIDC_AUDIENCE");
        check(
            arguments(ISSUER, audience, " , "),
            "OIDC_ALGORITHMS must name at least one",
        );
        check(
            arguments(ISSUER, audience, "RS256,none"),
            "OIDC_ALGORITHMS names \"none\"",
        );
        check(
            arguments(ISSUER, audience, "HS256"),
            "OIDC_ALGORITHMS names \"HS256\", under which",
        );
    }
}
