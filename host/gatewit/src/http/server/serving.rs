//! Serves one connection until its client leaves, is too slow or has to make room.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::body::timed;
use super::connection::Connection;
use super::limits::BUFFER_MAX;
use super::refusals::SpokenRefusals;
use super::stream::NotedStream;

/// The byte stream that hyper reads and writes.
type HttpStream<S> = TokioIo<SpokenRefusals<NotedStream<S>>>;

/// Serves a connection; once `stop` is cancelled, only until the current request ends.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    app: Router,
    connection: Arc<Connection>,
    stop: CancellationToken,
) {
    let app = TowerToHyperService::new(app);
    let stream = NotedStream::new(stream, connection.clone());
    let mut idle = Some(TokioIo::new(SpokenRefusals::new(stream)));
    while let Some(stream) = idle {
        idle = serve_until_idle(stream, peer, &app, &connection, &stop).await;
    }
}

/// Serves a connection until it ends, or until it has been idle for as long as a head may take; then returns its stream.
/// It is not idle if the beginning of a head has come together with the request before. hyper holds such bytes, and
/// gives them out only when its connection is taken apart.
async fn serve_until_idle<S: AsyncRead + AsyncWrite + Unpin>(
    stream: HttpStream<S>,
    peer: SocketAddr,
    app: &TowerToHyperService<Router>,
    connection: &Arc<Connection>,
    stop: &CancellationToken,
) -> Option<HttpStream<S>> {
    let service = service_fn(|request| answer(request, peer, app, connection));
    let mut http = http1::Builder::new();
    let http = http.max_buf_size(BUFFER_MAX).max_header_size(BUFFER_MAX);
    let mut serving = http.serve_connection(stream, service);
    let mut stopped = pin!(stop.cancelled());
    let mut is_stopping = false;
    let mut timer = pin!(sleep_until(Instant::now().into()));
    let ended = poll_fn(|context| {
        if !is_stopping && stopped.as_mut().poll(context).is_ready() {
            is_stopping = true;
            Pin::new(&mut serving).graceful_shutdown();
        }
        // Poll the connection first, then the timer: progress moves the deadline.
        if let Poll::Ready(ended) = Pin::new(&mut serving).poll(context) {
            return Poll::Ready(Some(ended));
        }
        let overdue = connection.poll_overdue(context, timer.as_mut());
        overdue.map(|()| None)
    });
    match ended.await {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(error = %error, "a connection failed"),
        None => {
            let may_stay = connection.activity().is_perhaps_idle();
            let parts = serving.into_parts();
            if may_stay && parts.read_buf.is_empty() {
                return Some(parts.io);
            }
            tracing::debug!("a client was too slow; its connection is closed");
        }
    }
    None
}

/// Answers a request, and notes its start and the end of its answer.
fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    app: &TowerToHyperService<Router>,
    connection: &Arc<Connection>,
) -> impl Future<Output = Result<Response<AnswerBody>, Infallible>> + use<> {
    connection.activity().request_began();
    let mut request = request.map(|body| timed(body, connection.limits()));
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(connection.clone());
    let answered = Answered(connection.clone());
    let answer = app.call(request);
    async move {
        let response = answer.await?;
        Ok(response.map(|body| AnswerBody {
            body,
            _answered: answered,
        }))
    }
}

/// Notes the end of an answer when dropped.
struct Answered(Arc<Connection>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of an answer, dropped once all of it is ready to be written.
struct AnswerBody {
    body: Body,
    _answered: Answered,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::timeout;

    use super::*;
    use crate::http::server::connections::Connections;
    use crate::http::server::limits::HttpLimits;

    /// An answer larger than the buffers between server and client.
    const LONG: usize = 1_000_000;
    const BETWEEN: usize = 1_000;
    const ENDS_MAX: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_cut() {
        let limits = HttpLimits {
            answer_stall: Duration::from_millis(10),
            ..HttpLimits::default()
        };
        let (mut client, stream) = duplex(BETWEEN);
        let app = Router::new().fallback(async || "x".repeat(LONG));
        let mut serving = None;
        Arc::new(Connections::new(1)).open(|place| {
            let connection = Arc::new(Connection::new(place, Arc::new(limits)));
            let peer = SocketAddr::from(([127, 0, 0, 1], 0));
            let task = serve(stream, peer, app, connection, CancellationToken::new());
            let task = tokio::spawn(task);
            let handle = task.abort_handle();
            serving = Some(task);
            handle
        });
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        client.write_all(request).await.unwrap();
        let ended = timeout(ENDS_MAX, serving.unwrap()).await;
        ended.expect("the server gives up").unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(!answer.is_empty() && answer.len() <= BETWEEN);
    }
}
