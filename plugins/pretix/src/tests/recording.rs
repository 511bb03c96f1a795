//! Records the cassettes again from a pretix of `tests/peers/pretix-up --orders 51`, if a variable says where it is:
//! `GATEWIT_RECORD=http://127.0.0.1:8345 PRETIX_TOKEN=… cargo test -p pretix recorded`. It cancels an order there and
//! creates one in test mode.

use std::env;

use gatewit_harness::{Curl, Recorder};
use gatewit_sdk::Request;

use super::*;

/// The texts to look up.
pub const SOUGHT: [&str; 7] = [
    "gdpvt-2",
    " GQYJL ",
    "Ada@example.org",
    "da@example.org",
    "6edt34mct9yff3ee56mkdzt58wke7geu",
    "6edt34",
    "ABCDE-1",
];
/// The only ticket of the order that it cancels.
pub const CANCELED: &str = "T9CZC-1";
/// The order that it creates in test mode.
pub const TEST_ORDER: &str = "TSTMD";

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
    post("orders/T9CZC/mark_canceled/", r#"{"send_email": false}"#);
    let mut later = run("{}", recorder("changed").unwrap());
    let changed = later.sync(synced.token.as_deref()).unwrap();
    later.sync(changed.token.as_deref()).unwrap();
    let order = r#"{"code": "TSTMD", "email": "tess@example.org", "locale": "en", "status": "p", "testmode": true,
        "positions": [{"item": 1, "variation": null, "attendee_name": "Tess Ting", "price": "0.00"}]}"#;
    post("orders/", order);
    let mut find = run("{}", recorder("test-order").unwrap());
    find.find(&format!("{TEST_ORDER}-1")).unwrap();
}

fn recorder(name: &str) -> Option<Recorder> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cassettes");
    Recorder::from_env(format!("{folder}/{name}.yaml"))
}

fn post(path: &str, body: &str) {
    let [origin, token] = ["GATEWIT_RECORD", "PRETIX_TOKEN"].map(|name| env::var(name).unwrap());
    let event = format!("{origin}/api/v1/organizers/demo/events/conf");
    let request = Request {
        method: "POST".to_owned(),
        body: body.as_bytes().to_vec(),
        ..Request::get(format!("{event}/{path}"))
    };
    let request = request
        .header("authorization", format!("Token {token}"))
        .header("content-type", "application/json");
    let status = Curl.send(&request).unwrap().status;
    assert!(matches!(status, 200 | 201), "{path}: {status}");
}
