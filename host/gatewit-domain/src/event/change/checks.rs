//! Checks for the values of an event's fields, used by all its parts.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use jiff::SignedDuration;

use crate::calendar::{EventZone, OffsetTimestamp};
use crate::identifier::fold;
use crate::problem::{EventCode, Problem};
use crate::text::bounded_text;

pub const NAME_MAX: usize = 200;
pub const LIST_MAX: usize = 1_000;
/// The years that days may be in. Additions to their times then never overflow.
const YEARS: RangeInclusive<i16> = 1970..=9000;

pub fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(EventCode::Invalid, message)
}

/// Reads a time and drops fractions of a second, since strategies see whole seconds.
pub fn written(field: &str, text: &str) -> Result<OffsetTimestamp, Problem> {
    let mut time: OffsetTimestamp = text
        .parse()
        .map_err(|words: String| invalid(format!("{field}: {words}")))?;
    if !YEARS.contains(&time.offset.to_datetime(time.instant).year()) {
        return Err(invalid(format!(
            "{field}: \"{text}\" is not in the years {} to {}",
            YEARS.start(),
            YEARS.end()
        )));
    }
    time.instant -= SignedDuration::from_nanos(time.instant.subsec_nanosecond().into());
    Ok(time)
}

pub fn text(field: &str, text: String, max: usize) -> Result<String, Problem> {
    bounded_text(field, &text, max).map_err(invalid)
}

pub fn unique<'a>(field: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(invalid(format!("{field} names \"{name}\" twice")));
        }
    }
    Ok(())
}

/// Rejects ids of ticket types that are the same when they are compared.
pub fn distinct_types<'a>(ids: impl Iterator<Item = &'a str>) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(fold(id)) {
            return Err(invalid(format!(
                "ticketTypes names \"{id}\" twice; case and the kind of a dash distinguish no types"
            )));
        }
    }
    Ok(())
}

/// Checks that all days have the same offset. If an event took its time zone from one day's offset, days with another
/// offset would shift.
pub fn one_offset<'a>(times: impl Iterator<Item = &'a String>) -> Result<(), Problem> {
    let offsets = times.filter_map(|text| Some(text.parse::<OffsetTimestamp>().ok()?.offset));
    let mut offsets = offsets.map(EventZone::from);
    let first = offsets.next();
    match (&first, offsets.find(|other| Some(other) != first.as_ref())) {
        (Some(first), Some(other)) => Err(invalid(format!(
            "days have different offsets from UTC, {first} and {other}: give timezone, such as Europe/Berlin"
        ))),
        _ => Ok(()),
    }
}

pub fn bounded(
    field: &str,
    list: Option<Vec<String>>,
    max: usize,
) -> Result<Option<Vec<String>>, Problem> {
    match &list {
        Some(names) if names.len() > max => {
            Err(invalid(format!("{field} must hold at most {max}")))
        }
        _ => Ok(list),
    }
}

pub fn identities(field: &str, subs: Vec<String>) -> Result<Vec<String>, Problem> {
    if subs.len() > LIST_MAX {
        return Err(invalid(format!("{field} must hold at most {LIST_MAX}")));
    }
    subs.into_iter()
        .map(|sub| text(field, sub, NAME_MAX))
        .collect()
}

pub fn checked_slug(slug: String) -> Result<String, Problem> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || slug.len() > 80 || !slug.chars().all(is_plain) {
        return Err(invalid(format!(
            "slug \"{slug}\" must have 1 to 80 small letters, digits and hyphens"
        )));
    }
    Ok(slug)
}

/// Makes a slug from a name: `East African Tech Summit 2025` becomes `east-african-tech-summit-2025`.
pub fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-");
    slug.truncate(60);
    match slug.trim_end_matches('-') {
        "" => "event".to_owned(),
        slug => slug.to_owned(),
    }
}
