//! What a backend writes to its standard output and error: the end of it is kept for operators.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use gatewit_domain::plugin::PluginWords;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::sanitize::one_line;

/// How much of the output of a run is kept, in bytes.
const KEPT_BYTES: usize = 4 << 10;
/// How much a guest may write at once, in bytes.
const WRITTEN_BYTES_MAX: usize = 64 << 10;

/// The end of the output of one run. Copies share it.
#[derive(Clone, Default)]
pub(crate) struct Output(Arc<Mutex<VecDeque<u8>>>);

impl Output {
    /// Returns its end in one line; None if nothing was written.
    pub(crate) fn words(&self) -> Option<PluginWords> {
        let kept: Vec<u8> = self.kept().iter().copied().collect();
        let line = one_line(&String::from_utf8_lossy(&kept), KEPT_BYTES);
        let line = line.trim();
        (!line.is_empty()).then(|| format!("it wrote: {line}").into())
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.kept();
        let bytes = &bytes[bytes.len().saturating_sub(KEPT_BYTES)..];
        let excess = (kept.len() + bytes.len()).saturating_sub(KEPT_BYTES);
        kept.drain(..excess);
        kept.extend(bytes);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITTEN_BYTES_MAX)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// WASI 0.3 only, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &[&[u8]], expected: Option<&str>) {
        let output = Output::default();
        for bytes in written {
            output.keep(bytes);
        }
        let words = output.words();
        assert_eq!(words.as_ref().map(PluginWords::verbatim), expected);
    }

    #[test]
    fn the_end_of_the_output_is_kept_in_one_plain_line() {
        check(&[], None);
        check(&[b"\n", b" "], None);
        check(
            &[b"read 7\n", b"boom\x1b[31m"],
            Some("it wrote: read 7 boom [31m"),
        );
        check(
            &[&[b'x'; 5_000], b"\nboom"],
            Some(&format!("it wrote: {} boom", "x".repeat(4_091))),
        );
        check(&[&[b' '; 100_000], b"boom"], Some("it wrote: boom"));
        check(&[b"boom", &[b' '; 100_000]], None);
        // Cut within a character, it is no text at its beginning.
        check(
            &["ä".repeat(2_048).as_bytes(), b"!"],
            Some(&format!("it wrote: \u{fffd}{}!", "ä".repeat(2_047))),
        );
    }
}
