//! Every route of the server, with what surrounds each request.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::answer::Failure;
use super::context::{ContextState, Traffic, request_context};
use super::fallback::{no_such_method, no_such_path};
use super::openapi::pages;
use super::routes::routes;
use super::sites::Authentication;
use super::state::App;

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
        .merge(pages::assets())
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

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::internal().into_response()
}
