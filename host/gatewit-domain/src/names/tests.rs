//! Tests which names are the same, and the properties of every metric.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const METRICS: [Metric; 3] = [
    Metric::RatcliffObershelp,
    Metric::DamerauLevenshtein,
    Metric::JaroWinkler,
];

fn matching(options: Value) -> NameMatching {
    serde_json::from_value(options).unwrap()
}

#[track_caller]
fn check(options: Value, stored: &str, given: &str, expected: Likeness) {
    let found = matching(options).compare(&PreparedName::of(stored), &PreparedName::of(given));
    assert_eq!(found, expected, "{stored}, {given}");
}

#[track_caller]
fn check_ratio(stored: &str, given: &str, expected: f64) {
    let (stored, given) = (PreparedName::of(stored), PreparedName::of(given));
    let found = NameMatching::default().ratio(&stored, &given);
    assert!(
        (found - expected).abs() < 1e-6,
        "{stored:?}, {given:?}: {found}"
    );
}

#[test]
fn names_have_the_ratios_that_were_observed_of_the_reference() {
    check_ratio("Angel Hill", " Angel  Hill ", 1.0);
    check_ratio("Jürgen Müller", "Juergen Mueller", 0.928571);
    check_ratio("王小明", "Wang Xiao Ming", 0.965517);
    check_ratio("Robert Johnson", "Robert M. Johnson", 0.903226);
    check_ratio("Robert Johnson", "Johnson Robert", 0.5);
    check_ratio("Robert Johnson", "Robert", 0.6);
    check_ratio("Angel Hill", "Angel Hil", 0.947368);
    check_ratio("Christine Hensley", "Christina Hensley", 0.941176);
    check_ratio("Li Na", "Lina", 0.888889);
    check_ratio(
        "Maximilian Alexander Mustermann",
        "Maximilian Mustermann",
        0.807692,
    );
    check_ratio("Pat Jones", "Sam Smith", 0.222222);
}

#[test]
fn ratios_are_those_of_pythons_difflib() {
    let pairs = include_str!("../../tests/cases/difflib-ratios.json");
    let pairs: Vec<(String, String, f64)> = serde_json::from_str(pairs).unwrap();
    for (a, b, expected) in pairs {
        let found = ratcliff::ratio(a.as_bytes(), b.as_bytes());
        assert!(
            (found - expected).abs() < 1e-12,
            "{a:?}, {b:?}: {found}, not {expected}"
        );
    }
}

#[test]
fn a_ratio_on_the_threshold_is_not_over_it() {
    check(
        json!({}),
        "Robert Johnson",
        "Bob Johnson",
        Likeness::Different,
    );
    check(
        json!({"close_match_threshold": 0.79}),
        "Robert Johnson",
        "Bob Johnson",
        Likeness::Close,
    );
    check(
        json!({"exact_match_threshold": 0.85}),
        "Robert Johnson",
        "Rob Johnson",
        Likeness::Same,
    );
    check(
        json!({"exact_match_threshold": 1}),
        "Robert Johnson",
        "robert johnson",
        Likeness::Same,
    );
    check(
        json!({"exact_match_threshold": 1}),
        "Jürgen",
        "Jurgen",
        Likeness::Close,
    );
}

