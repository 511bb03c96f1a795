//! Types for settings that reject invalid values, and for ids as ticketing systems write them.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// The base URL of a ticketing system's API, such as `https://pretix.eu/api/v1`, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, extend("pattern" = "^https?://[^?#@]+$"))]
pub struct BaseUrl(String);

/// The name of an organizer, an account or an event in a URL: letters, digits, `.`, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, extend("pattern" = "^[A-Za-z0-9._-]+$"))]
pub struct Slug(String);

/// A reference to a secret, such as `secret://PRETIX_TOKEN`. It prints as the reference; the host replaces it by the
/// secret in the value of a header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, extend("pattern" = "^secret://[A-Za-z0-9_]+$"))]
pub struct Secret(String);

/// An id as text. Ticketing systems write it as a number or as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub String);

const SECRET: &str = "secret://";

impl TryFrom<String> for BaseUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let is_plain = |letter: char| letter.is_ascii_graphic() && !"?#@\\\"<>".contains(letter);
        match rest {
            Some(rest) if !rest.trim_matches('/').is_empty() && rest.chars().all(is_plain) => {
                Ok(Self(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(
                "expected a URL such as https://tickets.example.org/api/v1, without a query or a password",
            ),
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        match text.chars().all(is_plain) && text.contains(|letter| letter != '.') {
            true => Ok(Self(text)),
            false => {
                Err("expected a name as it stands in URLs: letters, digits, \".\", \"-\" and \"_\"")
            }
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        match text.strip_prefix(SECRET) {
            Some(name) if !name.is_empty() && name.chars().all(is_plain) => Ok(Self(text)),
            // The value may be the secret itself, so the error does not quote it.
            _ => Err("expected a reference such as secret://API_TOKEN, not the secret itself"),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText).map(Id)
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: a whole number or text")
    }

    fn visit_u64<E>(self, id: u64) -> Result<String, E> {
        Ok(id.to_string())
    }

    fn visit_i64<E>(self, id: i64) -> Result<String, E> {
        Ok(id.to_string())
    }

    fn visit_str<E>(self, id: &str) -> Result<String, E> {
        Ok(id.to_owned())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: for<'de> Deserialize<'de> + fmt::Display>(json: &str) -> Option<String> {
        let read: Result<T, _> = serde_json::from_str(json);
        read.ok().map(|value| value.to_string())
    }

    #[track_caller]
    fn check<T: for<'de> Deserialize<'de> + fmt::Display>(json: &str, expected: Option<&str>) {
        assert_eq!(read::<T>(json).as_deref(), expected, "{json}");
    }

    #[test]
    fn a_base_is_a_url_without_a_query_and_without_its_last_slash() {
        check::<BaseUrl>(
            r#""https://pretix.eu/api/v1/""#,
            Some("https://pretix.eu/api/v1"),
        );
        check::<BaseUrl>(r#""http://127.0.0.1:8345""#, Some("http://127.0.0.1:8345"));
        for text in [
            "",
            "pretix.eu",
            "ftp://pretix.eu",
            "https://",
            "https://a b",
            "https://a?b",
            "https://u:p@a",
        ] {
            check::<BaseUrl>(&format!("{text:?}"), None);
        }
    }

    #[test]
    fn a_slug_stays_within_its_part_of_a_path() {
        check::<Slug>(r#""conf-2026.v_1""#, Some("conf-2026.v_1"));
        for text in ["", "..", ".", "a/b", "a?b", "a%2f", "é"] {
            check::<Slug>(&format!("{text:?}"), None);
        }
    }

    #[test]
    fn a_secret_itself_is_refused_and_not_repeated() {
        check::<Secret>(r#""secret://PRETIX_TOKEN""#, Some("secret://PRETIX_TOKEN"));
        for text in ["", "secret://", "secret://A B", "file://x"] {
            check::<Secret>(&format!("{text:?}"), None);
        }
        let refused = serde_json::from_str::<Secret>(r#""hunter2""#).unwrap_err();
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }

    #[test]
    fn an_id_is_a_number_or_text() {
        check::<Id>("42", Some("42"));
        check::<Id>("-1", Some("-1"));
        check::<Id>(r#""ti_x""#, Some("ti_x"));
        check::<Id>("4.2", None);
        check::<Id>("null", None);
    }

    #[test]
    fn the_schema_tells_what_is_refused() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema matters")]
        struct Settings {
            /// Where it is.
            base_url: BaseUrl,
            token: Secret,
        }

        let schema: serde_json::Value =
            serde_json::from_str(&crate::options::schema::<Settings>()).unwrap();
        let [base_url, token] = ["base_url", "token"].map(|name| &schema["properties"][name]);
        assert_eq!(base_url["description"], "Where it is.");
        assert_eq!(base_url["type"], "string");
        assert_eq!(token["pattern"], "^secret://[A-Za-z0-9_]+$");
    }
}
