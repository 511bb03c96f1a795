//! An identity provider within the test, which answers as no real one would, and signs whatever it is given.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewit::oidc::OidcSettings;
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::START;
use super::door::with;
use super::provider::AUDIENCE;

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/jwks";

/// One key for all tests, since making one takes a while.
static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048);
    let pem = key.expect("a key can be made").to_pkcs1_pem(LineEnding::LF);
    let pem = pem.expect("a key can be written");
    EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key can be read")
});

/// The provider; it stops with the test.
pub struct Issuer {
    pub url: String,
    answers: Arc<Answers>,
    _serving: JoinSet<()>,
}

/// What the provider answers.
struct Answers {
    discovery: Mutex<(u16, Vec<u8>)>,
    keys: Mutex<(u16, Vec<u8>)>,
    asked: AtomicUsize,
}

impl Issuer {
    /// Starts a provider that answers as it should.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.local_addr();
        let url = format!("http://{}", address.expect("a bound socket has an address"));
        let answers = Arc::new(Answers {
            discovery: Mutex::default(),
            keys: Mutex::default(),
            asked: AtomicUsize::new(0),
        });
        let app = Router::new().fallback(answer).with_state(answers.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, app)
                .await
                .expect("serving does not fail");
        });
        let issuer = Self {
            url,
            answers,
            _serving: serving,
        };
        issuer.discover(200, &issuer.document());
        issuer.publish(200, &json!({"keys": [key("k1")]}));
        issuer
    }

    /// What a server is told of the provider.
    pub fn settings(&self) -> OidcSettings {
        OidcSettings {
            issuer: self.url.clone(),
            audience: AUDIENCE.to_owned(),
            algorithms: vec![Algorithm::RS256],
        }
    }

    /// The discovery document as it should be.
    pub fn document(&self) -> Value {
        json!({"issuer": self.url, "jwks_uri": format!("{}{KEYS}", self.url)})
    }

    /// Answers discovery with this from now on.
    pub fn discover(&self, status: u16, document: &Value) {
        *self.answers.discovery.lock().expect("nobody panics") = (status, bytes(document));
    }

    /// Answers whoever asks for the keys with this from now on.
    pub fn publish(&self, status: u16, document: &Value) {
        *self.answers.keys.lock().expect("nobody panics") = (status, bytes(document));
    }

    /// How often discovery was asked for.
    pub fn asked(&self) -> usize {
        self.answers.asked.load(Ordering::Relaxed)
    }

    /// A good token of an identity.
    pub fn token(&self, sub: &str) -> String {
        self.sign(json!({"sub": sub}))
    }

    /// A token that is good but for these claims; null leaves one out.
    pub fn sign(&self, fields: Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("k1".to_owned());
        self.sign_under(&header, fields)
    }

    /// The same under any header.
    pub fn sign_under(&self, header: &Header, fields: Value) -> String {
        let claims = self.claims(fields);
        jsonwebtoken::encode(header, &claims, &KEY).expect("claims can be signed")
    }

    /// The same under a header that no library would write.
    pub fn sign_under_odd(&self, header: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(&self.claims(json!({}))));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &KEY, Algorithm::RS256);
        format!("{message}.{}", signature.expect("a text can be signed"))
    }

    /// Good claims, but for these fields.
    fn claims(&self, fields: Value) -> Value {
        // Good at the time at which tests begin, and at the real one.
        let began: Timestamp = START.parse().expect("tests begin at a time");
        let ends = Timestamp::now().as_second() + 24 * 60 * 60;
        let claims = json!({
            "iss": self.url, "aud": AUDIENCE, "sub": "ada", "iat": began.as_second(), "exp": ends,
        });
        let mut claims = with(&claims, fields);
        let members = claims.as_object_mut().expect("claims are an object");
        members.retain(|_, value| !value.is_null());
        claims
    }
}

/// The public half of the key, under a name.
pub fn key(kid: &str) -> Value {
    let key = Jwk::from_encoding_key(&KEY, Algorithm::RS256).expect("a key has a public half");
    let key = serde_json::to_value(key).expect("a key prints as JSON");
    with(&key, json!({"kid": kid, "use": "sig"}))
}

/// A JSON text stands for itself, so that what is no JSON can be answered too.
fn bytes(document: &Value) -> Vec<u8> {
    match document {
        Value::String(text) => text.clone().into_bytes(),
        document => document.to_string().into_bytes(),
    }
}

async fn answer(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let (status, body) = match request.uri().path() {
        DISCOVERY => {
            answers.asked.fetch_add(1, Ordering::Relaxed);
            answers.discovery.lock().expect("nobody panics").clone()
        }
        KEYS => answers.keys.lock().expect("nobody panics").clone(),
        _ => (404, Vec::new()),
    };
    let response = Response::builder().status(status);
    let response = response.header("location", KEYS).body(Body::from(body));
    response.expect("statuses and bodies make an answer")
}
