//! Checks the claims of a genuine token. Claims that are not used here are ignored, whatever they hold.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::errors::{Flaw, TokenError};
use super::settings::OidcSettings;

/// How many seconds the provider's clock and ours may differ.
const LEEWAY: f64 = 30.0;

/// Returns whose token it is, if it is valid now and meant for us.
pub(super) fn check(
    claims: &Map<String, Value>,
    settings: &OidcSettings,
    now: Timestamp,
) -> Result<String, TokenError> {
    let claim = |name| claims.get(name).filter(|value: &&Value| !value.is_null());
    let required = |name| claim(name).ok_or(TokenError::MissingClaim(name));
    let [exp, iss, aud, sub] = ["exp", "iss", "aud", "sub"].map(required);
    let (exp, iss, aud, sub) = (exp?, iss?, aud?, sub?);
    let now = now.as_millisecond() as f64 / 1_000.0;
    if let Some(nbf) = claim("nbf")
        && numeric_date("nbf", nbf)? > now + LEEWAY
    {
        return Err(TokenError::Malformed(Flaw::NotYet));
    }
    if numeric_date("exp", exp)? + LEEWAY <= now {
        return Err(TokenError::Expired);
    }
    let issuer = iss.as_str().map(|iss| iss.trim_end_matches('/'));
    if issuer != Some(&settings.issuer) {
        return Err(TokenError::WrongIssuer);
    }
    if !is_for(aud, &settings.audience) {
        return Err(TokenError::WrongAudience);
    }
    let sub = sub.as_str().filter(|sub| !sub.is_empty());
    let sub = sub.ok_or(TokenError::Malformed(Flaw::Claim("sub")))?;
    Ok(sub.to_owned())
}

/// Reads seconds since the Unix epoch, which may have a fraction (RFC 7519 §2).
fn numeric_date(name: &'static str, value: &Value) -> Result<f64, TokenError> {
    let seconds = value.as_f64();
    seconds.ok_or(TokenError::Malformed(Flaw::Claim(name)))
}

/// Whether an audience, one or several, includes ours.
fn is_for(aud: &Value, audience: &str) -> bool {
    match aud {
        Value::Array(audiences) => audiences.contains(&json!(audience)),
        aud => aud == audience,
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Algorithm;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn judge(fields: Value) -> Result<String, TokenError> {
        let mut claims = json!({
            "iss": "https://id.example.org", "aud": "api", "sub": "u1", "exp": NOW + 600, "iat": NOW,
        });
        for (name, value) in fields.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let settings = OidcSettings {
            issuer: "https://id.example.org".to_owned(),
            audience: "api".to_owned(),
            algorithms: vec![Algorithm::RS256],
        };
        let now = Timestamp::from_millisecond(NOW * 1_000 + 500).unwrap();
        check(claims.as_object().unwrap(), &settings, now)
    }

    #[track_caller]
    fn good(fields: Value) {
        assert_eq!(judge(fields), Ok("u1".to_owned()));
    }

    #[track_caller]
    fn bad(fields: Value, error: TokenError) {
        assert_eq!(judge(fields), Err(error));
    }

    #[test]
    fn a_token_for_us_that_has_begun_and_not_ended_is_good() {
        good(json!({}));
        good(json!({"iss": "https://id.example.org/"}));
        good(json!({"aud": ["other", "api"]}));
        good(json!({"nbf": NOW, "exp": NOW + 1}));
    }

    #[test]
    fn a_token_of_another_time_is_refused_with_thirty_seconds_of_leeway() {
        // It is half past the second.
        good(json!({"exp": NOW - 29}));
        good(json!({"exp": NOW as f64 - 29.4}));
        bad(json!({"exp": NOW as f64 - 29.6}), TokenError::Expired);
        bad(json!({"exp": NOW - 30}), TokenError::Expired);
        bad(json!({"exp": -1.0e300}), TokenError::Expired);
        good(json!({"nbf": NOW + 30}));
        good(json!({"nbf": NOW as f64 + 30.5}));
        let not_yet = TokenError::Malformed(Flaw::NotYet);
        bad(json!({"nbf": NOW as f64 + 30.6}), not_yet);
        bad(json!({"nbf": NOW + 31}), not_yet);
        for claim in ["exp", "nbf"] {
            let wrong = TokenError::Malformed(Flaw::Claim(claim));
            bad(json!({claim: "soon"}), wrong);
            bad(json!({claim: [NOW]}), wrong);
        }
    }

    #[test]
    fn claims_that_are_not_used_are_not_looked_at() {
        for odd in [
            json!(["a"]),
            json!({"a": 1}),
            json!(NOW + 3_600),
            json!(true),
            json!(null),
        ] {
            for claim in ["iat", "scope", "azp", "auth_time", "jti"] {
                good(json!({claim: odd}));
            }
        }
    }

    #[test]
    fn a_token_of_or_for_others_is_refused() {
        bad(
            json!({"iss": "https://id.example.com"}),
            TokenError::WrongIssuer,
        );
        bad(json!({"iss": 3}), TokenError::WrongIssuer);
        for aud in [
            json!("apis"),
            json!([]),
            json!(["other"]),
            json!([["api"]]),
            json!(3),
        ] {
            bad(json!({"aud": aud}), TokenError::WrongAudience);
        }
    }

    #[test]
    fn a_token_that_lacks_a_claim_is_refused_before_anything_else_is_said() {
        for claim in ["exp", "iss", "aud", "sub"] {
            bad(
                json!({claim: null, "nbf": NOW + 60}),
                TokenError::MissingClaim(claim),
            );
        }
        let wrong = TokenError::Malformed(Flaw::Claim("sub"));
        bad(json!({"sub": 3}), wrong);
        bad(json!({"sub": ""}), wrong);
        bad(
            json!({"exp": NOW - 60, "aud": "other"}),
            TokenError::Expired,
        );
    }
}
