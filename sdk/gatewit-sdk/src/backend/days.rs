//! Day passes, told by their names.

use jiff::civil::Date;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The days of a ticket type whose name calls it a day pass: `["monday"]` of "Day Pass Monday", `["2025-12-15"]` of
/// "Day pass (2025-12-15)". Nothing if it is none, or does not say of which day.
///
/// A weekday may be written in full or by three or more of its first letters. "Fri-Sun" is three days.
pub fn day_pass_days(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    if !name.contains("day pass") {
        return Vec::new();
    }
    let words = name.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
    let words = words.map(|word| word.trim_matches('-'));
    words.flat_map(days).collect()
}

/// The days that a word names: a date, a weekday, or the first and the last of several.
fn days(word: &str) -> Vec<String> {
    if let Ok(date) = word.parse::<Date>() {
        return vec![date.to_string()];
    }
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (Some(first), Some(last)) = (weekday(first), weekday(last)) else {
        return Vec::new();
    };
    let count = (last + WEEKDAYS.len() - first) % WEEKDAYS.len() + 1;
    let days = WEEKDAYS.iter().cycle().skip(first).take(count);
    days.map(|day| (*day).to_owned()).collect()
}

/// The place of a weekday in the week.
fn weekday(word: &str) -> Option<usize> {
    let is_meant = |day: &str| word.len() >= 3 && day.starts_with(word);
    WEEKDAYS.iter().position(|day| is_meant(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, days: &[&str]) {
        assert_eq!(day_pass_days(name), days, "{name}");
    }

    #[test]
    fn a_day_pass_is_good_for_the_days_in_its_name() {
        check("Day Pass Monday", &["monday"]);
        check("DAY PASS (Tue, in-person)", &["tuesday"]);
        check("Day pass Sat + Sun", &["saturday", "sunday"]);
        check("Day pass Sat-Sun", &["saturday", "sunday"]);
        check("Day pass (Fri-Sun)", &["friday", "saturday", "sunday"]);
        check("Day pass Sun-Mon", &["sunday", "monday"]);
        check("Day pass Thurs", &["thursday"]);
        check("Day pass - Sat - Sun", &["saturday", "sunday"]);
        check("Day pass all-day", &[]);
        check("Day pass 2025-12-15", &["2025-12-15"]);
        check("Day pass", &[]);
        check("Monday night party", &[]);
        check("Monthly day pass", &[]);
    }
}
