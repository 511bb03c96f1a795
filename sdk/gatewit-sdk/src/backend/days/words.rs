//! Splits a name into words, and recognizes weekdays and months among them.

use gatewit_text::identifier::is_dash;

/// Words for a pass that follow the word for the day: "day pass", "Tageskarte".
pub const PASSES: [&str; 7] = [
    "pass", "passes", "ticket", "tickets", "karte", "karten", "eintritt",
];
/// Weekdays: first the name that the host gets, then other spellings.
pub const WEEKDAYS: [(&str, &[&str]); 7] = [
    ("monday", &["montag"]),
    ("tuesday", &["dienstag"]),
    ("wednesday", &["mittwoch"]),
    ("thursday", &["donnerstag"]),
    ("friday", &["freitag"]),
    ("saturday", &["samstag", "sonnabend"]),
    ("sunday", &["sonntag"]),
];
/// Short forms of weekdays in German; some are ordinary words in English.
const SHORT: [&str; 7] = ["mo", "di", "mi", "do", "fr", "sa", "so"];
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "jänner"],
    &["february", "februar"],
    &["march", "märz", "maerz"],
    &["april"],
    &["may", "mai"],
    &["june", "juni"],
    &["july", "juli"],
    &["august"],
    &["september"],
    &["october", "oktober"],
    &["november"],
    &["december", "dezember"],
];
/// The fewest letters of a shortened month or English weekday.
const LETTERS_MIN: usize = 3;
/// Words between the parts of a date or a range that have no meaning here.
const FILLERS: [&str; 14] = [
    "st", "nd", "rd", "th", "of", "the", "der", "den", "zum", "vom", "am", "pm", "uhr", "h",
];

/// The language of the word for the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    German,
}

impl Language {
    /// The language of the word for the day: "tages", "samstags".
    pub fn of(day: &str) -> Self {
        let mut ends = ["tag", "tags", "tages"].iter();
        match ends.any(|end| day.ends_with(end)) {
            true => Self::German,
            false => Self::English,
        }
    }
}

/// A part of a name in small letters. Spaces, brackets and colons separate words and are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'n> {
    Word(&'n str),
    Number(&'n str),
    /// A dash or a word for "until".
    To,
    /// A comma, a plus, a slash or a word for "and".
    And,
    Dot,
}

/// Reads a name in small letters.
pub fn tokens(name: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_other = |letter: char| match first {
            first if first.is_alphabetic() => !letter.is_alphabetic(),
            first if first.is_ascii_digit() => !letter.is_ascii_digit(),
            _ => true,
        };
        let ends = rest
            .char_indices()
            .skip(1)
            .find(|(_, letter)| is_other(*letter));
        let (text, after) = rest.split_at(ends.map_or(rest.len(), |(end, _)| end));
        rest = after;
        match first {
            _ if first.is_alphabetic() => add_word(&mut tokens, text),
            _ if first.is_ascii_digit() => tokens.push(Token::Number(text)),
            _ if is_dash(first) => tokens.push(Token::To),
            ',' | '+' | '&' | '/' => tokens.push(Token::And),
            '…' => tokens.push(Token::To),
            // Two dots or more stand for "to"; one ends the number of a day.
            '.' if matches!(tokens.last(), Some(Token::Dot | Token::To)) => {
                tokens.pop();
                tokens.push(Token::To);
            }
            '.' => tokens.push(Token::Dot),
            _ => {}
        }
    }
    tokens
}

/// Adds a word, or both parts of a compound: "daypass", "Tagesticket", "Samstagskarte".
fn add_word<'n>(tokens: &mut Vec<Token<'n>>, word: &'n str) {
    match word {
        "to" | "until" | "till" | "til" | "through" | "thru" | "bis" => tokens.push(Token::To),
        "and" | "und" => tokens.push(Token::And),
        _ if FILLERS.contains(&word) => {}
        _ => {
            let parts = PASSES.iter().find_map(|pass| {
                let day = word.strip_suffix(pass)?;
                (day == "day" || day.ends_with("tages") || is_weekday(day)).then_some((day, *pass))
            });
            match parts {
                Some((day, pass)) => tokens.extend([Token::Word(day), Token::Word(pass)]),
                None => tokens.push(Token::Word(word)),
            }
        }
    }
}

/// Whether a word is a weekday's whole name, as in "Saturday ticket" or "Samstagskarte".
pub fn is_weekday(word: &str) -> bool {
    let is_called = |word: &str| {
        let mut days = WEEKDAYS.iter();
        days.any(|(english, others)| *english == word || others.contains(&word))
    };
    is_called(word) || word.strip_suffix('s').is_some_and(is_called)
}

/// The position in the week of the weekday that a word means.
pub fn weekday(word: &str, language: Language) -> Option<usize> {
    if language == Language::German
        && let Some(place) = SHORT.iter().position(|short| *short == word)
    {
        return Some(place);
    }
    let place = |word: &str| {
        WEEKDAYS
            .iter()
            .position(|(english, others)| is_shortened(word, english) || others.contains(&word))
    };
    place(word).or_else(|| place(word.strip_suffix('s')?))
}

/// The number of the month that a word means.
pub fn month(word: &str) -> Option<i8> {
    let is_meant = |names: &&[&str]| names.iter().any(|name| is_shortened(word, name));
    let month = MONTHS.iter().zip(1..).find(|(names, _)| is_meant(names));
    month
        .map(|(_, number)| number)
        .or_else(|| (word == "sept").then_some(9))
}

fn is_shortened(word: &str, name: &str) -> bool {
    word.chars().count() >= LETTERS_MIN && name.starts_with(word)
}
