//! Reads YAML scalars as the text that is written: the parser alone makes `1e3` the number 1000, and `Null` nothing.
//!
//! The parser returns a scalar's text only if it is asked for a string. So a first pass finds the shape of the
//! document, and a second one asks for a string at every scalar.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    DeserializeSeed, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_yaml::Deserializer as Document;

/// Reads a document. A scalar is a number, a boolean or null only if JSON writes it the same way, and a string
/// otherwise. An empty value and `~` are null too. Tags are ignored.
pub(super) fn read(text: &str) -> Result<Value, serde_yaml::Error> {
    let shape: Shape = Deserialize::deserialize(Document::from_str(text))?;
    shape.deserialize(Document::from_str(text))
}

/// Checks that it is a map, and leaves its values to [`read`]: JSON has no place for the parser's larger numbers.
pub(super) fn map_read_later<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    BTreeMap::<String, IgnoredAny>::deserialize(deserializer)?;
    Ok(Map::new())
}

/// The text of a scalar that [`read`] returned; None where nothing, `~` or `null` is written without quotes.
pub(super) fn text(written: &Value) -> Option<String> {
    match written {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        scalar => Some(scalar.to_string()),
    }
}

fn is_null(text: &str) -> bool {
    ["", "~", "null"].contains(&text)
}

/// The shape of a document.
enum Shape {
    /// A scalar that the parser takes for a number, a boolean or null.
    Plain(Value),
    Text,
    List(Vec<Shape>),
    /// The shapes of the values.
    Map(Vec<Shape>),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

macro_rules! plain {
    ($($visit:ident: $kind:ty),*) => {$(
        fn $visit<E>(self, value: $kind) -> Result<Shape, E> {
            Ok(Shape::Plain(value.into()))
        }
    )*};
}

macro_rules! texts {
    ($($visit:ident: $kind:ty),*) => {$(
        fn $visit<E>(self, _: $kind) -> Result<Shape, E> {
            Ok(Shape::Text)
        }
    )*};
}

impl<'de> Visitor<'de> for Look {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    plain! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64 }
    // JSON has no number of such a size.
    texts! { visit_i128: i128, visit_u128: u128, visit_str: &str }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Plain(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some(shape) = list.next_element()? {
            shapes.push(shape);
        }
        Ok(Shape::List(shapes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some((IgnoredAny, shape)) = map.next_entry()? {
            shapes.push(shape);
        }
        Ok(Shape::Map(shapes))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Shape, A::Error> {
        let (IgnoredAny, value) = tagged.variant()?;
        value.newtype_variant()
    }
}

/// Reads a node of this shape.
impl<'de> DeserializeSeed<'de> for Shape {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Self::Plain(value) => {
                let text = String::deserialize(deserializer)?;
                let json = value.to_string();
                let is_written_so = match value {
                    Value::Null => is_null(&text),
                    _ => json == text,
                };
                Ok(if is_written_so { value } else { text.into() })
            }
            Self::Text => String::deserialize(deserializer).map(Value::String),
            Self::List(shapes) => deserializer.deserialize_seq(Parts(shapes)),
            Self::Map(shapes) => deserializer.deserialize_map(Parts(shapes)),
        }
    }
}

struct Parts(Vec<Shape>);

impl<'de> Visitor<'de> for Parts {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same document as before")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::with_capacity(self.0.len());
        for shape in self.0 {
            values.extend(list.next_element_seed(shape)?);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        for shape in self.0 {
            if let Some(key) = map.next_key::<String>()? {
                values.insert(key, map.next_value_seed(shape)?);
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        let read = read(&format!("a: {text}\n")).unwrap();
        assert_eq!(read["a"], expected, "{text}");
    }

    #[test]
    fn a_scalar_that_json_writes_otherwise_is_a_text() {
        for text in [
            "1e3",
            "1.50",
            "37E89",
            "0012",
            "0x1F",
            "+41",
            ".inf",
            ".nan",
            "True",
            "NO",
            "Null",
            "NULL",
            "2026-11-29",
            "123456789012345678901234567890",
        ] {
            check(text, json!(text));
            check(&format!("'{text}'"), json!(text));
        }
        check("'2027'", json!("2027"));
        check("'null'", json!("null"));
    }

    #[test]
    fn numbers_booleans_and_null_as_json_writes_them_stay() {
        check("2027", json!(2027));
        check("-7", json!(-7));
        check("1.5", json!(1.5));
        check("true", json!(true));
        for nothing in ["", "~", "null"] {
            check(nothing, Value::Null);
        }
    }

    #[test]
    fn lists_maps_aliases_and_tags_are_read() {
        check(
            "[1e3, {2: True, b: [~]}]",
            json!(["1e3", {"2": "True", "b": [null]}]),
        );
        check(
            "!odd [1e3, !odd {b: !odd 0x1}]",
            json!(["1e3", {"b": "0x1"}]),
        );
        check("!odd null", Value::Null);
        let aliased = read("a: &x [1e3]\nb: *x\n").unwrap();
        assert_eq!(aliased["b"], json!(["1e3"]));
    }
}
