//! The routes, each with its description, and the document that these descriptions make.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{
    check_ins, events, health, plugins, registration_tokens, replay, scanners, tickets,
};
use super::dialects;
use super::openapi;
use super::state::App;

/// The document as served.
static DOCUMENT: LazyLock<String> = LazyLock::new(document);

/// Collects every route with its description. Routes are added by `routes!` only, so each is documented. Each names its
/// whole path: a nested router would give every request a new URI.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(health::root))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(show))
        .routes(routes!(openapi::pages::docs))
        .routes(routes!(openapi::pages::redoc))
        .merge(dialects::routes())
        .merge(management())
        .merge(scanner_links())
}

/// Events, tickets and plugins: `gatewit-api.md` §3, §4, §10.
fn management() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events::list, events::create))
        .routes(routes!(events::show, events::change, events::delete))
        .routes(routes!(events::publish))
        .routes(routes!(events::windows))
        .routes(routes!(tickets::list, tickets::issue))
        .routes(routes!(check_ins::list, check_ins::create))
        .routes(routes!(replay::replay))
        .routes(routes!(tickets::show, tickets::change))
        .routes(routes!(tickets::cancel))
        .routes(routes!(tickets::refund))
        .routes(routes!(tickets::reinstate))
        .routes(routes!(tickets::explain::explain))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::show, plugins::upload, plugins::remove))
        .routes(routes!(plugins::roll_back))
        .routes(routes!(plugins::history))
}

/// Linking devices as scanners: `event-check-in.txt`, `gatewit-api.md` §6.
fn scanner_links() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(registration_tokens::generate_token))
        .routes(routes!(registration_tokens::validate_token))
        .routes(routes!(scanners::register))
        .routes(routes!(scanners::statistics))
        .routes(routes!(scanners::list))
        .routes(routes!(scanners::list_active))
        .routes(routes!(scanners::revoke))
}

/// Prints the OpenAPI document of all routes.
pub fn document() -> String {
    openapi::print(routes().into_openapi())
}

/// Returns this document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "Description",
    responses((status = 200, body = Object, description = "An OpenAPI 3.1 document."))
)]
async fn show() -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, DOCUMENT.as_str()).into_response()
}
