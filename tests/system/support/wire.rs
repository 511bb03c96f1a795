//! A connection that sends what a test writes, whole or in part, as no well-behaved client would.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Client;

/// How long the server may take for its next words, or to close a connection.
const WORDS_MAX: Duration = Duration::from_secs(60);

/// A connection to one server.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct WireAnswer {
    pub status: u16,
    /// In small letters.
    pub head: String,
    /// Null if the answer was not JSON.
    pub body: Value,
}

impl Wire {
    pub async fn connect(client: &Client) -> Self {
        let address = client.base().strip_prefix("http://");
        let stream = TcpStream::connect(address.expect("a base is http")).await;
        Self {
            stream: stream.expect("the server listens"),
            read: Vec::new(),
        }
    }

    pub async fn send(&mut self, bytes: &str) {
        let sent = self.stream.write_all(bytes.as_bytes()).await;
        sent.expect("the server reads");
    }

    /// Sends a request with these header lines, and a body if there is one.
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> WireAnswer {
        self.send(&request(method, path, headers, body)).await;
        self.answer().await
    }

    /// Reads one answer.
    pub async fn answer(&mut self) -> WireAnswer {
        let head_ends = loop {
            let end = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            match end {
                Some(end) => break end,
                None => assert_ne!(
                    self.read_more().await,
                    0,
                    "the server closed the connection"
                ),
            }
        };
        let head = String::from_utf8_lossy(&self.read[..head_ends]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize =
            length.map_or(0, |length| length.parse().expect("a length is a number"));
        let ends = head_ends + 4 + length;
        while self.read.len() < ends {
            assert_ne!(
                self.read_more().await,
                0,
                "the server closed the connection"
            );
        }
        let answer: Vec<_> = self.read.drain(..ends).collect();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        WireAnswer {
            status: status.expect("an answer has a status"),
            head,
            body: serde_json::from_slice(&answer[head_ends + 4..]).unwrap_or_default(),
        }
    }

    /// Waits until the server closes the connection, and tells what it said before.
    pub async fn until_closed(mut self) -> String {
        while self.read_more().await > 0 {}
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// Reads what comes next; 0 if the connection is closed, in whatever way.
    async fn read_more(&mut self) -> usize {
        let read = self.stream.read_buf(&mut self.read);
        let read = timeout(WORDS_MAX, read).await;
        read.expect("the server speaks or closes the connection")
            .unwrap_or(0)
    }
}

/// A request with these header lines; with a body, its length is among them.
pub fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    format!("{head}\r\n{body}")
}
