//! The secrets of a recording: put in as a request leaves, and taken out of everything that is written.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A reference to a secret begins with this; the secret's name follows.
const REFERENCE: &str = "secret://";
/// A shorter secret could be confused with other text.
const BYTES_MIN: usize = 8;

/// Returns the value of a secret by its name.
pub(crate) type LookUp = dyn Fn(&str) -> Option<String>;

/// The secrets used so far, by name.
#[derive(Default)]
pub(crate) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Replaces references by secrets.
    pub fn fill(&mut self, template: &str, look_up: &LookUp) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, reference)) = rest.split_once(REFERENCE) {
            let is_of_a_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let end = reference.find(|letter| !is_of_a_name(letter));
            let (name, after) = reference.split_at(end.unwrap_or(reference.len()));
            let secret = look_up(name).ok_or_else(|| format!("secret {name:?} has no value"))?;
            if secret.len() < BYTES_MIN {
                return Err(format!(
                    "secret {name:?} is shorter than {BYTES_MIN} characters"
                ));
            }
            filled.push_str(before);
            filled.push_str(&secret);
            self.0.insert(name.to_owned(), secret);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Replaces secrets by references, also where they are encoded for URLs or JSON.
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        let mut secrets: Vec<_> = self.0.iter().collect();
        // A secret that contains another goes first.
        secrets.sort_by_key(|(_, secret)| usize::MAX - secret.len());
        for (name, secret) in secrets {
            let reference = format!("{REFERENCE}{name}");
            let json = serde_json::Value::from(secret.as_str()).to_string();
            let json = json.trim_matches('"');
            let url = percent_encoded(secret);
            for form in [secret.as_str(), json, &url, &url.to_lowercase()] {
                hidden = hidden.replace(form, &reference);
            }
        }
        hidden
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").expect("a string takes any text"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let look_up = |name: &str| match name {
            "TOKEN" => Some("a+b/c\"d=0".to_owned()),
            "LONGER" => Some("a+b/c\"d=0123".to_owned()),
            "SHORT" => Some("abc".to_owned()),
            _ => None,
        };
        let mut secrets = Secrets::default();
        assert_eq!(
            secrets.fill("Token secret://TOKEN;secret://LONGER", &look_up),
            Ok("Token a+b/c\"d=0;a+b/c\"d=0123".to_owned())
        );
        let refused = ["SHORT", "OTHER"].map(|name| {
            let filled = secrets.fill(&format!("{REFERENCE}{name}"), &look_up);
            filled.unwrap_err()
        });
        assert_eq!(
            refused,
            [
                "secret \"SHORT\" is shorter than 8 characters",
                "secret \"OTHER\" has no value"
            ]
        );
        secrets
    }

    #[test]
    fn a_secret_is_hidden_in_whatever_dress_it_comes() {
        let shown =
            r#"a+b/c"d=0 {"t":"a+b/c\"d=0123"} ?k=a%2Bb%2Fc%22d%3D0&l=a%2bb%2fc%22d%3d0123"#;
        let hidden =
            r#"secret://TOKEN {"t":"secret://LONGER"} ?k=secret://TOKEN&l=secret://LONGER"#;
        assert_eq!(secrets().hide(shown), hidden);
    }
}
