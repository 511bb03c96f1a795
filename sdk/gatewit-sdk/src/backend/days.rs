//! Recognizes day passes by their names, in English and German.

mod named;
mod words;

use words::{Language, PASSES, Token, is_weekday, tokens};

/// Words before the word for the day in a pass for several days: "two-day pass", "Mehrtagesticket".
const SEVERAL: [&str; 16] = [
    "two", "three", "four", "five", "six", "seven", "multi", "all", "every", "zwei", "drei",
    "vier", "fünf", "sechs", "sieben", "mehr",
];

/// The days of a ticket type whose name calls it a day pass: `["monday"]` of "Day Pass Monday", `["2025-12-15"]` of
/// "Day pass (2025-12-15)", `["--10-12"]` (the date in any year) of "Tagesticket 12. Oktober". Empty if it is not a day
/// pass, or does not name its day.
///
/// An English weekday may be shortened to three letters or more, a German one of a "Tagesticket" to two. A dash of any
/// kind, "to", "until", "till", "through" or "bis" between two days makes a range: "Fri–Sun" is three days. A weekday
/// beside a date adds nothing. A date in figures is read as `2025-12-15` or `15.12.`; `10/12` may mean two days and is
/// not read.
pub fn day_pass_days(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let tokens = tokens(&name);
    match Pass::of(&tokens) {
        Some(pass) => named::days(&tokens, pass.language),
        None => Vec::new(),
    }
}

/// Whether a name calls a ticket type good for one day or for some of them: "Day Pass Monday", "Tageskarte", "Saturday
/// ticket". A pass for a number of days, such as "3-Day Pass", may be good for all of them and is not a day pass.
pub fn is_day_pass(name: &str) -> bool {
    let name = name.to_lowercase();
    Pass::of(&tokens(&name)).is_some_and(|pass| !pass.is_for_several)
}

/// The part of a name that describes the pass itself.
struct Pass {
    language: Language,
    is_for_several: bool,
}

impl Pass {
    /// Finds "day pass", or a weekday and "pass", in a name. A number may stand between: "Day 1 Pass".
    fn of(tokens: &[Token]) -> Option<Self> {
        let kept = |token: &&Token| matches!(token, Token::Word(_) | Token::Number(_));
        let words: Vec<_> = tokens.iter().filter(kept).collect();
        let is_pass =
            |at: usize| matches!(words.get(at), Some(Token::Word(word)) if PASSES.contains(word));
        let is_number = |at: usize| matches!(words.get(at), Some(Token::Number(_)));
        let is_followed = |at: usize| is_pass(at + 1) || is_number(at + 1) && is_pass(at + 2);
        words.iter().enumerate().find_map(|(at, word)| {
            let Token::Word(word) = word else {
                return None;
            };
            let before = at.checked_sub(1).map(|before| words[before]);
            (is_day(word) && is_followed(at)).then(|| Self {
                language: Language::of(word),
                is_for_several: is_for_several(word, before),
            })
        })
    }
}

fn is_day(word: &str) -> bool {
    matches!(word, "day" | "daily") || word.ends_with("tages") || is_weekday(word)
}

