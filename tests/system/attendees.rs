//! `/tickets/*`: as clients of the contract `attendee-validation.txt` see it, with tickets from any system.

use std::fs;
use std::path::Path;

use reqwest::header::{ALLOW, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Server, project};

mod cases;
mod forms;
mod freshness;
pub mod upstream;

pub const ATTENDEE: &str = "/tickets/validate_attendee/";
pub const NAME: &str = "/tickets/validate_name/";
pub const EMAIL: &str = "/tickets/validate_email/";
pub const COUNT: &str = "/tickets/ticket_count/";

/// Writes a configuration and a `.env` beside it.
pub fn configure(folder: &Path, config: &str, variables: &str) {
    for (name, text) in [("event_config.yml", config), (".env", variables)] {
        fs::write(folder.join(name), text).expect("a file can be written");
    }
}

/// A server with the sample's guest list.
async fn guests() -> Server {
    let home = TempDir::new().expect("there is room for a test's data");
    let people = fs::read_to_string(project().join("examples/people.csv"));
    let people = json!(people.expect("the sample has a list"));
    let config = format!("sources:\n  guest-list:\n    settings: {{people: {people}}}\n");
    configure(home.path(), &config, "");
    let server = Server::start_configured(home.path()).await;
    server.client.wait_until_ready().await;
    server
}

/// Sends a request without following redirects.
async fn send(server: &Server, method: Method, path: &str, body: Option<(&str, &str)>) -> Response {
    let http = reqwest::Client::builder().redirect(redirect::Policy::none());
    let http = http.build().expect("a client can be made");
    let mut request = http.request(method, format!("{}{path}", server.client.base()));
    if let Some((kind, body)) = body {
        request = request.header("content-type", kind).body(body.to_owned());
    }
    request.send().await.expect("the server answers")
}

#[tokio::test]
async fn the_two_known_clients_are_answered() {
    let server = guests().await;
    let ask = |order: &str, name: &str| {
        server
            .client
            .post(ATTENDEE, json!({"order_id": order, "name": name}))
    };
    let bot = [
        ask("mh9cg", "ada lovelace").await,
        ask("HLL1H", "Sam Smyth").await,
        ask("HLL1H", "Pat Jones").await,
        ask("AAA", "Ada").await,
    ];
    assert_eq!(
        bot.each_ref().map(|answer| answer.status),
        [200, 406, 404, 422]
    );
    assert_eq!(bot[0].body["is_speaker"], true);
    assert_eq!(bot[0].body["ticket_id"], "MH9CG-1");
    assert_eq!(
        bot[1].body["hint"],
        "Name 'Sam Smyth' is close but not exact enough."
    );
    let site = async |email: &str| server.client.post(EMAIL, json!({"email": email})).await;
    let answer = site("ADA@example.org").await;
    assert_eq!((answer.status, answer.body), (200, json!({"valid": true})));
    let answer = site("nobody@example.org").await;
    assert_eq!((answer.status, answer.body), (404, json!({"valid": false})));
}

#[tokio::test]
async fn every_route_is_there_on_a_backend_of_neither_kind() {
    let server = guests().await;
    let get = async |path: &str| server.client.get(path).await;
    assert_eq!(get(COUNT).await.body, json!({"ticket_count": 5}));
    let types = get("/tickets/ticket_types/").await.body;
    let general = json!({"id": "general", "title": "general", "activities": ["on_site"]});
    assert_eq!(types["ticket_types"][0], general);
    let message = "The ticket cache was refreshed successfully from Guest-list.";
    assert_eq!(
        get("/tickets/refresh_all/").await.body,
        json!({"message": message})
    );
    for path in [
        "/tickets/addon_statistics/",
        "/tickets/refresh_addon_statistics/",
    ] {
        let answer = get(path).await;
        let detail = json!({"detail": "addon_statistics is not configured"});
        assert_eq!((answer.status, answer.body), (404, detail));
    }
    let name = json!({"ticket_id": "drop3-1", "name": "wangari maathai"});
    let answer = server.client.post(NAME, name).await;
    assert_eq!(
        (answer.status, &answer.body["name"]),
        (200, &json!("WANGARI MAATHAI"))
    );
}

