//! Ticket sources as operators and organizers see them, and how far the server trusts ticketing systems.

use std::fs;

use serde_json::{Value, json};
use tito_simulator::{Conference, Simulator, Switches};

use crate::support::door::text;
use crate::support::{Client, Home, Process, plugins};

mod believed;
mod limits;
mod reported;
mod test_mode;

/// A home with our own plugin for a ticketing system.
fn home_with(plugin: &str) -> Home {
    let home = Home::new();
    let file = format!("{plugin}.wasm");
    let copied = fs::copy(plugins().join(&file), home.path("plugins").join(&file));
    copied.expect("our plugins are built");
    home
}

/// A server that logs its syncs, with the token of a ticketing system.
fn start(home: &Home, variable: &str, token: &str) -> Process {
    let mut command = home.command_with(variable, token);
    command.env("RUST_LOG", "info");
    Process::spawn(command)
}

/// A Tito simulator with this many tickets, a hundred per page.
async fn tito(tickets: usize) -> Simulator {
    let listen = "127.0.0.1:0".parse().expect("it is an address");
    let switches = Switches {
        plain_pages: true,
        ..Switches::default()
    };
    let simulator = Simulator::start(listen, Conference::sample(tickets), switches).await;
    simulator.expect("loopback has a free port")
}

/// Publishes an event of one Monday that imports a source, and returns the URLs of its parts.
async fn monday(client: &Client, source: &str) -> String {
    let event =
        json!({"name": "Summit", "days": [day("Day 1", "2025-12-15")], "ticketSources": [source]});
    publish(client, event).await
}

async fn publish(client: &Client, event: Value) -> String {
    let event = client.post("/api/v1/events", event).await.data(201);
    let path = format!("/api/v1/events/{}", text(&event["eventId"]));
    let published = client.post(&format!("{path}/publish"), json!({})).await;
    published.data(200);
    path
}

fn day(name: &str, date: &str) -> Value {
    json!({
        "dayName": name,
        "startDateTime": format!("{date}T09:00:00+03:00"),
        "endDateTime": format!("{date}T18:00:00+03:00"),
    })
}

/// The tickets of an event that match a text, or are in a state.
async fn tickets(client: &Client, event: &str, query: &str) -> Vec<Value> {
    let found = client
        .get(&format!("{event}/tickets?{query}"))
        .await
        .data(200);
    let tickets = found["tickets"].as_array();
    tickets.expect("tickets are listed").clone()
}