fn is_for_several(day: &str, before: Option<&Token>) -> bool {
    let counted = day.strip_suffix("tages").unwrap_or_default();
    SEVERAL.contains(&counted)
        || match before {
            Some(Token::Word(word)) => SEVERAL.contains(word),
            Some(Token::Number(number)) => *number != "1",
            _ => false,
        }
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
        check("Day pass Sat/Sun", &["saturday", "sunday"]);
        check("Day pass Thurs", &["thursday"]);
        check("Saturday ticket", &["saturday"]);
        check("Day-Pass 2025-12-15", &["2025-12-15"]);
        check("Day pass all-day", &[]);
        check("Day pass", &[]);
        check("Monday night party", &[]);
        check("Monthly day pass", &[]);
    }

    #[test]
    fn any_dash_and_any_word_for_until_makes_a_range() {
        let three = ["monday", "tuesday", "wednesday"];
        for name in [
            "Day Pass Mon-Wed",
            "Day Pass Mon–Wed",
            "Day Pass Mon — Wed",
            "Day Pass Mon ‑ Wed",
            "Day Pass Mon − Wed",
            "Day Pass Mon⁃Wed",
            "Day Pass Mon..Wed",
            "Day Pass Mon … Wed",
            "Day Pass Mon to Wed",
            "day pass monday UNTIL wednesday",
            "Day pass Mon till Wed",
            "Day Pass Monday through Wednesday",
            "Day Pass Mon 10:00 – Wed 18:00",
            "Day Pass Monday morning – Wednesday evening",
            "Tagesticket Montag bis Mittwoch",
            "Tageskarte Mo–Mi",
        ] {
            check(name, &three);
        }
        check("Day pass (Fri-Sun)", &["friday", "saturday", "sunday"]);
        check("Day pass - Sun - Mon", &["sunday", "monday"]);
        check(
            "Day pass Mon, Wed–Thu",
            &["monday", "wednesday", "thursday"],
        );
        check("Day pass Mon 10-18, Wed 10-18", &["monday", "wednesday"]);
        check("Day pass early-bird Mon and Wed", &["monday", "wednesday"]);
    }

    #[test]
    fn german_names_are_read() {
        check("Tagesticket Samstag", &["saturday"]);
        check("Tages-Ticket Sonnabend", &["saturday"]);
        check("Tagespass Fr + So", &["friday", "sunday"]);
        check("Samstagskarte", &["saturday"]);
        check("Day Pass Sonntag", &["sunday"]);
        check("Tageskarte", &[]);
        // "Mit" and "die" begin the names of weekdays but are ordinary words.
        check(
            "Tageskarte Samstag mit Essen für die Familie",
            &["saturday"],
        );
        // In English, "so" and "do" are ordinary words.
        check("Day pass, so do come", &[]);
    }

    #[test]
    fn dates_are_read_where_they_can_mean_one_day_only() {
        for name in [
            "Day pass 12 Oct",
            "Day pass Oct 12",
            "Day pass 12th of October",
            "Day pass (Sat, 12 Oct)",
            "Tagesticket 12. Oktober",
            "Tagesticket 12.10.",
        ] {
            check(name, &["--10-12"]);
        }
        check("Day pass 12 October 2026", &["2026-10-12"]);
        check("Day pass October 12th, 2026", &["2026-10-12"]);
        check("Tagesticket 12.10.2026", &["2026-10-12"]);
        check("Tagesticket 1. März", &["--03-01"]);
        check("Day pass 10/12", &[]);
        check("Day pass 30 Feb", &[]);
        check("Day pass 2 adults", &[]);
        check("Day pass May", &[]);
    }

    #[test]
    fn dates_make_ranges_and_lists_too() {
        let three = ["--10-12", "--10-13", "--10-14"];
        for name in [
            "Day pass 12–14 Oct",
            "Day pass Oct 12 to 14",
            "Day pass 12 Oct – 14 Oct",
            "Day pass Mon 12 Oct - Wed 14 Oct",
            "Tagesticket vom 12. bis zum 14. Oktober",
            "Tagesticket 12.–14.10.",
            "Day pass 12, 13 & 14 Oct",
        ] {
            check(name, &three);
        }
        check(
            "Day pass 2025-12-31 – 2026-01-01",
            &["2025-12-31", "2026-01-01"],
        );
        check("Day pass 31 Dec – 1 Jan", &["--12-31", "--01-01"]);
        check(
            "Day pass 31 Oct – 1 Nov 2026",
            &["2026-10-31", "2026-11-01"],
        );
        check(
            "Day pass 28 Feb – 1 Mar 2026",
            &["2026-02-28", "2026-03-01"],
        );
        // A day pass has no such range.
        check("Day pass 1 Jan – 31 Dec", &[]);
    }

    #[test]
    fn a_name_calls_a_type_a_day_pass_or_does_not() {
        for name in [
            "Day pass",
            "1-Day Ticket",
            "Daypass Gold",
            "Day 1 Pass",
            "Tageskarte ermäßigt",
            "Tages-Ticket",
            "Sunday Tickets",
        ] {
            assert!(is_day_pass(name), "{name}");
        }
        for name in [
            "3-Day Pass",
            "Two-day ticket",
            "Zweitagesticket",
            "3-Tages-Ticket",
            "All-day pass",
            "Holiday pass",
            "Monday night party",
            "Conference ticket",
            "",
        ] {
            assert!(!is_day_pass(name), "{name}");
        }
        check("2-Day Pass Sat+Sun", &["saturday", "sunday"]);
    }
}
