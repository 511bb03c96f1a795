//! Opening windows: the questions to a strategy, its possible answers, and the instants they mean.

mod answer;
mod check_in_strategy;
mod invalid;

use std::fmt;

use gatewit_decision::Window;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::calendar::Calendar;
use crate::digest::Digest;
use crate::plugin::{CallError, PluginWords};

pub use answer::WindowsAnswer;
pub use check_in_strategy::CheckInStrategy;
pub use invalid::InvalidWindows;

/// The most windows an answer may hold, whatever the number of days.
const WINDOWS_MAX: usize = 1_000;

/// A strategy as events name it: `EARLY_VIP` for the plugin `early-vip`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StrategyName(String);

impl StrategyName {
    /// Returns the strategy name for a plugin's file stem.
    pub fn of_plugin(stem: &str) -> Self {
        Self(stem.to_ascii_uppercase().replace('-', "_"))
    }

    /// The name as events and records spell it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for StrategyName {
    /// The contract's default.
    fn default() -> Self {
        Self("HOURS_BEFORE".to_owned())
    }
}

impl fmt::Display for StrategyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for StrategyName {
    /// Accepts any text as a name. The engine knows whether a strategy of that name is loaded.
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl<'de> Deserialize<'de> for StrategyName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Everything that determines an event's windows, apart from the holder.
///
/// Two rules with one digest get the same answers from one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorRule {
    /// The strategy that gives the windows.
    pub strategy: StrategyName,
    /// A JSON object.
    pub options: String,
    /// The event's name, which strategies see.
    pub event_name: String,
    /// The event's days and time zone.
    pub calendar: Calendar,
    digest: [u8; 32],
}

impl DoorRule {
    /// Collects the parts of a rule and computes its digest.
    pub fn new(
        strategy: StrategyName,
        options: &serde_json::Map<String, serde_json::Value>,
        event_name: String,
        calendar: Calendar,
    ) -> Self {
        let options = serde_json::Value::Object(options.clone()).to_string();
        let mut hash = Sha256::new();
        let calendar_text =
            serde_json::to_string(&calendar).expect("a calendar is plain data and prints as JSON");
        for part in [strategy.as_str(), &options, &event_name, &calendar_text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self {
            strategy,
            options,
            event_name,
            calendar,
            digest: hash.finalize().into(),
        }
    }

    /// The digest as rows of the store name it.
    pub fn digest_in_store(&self) -> Digest {
        Digest::of(&[&self.digest])
    }

    /// Identifies the rule by its contents.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// The ticket data that a strategy may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The id of the ticket's type.
    pub ticket_type: String,
    /// Names of the attributes that are true, sorted.
    pub attributes: Vec<String>,
}

/// A moment as a strategy gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A fixed point in time.
    Instant(Timestamp),
    /// Wall-clock time at the event.
    Local(DateTime),
}

/// A window as a strategy proposed it, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposedWindow {
    /// The index of the day in the event's calendar, from 0.
    pub day: u32,
    /// The first moment of the window.
    pub opens: Moment,
    /// The first moment after the window.
    pub closes: Moment,
}

/// Why a strategy gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// No such strategy is loaded. Lists those that are.
    #[error("strategy {name} is not loaded; loaded are: {}", loaded.join(", "))]
    Unknown {
        /// The name that the event asks for.
        name: String,
        /// The names of all strategies that serve.
        loaded: Vec<String>,
    },
    /// The strategy does not accept the options. Only the organizer who sent them sees its own text.
    #[error("the strategy does not accept the options")]
    Rejected(PluginWords),
    /// The strategy was called and gave no answer.
    #[error("strategy {strategy} failed: {error}")]
    Failed {
        /// The strategy that was asked.
        strategy: StrategyName,
        /// Why the call failed.
        error: CallError,
    },
}

