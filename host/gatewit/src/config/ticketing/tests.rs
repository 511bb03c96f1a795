//! Which sources result from which keys and variables, and the errors for invalid ones.

use gatewit_desk::Ticketing;
use serde_json::Value;

use super::*;

const TITO_SET: [(&str, &str); 3] = [
    ("TITO_TOKEN", "ttok"),
    ("ACCOUNT_SLUG", "acme"),
    ("EVENT_SLUG", "conf"),
];
const PRETIX_SET: [(&str, &str); 3] = [
    ("PRETIX_TOKEN", "ptok"),
    ("PRETIX_ORGANIZER_SLUG", "org"),
    ("PRETIX_EVENT_SLUG", "ev"),
];
const OURS: &str =
    "sources:\n  crew:\n    plugin: guest-list\n    settings:\n      people: file://people.csv\n";

fn plan(text: &str, variables: &[(&str, &str)]) -> Result<TicketingPlan, String> {
    let config = Config::parse(text)?;
    config.plan(&Environment::with(variables), Path::new("there"))
}

/// The names of the sources, and of those that are served.
#[track_caller]
fn check(
    text: &str,
    variables: &[(&str, &str)],
    sources: &[&str],
    served: &[&str],
) -> TicketingPlan {
    let plan = plan(text, variables).unwrap_or_else(|problem| panic!("{problem}"));
    let names = plan.sources.iter().map(|plan| plan.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), sources);
    let Ticketing { sources, .. } = &plan.ticketing;
    let names = sources.iter().map(SourceName::as_str);
    assert_eq!(names.collect::<Vec<_>>(), served);
    plan
}

#[track_caller]
fn check_refused(text: &str, variables: &[(&str, &str)], words: &[&str]) {
    let problem = plan(text, variables).err().expect("it is refused");
    for words in words {
        assert!(problem.contains(words), "{words:?} is missing: {problem}");
    }
}

#[test]
fn the_variable_chooses_then_the_file_then_tito() {
    let both = [TITO_SET, PRETIX_SET].concat();
    check("", &both, &["tito"], &["tito"]);
    let chosen = "TICKETING_BACKEND: Pretix\n";
    check(chosen, &both, &["pretix"], &["pretix"]);
    let by_variable = [&both[..], &[("TICKETING_BACKEND", "tito")]].concat();
    check(chosen, &by_variable, &["tito"], &["tito"]);
    let all = format!("TICKETING_BACKEND: all\n{OURS}");
    let names = ["crew", "pretix", "tito"];
    check(&all, &both, &names, &names);
    check(OURS, &[], &["crew"], &["crew"]);
    check("", &[], &[], &[]);
    check(
        &format!("TICKETING_BACKEND: crew\n{OURS}"),
        &TITO_SET,
        &["crew"],
        &["crew"],
    );
}

#[test]
fn what_is_missing_is_named() {
    check_refused(
        "TICKETING_BACKEND: pretix\n",
        &[],
        &["PRETIX_TOKEN is not set"],
    );
    check_refused(
        "include_activities: [on_site]\n",
        &[],
        &["TITO_TOKEN is not set"],
    );
    check_refused("", &TITO_SET[..2], &["EVENT_SLUG is not set"]);
    check_refused("", &PRETIX_SET[..1], &["TITO_TOKEN is not set"]);
    let secret = OURS.replace("file://people.csv", "secret://PEOPLE");
    check_refused(&secret, &[], &["PEOPLE is not set", "\"crew\""]);
}

#[test]
fn an_unknown_backend_is_named_with_its_place() {
    check_refused(
        "# Ours.\nTICKETING_BACKEND: eventbrite\n",
        &[],
        &["\"eventbrite\"", "pretix, tito", "line 2"],
    );
    let variable = [("TICKETING_BACKEND", "eventbrite")];
    check_refused(
        "TICKETING_BACKEND: tito\n",
        &variable,
        &["variable TICKETING_BACKEND", "\"eventbrite\""],
    );
    check_refused("sources:\n  all: {}\n", &[], &["sources.all", "line 2"]);
}

#[test]
fn a_bad_url_is_named_by_its_variable_or_its_line() {
    let variables = [&TITO_SET[..], &[("TITO_BASE_URL", "api.tito.io")]].concat();
    check_refused("", &variables, &["TITO_BASE_URL: not an http or https URL"]);
    let text =
        "sources:\n  crm:\n    plugin: crm\n    settings:\n      base_url: ftp://crm.example\n";
    check_refused(text, &[], &["sources.crm.settings.base_url", "line 5"]);
    let hosts = format!(
        "{OURS}plugins:\n  guest-list:\n    allowed_hosts: [\"https://me@files.example\"]\n"
    );
    check_refused(&hosts, &[], &["plugins.guest-list.allowed_hosts", "line 8"]);
}

