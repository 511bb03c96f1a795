//! The paths of the contract and their methods.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::refusal::refusal;

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

/// Answers a method that a path of the contract does not take; `taken` lists those that it does.
pub fn no_such_method(taken: Option<&str>) -> Response {
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    if let Some(Ok(taken)) = taken.map(HeaderValue::from_str) {
        response.headers_mut().insert(header::ALLOW, taken);
    }
    response
}

/// Refuses `HEAD`, which no path of the contract takes; the routes for `GET` would.
pub async fn refuse_head(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::HEAD => no_such_method(Some("GET")),
        _ => next.run(request).await,
    }
}