#[test]
fn a_threshold_outside_of_0_to_1_a_metric_and_a_key_that_do_not_exist_are_refused() {
    for (options, words) in [
        (json!({"exact_match_threshold": 1.01}), "0 to 1, not 1.01"),
        (json!({"close_match_threshold": -0.1}), "0 to 1, not -0.1"),
        (json!({"metric": "soundex"}), "soundex"),
        (json!({"exact": 0.9}), "exact"),
    ] {
        let error = serde_json::from_value::<NameMatching>(options).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(Threshold::try_from(f64::NAN).is_err());
    assert_eq!(matching(json!({})), NameMatching::default());
}

#[test]
fn the_family_name_may_come_first_where_any_order_is_allowed() {
    for (stored, given) in [
        ("Robert Johnson", "Johnson Robert"),
        ("Robert Johnson", "johnson,  robert"),
        ("Johnson, Robert", "Robert Johnson"),
        ("Anna van Dyck", "van Dyck Anna"),
    ] {
        check(json!({"any_order": true}), stored, given, Likeness::Same);
        check(
            json!({"any_order": false}),
            stored,
            given,
            Likeness::Different,
        );
    }
    check(
        json!({"any_order": true}),
        "Robert Johnson",
        "Pat Jones",
        Likeness::Different,
    );
}

#[test]
fn every_metric_knows_a_typo_from_another_name() {
    for metric in ["ratcliff_obershelp", "damerau_levenshtein", "jaro_winkler"] {
        let options = json!({"metric": metric, "exact_match_threshold": 0.9});
        check(
            options.clone(),
            "Robert Johnson",
            "Robert Jonson",
            Likeness::Same,
        );
        check(options, "Robert Johnson", "Pat Jones", Likeness::Different);
    }
}

/// The reference treats all names without a Latin spelling as equal to each other and to an empty name.
#[test]
fn a_name_without_letters_is_only_itself() {
    check(json!({}), "", "", Likeness::Different);
    check(json!({}), "", "\u{200b}", Likeness::Different);
    check(json!({}), "\u{200b}", "\u{200c}", Likeness::Different);
    check(
        json!({}),
        "\u{12000}\u{12001}",
        "\u{12000}\u{12001}",
        Likeness::Same,
    );
    check(json!({}), "Ada", "", Likeness::Different);
}

#[test]
fn of_a_long_name_the_beginning_counts() {
    let long = "Ada ".repeat(100_000);
    assert!(PreparedName::of(&long).folded().len() <= LETTERS_MAX);
    check(
        json!({}),
        &long,
        &format!("{long} Lovelace"),
        Likeness::Same,
    );
}

/// Names as people write them, and arbitrary text.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-zÄÖÜßéİı李Д' .-]{0,30}", "[ab ]{0,60}", "\\PC{0,20}"]
}

proptest! {
    #[test]
    fn a_ratio_is_from_0_to_1_and_1_of_a_name_and_itself(stored in name(), given in name(), any_order: bool) {
        let (stored, given) = (PreparedName::of(&stored), PreparedName::of(&given));
        for metric in METRICS {
            let matching = NameMatching { metric, any_order, ..NameMatching::default() };
            prop_assert!((0.0..=1.0).contains(&matching.ratio(&stored, &given)));
            if !stored.is_empty() {
                prop_assert_eq!(matching.ratio(&stored, &stored.clone()), 1.0);
            }
        }
    }

    #[test]
    fn edits_count_the_same_in_both_directions(a in name(), b in name()) {
        let (a, b) = (PreparedName::of(&a), PreparedName::of(&b));
        for metric in [Metric::DamerauLevenshtein, Metric::JaroWinkler] {
            let matching = NameMatching { metric, ..NameMatching::default() };
            prop_assert!((matching.ratio(&a, &b) - matching.ratio(&b, &a)).abs() < 1e-12);
        }
    }

    #[test]
    fn case_and_space_around_a_name_change_nothing(stored in name(), given in name()) {
        let matching = NameMatching::default();
        let (stored, plain) = (PreparedName::of(&stored), PreparedName::of(&given));
        let other = PreparedName::of(&format!("\t{} ", given.to_uppercase()));
        prop_assert_eq!(matching.ratio(&stored, &plain), matching.ratio(&stored, &other));
    }

    #[test]
    fn any_order_takes_nothing_away(stored in name(), given in name()) {
        let (stored, given) = (PreparedName::of(&stored), PreparedName::of(&given));
        let any_order = NameMatching { any_order: true, ..NameMatching::default() };
        prop_assert!(any_order.ratio(&stored, &given) >= NameMatching::default().ratio(&stored, &given));
    }
}
