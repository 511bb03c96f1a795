//! Judging what a genuine token claims, in the order of the reference service: `fact-check-in.md` §6.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::Claims;
use super::{OidcSettings, TokenError};

/// A claim of a kind that `/tickets/*` answers as a request that cannot be processed.
#[derive(Clone, Debug, PartialEq)]
pub struct OddClaim {
    pub name: &'static str,
    /// What kind of wrong it is, as a word for programs.
    pub kind: &'static str,
    /// The same in a sentence for people.
    pub words: &'static str,
    pub value: Value,
}

/// Tells whose token it is, if it is good now, here and for us. Times have no leeway.
pub(super) fn check(
    claims: &Claims,
    settings: &OidcSettings,
    now: Timestamp,
) -> Result<String, TokenError> {
    let claim = |name| claims.get(name).filter(|value: &&Value| !value.is_null());
    for required in ["exp", "iss", "aud", "sub"] {
        claim(required).ok_or(TokenError::MissingClaims)?;
    }
    let now = now.as_second();
    for begins in ["iat", "nbf"] {
        if let Some(value) = claim(begins)
            && seconds(value)? > now
        {
            return Err(TokenError::Malformed);
        }
    }
    let exp = &claims["exp"];
    if seconds(exp)? <= now {
        return Err(TokenError::Expired);
    }
    let issuer = claims["iss"].as_str().map(|iss| iss.trim_end_matches('/'));
    if issuer != Some(&settings.issuer) {
        return Err(TokenError::WrongIssuer);
    }
    if !is_for(&claims["aud"], &settings.audience) {
        return Err(TokenError::WrongAudience);
    }
    let sub = claims["sub"].as_str().filter(|sub| !sub.is_empty());
    let sub = sub.ok_or(TokenError::Malformed)?;
    if let Some(scope) = claim("scope").filter(|scope| !scope.is_string()) {
        return Err(TokenError::Odd(OddClaim {
            name: "scope",
            kind: "string_type",
            words: "Input should be a valid string",
            value: scope.clone(),
        }));
    }
    if exp.as_f64().is_some_and(|exp| exp.fract() != 0.0) {
        return Err(TokenError::Odd(OddClaim {
            name: "exp",
            kind: "int_from_float",
            words: "Input should be a valid integer, got a number with a fractional part",
            value: exp.clone(),
        }));
    }
    Ok(sub.to_owned())
}

/// Reads a time, without its fraction.
fn seconds(value: &Value) -> Result<i64, TokenError> {
    let seconds = value
        .as_i64()
        .or(value.as_f64().map(|seconds| seconds as i64));
    seconds.ok_or(TokenError::Malformed)
}

/// Tells whether an audience, one or several, is ours.
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
        good(json!({"nbf": NOW, "iat": null, "scope": "a b"}));
        good(json!({"exp": NOW + 1}));
    }

    #[test]
    fn a_token_of_another_time_is_refused_without_leeway() {
        bad(json!({"exp": NOW}), TokenError::Expired);
        bad(json!({"iat": NOW + 1}), TokenError::Malformed);
        bad(json!({"nbf": NOW + 1}), TokenError::Malformed);
        bad(json!({"exp": "soon"}), TokenError::Malformed);
        bad(json!({"exp": -1.0e300}), TokenError::Expired);
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
                json!({claim: null, "iat": NOW + 1}),
                TokenError::MissingClaims,
            );
        }
        bad(json!({"sub": 3}), TokenError::Malformed);
        bad(json!({"sub": ""}), TokenError::Malformed);
        bad(json!({"exp": NOW - 1, "aud": "other"}), TokenError::Expired);
    }

    #[test]
    fn a_claim_of_an_odd_kind_is_named() {
        let odd = |fields| match judge(fields) {
            Err(TokenError::Odd(claim)) => (claim.name, claim.kind),
            other => panic!("{other:?}"),
        };
        assert_eq!(odd(json!({"scope": ["a"]})), ("scope", "string_type"));
        assert_eq!(odd(json!({"exp": 1.0e9 + 0.5})), ("exp", "int_from_float"));
    }
}
