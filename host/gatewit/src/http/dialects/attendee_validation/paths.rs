//! Paths and methods outside the contract's routes: a missing or surplus slash, a wrong method, an unknown path.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::answer::refusal;
use crate::http::openapi;

/// The methods of each path outside `/api/`.
static METHODS: LazyLock<BTreeMap<String, String>> = LazyLock::new(methods);

/// Whether a path answers in the contract's shape.
pub fn is_contract_path(path: &str) -> bool {
    path == "/tickets" || path.starts_with("/tickets/")
}

/// Whether a path of the contract makes the server read tickets anew, although its method is `GET`.
pub fn is_refresh(path: &str) -> bool {
    [
        "/tickets/refresh_all/",
        "/tickets/refresh_addon_statistics/",
    ]
    .contains(&path)
}

/// Answers an unknown path: redirects if only the final slash is missing or surplus, for any method and any caller.
/// None: the path is outside the contract.
pub fn no_such_path(uri: &Uri) -> Option<Response> {
    let path = uri.path();
    let other = match path.strip_suffix('/') {
        Some(shorter) => shorter.to_owned(),
        None => format!("{path}/"),
    };
    if METHODS.contains_key(&other) {
        return Some(redirect(&other, uri.query()));
    }
    is_contract_path(path).then(|| refusal(StatusCode::NOT_FOUND, "Not Found"))
}

/// Answers a method that a path of the contract does not support.
pub fn no_such_method(path: &str) -> Response {
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    if let Some(Ok(methods)) = METHODS
        .get(path)
        .map(|methods| HeaderValue::from_str(methods))
    {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// Refuses `HEAD`, which no path of the contract supports.
pub async fn refuse_head(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::HEAD => no_such_method(request.uri().path()),
        _ => next.run(request).await,
    }
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
    let document: Value = serde_json::from_str(&openapi::document()).expect("it is JSON");
    let paths = document["paths"].as_object().into_iter().flatten();
    let ours = paths.filter(|(path, _)| !path.starts_with("/api/"));
    let methods = ours.map(|(path, item)| {
        let names = item.as_object().into_iter().flatten();
        let names: Vec<_> = names.map(|(name, _)| name.to_uppercase()).collect();
        (path.clone(), names.join(", "))
    });
    methods.collect()
}
