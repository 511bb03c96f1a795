//! A real pretix on loopback with a seeded event: `tests/peers/pretix-up`, which installs what it needs from PyPI.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How `pretix-up` ends where PyPI cannot be reached.
const NO_PYPI: i32 = 4;

/// A pretix, stopped when dropped.
pub struct Pretix {
    /// What `pretix-up` tells: where it is, its tokens, its counts, orders that each show one state.
    pub told: Value,
    http: Client,
    directory: TempDir,
}

impl Pretix {
    /// Starts one with so many orders; None where PyPI cannot be reached.
    pub fn start(orders: u32) -> Option<Self> {
        let directory = TempDir::new().expect("there is room for a test's data");
        let mut command = Command::new(peer("pretix-up"));
        command.arg("--dir").arg(directory.path());
        command.arg("--venv").arg(super::target().join("pretix"));
        command.args(["--orders", &orders.to_string()]);
        command.args(["--port", &vacant_port().to_string()]);
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.expect("pretix-up runs");
        if output.status.code() == Some(NO_PYPI) {
            return None;
        }
        let told = serde_json::from_slice(&output.stdout);
        Some(Self {
            told: told.expect("pretix-up tells where its server is"),
            http: Client::new(),
            directory,
        })
    }

    /// Something that it tells as text, such as `api_url`.
    pub fn text(&self, name: &str) -> &str {
        self.told[name].as_str().expect("pretix-up tells it")
    }

    /// The code of one of the orders that each show one state.
    pub fn order(&self, state: &str) -> &str {
        let code = self.told["showcase"][state]["code"].as_str();
        code.expect("there is such an order")
    }

    /// Changes something of an order, as its organizer would.
    pub async fn change_order(&self, code: &str, action: &str) {
        self.post_order(code, action, &json!({"send_email": false}))
            .await;
    }

    /// Makes an order of its own of a position.
    pub async fn split_off(&self, code: &str, position: &Value) {
        let body = json!({"split_positions": [{"position": position}], "send_email": false});
        self.post_order(code, "change", &body).await;
    }

    async fn post_order(&self, code: &str, action: &str, body: &Value) {
        let url = format!("{}/orders/{code}/{action}/", self.event_url());
        let request = self.http.post(url).json(body);
        let answer = request.header("authorization", self.authorization());
        let answer = answer.send().await.expect("pretix answers");
        assert!(answer.status().is_success(), "{action}: {answer:?}");
    }

    /// Reads a page, and throws it away.
    pub async fn fetch(&self, url: &str) {
        let request = self.http.get(url);
        let answer = request.header("authorization", self.authorization());
        let answer = answer.send().await.expect("pretix answers");
        assert_eq!(answer.status(), 200, "{url}");
        answer.bytes().await.expect("pretix answers to the end");
    }

    /// Where the event's resources are.
    pub fn event_url(&self) -> String {
        let [api, organizer, event] = ["api_url", "organizer", "event"].map(|name| self.text(name));
        format!("{api}/organizers/{organizer}/events/{event}")
    }

    fn authorization(&self) -> String {
        format!("Token {}", self.text("token"))
    }
}

impl Drop for Pretix {
    fn drop(&mut self) {
        let mut command = Command::new(peer("pretix-down"));
        // One that is gone already is fine.
        let _ = command.arg("--dir").arg(self.directory.path()).status();
    }
}

fn peer(name: &str) -> PathBuf {
    super::project().join("tests/peers").join(name)
}

/// A port that was free a moment ago.
fn vacant_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr();
    address.expect("a bound socket has an address").port()
}
