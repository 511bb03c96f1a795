//! Metrics for Prometheus, on a separate listener.

use std::process::Command;

use futures::future::join_all;
use serde_json::json;
use tempfile::TempDir;

use crate::support::crowd::today;
use crate::support::door::{VALIDATE, text};
use crate::support::{Door, Process};

const LISTENS: &str = "metrics on ";

/// Prepares a server that serves its metrics on a free port.
fn measured(data: &TempDir) -> Command {
    let mut command = Process::command(data.path());
    command
        .env("GATEWIT_METRICS_LISTEN", "127.0.0.1:0")
        .env("RUST_LOG", "info");
    command
}

/// The address of a server's metrics, from its log.
fn address(server: &Process) -> String {
    server.log.wait_for(LISTENS);
    let log = server.log.so_far();
    let (_, rest) = log.split_once(LISTENS).expect("it was waited for");
    rest.split_whitespace()
        .next()
        .expect("an address follows")
        .to_owned()
}

async fn metrics(server: &Process) -> String {
    let answer = reqwest::get(address(server))
        .await
        .expect("metrics are served");
    assert_eq!(answer.status(), 200);
    let content_type = answer.headers()["content-type"]
        .to_str()
        .expect("it is text");
    assert!(
        content_type.starts_with("application/openmetrics-text"),
        "{content_type}"
    );
    answer.text().await.expect("metrics are text")
}

/// The value of the line with this beginning.
#[track_caller]
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("{series} is missing in\n{metrics}"));
    line.parse().expect("a value is a number")
}

#[tokio::test]
async fn scans_are_counted_by_contract_and_outcome() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::spawn(measured(&data));
    let door = Door::open(&server.client, today()).await;
    let ticket = door.issue("vip").await;
    let scan = crate::support::door::with(
        &door.body(&text(&ticket["jwtToken"])),
        json!({"scanId": "once"}),
    );
    for _ in 0..3 {
        // A repeat is not decided again.
        let answer = door.scanner.post(VALIDATE, scan.clone()).await;
        assert_eq!(answer.body["data"]["status"], "VALID");
    }
    let jwt = text(&ticket["jwtToken"]);
    join_all([door.verdict(&jwt), door.verdict(&jwt)]).await;
    let desk = format!("/api/v1/events/{}/check-ins", door.event_id);
    let request = json!({"ticketInstanceId": ticket["ticketInstanceId"]});
    server.client.post(&desk, request).await.data(200);
    let metrics = metrics(&server).await;
    let scans = |contract: &str, outcome: &str, reason: &str| {
        let labels = format!("contract=\"{contract}\",outcome=\"{outcome}\",reason=\"{reason}\"");
        value(&metrics, &format!("gatewit_scans_total{{{labels}}}"))
    };
    assert_eq!(scans("event-check-in", "admitted", ""), 1.0);
    assert_eq!(scans("event-check-in", "refused", "already_used"), 2.0);
    assert_eq!(scans("desk", "refused", "already_used"), 1.0);
}

#[tokio::test]
async fn requests_commits_and_plugins_are_measured() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::spawn(measured(&data));
    let door = Door::open(&server.client, today()).await;
    let jwt = door.issue_jwt("vip").await;
    door.scan(&jwt).await;
    server
        .client
        .get(&format!("/api/v1/events/{}", door.event_id))
        .await
        .data(200);
    server
        .client
        .get("/attendees/Jane%20Roe?email=jane@example.com")
        .await
        .failure(404, "not_found");
    let text = metrics(&server).await;
    let requests = |method: &str, route: &str, status: u16| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        value(&text, &format!("gatewit_http_requests_total{{{labels}}}"))
    };
    assert_eq!(requests("POST", VALIDATE, 200), 1.0);
    assert_eq!(requests("GET", "/api/v1/events/{eventId}", 200), 1.0);
    assert_eq!(requests("GET", "none", 404), 1.0);
    let took = format!("gatewit_http_request_duration_seconds_count{{route=\"{VALIDATE}\"}}");
    assert_eq!(value(&text, &took), 1.0);
    let commits = value(&text, "gatewit_store_commit_duration_seconds_count");
    assert!(commits >= 4.0, "{text}");
    assert_eq!(value(&text, "gatewit_store_group_commits_sum"), commits);
    let above_all = "gatewit_store_commit_duration_seconds_bucket{le=\"+Inf\"}";
    assert_eq!(value(&text, above_all), commits);
    assert_eq!(value(&text, "gatewit_store_waiting_commits"), 0.0);
    assert_eq!(value(&text, "gatewit_store_tables_outgrown"), 0.0);
    assert!(value(&text, "gatewit_store_memory_bytes") >= 0.0);
    assert!(value(&text, "gatewit_plugin_calls_total{plugin=\"hours-before\"}") >= 1.0);
    for kind in [
        "trap",
        "timeout",
        "memory",
        "nonsense",
        "busy",
        "not_loaded",
        "answered",
        "other",
    ] {
        let labels = format!("plugin=\"hours-before\",kind=\"{kind}\"");
        let failures = value(&text, &format!("gatewit_plugin_failures_total{{{labels}}}"));
        assert_eq!(failures, 0.0, "{kind}");
    }
    let gauge = |name: &str| {
        value(
            &text,
            &format!("gatewit_plugin_{name}{{plugin=\"hours-before\"}}"),
        )
    };
    assert_eq!(gauge("generation"), 1.0);
    assert!(
        gauge("code_bytes") > 0.0 && gauge("memory_peak_bytes") > 0.0,
        "{text}"
    );
    let durations = "gatewit_plugin_call_duration_seconds_count{plugin=\"hours-before\"}";
    assert!(value(&text, durations) >= 1.0);
    assert!(value(&text, "gatewit_process_start_time_seconds") > 1_700_000_000.0);
    assert!(text.ends_with("# EOF\n"), "{text}");
    for secret in ["Jane", "jane@", "John", &door.event_id, &door.fingerprint] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[tokio::test]
async fn metrics_are_not_on_the_listener_of_the_api_and_off_unless_asked_for() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::spawn(measured(&data));
    assert_ne!(
        address(&server),
        format!("{}/metrics", server.client.base())
    );
    server
        .client
        .get("/metrics")
        .await
        .failure(404, "not_found");
    let ended = server.stop();
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    let mut command = Process::command(data.path());
    command.env("RUST_LOG", "info");
    let ended = Process::spawn(command).stop();
    assert!(!ended.log.contains(LISTENS), "{}", ended.log);
}
