//! An event with a linked scanner: where most tests begin.

use serde_json::{Value, json};

use super::{Answer, Client};

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

impl Door {
    /// Makes and publishes an event and links a scanner to it.
    pub async fn open(client: &Client, event: Value) -> Self {
        let event = client.post("/api/v1/events", event).await.data(201);
        let event_id = text(&event["eventId"]);
        client
            .post(&format!("/api/v1/events/{event_id}/publish"), json!({}))
            .await
            .data(200);
        Self::link(client, &event_id, FINGERPRINT, None).await
    }

    /// Links a device to a published event.
    pub async fn link(
        client: &Client,
        event_id: &str,
        fingerprint: &str,
        scan_point: Option<&str>,
    ) -> Self {
        let link = link(client, event_id, fingerprint, scan_point).await;
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

    /// Issues a ticket and tells all of it.
    pub async fn issue(&self, ticket_type: &str) -> Value {
        let path = format!("/api/v1/events/{}/tickets", self.event_id);
        let draft = json!({"ticketTypeId": ticket_type, "attendeeName": "John Doe"});
        self.organizer.post(&path, draft).await.data(201)
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
        self.scanner
            .post("/api/v1/check-in/validate", self.body(jwt))
            .await
    }

    /// Scans, and tells the status and reason of the answer: `VALID`, or `EXPIRED not_open`.
    pub async fn verdict(&self, jwt: &str) -> String {
        verdict(&self.scan(jwt).await)
    }

    pub async fn statistics(&self) -> Value {
        let path = format!("/api/v1/check-in/scanners/{}/stats", self.scanner_id);
        self.scanner.get(&path).await.data(200)
    }
}

/// Registers a scanner by a fresh token, and tells what it got.
pub async fn link(
    client: &Client,
    event_id: &str,
    fingerprint: &str,
    scan_point: Option<&str>,
) -> Value {
    let request = json!({"eventId": event_id, "scannerName": "Gate A", "scanPoint": scan_point});
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

/// The text of a JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is a text"))
        .to_owned()
}
