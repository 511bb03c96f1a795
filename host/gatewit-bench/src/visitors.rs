//! The names of an event's visitors, in several scripts.

const GIVEN: [&str; 20] = [
    "Anna",
    "Jürgen",
    "Olga",
    "Zoë",
    "Владимир",
    "Kofi",
    "Maria",
    "Søren",
    "小明",
    "Aisha",
    "Peter",
    "Łukasz",
    "Chloé",
    "Ahmed",
    "Νίκος",
    "Ingrid",
    "John",
    "Yuki",
    "Fatima",
    "Bob",
];
const FAMILY: [&str; 20] = [
    "Müller",
    "Smith",
    "Иванов",
    "Mensah",
    "García",
    "Nguyen",
    "王",
    "O'Neill",
    "Kowalski",
    "Weiß",
    "Andersson",
    "Haddad",
    "Παπαδόπουλος",
    "van Dijk",
    "Johnson",
    "Tanaka",
    "Öztürk",
    "Okafor",
    "Dubois",
    "Novák",
];

/// Parts of middle names.
const SYLLABLES: [&str; 20] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va",
    "we", "xi", "yo", "zu",
];

/// Returns the name of the visitor with this number: each of a million has another one.
pub fn name(number: usize) -> String {
    let given = GIVEN[number % GIVEN.len()];
    let family = FAMILY[number / GIVEN.len() % FAMILY.len()];
    match number / (GIVEN.len() * FAMILY.len()) {
        0 => format!("{given} {family}"),
        number => format!("{given} {} {family}", middle(number)),
    }
}

fn middle(number: usize) -> String {
    let count = SYLLABLES.len();
    let parts = [number, number / count, number / (count * count)];
    let parts = parts.map(|number| SYLLABLES[number % count]);
    format!("M{}", parts.concat())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::name;

    #[test]
    fn a_million_visitors_have_a_million_names() {
        let names: HashSet<_> = (0..1_000_000).map(name).collect();
        assert_eq!(names.len(), 1_000_000);
    }
}
