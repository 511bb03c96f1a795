//! How a command asks about a data directory: over the socket of the server that holds it, else in this process. Either
//! way it sends a request to the same router, as an operator.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, bail};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Builder;
use axum::http::{StatusCode, header};
use axum::response::Response;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::directories::{CacheDirectory, DataDirectory, Directories, PluginDirectory};
use crate::http::server::AdminSocket;

mod in_process;

use in_process::InProcess;

/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 256 << 20;
/// What is encoded in a part of a path or query: all but what RFC 3986 leaves unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which data directory to ask about. The configuration and the plugins matter where no server holds it.
#[derive(clap::Args)]
pub struct AdminArguments {
    #[command(flatten)]
    data: DataDirectory,
    #[command(flatten)]
    cache: CacheDirectory,
    #[command(flatten)]
    plugins: PluginDirectory,
    /// The event configuration; without it, event_config.yml if it is there.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl AdminArguments {
    /// Asks about a data directory, with the defaults for the rest.
    pub fn of(data: PathBuf, plugins: PluginDirectory) -> Self {
        Self {
            data: DataDirectory { path: data },
            cache: CacheDirectory::default(),
            plugins,
            config: None,
        }
    }
}

/// Somebody who answers for a data directory.
pub enum Admin {
    /// The server that holds it.
    Server(PathBuf),
    /// This process, which holds it as long as this lives.
    InProcess(Box<InProcess>),
}

/// A successful answer.
#[derive(Deserialize)]
pub struct AdminAnswer {
    /// A sentence for people.
    pub message: String,
    pub data: Value,
}

impl Admin {
    /// Finds who answers for the data directory: its server if one runs, else this process, which opens it.
    pub async fn reach(arguments: &AdminArguments) -> anyhow::Result<Self> {
        let data = &arguments.data.path;
        let socket = AdminSocket::path(data);
        match UnixStream::connect(&socket).await {
            Ok(_) => return Ok(Self::Server(socket)),
            Err(error) if is_of_no_server(&error) => {}
            Err(error) => {
                let words = format!("cannot ask the server over {}", socket.display());
                return Err(error).context(words);
            }
        }
        let directories = Directories {
            data: data.clone(),
            cache: arguments.cache.within(data),
            plugins: arguments.plugins.path.clone(),
        };
        let here = InProcess::open(&directories, arguments.config.clone()).await?;
        Ok(Self::InProcess(Box::new(here)))
    }

    /// Gets a path of `/api/v1`, as an operator. An answer that is no success is an error with its message.
    pub async fn get(&self, path: &str) -> anyhow::Result<AdminAnswer> {
        let (status, body) = self.send(Request::get(path), Body::empty()).await?;
        successful(status, body)
    }

    /// Gets what may not be there.
    pub async fn find(&self, path: &str) -> anyhow::Result<Option<AdminAnswer>> {
        match self.send(Request::get(path), Body::empty()).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, body) => successful(status, body).map(Some),
        }
    }

    /// Puts a component.
    pub async fn put_component(
        &self,
        path: &str,
        component: Vec<u8>,
    ) -> anyhow::Result<AdminAnswer> {
        let request = Request::put(path).header(header::CONTENT_TYPE, "application/wasm");
        let (status, body) = self.send(request, component.into()).await?;
        successful(status, body)
    }

    async fn send(&self, request: Builder, body: Body) -> anyhow::Result<(StatusCode, Value)> {
        let request = request.header(header::HOST, "localhost").body(body);
        let request = request.context("cannot form a request")?;
        let response = match self {
            Self::Server(socket) => ask(socket.clone(), request).await?,
            Self::InProcess(here) => here.answer(request).await,
        };
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_MAX).await;
        let body = body.context("the server did not answer to the end")?;
        let body = serde_json::from_slice(&body).context("the answer is no JSON")?;
        Ok((status, body))
    }
}

fn successful(status: StatusCode, body: Value) -> anyhow::Result<AdminAnswer> {
    if !status.is_success() {
        let message = body["message"].as_str();
        bail!("{}", message.unwrap_or("the server failed"));
    }
    serde_json::from_value(body).context("the answer has another form")
}

/// Encodes a text for a path or a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Sends a request over a socket.
async fn ask(socket: PathBuf, request: Request) -> anyhow::Result<Response> {
    let words = || format!("cannot ask the server over {}", socket.display());
    let stream = UnixStream::connect(&socket).await.with_context(words)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .with_context(words)?;
    // Ends with the connection; its error is that of the request.
    tokio::spawn(connection);
    let response = sender.send_request(request).await;
    Ok(response.with_context(words)?.map(Body::new))
}

/// Whether a socket is missing, or was left by a server that was killed. No server listens on a path that is too long.
fn is_of_no_server(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput
    )
}
