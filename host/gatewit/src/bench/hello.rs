//! The endpoints that requests are compared with: they read the same requests, but decide and store nothing. The same
//! server has [`super::bare`] and the ticketing system for [`super::attendees`].

use std::io::Write;
use std::path::Path;

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{bare, upstream};
use crate::http::server::{self, HttpLimits};
use crate::open_files::raise_open_files;

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

/// Serves them on a free port until killed, with as many workers as `gatewit serve`. Files go to the working directory.
pub async fn serve() -> anyhow::Result<()> {
    let bare = spawn_blocking(|| bare::router(Path::new("."))).await??;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let app = Router::new()
        .route("/hello", post(hello))
        .route("/hello-attendee", post(hello_attendee))
        .merge(bare)
        .merge(upstream::router());
    let limits = HttpLimits::within_open_files(raise_open_files());
    server::serve(listener, app, limits, CancellationToken::new()).await;
    Ok(())
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
