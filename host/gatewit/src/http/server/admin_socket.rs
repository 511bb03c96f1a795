//! The socket in the data directory over which commands of the same user ask a running server. `gatewit-api.md` §11.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustix::fs::{Mode, fchmod};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::REST;
use super::seldom::Seldom;

/// The name of the socket in a data directory.
const NAME: &str = "admin.sock";
/// How many connections are served at once. Further ones wait.
const CONNECTIONS_MAX: usize = 16;
/// How many connections the system holds meanwhile.
const WAITING_MAX: u32 = 16;

/// A socket that only the server's own user can connect to. Dropping it removes its file.
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Where the socket of a data directory is.
    pub fn path(data: &Path) -> PathBuf {
        data.join(NAME)
    }

    /// Listens in a data directory that this process holds: a socket that is there was left by a server that was killed.
    /// None, with a warning, if the system refuses, as it does for a long path: the server does without.
    pub fn open(data: &Path) -> Option<Self> {
        let path = Self::path(data);
        match listen(&path) {
            Ok(listener) => Some(Self { listener, path }),
            Err(error) => {
                tracing::warn!(
                    error = %error,
                    "cannot listen on {}: commands cannot ask this server, and need it stopped",
                    path.display()
                );
                None
            }
        }
    }

    /// Serves `app` until `stop` is cancelled, then lets the requests under way finish.
    pub async fn serve(self, app: Router, stop: CancellationToken) {
        let app = TowerToHyperService::new(app);
        let tasks = TaskTracker::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut failed = Seldom::default();
        while let Some(accepted) = stop.run_until_cancelled(self.accept(&places)).await {
            match accepted {
                Ok((stream, place)) => {
                    let serving = serve_connection(stream, app.clone(), stop.clone());
                    tasks.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    if let Some(times) = failed.count() {
                        tracing::warn!(times, error = %error, "cannot accept connections of commands");
                    }
                    sleep(REST).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Accepts a connection once there is a place for it, which it occupies until the permit is dropped.
    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> io::Result<(UnixStream, OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await;
        let place = place.map_err(io::Error::other)?;
        let (stream, _) = self.listener.accept().await?;
        Ok((stream, place))
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(error = %error, "cannot remove {}", self.path.display());
        }
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    remove_stale(path)?;
    let socket = UnixSocket::new_stream()?;
    // Before the file exists, so that nobody else can connect in between.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(path)?;
    socket.listen(WAITING_MAX)
}

/// Removes a socket that no server listens on. Anything else under its name stays, and is an error of `bind`.
fn remove_stale(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Serves a connection; once `stop` is cancelled, only until the current request ends.
async fn serve_connection(
    stream: UnixStream,
    app: TowerToHyperService<Router>,
    stop: CancellationToken,
) {
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), app);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection of a command failed");
    }
}
