//! Cassettes as authors of plugins use them: recorded from a server on loopback and played to a backend.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use gatewit_sdk::testing::{Reply, Run};
use gatewit_sdk::{
    Backend, Continuation, Fault, Http, HttpError, Page, Request, Secret, Ticket, TicketType,
    Transport,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Cassette, Curl, Recorder};

const BASE: &str = "https://doodle.example.org";
const SETTINGS: &str = r#"{"token": "secret://DOODLE_TOKEN"}"#;
const TOKEN: &str = "s3cr3t+token";

/// Reads one page after the other, and no tickets.
#[derive(Deserialize, JsonSchema)]
struct Doodle {
    token: Secret,
}

#[derive(Deserialize)]
struct Answer {
    next: Option<u32>,
}

impl Backend for Doodle {
    fn ticket_types(&mut self, http: &Http) -> Result<Vec<TicketType>, Fault> {
        let request = Request::get(format!("{BASE}/kinds"));
        http.fetch(&request).map(|_| Vec::new())
    }

    fn tickets(&mut self, http: &Http, cursor: Option<&str>) -> Result<Page, Fault> {
        let request = Request::get(format!("{BASE}/tickets"))
            .query("page", cursor.unwrap_or("1"))
            .header("Authorization", format!("Token {}", self.token))
            .header("x-trace", "here");
        let answer: Answer = http.fetch(&request)?.json()?;
        Ok(Page {
            tickets: Vec::new(),
            gone: Vec::new(),
            whole_orders: Vec::new(),
            total: None,
            next: match answer.next {
                Some(page) => Continuation::More(page.to_string()),
                None => Continuation::Done(None),
            },
        })
    }

    fn find(&mut self, _: &Http, _: &str) -> Result<Vec<Ticket>, Fault> {
        Ok(Vec::new())
    }
}

/// A ticketing system that answers with the request that it got, secrets included. It ends with the test's process.
fn doodle() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let own = origin.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &own);
        }
    });
    origin
}

fn answer(mut stream: TcpStream, own: &str) {
    let lines = BufReader::new(&stream).lines().map(Result::unwrap);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let next = if head[0].contains("page=1") {
        "2"
    } else {
        "null"
    };
    let sent = head
        .iter()
        .find(|line| line.starts_with("Authorization"))
        .unwrap();
    let body = format!(
        r#"{{"next":{next},"url":"{own}/tickets?key=s3cr3t%2Btoken","sent":"{sent}","price":100.0}}"#
    );
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nSet-Cookie: session=c00kie\r\nServer: doodle/7\r\n\
         X-Next: {own}/tickets?token={TOKEN}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
}

fn record(path: &Path, origin: &str) {
    let look_up = |name: &str| (name == "DOODLE_TOKEN").then(|| TOKEN.to_owned());
    let recorder = Recorder::new(path, origin, look_up, Curl);
    let synced = Run::<Doodle>::begin(SETTINGS, recorder).unwrap().sync(None);
    assert!(synced.is_ok(), "{synced:?}");
}

fn recorded() -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.yaml");
    record(&path, &doodle());
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_recording_says_neither_secrets_nor_where_it_was_made_and_is_the_same_each_time() {
    let recorded = recorded();
    for hidden in ["s3cr3t", "c00kie", "127.0.0.1", "doodle/7"] {
        assert!(!recorded.contains(hidden), "{recorded}");
    }
    let second = "\
- request:
    method: GET
    url: https://doodle.example.org/tickets?page=2
    headers:
      accept: application/json
      authorization: (hidden)
      x-trace: here
  response:
    status: 200
    headers:
      set-cookie: (hidden)
      x-next: https://doodle.example.org/tickets?token=secret://DOODLE_TOKEN
    json:
      next: null
      url: https://doodle.example.org/tickets?key=secret://DOODLE_TOKEN
      sent: 'Authorization: Token secret://DOODLE_TOKEN'
      price: 100.0
";
    assert!(recorded.ends_with(second), "{recorded}");
    assert_eq!(self::recorded(), recorded);
}

#[test]
fn a_secret_that_nobody_has_is_sent_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.yaml");
    let recorder = Recorder::new(&path, "http://127.0.0.1:1", |_| None, Curl);
    let fault = Run::<Doodle>::begin(SETTINGS, recorder).unwrap().sync(None);
    let Err(Fault::Unexpected(words)) = fault else {
        panic!("{fault:?}");
    };
    assert!(words.contains("secret \"DOODLE_TOKEN\" has no value"));
}

fn run(cassette: Cassette) -> Run<Doodle> {
    Run::begin(SETTINGS, cassette).unwrap()
}

/// Runs this until it panics, and returns the message.
#[track_caller]
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn what_was_recorded_is_played_to_its_end() {
    let recorded = recorded();
    assert!(run(Cassette::parse(&recorded)).sync(None).is_ok());
    let left = failure(|| drop(run(Cassette::parse(&recorded)).tickets(None)));
    assert_eq!(
        left,
        "nobody asked for what is on the cassette: GET https://doodle.example.org/tickets?page=2"
    );
}

#[test]
fn a_request_that_is_not_on_it_fails_and_is_named() {
    let recorded = recorded();
    let words = failure(|| drop(run(Cassette::parse(&recorded)).ticket_types()));
    assert!(
        words.starts_with("not on the cassette")
            && words.contains("https://doodle.example.org/kinds"),
        "{words}"
    );
    let mut once = run(Cassette::parse(&recorded).partly());
    assert!(once.tickets(None).is_ok());
    let words = failure(move || drop(once.tickets(None)));
    assert!(words.contains("page=1"), "{words}");
    let other = recorded.replace("x-trace: here", "x-trace: there");
    let words = failure(|| drop(run(Cassette::parse(&other)).tickets(None)));
    assert!(words.contains(r#""x-trace": "here""#), "{words}");
}

#[test]
fn answers_to_equal_requests_come_in_order_and_others_in_any() {
    let exchange = |url: &str, body: &str| {
        format!(
            "- request: {{method: GET, url: '{url}', headers: {{accept: application/json}}}}\n  response: {{status: 200, text: '{body}'}}\n"
        )
    };
    let tape = [
        exchange("https://t.test/a", "1"),
        exchange("https://t.test/b", "2"),
        exchange("https://t.test/a", "3"),
    ];
    let cassette = Cassette::parse(&tape.concat());
    let bodies = ["b", "a", "a"].map(|path| {
        let request = Request::get(format!("https://t.test/{path}"));
        let response = cassette.send(&request).unwrap();
        String::from_utf8(response.body).unwrap()
    });
    assert_eq!(bodies, ["2", "1", "3"]);
}

#[test]
fn a_recording_can_be_continued_otherwise() {
    let recorded = recorded();
    let body = Cassette::parse(&recorded).body("page=2");
    assert!(body.starts_with(r#"{"next":null,"#), "{body}");
    let cassette = Cassette::parse(&recorded);
    let fault = run(cassette.but("page=2", HttpError::TimedOut)).sync(None);
    assert!(matches!(fault, Err(Fault::Unavailable(_))), "{fault:?}");
    let limited = Reply::of(429, "").header("retry-after", "7");
    let cassette = Cassette::parse(&recorded).but("page=2", limited);
    let fault = run(cassette).sync(Some("2"));
    assert_eq!(fault, Err(Fault::RateLimited(Some(7))));
}
