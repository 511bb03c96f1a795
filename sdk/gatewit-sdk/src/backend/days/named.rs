//! Reads the days in a name: weekdays or dates, alone, in lists and in ranges.

use jiff::civil::Date;

use super::words::{Language, Token, WEEKDAYS, month, weekday};

/// The most days of a range of dates: a longer range is not a day pass.
const RANGE_MAX: usize = 31;
/// A year with a 29 February, used to calculate with dates that have no year.
const LEAP_YEAR: i16 = 2000;

/// A part of a name that matters for its days.
#[derive(Clone, Copy)]
enum Mark {
    Weekday(usize),
    Date(Written),
    /// Possibly the day of a month that is named later: "12" of "12–14 Oct".
    Number(i8),
    To,
    And,
    Other,
}

/// A date as it is written.
#[derive(Clone, Copy)]
struct Written {
    year: Option<i16>,
    /// In the year if there is one, else in [`LEAP_YEAR`].
    date: Date,
}

/// The days, each once: names of weekdays, or dates with their year or with `-` for it (`--10-12`).
pub fn days(tokens: &[Token], language: Language) -> Vec<String> {
    let mut marks = marks(&dates_in_figures(tokens), language);
    if marks.iter().any(|mark| matches!(mark, Mark::Date(_))) {
        // Weekdays beside dates only repeat them.
        marks.retain(|mark| !matches!(mark, Mark::Weekday(_)));
        complete_numbers(&mut marks);
    }
    let mut days = Vec::new();
    for day in named(marks) {
        if !days.contains(&day) {
            days.push(day);
        }
    }
    days
}

/// Reads a token, which may be a date in figures.
#[derive(Clone, Copy)]
enum Part<'n> {
    Token(Token<'n>),
    Date(Written),
}

/// Reads `2025-12-15`, `15.12.` and `15.12.2025`; other text with dots means nothing.
fn dates_in_figures<'n>(tokens: &[Token<'n>]) -> Vec<Part<'n>> {
    use Token::{Dot, Number, To};
    let mut parts = Vec::new();
    let mut rest = tokens;
    while let [token, after @ ..] = rest {
        let date = match rest {
            [Number(year), To, Number(month), To, Number(day), after @ ..] if is_year(year) => {
                date(Some(year), month.parse().ok(), day).zip(Some(after))
            }
            [
                Number(day),
                Dot,
                Number(month),
                Dot,
                Number(year),
                after @ ..,
            ] if is_year(year) => date(Some(year), month.parse().ok(), day).zip(Some(after)),
            [Number(day), Dot, Number(month), Dot, after @ ..] => {
                date(None, month.parse().ok(), day).zip(Some(after))
            }
            _ => None,
        };
        match date {
            Some((date, _)) => parts.push(Part::Date(date)),
            None if *token == Dot => {}
            None => parts.push(Part::Token(*token)),
        }
        rest = date.map_or(after, |(_, after)| after);
    }
    parts
}

/// Reads dates whose month is a word, and weekdays.
fn marks(parts: &[Part], language: Language) -> Vec<Mark> {
    use Part::Token as T;
    use Token::{And, Number, Word};
    let mut marks = Vec::new();
    let mut rest = parts;
    while let [part, after @ ..] = rest {
        let (written, after) = match rest {
            [T(Number(day)), T(Word(word)), after @ ..]
            | [T(Word(word)), T(Number(day)), after @ ..] => match month(word) {
                Some(month) => (Some((month, *day)), after),
                None => (None, after),
            },
            _ => (None, after),
        };
        let (year, after) = match after {
            [T(And), T(Number(year)), after @ ..] | [T(Number(year)), after @ ..]
                if written.is_some() && is_year(year) =>
            {
                (Some(*year), after)
            }
            _ => (None, after),
        };
        if let Some(date) = written.and_then(|(month, day)| date(year, Some(month), day)) {
            marks.push(Mark::Date(date));
            rest = after;
            continue;
        }
        marks.push(mark(*part, language));
        rest = &rest[1..];
    }
    marks
}

fn mark(part: Part, language: Language) -> Mark {
    match part {
        Part::Date(date) => Mark::Date(date),
        Part::Token(Token::To) => Mark::To,
        Part::Token(Token::And) => Mark::And,
        Part::Token(Token::Number(number)) => number.parse().map_or(Mark::Other, Mark::Number),
        Part::Token(Token::Word(word)) => {
            weekday(word, language).map_or(Mark::Other, Mark::Weekday)
        }
        Part::Token(Token::Dot) => Mark::Other,
    }
}

fn is_year(number: &str) -> bool {
    number.len() == 4
}

