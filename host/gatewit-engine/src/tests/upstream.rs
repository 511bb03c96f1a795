//! A ticketing system on loopback that answers as badly as it is asked to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// "hello", compressed.
const HELLO_GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00";
/// 100,000 zeros, compressed: this head, this many zero bytes, and this tail.
const BOMB_ZEROS: usize = 96;
const BOMB_ENDS: [&[u8]; 2] = [
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d\x0f\xa0",
    b"\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\x00",
];

/// Serves until the test's runtime ends.
pub(super) struct Upstream {
    pub address: SocketAddr,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    /// The heads of all requests, in lower case.
    requests: Mutex<Vec<String>>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let noted = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                noted.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&noted)));
            }
        });
        Self { address, log }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::Relaxed)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.log.requests.lock().unwrap().clone()
    }
}

/// Answers request after request. Errors are ignored: the client is what is tested.
async fn serve(mut stream: TcpStream, log: Arc<Log>) {
    while let Some(head) = read_head(&mut stream).await {
        log.requests.lock().unwrap().push(head.to_lowercase());
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        if !answer(&mut stream, &target).await {
            return;
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Returns whether the connection can take another request.
async fn answer(stream: &mut TcpStream, target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let ok = |headers: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    let plain = |body: &[u8]| ok(&format!("content-length: {}", body.len()), body);
    let gzip = |body: &[u8]| {
        let headers = format!("content-length: {}\r\ncontent-encoding: gzip", body.len());
        ok(&headers, body)
    };
    let response = match path {
        "/hello" => plain(b"hello"),
        "/large" => plain(&vec![b'x'; 20 << 20]),
        "/to" => format!("HTTP/1.1 302 Found\r\nlocation: {query}\r\ncontent-length: 0\r\n\r\n")
            .into_bytes(),
        "/gzip" => gzip(HELLO_GZIP),
        "/bomb" => gzip(&BOMB_ENDS.join(&[0; BOMB_ZEROS][..])),
        // Announces more than it sends, and closes.
        "/short" => {
            let _ = stream.write_all(&ok("content-length: 100", b"hello")).await;
            return false;
        }
        // Announces a gigabyte, and tries to send it.
        "/giant" => {
            endless(stream, &ok("content-length: 1073741824", b"")).await;
            return false;
        }
        // Announces less than it sends.
        "/more" => {
            endless(stream, &ok("content-length: 5", b"hello")).await;
            return false;
        }
        // Headers without an end.
        "/headers" => {
            endless(stream, b"HTTP/1.1 200 OK\r\nx: ").await;
            return false;
        }
        "/endless" => {
            endless(stream, &ok("connection: close", b"")).await;
            return false;
        }
        // Sends nothing, or stops in the middle, until the client gives up.
        "/silent" => Vec::new(),
        "/stuck" => ok("content-length: 100", b"hello"),
        _ => b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone".to_vec(),
    };
    stream.write_all(&response).await.is_ok()
}

async fn endless(stream: &mut TcpStream, head: &[u8]) {
    let mut sent = stream.write_all(head).await;
    while sent.is_ok() {
        sent = stream.write_all(&[b'x'; 4096]).await;
    }
}
