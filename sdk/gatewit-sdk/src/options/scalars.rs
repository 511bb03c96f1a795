//! Fits scalars to the types that a schema expects.
//!
//! Settings are written in YAML, where `event: 2027` may be meant as a text. The host sends a scalar as a number or a
//! boolean if JSON writes it the same way, and as a string otherwise: `1e3` and `True` are strings.

use serde_json::{Number, Value};

/// Makes strings of numbers and booleans where the schema expects a string, and the reverse.
pub(super) fn fit(value: &mut Value, schema: &Value) {
    fit_to(value, schema, schema);
}

fn fit_to(value: &mut Value, schema: &Value, root: &Value) {
    let schemas = alternatives(schema, root);
    match value {
        Value::Object(values) => {
            for (key, value) in values {
                for inner in schemas.iter().filter_map(|schema| property(schema, key)) {
                    fit_to(value, inner, root);
                }
            }
        }
        Value::Array(values) => {
            for items in schemas.iter().filter_map(|schema| schema.get("items")) {
                for value in &mut *values {
                    fit_to(value, items, root);
                }
            }
        }
        scalar => {
            let allows = |kind: &str| schemas.iter().any(|schema| allows(schema, kind));
            if let Some(fitted) = fitted(scalar, allows) {
                *scalar = fitted;
            }
        }
    }
}

/// A schema, and those that it refers to or leaves the choice of.
fn alternatives<'s>(schema: &'s Value, root: &'s Value) -> Vec<&'s Value> {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let referred = reference.and_then(|place| root.pointer(place.strip_prefix('#')?));
    let choices = ["anyOf", "oneOf", "allOf"].into_iter();
    let choices = choices.filter_map(|key| schema.get(key)?.as_array());
    let inner = referred.into_iter().chain(choices.flatten());
    let mut all = vec![schema];
    all.extend(inner.flat_map(|inner| alternatives(inner, root)));
    all
}

fn property<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    let own = schema.get("properties").and_then(|all| all.get(key));
    own.or_else(|| schema.get("additionalProperties"))
}

fn allows(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
        one => one.is_some_and(|one| one == kind),
    }
}

/// The scalar as a type that is allowed; `None` if its own type is, or if it does not fit any.
fn fitted(scalar: &Value, allows: impl Fn(&str) -> bool) -> Option<Value> {
    let is_allowed = |scalar: &Value| match scalar {
        Value::Number(_) => allows("number") || allows("integer"),
        Value::Bool(_) => allows("boolean"),
        Value::String(_) => allows("string"),
        _ => false,
    };
    let fitted = match scalar {
        scalar if is_allowed(scalar) => return None,
        Value::Number(_) | Value::Bool(_) => Value::String(scalar.to_string()),
        Value::String(text) => match number(text) {
            Some(number) => Value::Number(number),
            None => Value::Bool(text.to_lowercase().parse().ok()?),
        },
        _ => return None,
    };
    is_allowed(&fitted).then_some(fitted)
}

/// The number that YAML reads: `5`, `+5`, `0x10`, `1e3`, `.5`.
fn number(text: &str) -> Option<Number> {
    let (minus, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned.starts_with(['+', '-']) {
        return None;
    }
    let radices = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter();
    let mut digits =
        radices.filter_map(|(mark, radix)| Some((unsigned.strip_prefix(mark)?, radix)));
    let json = match digits.next() {
        Some((digits, radix)) => format!("{minus}{}", u64::from_str_radix(digits, radix).ok()?),
        None => format!("{minus}{unsigned}"),
    };
    let number = serde_json::from_str(&json).ok();
    // JSON wants digits on both sides of a point.
    number.or_else(|| match json.contains('.') {
        true => Number::from_f64(json.parse().ok()?),
        false => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::super::parse_settings;
    use crate::{Secret, Slug};

    #[derive(Debug, Default, Deserialize, JsonSchema, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        event: Option<Slug>,
        token: Option<Secret>,
        version: Version,
        kinds: BTreeMap<String, Kind>,
        rate: Option<f64>,
        count: u32,
    }

    #[derive(Debug, Default, Deserialize, JsonSchema, PartialEq)]
    enum Version {
        #[default]
        #[serde(rename = "3.0")]
        Old,
        /// The newer one.
        #[serde(rename = "3.1")]
        New,
    }

    #[derive(Debug, Default, Deserialize, JsonSchema, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Kind {
        name: Option<String>,
        days: Vec<String>,
        admits: bool,
        inner: Option<Box<Kind>>,
    }

    #[track_caller]
    fn check(settings: serde_json::Value, expected: serde_json::Value) {
        let read = parse_settings::<Settings>("settings", &settings.to_string());
        let expected: Settings = serde_json::from_value(expected).unwrap();
        assert_eq!(read, Ok(expected), "{settings}");
    }

    #[test]
    fn a_number_or_a_boolean_is_a_text_where_a_text_is_expected() {
        for (written, text) in [
            (json!(2027), "2027"),
            (json!(1.5), "1.5"),
            (json!("1e3"), "1e3"),
            (json!(true), "true"),
        ] {
            check(json!({"event": written}), json!({"event": text}));
            let kind =
                json!({"name": written, "days": [written, "monday"], "inner": {"name": written}});
            let expected = json!({"name": text, "days": [text, "monday"], "inner": {"name": text}});
            check(
                json!({"kinds": {"vip": kind}}),
                json!({"kinds": {"vip": expected}}),
            );
        }
        check(json!({"version": 3.1}), json!({"version": "3.1"}));
        check(json!({"version": 3.0, "event": null}), json!({}));
    }

    #[test]
    fn numbers_and_booleans_stay_where_they_are_expected_however_they_are_written() {
        check(
            json!({"rate": 2, "count": 3}),
            json!({"rate": 2.0, "count": 3}),
        );
        for (rate, number) in [
            ("1e3", 1000.0),
            (".5", 0.5),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("+1.5", 1.5),
        ] {
            check(json!({"rate": rate}), json!({"rate": number}));
        }
        for (count, number) in [("3", 3), ("+5", 5), ("0x10", 16), ("0o17", 15), ("0b11", 3)] {
            check(json!({"count": count}), json!({"count": number}));
        }
        check(
            json!({"kinds": {"vip": {"admits": "True"}}}),
            json!({"kinds": {"vip": {"admits": true}}}),
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_and_a_secret_not_repeated() {
        let refused = |settings: serde_json::Value| {
            parse_settings::<Settings>("settings", &settings.to_string()).unwrap_err()
        };
        assert_eq!(
            refused(json!({"count": "many"})),
            "settings.count: invalid type: string \"many\", expected u32"
        );
        for text in [
            "007", "+-5", "0x", "0xg", ".inf", ".nan", ".", "", "null", "[1]",
        ] {
            let words = format!("settings.rate: invalid type: string {text:?}, expected f64");
            assert_eq!(refused(json!({"rate": text})), words);
        }
        assert_eq!(
            refused(json!({"kinds": {"vip": {"name": []}}})),
            "settings.kinds.vip.name: invalid type: sequence, expected a string"
        );
        assert!(!refused(json!({"token": 4711})).contains("4711"));
    }
}
