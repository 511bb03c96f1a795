//! `oidc-provider`, a certified identity provider, beside the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gatewit::oidc::OidcSettings;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::door::text;

/// What our tokens are issued for.
pub const AUDIENCE: &str = "https://gatewit.example/api";

/// A provider on loopback, ended when dropped. Its clients are `ada` and `bob`.
pub struct Provider {
    pub issuer: String,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Provider {
    /// Starts a provider; None if `cargo xtask test` could not install it.
    pub fn start() -> Option<Self> {
        let installed = super::target().join("oidc-provider");
        if !installed.join("node_modules/oidc-provider").is_dir() {
            eprintln!(
                "skipped: there is no oidc-provider here, and `cargo xtask test` could not install it"
            );
            return None;
        }
        let mut command = Command::new("node");
        command
            .arg(super::project().join("tests/peers/oidc-provider/provider.mjs"))
            .arg(installed)
            .args(["ada", "bob"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("node runs");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut provider = Self {
            issuer: String::new(),
            child,
            stdin,
            stdout,
        };
        provider.issuer = provider.line();
        Some(provider)
    }

    /// What a server is told of the provider.
    pub fn settings(&self) -> OidcSettings {
        OidcSettings {
            issuer: self.issuer.clone(),
            audience: AUDIENCE.to_owned(),
            algorithms: vec![Algorithm::RS256],
        }
    }

    /// Has the provider do something, and tells its answer: `rotate`, `down`, `up` or `asked`.
    pub fn tell(&mut self, command: &str) -> String {
        writeln!(self.stdin, "{command}").expect("the provider reads");
        self.line()
    }

    /// Gets a client's token for our audience.
    pub async fn token(&self, client: &str) -> String {
        self.token_for(client, AUDIENCE).await
    }

    /// Gets a client's token for a resource.
    pub async fn token_for(&self, client: &str, resource: &str) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", "secret"),
            ("resource", resource),
        ];
        let form = form.map(|(name, value)| format!("{name}={}", value.replace('?', "%3F")));
        let request = reqwest::Client::new()
            .post(format!("{}/token", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"));
        let answer = request.send().await.expect("the provider answers");
        let answer: Value = answer.json().await.expect("the provider answers JSON");
        text(&answer["access_token"])
    }

    /// The provider's public keys.
    pub async fn keys(&self) -> Value {
        let answer = reqwest::get(format!("{}/jwks", self.issuer)).await;
        let answer = answer.expect("the provider answers");
        answer.json().await.expect("keys are JSON")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line);
        assert_ne!(read.expect("the provider prints"), 0, "the provider ended");
        line.trim().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
