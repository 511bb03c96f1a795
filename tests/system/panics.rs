//! A request whose handler panics: it alone fails, and its client is told.

use serde_json::json;

use crate::support::Server;
use crate::support::door::{one_day, text};

#[tokio::test]
async fn a_request_whose_handler_panics_is_answered_and_the_next_is_served() {
    let (server, store) = Server::start_slow().await;
    let event = server.client.post("/api/v1/events", one_day()).await;
    let path = format!("/api/v1/events/{}", text(&event.data(201)["eventId"]));
    let held = store.hold().await;
    let change = server.client.patch(&path, json!({"name": "Renamed"}));
    let fail = async {
        held.until_asked().await;
        held.panic().await;
    };
    let (answer, ()) = tokio::join!(change, fail);
    answer.failure(500, "internal_error");
    let change = server.client.patch(&path, json!({"location": "Hall 2"}));
    change.await.data(200);
}
