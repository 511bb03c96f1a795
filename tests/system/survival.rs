//! Faults that a running server survives must not stop its start either: it serves the stored tickets as stale, and
//! says so.

use std::fs;

use serde_json::{Value, json};

use crate::attendees::{COUNT, EMAIL};
use crate::support::crowd::today;
use crate::support::door::{text, with};
use crate::support::{Answer, Client, Door, Home, Process, plugins, until};

const LIST: &str = "order,name,email,code\nMH9CG,Ada Lovelace,ada@example.org,c0de-ada\n";
/// Its third line has no order.
const BROKEN: &str = "order,name,email,code\nMH9CG,Ada,ada@example.org,c0de-ada\n,Sam,,\n";
const CREW: &str =
    "sources:\n  crew: {plugin: guest-list, settings: {people: file://people.csv}}\n";

/// A home with a guest list and its backend.
fn home() -> Home {
    let home = Home::new();
    home.install(&plugins(), "guest-list");
    fs::write(home.path("people.csv"), LIST).expect("a file can be written");
    home.configure(CREW);
    home
}

/// Waits until a source is as expected, and returns its row.
async fn wait_for(client: &Client, is_so: impl Fn(&Value) -> bool) -> Answer {
    until("the source is as expected", async || {
        let ready = client.get("/healthcheck/ready").await;
        let mut sources = ready.body["sources"].as_array().into_iter().flatten();
        sources.any(&is_so).then_some(ready)
    })
    .await
}

/// The row of a plugin, as an operator sees it.
async fn error_of(client: &Client, plugin: &str) -> String {
    let rows = client.get("/api/v1/plugins").await.data(200);
    let mut rows = rows.as_array().expect("a list").iter();
    let row = rows.find(|row| row["name"] == plugin);
    text(&row.expect("it is listed")["error"])
}

/// Lets a server read the list and an event import it, breaks something, and starts again: everything serves.
async fn check(break_it: impl Fn(&Home), said: &str) -> Process {
    let home = home();
    let server = home.start();
    wait_for(&server.client, |source| source["tickets"] == 1).await;
    let native = Door::open_with(&server.client, today(), "native-device").await;
    let crew = with(&today(), json!({"slug": "crew", "ticketSources": ["crew"]}));
    let crew = Door::open_with(&server.client, crew, "crew-device").await;
    let jwt = native.issue_jwt("vip").await;
    server.stop();

    break_it(&home);
    let server = home.start();
    let (native, crew) = (
        native.moved_to(&server.client),
        crew.moved_to(&server.client),
    );
    assert_eq!(native.verdict(&jwt).await, "VALID");
    assert_eq!(crew.verdict("c0de-ada").await, "VALID");
    let ready = wait_for(&server.client, |source| source["stale"] == true).await;
    assert_eq!(
        (ready.status, &ready.body["sources"][0]["tickets"]),
        (200, &json!(1))
    );
    assert!(ready.body["sources"][0]["ageSeconds"].is_i64(), "{ready:?}");
    let count = server.client.get(COUNT).await;
    assert_eq!(count.body, json!({"ticket_count": 1}));
    let ada = json!({"email": "ada@example.org"});
    assert_eq!(server.client.post(EMAIL, ada).await.status, 200);
    server.log.wait_for("ticket source crew cannot be read");
    let log = server.log.so_far();
    assert!(log.contains(said), "{said:?} is missing: {log}");
    server
}

#[tokio::test]
async fn a_list_that_broke_while_the_server_was_down_leaves_the_last_good_one() {
    let write_broken = |home: &Home| {
        fs::write(home.path("people.csv"), BROKEN).expect("a file can be written");
    };
    let server = check(write_broken, "the settings cannot work (line 3)").await;
    let error = error_of(&server.client, "guest-list").await;
    assert!(
        error.contains("ticket source crew") && error.contains("line 3"),
        "{error}"
    );
}

