//! Guessing is throttled; callers with valid credentials are not. `gatewit-api.md` §2.

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;

use crate::support::door::{VALIDATE, open_server, text};
use crate::support::{Answer, Client, Door, Process, Request, Server};

/// A token that was never issued.
const UNKNOWN: &str = "REG-00000000-00000000";
const GENERATE: &str = "/api/v1/check-in/tokens/generate";

fn ask(client: &Client, token: &str) -> Request {
    client.get(&format!("/api/v1/check-in/tokens/validate/{token}"))
}

fn register(client: &Client, token: &str) -> Request {
    let request = json!({
        "registrationToken": token,
        "deviceFingerprint": "another-device",
        "scannerName": "Gate B",
    });
    client.post("/api/v1/check-in/scanners/register", request)
}

/// Scans without credentials this many times.
async fn fail(client: &Client, times: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    while answers.len() < times {
        let together = (0..50.min(times - answers.len())).map(|_| client.post(VALIDATE, json!({})));
        answers.extend(join_all(together).await);
    }
    answers
}

fn statuses(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

#[track_caller]
fn check_throttled(answer: Answer, retry_after: &str) {
    assert_eq!(
        answer.retry_after.as_deref(),
        Some(retry_after),
        "{answer:?}"
    );
    answer.failure(429, "too_many_guesses");
}

#[tokio::test]
async fn operators_say_how_many_guesses_are_answered_and_whose_word_counts() {
    let data = TempDir::new().expect("there is room for a test's data");
    let mut command = Process::command(data.path());
    command.env("GATEWIT_GUESS_LIMIT", "1");
    command.env("GATEWIT_TRUSTED_PROXIES", "127.0.0.0/8");
    let server = Process::spawn(command);
    ask(&server.client, UNKNOWN)
        .await
        .failure(404, "token_not_found");
    let again = ask(&server.client, UNKNOWN).await;
    again.failure(429, "too_many_guesses");
    server.kill();
    let mut command = Process::command(data.path());
    command.env("GATEWIT_TRUSTED_PROXIES", "proxy.internal");
    let refusal = Process::refuse(command);
    assert!(refusal.contains("proxy.internal"), "{refusal}");
}

#[tokio::test]
async fn the_eleventh_wrong_guess_about_a_token_in_a_minute_must_wait() {
    let server = Server::start().await;
    for _ in 0..5 {
        ask(&server.client, UNKNOWN)
            .await
            .failure(404, "token_not_found");
        register(&server.client, UNKNOWN)
            .await
            .failure(404, "token_not_found");
    }
    server.clock.advance(SignedDuration::from_secs(20));
    check_throttled(ask(&server.client, UNKNOWN).await, "40");
    check_throttled(register(&server.client, UNKNOWN).await, "40");
    let other = "REG-00000000-00000001";
    ask(&server.client, other)
        .await
        .failure(404, "token_not_found");
    server.clock.advance(SignedDuration::from_secs(40));
    ask(&server.client, UNKNOWN)
        .await
        .failure(404, "token_not_found");
}

#[tokio::test]
async fn a_token_that_was_given_out_may_be_asked_about_as_often_as_one_likes() {
    let (server, door) = open_server().await;
    let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    let token = text(&server.client.post(GENERATE, request).await.data(200)["token"]);
    let looks = join_all((0..40).map(|_| ask(&server.client, &token))).await;
    assert_eq!(statuses(&looks, 200), 40);
    register(&server.client, &token).await.data(200);
    let again = join_all((0..40).map(|_| register(&server.client, &token))).await;
    assert_eq!(statuses(&again, 400), 40);
}

#[tokio::test]
async fn an_address_may_fail_three_hundred_times_a_minute() {
    let server = Server::start().await;
    let answers = fail(&server.client, 320).await;
    assert_eq!(
        (statuses(&answers, 401), statuses(&answers, 429)),
        (300, 20)
    );
    check_throttled(ask(&server.client, UNKNOWN).await, "60");
    check_throttled(ask(&server.client, "nonsense").await, "60");
    server.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(statuses(&fail(&server.client, 1).await, 401), 1);
}

#[tokio::test]
async fn whoever_has_something_to_show_is_answered_whatever_others_at_the_address_do() {
    let (server, door) = open_server().await;
    let jwt = door.issue_jwt("vip").await;
    fail(&server.client, 310).await;
    check_throttled(ask(&server.client, UNKNOWN).await, "60");
    assert_eq!(door.verdict(&jwt).await, "VALID");
    let other = Door::link(&server.client, &door.event_id, "another-device", json!({})).await;
    assert_eq!(other.verdict(&jwt).await, "DUPLICATE already_used");
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let server = Server::start_behind("127.0.0.0/8").await;
    let noisy = server.client.forwarded_for("198.51.100.1, 203.0.113.7");
    assert_eq!(statuses(&fail(&noisy, 310).await, 401), 300);
    let pretending = server.client.forwarded_for("198.51.100.2, 203.0.113.7");
    check_throttled(ask(&pretending, UNKNOWN).await, "60");
    let quiet = server.client.forwarded_for("203.0.113.7, 203.0.113.8");
    ask(&quiet, UNKNOWN).await.failure(404, "token_not_found");
}

#[tokio::test]
async fn a_client_that_calls_itself_a_proxy_changes_its_address_in_vain() {
    let server = Server::start().await;
    fail(&server.client, 300).await;
    let pretending = server.client.forwarded_for("203.0.113.7");
    check_throttled(ask(&pretending, UNKNOWN).await, "60");
}
