//! On a request to stop, the server finishes open requests, accepts no new ones, and exits successfully.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, DUPLICATE, today};
use crate::support::door::text;
use crate::support::{Client, Door, Home, Process};

const UNDER_WAY: usize = 32;
const STARTS: usize = 10;
/// The longest wait for the server's next output.
const WORDS_MAX: Duration = Duration::from_secs(60);

/// A request whose body the server expects but has not received yet.
struct HalfSent {
    stream: BufReader<TcpStream>,
    body: String,
}

impl HalfSent {
    fn post(client: &Client, path: &str, body: &Value) -> Self {
        let body = body.to_string();
        let bearer = client.bearer().expect("a scanner has credentials");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        let mut stream = BufReader::new(connect(client).expect("the server listens"));
        let sent = stream.get_mut().write_all(head.as_bytes());
        sent.expect("the server reads");
        let asked = [line(&mut stream), line(&mut stream)];
        assert_eq!(asked, ["HTTP/1.1 100 Continue\r\n", "\r\n"]);
        Self { stream, body }
    }

    /// Sends the rest, waits until the server closes the connection, and returns the status in the answer's envelope.
    fn finish(mut self) -> String {
        let sent = self.stream.get_mut().write_all(self.body.as_bytes());
        sent.expect("the server reads to the end");
        let mut answer = String::new();
        let read = self.stream.read_to_string(&mut answer);
        read.expect("the server answers to the end");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let body: Value = serde_json::from_str(body).expect("an answer is JSON");
        text(&body["data"]["status"])
    }
}

fn connect(client: &Client) -> std::io::Result<TcpStream> {
    let address = client
        .base()
        .strip_prefix("http://")
        .expect("a base is http");
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(WORDS_MAX))?;
    Ok(stream)
}

fn line(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("the server speaks");
    line
}

async fn check(signal: &str) {
    let data = TempDir::new().expect("there is room for a test's data");
    let mut command = Process::command(data.path());
    command.env("RUST_LOG", "info");
    let server = Process::spawn(command);
    let door = Door::open(&server.client, today()).await;
    let mut jwts = Vec::new();
    for _ in 0..UNDER_WAY {
        jwts.push(door.issue_jwt("vip").await);
    }
    let path = "/api/v1/check-in/validate";
    let scans = jwts
        .iter()
        .map(|jwt| HalfSent::post(&door.scanner, path, &door.body(jwt)));
    let scans: Vec<_> = scans.collect();
    let _idle = connect(&server.client).expect("the server listens");

    server.signal(signal);
    server.log.wait_for("stopping");
    let verdicts: Vec<_> = scans.into_iter().map(HalfSent::finish).collect();
    assert_eq!(verdicts, [ADMITTED; UNDER_WAY]);
    let ended = server.wait();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.log.contains("cut off"), "{}", ended.log);
    assert!(connect(&door.organizer).is_err(), "nobody listens any more");

    let server = Process::start(data.path());
    let door = door.moved_to(&server.client);
    for jwt in &jwts {
        assert_eq!(door.verdict(jwt).await, DUPLICATE);
    }
}

#[tokio::test]
async fn sigterm_lets_requests_under_way_finish() {
    check("TERM").await;
}

#[tokio::test]
async fn ctrl_c_lets_requests_under_way_finish() {
    check("INT").await;
}

#[tokio::test]
async fn a_hang_up_ends_nothing_and_is_said() {
    let data = TempDir::new().expect("there is room for a test's data");
    let mut command = Process::command(data.path());
    command.env("RUST_LOG", "info");
    let server = Process::spawn(command);
    let door = Door::open(&server.client, today()).await;
    let jwt = door.issue_jwt("vip").await;
    let path = "/api/v1/check-in/validate";
    let scan = HalfSent::post(&door.scanner, path, &door.body(&jwt));
    server.signal("HUP");
    server
        .log
        .wait_for("the configuration is read again and applied: nothing in it differs");
    assert_eq!(door.verdict(&jwt).await, ADMITTED);
    server.signal("HUP");
    server.signal("TERM");
    assert_eq!(scan.finish(), "DUPLICATE");
    assert_eq!(server.wait().code, Some(0));
}

#[test]
fn a_server_stopped_as_soon_as_it_serves_ends_well() {
    let home = Home::new();
    for signal in ["TERM", "INT"].repeat(STARTS / 2) {
        let server = home.start();
        server.signal(signal);
        assert_eq!(server.wait().code, Some(0));
    }
}
