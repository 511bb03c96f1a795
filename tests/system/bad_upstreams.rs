//! Ticketing systems that are down or slow, or send false answers or redirects: the server and its other sources are
//! unharmed.

use std::time::Duration;

use serde_json::json;
use tito_simulator::{Conference, Simulator, Switches, Trouble};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::{Home, Process, plugins, test_guests};

const TICKETS: usize = 50;
/// The trouble of a source, and its plugin's error text.
const TROUBLES: [(&str, &str); 7] = [
    ("down", "cannot be reached"),
    ("slow", "did not answer in time"),
    ("short", "cannot be reached"),
    ("giant", "answered with more than 1048576 bytes"),
    ("astray", "http://169.254.169.254 is not granted"),
    ("cut", "no JSON"),
    ("thief", "the source's settings name no secret"),
];

/// A Tito simulator with some tickets.
async fn simulator(trouble: Option<Trouble>) -> Simulator {
    let listen = "127.0.0.1:0".parse().expect("it is an address");
    let switches = Switches {
        trouble,
        ..Switches::default()
    };
    let simulator = Simulator::start(listen, Conference::sample(TICKETS), switches).await;
    simulator.expect("loopback has a free port")
}

/// A server on loopback that misbehaves as the first part of the path says, and records its requests.
async fn crook() -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("loopback has a free port");
    let address = listener.local_addr().expect("it has an address");
    let (told, asked) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(misbehave(stream, told.clone()));
        }
    });
    (format!("http://{address}"), asked)
}

async fn misbehave(mut stream: TcpStream, told: UnboundedSender<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let answer = match head.split('/').nth(1) {
        Some("giant") => "200 OK\r\ncontent-length: 1073741824\r\n\r\n",
        Some("short") => "200 OK\r\ncontent-length: 1000\r\n\r\n{\"releases\":",
        _ => {
            "302 Found\r\nlocation: http://169.254.169.254/latest/meta-data\r\ncontent-length: 0\r\n\r\n"
        }
    };
    let is_giant = answer.contains("1073741824");
    // Errors are ignored: the client is what is tested.
    let _ = told.send(head);
    let mut sent = stream
        .write_all(format!("HTTP/1.1 {answer}").as_bytes())
        .await;
    while is_giant && sent.is_ok() {
        sent = stream.write_all(&[b'x'; 65_536]).await;
    }
}

/// One source for each trouble, and a good one, which alone answers `/tickets/*`.
fn configuration(good: &str, slow: &str, cut: &str, crook: &str) -> String {
    let source = |name: &str, base_url: &str| {
        format!(
            "  {name}:
    plugin: tito
    settings: {{base_url: \"{base_url}\", account: acme, event: conf, token: \"secret://TITO_TOKEN\"}}
    limits: {{request_timeout_ms: 500, response_mib: 1}}
"
        )
    };
    let sources = [
        source("good", good),
        source("down", "http://127.0.0.1:1"),
        source("slow", slow),
        source("cut", cut),
        source("short", &format!("{crook}/short")),
        source("giant", &format!("{crook}/giant")),
        source("astray", &format!("{crook}/astray")),
        format!(
            "  thief:
    plugin: backend-mischief
    settings:
      do: send-for-ever
      base_url: {crook}
      url: {crook}/thief
      headers: {{authorization: \"Token secret://TITO_TOKEN\"}}
"
        ),
    ];
    format!("TICKETING_BACKEND: good\nsources:\n{}", sources.concat())
}

/// A server with all these sources.
fn start(home: &Home, configuration: &str) -> Process {
    home.install(&plugins(), "tito");
    home.install(&test_guests(), "backend-mischief");
    home.configure(configuration);
    let mut command = home.command_with("TITO_TOKEN", Switches::default().token);
    command.env("RUST_LOG", "warn");
    Process::spawn(command)
}

/// The errors of plugins, as operators see them.
async fn told(server: &Process) -> Vec<String> {
    let rows = server.client.get("/api/v1/plugins").await.data(200);
    let rows = rows.as_array().expect("a list").iter();
    let errors = rows.filter_map(|row| row["error"].as_str());
    errors.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_upstreams_do_the_server_and_its_other_sources_are_unharmed() {
    let good = simulator(None).await;
    let slow = simulator(Some(Trouble::Slow(Duration::from_secs(600)))).await;
    let cut = simulator(Some(Trouble::Cut)).await;
    let (crook, mut asked) = crook().await;
    let bases = [&good, &slow, &cut].map(Simulator::base_url);
    let home = Home::new();
    let server = start(
        &home,
        &configuration(&bases[0], &bases[1], &bases[2], &crook),
    );
    for (name, words) in TROUBLES {
        let line = format!("ticket source {name} cannot be read");
        server.log.wait_for(&line);
        let told = told(&server).await;
        let mut told = told.iter().flat_map(|error| error.split("ticket source "));
        let said = told.find(|said| said.starts_with(&format!("{name}: ")));
        assert!(said.is_some_and(|said| said.contains(words)), "{said:?}");
    }
    let refreshed = server.client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let ada = json!({"ticket_id": "ABCD-1", "name": "Ada Lovelace"});
    let answer = server.client.post("/tickets/validate_name/", ada).await;
    assert_eq!(
        (answer.status, &answer.body["is_attendee"]),
        (200, &json!(true))
    );
    let ready = server.client.get("/healthcheck/ready").await;
    let rows = ready.body["sources"].as_array().expect("sources are told");
    let well = rows.iter().filter(|row| row["stale"] == false);
    let well: Vec<_> = well.map(|row| &row["name"]).collect();
    assert_eq!((ready.status, well), (200, vec![&json!("good")]));
    // The thief's request was never sent, and no secret followed a redirect.
    while let Ok(head) = asked.try_recv() {
        assert!(!head.contains("/thief"), "{head}");
    }
    let log = server.stop().log;
    assert!(!log.contains(&Switches::default().token), "{log}");
}
