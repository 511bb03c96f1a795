//! `event_config.yml` at the start: errors in it are named, and the events it declares are updated.

use std::fs;

use serde_json::{Value, json};

use crate::support::door::text;
use crate::support::{Home, Process, until};

/// A declared event of one day.
pub const SUMMIT: &str = r#"
events:
  - slug: summit
    name: Summit
    timezone: Africa/Nairobi
    days:
      - day_name: Opening
        start_date_time: "2027-12-15T09:00:00+03:00"
        end_date_time: "2027-12-15T18:00:00+03:00"
    ticket_types:
      - id: vip
"#;

/// Checks that the server does not start with this configuration, and that its error names the file and contains this
/// text.
#[track_caller]
fn check(text: &str, words: &[&str]) {
    let home = Home::new();
    home.configure(text);
    let mut command = home.command();
    let file = home.path("event_config.yml");
    command.arg("--config").arg(&file);
    let said = home.check_refused(command, words);
    let place = format!("{}: ", file.display());
    assert!(said.contains(&place), "{place:?} is missing: {said}");
    assert!(!home.path("data").exists(), "nothing is touched before");
}

#[test]
fn a_misspelt_key_is_named_with_its_line_and_the_nearest_known_one() {
    check(
        "evnets: []\n",
        &["`evnets`", "line 1", "did you mean `events`?"],
    );
    let later = "# Ours.\nplugins: {}\nevnets: []\n";
    check(later, &["`evnets`", "line 3", "did you mean `events`?"]);
    let misspelt = SUMMIT.replace("ticket_types", "tiket_types");
    check(
        &misspelt,
        &["`tiket_types`", "line 10", "did you mean `ticket_types`?"],
    );
    let misspelt = SUMMIT.replace("end_date_time", "end_datetime");
    check(
        &misspelt,
        &["`end_datetime`", "line 9", "did you mean `end_date_time`?"],
    );
    let camel = SUMMIT.replace("day_name", "dayName");
    check(&camel, &["`dayName`", "line 7", "did you mean `day_name`?"]);
    let limits = "plugins:\n  hours-before:\n    memory_mb: 3\n";
    check(
        limits,
        &["`memory_mb`", "line 3", "did you mean `memory_mib`?"],
    );
}

#[test]
fn a_wrong_value_is_named_with_its_line() {
    check("events: 3\n", &["events", "line 1"]);
    check("events: [\n", &["line 2"]);
    check(
        "plugins:\n  x:\n    timeout_ms: soon\n",
        &["plugins.x.timeout_ms", "line 3"],
    );
    check(
        "plugins:\n  x:\n    timeout_ms: 0\n",
        &["plugins.x", "at least 1"],
    );
    let number = SUMMIT.replace("id: vip", "id: [vip]");
    check(&number, &["events[0].ticket_types[0].id", "line 11"]);
    let nameless = SUMMIT.replace("slug: summit", "org_id: default");
    check(&nameless, &["events[0]", "`slug`", "line 3"]);
}

#[test]
fn a_slug_declared_twice_is_named() {
    let again = SUMMIT.replace("events:\n", "");
    check(&format!("{SUMMIT}{again}"), &["\"summit\" stands twice"]);
}

#[test]
fn a_declared_event_that_cannot_be_is_named_by_its_slug() {
    let home = Home::new();
    let backwards = SUMMIT.replace("T18:00", "T08:00");
    let cases = [
        (backwards, "days[0] ends at 2027-12-15T08:00:00+03:00"),
        (
            SUMMIT.replace("Africa/Nairobi", "Africa/Nowhere"),
            "Africa/Nowhere",
        ),
    ];
    for (text, words) in cases {
        home.configure(&text);
        let slug = "cannot set up event \"summit\" of the configuration";
        home.check_refused(home.command(), &[slug, words]);
    }
}

#[test]
fn a_configuration_that_is_named_must_be_there() {
    let home = Home::new();
    let file = home.path("missing.yml");
    let mut command = home.command();
    command.arg("--config").arg(&file);
    let words = format!("cannot read the configuration {}", file.display());
    home.check_refused(command, &[&words, "No such file"]);
}

#[tokio::test]
async fn without_a_configuration_it_starts_with_no_events() {
    let home = Home::new();
    std::fs::remove_file(home.path("event_config.yml")).expect("a file can be removed");
    let server = home.start();
    assert_eq!(events(&server).await, json!([]));
}

#[tokio::test]
async fn a_declared_event_is_made_once_however_often_the_server_starts() {
    let home = Home::new();
    home.configure(SUMMIT);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let server = home.start();
        seen.push(events(&server).await);
        server.stop();
    }
    let slugs: Vec<_> = seen[0]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| &event["slug"])
        .collect();
    assert_eq!(slugs, ["summit"]);
    assert_eq!(seen, vec![seen[0].clone(); 3]);
}

#[tokio::test]
async fn an_edited_declaration_sets_what_differs_and_leaves_the_rest() {
    let home = Home::new();
    home.configure(SUMMIT);
    let server = home.start();
    let declared = &events(&server).await[0];
    let path = format!("/api/v1/events/{}", text(&declared["eventId"]));
    let change = json!({"name": "By hand", "staff": ["sub-2"]});
    server.client.patch(&path, change).await.data(200);
    let publish = server.client.post(&format!("{path}/publish"), json!({}));
    let mut expected = publish.await.data(200);
    server.stop();

    home.configure(&SUMMIT.replace("T18:00", "T19:00"));
    expected["days"][0]["endDateTime"] = json!("2027-12-15T19:00:00+03:00");
    let server = home.start();
    assert_eq!(events(&server).await, json!([expected]));
    server.stop();

    home.configure("");
    assert_eq!(events(&home.start()).await, json!([expected]));
}

#[tokio::test]
async fn a_plugin_whose_file_broke_serves_as_it_was_kept() {
    let home = Home::new();
    home.configure(SUMMIT);
    let first = home.start();
    assert_eq!(events(&first).await[0]["checkInStrategy"], "HOURS_BEFORE");
    first.stop();
    break_plugin(&home);
    home.configure(&format!("{SUMMIT}    staff: [\"sub-1\"]\n"));
    let server = home.start();
    assert_eq!(events(&server).await[0]["staff"], json!(["sub-1"]));
    until("the file is refused", async || {
        let row = server.client.get("/api/v1/plugins/hours-before").await;
        let row = row.data(200);
        assert_eq!(row["state"], "ACTIVE");
        let error = row["error"].as_str().unwrap_or_default();
        error.contains("cut short").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_plugin_that_was_refused_stops_no_server_that_declares_an_event_with_it() {
    let home = Home::new();
    break_plugin(&home);
    home.configure(SUMMIT);
    assert_eq!(events(&home.start()).await, json!([]));
}

/// Cuts the file of the plugin short.
fn break_plugin(home: &Home) {
    let plugin = home.path("plugins").join("hours-before.wasm");
    let whole = fs::read(&plugin).expect("our plugin is there");
    fs::write(&plugin, &whole[..whole.len() / 2]).expect("a file can be written");
}

#[tokio::test]
async fn a_declared_event_has_the_organizers_it_names_from_the_first_start_on() {
    let home = Home::new();
    home.configure(&format!("{SUMMIT}    organizers: [\"sub-1\"]\n"));
    for _ in 0..2 {
        assert_eq!(
            events(&home.start()).await[0]["organizers"],
            json!(["sub-1"])
        );
    }
}

async fn events(server: &Process) -> Value {
    server.client.get("/api/v1/events").await.data(200)
}
