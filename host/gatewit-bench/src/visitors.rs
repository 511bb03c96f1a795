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

/// Returns the name of the visitor with this number.
pub fn name(number: usize) -> String {
    let given = GIVEN[number % GIVEN.len()];
    let family = FAMILY[number / GIVEN.len() % FAMILY.len()];
    format!("{given} {family}")
}
