//! Middleware for every request: an id, a span for its log lines, a count, and the throttle.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Body as HttpBody;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::answer::{ErrorInfo, Failure};
use super::body_limit::body_max;
use super::dialects::Dialect;
use super::proxies::TrustedProxies;
use super::request_id::{self, RequestId};
use super::sites::{Authentication, Foreign, Sites, may_change};
use super::state::Shared;
use super::throttle::{Guess, Throttle, TooMany};
use crate::metrics::{Answered, RequestCounts};

/// The route label of an unknown path: never the path itself, which may hold anything.
const NO_ROUTE: &str = "none";

/// Operators filter by it (`docs/operating.md`), so it does not follow the name of this module.
const LOG_TARGET: &str = "gatewit::http::traffic";

/// The shared state of the middleware.
#[derive(Default)]
pub struct Traffic {
    pub proxies: TrustedProxies,
    pub throttle: Throttle,
    pub counts: RequestCounts,
    pub sites: Sites,
    /// The running requests that may change something, even if their clients have left.
    pub changes: TaskTracker,
}

/// The middleware's access to the server.
#[derive(Clone)]
pub(super) struct ContextState {
    pub desk: Shared,
    pub traffic: Arc<Traffic>,
    pub authentication: Authentication,
}

/// Passes a request on. One that may change something runs to its end even if its client leaves, so that its commit
/// also reaches the state in memory.
pub(super) async fn request_context(
    State(context): State<ContextState>,
    request: Request,
    next: Next,
) -> Response {
    if !may_change(&request) {
        return context.pass(request, next).await;
    }
    let changes = context.traffic.changes.clone();
    let change = changes.spawn(async move { context.pass(request, next).await });
    // Fails only if something outside the handler panics; that is logged.
    let response = change.await;
    response.unwrap_or_else(|_| Failure::internal().into_response())
}

impl ContextState {
    /// Answers a request within a span that puts its id on every line it logs.
    async fn pass(&self, mut request: Request, next: Next) -> Response {
        let traffic = &self.traffic;
        let begun = Instant::now();
        let id = RequestId::of(request.headers());
        let method = known_method(request.method().as_str());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        let dialect = Dialect::of(request.uri().path());
        let from = traffic.proxies.client(peer(&request), request.headers());
        // At the error level, so that no log filter drops the id from a line that it lets through.
        let span = tracing::error_span!(target: LOG_TARGET, "request", request.id = %id, http.method = method, http.route = route);
        let answer = async {
            let response = match self.check(&mut request).await {
                Ok(()) => next.run(request).await,
                Err(failure) => dialect.print(failure),
            };
            let response = self.throttled(from, dialect, response);
            let took = begun.elapsed();
            let status = response.status().as_u16();
            traffic.counts.count(
                Answered {
                    method,
                    route,
                    status,
                },
                took,
            );
            tracing::debug!(
                target: LOG_TARGET,
                {
                    http.status = status,
                    error.code = response.extensions().get::<ErrorInfo>().map(|info| info.code.as_str()),
                    duration_ms = took.as_micros() as f64 / 1_000.0,
                },
                "answered"
            );
            response
        };
        let mut response = answer.instrument(span).await;
        response
            .headers_mut()
            .insert(request_id::HEADER, HeaderValue::from(id));
        response
    }

    /// Counts an answer to a wrong guess, and replaces it by a refusal if it was one too many.
    fn throttled(&self, from: IpAddr, dialect: Dialect, response: Response) -> Response {
        let Some(guess) = response.extensions().get::<Guess>() else {
            return response;
        };
        let judged = self.traffic.throttle.judge(guess, from, self.desk.now());
        match judged {
            Ok(()) => response,
            Err(TooMany {
                retry_after_seconds,
            }) => dialect.print(Failure::throttled(retry_after_seconds)),
        }
    }

    /// Checks what every route requires of a request, and limits its body.
    async fn check(&self, request: &mut Request) -> Result<(), Failure> {
        match self.traffic.sites.check(request, self.authentication) {
            // A body whose length is not announced may turn out to be none.
            Err(Foreign::Body) if is_empty(request.body_mut()).await => {
                *request.body_mut() = Body::empty();
            }
            checked => checked?,
        }
        if let Some(route) = request.extensions().get::<MatchedPath>() {
            let max = body_max(route.as_str());
            // An announced body is not waited for only to be refused.
            if request.body().size_hint().lower() > max as u64 {
                return Err(Failure::too_large());
            }
            DefaultBodyLimit::max(max).apply(request);
        }
        Ok(())
    }
}

/// Whether a body of a length that is not announced has no bytes. Waits for the first of them.
async fn is_empty(body: &mut Body) -> bool {
    body.size_hint().lower() == 0
        && poll_fn(|context| Pin::new(&mut *body).poll_frame(context))
            .await
            .is_none()
}

/// Returns the peer's address. Without `ConnectInfo`, all peers look the same.
fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip())
}

/// Returns a known method's name; clients can invent others.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}