/// Converts proposed windows to instants, or explains why they are invalid.
///
/// Omits a wall-clock window that lies entirely in a clock change's gap: it does not exist on that day.
pub fn resolve(
    proposed: &[ProposedWindow],
    calendar: &Calendar,
) -> Result<Vec<Window>, InvalidWindows> {
    let (count, max) = (proposed.len(), WINDOWS_MAX);
    if count > max {
        return Err(InvalidWindows::TooMany { count, max });
    }
    let resolved = proposed.iter().map(|window| resolve_one(window, calendar));
    let mut windows = resolved
        .filter_map(Result::transpose)
        .collect::<Result<Vec<_>, _>>()?;
    windows.sort_by_key(|window| (window.opens, window.day));
    Ok(windows)
}

fn resolve_one(
    proposed: &ProposedWindow,
    calendar: &Calendar,
) -> Result<Option<Window>, InvalidWindows> {
    let (day, days) = (proposed.day as usize, calendar.days.len());
    if day >= days {
        return Err(InvalidWindows::NoSuchDay { day, days });
    }
    let zone = calendar.time_zone.time_zone();
    let opens = instant(proposed.opens, zone, Fold::Earlier)?;
    let closes = instant(proposed.closes, zone, closing_fold(proposed.closes))?;
    if opens < closes {
        return Ok(Some(Window { day, opens, closes }));
    }
    match (proposed.opens, proposed.closes) {
        (Moment::Local(first), Moment::Local(last)) if first < last => Ok(None),
        _ => Err(InvalidWindows::NeverOpen { day, opens, closes }),
    }
}

/// A date begins at its first midnight, and the previous date ends there, so windows of adjacent dates never overlap.
fn closing_fold(closes: Moment) -> Fold {
    match closes {
        Moment::Local(local) if local.time() == Time::midnight() => Fold::Earlier,
        _ => Fold::Later,
    }
}

/// Chooses which of two instants a wall-clock time means when clocks are set back.
enum Fold {
    Earlier,
    Later,
}

/// Returns the instant of a moment; in a gap, the first instant after the gap.
fn instant(moment: Moment, zone: &TimeZone, fold: Fold) -> Result<Timestamp, InvalidWindows> {
    let local = match moment {
        Moment::Instant(instant) => return Ok(instant),
        Moment::Local(local) => local,
    };
    let at = |offset: Offset| {
        offset
            .to_timestamp(local)
            .map_err(|_| InvalidWindows::OutOfRange(local))
    };
    match (zone.to_ambiguous_timestamp(local).offset(), fold) {
        (AmbiguousOffset::Unambiguous { offset }, _) => at(offset),
        (AmbiguousOffset::Fold { before, .. }, Fold::Earlier) => at(before),
        (AmbiguousOffset::Fold { after, .. }, Fold::Later) => at(after),
        (AmbiguousOffset::Gap { before, .. }, _) => {
            let past_the_gap = at(before)?;
            let transition = zone
                .preceding(past_the_gap + SignedDuration::from_nanos(1))
                .next();
            Ok(transition.map_or(past_the_gap, |transition| transition.timestamp()))
        }
    }
}

#[cfg(test)]
mod midnights;
#[cfg(test)]
mod tests {
    use super::*;
    use gatewit_decision::DayId;

    use crate::calendar::EventDay;

    fn berlin() -> Calendar {
        let day = |name: &str, starts: &str, ends: &str| EventDay {
            id: DayId(0),
            name: name.to_owned(),
            starts: starts.parse().unwrap(),
            ends: ends.parse().unwrap(),
        };
        Calendar {
            time_zone: "Europe/Berlin".parse().unwrap(),
            days: vec![
                day("spring", "2026-03-29T08:00:00Z", "2026-03-29T16:00:00Z"),
                day("autumn", "2026-10-25T08:00:00Z", "2026-10-25T16:00:00Z"),
            ],
        }
    }

    #[track_caller]
    fn check(day: u32, opens: &str, closes: &str, expected: (&str, &str)) {
        let local = |text: &str| Moment::Local(text.parse().unwrap());
        let proposed = ProposedWindow {
            day,
            opens: local(opens),
            closes: local(closes),
        };
        let windows = resolve(&[proposed], &berlin()).unwrap();
        let printed = (windows[0].opens.to_string(), windows[0].closes.to_string());
        assert_eq!(printed, (expected.0.to_owned(), expected.1.to_owned()));
    }

