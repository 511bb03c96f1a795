//! A strategy that misbehaves as its options say, such as `{"do": "panic"}`, to test how the host reacts.
//!
//! It is never installed among the served plugins.

use std::hint::black_box;

use gatewit_sdk::{Event, EventDay, Holder, Strategy, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// More windows than any event can need.
const MANY_WINDOWS: usize = 10_000;
const LONG_ERROR_BYTES: usize = 10 << 20;
const GROWTH_BYTES: usize = 1 << 20;
const HOARD_PIECES: usize = 2_000;
const HOARD_PIECE_MAX: usize = 3_000;

/// Any object passes the check, so that what goes wrong does so later.
#[derive(Deserialize, JsonSchema)]
struct Mischief {
    /// What to do: `behave` (default), `hoard`, `panic`, `loop`, `grow`, `closes-before-opens`, `no-such-day`,
    /// `many-windows`, `long-error`, `error` or, whenever options are read, `loop-when-checked`.
    #[serde(default, rename = "do", deserialize_with = "checked")]
    deed: Value,
}

/// Reads the misbehaviour from the options. There is no other check.
fn checked<'de, D: Deserializer<'de>>(options: D) -> Result<Value, D::Error> {
    let deed = Value::deserialize(options)?;
    if deed == "loop-when-checked" {
        run_for_ever();
    }
    Ok(deed)
}

impl Strategy for Mischief {
    fn windows(&self, event: &Event, _: &Holder) -> Result<Vec<Window>, String> {
        match self.deed.as_str().unwrap_or("behave") {
            "behave" => Ok(each_day(event, |day| day.window(day.starts, day.ends))),
            "hoard" => hoard(event),
            "panic" => panic!("mischief was asked to panic"),
            "loop" => run_for_ever(),
            "grow" => grow_for_ever(),
            "closes-before-opens" => Ok(each_day(event, |day| day.window(day.ends, day.starts))),
            "no-such-day" => Ok(each_day(event, |day| Window {
                day: u32::MAX,
                ..day.window(day.starts, day.ends)
            })),
            "many-windows" => {
                Ok(each_day(event, |day| day.window(day.starts, day.ends)).repeat(MANY_WINDOWS))
            }
            "long-error" => Err("x".repeat(LONG_ERROR_BYTES)),
            "error" => Err("the moon is wrong".to_owned()),
            other => Err(format!("mischief does not know how to {other:?}")),
        }
    }
}

fn each_day(event: &Event, window: impl Fn(&EventDay) -> Window) -> Vec<Window> {
    event.days.iter().map(window).collect()
}

/// Behaves, but first allocates and frees memory in pieces of many sizes, and fails if one does not keep its content.
fn hoard(event: &Event) -> Result<Vec<Window>, String> {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    for piece in 0..HOARD_PIECES {
        hoard.push(vec![piece as u8; 1 + piece * 37 % HOARD_PIECE_MAX]);
        let middle = hoard.len() / 2;
        match piece % 3 {
            0 => drop(hoard.swap_remove(middle)),
            1 => {
                let (mark, length) = (hoard[middle][0], hoard[middle].len());
                hoard[middle].resize(2 * length, mark);
            }
            _ => {}
        }
    }
    let is_whole = |piece: &Vec<u8>| piece.iter().all(|byte| *byte == piece[0]);
    if !black_box(&hoard).iter().all(is_whole) {
        return Err("the hoard was changed".to_owned());
    }
    Ok(each_day(event, |day| day.window(day.starts, day.ends)))
}

fn run_for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Allocates memory until none is left, which aborts.
fn grow_for_ever() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; GROWTH_BYTES]));
    }
}

gatewit_sdk::export_strategy!(Mischief);

#[cfg(test)]
mod tests {
    use gatewit_sdk::testing;

    use super::*;

    fn ask(options: &str) -> Result<Vec<String>, String> {
        let event = testing::event("Europe/Berlin", &[("2025-12-15T09:00", "2025-12-15T18:00")]);
        testing::windows::<Mischief>(options, &event, &testing::holder("vip", &[]))
    }

    #[test]
    fn it_can_behave() {
        let expected =
            vec!["Day 1: 2025-12-15T09:00:00+01:00 to 2025-12-15T18:00:00+01:00".to_owned()];
        assert_eq!(ask(r#"{"do": "behave"}"#), Ok(expected.clone()));
        assert_eq!(ask(r#"{"do": "hoard"}"#), Ok(expected.clone()));
        assert_eq!(ask(r#"{"whatever": [1, 2]}"#), Ok(expected));
    }

    #[test]
    fn it_can_give_answers_that_no_host_takes() {
        assert_eq!(
            ask(r#"{"do": "error"}"#),
            Err("the moon is wrong".to_owned())
        );
        assert_eq!(
            ask(r#"{"do": "no-such-day"}"#),
            Err("there is no day 4294967295".to_owned())
        );
        assert!(
            ask(r#"{"do": "closes-before-opens"}"#)
                .unwrap_err()
                .contains("not before it closes")
        );
        assert_eq!(
            ask(r#"{"do": "long-error"}"#).unwrap_err().len(),
            LONG_ERROR_BYTES
        );
        assert_eq!(
            ask(r#"{"do": "many-windows"}"#).unwrap().len(),
            MANY_WINDOWS
        );
    }
}
