//! The lines of keys in a file, for problems that are found only after parsing.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde_yaml::Deserializer as Document;

/// The text of a YAML file.
#[derive(Debug, Default)]
pub struct Lines(String);

impl Lines {
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Adds the line to a problem that begins with the path of a key, such as `sources.crew.plugin: `, if the file has
    /// that key.
    pub fn locate(&self, problem: String) -> String {
        let path = problem.split_once(": ").map(|(path, _)| path);
        match path.and_then(|path| self.find(path)) {
            Some(line) => format!("{problem} at line {line}"),
            None => problem,
        }
    }

    /// Reads the file once more, up to the key.
    fn find(&self, path: &str) -> Option<usize> {
        let is_found = &Cell::new(false);
        let read = Map(Sought { path, is_found }).deserialize(Document::from_str(&self.0));
        let stopped = read.err().filter(|_| is_found.get())?;
        Some(stopped.location()?.line())
    }
}

/// A key to find, by its path. The parser says where it is only in errors, so that reading the key is one.
#[derive(Clone, Copy)]
struct Sought<'p> {
    path: &'p str,
    is_found: &'p Cell<bool>,
}

/// A map to look for the key in.
struct Map<'p>(Sought<'p>);

/// A key of that map; its value is the rest of the path if that may lead on from here.
struct Key<'p>(Sought<'p>);

impl<'de> DeserializeSeed<'de> for Map<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Map<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(sought) = self;
        while let Some(rest) = map.next_key_seed(Key(sought))? {
            match rest {
                Some(path) => map.next_value_seed(Map(Sought { path, ..sought }))?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

impl<'de, 'p> DeserializeSeed<'de> for Key<'p> {
    type Value = Option<&'p str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for Key<'p> {
    type Value = Option<&'p str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let rest = self.0.path.strip_prefix(key);
        if rest == Some("") {
            self.0.is_found.set(true);
            return Err(E::custom("found"));
        }
        Ok(rest.and_then(|rest| rest.strip_prefix('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "TICKETING_BACKEND: nobody\nsources:\n  a:\n    plugin: x\n  'crew':\n    plugin: y # b: c\n";

    #[track_caller]
    fn check(text: &str, problem: &str, expected: &str) {
        assert_eq!(Lines::of(text).locate(problem.to_owned()), expected);
    }

    #[test]
    fn the_line_of_a_key_is_added_to_what_is_wrong_with_it() {
        for (key, line) in [
            ("TICKETING_BACKEND", 1),
            ("sources.crew.plugin", 6),
            ("sources.a.plugin", 4),
        ] {
            check(
                TEXT,
                &format!("{key}: bad"),
                &format!("{key}: bad at line {line}"),
            );
        }
        for unlocated in [
            "sources.b.plugin: bad",
            "TITO_TOKEN is not set",
            "it: is bad",
        ] {
            check(TEXT, unlocated, unlocated);
        }
    }

    #[test]
    fn a_key_is_found_where_it_belongs_and_nowhere_else() {
        let text = "plugins:\n  sources:\n    memory_mib: 1\nsources:\n  a: {settings: {sync: no}}\n  b.c:\n    sync: {\n      every: 1ms}\n";
        check(text, "sources: bad", "sources: bad at line 4");
        check(text, "sources.b.c: bad", "sources.b.c: bad at line 6");
        let every = "sources.b.c.sync.every: bad";
        check(text, every, &format!("{every} at line 8"));
        check(text, "sources.a.sync: bad", "sources.a.sync: bad");
    }
}