    #[test]
    fn a_time_in_a_gap_means_the_instant_after_it() {
        let expected = ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z");
        check(0, "2026-03-29T02:30:00", "2026-03-29T04:00:00", expected);
        let expected = ("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z");
        check(0, "2026-03-29T01:00:00", "2026-03-29T02:00:00", expected);
        check(0, "2026-03-29T01:00:00", "2026-03-29T02:59:59", expected);
    }

    #[test]
    fn in_a_fold_doors_open_at_the_earlier_and_close_at_the_later() {
        let expected = ("2026-10-25T00:30:00Z", "2026-10-25T01:45:00Z");
        check(1, "2026-10-25T02:30:00", "2026-10-25T02:45:00", expected);
    }

    #[test]
    fn a_date_ends_at_the_first_instant_of_the_next_one() {
        // Clocks in the Azores go back from 01:00 to midnight on 25 October 2026.
        let azores = Calendar {
            time_zone: "Atlantic/Azores".parse().unwrap(),
            ..berlin()
        };
        let check = |opens: &str, closes: &str, expected| {
            let local = |text: &str| Moment::Local(text.parse().unwrap());
            let proposed = ProposedWindow {
                day: 1,
                opens: local(opens),
                closes: local(closes),
            };
            let windows = resolve(&[proposed], &azores).unwrap();
            let printed = [windows[0].opens, windows[0].closes].map(|at| at.to_string());
            assert_eq!(printed, expected);
        };
        let (saturday, sunday, monday) =
            ("2026-10-24T00:00", "2026-10-25T00:00", "2026-10-26T00:00");
        check(
            saturday,
            sunday,
            ["2026-10-24T00:00:00Z", "2026-10-25T00:00:00Z"],
        );
        check(
            sunday,
            monday,
            ["2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"],
        );
        // Any other ambiguous time closes at the later instant.
        let half_past = "2026-10-25T00:30";
        check(
            saturday,
            half_past,
            ["2026-10-24T00:00:00Z", "2026-10-25T01:30:00Z"],
        );
    }

    #[test]
    fn a_window_that_a_clock_change_swallowed_is_left_out() {
        let local = |text: &str| Moment::Local(text.parse().unwrap());
        let window = |opens, closes| ProposedWindow {
            day: 0,
            opens: local(opens),
            closes: local(closes),
        };
        let swallowed = window("2026-03-29T02:15:00", "2026-03-29T02:45:00");
        let backwards = window("2026-03-29T02:45:00", "2026-03-29T02:15:00");
        assert_eq!(resolve(&[swallowed], &berlin()), Ok(Vec::new()));
        assert!(resolve(&[backwards], &berlin()).is_err());
    }

    #[track_caller]
    fn check_nonsense(day: u32, opens: i64, closes: i64, words: &str) {
        let at = |second| Moment::Instant(Timestamp::from_second(second).unwrap());
        let proposed = ProposedWindow {
            day,
            opens: at(opens),
            closes: at(closes),
        };
        let refusal = resolve(&[proposed], &berlin()).unwrap_err().to_string();
        assert!(refusal.contains(words), "{refusal}");
    }

    #[test]
    fn nonsense_is_named() {
        check_nonsense(2, 0, 10, "day 2; the event has 2 days");
        check_nonsense(0, 10, 10, "not after it opens");
        check_nonsense(0, 10, 9, "not after it opens");
        let window = ProposedWindow {
            day: 0,
            opens: Moment::Instant(Timestamp::UNIX_EPOCH),
            closes: Moment::Instant(Timestamp::from_second(1).unwrap()),
        };
        let refusal = resolve(&vec![window; 10_000], &berlin()).unwrap_err();
        let refusal = refusal.to_string();
        assert!(refusal.contains("10000 windows"), "{refusal}");
    }

    #[test]
    fn the_opening_instant_is_inside_and_the_closing_one_outside() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let window = Window {
            day: 0,
            opens: at(10),
            closes: at(20),
        };
        let open = [9, 10, 19, 20].map(|second| window.is_open(at(second)));
        assert_eq!(open, [false, true, true, false]);
    }
}
