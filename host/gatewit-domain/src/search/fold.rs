//! Words as they are compared: in lower-case Latin letters and digits, from any script.

/// Longer words are cut to this many letters.
pub(super) const LETTERS_MAX: usize = 48;
/// Longer fields are cut to this many letters.
const FIELD_MAX: usize = 256;
/// The prefix of a word that consists of consonants only.
const SKELETON_MARK: char = '~';

/// A word in Latin letters.
pub(super) struct Word {
    /// Each letter replaced by the nearest plain one: `muller`.
    pub plain: String,
    /// Umlauts and the like replaced by two letters: `mueller`. None if the word has none.
    pub transliteration: Option<String>,
    /// Whether its script omits vowels, such as Arabic or Hebrew.
    omits_vowels: bool,
}

/// The words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> {
    let words = text.split(is_separator).map(Word::of);
    words.filter(|word| !word.plain.is_empty())
}

/// Returns a whole field as it is compared: in lower-case Latin letters, without spaces, dashes, and punctuation at its
/// ends.
pub(super) fn squeezed(field: &str) -> String {
    let letters = field
        .chars()
        .flat_map(|letter| any_ascii::any_ascii_char(letter).chars());
    let letters = letters.filter(|letter| letter.is_ascii_graphic() && *letter != '-');
    let letters = letters.map(|letter| letter.to_ascii_lowercase());
    let field: String = letters.take(FIELD_MAX).collect();
    let is_punctuation = |letter: char| !letter.is_ascii_alphanumeric();
    field.trim_matches(is_punctuation).to_owned()
}

/// Adds a word unless it is already there.
pub(super) fn add_word(words: &mut String, word: &str) {
    let mut others = words.as_bytes().split(u8::is_ascii_whitespace);
    let is_there = others.any(|other| other == word.as_bytes());
    if is_there {
        return;
    }
    if !words.is_empty() && !words.ends_with('\n') {
        words.push(' ');
    }
    words.push_str(word);
}

impl Word {
    fn of(word: &str) -> Self {
        let plain = spell(word, any_ascii::any_ascii_char);
        let transliteration = spell(word, |letter| {
            replacement(letter).unwrap_or(any_ascii::any_ascii_char(letter))
        });
        Self {
            transliteration: (transliteration != plain).then_some(transliteration),
            plain,
            omits_vowels: word.contains(|letter| matches!(letter, '\u{590}'..='\u{8ff}')),
        }
    }

    /// Adds each form of the word to a ticket's words.
    pub(super) fn add_to(&self, words: &mut String) {
        add_word(words, &self.plain);
        if let Some(transliteration) = &self.transliteration {
            add_word(words, transliteration);
        }
        if self.omits_vowels
            && let Some(consonant_skeleton) = self.consonant_skeleton()
        {
            add_word(words, &consonant_skeleton);
        }
    }

    /// The consonants, by which محمد matches Mohammed; None if there are too few to distinguish words.
    pub(super) fn consonant_skeleton(&self) -> Option<String> {
        let mut consonant_skeleton = String::from(SKELETON_MARK);
        for letter in self.plain.trim_end_matches('h').chars() {
            if !"aeiouwy".contains(letter) && !consonant_skeleton.ends_with(letter) {
                consonant_skeleton.push(letter);
            }
        }
        (consonant_skeleton.len() > 2).then_some(consonant_skeleton)
    }
}

fn spell(word: &str, latin: impl Fn(char) -> &'static str) -> String {
    let letters = word.chars().flat_map(|letter| latin(letter).chars());
    let letters = letters
        .filter(char::is_ascii_alphanumeric)
        .take(LETTERS_MAX);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

fn replacement(letter: char) -> Option<&'static str> {
    match letter {
        'ä' | 'Ä' => Some("ae"),
        'ö' | 'Ö' | 'ø' | 'Ø' => Some("oe"),
        'ü' | 'Ü' => Some("ue"),
        'å' | 'Å' => Some("aa"),
        // The same with letter and mark as two characters.
        '\u{308}' => Some("e"),
        '\u{30a}' => Some("a"),
        _ => None,
    }
}

fn is_separator(letter: char) -> bool {
    match letter {
        // O'Brien is one word, and so is text with invisible joiners in it.
        '\'' | '`' | '´' | '‘' | '’' | 'ʼ' | '\u{200b}'..='\u{200f}' => false,
        '«' | '»' | '·' | '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{3003}' | '・' => true,
        _ if letter.is_ascii() => !letter.is_ascii_alphanumeric(),
        _ => letter.is_whitespace(),
    }
}
