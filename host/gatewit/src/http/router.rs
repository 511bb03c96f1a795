//! Every route of the server, with what surrounds each request.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use super::context::{RequestContext, Traffic, request_context};
use super::fallback::{no_such_method, no_such_path};
use super::openapi::pages;
use super::route_table::RouteTable;
use super::routes::routes;
use super::sites::Authentication;
use super::state::App;

/// Builds every route of the server. Serve it with `ConnectInfo`, so that clients can be told apart.
pub fn router(app: App, traffic: Arc<Traffic>) -> Router {
    let (routes, document) = routes().split_for_parts();
    let described = document.paths.paths.keys().map(String::as_str);
    let patterns = described.chain(pages::ASSETS);
    let cors = traffic.sites.cors();
    let context = RequestContext {
        desk: app.desk.clone(),
        routes: RouteTable::new(patterns, &traffic.counts),
        traffic,
        authentication: match app.oidc {
            Some(_) => Authentication::On,
            None => Authentication::Off,
        },
    };
    let router = routes
        .merge(pages::assets())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(Arc::new(context), request_context))
        .with_state(app);
    match cors {
        // Outermost, so that pages of other sites can also read failures of the layers within.
        Some(cors) => router.layer(cors),
        None => router,
    }
}
