//! A client of the API: one method a verb, answers as JSON.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::HeaderName;
use serde_json::Value;

use super::until;

/// How long an answer may take: a server that hangs fails its test.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Speaks to one server, perhaps with a bearer token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    bearer: Option<String>,
}

/// What the server answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Null if the answer was no JSON.
    pub body: Value,
    /// How to prove who one is, if that was missing: `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// After how many seconds to try again: `Retry-After`.
    pub retry_after: Option<String>,
}

/// A request, sent once it is awaited.
pub type Request = BoxFuture<'static, Answer>;

/// A request to a server that may be gone before it has answered.
pub type Attempt = BoxFuture<'static, Option<Answer>>;

impl Client {
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().timeout(ANSWER_MAX).build();
        Self {
            http: http.expect("a client can be made"),
            base: base.to_owned(),
            bearer: None,
        }
    }

    /// Where the server is: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same client, with credentials.
    pub fn with_bearer(&self, token: &str) -> Self {
        Self {
            bearer: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same client, at an address that a proxy tells.
    pub fn forwarded_for(&self, chain: &str) -> Self {
        let value = chain.parse().expect("addresses may stand in a header");
        let headers = [(HeaderName::from_static("x-forwarded-for"), value)];
        let http = reqwest::Client::builder().timeout(ANSWER_MAX);
        let http = http.default_headers(headers.into_iter().collect()).build();
        Self {
            http: http.expect("a client can be made"),
            ..self.clone()
        }
    }

    /// The credentials, if there are any.
    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// The same client, of a server that was started again and is elsewhere now.
    pub fn moved_to(&self, server: &Self) -> Self {
        Self {
            bearer: self.bearer.clone(),
            ..server.clone()
        }
    }

    pub fn get(&self, path: &str) -> Request {
        self.send(self.http.get(self.url(path)))
    }

    /// Waits until the server is ready: all its sources have been read.
    pub async fn wait_until_ready(&self) {
        until("the server is ready", async || {
            let ready = self.get("/healthcheck/ready").await;
            (ready.status == 200).then_some(())
        })
        .await;
    }

    /// Gets something in a form other than JSON, and tells its content type and text.
    pub async fn get_text(&self, path: &str, accept: &str) -> (String, String) {
        let request = self.http.get(self.url(path)).header("accept", accept);
        let response = self.authorized(request).send().await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str();
        let kind = kind.expect("a content type is text").to_owned();
        let text = response
            .text()
            .await
            .expect("the server answers to the end");
        (kind, text)
    }

    pub fn post(&self, path: &str, body: Value) -> Request {
        self.send(self.http.post(self.url(path)).json(&body))
    }

    /// Uploads a component.
    pub fn put_component(&self, path: &str, component: &[u8]) -> Request {
        let request = self.http.put(self.url(path)).body(component.to_owned());
        self.send(request.header("content-type", "application/wasm"))
    }

    /// Sends a request of any method, with a body if there is one.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        let method = method.to_uppercase().parse();
        let request = self
            .http
            .request(method.expect("it is a method"), self.url(path));
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
    }

    pub fn patch(&self, path: &str, body: Value) -> Request {
        self.send(self.http.patch(self.url(path)).json(&body))
    }

    /// Posts bytes as they are, said to be JSON.
    pub fn post_bytes(&self, path: &str, body: impl Into<reqwest::Body>) -> Request {
        let request = self.http.post(self.url(path));
        let request = request.header("content-type", "application/json");
        self.send(request.body(body))
    }

    /// Posts with an `Idempotency-Key`.
    pub fn post_once(&self, path: &str, key: &str, body: Value) -> Request {
        let request = self.http.post(self.url(path)).json(&body);
        self.send(request.header("idempotency-key", key))
    }

    /// Posts, and tells the transport's error rather than failing the test: for servers that die.
    pub fn try_post(&self, path: &str, body: Value) -> Attempt {
        self.attempt(self.http.post(self.url(path)).json(&body))
    }

    /// Posts with an `Idempotency-Key` to a server that may die.
    pub fn try_post_once(&self, path: &str, key: &str, body: Value) -> Attempt {
        let request = self.http.post(self.url(path)).json(&body);
        self.attempt(request.header("idempotency-key", key))
    }

    /// Changes something of a server that may die.
    pub fn try_patch(&self, path: &str, body: Value) -> Attempt {
        self.attempt(self.http.patch(self.url(path)).json(&body))
    }

    fn attempt(&self, request: reqwest::RequestBuilder) -> Attempt {
        let request = self.authorized(request);
        async { answer(request.send().await.ok()?).await }.boxed()
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Request {
        let request = self.authorized(request);
        let answer = async {
            let response = request.send().await.expect("the server answers");
            answer(response)
                .await
                .expect("the server answers to the end")
        };
        answer.boxed()
    }

    fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

async fn answer(response: reqwest::Response) -> Option<Answer> {
    let status = response.status().as_u16();
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let challenge = header("www-authenticate");
    let retry_after = header("retry-after");
    let bytes = response.bytes().await.ok()?;
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Some(Answer {
        status,
        body,
        challenge,
        retry_after,
    })
}

impl Answer {
    /// The `data` of a success of this status.
    #[track_caller]
    pub fn data(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.body["success"], true, "{self:?}");
        self.body["data"].clone()
    }

    /// Checks that the request failed with this status and code, and tells the message.
    #[track_caller]
    pub fn failure(self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.body["success"], false, "{self:?}");
        assert_eq!(self.body["error"]["code"], code, "{self:?}");
        self.body["message"]
            .as_str()
            .expect("a failure has a message")
            .to_owned()
    }
}
