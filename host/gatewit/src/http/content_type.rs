//! What bodies are by their content type.

use axum::http::{HeaderMap, header};

/// Whether a request announces `application/json`, the one type that no page of another site can send unasked.
pub fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).eq_ignore_ascii_case("application/json")
}

/// Whether a request announces bytes of its own kind, as a component is. No page of another site can send them unasked either.
pub fn is_component(headers: &HeaderMap) -> bool {
    let kind = media_type(headers).to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/wasm" | "application/octet-stream"
    )
}

/// Whether a request announces JSON or a format built on it, such as `application/problem+json`.
pub fn is_json_based(headers: &HeaderMap) -> bool {
    let kind = media_type(headers).to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Returns the content type without its parameters; empty if there is none that can be read.
fn media_type(headers: &HeaderMap) -> &str {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}
