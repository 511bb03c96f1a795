//! What is odd about a source: told in the log after each sync, at its events and at its tickets.

use super::*;

/// How many lines of a log have these words.
fn lines(log: &str, words: &str) -> usize {
    log.lines().filter(|line| line.contains(words)).count()
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
async fn a_day_pass_that_names_no_day_is_told_by_name_once_a_sync() {
    let home = crew();
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    wait_until_ready(&server.client).await;
    let refreshed = server.client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let log = server.stop().log;
    let syncs = lines(&log, "ticket source crew was read to its end");
    assert!(syncs >= 2, "{log}");
    assert_eq!(
        lines(&log, "good for every day: \"Tageskarte\""),
        syncs,
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_sources_types_that_an_event_does_not_have_are_told_when_they_meet_and_when_a_day_is_renamed()
 {
    let home = crew();
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    let client = &server.client;
    wait_until_ready(client).await;
    let event = monday(client, "crew").await;
    server
        .log
        .wait_for("the type \"Latecomers\" (late) of the ticket source crew is good for \"day–2\", \"Tuesday\",");
    let first = day("Day 1", "2025-12-15");
    let both = json!({"days": [first, day("DAY 2", "2025-12-16")]});
    client.patch(&event, both).await.data(200);
    let told = lines(&server.log.so_far(), "does not fit its ticket source crew");
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
    server.log.wait_for(
        "the type \"Latecomers\" (late) of the ticket source crew is good for \"day–2\", which",
    );
}
