//! A backend that misbehaves as its settings say, such as `{"do": "panic"}`, to test how the host reacts.
//!
//! It uses the bare bindings, as an author in another language does. It is never installed among the served plugins.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::exports::gatewit::plugin::ticketing_backend::{
    Continuation, Fault, Guest, Page, Ticket, TicketState, TicketType, Total,
};
use crate::gatewit::plugin::http::{self, Request, Response};
use crate::gatewit::plugin::types::Description;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "backend",
});

const MANY_TICKETS: usize = 10_001;
const PAGE_TICKETS: usize = 1_000;
const HEAVY_BYTES: usize = 20 << 20;
/// The length to which a response's body is shown.
const SHOWN_BYTES: usize = 10;
const GROWTH_BYTES: usize = 1 << 20;

/// The number of times that this instance was asked for tickets.
static CALLS: AtomicU32 = AtomicU32::new(0);

pub struct Mischief;

impl Guest for Mischief {
    fn describe() -> Description {
        Description {
            version: "6.6.6".to_owned(),
            summary: "Does what its settings say.".to_owned(),
            options_schema: "{}".to_owned(),
        }
    }

    fn check_settings(settings: String) -> Result<(), String> {
        match deed(&settings).as_str() {
            "" => Err("it is not said what to do".to_owned()),
            "send" => send(&settings).map(drop).map_err(|fault| fault.to_string()),
            "loop-when-checked" => run_for_ever(),
            "repeat-when-checked" => Err(settings),
            _ => Ok(()),
        }
    }

    fn ticket_types(settings: String) -> Result<Vec<TicketType>, Fault> {
        let kind = TicketType {
            id: "41".to_owned(),
            name: deed(&settings),
            category: Some("business".to_owned()),
            activities: vec!["training".to_owned()],
            admits: true,
            days: vec!["monday".to_owned()],
            day_pass: true,
        };
        match kind.name.as_str() {
            "repeat-in-data" => Ok(repeated_types(&settings, &kind)),
            _ => Ok(vec![kind]),
        }
    }

    /// Misbehaves. If the call survives, it returns one ticket whose reference is the number of the call.
    fn tickets(settings: String, cursor: Option<String>) -> Result<Page, Fault> {
        let reference = (CALLS.fetch_add(1, Ordering::Relaxed) + 1).to_string();
        let next = match cursor {
            None => Continuation::More("second".to_owned()),
            Some(_) if deed(&settings).starts_with("endless") => {
                Continuation::More(reference.clone())
            }
            Some(cursor) => Continuation::Done(Some(cursor)),
        };
        Ok(Page {
            tickets: perform(&settings, ticket(&reference))?,
            gone: vec!["gone".to_owned()],
            whole_orders: vec!["whole".to_owned()],
            total: Some(Total::Tickets(2)),
            next,
        })
    }

    fn find(settings: String, text: String) -> Result<Vec<Ticket>, Fault> {
        perform(&settings, ticket(&text))
    }
}

fn perform(settings: &str, ticket: Ticket) -> Result<Vec<Ticket>, Fault> {
    match deed(settings).as_str() {
        "behave" => Ok(vec![ticket]),
        "panic" => panic!("mischief was asked to panic"),
        "loop" => run_for_ever(),
        "grow" => grow_for_ever(),
        // Pages without end, each with other tickets, or with none.
        "endless" => {
            let numbers = 0..PAGE_TICKETS;
            let of = |number| format!("{}-{number}", ticket.reference);
            Ok(numbers
                .map(|number| Ticket {
                    reference: of(number),
                    ..ticket.clone()
                })
                .collect())
        }
        "endless-nothing" => Ok(vec![]),
        "repeat-in-data" => Ok(["1", "2"]
            .map(|number| repeated(settings, number, &ticket))
            .to_vec()),
        "many-tickets" => Ok(vec![ticket; MANY_TICKETS]),
        "heavy" => Ok(vec![Ticket {
            holder_name: "x".repeat(HEAVY_BYTES),
            ..ticket
        }]),
        "rate-limited" => Err(Fault::RateLimited(Some(7))),
        "repeat" => Err(Fault::Unavailable(settings.to_owned())),
        "unauthorized" => Err(Fault::Unauthorized("no\nsuch token".to_owned())),
        "send" => {
            let response = send(settings)?;
            let start = &response.body[..response.body.len().min(SHOWN_BYTES)];
            let start = String::from_utf8_lossy(start).into_owned();
            let details = vec![
                ("status".to_owned(), response.status.to_string()),
                ("bytes".to_owned(), response.body.len().to_string()),
                ("start".to_owned(), start),
            ];
            Ok(vec![Ticket { details, ..ticket }])
        }
        "send-for-ever" => loop {
            send(settings)?;
        },
        other => Err(Fault::BadSettings(format!("cannot {other:?}"))),
    }
}

/// Sends a GET to the `url` of the settings with their `headers`.
fn send(settings: &str) -> Result<Response, Fault> {
    let settings = parse(settings);
    let headers = settings["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| (name.clone(), string(value)));
    let request = Request {
        method: "GET".to_owned(),
        url: string(&settings["url"]),
        headers: headers.collect(),
        body: vec![],
    };
    http::send(&request).map_err(|err| Fault::Unexpected(format!("{err:?}")))
}

fn ticket(reference: &str) -> Ticket {
    Ticket {
        reference: reference.to_owned(),
        order: "ABCD".to_owned(),
        codes: vec!["s3c".to_owned()],
        type_id: "41".to_owned(),
        variation: None,
        parent: Some("ABCD-1".to_owned()),
        sub_event: None,
        holder_name: "Ann Lee".to_owned(),
        email: None,
        state: TicketState::Pending,
        valid_from: Some(0),
        valid_until: None,
        attributes: vec![("is_speaker".to_owned(), true)],
        details: vec![],
        updated: None,
    }
}

/// A type good for every day and one for a day of no event, all of whose texts are the settings.
fn repeated_types(settings: &str, kind: &TicketType) -> Vec<TicketType> {
    let kind = TicketType {
        id: settings.to_owned(),
        name: settings.to_owned(),
        category: Some(settings.to_owned()),
        activities: vec![settings.to_owned()],
        days: vec![],
        ..kind.clone()
    };
    let of_a_day = TicketType {
        id: format!("{settings} of a day"),
        days: vec![settings.to_owned()],
        ..kind.clone()
    };
    vec![kind, of_a_day]
}

/// A ticket all of whose texts are the settings: of a date of its own, with a code that others share.
fn repeated(settings: &str, number: &str, ticket: &Ticket) -> Ticket {
    Ticket {
        reference: format!("{settings} {number}"),
        order: settings.to_owned(),
        codes: vec![settings.to_owned()],
        type_id: format!("{settings} that is not listed"),
        variation: Some(settings.to_owned()),
        parent: Some(settings.to_owned()),
        sub_event: Some(format!("{settings} {number}")),
        holder_name: settings.to_owned(),
        email: Some(settings.to_owned()),
        attributes: vec![(settings.to_owned(), true)],
        details: vec![(settings.to_owned(), settings.to_owned())],
        ..ticket.clone()
    }
}

fn deed(settings: &str) -> String {
    string(&parse(settings)["do"])
}

fn parse(settings: &str) -> Value {
    serde_json::from_str(settings).unwrap_or_default()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn run_for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Allocates memory until none is left, which aborts.
fn grow_for_ever() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; GROWTH_BYTES]));
    }
}

#[cfg(target_arch = "wasm32")]
export!(Mischief);
