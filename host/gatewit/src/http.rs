//! The HTTP interface: the routes and what they share. Handlers parse, call the desk and print the result; the rules
//! live in the desk.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use gatewit_domain::service::Desk;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod answer;
mod api;
mod context;
mod dialects;
mod extract;
pub mod openapi;
mod proxies;
mod request_id;
pub mod server;
mod sites;
mod throttle;

pub use context::Traffic;
pub use extract::ValidatorClient;
pub use proxies::TrustedProxies;
pub use sites::{AllowedHosts, CorsOrigins, ListensOn, PublicUrl, Sites};
pub use throttle::{GUESS_LIMIT, Throttle};

use crate::oidc::Oidc;
use answer::Failure;
use api::{check_ins, events, health, plugins, scanners, tickets};
use context::{ContextState, request_context};
use dialects::{attendee_validation, event_check_in};
use sites::Authentication;

/// The largest body of most requests (`gatewit-api.md` §1).
const BODY_MAX: usize = 1024 * 1024;
/// The largest body of a request that carries many tickets.
const BULK_MAX: usize = 32 * 1024 * 1024;
const BULK_ROUTE: &str = "/api/v1/events/{eventId}/tickets";

/// Returns the largest body of a request to a route.
fn body_max(route: &str) -> usize {
    match route {
        BULK_ROUTE => BULK_MAX,
        _ => BODY_MAX,
    }
}

/// The state of all handlers.
#[derive(Clone)]
pub struct App {
    pub desk: Arc<Desk>,
    /// Verifies identities; None: authentication is off.
    pub oidc: Option<Arc<Oidc>>,
}

/// The part of the state that handlers extract.
type Shared = Arc<Desk>;

impl FromRef<App> for Shared {
    fn from_ref(app: &App) -> Self {
        app.desk.clone()
    }
}

/// Builds every route of the server. Serve it with `ConnectInfo`, so that clients can be told apart.
pub fn router(app: App, traffic: Arc<Traffic>) -> Router {
    let cors = traffic.sites.cors();
    let state = ContextState {
        desk: app.desk.clone(),
        traffic,
        authentication: match app.oidc {
            Some(_) => Authentication::On,
            None => Authentication::Off,
        },
    };
    let router = Router::from(routes())
        .merge(openapi::pages::assets())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        // A single tuple of layers, outermost first: separate layers cost every request a few allocations each.
        .layer((
            from_fn_with_state(state, request_context),
            CatchPanicLayer::custom(panicked),
        ))
        .with_state(app);
    match cors {
        // Outermost, so that pages of other sites can also read failures of the layers within.
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Collects every route with its description. Routes are added by `routes!` only, so each is documented.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(health::root))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::show))
        .routes(routes!(openapi::pages::docs))
        .routes(routes!(openapi::pages::redoc))
        .merge(attendee_contract())
        .nest("/api/v1", management().merge(check_in_contract()))
}

/// Events, tickets and plugins: `gatewit-api.md` §3, §4, §10.
fn management() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events::list, events::create))
        .routes(routes!(events::show, events::change))
        .routes(routes!(events::publish))
        .routes(routes!(events::windows))
        .routes(routes!(tickets::list, tickets::issue))
        .routes(routes!(check_ins::list, check_ins::create))
        .routes(routes!(tickets::show, tickets::change))
        .routes(routes!(tickets::cancel))
        .routes(routes!(tickets::refund))
        .routes(routes!(tickets::reinstate))
        .routes(routes!(plugins::list))
}

/// The contract `event-check-in.txt`, as `gatewit-api.md` §6 settles it.
fn check_in_contract() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(scanners::generate_token))
        .routes(routes!(scanners::validate_token))
        .routes(routes!(scanners::register))
        .routes(routes!(scanners::statistics))
        .routes(routes!(scanners::list))
        .routes(routes!(scanners::list_active))
        .routes(routes!(scanners::revoke))
        .routes(routes!(event_check_in::validate))
        .routes(routes!(event_check_in::undo))
}

/// The contract `attendee-validation.txt`, as `gatewit-api.md` §9 settles it.
fn attendee_contract() -> OpenApiRouter<App> {
    let failed = |_| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        attendee_validation::refusal(status, "Internal Server Error")
    };
    OpenApiRouter::new()
        .routes(routes!(attendee_validation::validate_attendee))
        .routes(routes!(attendee_validation::validate_name))
        .routes(routes!(attendee_validation::validate_email))
        .routes(routes!(attendee_validation::ticket_types))
        .routes(routes!(attendee_validation::ticket_count))
        .routes(routes!(attendee_validation::refresh_all))
        .routes(routes!(attendee_validation::addon_statistics))
        .routes(routes!(attendee_validation::refresh_addon_statistics))
        .layer(from_fn(attendee_validation::refuse_head))
        .layer(CatchPanicLayer::custom(failed))
}

async fn no_such_path(uri: Uri) -> Response {
    let words = "there is nothing at this path";
    let failure = || Failure::new(StatusCode::NOT_FOUND, "not_found", words).into_response();
    attendee_validation::no_such_path(&uri).unwrap_or_else(failure)
}

async fn no_such_method(uri: Uri) -> Response {
    if attendee_validation::is_contract_path(uri.path()) {
        return attendee_validation::no_such_method(uri.path());
    }
    let words = "this path does not take this method";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Failure::new(status, "method_not_allowed", words).into_response()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::internal().into_response()
}