#[tokio::test]
async fn a_slash_too_few_or_too_many_is_a_redirect_whatever_the_method() {
    let server = guests().await;
    for (method, path, target) in [
        (Method::GET, "/tickets/ticket_count", COUNT),
        (
            Method::POST,
            "/tickets/validate_attendee?a=b",
            "/tickets/validate_attendee/?a=b",
        ),
        (Method::GET, "/healthcheck/alive/", "/healthcheck/alive"),
    ] {
        let response = send(&server, method, path, None).await;
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(response.headers()[LOCATION], target, "it is relative");
        assert_eq!(response.text().await.expect("it ends"), "");
    }
    let request = json!({"order_id": "MH9CG", "name": "Ada Lovelace"});
    let followed = server.client.post("/tickets/validate_attendee", request);
    assert_eq!(followed.await.status, 200);
}

#[tokio::test]
async fn another_method_and_another_path_are_told_in_the_contracts_shape() {
    let server = guests().await;
    for (method, path, allowed) in [
        (Method::GET, ATTENDEE, "POST"),
        (Method::POST, COUNT, "GET"),
        (Method::POST, "/tickets/refresh_all/", "GET"),
        (Method::DELETE, COUNT, "GET"),
    ] {
        let response = send(&server, method, path, None).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()[ALLOW]),
            (405, &allowed.parse().expect("it is text"))
        );
        let body: Value = response.json().await.expect("it is JSON");
        assert_eq!(body, json!({"detail": "Method Not Allowed"}));
    }
    let response = send(&server, Method::HEAD, COUNT, None).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()[ALLOW]),
        (405, &"GET".parse().expect("it is text"))
    );
    for path in [
        "/tickets",
        "/tickets/",
        "/tickets/nothing/",
        "/tickets/validate_name/more",
    ] {
        let answer = server.client.get(path).await;
        assert_eq!(
            (answer.status, answer.body),
            (404, json!({"detail": "Not Found"}))
        );
    }
}

