//! Refreshing the tickets from the ticketing systems while a request waits: for a limited time, after which the refresh
//! continues.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gatewit_desk::DeskError;
use gatewit_domain::problem::{Problem, SourceCode};
use gatewit_domain::source::SourceName;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::http::state::Shared;

/// The longest that a request waits: less than most proxies and clients allow.
const WAIT_MAX: Duration = Duration::from_secs(25);
/// The most refreshes at once. Each joins the next sync of its sources, so more would change nothing.
const UNDER_WAY_MAX: usize = 16;

static UNDER_WAY: Semaphore = Semaphore::const_new(UNDER_WAY_MAX);

#[derive(Serialize, ToSchema)]
pub struct Refreshed {
    #[schema(example = "The ticket cache was refreshed successfully from Pretix.")]
    message: String,
}

/// Whether the refresh has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    Ended,
    /// It continues in the background.
    GoesOn,
}

/// Refreshes the sources that `/tickets/*` serves.
pub async fn refresh(desk: &Shared) -> Result<Refresh, DeskError> {
    let desk = Shared::clone(desk);
    let refresh = async {
        // The semaphore is never closed.
        let under_way = UNDER_WAY.acquire().await.ok();
        // The refresh finishes even if the client leaves: otherwise its progress would be lost.
        let reading = tokio::spawn(async move {
            let _under_way = under_way;
            desk.sources.refresh_all().await
        });
        reading.await
    };
    match timeout(WAIT_MAX, refresh).await {
        Err(_) => Ok(Refresh::GoesOn),
        Ok(Ok(outcome)) => outcome.map(|()| Refresh::Ended),
        Ok(Err(_)) => Err(DeskError::Unavailable(Problem::new(
            SourceCode::RefreshCutOff,
            "reading the tickets anew was cut off; try again in a moment",
        ))),
    }
}

/// Names the sources that were refreshed, or are being refreshed.
pub fn answer(refresh: Refresh, sources: &[SourceName]) -> Response {
    let names: Vec<_> = sources.iter().map(in_a_sentence).collect();
    let names = names.join(" and ");
    let (status, message) = match refresh {
        Refresh::Ended => (
            StatusCode::OK,
            format!("The ticket cache was refreshed successfully from {names}."),
        ),
        Refresh::GoesOn => (
            StatusCode::ACCEPTED,
            format!("The ticket cache is still being refreshed from {names}."),
        ),
    };
    (status, Json(Refreshed { message })).into_response()
}

/// Capitalizes `pretix` as Pretix.
fn in_a_sentence(source: &SourceName) -> String {
    let mut letters = source.as_str().chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
