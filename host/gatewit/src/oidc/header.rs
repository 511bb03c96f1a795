//! The header of an access token. Members that are not used here are ignored, whatever they hold.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::Value;

use super::errors::Flaw;

/// The members that are used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) alg: Algorithm,
    /// The name of the key. An empty one names none.
    pub(super) kid: Option<String>,
}

/// The same members as they are sent.
#[derive(Deserialize)]
struct Sent {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl Header {
    /// Reads the header of a token, which is not yet known to be genuine.
    pub(super) fn of(token: &str) -> Result<Self, Flaw> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Flaw::Unreadable);
        };
        let json = URL_SAFE_NO_PAD.decode(header);
        let json = json.map_err(|_| Flaw::Unreadable)?;
        let sent: Sent = serde_json::from_slice(&json).map_err(|_| Flaw::Unreadable)?;
        // This also rejects what is no algorithm, such as `none`.
        let alg = sent.alg.parse().map_err(|_| Flaw::Algorithm)?;
        match sent.crit {
            Some(_) => Err(Flaw::Extension),
            None => Ok(Self {
                alg,
                kid: sent.kid.filter(|kid| !kid.is_empty()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(header: Value, expected: Result<Option<&str>, Flaw>) {
        let token = format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header.to_string()));
        let expected = expected.map(|kid| Header {
            alg: Algorithm::RS256,
            kid: kid.map(str::to_owned),
        });
        assert_eq!(Header::of(&token), expected, "{header}");
    }

    #[test]
    fn an_empty_kid_is_none() {
        check(json!({"alg": "RS256"}), Ok(None));
        check(json!({"alg": "RS256", "kid": null}), Ok(None));
        check(json!({"alg": "RS256", "kid": ""}), Ok(None));
        check(json!({"alg": "RS256", "kid": "k1"}), Ok(Some("k1")));
        check(json!({"alg": "RS256", "kid": 1}), Err(Flaw::Unreadable));
    }

    #[test]
    fn members_that_are_not_used_are_not_looked_at() {
        for odd in [
            json!(5),
            json!("str"),
            json!([1]),
            json!({"a": 1}),
            json!(true),
        ] {
            for member in [
                "typ", "cty", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "enc", "zip", "url",
                "nonce", "of_ours",
            ] {
                check(json!({"alg": "RS256", member: odd}), Ok(None));
            }
            let demands = json!({"alg": "RS256", "crit": odd});
            check(demands, Err(Flaw::Extension));
        }
    }

    #[test]
    fn an_unknown_algorithm_and_what_is_no_token_are_told_apart() {
        check(json!({"alg": "none"}), Err(Flaw::Algorithm));
        check(json!({"alg": 5}), Err(Flaw::Unreadable));
        check(json!({}), Err(Flaw::Unreadable));
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        for token in [
            String::new(),
            header.clone(),
            format!("{header}.e30"),
            format!("{header}.e30.AA.AA"),
            format!("{header}=.e30.AA"),
            "bm8.e30.AA".to_owned(),
        ] {
            assert_eq!(Header::of(&token), Err(Flaw::Unreadable), "{token}");
        }
    }
}
