//! Requests that no route takes: a missing or surplus slash, a wrong method, an unknown path.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::dialects::Dialect;
use super::routes;

/// The methods of each path outside `/api/`.
static METHODS: LazyLock<BTreeMap<String, String>> = LazyLock::new(methods);

/// Answers an unknown path: redirects if only the final slash is missing or surplus, for any method and any caller.
pub(super) async fn no_such_path(uri: Uri) -> Response {
    let path = uri.path();
    let other = match path.strip_suffix('/') {
        Some(shorter) => shorter.to_owned(),
        None => format!("{path}/"),
    };
    if METHODS.contains_key(&other) {
        return redirect(&other, uri.query());
    }
    Dialect::of(path).no_such_path()
}

/// Answers a method that a path does not take.
pub(super) async fn no_such_method(uri: Uri) -> Response {
    let taken = METHODS.get(uri.path()).map(String::as_str);
    Dialect::of(uri.path()).no_such_method(taken)
}

/// Redirects a client to another path of this server, with the same method and body. The location is relative: a proxy
/// may serve us under another name and scheme.
fn redirect(path: &str, query: Option<&str>) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let location = HeaderValue::from_str(&format!("{path}{query}"));
    let location = location.unwrap_or_else(|_| HeaderValue::from_static("/"));
    (
        StatusCode::TEMPORARY_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}

fn methods() -> BTreeMap<String, String> {
    let document: Value = serde_json::from_str(&routes::document()).expect("it is JSON");
    let paths = document["paths"].as_object().into_iter().flatten();
    let ours = paths.filter(|(path, _)| !path.starts_with("/api/"));
    let methods = ours.map(|(path, item)| {
        let names = item.as_object().into_iter().flatten();
        let names: Vec<_> = names.map(|(name, _)| name.to_uppercase()).collect();
        (path.clone(), names.join(", "))
    });
    methods.collect()
}
