//! Adds a body to the answers that hyper itself gives to a request whose head is too large or is not HTTP.
//!
//! hyper writes such an answer without a body, closes the connection, and offers no hook. So the answer is replaced as
//! it is written. Answers of handlers always have a body, so none of them is mistaken for one of hyper's.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use gatewit_domain::problem::RequestCode;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::limits::BUFFER_MAX;
use crate::http::code::{Code, HttpCode};

/// A first line beyond half of what a head may have makes the path too long, a shorter one the headers.
const LINE_MAX: usize = BUFFER_MAX / 2;
const NO_BODY: &str = "content-length: 0\r\n";
/// How many more bytes of a client are read before the connection is closed. Closing it earlier would discard the answer
/// if the client is still sending.
const DRAINED_MAX: usize = 1 << 20;

/// A connection's byte stream that adds a body to hyper's refusals.
pub struct SpokenRefusals<S> {
    stream: S,
    first_line: FirstLine,
    /// The answer that replaces hyper's, and how many bytes of it are written.
    instead: Option<(Vec<u8>, usize)>,
    /// How much may still be read before the connection is closed.
    to_drain: usize,
}

/// The first line of the current request head, as far as it has come.
#[derive(Clone, Copy, Default)]
struct FirstLine {
    length: usize,
    has_ended: bool,
}

impl FirstLine {
    fn read(&mut self, bytes: &[u8]) {
        if !self.has_ended {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            self.has_ended = end.is_some();
            self.length += end.unwrap_or(bytes.len());
        }
    }

    /// Whether a head is too long because of this line: because of the path and query.
    fn is_too_long(self) -> bool {
        self.length > LINE_MAX
    }
}

impl<S> SpokenRefusals<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            first_line: FirstLine::default(),
            instead: None,
            to_drain: DRAINED_MAX,
        }
    }
}

impl<S: AsyncWrite + Unpin> SpokenRefusals<S> {
    /// Writes the replacement for these bytes, if they are one of hyper's answers; otherwise returns None.
    fn poll_refusal(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<Option<usize>>> {
        if self.instead.is_none() {
            self.instead = spoken(bytes, self.first_line).map(|answer| (answer, 0));
            // The next bytes belong to another request.
            self.first_line = FirstLine::default();
        }
        let Some((answer, written)) = &mut self.instead else {
            return Poll::Ready(Ok(None));
        };
        while *written < answer.len() {
            let count =
                ready!(Pin::new(&mut self.stream).poll_write(context, &answer[*written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += count;
        }
        self.instead = None;
        Poll::Ready(Ok(Some(bytes.len())))
    }
}

/// Returns the replacement if these bytes are one of hyper's own answers.
fn spoken(bytes: &[u8], first_line: FirstLine) -> Option<Vec<u8>> {
    let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    // Most answers are successes, and need not be read further.
    if ![b"400", b"414", b"431"].contains(&status.as_array()?) {
        return None;
    }
    let head = str::from_utf8(bytes).ok()?;
    let status = head.get(9..12)?;
    if !head.contains(NO_BODY) || !head.ends_with("\r\n\r\n") {
        return None;
    }
    let (line, code, words) = match status {
        "431" if !first_line.is_too_long() => (
            "431 Request Header Fields Too Large",
            Code::Http(HttpCode::HeadersTooLarge),
            "the request's headers are too many or too long; send fewer",
        ),
        "414" | "431" => (
            "414 URI Too Long",
            Code::Http(HttpCode::UriTooLong),
            "the request's path and query are too long; send less in them",
        ),
        "400" => (
            "400 Bad Request",
            RequestCode::Malformed.into(),
            "the request is not HTTP/1.1 that can be read",
        ),
        _ => return None,
    };
    let body =
        json!({"success": false, "message": words, "error": {"code": code.as_str()}}).to_string();
    let (_, fields) = head.split_once("\r\n")?;
    let length = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    let fields = fields.replacen(NO_BODY, &length, 1);
    Some(format!("HTTP/1.1 {line}\r\n{fields}{body}").into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for SpokenRefusals<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.first_line.read(&buffer.filled()[before..]);
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for SpokenRefusals<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match ready!(self.poll_refusal(context, bytes))? {
            Some(written) => Poll::Ready(Ok(written)),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bytes.iter().find(|part| !part.is_empty());
        let first = first.map_or(&[][..], |part| part);
        match ready!(self.poll_refusal(context, first))? {
            Some(written) => Poll::Ready(Ok(written)),
            None => Pin::new(&mut self.stream).poll_write_vectored(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut piece = [0; 4096];
        while self.to_drain > 0 {
            let mut piece = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.stream).poll_read(context, &mut piece) {
                Poll::Ready(Ok(())) if !piece.filled().is_empty() => {
                    self.to_drain = self.to_drain.saturating_sub(piece.filled().len());
                }
                // Bytes that have not come by now are not awaited.
                _ => self.to_drain = 0,
            }
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    fn said(bytes: &str, read: &str) -> Option<String> {
        let mut first_line = FirstLine::default();
        for piece in read.as_bytes().chunks(1_000) {
            first_line.read(piece);
        }
        spoken(bytes.as_bytes(), first_line).map(|answer| String::from_utf8(answer).unwrap())
    }

    #[test]
    fn a_refusal_gets_a_body_and_the_length_of_it() {
        let answer = said(REFUSAL, "GET / HTTP/1.1\r\nA: b\r\n").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let expected = format!(
            "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}",
            body.len()
        );
        assert_eq!(head, expected);
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], "headers_too_large");
    }

    #[test]
    fn a_head_that_is_too_large_in_its_first_line_has_too_long_a_path() {
        let path = "x".repeat(LINE_MAX);
        for read in [
            format!("GET /{path}"),
            format!("GET /{path} HTTP/1.1\r\nA: b\r\n"),
        ] {
            let answer = said(REFUSAL, &read).unwrap();
            assert!(
                answer.starts_with("HTTP/1.1 414 URI Too Long\r\n"),
                "{answer}"
            );
        }
    }

    #[test]
    fn answers_of_handlers_stand_for_themselves() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 2\r\n\r\n{}",
            "{\"a\": \"HTTP/1.1 431\"}",
            "",
        ] {
            assert_eq!(said(answer, "GET / HTTP/1.1\r\n"), None, "{answer}");
        }
    }
}
