//! Accepts connections and serves HTTP/1.1 on them, with limits on time and number, so that no client keeps others out.
//! `gatewit-api.md` §1.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod activity;
mod admin_socket;
mod body;
mod connection;
mod connections;
mod limits;
mod refusals;
mod seldom;
mod serving;
mod stream;

pub use admin_socket::AdminSocket;
pub use body::is_too_slow;
pub use connection::Connection;
pub use limits::HttpLimits;

use connections::Connections;
use seldom::Seldom;

/// How long to pause before accepting again when no more files can be opened.
const REST: Duration = Duration::from_millis(5);

/// Serves `app` until `stop` is cancelled, then accepts no new connections and lets the requests under way finish.
///
/// When the future is dropped, each connection ends after its current request.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: HttpLimits,
    stop: CancellationToken,
) {
    let stop = stop.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let server = Server {
        connections: Arc::new(Connections::new(limits.connections_max)),
        limits: Arc::new(limits),
        app,
        tasks: TaskTracker::new(),
        stop,
    };
    let mut failures = Seldom::default();
    while let Some(accepted) = server.stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => server.open(stream, peer),
            Err(error) if is_of_the_client(error.kind()) => {}
            Err(error) => {
                if let Some(times) = failures.count() {
                    tracing::error!(error = %error, times, "cannot accept connections; closing some to make room");
                }
                server.connections.make_room();
                sleep(REST).await;
            }
        }
    }
    drop(listener);
    server.tasks.close();
    server.tasks.wait().await;
}

struct Server {
    app: Router,
    limits: Arc<HttpLimits>,
    connections: Arc<Connections>,
    /// One task per connection.
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    fn open(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole, so delaying packets gains nothing. If the option cannot be set, serve anyway.
        let _ = stream.set_nodelay(true);
        self.connections.open(|place| {
            let connection = Arc::new(Connection::new(place, self.limits.clone()));
            let serving = serving::serve(
                stream,
                peer,
                self.app.clone(),
                connection,
                self.stop.clone(),
            );
            self.tasks.spawn(serving).abort_handle()
        });
    }
}

/// Whether accepting failed because the client has already left.
fn is_of_the_client(error: ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
