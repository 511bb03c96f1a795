//! Makes a plugin's words safe to log and to show.

/// A plugin's words are cut after this many characters in a reason.
pub(crate) const REASON_CHARACTERS_MAX: usize = 300;

/// Makes one line of at most `characters_max` characters. Characters that would break or reorder a line become spaces.
pub(crate) fn one_line(words: &str, characters_max: usize) -> String {
    let mut characters = words.chars();
    let mut line: String = characters
        .by_ref()
        .take(characters_max)
        .map(plain)
        .collect();
    if characters.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

fn plain(character: char) -> char {
    let breaks_or_reorders = matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    if character.is_control() || breaks_or_reorders {
        ' '
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_line_is_plain_and_short() {
        assert_eq!(
            one_line("closed on\nMondays\u{1b}[31m", 300),
            "closed on Mondays [31m"
        );
        assert_eq!(one_line("a\u{202e}b\u{2028}c", 300), "a b c");
        assert_eq!(one_line("äöüß", 4), "äöüß");
        assert_eq!(one_line("äöüßé", 4), "äöü…");
    }
}