#[tokio::test]
async fn a_list_that_is_missing_or_no_file_leaves_the_last_good_one() {
    let remove = |home: &Home| {
        fs::remove_file(home.path("people.csv")).expect("a file can be removed");
    };
    check(remove, "people.csv: No such file").await;
    let replace = |home: &Home| {
        remove(home);
        fs::create_dir(home.path("people.csv")).expect("a folder can be made");
    };
    check(replace, "people.csv: it is not a file").await;
}

/// Takes away the components that the server has kept.
fn forget_kept(home: &Home) {
    let kept = home.path("data/components");
    fs::remove_dir_all(kept).expect("a folder can be removed");
}

#[tokio::test]
async fn a_backend_that_is_missing_refused_or_none_leaves_what_it_read() {
    let file = |home: &Home| home.path("plugins/guest-list.wasm");
    let remove = |home: &Home| {
        forget_kept(home);
        fs::remove_file(file(home)).expect("a file can be removed");
    };
    check(remove, "it is not loaded").await;
    let break_it = |home: &Home| {
        forget_kept(home);
        fs::write(file(home), b"\0asm").expect("a file can be written");
    };
    check(break_it, "it is not loaded").await;
    let mistake = |home: &Home| home.configure(&CREW.replace("guest-list", "hours-before"));
    check(mistake, "it is a strategy, and no backend").await;
}

#[tokio::test]
async fn settings_that_the_backend_does_not_accept_any_more_leave_what_it_read() {
    let change = |home: &Home| home.configure(&CREW.replace("{people", "{colour: blue, people"));
    let server = check(change, "the settings cannot work").await;
    let error = error_of(&server.client, "guest-list").await;
    assert!(error.contains("colour"), "{error}");
}

#[tokio::test]
async fn an_event_whose_strategy_or_list_is_missing_says_so() {
    let home = home();
    fs::remove_file(home.path("people.csv")).expect("a file can be removed");
    let server = home.start();
    let fields = with(&today(), json!({"ticketSources": ["crew"]}));
    let door = Door::open(&server.client, fields).await;
    server.stop();
    forget_kept(&home);
    fs::remove_file(home.path("plugins/hours-before.wasm")).expect("a file can be removed");
    let server = home.start();
    wait_for(&server.client, |source| source["stale"] == true).await;
    let event = format!("/api/v1/events/{}", door.event_id);
    let event = server.client.get(&event).await.data(200);
    let warnings = json!([
        "the strategy HOURS_BEFORE is not loaded, so the event refuses every ticket; load its plugin",
        "the ticket source \"crew\" cannot be read now; its tickets that were read before still count, and the log says why",
    ]);
    assert_eq!(event["warnings"], warnings);
}

#[tokio::test]
async fn a_source_that_was_never_read_is_refused_alone() {
    let home = home();
    fs::write(home.path("broken.csv"), BROKEN).expect("a file can be written");
    let broken = "  press: {plugin: guest-list, settings: {people: file://broken.csv}}\n  gone: {plugin: gone}\n";
    home.configure(&format!("{CREW}{broken}"));
    let server = home.start();
    wait_for(&server.client, |source| {
        source["name"] == "press" && source["stale"] == true
    })
    .await;
    let ready = wait_for(&server.client, |source| source["tickets"] == 1).await;
    assert_eq!((ready.status, &ready.body["ready"]), (503, &json!(false)));
    let door = Door::open(&server.client, today()).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, "VALID");
    let ask = |email: &str| server.client.post(EMAIL, json!({"email": email}));
    assert_eq!(ask("ada@example.org").await.status, 200);
    // People on the other two lists are unknown.
    let unknown = ask("sam@example.org").await;
    assert_eq!((unknown.status, unknown.retry_after.is_some()), (503, true));
    let log = server.stop().log;
    let backends = "there is no backend \"gone\" in the plugin directory: it has guest-list";
    assert!(log.contains(backends), "{log}");
}

