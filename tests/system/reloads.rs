//! The operator's files, read again while the server runs: applied whole or not at all, and only what differs.

use std::fs;

use serde_json::{Value, json};

use crate::configuration::SUMMIT;
use crate::support::door::text;
use crate::support::{Home, Process, until};

mod check;
mod sources;

/// How the log begins to say that a file was applied.
const APPLIED: &str = "the configuration is read again and applied: ";
/// How the log begins to say that a file was not applied.
const NOT_APPLIED: &str = "the configuration is not applied, and everything stays as it was: ";

/// A home with this configuration, and a server of it that logs what it applies.
fn start(text: &str) -> (Home, Process) {
    let home = Home::new();
    home.configure(text);
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    (home, server)
}

async fn events(server: &Process) -> Vec<Value> {
    let events = server.client.get("/api/v1/events").await.data(200);
    events.as_array().expect("events are listed").clone()
}

fn path(event: &Value) -> String {
    format!("/api/v1/events/{}", text(&event["eventId"]))
}

#[tokio::test]
async fn a_changed_file_is_applied_without_a_restart_and_leaves_what_organizers_changed() {
    let (home, server) = start(SUMMIT);
    let declared = events(&server).await.remove(0);
    let change = json!({"name": "By hand", "staff": ["sub-2"]});
    let changed = server.client.patch(&path(&declared), change).await;
    let mut expected = changed.data(200);

    let later = SUMMIT.replace("T18:00", "T19:00");
    let second = later.replace("events:\n", "").replace("summit", "winter");
    home.configure(&format!("{later}    organizers: [\"sub-1\"]\n{second}"));
    let told = format!("{APPLIED}events.summit: days, organizers changed; events.winter is added");
    server.log.wait_for(&told);
    expected["days"][0]["endDateTime"] = json!("2027-12-15T19:00:00+03:00");
    expected["organizers"] = json!(["sub-1"]);
    let mut shown = events(&server).await;
    assert_eq!(shown.remove(0), expected);
    assert_eq!(shown[0]["slug"], "winter");
    server.stop();

    let server = home.start();
    assert_eq!(
        events(&server).await[0],
        expected,
        "nor does a start undo it"
    );
    server.stop();
    home.configure(&later.replace("Africa/Nairobi", "+03:00"));
    expected["timezone"] = json!("+03:00");
    let shown = events(&home.start()).await.remove(0);
    assert_eq!(shown["name"], "By hand");
    assert_eq!(shown["timezone"], expected["timezone"]);
}

#[tokio::test]
async fn on_sighup_the_file_is_read_and_a_server_that_gets_many_serves_on() {
    let (home, server) = start(SUMMIT);
    let nothing = format!("{APPLIED}nothing in it differs");
    server.signal("HUP");
    server.log.wait_for(&nothing);
    home.configure(&SUMMIT.replace("name: Summit", "name: Gathering"));
    for _ in 0..20 {
        server.signal("HUP");
    }
    server
        .log
        .wait_for(&format!("{APPLIED}events.summit: name changed"));
    assert_eq!(events(&server).await[0]["name"], "Gathering");
    server.stop();
}

