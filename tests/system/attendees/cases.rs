//! Replays the published cases of the contract against a server that reads the cases' pretix and Tito fixtures.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::configure;
use super::upstream::Upstream;
use crate::support::{Answer, Server, project};

/// A server for each of the two backends.
struct Both {
    cases: Value,
    pretix: Server,
    tito: Server,
    _upstream: Upstream,
}

impl Both {
    async fn start() -> Self {
        let path = "host/gatewit-domain/tests/cases/attendee-validation.json";
        let text = fs::read_to_string(project().join(path)).expect("the cases are there");
        let cases: Value = serde_json::from_str(&text).expect("the cases are JSON");
        let upstream = Upstream::start(cases["fixtures"].clone()).await;
        Self {
            pretix: server(&cases, "pretix", &upstream).await,
            tito: server(&cases, "tito", &upstream).await,
            cases,
            _upstream: upstream,
        }
    }

    async fn ask(&self, case: &Value) -> Answer {
        let server = match case["backend"].as_str() {
            Some("pretix") => &self.pretix,
            _ => &self.tito,
        };
        let request = &case["request"];
        let path = request["path"].as_str().expect("a case has a path");
        match request["method"].as_str() {
            Some("POST") => server.client.post(path, request["json"].clone()).await,
            _ => server.client.get(path).await,
        }
    }
}

/// A server with the configuration of the cases, and their variables in `.env`.
async fn server(cases: &Value, backend: &str, upstream: &Upstream) -> Server {
    let variables = cases["env"].as_object().expect("they are named").iter();
    let variables = variables.map(|(name, value)| {
        let value = value.as_str().expect("variables are text");
        let value = value
            .replace("{mock}", &upstream.base)
            .replace("<backend>", backend);
        format!("{name}={value}\n")
    });
    let tito = format!("TITO_BASE_URL={}/v3\n", upstream.base);
    let variables: String = variables.chain([tito]).collect();
    let config = &cases["configs"][format!("{backend}_main")]["event_config_yml"];
    let home = TempDir::new().expect("there is room for a test's data");
    configure(
        home.path(),
        config.as_str().expect("it is YAML"),
        &variables,
    );
    let server = Server::start_configured(home.path()).await;
    server.client.wait_until_ready().await;
    server
}

fn list(cases: &Value) -> impl Iterator<Item = &Value> {
    cases.as_array().expect("cases are a list").iter()
}

/// The type and place of each error in a 422.
fn told(status: u16, body: &Value) -> Value {
    match status {
        422 => list(&body["detail"])
            .map(|error| json!([error["type"], error["loc"]]))
            .collect(),
        _ => body.clone(),
    }
}

#[tokio::test]
async fn published_cases_are_answered_the_same() {
    let both = Both::start().await;
    let mut replayed = 0;
    for case in list(&both.cases["cases"]) {
        let expect = &case["expect"];
        if expect["status"] == 307 {
            // The client follows redirects; another test checks them.
            continue;
        }
        let Answer { status, body, .. } = both.ask(case).await;
        assert_eq!(expect["status"], status, "{}: {body}", case["id"]);
        match expect["json_subset"].as_object() {
            Some(subset) => {
                for (name, value) in subset {
                    assert_eq!(body[name], *value, "{}: {name}", case["id"]);
                }
            }
            None => assert_eq!(
                told(status, &body),
                told(status, &expect["json"]),
                "{}",
                case["id"]
            ),
        }
        replayed += 1;
    }
    assert_eq!(replayed, 36);
}

#[tokio::test]
async fn where_the_reference_answers_otherwise_the_difference_is_on_purpose() {
    let both = Both::start().await;
    let decided = json!({
        "pretix: ticket_id alone": [200, {"is_attendee": true, "order_id": "AAAA2"}],
        "pretix: guest; by_ticket_id overrides category; stray keys": [200, {"hint": "", "is_guest": true}],
        "pretix: 6-char order code": [200, {"ticket_id": "CCCC6X-1"}],
        "tito: organiser without organizer_speakers config": [200, {"is_organizer": true}],
        "tito: day pass sets is_sponsor": [200, {"is_attendee": true, "is_sponsor": false}],
        "tito: unassigned state ignored": [200, {"is_attendee": true}],
        "tito: unknown release": [406, {"hint": "invalid ticket type: unknown"}],
        "tito: 5-char reference rejected": [200, {"is_attendee": true}],
        "tito: live search prefix accepted": [404, {"hint": "invalid ticket id"}],
        "tito: email da@example.org": [404, {"valid": false}],
    });
    assert_eq!(list(&both.cases["differ"]).count(), 10);
    for case in list(&both.cases["differ"]) {
        let id = case["id"].as_str().expect("a case has an id");
        let Answer { status, body, .. } = both.ask(case).await;
        assert_eq!(decided[id][0], status, "{id}: {body}");
        for (name, value) in decided[id][1].as_object().expect("parts are named") {
            assert_eq!(body[name], *value, "{id}: {name}");
        }
    }
}
