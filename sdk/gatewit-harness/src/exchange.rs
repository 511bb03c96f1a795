//! One request and its answer as a cassette holds them.

use std::collections::BTreeMap;

use gatewit_sdk::testing::Reply;
use gatewit_sdk::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::secrets::Secrets;

/// Headers whose values identify somebody.
const HIDDEN: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];
/// Replaces such a value.
const MASK: &str = "(hidden)";
/// Headers of answers that describe the content, besides the system's own, which begin with `x-`.
const TELLING: [&str; 7] = [
    "content-type",
    "date",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
];
/// Headers for browsers.
const NOISE: [&str; 3] = [
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    pub request: Asked,
    pub response: Answered,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub method: String,
    pub url: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answered {
    status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(flatten)]
    body: Body,
}

/// Nothing, JSON (compared by value) or any other text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Asked {
    /// The parts of a request that are written and compared.
    pub fn of(request: &Request, secrets: &Secrets) -> Result<Self, String> {
        Ok(Self {
            method: request.method.clone(),
            url: secrets.hide(&request.url),
            headers: headers(&request.headers, secrets, |_| true),
            body: Body::of(&request.body, secrets)?,
        })
    }
}

impl Answered {
    /// The parts of an answer that are written.
    pub fn of(response: &Response, secrets: &Secrets) -> Result<Self, String> {
        let is_telling = |name: &str| {
            TELLING.contains(&name) || (name.starts_with("x-") && !NOISE.contains(&name))
        };
        Ok(Self {
            status: response.status,
            headers: headers(&response.headers, secrets, is_telling),
            body: Body::of(&response.body, secrets)?,
        })
    }

    pub fn reply(&self) -> Reply {
        let reply = Reply::of(self.status, &self.body.text());
        let headers = self.headers.iter();
        headers.fold(reply, |reply, (name, value)| reply.header(name, value))
    }

    pub fn text(&self) -> String {
        self.body.text()
    }
}

impl Body {
    fn of(bytes: &[u8], secrets: &Secrets) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a body is no text")?;
        let text = secrets.hide(text);
        Ok(match serde_json::from_str(&text) {
            _ if text.is_empty() => Self::default(),
            Ok(Value::Null) | Err(_) => Self {
                json: None,
                text: Some(text),
            },
            Ok(value) => Self {
                json: Some(value),
                text: None,
            },
        })
    }

    fn text(&self) -> String {
        let json = self.json.as_ref().map(|value| {
            serde_json::to_string(value).expect("what was read from JSON can be written as such")
        });
        json.or_else(|| self.text.clone()).unwrap_or_default()
    }
}

/// Selects the relevant headers. Headers of one name become one with all values.
fn headers(
    headers: &[(String, String)],
    secrets: &Secrets,
    is_kept: impl Fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let name = name.to_lowercase();
        if HIDDEN.contains(&name.as_str()) {
            kept.insert(name, MASK.to_owned());
        } else if is_kept(&name) {
            let value = secrets.hide(value);
            let values = kept.entry(name);
            let and = |values: &mut String| *values = format!("{values}, {value}");
            values.and_modify(and).or_insert_with(|| value.clone());
        }
    }
    kept
}
