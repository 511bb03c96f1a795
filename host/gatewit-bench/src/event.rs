//! The event for the scans: created, published and equipped through the API, as an organizer would do it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Caller, write_post};
use crate::load::Requests;
use crate::visitors::name;

/// How many tickets are issued in one request at most.
pub const BULK_MAX: usize = 10_000;
/// The path for scans.
pub const VALIDATE: &str = "/api/v1/check-in/validate";

/// An event that is under way, with a scanner for each connection and tickets nobody has scanned.
pub struct BenchEvent {
    pub server: SocketAddr,
    event_id: String,
    scanners: Vec<Scanner>,
    /// Tickets that many devices scan at once, each only once.
    tickets: Vec<String>,
}

/// A registered scanner.
struct Scanner {
    id: String,
    fingerprint: String,
    /// The authorization header of every request.
    authorization: String,
}

/// A scanner, the path for its scans, and the tickets it scans.
#[derive(Clone, Copy)]
pub struct Device<'d> {
    scanner: &'d Scanner,
    path: &'static str,
    tickets: &'d [String],
}

/// Issues tickets of an event.
pub struct Issuer {
    server: SocketAddr,
    path: String,
}

#[derive(Deserialize)]
struct Issued {
    data: Vec<IssuedTicket>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssuedTicket {
    jwt_token: String,
}

impl BenchEvent {
    /// Creates and publishes an event of one day and registers its scanners.
    pub fn open(server: SocketAddr, scanners: usize) -> anyhow::Result<Self> {
        let mut caller = Caller::open(server)?;
        let event_id = make_event(&mut caller, &[])?;
        post(
            &mut caller,
            &format!("/api/v1/events/{event_id}/publish"),
            &json!({}),
        )?;
        let scanners =
            (0..scanners).map(|number| Scanner::register(&mut caller, &event_id, number));
        Ok(Self {
            server,
            scanners: scanners.collect::<Result<_, _>>()?,
            event_id,
            tickets: Vec::new(),
        })
    }

    pub fn issuer(&self) -> Issuer {
        Issuer {
            server: self.server,
            path: self.tickets_path(),
        }
    }

    /// The path where its tickets are issued and searched.
    pub fn tickets_path(&self) -> String {
        tickets_path(&self.event_id)
    }

    /// Returns every scanner, with these tickets.
    pub fn devices<'d>(&'d self, tickets: &'d [String]) -> Vec<Device<'d>> {
        let device = |scanner| Device {
            scanner,
            path: VALIDATE,
            tickets,
        };
        self.scanners.iter().map(device).collect()
    }

    /// Adds tickets that many devices are to scan at once.
    pub fn keep(&mut self, tickets: Vec<String>) {
        self.tickets.extend(tickets);
    }

    /// Returns every scanner, with the tickets of one of several rounds.
    pub fn devices_of_round(&self, round: usize, rounds: usize) -> Vec<Device<'_>> {
        let start = |round| self.tickets.len() * round / rounds;
        self.devices(&self.tickets[start(round)..start(round + 1)])
    }
}

impl Scanner {
    fn register(caller: &mut Caller, event_id: &str, number: usize) -> anyhow::Result<Self> {
        let name = format!("Gate {number:04}");
        let request = json!({"eventId": event_id, "scannerName": name});
        let token = post(caller, "/api/v1/check-in/tokens/generate", &request)?;
        let fingerprint = format!("bench-device-{number:04}");
        let request = json!({
            "registrationToken": text(&token, "token")?,
            "deviceFingerprint": fingerprint,
            "scannerName": name,
        });
        let scanner = post(caller, "/api/v1/check-in/scanners/register", &request)?;
        let credentials = text(&scanner, "credentials")?;
        Ok(Self {
            id: text(&scanner, "scannerId")?,
            fingerprint,
            authorization: format!("Authorization: Bearer {credentials}\r\n"),
        })
    }
}

impl Device<'_> {
    /// Returns the same device with another path for its scans.
    pub fn towards(self, path: &'static str) -> Self {
        Self { path, ..self }
    }
}

impl Requests for Device<'_> {
    fn count(&self) -> usize {
        self.tickets.len()
    }

    fn write(&self, index: usize, request: &mut Vec<u8>) {
        let Scanner {
            id,
            fingerprint,
            authorization,
        } = self.scanner;
        let ticket = &self.tickets[index];
        let body = format!(
            r#"{{"jwtToken":"{ticket}","scannerId":"{id}","deviceFingerprint":"{fingerprint}","checkInLocation":"Gate A"}}"#
        );
        write_post(self.path, authorization, &body, request);
    }
}

impl Issuer {
    /// Issues tickets, in as many requests as needed.
    pub fn issue_all(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let mut tickets = Vec::with_capacity(count);
        while tickets.len() < count {
            let missing = count - tickets.len();
            tickets.extend(self.issue(missing.min(BULK_MAX))?.1);
        }
        Ok(tickets)
    }

    /// Issues tickets in one request; returns how long that took, and their signed codes.
    pub fn issue(&self, count: usize) -> anyhow::Result<(Duration, Vec<String>)> {
        let mut caller = Caller::open(self.server)?;
        let draft = |number| json!({"ticketTypeId": "vip", "attendeeName": name(number)});
        let body = json!({"tickets": (0..count).map(draft).collect::<Vec<_>>()}).to_string();
        let mut request = Vec::new();
        write_post(&self.path, "", &body, &mut request);
        let began = Instant::now();
        let answer = caller.call(&request)?;
        let took = began.elapsed();
        answer.must_succeed()?;
        let issued: Issued = serde_json::from_slice(answer.body)?;
        ensure!(
            issued.data.len() == count,
            "fewer tickets were issued than asked for"
        );
        let tokens = issued.data.into_iter().map(|ticket| ticket.jwt_token);
        Ok((took, tokens.collect()))
    }
}

/// The path where an event's tickets are issued and searched.
pub fn tickets_path(event_id: &str) -> String {
    format!("/api/v1/events/{event_id}/tickets")
}

/// Creates an event that is under way and has all tickets of these sources; returns its id.
pub fn make_event(caller: &mut Caller, sources: &[&str]) -> anyhow::Result<String> {
    let hours_from_now = |hours| (Timestamp::now() + SignedDuration::from_hours(hours)).to_string();
    let event = json!({
        "name": "Bench",
        "days": [{"startDateTime": hours_from_now(-1), "endDateTime": hours_from_now(24)}],
        "ticketTypes": [{"id": "vip", "name": "VIP Pass"}],
        "ticketSources": sources,
    });
    let event = post(caller, "/api/v1/events", &event)?;
    text(&event, "eventId")
}

/// Posts JSON and returns the `data` of the answer.
fn post(caller: &mut Caller, path: &str, body: &Value) -> anyhow::Result<Value> {
    let mut request = Vec::new();
    write_post(path, "", &body.to_string(), &mut request);
    let answer = caller.call(&request)?;
    answer
        .must_succeed()
        .with_context(|| format!("at {path}"))?;
    let mut answer: Value = serde_json::from_slice(answer.body)?;
    Ok(answer["data"].take())
}

fn text(data: &Value, field: &str) -> anyhow::Result<String> {
    let text = data[field].as_str().map(str::to_owned);
    text.with_context(|| format!("the server's answer has no {field}"))
}
