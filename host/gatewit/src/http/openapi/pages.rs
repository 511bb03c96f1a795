//! The pages that show the description, Swagger UI and Redoc, both embedded in this program.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use gatewit_domain::problem::RequestCode;
use utoipa_swagger_ui::{Config, serve};

use crate::http::answer::Failure;
use crate::http::extract::PathText;

/// The pages may fetch from this server only, whatever their scripts request.
const CONTENT_POLICY: &str = "default-src 'none'; connect-src 'self'; font-src 'self' data:; img-src 'self' data:; \
     script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";
/// Pinned; `assets/redoc/README.md` says where it comes from.
const REDOC_SCRIPT: &str = include_str!("../../../assets/redoc/redoc.standalone.js");
const REDOC_PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gatewit</title>
</head>
<body>
<redoc spec-url="openapi.json"></redoc>
<script src="redoc/redoc.standalone.js"></script>
</body>
</html>
"#;

/// The scripts and styles of the pages. Only the pages themselves are in the document.
pub const ASSETS: [&str; 3] = ["/docs/", "/docs/{*file}", "/redoc/redoc.standalone.js"];

/// Serves the [`ASSETS`].
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let [index, file, script] = ASSETS;
    Router::new()
        .route(index, get(swagger_index))
        .route(file, get(swagger_file))
        .route(script, get(redoc_script))
        .layer(map_response(fenced))
}

/// Shows this description in Swagger UI.
#[utoipa::path(
    get, path = "/docs", tag = "Description",
    responses((status = 308, description = "The page is at `/docs/`."))
)]
pub async fn docs() -> Redirect {
    Redirect::permanent("/docs/")
}

/// Shows this description in Redoc.
#[utoipa::path(
    get, path = "/redoc", tag = "Description",
    responses((status = 200, body = String, content_type = "text/html", description = "A page for people."))
)]
pub async fn redoc() -> Response {
    fenced(Html(REDOC_PAGE).into_response()).await
}

async fn redoc_script() -> Response {
    let script = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (script, REDOC_SCRIPT).into_response()
}

async fn swagger_index() -> Result<Response, Failure> {
    swagger("index.html")
}

async fn swagger_file(PathText(file): PathText) -> Result<Response, Failure> {
    swagger(&file)
}

fn swagger(file: &str) -> Result<Response, Failure> {
    let config = Config::from("/openapi.json").validator_url("none");
    match serve(file, Arc::new(config)) {
        Ok(Some(found)) => {
            let kind = [(header::CONTENT_TYPE, found.content_type)];
            Ok((kind, found.bytes.into_owned()).into_response())
        }
        Ok(None) => Err(Failure::new(
            StatusCode::NOT_FOUND,
            RequestCode::NotFound,
            "there is no such file",
        )),
        Err(error) => {
            tracing::error!(error = %error, "a page of the documentation cannot be made");
            Err(Failure::internal())
        }
    }
}

async fn fenced(mut response: Response) -> Response {
    if response.status() == StatusCode::OK {
        let policy = header::HeaderValue::from_static(CONTENT_POLICY);
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