fn date(year: Option<&str>, month: Option<i8>, day: &str) -> Option<Written> {
    let year = year.map(str::parse).transpose().ok()?;
    let date = Date::new(year.unwrap_or(LEAP_YEAR), month?, day.parse().ok()?);
    let date = date.ok()?;
    Some(Written { year, date })
}

/// Gives the month of a date to the numbers joined to it, as in "12, 13 & 14 Oct" and "Oct 12–14".
fn complete_numbers(marks: &mut [Mark]) {
    let count = marks.len();
    for at in (2..count).rev() {
        join(marks, at, at - 2);
    }
    for at in 2..count {
        join(marks, at - 2, at);
    }
}

/// Makes a number a date if a date is two parts away and a "to" or an "and" is between them.
fn join(marks: &mut [Mark], from: usize, to: usize) {
    let between = marks[from.midpoint(to)];
    if let (Mark::Date(from), Mark::To | Mark::And, Mark::Number(day)) =
        (marks[from], between, marks[to])
        && let Ok(date) = Date::new(from.date.year(), from.date.month(), day)
    {
        marks[to] = Mark::Date(Written { date, ..from });
    }
}

/// Lists the days; the mark between two of them decides whether they are a range.
fn named(mut marks: Vec<Mark>) -> Vec<String> {
    drop_hyphens(&mut marks);
    let mut ranges: Vec<(Mark, Mark)> = Vec::new();
    let (mut is_range, mut is_list) = (false, false);
    for mark in marks {
        match mark {
            Mark::To => is_range = true,
            Mark::And => is_list = true,
            Mark::Weekday(_) | Mark::Date(_) => {
                match ranges.last_mut() {
                    Some((_, last)) if is_range && !is_list => *last = mark,
                    _ => ranges.push((mark, mark)),
                }
                (is_range, is_list) = (false, false);
            }
            Mark::Number(_) | Mark::Other => {}
        }
    }
    let ranges = ranges.into_iter();
    ranges
        .flat_map(|(first, last)| range(first, last))
        .collect()
}

/// Drops dashes that are not between days: those of "early-bird" and of "10-18".
fn drop_hyphens(marks: &mut Vec<Mark>) {
    let is_other = |mark: Option<&Mark>| matches!(mark, Some(Mark::Other | Mark::Number(_)));
    let kept: Vec<_> = (0..marks.len())
        .map(|at| {
            let is_hyphen = matches!(marks[at], Mark::To)
                && at > 0
                && is_other(marks.get(at - 1))
                && is_other(marks.get(at + 1));
            !is_hyphen
        })
        .collect();
    let mut kept = kept.into_iter();
    marks.retain(|_| kept.next().unwrap_or_default());
}

/// The days from one to another, both included; empty if they are too many.
fn range(first: Mark, last: Mark) -> Vec<String> {
    match (first, last) {
        (Mark::Weekday(first), Mark::Weekday(last)) => {
            let count = (last + WEEKDAYS.len() - first) % WEEKDAYS.len() + 1;
            let days = WEEKDAYS.iter().cycle().skip(first).take(count);
            days.map(|(day, _)| (*day).to_owned()).collect()
        }
        (Mark::Date(first), Mark::Date(last)) => dates(first, last),
        _ => Vec::new(),
    }
}

/// If only one of two dates has a year, the other gets a fitting one; a new year may begin between them.
fn dates(first: Written, last: Written) -> Vec<String> {
    let year = first.year.or(last.year);
    let in_year = |date: Date, year: i16| Date::new(year, date.month(), date.day());
    let (from, to) = match (first.year, last.year) {
        (None, Some(year)) => match in_year(first.date, year) {
            Ok(date) if date > last.date => (in_year(first.date, year - 1), Ok(last.date)),
            date => (date, Ok(last.date)),
        },
        (Some(_), Some(_)) => (Ok(first.date), Ok(last.date)),
        (_, None) => {
            let years = i16::from(
                in_year(last.date, first.date.year()).is_ok_and(|date| date < first.date),
            );
            (
                Ok(first.date),
                in_year(last.date, first.date.year() + years),
            )
        }
    };
    let (Ok(from), Ok(to)) = (from, to) else {
        return Vec::new();
    };
    let days = std::iter::successors(Some(from), |day| day.tomorrow().ok());
    let days: Vec<_> = days
        .take_while(|day| *day <= to)
        .take(RANGE_MAX + 1)
        .collect();
    if days.len() > RANGE_MAX {
        return Vec::new();
    }
    let print = |day: Date| match year {
        Some(_) => day.to_string(),
        None => format!("--{:02}-{:02}", day.month(), day.day()),
    };
    days.into_iter().map(print).collect()
}
