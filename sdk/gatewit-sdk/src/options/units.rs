//! Types for single options. They reject invalid values, and the error says what is valid.

use std::borrow::Cow;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// Ten years. A larger number is a typing error.
const HOURS_MAX: u32 = 10 * 365 * 24;
const MINUTES_MAX: u32 = HOURS_MAX * 60;

/// A whole number of hours, at most ten years as an option.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hours(pub u32);

/// A whole number of minutes, at most ten years as an option.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Minutes(pub u32);

/// A time on the wall clock, written `"HH:MM"` from `"00:00"` to `"23:59"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(pub Time);

impl From<Hours> for SignedDuration {
    fn from(hours: Hours) -> Self {
        SignedDuration::from_hours(hours.0.into())
    }
}

impl From<Minutes> for SignedDuration {
    fn from(minutes: Minutes) -> Self {
        SignedDuration::from_mins(minutes.0.into())
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_u32(Count {
                unit: "hours",
                max: HOURS_MAX,
            })
            .map(Hours)
    }
}

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_u32(Count {
                unit: "minutes",
                max: MINUTES_MAX,
            })
            .map(Minutes)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(HourMinute)
    }
}

struct Count {
    unit: &'static str,
    max: u32,
}

impl Visitor<'_> for Count {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number of {} from 0 to {}", self.unit, self.max)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<u32, E> {
        let count = u32::try_from(value).ok().filter(|count| *count <= self.max);
        count.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<u32, E> {
        u64::try_from(value)
            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            .and_then(|value| self.visit_u64(value))
    }
}

struct HourMinute;

impl Visitor<'_> for HourMinute {
    type Value = TimeOfDay;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a time such as "08:00", from "00:00" to "23:59""#)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeOfDay, E> {
        hour_minute(text)
            .map(TimeOfDay)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn hour_minute(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(two_digits(hour)?, two_digits(minute)?, 0, 0).ok()
}

fn two_digits(text: &str) -> Option<i8> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

impl JsonSchema for Hours {
    fn schema_name() -> Cow<'static, str> {
        "Hours".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": HOURS_MAX })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl JsonSchema for Minutes {
    fn schema_name() -> Cow<'static, str> {
        "Minutes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": MINUTES_MAX })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["08:00"] })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|err| err.to_string())
    }

    #[track_caller]
    fn check_minutes(text: &str, expected: Option<u32>) {
        assert_eq!(read::<Minutes>(text).ok(), expected.map(Minutes), "{text}");
    }

    #[track_caller]
    fn check_time(text: &str, expected: Option<&str>) {
        let time = read::<TimeOfDay>(&format!("{text:?}")).ok();
        assert_eq!(
            time.map(|time| time.to_string()).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn counts_are_whole_and_within_ten_years() {
        check_minutes("0", Some(0));
        check_minutes("5256000", Some(5_256_000));
        check_minutes("5256001", None);
        check_minutes("4294967296", None);
        check_minutes("18446744073709551616", None);
        check_minutes("-1", None);
        check_minutes("1.5", None);
        check_minutes("true", None);
        check_minutes("null", None);
    }

    #[test]
    fn times_are_two_digits_a_colon_and_two_digits() {
        check_time("00:00", Some("00:00"));
        check_time("23:59", Some("23:59"));
        check_time("24:00", None);
        check_time("8:00", None);
        check_time("08:60", None);
        check_time("08:00:00", None);
        check_time("+8:00", None);
        check_time("", None);
    }
}
