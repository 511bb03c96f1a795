//! An event with a linked scanner: where most tests begin.

use serde_json::{Value, json};

use super::{Answer, Client, Server};

/// Where scans go.
pub const VALIDATE: &str = "/api/v1/check-in/validate";
/// An id that nothing has.
pub const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const FINGERPRINT: &str = "test-device-fingerprint";

/// A published event and a scanner at its door.
pub struct Door {
    /// An organizer.
    pub organizer: Client,
    /// The scanner, with its credentials.
    pub scanner: Client,
    pub event_id: String,
    pub scanner_id: String,
    pub fingerprint: String,
    pub public_key: String,
}

/// An event of one day: 15 December 2025, 09:00 to 18:00 in Nairobi, with one entry each.
pub fn one_day() -> Value {
    json!({
        "name": "Summit",
        "days": [{
            "dayName": "Day 1",
            "startDateTime": "2025-12-15T09:00:00+03:00",
            "endDateTime": "2025-12-15T18:00:00+03:00",
        }],
        "ticketTypes": [{"id": "vip", "name": "VIP Pass"}],
    })
}

/// Days from 15 December 2025 on, from nine to six in Nairobi.
pub fn days(count: u8) -> Vec<Value> {
    let day = |number| {
        let time = |hour: &str| format!("2025-12-{}T{hour}:00:00+03:00", 14 + number);
        json!({
            "dayName": format!("Day {number}"),
            "startDateTime": time("09"),
            "endDateTime": time("18"),
        })
    };
    (1..=count).map(day).collect()
}

/// Starts a server and opens the door of its one-day event.
pub async fn open_server() -> (Server, Door) {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    (server, door)
}

impl Door {
    /// Makes and publishes an event and links a scanner to it.
    pub async fn open(client: &Client, event: Value) -> Self {
        Self::open_with(client, event, FINGERPRINT).await
    }

    /// Makes and publishes an event and links a device to it: each device scans for one event only.
    pub async fn open_with(client: &Client, event: Value, fingerprint: &str) -> Self {
        let event = client.post("/api/v1/events", event).await.data(201);
        let event_id = text(&event["eventId"]);
        let publish = format!("/api/v1/events/{event_id}/publish");
        client.post(&publish, json!({})).await.data(200);
        Self::link(client, &event_id, fingerprint, json!({})).await
    }

    /// Links a device to a published event, at a place such as `{"scanPoint": "front"}`.
    pub async fn link(client: &Client, event_id: &str, fingerprint: &str, place: Value) -> Self {
        let link = link(client, event_id, fingerprint, place).await;
        Self {
            organizer: client.clone(),
            scanner: client.with_bearer(&text(&link["credentials"])),
            event_id: event_id.to_owned(),
            scanner_id: text(&link["scannerId"]),
            fingerprint: fingerprint.to_owned(),
            public_key: text(&link["publicKey"]),
        }
    }

    /// Opens the door of the one-day event.
    pub async fn open_one_day(client: &Client) -> Self {
        Self::open(client, one_day()).await
    }

    /// The same door, of a server that was started again and is elsewhere now.
    pub fn moved_to(self, server: &Client) -> Self {
        Self {
            organizer: self.organizer.moved_to(server),
            scanner: self.scanner.moved_to(server),
            ..self
        }
    }

    /// Where the event's tickets are issued and listed.
    pub fn tickets(&self) -> String {
        format!("/api/v1/events/{}/tickets", self.event_id)
    }

    /// Issues a ticket and tells all of it.
    pub async fn issue(&self, ticket_type: &str) -> Value {
        let draft = json!({"ticketTypeId": ticket_type, "attendeeName": "John Doe"});
        self.issue_all(draft).await
    }

    /// Issues what a request asks for: one ticket, or an array of them.
    pub async fn issue_all(&self, request: Value) -> Value {
        self.organizer
            .post(&self.tickets(), request)
            .await
            .data(201)
    }

    /// Issues a ticket and tells its signed code.
    pub async fn issue_jwt(&self, ticket_type: &str) -> String {
        text(&self.issue(ticket_type).await["jwtToken"])
    }

    /// The body of a scan.
    pub fn body(&self, jwt: &str) -> Value {
        json!({
            "jwtToken": jwt,
            "scannerId": self.scanner_id,
            "deviceFingerprint": self.fingerprint,
            "checkInLocation": "Gate A",
        })
    }

    pub async fn scan(&self, jwt: &str) -> Answer {
        self.scanner.post(VALIDATE, self.body(jwt)).await
    }

    /// Scans, and tells the status and reason of the answer: `VALID`, or `EXPIRED not_open`.
    pub async fn verdict(&self, jwt: &str) -> String {
        verdict(&self.scan(jwt).await)
    }

    /// Every scan on record at the event.
    pub async fn record(&self) -> Vec<Value> {
        let path = format!("/api/v1/events/{}/check-ins?limit=1000", self.event_id);
        let (_, lines) = self.organizer.get_text(&path, "application/x-ndjson").await;
        let lines = lines.lines().map(serde_json::from_str);
        let record = lines.collect::<Result<_, _>>();
        record.expect("each line is JSON")
    }

    pub async fn statistics(&self) -> Value {
        self.scanner
            .get(&statistics(&self.scanner_id))
            .await
            .data(200)
    }
}

/// Registers a scanner by a fresh token, and tells what it got.
pub async fn link(client: &Client, event_id: &str, fingerprint: &str, place: Value) -> Value {
    let request = with(
        &json!({"eventId": event_id, "scannerName": "Gate A"}),
        place,
    );
    let token = client
        .post("/api/v1/check-in/tokens/generate", request)
        .await
        .data(200);
    let request = json!({
        "registrationToken": token["token"],
        "deviceFingerprint": fingerprint,
        "scannerName": "Gate A",
    });
    client
        .post("/api/v1/check-in/scanners/register", request)
        .await
        .data(200)
}

/// Where a scanner's statistics are.
pub fn statistics(scanner_id: &str) -> String {
    format!("/api/v1/check-in/scanners/{scanner_id}/stats")
}

/// How many refusals a record stands for: most stand for one.
pub fn refusals(record: &Value) -> u64 {
    match record["refusals"].as_object() {
        Some(by_reason) => by_reason.values().filter_map(Value::as_u64).sum(),
        None => u64::from(record["outcome"] == "refused"),
    }
}

/// The status and reason of an answered scan.
#[track_caller]
pub fn verdict(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let data = &answer.body["data"];
    assert_eq!(answer.body["success"], data["valid"], "{answer:?}");
    match data["reason"].as_str() {
        Some(reason) => format!("{} {reason}", text(&data["status"])),
        None => text(&data["status"]),
    }
}

/// The same object with some of its fields set.
pub fn with(object: &Value, fields: Value) -> Value {
    let mut object = object.clone();
    for (name, value) in fields.as_object().expect("fields are an object") {
        object[name] = value.clone();
    }
    object
}

/// One field of each object of an array, as text.
#[track_caller]
pub fn texts(array: &Value, field: &str) -> Vec<String> {
    let array = array
        .as_array()
        .unwrap_or_else(|| panic!("{array} is an array"));
    array.iter().map(|object| text(&object[field])).collect()
}

/// The text of a JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is a text"))
        .to_owned()
}
