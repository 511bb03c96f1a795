//! Ticket sources that come, change and go while the server runs.

use std::fs;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{APPLIED, start};
use crate::support::crowd::today;
use crate::support::door::{Door, with};
use crate::support::{Home, Process, plugins, until};

const CREW: &str =
    "sources:\n  crew: {plugin: guest-list, settings: {people: 'file://people.csv'}}\n";
const PEOPLE: &str = "order,name,type\nG01,Ada,vip\nG02,Grace,vip\nG03,Alan,vip\n";

/// Waits until the only source has so many tickets.
async fn wait_for_tickets(server: &Process, tickets: usize) {
    until("the source is read", async || {
        let ready = server.client.get("/healthcheck/ready").await;
        (ready.body["sources"][0]["tickets"] == tickets).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_source_that_is_added_is_read_and_one_that_goes_is_refused_at_the_door() {
    let (home, server) = start("");
    home.install(&plugins(), "guest-list");
    server.stop();
    fs::write(home.path("people.csv"), PEOPLE).expect("a file can be written");
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    home.configure(CREW);
    server
        .log
        .wait_for(&format!("{APPLIED}sources.crew is added"));
    wait_for_tickets(&server, 3).await;
    let event = with(&today(), json!({"ticketSources": ["crew"]}));
    let door = Door::open(&server.client, event).await;
    assert_eq!(door.verdict("G01-1").await, "VALID");

    home.configure("");
    server.log.wait_for(
        "ticket source crew is not configured any more: it is not read, and its tickets are refused as not_active at \
         the events \"summit\"",
    );
    assert_eq!(door.verdict("G02-1").await, "EXPIRED not_active");
    let ready = server.client.get("/healthcheck/ready").await;
    assert_eq!(ready.body["sources"], json!([]));

    home.configure(CREW);
    wait_for_tickets(&server, 3).await;
    assert_eq!(door.verdict("G02-1").await, "VALID");
    server.stop();
}

#[tokio::test]
async fn a_source_with_other_settings_is_read_anew_under_them() {
    let (home, server) = start(CREW);
    server.stop();
    home.install(&plugins(), "guest-list");
    fs::write(home.path("people.csv"), PEOPLE).expect("a file can be written");
    let server = Process::spawn(home.command_with("RUST_LOG", "info"));
    wait_for_tickets(&server, 3).await;
    let more = format!("{PEOPLE}G04,Edsger,vip\n");
    fs::write(home.path("others.csv"), more).expect("a file can be written");
    home.configure(&CREW.replace("people.csv", "others.csv"));
    server
        .log
        .wait_for(&format!("{APPLIED}sources.crew: settings changed"));
    wait_for_tickets(&server, 4).await;
    server.stop();
}

/// How long a source may take until it sends a request.
const ACCEPT_MAX: Duration = Duration::from_secs(60);
/// Less than the thirty seconds that a request has which nobody ends.
const END_MAX: Duration = Duration::from_secs(20);

/// A ticketing system that takes requests and never answers.
struct Silent {
    listener: TcpListener,
    home: Home,
}

impl Silent {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let home = Home::new();
        home.install(&plugins(), "tito");
        let silent = Self {
            listener: listener.expect("loopback has a free port"),
            home,
        };
        silent.set_token("s3cr3t");
        silent
    }

    fn set_token(&self, token: &str) {
        let written = fs::write(self.home.path(".env"), format!("SILENT={token}\n"));
        written.expect("a file can be written");
    }

    fn configure(&self, more: &str) {
        let address = self.listener.local_addr();
        let address = address.expect("a bound socket has an address");
        let settings = json!({
            "base_url": format!("http://{address}"),
            "token": "secret://SILENT",
            "account": "a",
            "event": "e",
        });
        self.home.configure(&format!(
            "sources:\n  tito: {{settings: {settings}}}\n{more}"
        ));
    }

    fn serve(&self) -> Process {
        Process::spawn(self.home.command_with("RUST_LOG", "info"))
    }

    async fn accept(&self) -> TcpStream {
        let accepted = timeout(ACCEPT_MAX, self.listener.accept()).await;
        accepted
            .expect("the source is read")
            .expect("a request comes")
            .0
    }
}

/// Checks that a request is given up long before its time is over.
async fn check_ends(mut request: TcpStream) {
    let mut sent = Vec::new();
    let ended = request.read_to_end(&mut sent);
    let ended = timeout(END_MAX, ended).await;
    // A reset ends it, too.
    let _ = ended.expect("the run was ended");
    assert!(!sent.is_empty());
}

#[tokio::test]
async fn the_run_of_a_source_ends_at_once_when_its_grants_or_secrets_change_or_it_goes() {
    let silent = Silent::new().await;
    silent.configure("plugins:\n  tito: {allowed_hosts: [files.example]}\n");
    let server = silent.serve();
    let first = silent.accept().await;
    silent.configure("");
    check_ends(first).await;
    let second = silent.accept().await;
    silent.set_token("another");
    check_ends(second).await;
    server
        .log
        .wait_for(&format!("{APPLIED}sources.tito: secrets changed"));
    let third = silent.accept().await;
    silent.home.configure("");
    check_ends(third).await;
    server
        .log
        .wait_for("ticket source tito is not configured any more: it is not read");
    server.stop();
}
