//! Another web site's page can neither change nor read anything through a user's browser.

use gatewit::http::Sites;
use serde_json::{Value, json};

use crate::support::door::one_day;
use crate::support::wire::{Wire, WireAnswer};
use crate::support::{Home, Process, Server};

const EVENTS: &str = "/api/v1/events";
const EMAIL: &str = "/tickets/validate_email/";
const LOCALHOST: &str = "Host: localhost:9898";
const JSON: &str = "Content-Type: application/json";
const EVIL: &str = "Origin: https://evil.example";
const DESK: &str = "Origin: https://desk.example";

/// Sends one request over a connection of its own.
async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> WireAnswer {
    let mut wire = Wire::connect(&server.client).await;
    wire.ask(method, path, headers, body).await
}

/// Checks that a request failed with this status and code, in the error format of its path.
#[track_caller]
fn check_refused(path: &str, answer: &WireAnswer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{path} {answer:?}");
    match path.starts_with("/tickets/") {
        true => {
            let fields = answer.body.as_object().expect("it is an object");
            assert!(
                fields["detail"].is_string() && fields.len() == 1,
                "{answer:?}"
            );
        }
        false => {
            assert_eq!(answer.body["success"], false, "{answer:?}");
            assert_eq!(answer.body["error"]["code"], code, "{answer:?}");
        }
    }
}

fn sites() -> Sites {
    Sites {
        public_url: Some("https://tickets.example".parse().expect("it is a URL")),
        allowed_hosts: "proxy.internal".parse().expect("it is a host"),
        cors_origins: "https://desk.example".parse().expect("it is an origin"),
        ..Sites::default()
    }
}

/// Every path that takes a POST with a body, with ids filled in, except those of the attendee contract.
async fn posts(server: &Server) -> Vec<String> {
    let document = server.client.get("/openapi.json").await.body;
    let paths = document["paths"].as_object().expect("paths are an object");
    let posts = paths.iter().filter(|(path, item)| {
        path.starts_with("/api/") && item["post"]["requestBody"].is_object()
    });
    let posts: Vec<_> = posts.map(|(path, _)| path.clone()).collect();
    assert!(posts.len() > 4, "{posts:?}");
    posts.iter().map(|path| fill_in(path)).collect()
}

