//! Compares a given name with the name on a ticket. `gatewit-api.md` §9, `fact-check-in.md` §2.
//!
//! Pure: a [`PreparedName`] is a name prepared once, and [`NameMatching`] compares two of them.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

mod ratcliff;
#[cfg(test)]
mod tests;

/// How many letters of a longer name are compared.
const LETTERS_MAX: usize = 500;
/// How many other orders of a name's words are tried.
const TURNS_MAX: usize = 8;

/// How names are compared: `name_matching` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameMatching {
    /// Both thresholds are on its scale.
    pub metric: Metric,
    /// Names above this likeness are the same.
    pub exact_match_threshold: Threshold,
    /// Names above this likeness are close: worth asking again.
    pub close_match_threshold: Threshold,
    /// Whether the given name may begin with the family name.
    pub any_order: bool,
}

/// The metric for the likeness of two names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The metric of the attendee-validation contract's own service.
    #[default]
    RatcliffObershelp,
    /// One minus the edit distance, swaps included, divided by the longer name's length.
    DamerauLevenshtein,
    /// The Jaro similarity, raised for a common beginning.
    JaroWinkler,
}

/// A likeness from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Threshold(f64);

/// The result of comparing two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Equal apart from case, or above the exact threshold.
    Same,
    /// Above the close threshold only.
    Close,
    /// Below both thresholds, or without letters.
    Different,
}

/// A name prepared for comparison.
#[derive(Clone, Debug)]
pub struct PreparedName {
    text: Box<str>,
    upper: Box<str>,
    /// None if it equals `upper`, as for most names.
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

/// Rejects a bad number while parsing, so that the error gives its line in the file.
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
    /// Compares a ticket's name with the given one. A name without letters matches nobody.
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

    /// Measures how alike two names are, from 0 to 1. The metrics are not quite symmetric, so it matters which name is
    /// the ticket's.
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
    /// Prepares a name as written; outer space does not count.
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

    /// Whether it has no text but space.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether both were written alike, apart from case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.upper == other.upper && !self.is_empty()
    }

    fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.upper)
    }
}

/// Converts capitals to plain ASCII in the spelling of Unidecode, and each run of space to one space. Keeps a single
/// tab, and the space that follows spelled-out Chinese characters: thresholds are tuned to ratios that count them.
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

/// Whether Python counts this as space: Unicode's spaces and four ASCII separators.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\x1c'..='\x1f')
}

/// The name with its first words moved to the end: "Doe, John" becomes John Doe, "van Dyck Anna" Anna van Dyck.
fn turns(folded: &str) -> impl Iterator<Item = String> {
    let folded = folded.trim_end();
    let spaces = folded.match_indices(' ').take(TURNS_MAX);
    spaces.map(|(space, _)| {
        let (first, rest) = (&folded[..space], &folded[space + 1..]);
        format!("{rest} {}", first.trim_end_matches(','))
    })
}
