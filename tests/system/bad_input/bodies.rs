//! Bodies that are malformed, have values of a wrong type, or are too large.

use serde_json::{Value, json};

use super::{EVENTS, check, event};
use crate::support::Server;
use crate::support::door::{VALIDATE, one_day, open_server, with};
use crate::support::wire::{Wire, request};

const MIB: usize = 1 << 20;
const MALFORMED: &str = "malformed_request";

/// JSON of this many bytes.
fn padded(bytes: usize, json: &Value) -> Vec<u8> {
    let mut text = json.to_string().into_bytes();
    text.resize(bytes, b' ');
    text
}

#[tokio::test]
async fn a_body_that_is_no_json_of_one_object_is_malformed() {
    let server = Server::start().await;
    let deep = format!("{{\"strategyOptions\": {{\"a\": {}", "[".repeat(10_000));
    let bodies: [(&[u8], &str); 10] = [
        (b"", "EOF while parsing"),
        (b"{\"name\": \"Summit\"", "EOF while parsing"),
        (b"{\"name\": \"Summit\"} {}", "trailing characters"),
        (
            b"{'name': 'Summit'}",
            "not as expected: key must be a string",
        ),
        (b"{\"name\": \"\xff\"}", "invalid unicode"),
        (b"[]", "expected an object"),
        (b" [\"Summit\", null, null]", "expected an object"),
        (b"null", "invalid type: null"),
        (b"7", "invalid type: integer"),
        (deep.as_bytes(), "recursion limit exceeded"),
    ];
    for (body, words) in bodies {
        let request = server.client.post_bytes(EVENTS, body.to_vec());
        check(&server, request, 400, MALFORMED, words).await;
    }
}

