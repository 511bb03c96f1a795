//! Plugins' own error texts: operators read them in the API, but they appear neither in the log nor at `/tickets/*`.

use std::fs;
use std::os::unix::fs::symlink;

use gatewit_desk::Access;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::attendees::{ATTENDEE, COUNT, EMAIL, NAME};
use crate::support::door::{one_day, text, with};
use crate::support::{Client, Home, Issuer, Process, Server, plugins, test_guests};

/// The content of a file that a setting names.
const LINE: &str = "Ada Lovelace,ada@example.org,c0de-ada";
/// The error text of `mischief` when it fails.
const WORDS: &str = "the moon is wrong";

/// The row of a plugin.
async fn row(client: &Client, plugin: &str) -> Value {
    let rows = client.get("/api/v1/plugins").await.data(200);
    let mut rows = rows.as_array().expect("a list").iter();
    rows.find(|row| row["name"] == plugin)
        .expect("it is listed")
        .clone()
}

/// A server with a source whose plugin repeats its whole input.
fn repeating(home: &Home, deed: &str) -> Process {
    home.install(&test_guests(), "backend-mischief");
    fs::write(home.path("people.csv"), LINE).expect("a file can be written");
    home.configure(&format!(
        "sources:\n  crew: {{plugin: backend-mischief, settings: {{do: {deed}, people: file://people.csv}}, live_find: true}}\n"
    ));
    let filter = "info,gatewit=debug,gatewit_desk=debug,gatewit_store=debug,gatewit_engine=debug";
    Process::spawn(home.command_with("RUST_LOG", filter))
}

#[tokio::test]
async fn what_a_backend_repeats_is_for_operators_alone() {
    for (deed, kind) in [
        ("repeat", "the ticketing system cannot answer"),
        ("repeat-when-checked", "the settings cannot work"),
    ] {
        let home = Home::new();
        let server = repeating(&home, deed);
        let said =
            format!("ticket source crew cannot be read with plugin \"backend-mischief\": {kind}");
        server.log.wait_for(&said);
        let client = &server.client;
        let refreshed = client.get("/tickets/refresh_all/").await;
        let expected =
            json!({"detail": "the ticketing system cannot be asked; try again in a moment"});
        assert_eq!(
            (refreshed.status, &refreshed.body),
            (503, &expected),
            "{deed}"
        );
        let mut public = vec![refreshed];
        for path in [
            COUNT,
            "/healthcheck/ready",
            "/tickets/refresh_addon_statistics/",
        ] {
            public.push(client.get(path).await);
        }
        let name = json!({"ticket_id": "ABCD-1", "order_id": "ABCD", "name": "x"});
        for path in [ATTENDEE, NAME] {
            public.push(client.post(path, name.clone()).await);
        }
        public.push(
            client
                .post(EMAIL, json!({"email": "sam@example.org"}))
                .await,
        );
        for answer in public {
            assert!(
                !answer.body.to_string().contains("c0de-ada"),
                "{deed}: {answer:?}"
            );
        }
        let error = text(&row(client, "backend-mischief").await["error"]);
        assert!(
            error.starts_with(&format!("ticket source crew: {kind}: ")),
            "{error}"
        );
        assert!(error.contains(LINE), "{error}");
        let log = server.stop().log;
        let line = log.lines().find(|line| line.contains("c0de-ada"));
        assert_eq!(line, None, "{deed}");
    }
}

#[tokio::test]
async fn what_a_backend_repeats_in_its_tickets_and_types_is_not_logged() {
    let home = Home::new();
    let server = repeating(&home, "repeat-in-data");
    let fields = json!({"ticketSources": ["crew"]});
    let event = with(&one_day(), fields);
    let event = server.client.post("/api/v1/events", event).await.data(201);
    // Some of it is told after each sync, of the events that are there.
    let refreshed = server.client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    for told in [
        "1 types of ticket source crew call themselves day passes",
        "does not fit its ticket source crew: 1 types",
        "tickets of ticket source crew are of types that it does not list",
        "tickets of ticket source crew bear a code that another of its tickets bears too",
        "ticket source crew has tickets for several dates of a series",
    ] {
        server.log.wait_for(told);
    }
    // Those who may read names find them at the event.
    let event = format!("/api/v1/events/{}", text(&event["eventId"]));
    let warnings = server.client.get(&event).await.data(200)["warnings"].to_string();
    assert!(warnings.contains("c0de-ada"), "{warnings}");
    let log = server.stop().log;
    let line = log.lines().find(|line| line.contains("c0de-ada"));
    assert_eq!(line, None);
}

