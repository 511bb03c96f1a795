//! Endpoints that read the same requests as the server, but decide and store nothing.

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

/// The fields of a scan.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelloRequest {
    jwt_token: String,
    pub scanner_id: String,
    device_fingerprint: String,
    check_in_location: Option<String>,
}

/// The fields of a request about an attendee.
#[derive(Deserialize)]
struct AttendeeRequest {
    order_id: String,
    name: String,
}

#[derive(Serialize)]
pub struct HelloResponse {
    success: bool,
    message: &'static str,
    /// The length of all that was read, so that no part of the parsing is optimized away.
    read: usize,
}

pub fn router() -> Router {
    Router::new()
        .route("/hello", post(hello))
        .route("/hello-attendee", post(hello_attendee))
}

pub async fn hello(Json(request): Json<HelloRequest>) -> Json<HelloResponse> {
    let location = request.check_in_location.as_deref().map_or(0, str::len);
    let read =
        request.jwt_token.len() + request.scanner_id.len() + request.device_fingerprint.len();
    Json(HelloResponse {
        success: true,
        message: "Hello",
        read: read + location,
    })
}

async fn hello_attendee(Json(request): Json<AttendeeRequest>) -> Json<HelloResponse> {
    Json(HelloResponse {
        success: true,
        message: "Hello",
        read: request.order_id.len() + request.name.len(),
    })
}