#[test]
fn ids_are_taken_quoted_or_not_and_nothing_else_is_an_id() {
    let mapping = "TICKETING_BACKEND: pretix\npretix_mapping:\n  categories:\n    by_id:\n      100: {is_onsite: true}\n      '200': {is_remote: yes}\n    by_ticket_id:\n  add_speaker:\n";
    check(mapping, &PRETIX_SET, &["pretix"], &["pretix"]);
    check_refused(
        &mapping.replace("'200'", "x2"),
        &PRETIX_SET,
        &["\"x2\" is no id", "line 6"],
    );
}

#[test]
fn an_attribute_that_looks_like_one_of_the_contract_is_one() {
    let mapping = |attribute: &str| {
        format!(
            "TICKETING_BACKEND: pretix\npretix_mapping:\n  categories:\n    by_id:\n      100:\n        {attribute}\n"
        )
    };
    let misspelt = [
        "is_speeker: true",
        "is_wizard: true",
        "online_acess: true",
        "speaker: true",
    ];
    for attribute in misspelt {
        check_refused(
            &mapping(attribute),
            &PRETIX_SET,
            &["unknown attribute", "line 6", "did you mean"],
        );
    }
    check_refused(
        &mapping("is_speaker: maybe"),
        &PRETIX_SET,
        &["\"maybe\"", "line 6"],
    );
    for attribute in ["crew: true", "hint: from mapping", "bogus_attr: true"] {
        check(&mapping(attribute), &PRETIX_SET, &["pretix"], &["pretix"]);
    }
}

#[test]
fn thresholds_are_from_nought_to_one_and_close_is_below_exact() {
    let names = |keys: &str| format!("name_matching:\n  metric: jaro_winkler\n{keys}");
    check_refused(
        &names("  exact_match_threshold: 1.2\n"),
        &[],
        &["from 0 to 1", "line 3"],
    );
    check_refused(&names("  close_match_threshold: high\n"), &[], &["line 3"]);
    let crossed = names("  exact_match_threshold: 0.7\n  close_match_threshold: 0.9\n");
    check_refused(
        &crossed,
        &[],
        &["name_matching.close_match_threshold", "line 4"],
    );
}

#[test]
fn statistics_are_configured_in_either_spelling() {
    let addons = |text: &str| plan(text, &[]).ok().and_then(|plan| plan.ticketing.addons);
    let expected = AddonTypes {
        onsite_categories: vec!["100".to_owned()],
        shirt: "40".to_owned(),
    };
    for key in [
        "onsite_category_id: 100",
        "onsite_category_id: [100]",
        "onsite_category_ids: ['100']",
    ] {
        let text = format!("addon_statistics:\n  {key}\n  tshirt_item_id: 40\n");
        assert_eq!(addons(&text), Some(expected.clone()), "{key}");
    }
    let none = "addon_statistics:\n  onsite_category_id: 0\n  tshirt_item_id: 0\n";
    assert_eq!(addons(none), Some(AddonTypes::default()));
    assert_eq!(addons(""), None);
}

#[test]
fn what_has_no_effect_is_named_once() {
    let text = "MODE: test\nLOG: {DIR: x}\nexclude_ticket_patterns: []\npretix_mapping:\n  access_patterns: {}\n  categories:\n    by_id:\n      1: {hint: a}\n      2: {hint: b}\n";
    let config = Config::parse(text).unwrap();
    let expected = [
        "LOG",
        "MODE",
        "exclude_ticket_patterns",
        "pretix_mapping.access_patterns",
        "the attribute hint of pretix_mapping.categories",
    ];
    assert_eq!(config.without_effect(), expected);
}

#[test]
fn a_setting_is_the_text_that_stands_there() {
    let text = format!(
        "{OURS}      event: 1e3\n      year: 2027\n      code: 98765432109876543210\n      pin: '0'\n      types: {{vip: {{name: Null, days: [2026-11-29, 1], admits: true}}}}\n"
    )
    .replace("file://people.csv", "[]");
    let plan = check(&text, &[], &["crew"], &["crew"]);
    let settings = plan.sources[0].read().unwrap().settings;
    let vip = json!({"name": "Null", "days": ["2026-11-29", 1], "admits": true});
    let expected = json!({"people": [], "event": "1e3", "year": 2027, "code": "98765432109876543210", "pin": "0",
        "types": {"vip": vip}});
    assert_eq!(Value::Object(settings), expected);
    let no_map = "sources:\n  crew:\n    plugin: guest-list\n    settings: 3\n";
    check_refused(no_map, &[], &["sources.crew.settings", "line 4"]);
}

#[test]
fn an_unknown_key_of_a_source_and_a_time_that_is_none_are_named_with_their_lines() {
    let misspelt = OURS.replace("plugin:", "plugn:");
    check_refused(
        &misspelt,
        &[],
        &["`plugn`", "line 3", "did you mean `plugin`?"],
    );
    let sync = |every: &str| format!("{OURS}    sync:\n      every: {every}\n");
    check(&sync("90s"), &[], &["crew"], &["crew"]);
    check_refused(&sync("soon"), &[], &["sources.crew.sync.every", "line 7"]);
    check_refused(&sync("10ms"), &[], &["sources.crew.sync.every", "line 7"]);
}
