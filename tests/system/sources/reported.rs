//! Oddities of a source are reported after each sync: counted in the log, by name at its events and at its tickets.

use super::*;
use crate::attendees::upstream::Upstream;
use crate::support::project;

/// The number of log lines that contain this text.
fn lines(log: &str, words: &str) -> usize {
    log.lines().filter(|line| line.contains(words)).count()
}

/// The warnings of an event, as JSON.
async fn warnings(client: &Client, event: &str) -> String {
    client.get(event).await.data(200)["warnings"].to_string()
}

fn crew() -> Home {
    let home = home_with("guest-list");
    home.configure(
        "sources:
  crew:
    plugin: guest-list
    settings:
      people: \"order,name,type\\nAAAA1,Ada,pass\\nAAAA2,Bob,late\\n\"
      types:
        pass: {name: Tageskarte}
        several: {name: 3-Day Pass}
        late: {name: Latecomers, days: [day–2, Tuesday, '--12-15']}
",
    );
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_pass_that_names_no_day_is_counted_once_a_sync_and_named_at_events() {
    let home = crew();
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    server.client.wait_until_ready().await;
    let refreshed = server.client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let event = monday(&server.client, "crew").await;
    let warnings = warnings(&server.client, &event).await;
    assert!(
        warnings.contains("good for every day: Tageskarte\""),
        "{warnings}"
    );
    let log = server.stop().log;
    let syncs = lines(&log, "ticket source crew was read to its end");
    assert!(syncs >= 2, "{log}");
    let told = "1 types of ticket source crew call themselves day passes";
    assert_eq!(lines(&log, told), syncs, "{log}");
    assert_eq!(lines(&log, "Tageskarte"), 0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_sources_types_that_an_event_does_not_have_are_told_when_they_meet_and_when_a_day_is_renamed()
 {
    let home = crew();
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    let client = &server.client;
    client.wait_until_ready().await;
    let event = monday(client, "crew").await;
    let does_not_fit = "does not fit its ticket source crew: 1 types of tickets";
    server.log.wait_for(does_not_fit);
    let named = warnings(client, &event).await;
    let expected = r#"the type \"Latecomers\" (late) of the ticket source crew is good for \"day–2\", \"Tuesday\","#;
    assert!(named.contains(expected), "{named}");
    let first = day("Day 1", "2025-12-15");
    let both = json!({"days": [first, day("DAY 2", "2025-12-16")]});
    client.patch(&event, both).await.data(200);
    let told = lines(&server.log.so_far(), does_not_fit);
    client
        .patch(&event, json!({"name": "Fair"}))
        .await
        .data(200);
    assert_eq!(
        lines(&server.log.so_far(), "does not fit"),
        told,
        "all days are there"
    );
    let renamed = json!({"days": [first, day("Workshops", "2025-12-16")]});
    client.patch(&event, renamed).await.data(200);
    let named = warnings(client, &event).await;
    let expected =
        r#"the type \"Latecomers\" (late) of the ticket source crew is good for \"day–2\", which"#;
    assert!(named.contains(expected), "{named}");
    let log = server.stop().log;
    assert_eq!(lines(&log, does_not_fit), told + 1, "{log}");
    assert_eq!(lines(&log, "Latecomers") + lines(&log, "day–2"), 0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_types_that_are_not_listed_and_codes_that_are_shared_are_counted_and_told_at_the_ticket()
 {
    let path = "host/gatewit-domain/tests/cases/attendee-validation.json";
    let cases = fs::read_to_string(project().join(path)).expect("the cases are there");
    let cases: Value = serde_json::from_str(&cases).expect("the cases are JSON");
    let upstream = Upstream::start(cases["fixtures"].clone()).await;
    let home = home_with("pretix");
    let base = &upstream.base;
    home.configure(&format!(
        "sources: {{pretix: {{settings: {{base_url: \"{base}/api/v1\", organizer: org, event: ev}}}}}}\n"
    ));
    let server = start(&home, "PRETIX_TOKEN", "ptok");
    let client = &server.client;
    client.wait_until_ready().await;
    let event = monday(client, "pretix").await;
    server
        .log
        .wait_for("1 tickets of ticket source pretix are of types that it does not list");
    // AAAA2, BBBB6, CCCC3 and DDDD2 have one secret for all positions.
    server.log.wait_for(
        "5 tickets of ticket source pretix bear a code that another of its tickets bears too",
    );
    let warnings = async |order: &str| {
        let found = tickets(client, &event, &format!("query={order}")).await;
        let warnings = found
            .iter()
            .flat_map(|ticket| ticket["warnings"].as_array());
        warnings.flatten().map(text).collect::<Vec<_>>()
    };
    let unlisted = warnings("BBBB9").await;
    assert_eq!(unlisted.len(), 1, "{unlisted:?}");
    assert!(
        unlisted[0].contains("does not list the type \"999\""),
        "{unlisted:?}"
    );
    let shared = warnings("BBBB6").await;
    assert_eq!(
        shared,
        ["another ticket has the code \"sbbbb6\" as well: a scan of it finds that ticket"]
    );
    assert!(warnings("BBBB7").await.is_empty());
    // A type that the event declares belongs to the event.
    let types = json!({"ticketTypes": [{"id": "999", "name": "Late"}]});
    client.patch(&event, types).await.data(200);
    assert!(warnings("BBBB9").await.is_empty());
    let log = server.stop().log;
    for secret in ["sbbbb6", "BBBB6", "Spea", "ptok"] {
        assert!(!log.contains(secret), "{log}");
    }
}
