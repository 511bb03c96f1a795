//! The HTTP interface: routes, and what all of them share. Handlers parse, call the desk and print; rules live there.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use gatewit_domain::service::Desk;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

mod answer;
mod check_in;
mod check_ins;
mod events;
mod extract;
mod health;
pub mod openapi;
mod plugins;
mod proxies;
mod request_id;
mod scanners;
mod throttle;
mod tickets;
mod traffic;

pub use proxies::TrustedProxies;
pub use throttle::{GUESS_LIMIT, Throttle};
pub use traffic::Traffic;

use answer::Failure;

/// The largest body of most requests (`gatewit-api.md` §1).
const BODY_MAX: usize = 1024 * 1024;
/// The largest body of a request that carries many tickets.
const BULK_MAX: usize = 32 * 1024 * 1024;

type Shared = Arc<Desk>;

/// Builds every route of the server over a desk. To tell clients apart, it must be served with `ConnectInfo`.
pub fn router(desk: Arc<Desk>, traffic: Arc<Traffic>) -> Router {
    let watch = from_fn_with_state((Arc::clone(&desk), traffic), traffic::watch);
    Router::from(routes())
        .merge(openapi::pages::assets())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        // In one step, outermost first: each layer added by itself costs every request a few allocations.
        .layer((
            watch,
            CatchPanicLayer::custom(panicked),
            DefaultBodyLimit::max(BODY_MAX),
        ))
        .with_state(desk)
}

/// Every route with its description: what is added by `routes!` is documented, and there is no other way in here.
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(health::root))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::show))
        .routes(routes!(openapi::pages::docs))
        .routes(routes!(openapi::pages::redoc))
        .nest("/api/v1", management().merge(check_in_contract()))
}

/// Events, tickets and plugins: `gatewit-api.md` §3, §4, §10.
fn management() -> OpenApiRouter<Shared> {
    let bulk = DefaultBodyLimit::max(BULK_MAX);
    OpenApiRouter::new()
        .routes(routes!(events::list, events::create))
        .routes(routes!(events::show, events::change))
        .routes(routes!(events::publish))
        .routes(routes!(events::windows))
        .routes(routes!(tickets::list, tickets::issue).layer(bulk))
        .routes(routes!(check_ins::list, check_ins::create))
        .routes(routes!(tickets::show))
        .routes(routes!(tickets::cancel))
        .routes(routes!(tickets::refund))
        .routes(routes!(tickets::reinstate))
        .routes(routes!(plugins::list))
}

/// The contract `event-check-in.txt`, as `gatewit-api.md` §6 settles it.
fn check_in_contract() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(scanners::generate_token))
        .routes(routes!(scanners::validate_token))
        .routes(routes!(scanners::register))
        .routes(routes!(scanners::statistics))
        .routes(routes!(scanners::list))
        .routes(routes!(scanners::list_active))
        .routes(routes!(scanners::revoke))
        .routes(routes!(check_in::validate))
        .routes(routes!(check_in::undo))
}

async fn no_such_path() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this path",
    )
}

async fn no_such_method() -> Failure {
    let words = "this path does not take this method";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", words)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::internal().into_response()
}
