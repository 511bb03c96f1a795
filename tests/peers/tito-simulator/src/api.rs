//! Handles requests, and makes them fail as the switches say.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::list::{Parameters, page};
use crate::{Conference, Switches, Ticket, Tito, Trouble, Version, lock};

type Shared = Arc<Mutex<Tito>>;
type Pairs = Query<Vec<(String, String)>>;

/// States that are listed only on request.
const HIDDEN_STATE: &str = "void";

pub fn router(tito: Shared) -> Router {
    Router::new()
        .route("/v3/hello", get(hello))
        .route("/v3/{account}/{event}/releases", get(releases))
        .route("/v3/{account}/{event}/tickets", get(tickets))
        .route("/v3/{account}/{event}/tickets/{slug}", get(ticket))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "Not Found"))
        .layer(from_fn_with_state(Arc::clone(&tito), befall))
        .with_state(tito)
}

/// Counts the request, checks its token, and applies the switches to it.
async fn befall(State(tito): State<Shared>, request: Request, next: Next) -> Response {
    let (switches, requests) = {
        let mut tito = lock(&tito);
        tito.requests += 1;
        (tito.switches.clone(), tito.requests)
    };
    if let Some(Trouble::Slow(time)) = switches.trouble {
        tokio::time::sleep(time).await;
    }
    if switches
        .refuse_every
        .is_some_and(|every| requests.is_multiple_of(every))
    {
        return too_many(switches.retry_after);
    }
    if let Some(Trouble::Status(status)) = switches.trouble {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return refusal(status, "trouble");
    }
    let token = request.headers().get(header::AUTHORIZATION);
    let expected = format!("Token token={}", switches.token);
    if token.is_none_or(|token| token != expected.as_str()) {
        return refusal(StatusCode::UNAUTHORIZED, "The API token is missing.");
    }
    let response = next.run(request).await;
    match switches.trouble {
        Some(Trouble::Cut) => cut(response).await,
        _ => response,
    }
}

/// Returns half of the text.
async fn cut(response: Response) -> Response {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    let body = body.unwrap_or_else(|_| Bytes::new());
    json_text(StatusCode::OK, body.slice(..body.len() / 2))
}

fn too_many(retry_after: Option<u32>) -> Response {
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "Too many requests.");
    if let Some(seconds) = retry_after {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "status": status.as_u16(), "message": message, "errors": {}, "error_list": [], "test_mode": false,
    });
    json_text(status, body.to_string().into())
}

fn json_text(status: StatusCode, text: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn answer(json: &Value) -> Response {
    json_text(StatusCode::OK, json.to_string().into())
}

async fn hello(State(tito): State<Shared>) -> Response {
    let account = lock(&tito).conference.account;
    answer(
        &json!({"authenticated": true, "access_token": "*oken", "lookup_mode": "live", "accounts": [account]}),
    )
}

async fn releases(
    State(tito): State<Shared>,
    Path(place): Path<(String, String)>,
    Query(pairs): Pairs,
) -> Response {
    list(
        &tito,
        &place,
        pairs,
        "releases",
        |tito, parameters, version| {
            let with_activities = match version {
                Version::V3_0 => parameters.get("view") == Some("extended"),
                Version::V3_1 => expands(parameters, "activities"),
            };
            let releases = tito.conference.releases.iter();
            let rows = releases.map(|release| release.json(version, with_activities));
            rows.collect()
        },
    )
}

async fn tickets(
    State(tito): State<Shared>,
    Path(place): Path<(String, String)>,
    Query(pairs): Pairs,
) -> Response {
    list(
        &tito,
        &place,
        pairs,
        "tickets",
        |tito, parameters, version| {
            let conference = &tito.conference;
            let tickets = conference.tickets.iter().enumerate();
            let found = tickets.filter(|(_, ticket)| is_sought(ticket, parameters, &tito.switches));
            let rows = found.filter_map(|(id, ticket)| row(conference, id, ticket, version));
            let mut rows: Vec<_> = rows.collect();
            // Newest first, unless told otherwise.
            if parameters.get("search[direction]") != Some("asc") {
                rows.reverse();
            }
            if tito.switches.shuffle {
                shuffle(&mut rows, tito.requests);
            }
            rows
        },
    )
}

/// Sorts rows in an order that depends only on the number of the request.
fn shuffle(rows: &mut [Value], request: u64) {
    rows.sort_by_cached_key(|row| {
        let mut hasher = DefaultHasher::new();
        (request, row["id"].as_u64()).hash(&mut hasher);
        hasher.finish()
    });
}

/// Answers one page of a list of the event.
fn list(
    tito: &Shared,
    place: &(String, String),
    pairs: Vec<(String, String)>,
    name: &str,
    rows: impl FnOnce(&Tito, &Parameters, Version) -> Vec<Value>,
) -> Response {
    let tito = &*lock(tito);
    let parameters = Parameters(pairs);
    if !tito.conference.is_at(place) {
        return refusal(StatusCode::NOT_FOUND, "Not Found");
    }
    let version = version(&parameters, &tito.switches);
    let rows = rows(tito, &parameters, version);
    answer(&page(name, rows, &parameters, &tito.switches, version))
}

async fn ticket(
    State(tito): State<Shared>,
    Path((account, event, slug)): Path<(String, String, String)>,
    Query(pairs): Pairs,
) -> Response {
    let Tito {
        conference,
        switches,
        ..
    } = &*lock(&tito);
    let version = version(&Parameters(pairs), switches);
    let mut tickets = conference.tickets.iter().enumerate();
    let found = tickets.find(|(_, ticket)| ticket.slug == slug);
    let found = found.filter(|_| conference.is_at(&(account, event)));
    match found.and_then(|(id, ticket)| row(conference, id, ticket, version)) {
        Some(ticket) => answer(&json!({ "ticket": ticket })),
        None => refusal(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn row(conference: &Conference, id: usize, ticket: &Ticket, version: Version) -> Option<Value> {
    let release = conference.release(ticket.release)?;
    Some(ticket.json(id, version, release))
}

/// Whether a ticket matches the search.
fn is_sought(ticket: &Ticket, parameters: &Parameters, switches: &Switches) -> bool {
    let mut states = parameters.all("search[states][]").peekable();
    let is_of_state = match states.peek() {
        Some(_) => states.any(|state| state == ticket.state_name()),
        None => ticket.state_name() != HIDDEN_STATE,
    };
    // The documentation says `q`, clients send `search[q]`.
    let text = parameters.get("search[q]").or_else(|| parameters.get("q"));
    let text = text.map(str::to_lowercase).unwrap_or_default();
    let is_found = |word: &str| match switches.whole_words {
        true => word.to_lowercase() == text,
        false => word.to_lowercase().contains(&text),
    };
    is_of_state && (text.is_empty() || ticket.words().any(is_found))
}

fn expands(parameters: &Parameters, what: &str) -> bool {
    let expand = parameters.get("expand").unwrap_or_default();
    expand.split(',').any(|part| part.trim() == what)
}

/// The version in the URL wins over the token's setting.
fn version(parameters: &Parameters, switches: &Switches) -> Version {
    let named = parameters.get("version").and_then(Version::parse);
    named.unwrap_or(switches.version)
}

impl Conference {
    fn is_at(&self, (account, event): &(String, String)) -> bool {
        self.account == account && self.event == event
    }
}
