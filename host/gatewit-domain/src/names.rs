//! Whether a name that somebody gives is the name on a ticket. `gatewit-api.md` §9, `fact-check-in.md` §2.
//!
//! Pure: a [`PreparedName`] is a name made ready once, [`NameMatching`] compares two of them.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

mod ratcliff;
#[cfg(test)]
mod tests;

/// Of longer names so many letters are compared.
const LETTERS_MAX: usize = 500;
/// In how many other orders the words of a name are tried.
const TURNS_MAX: usize = 8;

/// How names are compared: `name_matching` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameMatching {
    pub metric: Metric,
    /// Names more alike than this are the same.
    pub exact_match_threshold: Threshold,
    /// Names more alike than this are close: worth asking again.
    pub close_match_threshold: Threshold,
    /// Whether the given name may begin with the family name.
    pub any_order: bool,
}

/// How the likeness of two names is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// What the attendee-validation contract's own service measures with.
    #[default]
    RatcliffObershelp,
    DamerauLevenshtein,
    JaroWinkler,
}

/// A likeness from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Threshold(f64);

/// What two names are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    Same,
    Close,
    Different,
}

/// A name ready to be compared.
#[derive(Clone, Debug)]
pub struct PreparedName {
    text: Box<str>,
    upper: Box<str>,
    /// None if the same as `upper`, as most names are.
    folded: Option<Box<str>>,
}

impl Default for NameMatching {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            exact_match_threshold: Threshold(0.95),
            close_match_threshold: Threshold(0.8),
            any_order: false,
        }
    }
}

impl TryFrom<f64> for Threshold {
    type Error = String;

    fn try_from(threshold: f64) -> Result<Self, Self::Error> {
        match (0.0..=1.0).contains(&threshold) {
            true => Ok(Self(threshold)),
            false => Err(format!("a threshold is from 0 to 1, not {threshold}")),
        }
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(FromNumber)
    }
}

/// Refuses a number where it stands, so that whoever reads a file can tell the line.
struct FromNumber;

impl Visitor<'_> for FromNumber {
    type Value = Threshold;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1")
    }

    fn visit_f64<E: Error>(self, threshold: f64) -> Result<Threshold, E> {
        Threshold::try_from(threshold).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, threshold: u64) -> Result<Threshold, E> {
        self.visit_f64(threshold as f64)
    }

    fn visit_i64<E: Error>(self, threshold: i64) -> Result<Threshold, E> {
        self.visit_f64(threshold as f64)
    }
}

impl NameMatching {
    /// Tells whether a ticket's name is the given one; a name without letters is nobody's.
    pub fn compare(&self, stored: &PreparedName, given: &PreparedName) -> Likeness {
        let ratio = self.ratio(stored, given);
        let is_over = |threshold: Threshold| ratio > threshold.0;
        if stored.is_same(given) || is_over(self.exact_match_threshold) {
            Likeness::Same
        } else if is_over(self.close_match_threshold) {
            Likeness::Close
        } else {
            Likeness::Different
        }
    }

    /// Measures how alike two names are, from 0 to 1. The metrics are not symmetric to the last letter: which name is
    /// the ticket's matters.
    pub fn ratio(&self, stored: &PreparedName, given: &PreparedName) -> f64 {
        if stored.is_same(given) {
            return 1.0;
        }
        let (stored, given) = (stored.folded(), given.folded());
        if stored.is_empty() || given.is_empty() {
            return 0.0;
        }
        let straight = self.metric.ratio(stored, given);
        if !self.any_order || straight > self.exact_match_threshold.0 {
            return straight;
        }
        let turned = turns(given).map(|given| self.metric.ratio(stored, &given));
        turned.fold(straight, f64::max)
    }
}

impl Metric {
    fn ratio(self, stored: &str, given: &str) -> f64 {
        match self {
            Self::RatcliffObershelp => ratcliff::ratio(stored.as_bytes(), given.as_bytes()),
            Self::DamerauLevenshtein => strsim::normalized_damerau_levenshtein(stored, given),
            Self::JaroWinkler => strsim::jaro_winkler(stored, given),
        }
    }
}

impl PreparedName {
    pub fn of(name: &str) -> Self {
        let text = name.trim_matches(is_space);
        let upper = text.to_uppercase();
        let folded = fold(&upper);
        Self {
            text: text.into(),
            folded: (folded != upper).then(|| folded.into()),
            upper: upper.into(),
        }
    }

    /// The name as it was written, without space around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name in capitals.
    pub fn upper(&self) -> &str {
        &self.upper
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Tells whether both were written alike but for case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.upper == other.upper && !self.is_empty()
    }

    fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.upper)
    }
}

/// Writes capitals as plain ASCII, in the spelling of Unidecode, each run of space as one. A single tab stays, and so
/// does the space that Chinese characters end with when they are spelled out: thresholds are set for ratios that count
/// them.
fn fold(upper: &str) -> String {
    let mut folded = String::with_capacity(upper.len());
    let mut letters = upper.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut is_run = false;
        while is_space(letter) && letters.next_if(|next| is_space(*next)).is_some() {
            is_run = true;
        }
        match letter {
            _ if is_run => folded.push(' '),
            '\0'..='\x7f' => folded.push(letter),
            _ => folded.push_str(deunicode::deunicode_char(letter).unwrap_or_default()),
        }
    }
    folded.make_ascii_uppercase();
    folded.truncate(LETTERS_MAX);
    folded
}

/// What Python calls space: Unicode's, and four separators of old.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\x1c'..='\x1f')
}

/// The name with its first words behind the others: "Doe, John" is John Doe, and "van Dyck Anna" Anna van Dyck.
fn turns(folded: &str) -> impl Iterator<Item = String> {
    let folded = folded.trim_end();
    let spaces = folded.match_indices(' ').take(TURNS_MAX);
    spaces.map(|(space, _)| {
        let (first, rest) = (&folded[..space], &folded[space + 1..]);
        format!("{rest} {}", first.trim_end_matches(','))
    })
}
