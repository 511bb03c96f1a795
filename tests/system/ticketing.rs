//! The configuration of ticket sources: missing or wrong settings stop the server, and the error names them.

use std::fs;

use serde_json::json;

use crate::support::crowd::today;
use crate::support::door::with;
use crate::support::{Home, Process, plugins};

/// The same home with one more plugin.
fn home_with(plugin: &str) -> Home {
    let home = Home::new();
    home.install(&plugins(), plugin);
    home
}

#[test]
fn without_its_token_a_backend_stops_the_server_rather_than_making_people_up() {
    let home = Home::new();
    for (backend, token) in [("pretix", "PRETIX_TOKEN"), ("tito", "TITO_TOKEN")] {
        let words = format!("{token} is not set");
        home.check_refused(home.command_with("TICKETING_BACKEND", backend), &[&words]);
    }
    assert!(!home.path("data").exists(), "nothing is touched before");
}

#[test]
fn variables_of_the_process_win_over_those_beside_the_configuration_and_these_over_its_keys() {
    let home = Home::new();
    home.configure("TICKETING_BACKEND: nobody\n");
    home.check_refused(home.command(), &["\"nobody\"", "line 1"]);
    fs::write(
        home.path(".env"),
        "TICKETING_BACKEND=pretix\nPRETIX_TOKEN=\"s3cr3t\"\n",
    )
    .expect("a file can be written");
    let said = home.check_refused(home.command(), &["PRETIX_ORGANIZER_SLUG is not set"]);
    assert!(!said.contains("s3cr3t"), "{said}");
    home.check_refused(
        home.command_with("PRETIX_TOKEN", ""),
        &["PRETIX_TOKEN is not set"],
    );
    let command = home.command_with("TICKETING_BACKEND", "tito");
    home.check_refused(command, &["TITO_TOKEN is not set"]);
    fs::write(home.path(".env"), "# Ours.\nPRETIX_TOKEN=s3cr3t and more\n")
        .expect("a file can be written");
    let said = home.check_refused(home.command(), &[".env: line 2"]);
    assert!(!said.contains("s3cr3t"), "{said}");
}

#[test]
fn variables_of_the_server_itself_may_stand_beside_the_configuration_too() {
    let home = Home::new();
    let beside = "GATEWIT_MASTER_KEY=short\nOIDC_ISSUER_URL=\n";
    fs::write(home.path(".env"), beside).expect("a file can be written");
    home.check_refused(
        home.command(),
        &["GATEWIT_MASTER_KEY must hold 64 hex digits"],
    );
}

#[tokio::test]
async fn a_restart_answers_at_once_from_what_is_stored_and_dead_keys_are_named_once() {
    let home = home_with("guest-list");
    fs::write(
        home.path("people.csv"),
        "order,name,email\nMH9CG,Ada Lovelace,ada@example.org\n",
    )
    .expect("a file can be written");
    home.configure("MODE: test\nsources:\n  crew:\n    plugin: guest-list\n    settings: {people: file://people.csv}\n");
    let server = home.start();
    server.client.wait_until_ready().await;
    let log = server.stop().log;
    assert_eq!(
        log.matches("MODE stands in the configuration and has no effect")
            .count(),
        1
    );
    let server: Process = home.start();
    let count = server.client.get("/tickets/ticket_count/").await;
    assert_eq!(
        (count.status, count.body),
        (200, json!({"ticket_count": 1}))
    );
}

#[tokio::test]
async fn an_event_whose_source_or_strategy_is_gone_is_named_at_the_next_start() {
    let home = home_with("guest-list");
    let strategy = home.path("plugins/all-day.wasm");
    fs::copy(plugins().join("all-day.wasm"), &strategy).expect("our plugins are built");
    home.configure(
        "sources:\n  crew: {plugin: guest-list, settings: {people: \"order,name\\nMH9CG,Ada\"}}\n",
    );
    let server = home.start();
    for fields in [
        json!({"slug": "party", "ticketSources": ["crew"]}),
        json!({"slug": "fair", "checkInStrategy": "ALL_DAY"}),
        json!({"slug": "sound"}),
    ] {
        let event = with(&today(), fields);
        server.client.post("/api/v1/events", event).await.data(201);
    }
    server.stop();
    let log = home.start().stop().log;
    assert!(!log.contains("refuses tickets"), "{log}");

    home.configure("plugins:\n  hours-befor: {timeout_ms: 50}\n");
    fs::remove_file(strategy).expect("a file can be removed");
    fs::remove_dir_all(home.path("data/components")).expect("a folder can be removed");
    let log = home.start().stop().log;
    for words in [
        "event \"party\" refuses tickets until this is mended: ticketSources: there is no source \"crew\"",
        "plugins.hours-befor stands in the configuration and has no effect: no such plugin is there",
        "event \"fair\" refuses tickets until this is mended: strategy ALL_DAY is not loaded; loaded are: HOURS_BEFORE",
    ] {
        assert!(log.contains(words), "{log}");
    }
    assert_eq!(log.matches("refuses tickets").count(), 2, "{log}");
}

#[test]
fn tickets_with_a_code_that_is_anothers_are_told_in_the_log_and_the_code_is_not() {
    let home = home_with("guest-list");
    let person = |order: &str, name: &str| format!("order,name,code\n{order},{name},s4me-c0de\n");
    for (file, people) in [
        ("crew.csv", person("MH9CG", "Ada")),
        ("press.csv", person("KL3PD", "Sam")),
    ] {
        fs::write(home.path(file), people).expect("a file can be written");
    }
    home.configure(
        "sources:
  crew: {plugin: guest-list, settings: {people: file://crew.csv}}
  press: {plugin: guest-list, settings: {people: file://press.csv}}
events:
  - slug: summit
    name: Summit
    days: [{start_date_time: '2025-12-15T09:00:00+03:00', end_date_time: '2025-12-15T18:00:00+03:00'}]
    ticket_sources: [crew, press]
",
    );
    let server = home.start();
    server.log.wait_for("codes that are other tickets' already");
    let log = server.stop().log;
    for secret in ["s4me-c0de", "MH9CG", "KL3PD", "Ada", "Sam"] {
        assert!(!log.contains(secret), "{log}");
    }
}
