//! The age of answers: a file that changes, a file that breaks, and an upstream that never answered.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{COUNT, EMAIL, configure};
use crate::support::door::text;
use crate::support::{Server, until};

const ONE: &str = "order,name,email\nMH9CG,Ada Lovelace,ada@example.org\n";

/// A server with a guest list that a test may edit.
struct Guests {
    server: Server,
    home: TempDir,
}

impl Guests {
    async fn start() -> Self {
        let home = TempDir::new().expect("there is room for a test's data");
        fs::write(home.path().join("people.csv"), ONE).expect("a file can be written");
        let config = "sources:\n  crew:\n    plugin: guest-list\n    settings:\n      people: file://people.csv\n";
        configure(home.path(), config, "");
        let server = Server::start_configured(home.path()).await;
        server.client.wait_until_ready().await;
        Self { server, home }
    }

    fn people(&self) -> PathBuf {
        self.home.path().join("people.csv")
    }

    async fn source(&self) -> Value {
        self.server.client.get("/healthcheck/ready").await.body["sources"][0].clone()
    }

    /// The error of a failed refresh, as operators see it.
    async fn refused(&self) -> String {
        let client = &self.server.client;
        assert_eq!(client.get("/tickets/refresh_all/").await.status, 503);
        let rows = client.get("/api/v1/plugins").await.data(200);
        let mut rows = rows.as_array().expect("a list").iter();
        let row = rows.find(|row| row["name"] == "guest-list");
        text(&row.expect("it is listed")["error"])
    }

    async fn wait_until(&self, name: &str, value: Value) {
        until("the list was read", async || {
            (self.source().await[name] == value).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_list_that_changes_is_read_at_once_and_one_that_breaks_leaves_the_last_good_one() {
    let guests = Guests::start().await;
    let two = format!("{ONE}HLL1H,Sam Smith,sam@example.org\n");
    fs::write(guests.people(), &two).expect("a file can be written");
    guests.wait_until("tickets", json!(2)).await;
    let sam = || {
        guests
            .server
            .client
            .post(EMAIL, json!({"email": "sam@example.org"}))
    };
    assert_eq!(sam().await.status, 200);

    fs::write(guests.people(), format!("{two}HLL1H,Sam Smith,none\n"))
        .expect("a file can be written");
    guests.wait_until("stale", json!(true)).await;
    assert_eq!(guests.source().await["tickets"], 2);
    assert_eq!(sam().await.status, 200, "the last good list serves");
    assert!(guests.refused().await.contains("line 4"));
    assert_eq!(
        guests.server.client.get("/healthcheck/ready").await.status,
        200
    );

    fs::remove_file(guests.people()).expect("a file can be removed");
    assert!(guests.refused().await.contains("people.csv"));

    fs::write(guests.people(), ONE).expect("a file can be written");
    guests.wait_until("stale", json!(false)).await;
    assert_eq!(
        guests.server.client.get(COUNT).await.body,
        json!({"ticket_count": 1})
    );
    assert_eq!(sam().await.status, 404);
}

#[tokio::test]
async fn until_the_first_sync_has_ended_nothing_is_told_and_the_server_is_not_ready() {
    let home = TempDir::new().expect("there is room for a test's data");
    // Nothing listens on port 1.
    let variables = "TITO_TOKEN=ttok\nACCOUNT_SLUG=acme\nEVENT_SLUG=conf\nTITO_BASE_URL=http://127.0.0.1:1/v3\n";
    configure(home.path(), "", variables);
    let server = Server::start_configured(home.path()).await;
    let answer = server.client.get(COUNT).await;
    assert_eq!(
        (answer.status, answer.body["detail"].is_string()),
        (503, true)
    );
    assert!(answer.retry_after.is_some());
    let ready = server.client.get("/healthcheck/ready").await;
    assert_eq!((ready.status, &ready.body["ready"]), (503, &json!(false)));
    let source = &ready.body["sources"][0];
    assert_eq!(
        (&source["name"], &source["tickets"], &source["ageSeconds"]),
        (&json!("tito"), &json!(null), &json!(null))
    );
    assert_eq!(server.client.get("/healthcheck/alive").await.status, 200);
    assert_eq!(server.client.get("/tickets/refresh_all/").await.status, 503);
}