fn fill_in(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => "00000000-0000-7000-8000-000000000000",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_refused() {
    let server = Server::start().await;
    let before = server.stored().await;
    let kinds: [&[&str]; 6] = [
        &[],
        &["Content-Type: text/plain"],
        &["Content-Type: text/plain; charset=application/json"],
        &["Content-Type: application/x-www-form-urlencoded"],
        &["Content-Type: multipart/form-data; boundary=x"],
        &["Content-Type: application/jsonp"],
    ];
    let body = one_day().to_string();
    for path in posts(&server).await {
        for kind in kinds {
            let headers = [&[LOCALHOST], kind].concat();
            let answer = ask(&server, "POST", &path, &headers, &body).await;
            check_refused(&path, &answer, 415, "unsupported_media_type");
        }
    }
    for kind in kinds {
        let headers = [&[LOCALHOST], kind].concat();
        let answer = ask(
            &server,
            "POST",
            EMAIL,
            &headers,
            r#"{"email": "a@example.org"}"#,
        )
        .await;
        assert_eq!(answer.status, 422, "{kind:?} {answer:?}");
    }
    assert_eq!(server.stored().await, before);
    for kind in [JSON, "content-type: Application/JSON; charset=utf-8"] {
        let answer = ask(&server, "POST", EVENTS, &[LOCALHOST, kind], &body).await;
        assert_eq!(answer.status, 201, "{kind}: {answer:?}");
    }
    let nothing = ask(&server, "POST", "/nowhere", &[LOCALHOST], "x").await;
    assert_eq!(nothing.status, 404);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = Server::start().await;
    let before = server.stored().await;
    let body = one_day().to_string();
    let pages: [&[&str]; 6] = [
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
        &[
            "Sec-Fetch-Site: cross-site",
            "Origin: http://localhost:9898",
        ],
        &[EVIL],
        &["Origin: null"],
        &["Origin: http://localhost:9899"],
    ];
    let event = "/api/v1/events/00000000-0000-7000-8000-000000000000";
    let changes = [
        ("POST", EVENTS),
        ("PATCH", event),
        ("DELETE", event),
        ("POST", EMAIL),
    ];
    for page in pages {
        for (method, path) in changes {
            let headers = [&[LOCALHOST, JSON], page].concat();
            let answer = ask(&server, method, path, &headers, &body).await;
            check_refused(path, &answer, 403, "cross_site");
        }
        let headers = [&[LOCALHOST], page].concat();
        let answer = ask(&server, "GET", EVENTS, &headers, "").await;
        assert_eq!(
            answer.status, 200,
            "reading is for the browser to refuse: {answer:?}"
        );
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    assert_eq!(server.stored().await, before);
    let own: [&[&str]; 3] = [
        &[
            "Sec-Fetch-Site: same-origin",
            "Origin: http://localhost:9898",
        ],
        &["Sec-Fetch-Site: none"],
        &["Origin: http://localhost:9898"],
    ];
    for page in own {
        let headers = [&[LOCALHOST, JSON], page].concat();
        let answer = ask(&server, "POST", EVENTS, &headers, &body).await;
        assert_eq!(answer.status, 201, "{page:?} {answer:?}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_has_no_tickets_read_anew() {
    let server = Server::start().await;
    for path in [
        "/tickets/refresh_all/",
        "/tickets/refresh_addon_statistics/",
    ] {
        for page in [EVIL, "Sec-Fetch-Site: cross-site"] {
            let answer = ask(&server, "GET", path, &[LOCALHOST, page], "").await;
            check_refused(path, &answer, 403, "cross_site");
        }
        for page in ["Origin: http://localhost:9898", "Sec-Fetch-Site: none"] {
            let answer = ask(&server, "GET", path, &[LOCALHOST, page], "").await;
            assert_eq!(answer.status, 503, "there is nothing to read: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_page_that_makes_its_own_name_lead_here_is_not_answered() {
    let server = Server::start_at(sites()).await;
    let before = server.stored().await;
    let body = one_day().to_string();
    for host in [
        "Host: evil.example",
        "Host: localhost.evil.example:9898",
        "Host: 10.0.0.5",
        "Host:",
    ] {
        for (method, path) in [
            ("GET", EVENTS),
            ("GET", "/"),
            ("POST", EVENTS),
            ("GET", "/tickets/ticket_count/"),
        ] {
            let sent = if method == "POST" { body.as_str() } else { "" };
            let answer = ask(&server, method, path, &[host, JSON], sent).await;
            check_refused(path, &answer, 421, "unknown_host");
        }
        for path in ["/healthcheck/alive", "/healthcheck/ready"] {
            assert_eq!(ask(&server, "GET", path, &[host], "").await.status, 200);
        }
    }
    assert_eq!(server.stored().await, before);
    for host in [
        "Host: LOCALHOST",
        "Host: 127.0.0.1:1",
        "Host: [::1]",
        "Host: tickets.example",
        "Host: proxy.internal:80",
    ] {
        let answer = ask(&server, "POST", EVENTS, &[host, JSON], &body).await;
        assert_eq!(answer.status, 201, "{host} {answer:?}");
    }
}

#[tokio::test]
async fn pages_of_sites_that_are_allowed_read_every_answer() {
    let server = Server::start_at(sites()).await;
    let allowed = "access-control-allow-origin: https://desk.example";
    let body = one_day().to_string();
    let cross = "Sec-Fetch-Site: cross-site";
    let answers = [
        (
            201,
            ask(
                &server,
                "POST",
                EVENTS,
                &[LOCALHOST, JSON, DESK, cross],
                &body,
            )
            .await,
        ),
        (
            201,
            ask(&server, "POST", EVENTS, &[LOCALHOST, JSON, DESK], &body).await,
        ),
        (
            200,
            ask(&server, "GET", EVENTS, &[LOCALHOST, DESK, cross], "").await,
        ),
        (
            400,
            ask(
                &server,
                "POST",
                EVENTS,
                &[LOCALHOST, JSON, DESK, cross],
                "{",
            )
            .await,
        ),
        (
            404,
            ask(&server, "GET", "/nowhere", &[LOCALHOST, DESK], "").await,
        ),
        (
            415,
            ask(&server, "POST", EVENTS, &[LOCALHOST, DESK], &body).await,
        ),
        (
            421,
            ask(&server, "GET", EVENTS, &["Host: evil.example", DESK], "").await,
        ),
        (
            503,
            ask(
                &server,
                "GET",
                "/tickets/ticket_count/",
                &[LOCALHOST, DESK],
                "",
            )
            .await,
        ),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.head.contains(allowed), "{}", answer.head);
        assert!(answer.head.contains("vary: origin"), "{}", answer.head);
    }
    let preflight = [
        LOCALHOST,
        DESK,
        "Access-Control-Request-Method: PATCH",
        "Access-Control-Request-Headers: authorization,content-type",
    ];
    let answer = ask(&server, "OPTIONS", EVENTS, &preflight, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = [
        allowed,
        "access-control-allow-headers: authorization,content-type",
        "patch",
    ];
    for words in said {
        assert!(answer.head.contains(words), "{words}: {}", answer.head);
    }
    let answer = ask(
        &server,
        "POST",
        EVENTS,
        &[LOCALHOST, JSON, EVIL, cross],
        &body,
    )
    .await;
    check_refused(EVENTS, &answer, 403, "cross_site");
    assert!(
        !answer.head.contains("access-control-allow-origin"),
        "{}",
        answer.head
    );
}

#[tokio::test]
async fn without_sites_that_are_allowed_no_page_is_told_that_it_may() {
    let server = Server::start().await;
    let headers = [LOCALHOST, DESK, "Access-Control-Request-Method: POST"];
    let answer = ask(&server, "OPTIONS", EVENTS, &headers, "").await;
    assert_eq!(answer.status, 405, "{answer:?}");
    assert!(!answer.head.contains("access-control"), "{}", answer.head);
}

#[tokio::test]
async fn hosts_and_sites_are_set_by_variables_and_those_that_cannot_be_read_are_named() {
    let home = Home::new();
    let mut command = home.command_with("GATEWIT_ALLOWED_HOSTS", "proxy.internal");
    command.env("GATEWIT_CORS_ORIGINS", "https://desk.example");
    command.env("GATEWIT_PUBLIC_URL", "https://tickets.example");
    let server = Process::spawn(command);
    let mut wire = Wire::connect(&server.client).await;
    for host in ["Host: proxy.internal", "Host: tickets.example"] {
        let answer = wire.ask("GET", EVENTS, &[host, DESK], "").await;
        assert_eq!((answer.status, &answer.body["data"]), (200, &json!([])));
        assert!(
            answer
                .head
                .contains("access-control-allow-origin: https://desk.example")
        );
    }
    let answer = wire.ask("GET", EVENTS, &["Host: evil.example"], "").await;
    assert_eq!(answer.status, 421);
    assert_ne!(answer.body, Value::Null);
    server.stop();
    for (name, value) in [
        ("GATEWIT_ALLOWED_HOSTS", "a/b"),
        ("GATEWIT_CORS_ORIGINS", "*"),
        ("GATEWIT_PUBLIC_URL", "tickets.example"),
    ] {
        let words = format!("\"{value}\" is not ");
        home.check_refused(home.command_with(name, value), &[&words]);
    }
}