#[tokio::test]
async fn what_a_strategy_says_is_for_operators_and_how_it_fails_for_its_organizers() {
    let folder = TempDir::new().expect("there is room for plugins");
    for (from, name) in [(plugins(), "hours-before"), (test_guests(), "mischief")] {
        let file = format!("{name}.wasm");
        let copied = fs::copy(from.join(&file), folder.path().join(&file));
        copied.expect("the components are built");
    }
    let issuer = Issuer::start().await;
    let access = Access {
        operators: ["root".to_owned()].into(),
        ..Access::default()
    };
    let server = Server::start_identifying_with(folder.path(), issuer.settings(), access).await;
    let [root, ada] = ["root", "ada"].map(|sub| server.client.with_bearer(&issuer.token(sub)));
    let fields = json!({"checkInStrategy": "MISCHIEF", "strategyOptions": {"do": "error"}});
    let event = ada
        .post("/api/v1/events", with(&one_day(), fields))
        .await
        .data(201);
    let windows = format!("/api/v1/events/{}/windows", text(&event["eventId"]));
    let failed = ada.get(&windows).await.failure(503, "strategy_failed");
    assert_eq!(
        failed,
        "strategy MISCHIEF failed: it answered with an error"
    );
    let told = "its last call failed: it answered with an error";
    assert_eq!(row(&ada, "mischief").await["error"], told);
    assert_eq!(
        row(&root, "mischief").await["error"],
        format!("{told}: {WORDS}")
    );
    // Its objection to options goes to the sender of the options.
    let bad = json!({"strategyOptions": {"earlyHours": 3}});
    let objection = server.client.with_bearer(&issuer.token("ada"));
    let event = objection
        .post("/api/v1/events", with(&one_day(), bad))
        .await;
    let words = event.failure(422, "invalid_strategy_options");
    assert!(words.contains("earlyHours"), "{words}");
}

#[tokio::test]
async fn a_strategys_words_are_not_logged() {
    let home = Home::new();
    home.install(&test_guests(), "mischief");
    let server = home.start();
    let fields = json!({"checkInStrategy": "MISCHIEF", "strategyOptions": {"do": "error"}});
    let event = with(&one_day(), fields);
    server.client.post("/api/v1/events", event).await.data(201);
    let log = server.stop().log;
    assert!(log.contains("strategy \"mischief\" failed"), "{log}");
    assert!(!log.contains(WORDS), "{log}");
}

#[test]
fn a_setting_that_names_a_file_elsewhere_stops_the_server() {
    let home = Home::new();
    home.install(&plugins(), "guest-list");
    let absolute = home.path("people.csv").display().to_string();
    fs::write(&absolute, LINE).expect("a file can be written");
    for (name, fault) in [
        (absolute.as_str(), "is an absolute path"),
        ("../people.csv", "leads out of that folder"),
        ("lists/../../people.csv", "leads out of that folder"),
        ("", "names no file"),
    ] {
        home.configure(&format!(
            "sources:\n  crew:\n    plugin: guest-list\n    settings: {{people: \"file://{name}\"}}\n"
        ));
        let said = home.check_refused(home.command(), &[fault, "sources.crew.settings", "line 4"]);
        assert!(!said.contains(LINE), "{said}");
    }
}

#[tokio::test]
async fn a_link_that_leads_out_of_the_configurations_folder_is_not_read() {
    let home = Home::new();
    home.install(&test_guests(), "backend-mischief");
    fs::create_dir(home.path("config")).expect("a folder can be made");
    fs::write(home.path("secret"), LINE).expect("a file can be written");
    symlink("../secret", home.path("config/people.csv")).expect("a link can be made");
    let config = home.path("config/event_config.yml");
    let text = "sources:\n  crew: {plugin: backend-mischief, settings: {do: repeat, people: file://people.csv}}\n";
    fs::write(&config, text).expect("a file can be written");
    let mut command = home.command();
    command.arg("--config").arg(config);
    let server = Process::spawn(command);
    server.log.wait_for("people.csv: it lies outside");
    let error = row(&server.client, "backend-mischief").await["error"].to_string();
    assert!(
        error.contains("it lies outside") && !error.contains(LINE),
        "{error}"
    );
}
