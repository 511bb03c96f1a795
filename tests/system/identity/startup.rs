//! Starting with OIDC on: errors name missing settings, and the configured identities get their roles.

use serde_json::json;

use super::EVENTS;
use crate::support::door::{one_day, texts, with};
use crate::support::provider::AUDIENCE;
use crate::support::{Home, Issuer, Process};

const ISSUER: &str = "https://id.example.org";
const SUMMIT: &str = r#"
operators: [ada]
organizations:
  club:
    members: [bob]
events:
  - slug: summit
    name: Summit
    organizers: [bob]
    days:
      - start_date_time: "2027-12-15T09:00:00+03:00"
        end_date_time: "2027-12-15T18:00:00+03:00"
"#;

/// Checks that the server does not start with these variables, and says why.
#[track_caller]
fn check(variables: &[(&str, &str)], words: &[&str]) {
    let home = Home::new();
    let mut command = home.command_with("OIDC_ISSUER_URL", ISSUER);
    command.envs(variables.iter().copied());
    home.check_refused(command, words);
    assert!(!home.path("data").exists(), "nothing is touched before");
}

#[test]
fn a_setting_that_is_missing_or_cannot_be_used_is_named() {
    let audience = ("OIDC_AUDIENCE", "api");
    check(&[], &["OIDC_AUDIENCE", "OIDC_ISSUER_URL is set"]);
    check(&[("OIDC_AUDIENCE", "")], &["OIDC_AUDIENCE"]);
    check(
        &[audience, ("OIDC_ISSUER_URL", "id.example.org")],
        &["OIDC_ISSUER_URL"],
    );
    check(&[audience, ("OIDC_ALGORITHMS", "")], &["OIDC_ALGORITHMS"]);
    check(
        &[audience, ("OIDC_ALGORITHMS", "RS257")],
        &["OIDC_ALGORITHMS", "RS257"],
    );
    check(
        &[audience, ("OIDC_ALGORITHMS", "RS256,HS256")],
        &["OIDC_ALGORITHMS", "HS256"],
    );
}

#[test]
fn a_declared_event_must_say_who_manages_it() {
    for organizers in ["", "organizers: []"] {
        let home = Home::new();
        home.configure(&SUMMIT.replace("organizers: [bob]", organizers));
        let mut command = home.command_with("OIDC_ISSUER_URL", ISSUER);
        command.env("OIDC_AUDIENCE", "api");
        home.check_refused(
            command,
            &["event \"summit\"", "organizers", "OIDC_ISSUER_URL"],
        );
    }
}

#[test]
fn identified_callers_may_come_from_beyond_loopback() {
    let home = Home::new();
    // A documentation address, which no machine has.
    let mut command = home.command_with("GATEWIT_LISTEN", "192.0.2.1:0");
    command
        .env("OIDC_ISSUER_URL", ISSUER)
        .env("OIDC_AUDIENCE", "api");
    let said = home.check_refused(command, &["cannot listen on 192.0.2.1:0"]);
    assert!(!said.contains("authentication is off"), "{said}");
}

#[tokio::test]
async fn the_configuration_and_the_environment_say_who_may_do_what() {
    let issuer = Issuer::start().await;
    let home = Home::new();
    home.configure(SUMMIT);
    let mut command = home.command_with("OIDC_ISSUER_URL", format!("{}/", issuer.url));
    command
        .env("OIDC_AUDIENCE", AUDIENCE)
        .env("GATEWIT_OPERATORS", "carol, dan");
    let server = Process::spawn(command);
    for (sub, names) in [("ada", 1), ("dan", 1), ("bob", 1), ("eve", 0)] {
        let client = server.client.with_bearer(&issuer.token(sub));
        let events = client.get(EVENTS).await.data(200);
        assert_eq!(texts(&events, "name").len(), names, "{sub}");
    }
    let in_club = with(&one_day(), json!({"orgId": "club"}));
    for (sub, status) in [("bob", 201), ("eve", 403)] {
        let client = server.client.with_bearer(&issuer.token(sub));
        let answer = client.post(EVENTS, in_club.clone()).await;
        assert_eq!(answer.status, status, "{sub}: {answer:?}");
    }
    server
        .client
        .get(EVENTS)
        .await
        .failure(401, "missing_credentials");
    let log = server.stop().log;
    assert!(!log.contains("authentication is off"), "{log}");
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_told_in_the_log_and_stops_nothing() {
    let issuer = Issuer::start().await;
    issuer.discover(500, &json!({}));
    let home = Home::new();
    let mut command = home.command_with("OIDC_ISSUER_URL", &issuer.url);
    command.env("OIDC_AUDIENCE", AUDIENCE);
    let server = Process::spawn(command);
    let token = issuer.token("lovelace");
    let ada = server.client.with_bearer(&token);
    ada.get(EVENTS)
        .await
        .failure(503, "authentication_unavailable");
    let log = server.stop().log;
    let told = log.lines().find(|line| line.contains("cannot be asked"));
    let told = told.unwrap_or_else(|| panic!("it is not told: {log}"));
    assert!(
        told.contains("WARN") && told.contains(&issuer.url) && told.contains("500"),
        "{told}"
    );
    assert!(!log.contains(&token) && !log.contains("lovelace"), "{log}");
}
