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
/// A weekday may be written in full or by its first three letters.
pub fn day_pass_days(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    if !name.contains("day pass") {
        return Vec::new();
    }
    let words = name.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
    let words = words.map(|word| word.trim_matches('-'));
    words.filter_map(day).collect()
}

fn day(word: &str) -> Option<String> {
    let mut weekdays = WEEKDAYS.into_iter();
    let weekday = weekdays.find(|weekday| word == *weekday || word == &weekday[..3]);
    let date = || word.parse::<Date>().ok().map(|date| date.to_string());
    weekday.map(str::to_owned).or_else(date)
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
        check("Day pass Sat-Sun", &[]);
        check("Day pass 2025-12-15", &["2025-12-15"]);
        check("Day pass", &[]);
        check("Monday night party", &[]);
        check("Monthly day pass", &[]);
    }
}
