//! Plugins that hang at the start: the server listens without them, and its other events scan.

use serde_json::{Value, json};

use crate::support::crowd::today;
use crate::support::{Door, Home, Process, test_guests};

const EVENTS: usize = 5;
/// The log message about a plugin whose time is over. It must not come before the server listens.
const OVERRUN: &str = "it ran longer than";

async fn slugs(server: &Process) -> Vec<Value> {
    let events = server.client.get("/api/v1/events").await.data(200);
    let events = events.as_array().expect("a list").iter();
    events.map(|event| event["slug"].clone()).collect()
}

async fn check_scans(server: &Process) {
    let door = Door::open(&server.client, today()).await;
    assert_eq!(door.verdict(&door.issue_jwt("vip").await).await, "VALID");
}

fn event(slug: &str, strategy: &str) -> String {
    format!(
        "  - slug: {slug}\n    name: {slug}\n    days: [{{start_date_time: '2027-12-15T09:00:00+03:00', \
         end_date_time: '2027-12-15T18:00:00+03:00'}}]\n    check_in_strategy: {strategy}\n"
    )
}

/// Declares events whose strategy hangs for this long when their options are checked, and one with another strategy.
fn declare(home: &Home, timeout_ms: u32) {
    home.install(&test_guests(), "mischief");
    let hanging = "MISCHIEF\n    strategy_options: {do: loop-when-checked}";
    let hanging = (0..EVENTS).map(|number| event(&format!("hanging-{number}"), hanging));
    home.configure(&format!(
        "plugins:\n  mischief: {{timeout_ms: {timeout_ms}}}\nevents:\n{}{}",
        hanging.collect::<String>(),
        event("sound", "HOURS_BEFORE")
    ));
}

#[tokio::test]
async fn a_strategy_that_hangs_delays_no_start_however_many_events_declare_it() {
    let home = Home::new();
    declare(&home, 20_000);
    let server = Process::spawn(home.command());
    assert!(!server.log.so_far().contains(OVERRUN), "the start waited");
    assert_eq!(slugs(&server).await, ["sound"]);
    check_scans(&server).await;
}

#[tokio::test]
async fn each_event_whose_strategy_fails_is_named() {
    let home = Home::new();
    declare(&home, 50);
    let server = home.start();
    for number in 0..EVENTS {
        let words = format!("event \"hanging-{number}\" of the configuration is not set up");
        server.log.wait_for(&words);
    }
    assert_eq!(slugs(&server).await, ["sound"]);
}

#[tokio::test]
async fn a_backend_that_hangs_while_it_checks_its_settings_delays_no_start() {
    let home = Home::new();
    home.install(&test_guests(), "backend-mischief");
    let source = |number: usize| {
        format!(
            "  hanging-{number}: {{plugin: backend-mischief, settings: {{do: loop-when-checked}}, \
             limits: {{call_timeout_ms: 20000}}}}\n"
        )
    };
    let sources = (0..EVENTS).map(source).collect::<String>();
    home.configure(&format!("sources:\n{sources}"));
    let server = home.start();
    assert!(!server.log.so_far().contains(OVERRUN), "the start waited");
    let ready = server.client.get("/healthcheck/ready").await;
    assert_eq!(
        (ready.status, &ready.body["sources"][0]["tickets"]),
        (503, &json!(null))
    );
    check_scans(&server).await;
}
