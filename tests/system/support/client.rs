//! A client of the API: one method a verb, answers as JSON.

use serde_json::Value;

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
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
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

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.http.post(self.url(path)).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.http.patch(self.url(path)).json(&body)).await
    }

    /// Posts bytes as they are, said to be JSON.
    pub async fn post_bytes(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(self.url(path));
        let request = request
            .header("content-type", "application/json")
            .body(body);
        self.send(request).await
    }

    /// Posts with an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        let request = self.http.post(self.url(path)).json(&body);
        self.send(request.header("idempotency-key", key)).await
    }

    /// Posts, and tells the transport's error rather than failing the test: for servers that die.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        let request = self.authorized(self.http.post(self.url(path)).json(&body));
        answer(request.send().await.ok()?).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = self
            .authorized(request)
            .send()
            .await
            .expect("the server answers");
        answer(response)
            .await
            .expect("the server answers to the end")
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
    let bytes = response.bytes().await.ok()?;
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Some(Answer { status, body })
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