#[tokio::test]
async fn a_file_with_a_mistake_is_named_and_changes_nothing() {
    let (home, server) = start(SUMMIT);
    let before = events(&server).await;
    // Each would change the name, too.
    let renamed = SUMMIT.replace("name: Summit", "name: Gathering");
    let cut = renamed.find("end_date_time").expect("it has days");
    let mistakes = [
        (renamed[..cut].to_owned(), "missing field `end_date_time`"),
        (
            renamed.replace("timezone", "timezon"),
            "did you mean `timezone`?",
        ),
        (
            format!("{renamed}    check_in_strategy: NO_SUCH\n"),
            "cannot set up event \"summit\" of the configuration",
        ),
        (
            format!("{renamed}    strategy_options: {{earlyCheckInHours: \"s3cr3t\"}}\n"),
            "strategy HOURS_BEFORE does not accept its options",
        ),
        (
            format!("{renamed}    ticket_sources: [crew]\n"),
            "ticket_sources: there is no source \"crew\"",
        ),
        (
            renamed.replace("T18:00", "T08:00"),
            "days[0] ends at 2027-12-15T08:00:00+03:00",
        ),
        (
            format!("{renamed}sources:\n  tito: {{}}\n"),
            "TITO_TOKEN is not set",
        ),
    ];
    for (text, words) in mistakes {
        home.configure(&text);
        server.log.wait_for(words);
        assert_eq!(events(&server).await, before, "{text}");
    }
    fs::remove_file(home.path("event_config.yml")).expect("a file can be removed");
    server
        .log
        .wait_for("cannot read the configuration event_config.yml");
    fs::write(home.path(".env"), "NO VARIABLE\n").expect("a file can be written");
    server.log.wait_for(".env: line 1: expected NAME=value");
    assert_eq!(events(&server).await, before);
    fs::remove_file(home.path(".env")).expect("a file can be removed");
    home.configure(&renamed);
    server
        .log
        .wait_for(&format!("{APPLIED}events.summit: name changed"));
    assert_eq!(events(&server).await[0]["name"], "Gathering");
    let log = server.stop().log;
    let named = log.lines().filter(|line| line.contains(NOT_APPLIED));
    assert!(named.clone().count() >= 9, "{log}");
    assert!(named.clone().all(|line| line.contains("ERROR")), "{log}");
    assert!(
        !log.contains("s3cr3t"),
        "a plugin's words are for operators"
    );
}

#[tokio::test]
async fn an_event_that_is_not_declared_any_more_stays_until_somebody_deletes_it() {
    let (home, server) = start(SUMMIT);
    let event = events(&server).await.remove(0);
    let delete = format!("{}?confirm=summit", path(&event));
    let deletion = || server.client.request("DELETE", &delete, None);
    let words = deletion().await.failure(409, "event_declared");
    assert!(words.contains("take it out of the file"), "{words}");

    home.configure("");
    server
        .log
        .wait_for(&format!("{APPLIED}events.summit is removed"));
    assert_eq!(events(&server).await, [event]);
    deletion().await.data(200);
    assert_eq!(events(&server).await, [json!(null); 0]);

    home.configure(SUMMIT);
    until("it is there again", async || events(&server).await.pop()).await;
    server.stop();
}

#[tokio::test]
async fn what_needs_a_restart_is_named_and_the_rest_is_applied() {
    let (home, server) = start(SUMMIT);
    let env =
        "GATEWIT_GUESS_LIMIT=7\nOIDC_ISSUER_URL=https://id.example.org\nGATEWIT_OPERATORS=sub-9\n";
    fs::write(home.path(".env"), env).expect("a file can be written");
    server.log.wait_for(&format!("{APPLIED}operators is added"));
    let log = server.stop().log;
    for variable in ["GATEWIT_GUESS_LIMIT", "OIDC_ISSUER_URL"] {
        let words =
            format!("{variable} has changed, which takes effect when the server is started next");
        assert!(log.contains(&words), "{log}");
    }
    assert!(!log.contains("GATEWIT_OPERATORS has changed"), "{log}");
    assert!(!log.contains("id.example.org"), "a value may be secret");
}

#[tokio::test]
async fn an_event_made_by_hand_takes_every_field_of_its_first_declaration() {
    let (home, server) = start("");
    let event = json!({
        "name": "By hand",
        "slug": "summit",
        "days": [{"startDateTime": "2027-12-15T10:00:00+03:00", "endDateTime": "2027-12-15T11:00:00+03:00"}],
        "staff": ["sub-2"],
    });
    server.client.post("/api/v1/events", event).await.data(201);
    server.stop();
    home.configure(SUMMIT);
    let shown = events(&home.start()).await.remove(0);
    let fields = ["name", "timezone", "staff"].map(|field| shown[field].clone());
    assert_eq!(
        fields,
        [json!("Summit"), json!("Africa/Nairobi"), json!(["sub-2"])]
    );
}
