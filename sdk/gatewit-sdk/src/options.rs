//! Reads an organizer's options, explains errors in helpful words, and describes options as a JSON Schema.

mod scalars;
pub(crate) mod units;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads options from the text of a JSON object. `origin` is the organizer's name for them, such as `strategyOptions`;
/// every error starts with it.
pub(crate) fn parse<T: DeserializeOwned>(origin: &str, text: &str) -> Result<T, String> {
    read(origin, object(origin, text)?)
}

/// The same for settings, which are written in YAML: a number or a boolean is a text where a text is expected.
pub(crate) fn parse_settings<T: DeserializeOwned + JsonSchema>(
    origin: &str,
    text: &str,
) -> Result<T, String> {
    let mut settings = object(origin, text)?;
    scalars::fit(&mut settings, schemars::schema_for!(T).as_value());
    read(origin, settings)
}

fn object(origin: &str, text: &str) -> Result<Value, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|err| format!("{origin}: not JSON: {err}"))?;
    if !value.is_object() {
        return Err(format!(
            "{origin}: expected an object, found {}",
            kind(&value)
        ));
    }
    Ok(value)
}

fn read<T: DeserializeOwned>(origin: &str, value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|err| explain(origin, &err))
}

/// The JSON Schema of options, as JSON text.
pub(crate) fn schema<T: JsonSchema>() -> String {
    schemars::schema_for!(T).as_value().to_string()
}

fn explain(origin: &str, err: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let reason = quote(&err.inner().to_string());
    let reason = reason.replace("there are no fields", "there are no options");
    let place = match err.path().to_string() {
        path if path == "." => origin.to_owned(),
        path => format!("{origin}.{path}"),
    };
    // The reason names an unknown field; the path adds where it is.
    let place = match place.rsplit_once('.') {
        Some((parent, _)) if reason.starts_with("unknown field") => parent,
        _ => &place,
    };
    format!("{place}: {reason}")
}

/// Puts names in quotation marks and leaves numbers bare; serde puts both in backticks.
fn quote(reason: &str) -> String {
    let pieces = reason.split('`').enumerate().map(|(position, piece)| {
        let is_name = position % 2 == 1 && piece.parse::<f64>().is_err();
        if is_name {
            format!("\"{piece}\"")
        } else {
            piece.to_owned()
        }
    });
    pieces.collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hours, TimeOfDay};
    use serde::Deserialize;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Options {
        #[serde(default)]
        early_hours: Hours,
        opens_at: TimeOfDay,
        #[serde(default)]
        nested: Vec<Nested>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Nested {
        #[expect(dead_code, reason = "only reading it matters")]
        hours: Hours,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[track_caller]
    fn refused<T: DeserializeOwned + std::fmt::Debug>(text: &str, reason: &str) {
        assert_eq!(parse::<T>("strategyOptions", text).unwrap_err(), reason);
    }

    #[test]
    fn options_are_read_by_their_names() {
        let options: Options = parse(
            "strategyOptions",
            r#"{"opensAt": "08:30", "earlyHours": 3}"#,
        )
        .unwrap();
        assert_eq!(
            (options.early_hours, options.opens_at.to_string()),
            (Hours(3), "08:30".to_owned())
        );
        assert_eq!(options.nested.len(), 0);
    }

    #[test]
    fn what_is_wrong_is_said_in_words_for_organizers() {
        refused::<Options>(
            r#"{"opensAt": "08:00", "earlyhours": 3}"#,
            r#"strategyOptions: unknown field "earlyhours", expected one of "earlyHours", "opensAt", "nested""#,
        );
        refused::<Options>("{}", r#"strategyOptions: missing field "opensAt""#);
        refused::<Options>(
            r#"{"opensAt": "08:00", "earlyHours": "2"}"#,
            r#"strategyOptions.earlyHours: invalid type: string "2", expected a whole number of hours from 0 to 87600"#,
        );
        refused::<Options>(
            r#"{"opensAt": "08:00", "nested": [{"hours": 1}, {"hours": -1}]}"#,
            r#"strategyOptions.nested[1].hours: invalid value: integer -1, expected a whole number of hours from 0 to 87600"#,
        );
        refused::<Options>(
            r#"{"opensAt": "08:00", "nested": [{"hour": 1}]}"#,
            r#"strategyOptions.nested[0]: unknown field "hour", expected "hours""#,
        );
        refused::<Nothing>(
            r#"{"x": 1}"#,
            r#"strategyOptions: unknown field "x", there are no options"#,
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        refused::<Options>("[3]", "strategyOptions: expected an object, found a list");
        refused::<Options>("null", "strategyOptions: expected an object, found null");
        refused::<Nothing>(
            "{",
            "strategyOptions: not JSON: EOF while parsing an object at line 1 column 1",
        );
    }

    #[test]
    fn the_schema_tells_types_bounds_and_what_is_required() {
        let schema: Value = serde_json::from_str(&schema::<Options>()).unwrap();
        assert_eq!(schema["properties"]["earlyHours"]["maximum"], 87_600);
        assert_eq!(schema["properties"]["opensAt"]["type"], "string");
        assert_eq!(schema["required"], serde_json::json!(["opensAt"]));
        assert_eq!(schema["additionalProperties"], false);
    }
}