/// Checks the type and the place of each error in a body.
async fn check_errors(server: &Server, path: &str, kind: &str, body: &str, expected: Value) {
    let response = send(server, Method::POST, path, Some((kind, body))).await;
    assert_eq!(response.status(), 422, "{body}");
    let answer: Value = response.json().await.expect("it is JSON");
    let errors = answer["detail"].as_array().expect("there is a list");
    let errors = errors
        .iter()
        .map(|error| json!([error["type"], error["loc"]]));
    assert_eq!(Value::from_iter(errors), expected, "{body}");
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_by_type_and_place() {
    let server = guests().await;
    let json = "application/json; charset=utf-8";
    for (path, kind, body, expected) in [
        (ATTENDEE, json, "{}", json!([["missing", ["body", "name"]]])),
        (
            ATTENDEE,
            json,
            r#"{"name": "Ada"}"#,
            json!([["value_error", ["body"]]]),
        ),
        (
            ATTENDEE,
            json,
            r#"{"name": null, "order_id": 12345}"#,
            json!([
                ["string_type", ["body", "order_id"]],
                ["string_type", ["body", "name"]]
            ]),
        ),
        (
            ATTENDEE,
            json,
            r#"{"name": " ", "order_id": "MH9CG"}"#,
            json!([["value_error", ["body", "name"]]]),
        ),
        (
            ATTENDEE,
            json,
            r#"{"name": "Ada", "order_id": "MH_CG"}"#,
            json!([["value_error", ["body", "order_id"]]]),
        ),
        (
            NAME,
            json,
            "{}",
            json!([
                ["missing", ["body", "ticket_id"]],
                ["missing", ["body", "name"]]
            ]),
        ),
        (
            NAME,
            json,
            r#"{"ticket_id": "ABC", "name": "Ada"}"#,
            json!([["value_error", ["body", "ticket_id"]]]),
        ),
        (
            EMAIL,
            json,
            r#"{"email": "ada"}"#,
            json!([["value_error", ["body", "email"]]]),
        ),
        (
            EMAIL,
            json,
            r#"{"email": ["ada@example.org"]}"#,
            json!([["string_type", ["body", "email"]]]),
        ),
        (EMAIL, json, "{bad", json!([["json_invalid", ["body", 1]]])),
        (
            EMAIL,
            json,
            "{\n  bad",
            json!([["json_invalid", ["body", 4]]]),
        ),
        (EMAIL, json, "", json!([["missing", ["body"]]])),
        (EMAIL, json, "null", json!([["missing", ["body"]]])),
        (
            EMAIL,
            json,
            r#"["ada@example.org"]"#,
            json!([["model_attributes_type", ["body"]]]),
        ),
        (
            EMAIL,
            "text/plain",
            r#"{"email": "ada@example.org"}"#,
            json!([["model_attributes_type", ["body"]]]),
        ),
    ] {
        check_errors(&server, path, kind, body, expected).await;
    }
    let large = format!(r#"{{"email": "{}"}}"#, "a".repeat(1024 * 1024));
    let response = send(&server, Method::POST, EMAIL, Some((json, &large))).await;
    assert_eq!(response.status(), 413);
    let body: Value = response.json().await.expect("it is JSON");
    assert!(body["detail"].is_string(), "{body}");
}

/// Asks for several names on one order, and returns the statuses.
async fn guess(server: &Server, order: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let request = json!({"order_id": order, "name": "Somebody Else"});
        statuses.push(server.client.post(ATTENDEE, request).await.status);
    }
    statuses
}

#[tokio::test]
async fn ten_wrong_names_a_minute_are_answered_about_an_order_and_then_none() {
    let server = guests().await;
    let right = |order: &str, name: &str| {
        server
            .client
            .post(ATTENDEE, json!({"order_id": order, "name": name}))
    };
    assert_eq!(guess(&server, "MH9CG", 9).await, [404; 9]);
    assert_eq!(right("MH9CG", "Ada Lovelace").await.status, 200);
    assert_eq!(guess(&server, "MH9CG", 3).await, [404, 429, 429]);
    assert_eq!(
        guess(&server, "ZZZZ9", 11).await[10],
        429,
        "whether it exists or not"
    );
    let Answer {
        status,
        body,
        retry_after,
        ..
    } = right("MH9CG", "Ada Lovelace").await;
    assert_eq!(status, 429, "whoever goes on trying is not told");
    assert!(
        body["detail"].is_string() && retry_after.as_deref() == Some("60"),
        "{body}"
    );
    assert_eq!(right("HLL1H", "Sam Smith").await.status, 200);
    server.clock.advance(jiff::SignedDuration::from_mins(1));
    assert_eq!(right("MH9CG", "Ada Lovelace").await.status, 200);
}

#[tokio::test]
async fn a_ticket_is_guarded_like_an_order_though_wrong_names_are_200() {
    let server = guests().await;
    let ask = |name: &str| {
        server
            .client
            .post(NAME, json!({"ticket_id": "MH9CG-1", "name": name}))
    };
    for _ in 0..10 {
        assert_eq!(ask("Somebody Else").await.status, 200);
    }
    let answer = ask("Ada Lovelace").await;
    assert_eq!(
        (answer.status, answer.retry_after.as_deref()),
        (429, Some("60"))
    );
}

#[tokio::test]
async fn without_a_ticketing_system_nobody_is_known_and_that_is_said() {
    let server = Server::start().await;
    let request = json!({"order_id": "MH9CG", "name": "Ada Lovelace"});
    let response = send(
        &server,
        Method::POST,
        ATTENDEE,
        Some(("application/json", &request.to_string())),
    )
    .await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key(RETRY_AFTER));
    for path in [COUNT, "/tickets/refresh_all/", "/tickets/ticket_types/"] {
        let answer = server.client.get(path).await;
        assert_eq!(
            (answer.status, answer.body["detail"].is_string()),
            (503, true)
        );
    }
    assert_eq!(server.client.get("/healthcheck/ready").await.status, 200);
}
