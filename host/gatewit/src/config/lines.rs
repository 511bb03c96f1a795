//! The lines of keys in a file, for problems that are found only after parsing.

/// The lines of a YAML file in block style.
#[derive(Debug, Default)]
pub struct Lines(Vec<String>);

impl Lines {
    pub fn of(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    /// Adds the line to a problem that begins with the path of a key, such as `sources.crew.plugin: `, if the key is
    /// found.
    pub fn locate(&self, problem: String) -> String {
        let path = problem.split_once(": ").map(|(path, _)| path);
        match path.and_then(|path| self.find(path)) {
            Some(line) => format!("{problem} at line {line}"),
            None => problem,
        }
    }

    /// Returns the line of a key, looking for each parent above it.
    fn find(&self, path: &str) -> Option<usize> {
        let mut lines = (1..).zip(&self.0);
        path.split('.').try_fold(0, |_, key| {
            let found = lines.find(|(_, line)| key_of(line) == Some(key));
            found.map(|(number, _)| number)
        })
    }
}

fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.trim_start().split_once(':')?;
    Some(key.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "TICKETING_BACKEND: nobody\nsources:\n  a:\n    plugin: x\n  'crew':\n    plugin: y # b: c\n";

    #[track_caller]
    fn check(problem: &str, expected: &str) {
        assert_eq!(Lines::of(TEXT).locate(problem.to_owned()), expected);
    }

    #[test]
    fn the_line_of_a_key_is_added_to_what_is_wrong_with_it() {
        check("TICKETING_BACKEND: bad", "TICKETING_BACKEND: bad at line 1");
        check(
            "sources.crew.plugin: bad",
            "sources.crew.plugin: bad at line 6",
        );
        check("sources.a.plugin: bad", "sources.a.plugin: bad at line 4");
        for unlocated in [
            "sources.b.plugin: bad",
            "TITO_TOKEN is not set",
            "it: is bad",
        ] {
            check(unlocated, unlocated);
        }
    }
}
