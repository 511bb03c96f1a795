//! A lean HTTP/1.1 client: it shares the cores with the server it measures, so it does no more than it must.
//!
//! One request at a time on a kept-alive connection, answers with a `Content-Length`. Not a general client.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;
/// The first bytes of successful answers.
const GOOD: [&[u8]; 3] = [
    br#"{"success":true"#,
    br#"{"is_attendee":true"#,
    br#"{"valid":true"#,
];

/// A connection to a server on this machine.
pub struct Connection {
    stream: TcpStream,
    /// The part of the answer that was read so far.
    read: Vec<u8>,
    chunk: Box<[u8]>,
}

/// One answer, borrowed from the connection's buffer.
pub struct Answer<'c> {
    pub status: u16,
    pub body: &'c [u8],
}

impl Answer<'_> {
    /// Fails unless the request succeeded: a ticket was let in, somebody is an attendee.
    pub fn must_succeed(&self) -> anyhow::Result<()> {
        let is_success = GOOD.iter().any(|good| self.body.starts_with(good));
        ensure!(
            is_success,
            "the server answered {} {}",
            self.status,
            String::from_utf8_lossy(self.body)
        );
        Ok(())
    }
}

/// The positions of an answer's parts.
struct Head {
    status: u16,
    body_starts: usize,
    body_length: usize,
}

impl Connection {
    pub async fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server)
            .await
            .context("cannot reach the server")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::new(),
            chunk: vec![0; READ_BYTES].into(),
        })
    }

    /// Sends a request and reads the whole answer.
    pub async fn call(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.write(request).await?;
        self.read.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(head) = head(&self.read)? {
                break head;
            }
        };
        let ends = head.body_starts + head.body_length;
        while self.read.len() < ends {
            self.read_more().await?;
        }
        ensure!(
            self.read.len() == ends,
            "the server answered more than it was asked"
        );
        Ok(Answer {
            status: head.status,
            body: &self.read[head.body_starts..],
        })
    }

    async fn write(&self, mut request: &[u8]) -> anyhow::Result<()> {
        while !request.is_empty() {
            match self.stream.try_write(request) {
                Ok(written) => request = &request[written..],
                Err(err) if err.kind() == ErrorKind::WouldBlock => self.stream.writable().await?,
                Err(err) => return Err(err).context("cannot send a request"),
            }
        }
        Ok(())
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut self.chunk) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(count) => {
                    self.read.extend_from_slice(&self.chunk[..count]);
                    return Ok(());
                }
                Err(err) if err.kind() == ErrorKind::WouldBlock => {}
                Err(err) => return Err(err).context("cannot read an answer"),
            }
        }
    }
}

/// Parses the head of an answer once it is complete.
fn head(read: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&read[..end]).context("the server does not speak HTTP")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    Ok(Some(Head {
        status: status.context("the server's answer has no status")?,
        body_starts: end + 4,
        body_length: length.context("the server's answer has no length")?,
    }))
}

/// A connection for one thread, which waits for each answer.
pub struct Caller {
    runtime: Runtime,
    connection: Connection,
}

impl Caller {
    pub fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let connection = runtime.block_on(Connection::open(server))?;
        Ok(Self {
            runtime,
            connection,
        })
    }

    pub fn call(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.runtime.block_on(self.connection.call(request))
    }
}

/// Writes a request with a JSON body.
pub fn write_post(path: &str, headers: &str, body: &str, request: &mut Vec<u8>) {
    request.clear();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body.as_bytes());
}

/// Writes a GET request into `request`, replacing its content.
pub fn write_get(path: &str, request: &mut Vec<u8>) {
    request.clear();
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    request.extend_from_slice(head.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
        assert!(head(&answer[..40]).unwrap().is_none());
        let head = head(answer).unwrap().unwrap();
        assert_eq!((head.status, head.body_length), (201, 5));
        assert_eq!(&answer[head.body_starts..], b"hello");
    }
}
