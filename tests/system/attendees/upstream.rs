//! Serves the pretix and Tito fixtures of the published cases on loopback.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// An upstream that stops with the test.
pub struct Upstream {
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    _serving: JoinSet<()>,
}

impl Upstream {
    pub async fn start(fixtures: Value) -> Self {
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::new(fixtures));
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, app)
                .await
                .expect("serving does not fail");
        });
        Self {
            base: format!("http://{address}"),
            _serving: serving,
        }
    }
}

async fn answer(
    State(fixtures): State<Arc<Value>>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let tito = &fixtures["tito_main"];
    if let Some(path) = uri.path().strip_prefix("/api/v1/organizers/org/events/") {
        return pretix(&fixtures["pretix_main"], path, &query);
    }
    let rows = match uri.path() {
        "/v3/acme/conf/releases" => &tito["releases"],
        "/v3/acme/conf/tickets" => &tito["tickets"],
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let meta = json!({"current_page": 1, "next_page": null, "per_page": 1000});
    let rows = match query.get("search[q]") {
        Some(text) => found(tito, text),
        None => rows.clone(),
    };
    Json(json!({name: rows, "meta": meta})).into_response()
}

/// Every event of pretix has the same products and orders; the one called `trial` is in test mode.
fn pretix(fixture: &Value, path: &str, query: &HashMap<String, String>) -> Response {
    let nothing = json!([]);
    let (event, list) = path.split_once('/').unwrap_or((path, ""));
    let rows = match list {
        "" => return Json(json!({"slug": event, "testmode": event == "trial"})).into_response(),
        "categories/" | "items/" => &fixture[list.trim_end_matches('/')],
        // Nothing ever changes.
        "orders/" if query.contains_key("modified_since") => &nothing,
        "orders/" => &fixture["orders"],
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let generated = [("x-page-generated", "2026-01-01T00:00:00Z")];
    let count = rows.as_array().map(Vec::len);
    let page = json!({"count": count, "next": null, "previous": null, "results": rows});
    (generated, Json(page)).into_response()
}

/// Tito finds every ticket that contains the text.
fn found(tito: &Value, text: &str) -> Value {
    let rows = [&tito["tickets"], &tito["live_only_tickets"]];
    let rows = rows.into_iter().filter_map(Value::as_array).flatten();
    let text = text.to_lowercase();
    let has_it = |row: &&Value| row.to_string().to_lowercase().contains(&text);
    rows.filter(has_it).cloned().collect()
}
