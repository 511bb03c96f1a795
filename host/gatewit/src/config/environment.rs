//! Environment variables: those of the process, which take precedence, and those of `.env` beside the configuration.
//! `gatewit-api.md` §9.
//!
//! Values may be secret, so no error repeats one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ConfigError;

const FILE: &str = ".env";

/// Variables by name.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the path of `.env` in a folder.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads the process's variables, and `.env` in this folder if it exists.
    pub fn load(folder: &Path) -> Result<Self, ConfigError> {
        let path = Self::path(folder);
        let beside = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        // A value that is not UTF-8 counts as set, so that the error appears where it is used.
        let own = std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        });
        Self::of(own, &beside).map_err(|problem| ConfigError::Invalid { path, problem })
    }

    /// Overrides variables of a `.env` file's text with others. If the text repeats a name, the last value counts.
    fn of(own: impl IntoIterator<Item = (String, String)>, beside: &str) -> Result<Self, String> {
        let text = beside.trim_start_matches('\u{feff}');
        let literal: String = text.split_inclusive('\n').map(literal).collect();
        let read = dotenvy::from_read_iter(literal.as_bytes());
        let mut variables = read
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map_err(|error| explain(&error, &literal))?;
        variables.extend(own);
        Ok(Self(variables))
    }

    /// Keeps the values that some variables had before, and returns the names of those that have others here.
    pub fn keeping(mut self, names: &[String], before: &Self) -> (Self, Vec<String>) {
        let mut differing = Vec::new();
        for name in names {
            if self.get(name) == before.get(name) {
                continue;
            }
            differing.push(name.clone());
            match before.0.get(name) {
                Some(value) => self.0.insert(name.clone(), value.clone()),
                None => self.0.remove(name),
            };
        }
        (self, differing)
    }

    /// Returns a variable's value; None if it is unset or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Returns a variable's value unchanged, for callers to whom an empty value means something.
    pub fn verbatim(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

/// Escapes `$` in a line, except in `${NAME}`, as in the files of the reference service: tokens contain it.
fn literal(line: &str) -> String {
    let is_quoted_hard = line
        .split_once('=')
        .is_some_and(|(_, value)| value.trim_start().starts_with('\''));
    if is_quoted_hard {
        return line.to_owned();
    }
    let mut literal = String::with_capacity(line.len());
    let mut before = ' ';
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '$' && before != '\\' && letters.peek() != Some(&'{') {
            literal.push('\\');
        }
        literal.push(letter);
        before = letter;
    }
    literal
}

/// Names the line without repeating its text.
fn explain(error: &dotenvy::Error, text: &str) -> String {
    let line = match error {
        // The error holds the part of the line that could not be read.
        dotenvy::Error::LineParse(wrong, _) => text
            .lines()
            .position(|line| line.trim().ends_with(wrong.trim())),
        _ => None,
    };
    let expected = "expected NAME=value, or NAME=\"a value with spaces\"";
    match line {
        Some(index) => format!("line {}: {expected}", index + 1),
        None => format!("a line cannot be read: {expected}"),
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
impl Environment {
    /// Only these variables.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter();
        let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self(owned.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BESIDE: &str = "# Ours.\nTITO_TOKEN=\"from the file\"\nexport EVENT_SLUG=conf\nEMPTY=\n";

    fn over(own: &[(&str, &str)]) -> Environment {
        Environment::of(Environment::with(own).0, BESIDE).unwrap()
    }

    #[test]
    fn the_process_wins_over_the_file_even_with_nothing() {
        let beside = over(&[]);
        assert_eq!(beside.get("TITO_TOKEN"), Some("from the file"));
        assert_eq!(beside.get("EVENT_SLUG"), Some("conf"));
        assert_eq!((beside.get("EMPTY"), beside.get("MISSING")), (None, None));
        let own = over(&[("TITO_TOKEN", "from the process"), ("EVENT_SLUG", "")]);
        assert_eq!(own.get("TITO_TOKEN"), Some("from the process"));
        assert_eq!(own.get("EVENT_SLUG"), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told_by_its_number_alone() {
        let text = "TITO_TOKEN=good\nPRETIX_TOKEN=s3cr3t and more\n";
        let problem = Environment::of([], text).unwrap_err();
        assert!(problem.starts_with("line 2: "), "{problem}");
        assert!(!problem.contains("s3cr3t"), "{problem}");
    }

    #[test]
    fn a_dollar_is_one_unless_it_names_a_variable_in_braces() {
        let text = "A=abc$def9\nB='abc$def9'\nC=\"abc$\"\nD=\\$x\nE=${A}-e\n";
        let read = Environment::of([], text).unwrap();
        let values = ["A", "B", "C", "D", "E"].map(|name| read.get(name).unwrap_or_default());
        assert_eq!(values, ["abc$def9", "abc$def9", "abc$", "$x", "abc$def9-e"]);
    }

    #[test]
    fn variables_that_are_fixed_keep_their_values_and_are_named_if_they_differ() {
        let before = Environment::with(&[("A", "1"), ("B", "2"), ("C", "3")]);
        let after = Environment::with(&[("A", "1"), ("B", "9"), ("C", "9"), ("D", "9")]);
        let fixed = ["A", "B", "D"].map(str::to_owned);
        let (kept, differing) = after.keeping(&fixed, &before);
        assert_eq!(differing, ["B", "D"]);
        let values = ["A", "B", "C", "D"].map(|name| kept.get(name));
        assert_eq!(values, [Some("1"), Some("2"), Some("9"), None]);
    }

    #[test]
    fn values_never_show() {
        let shown = format!("{:?}", Environment::with(&[("TITO_TOKEN", "s3cr3t")]));
        assert_eq!(shown, r#"{"TITO_TOKEN"}"#);
    }
}
