//! Secrets: which ones a source may use, and how they get into the values of headers.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::header::HeaderValue;
use serde_json::{Map, Value};

use crate::outbound::error::NotGranted;

/// A reference to a secret begins with this; the secret's name follows.
const REFERENCE: &str = "secret://";

/// The value of a secret. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a secret of its value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Lists the secrets that settings refer to.
    ///
    /// A setting counts only if it is a reference and nothing else: settings may contain the text of a file, which may
    /// hold anything.
    pub fn names_in(settings: &Map<String, Value>) -> Vec<String> {
        let mut names = Vec::new();
        settings
            .values()
            .for_each(|value| collect(value, &mut names));
        names
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The secrets of one source: only those that its own settings name.
pub(crate) struct Secrets(BTreeMap<String, Option<Secret>>);

impl Secrets {
    /// Selects the secrets that the settings name.
    pub(crate) fn named_in(
        settings: &Map<String, Value>,
        mut values: BTreeMap<String, Secret>,
    ) -> Self {
        let named = Secret::names_in(settings).into_iter().map(|name| {
            let value = values.remove(&name);
            (name, value)
        });
        Self(named.collect())
    }

    /// Replaces references by secrets. The error names the one that cannot be replaced.
    pub(crate) fn fill(&self, template: &str) -> Result<HeaderValue, NotGranted> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, reference)) = rest.split_once(REFERENCE) {
            let (name, after) = reference.split_at(name_bytes(reference));
            filled.push_str(before);
            filled.push_str(self.value(name)?);
            rest = after;
        }
        filled.push_str(rest);
        let value = HeaderValue::from_str(&filled);
        let mut value = value.map_err(|_| NotGranted::HeaderValue)?;
        value.set_sensitive(is_mentioned(template));
        Ok(value)
    }

    fn value(&self, name: &str) -> Result<&str, NotGranted> {
        match self.0.get(name) {
            Some(Some(Secret(value))) => Ok(value),
            Some(None) => Err(NotGranted::UnsetSecret(name.to_owned())),
            None => Err(NotGranted::UnnamedSecret(name.to_owned())),
        }
    }
}

/// Whether a header's value refers to a secret.
pub(crate) fn is_mentioned(template: &str) -> bool {
    template.contains(REFERENCE)
}

fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => names.extend(reference(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        Value::Object(values) => values.values().for_each(|value| collect(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn reference(text: &str) -> Option<String> {
    let name = text.strip_prefix(REFERENCE)?;
    (!name.is_empty() && name_bytes(name) == name.len()).then(|| name.to_owned())
}

/// The length of the name at the start of a text: letters, digits and underscores.
fn name_bytes(text: &str) -> usize {
    let is_of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.bytes().take_while(is_of_a_name).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets() -> Secrets {
        let settings = json!({
            "token": "secret://PRETIX_TOKEN",
            "more": [{ "deep": "secret://DEEP_1" }],
            "absent": "secret://ABSENT",
            "people": "Ann,secret://TITO_TOKEN\n",
        });
        let values = ["PRETIX_TOKEN", "DEEP_1", "TITO_TOKEN"]
            .map(|name| (name.to_owned(), Secret::new(format!("value-of-{name}"))));
        Secrets::named_in(settings.as_object().unwrap(), values.into())
    }

    #[track_caller]
    fn check(template: &str, expected: Result<&str, &str>) {
        let filled = secrets().fill(template);
        let filled = filled.map(|value| (value.to_str().unwrap().to_owned(), value.is_sensitive()));
        let expected = expected.map(|value| (value.to_owned(), is_mentioned(template)));
        let filled = filled.map_err(|err| err.to_string());
        assert_eq!(filled, expected.map_err(str::to_owned));
    }

    #[test]
    fn only_secrets_that_the_own_settings_name_are_put_in() {
        check("application/json", Ok("application/json"));
        check(
            "Token secret://PRETIX_TOKEN",
            Ok("Token value-of-PRETIX_TOKEN"),
        );
        check(
            "secret://DEEP_1;secret://PRETIX_TOKEN.",
            Ok("value-of-DEEP_1;value-of-PRETIX_TOKEN."),
        );
        check("secret://ABSENT", Err("secret \"ABSENT\" has no value"));
        let unnamed = |name: &str| format!("the source's settings name no secret {name:?}");
        check("secret://TITO_TOKEN", Err(&unnamed("TITO_TOKEN")));
        check("secret://PRETIX_TOKENS", Err(&unnamed("PRETIX_TOKENS")));
        check("secret://PRETIX", Err(&unnamed("PRETIX")));
        check("secret://", Err(&unnamed("")));
        check(
            "a\nb",
            Err("a header's value has characters that none may have"),
        );
    }

    #[test]
    fn a_secret_never_shows() {
        assert_eq!(format!("{:?}", Secret::new("s3cr3t")), "Secret");
        let value = secrets().fill("Token secret://PRETIX_TOKEN").unwrap();
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}
