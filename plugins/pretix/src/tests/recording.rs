//! Records the cassettes anew from a pretix of `tests/peers/pretix-up --orders 51`, when it is told where one is:
//! `GATEWIT_RECORD=http://127.0.0.1:8345 PRETIX_TOKEN=… cargo test -p pretix recorded`. It cancels an order there.

use std::env;

use gatewit_harness::{Curl, Recorder};
use gatewit_sdk::Request;

use super::*;

/// What is looked up.
pub const SOUGHT: [&str; 7] = [
    "gdpvt-2",
    " GQYJL ",
    "Ada@example.org",
    "da@example.org",
    "6edt34mct9yff3ee56mkdzt58wke7geu",
    "6edt34",
    "ABCDE-1",
];
/// The only ticket of the order that is canceled.
pub const CANCELED: &str = "T9CZC-1";

#[test]
fn cassettes_are_recorded_when_there_is_a_pretix() {
    let Some(whole) = recorder("whole") else {
        return;
    };
    let synced = run("{}", whole).sync(None).unwrap();
    let mut find = run("{}", recorder("find").unwrap());
    for text in SOUGHT {
        find.find(text).unwrap();
    }
    cancel("T9CZC");
    let mut later = run("{}", recorder("changed").unwrap());
    let changed = later.sync(synced.token.as_deref()).unwrap();
    later.sync(changed.token.as_deref()).unwrap();
}

fn recorder(name: &str) -> Option<Recorder> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cassettes");
    Recorder::from_env(format!("{folder}/{name}.yaml"))
}

fn cancel(order: &str) {
    let [origin, token] = ["GATEWIT_RECORD", "PRETIX_TOKEN"].map(|name| env::var(name).unwrap());
    let events = format!("{origin}/api/v1/organizers/demo/events");
    let request = Request {
        method: "POST".to_owned(),
        body: br#"{"send_email": false}"#.to_vec(),
        ..Request::get(format!("{events}/conf/orders/{order}/mark_canceled/"))
    };
    let request = request
        .header("authorization", format!("Token {token}"))
        .header("content-type", "application/json");
    assert_eq!(Curl.send(&request).unwrap().status, 200);
}
