//! Clients that keep connections from others, by accident or on purpose: thousands that are idle, heads of requests that
//! trickle in, bodies that stop half-way.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How many of each kind there are.
const IDLE: usize = 5_000;
const TRICKLING: usize = 500;
const HALF_SENT: usize = 1_000;
pub const STRANGERS: usize = IDLE + TRICKLING + HALF_SENT;
/// How many files the bench has open besides.
const OTHER_FILES: u64 = 500;

/// How long it may take until all are connected, and between looks whether they are.
const CONNECTED_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Between two bytes of a head that trickles, and before trying again to connect.
const PAUSE: Duration = Duration::from_secs(1);

const ASK: &[u8] = b"GET /healthcheck/alive HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HALF_BODY: &[u8] = b"POST /api/v1/check-in/scanners/register HTTP/1.1\r\nHost: localhost\r\n\
      Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"registrationToken\":";

/// Strangers at a server, who come back when they are sent away, until this is dropped.
pub struct Strangers {
    /// Ends them when dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a stranger does once it is connected.
#[derive(Clone, Copy)]
enum Manner {
    Idle,
    Trickles,
    HalfSent,
}

impl Strangers {
    /// Has them all connect from this process, which may have so many files open.
    pub fn come(server: SocketAddr, open_files: u64) -> anyhow::Result<Self> {
        let needed = STRANGERS as u64 + OTHER_FILES;
        ensure!(
            open_files >= needed,
            "the bench needs {needed} open files and may have {open_files}: raise the limit (ulimit -Hn)"
        );
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let connected = Arc::new(AtomicUsize::new(0));
        let count = connected.clone();
        let thread = thread::spawn(move || {
            for (manner, number) in [
                (Manner::Idle, IDLE),
                (Manner::Trickles, TRICKLING),
                (Manner::HalfSent, HALF_SENT),
            ] {
                for _ in 0..number {
                    runtime.spawn(come_back(server, manner, count.clone()));
                }
            }
            // An error means that nobody waits for them any more, which ends them as well.
            let _ = runtime.block_on(stopped);
        });
        let strangers = Self {
            stop: Some(stop),
            thread: Some(thread),
        };
        let began = Instant::now();
        while connected.load(Ordering::Relaxed) < STRANGERS {
            ensure!(
                began.elapsed() < CONNECTED_MAX,
                "the strangers cannot connect"
            );
            thread::sleep(LOOK_EVERY);
        }
        Ok(strangers)
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Is a nuisance over and over; counts when it is one for the first time.
async fn come_back(server: SocketAddr, manner: Manner, connected: Arc<AtomicUsize>) {
    let mut is_counted = false;
    loop {
        let visit = visit(server, manner, || {
            if !std::mem::replace(&mut is_counted, true) {
                connected.fetch_add(1, Ordering::Relaxed);
            }
        });
        // However it ends, the server is rid of it.
        let _ = visit.await;
        sleep(PAUSE).await;
    }
}

async fn visit(server: SocketAddr, manner: Manner, connected: impl FnOnce()) -> io::Result<()> {
    let stream = TcpStream::connect(server).await?;
    match manner {
        Manner::Idle => write(&stream, ASK).await?,
        Manner::Trickles => {}
        Manner::HalfSent => write(&stream, HALF_BODY).await?,
    }
    connected();
    while let Manner::Trickles = manner {
        write(&stream, b"G").await?;
        sleep(PAUSE).await;
    }
    until_closed(&stream).await
}

async fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.writable().await?;
    // A few bytes on a connection that has sent next to nothing: they go at once or it is broken.
    stream.try_write(bytes).map(|_| ())
}

async fn until_closed(stream: &TcpStream) -> io::Result<()> {
    let mut read = [0; 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut read) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
