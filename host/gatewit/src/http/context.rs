//! Middleware for every request: an id, which its log lines name, a count, the throttle, and an answer to a panic.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use hyper::body::Body as HttpBody;
use tokio_util::task::TaskTracker;

use super::answer::{ErrorInfo, Failure};
use super::dialects::Dialect;
use super::proxies::TrustedProxies;
use super::request_id::{self, RequestId};
use super::route_table::{Route, RouteTable};
use super::run_to_end::RunToEnd;
use super::sites::{Authentication, Foreign, Sites, may_change};
use super::state::Shared;
use super::throttle::{Guess, Throttle, TooMany};
use crate::log::{self, RequestFields};
use crate::metrics::RequestCounts;

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
pub(super) struct RequestContext {
    pub desk: Shared,
    pub traffic: Arc<Traffic>,
    pub routes: RouteTable,
    pub authentication: Authentication,
}

/// Passes a request on. One that may change something runs to its end even if its client leaves, so that its commit
/// also reaches the state in memory.
pub(super) async fn request_context(
    State(context): State<Arc<RequestContext>>,
    request: Request,
    next: Next,
) -> Response {
    if !may_change(&request) {
        return context.pass(request, next).await;
    }
    let this = context.clone();
    let change = async move { this.pass(request, next).await };
    RunToEnd::new(change, &context.traffic.changes).await
}

impl RequestContext {
    /// Answers a request; every line that is logged meanwhile names its id.
    async fn pass(&self, request: Request, next: Next) -> Response {
        let begun = Instant::now();
        let id = RequestId::of(request.headers());
        let method = known_method(request.method().as_str());
        let route = self.routes.find(request.extensions().get());
        let fields = RequestFields {
            id: id.text().clone(),
            method,
            route: route.pattern.clone(),
        };
        let answering = async {
            let response = self.answer(request, next, route).await;
            let took = begun.elapsed();
            let status = response.status().as_u16();
            route.counts.count(method, status, took);
            tracing::debug!(
                target: log::TARGET,
                {
                    http.status = status,
                    error.code = response.extensions().get::<ErrorInfo>().map(|info| info.code.as_str()),
                    duration_ms = took.as_micros() as f64 / 1_000.0,
                },
                "answered"
            );
            response
        };
        let mut response = fields.within(answering).await;
        response
            .headers_mut()
            .insert(request_id::HEADER, HeaderValue::from(id));
        response
    }

    /// Lets the route answer, if the request may reach it and its caller may have the answer.
    async fn answer(&self, mut request: Request, next: Next, route: &Route) -> Response {
        let dialect = Dialect::of(request.uri().path());
        let from = (self.traffic.proxies).client(peer(&request), request.headers());
        let response = match self.check(&mut request, route).await {
            Ok(()) => {
                let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
                // The panic is logged where it happens.
                answer.unwrap_or_else(|_| Failure::internal().into_response())
            }
            Err(failure) => dialect.print(failure),
        };
        self.throttled(from, dialect, response)
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
    async fn check(&self, request: &mut Request, route: &Route) -> Result<(), Failure> {
        match self.traffic.sites.check(request, self.authentication) {
            // A body whose length is not announced may turn out to be none.
            Err(Foreign::Body) if is_empty(request.body_mut()).await => {
                *request.body_mut() = Body::empty();
            }
            checked => checked?,
        }
        if let Some(max) = route.body_max {
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