#[tokio::test]
async fn a_list_that_is_mended_after_the_start_is_read_at_once() {
    let home = home();
    fs::remove_file(home.path("people.csv")).expect("a file can be removed");
    let server = home.start();
    wait_for(&server.client, |source| source["stale"] == true).await;
    assert_eq!(server.client.get(COUNT).await.status, 503);
    fs::write(home.path("people.csv"), LIST).expect("a file can be written");
    wait_for(&server.client, |source| source["stale"] == false).await;
    assert_eq!(
        server.client.get(COUNT).await.body,
        json!({"ticket_count": 1})
    );
}

#[tokio::test]
async fn declared_events_whose_strategy_is_missing_or_rejects_their_options_stop_no_others() {
    let home = home();
    let event = |slug: &str, strategy: &str| {
        format!(
            "  - slug: {slug}\n    name: {slug}\n    days: [{{start_date_time: '2027-12-15T09:00:00+03:00', \
             end_date_time: '2027-12-15T18:00:00+03:00'}}]\n{strategy}"
        )
    };
    let mut events = vec![
        "events:\n".to_owned(),
        event("fair", "    check_in_strategy: WHENEVER\n"),
        event("party", "    strategy_options: {earlyCheckInHours: many}\n"),
    ];
    // Enough of them that some are missing if the server listens before they are set up.
    let sound = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    events.extend(sound.map(|slug| event(slug, "")));
    home.configure(&format!("{CREW}{}", events.concat()));
    let server = home.start();
    let listed = server.client.get("/api/v1/events").await.data(200);
    let listed = listed.as_array().expect("a list").iter();
    let mut slugs: Vec<_> = listed.map(|event| text(&event["slug"])).collect();
    slugs.sort();
    assert_eq!(slugs, sound);
    let error = error_of(&server.client, "hours-before").await;
    assert!(
        error.contains("\"party\"") && error.contains("earlyCheckInHours"),
        "{error}"
    );
    let log = server.stop().log;
    for words in [
        "event \"fair\" of the configuration is not set up, or stays as it was: strategy WHENEVER is not loaded; loaded are: HOURS_BEFORE",
        "event \"party\" of the configuration is not set up, or stays as it was: strategy HOURS_BEFORE does not accept its options",
    ] {
        assert!(log.contains(words), "{words:?} is missing: {log}");
    }
}

#[tokio::test]
async fn a_stored_event_whose_declaration_no_longer_fits_stays_as_it_is_and_stops_no_start() {
    let home = home();
    let declared = |name: &str, hour: &str| {
        format!(
            "{CREW}events:\n  - slug: fair\n    name: {name}\n    days: [{{day_name: Day 1, start_date_time: \
             '2027-12-15T09:00:00+03:00', end_date_time: '2027-12-15T{hour}:00:00+03:00'}}]\n"
        )
    };
    home.configure(&declared("Fair", "18"));
    let server = home.start();
    let events = server.client.get("/api/v1/events").await.data(200);
    let id = events[0]["eventId"].as_str().expect("it is listed");
    let event = format!("/api/v1/events/{id}");
    // The organizers add a day and a type that is good on it alone; the declaration still lists the first day only.
    let days = json!([
        {"dayName": "Day 1", "startDateTime": "2027-12-15T09:00:00+03:00", "endDateTime": "2027-12-15T18:00:00+03:00"},
        {"dayName": "Day 2", "startDateTime": "2027-12-16T09:00:00+03:00", "endDateTime": "2027-12-16T18:00:00+03:00"},
    ]);
    let types = json!([{"id": "workshop", "name": "Workshop", "days": ["Day 2"]}]);
    let change = json!({"days": days, "ticketTypes": types});
    server.client.patch(&event, change).await.data(200);
    server.stop();
    home.configure(&declared("Fair 2027", "19"));
    let server = home.start();
    let kept = server.client.get(&event).await.data(200);
    assert_eq!(
        (&kept["name"], kept["days"].as_array().map(Vec::len)),
        (&json!("Fair"), Some(2))
    );
    let log = server.stop().log;
    assert!(
        log.contains("cannot set up event \"fair\" of the configuration; it stays as it is stored"),
        "{log}"
    );
}
