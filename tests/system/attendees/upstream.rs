//! pretix and Tito as the published cases have them: their fixtures, served on loopback.

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

/// An upstream that ends with the test.
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
    let (pretix, tito) = (&fixtures["pretix_main"], &fixtures["tito_main"]);
    let nothing = json!([]);
    let (rows, is_pretix) = match uri.path() {
        "/api/v1/organizers/org/events/ev/categories/" => (&pretix["categories"], true),
        "/api/v1/organizers/org/events/ev/items/" => (&pretix["items"], true),
        // Nothing ever changes.
        "/api/v1/organizers/org/events/ev/orders/" => match query.contains_key("modified_since") {
            true => (&nothing, true),
            false => (&pretix["orders"], true),
        },
        "/v3/acme/conf/releases" => (&tito["releases"], false),
        "/v3/acme/conf/tickets" => (&tito["tickets"], false),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    if is_pretix {
        let generated = [("x-page-generated", "2026-01-01T00:00:00Z")];
        let page = json!({"count": 1000, "next": null, "previous": null, "results": rows});
        return (generated, Json(page)).into_response();
    }
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let meta = json!({"current_page": 1, "next_page": null, "per_page": 1000});
    let rows = match query.get("search[q]") {
        Some(text) => found(tito, text),
        None => rows.clone(),
    };
    Json(json!({name: rows, "meta": meta})).into_response()
}

/// Tito finds whatever has the text in it anywhere.
fn found(tito: &Value, text: &str) -> Value {
    let rows = [&tito["tickets"], &tito["live_only_tickets"]];
    let rows = rows.into_iter().filter_map(Value::as_array).flatten();
    let text = text.to_lowercase();
    let has_it = |row: &&Value| row.to_string().to_lowercase().contains(&text);
    rows.filter(has_it).cloned().collect()
}
