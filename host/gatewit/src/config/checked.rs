//! Values that are validated while they are parsed, so that errors name their line.

use std::collections::BTreeMap;
use std::fmt;

use gatewit_domain::attendees::AttendeeFlags;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::misspelt::nearest;

/// An id of the ticketing system: a whole number, quoted or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NumericId(pub String);

impl<'de> Deserialize<'de> for NumericId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text| {
            let is_id = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
            match is_id {
                true => Ok(Self(text.to_owned())),
                false => Err(format!("{text:?} is no id, expected a whole number")),
            }
        }))
    }
}

/// Attributes, each true or false.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Attributes {
    held: BTreeMap<String, bool>,
    /// Names of attributes whose value is not a boolean; the reference service uses them, we ignore them.
    #[serde(skip)]
    pub odd: Vec<String>,
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes, such as \"is_speaker: true\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut attributes = Attributes::default();
        while let Some(Name(name)) = map.next_key()? {
            if AttendeeFlags::NAMES.contains(&name.as_str()) {
                let Truth(is_held) = map.next_value()?;
                attributes.held.insert(name, is_held);
                continue;
            }
            match map.next_value::<serde_yaml::Value>()?.as_bool() {
                Some(is_held) => drop(attributes.held.insert(name, is_held)),
                None => attributes.odd.push(name),
            }
        }
        Ok(attributes)
    }
}

/// An attribute's name. A name close to one of the contract's nine is a mistake; any other is the operator's own, for
/// strategies.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|name| {
            let known = AttendeeFlags::NAMES;
            let (nearest, distance) = nearest(name, known).expect("NAMES is not empty");
            let is_shortened = known
                .iter()
                .any(|known| known.strip_prefix("is_") == Some(name));
            let is_near = distance <= 2 || name.starts_with("is_") || is_shortened;
            match known.contains(&name) || !is_near {
                true => Ok(Self(name.to_owned())),
                false => Err(format!(
                    "unknown attribute `{name}`, expected one of {}; did you mean `{nearest}`?",
                    known.join(", ")
                )),
            }
        }))
    }
}

/// A boolean, including the spellings of YAML before 1.2.
struct Truth(bool);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text| match text.to_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(Self(true)),
            "false" | "no" | "off" => Ok(Self(false)),
            _ => Err(format!("{text:?} is neither true nor false")),
        }))
    }
}

/// Reads a scalar as it is written.
struct Text<T>(fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        self.0(text).map_err(E::custom)
    }
}