#[tokio::test]
async fn every_route_that_takes_a_body_says_when_it_is_cut_off() {
    let (server, door) = open_server().await;
    let paths = [
        door.tickets(),
        "/api/v1/check-in/tokens/generate".to_owned(),
        "/api/v1/check-in/scanners/register".to_owned(),
        VALIDATE.to_owned(),
    ];
    for path in paths {
        for body in ["", "{\"scannerId\": "] {
            let request = door.scanner.post_bytes(&path, body);
            check(&server, request, 400, MALFORMED, "EOF while parsing").await;
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let (server, door) = open_server().await;
    let path = format!("{EVENTS}/{}", door.event_id);
    let cases = [
        (json!({"name": 7}), "name: invalid type: integer"),
        (json!({"days": {}}), "days: invalid type: map"),
        (
            json!({"days": [{"startDateTime": 1}]}),
            "days[0].startDateTime: invalid type: integer",
        ),
        (
            json!({"checkInStrategy": {"any": ["ALL_DAY"]}}),
            "checkInStrategy: invalid type: map, expected a string",
        ),
        (
            json!({"days": [{"startDateTime": ""}]}),
            "missing field `endDateTime`",
        ),
        (
            json!({"strategyOptions": [2]}),
            "strategyOptions: invalid type: sequence",
        ),
        (
            json!({"ticketTypes": [{"id": "a", "reentryLimit": -1}]}),
            "ticketTypes[0].reentryLimit",
        ),
        (
            json!({"ticketTypes": [{"name": "VIP"}]}),
            "missing field `id`",
        ),
        (
            json!({"scanPoints": [{"id": "a", "matchField": "face"}]}),
            "unknown variant `face`",
        ),
        (json!({"staff": "sub-1"}), "staff: invalid type: string"),
    ];
    for (fields, words) in cases {
        let request = server.client.post(EVENTS, event(&fields));
        check(&server, request, 400, MALFORMED, words).await;
        let request = server.client.patch(&path, fields);
        check(&server, request, 400, MALFORMED, words).await;
    }
}

#[tokio::test]
async fn a_ticket_or_scan_of_wrong_types_is_malformed() {
    let (server, door) = open_server().await;
    let cases = [
        (
            json!({"ticketTypeId": "vip"}),
            "missing field `attendeeName`",
        ),
        (
            json!({"ticketTypeId": "vip", "attendeeName": ["Ann"]}),
            "expected a string",
        ),
        (
            json!({"tickets": {"ticketTypeId": "vip"}}),
            "expected a sequence",
        ),
        (json!({"tickets": null}), "expected a sequence"),
        (
            json!({"ticketTypeId": "vip", "attendeeName": "Ann", "attributes": {"is_speaker": "yes"}}),
            "expected a boolean",
        ),
    ];
    for (draft, words) in cases {
        let request = server.client.post(&door.tickets(), draft);
        check(&server, request, 400, MALFORMED, words).await;
    }
    for field in ["jwtToken", "scannerId", "deviceFingerprint"] {
        let scan = with(&door.body("nothing"), json!({field: null}));
        let request = door.scanner.post(VALIDATE, scan);
        let words = format!("{field}: invalid type: null");
        check(&server, request, 400, MALFORMED, &words).await;
    }
}

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_too_large() {
    let server = Server::start().await;
    let post = |bytes| server.client.post_bytes(EVENTS, padded(bytes, &one_day()));
    check(&server, post(MIB + 1), 413, "body_too_large", "too large").await;
    check(&server, post(64 * MIB), 413, "body_too_large", "too large").await;
    post(MIB).await.data(201);
}

#[tokio::test]
async fn a_bulk_of_more_than_thirty_two_mebibytes_is_too_large() {
    let (server, door) = open_server().await;
    let bulk = json!({"tickets": [{"ticketTypeId": "vip", "attendeeName": "Ann"}]});
    let post = |bytes| {
        server
            .client
            .post_bytes(&door.tickets(), padded(bytes, &bulk))
    };
    check(
        &server,
        post(32 * MIB + 1),
        413,
        "body_too_large",
        "too large",
    )
    .await;
    post(32 * MIB).await.data(201);
}

const HOST: &str = "Host: localhost";
const JSON: &str = "Content-Type: application/json";

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_not_waited_for() {
    let (server, door) = open_server().await;
    let before = server.stored().await;
    let paths = [
        EVENTS.to_owned(),
        door.tickets(),
        format!("{EVENTS}/{}/publish", door.event_id),
        "/tickets/validate_email/".to_owned(),
    ];
    for path in paths {
        for more in [&[][..], &["Expect: 100-continue"]] {
            let headers = [&[HOST, JSON, "Content-Length: 999999999"], more].concat();
            let mut wire = Wire::connect(&server.client).await;
            let answer = wire.ask("POST", &path, &headers, "").await;
            assert_eq!(answer.status, 413, "{path} {answer:?}");
            let words = json!("the request's body is too large");
            let field = if path.starts_with("/tickets/") {
                "detail"
            } else {
                "message"
            };
            assert_eq!(answer.body[field], words, "{path}");
            assert_eq!(wire.until_closed().await, "");
        }
    }
    assert_eq!(server.stored().await, before);
}

#[tokio::test]
async fn a_chunked_body_without_a_byte_is_none() {
    let (server, door) = open_server().await;
    let ask = async |path: &str, chunks: &str| {
        let mut wire = Wire::connect(&server.client).await;
        let head = request("POST", path, &[HOST, "Transfer-Encoding: chunked"], "");
        wire.send(&format!("{head}{chunks}0\r\n\r\n")).await;
        wire.answer().await
    };
    let publish = format!("{EVENTS}/{}/publish", door.event_id);
    assert_eq!(ask(&publish, "").await.status, 200);
    assert_eq!(ask(&publish, "2\r\n{}\r\n").await.status, 415);
    let answer = ask(EVENTS, "").await;
    let code = &answer.body["error"]["code"];
    assert_eq!((answer.status, code), (400, &json!(MALFORMED)));
}

/// Checks that a request head that no route sees is refused with this message, as JSON.
async fn check_head(server: &Server, head: &str, status: u16, code: &str) {
    let mut wire = Wire::connect(&server.client).await;
    wire.send(head).await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, status, "{}", answer.head);
    assert!(
        answer.head.contains("content-type: application/json"),
        "{}",
        answer.head
    );
    assert_eq!(answer.body["success"], false);
    assert_eq!(answer.body["error"]["code"], code);
    assert!(answer.body["message"].is_string());
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_is_refused_in_the_envelope() {
    let server = Server::start().await;
    let long = "x".repeat(140_000);
    let get = |path: &str, fields: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
    };
    for length in [66_000, 80_000, 140_000] {
        let long = &long[..length];
        let query = get(&format!("{EVENTS}?query={long}"), "");
        check_head(&server, &query, 414, "uri_too_long").await;
        let field = get(EVENTS, &format!("X-Long: {long}\r\n"));
        check_head(&server, &field, 431, "headers_too_large").await;
    }
    let mut wire = Wire::connect(&server.client).await;
    let field = format!("X-Long: {}", &long[..65_000]);
    assert_eq!(
        wire.ask("GET", EVENTS, &[HOST, &field], "").await.status,
        200
    );
    let fields: String = (0..500)
        .map(|number| format!("X-{number}: 1\r\n"))
        .collect();
    check_head(&server, &get("/", &fields), 431, "headers_too_large").await;
    check_head(&server, "no HTTP at all\r\n\r\n", 400, "malformed_request").await;
    let events = server.client.get(EVENTS).await;
    assert_eq!(events.status, 200);
}
