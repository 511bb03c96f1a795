//! A client that disconnects before its answer: its change is either committed and shown, or neither.

use serde_json::{Value, json};

use crate::support::door::{one_day, text};
use crate::support::wire::{Wire, request};
use crate::support::{Server, SlowStore};

const HEADERS: [&str; 2] = ["Host: localhost", "Content-Type: application/json"];

/// A server with an event, whose store can be slowed down.
async fn slow_server() -> (Server, std::sync::Arc<SlowStore>, String) {
    let (server, store) = Server::start_slow().await;
    let event = server.client.post("/api/v1/events", one_day()).await;
    let path = format!("/api/v1/events/{}", text(&event.data(201)["eventId"]));
    (server, store, path)
}

/// Sends a change, disconnects while the store commits it, and then lets the store finish. Returns the event as the
/// server shows it.
async fn leave(server: &Server, store: &SlowStore, change: String, event: &str) -> Value {
    let held = store.hold().await;
    let mut wire = Wire::connect(&server.client).await;
    wire.send(&change).await;
    held.until_asked().await;
    drop(wire);
    // The server notices the disconnect before it reads any later request.
    for _ in 0..3 {
        assert_eq!(server.client.get("/healthcheck/alive").await.status, 200);
    }
    held.let_go().await;
    server.client.get(event).await.data(200)
}

#[tokio::test]
async fn a_change_whose_client_leaves_is_shown_as_it_is_stored() {
    let (server, store, path) = slow_server().await;
    let body = json!({"name": "Renamed"}).to_string();
    let shown = leave(
        &server,
        &store,
        request("PATCH", &path, &HEADERS, &body),
        &path,
    )
    .await;
    assert_eq!(shown["name"], "Renamed");
    let server = server.restart().await;
    assert_eq!(server.client.get(&path).await.data(200), shown);
}

#[tokio::test]
async fn an_event_published_by_a_client_that_leaves_is_published() {
    let (server, store, path) = slow_server().await;
    let change = request("POST", &format!("{path}/publish"), &HEADERS[..1], "");
    let shown = leave(&server, &store, change, &path).await;
    assert_eq!(shown["status"], "PUBLISHED");
    let server = server.restart().await;
    assert_eq!(server.client.get(&path).await.data(200), shown);
}
