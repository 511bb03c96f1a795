//! Tickets sold after the last sync: they are admitted at the door and known at `/tickets/*`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tito_simulator::{Conference, Simulator, Switches, Ticket, Trouble};

use crate::attendees::{ATTENDEE, configure};
use crate::support::door::{one_day, texts, with};
use crate::support::{Door, Server};

const TICKETS: usize = 20;
const UNKNOWN: &str = "INVALID_SIGNATURE invalid_signature";
/// The longest time for a scan that includes a second of waiting, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Tito simulator, a server that has read it, and the door of an event with its tickets.
struct Fair {
    tito: Simulator,
    server: Server,
    door: Door,
    _home: TempDir,
}

impl Fair {
    async fn open() -> Self {
        let listen = "127.0.0.1:0".parse().expect("it is an address");
        let tito = Simulator::start(listen, Conference::sample(TICKETS), Switches::default()).await;
        let tito = tito.expect("loopback has a free port");
        let home = TempDir::new().expect("there is room for a test's data");
        let variables = format!(
            "TITO_TOKEN={}\nACCOUNT_SLUG=acme\nEVENT_SLUG=conf\nTITO_BASE_URL={}\n",
            Switches::default().token,
            tito.base_url()
        );
        configure(home.path(), "", &variables);
        let server = Server::start_configured(home.path()).await;
        server.client.wait_until_ready().await;
        let fields = json!({"ticketSources": ["tito"]});
        let door = Door::open(&server.client, with(&one_day(), fields)).await;
        Self {
            tito,
            server,
            door,
            _home: home,
        }
    }

    /// Sells a ticket, and returns the content of its QR code.
    fn sell(&self, reference: &str, name: &str) -> String {
        let slug = format!("ti_{}", reference.to_lowercase());
        self.tito.change(|conference| {
            let ticket = Ticket {
                reference: reference.to_owned(),
                slug: slug.clone(),
                name: Some(name.to_owned()),
                ..conference.tickets[0].clone()
            };
            conference.tickets.push(ticket);
        });
        slug
    }
}

#[tokio::test]
async fn a_ticket_that_was_sold_a_moment_ago_is_let_in_once_and_found_by_its_order() {
    let fair = Fair::open().await;
    let code = fair.sell("LATE-1", "Late Buyer");
    assert_eq!(fair.door.verdict(&code).await, "VALID");
    assert_eq!(fair.door.verdict(&code).await, "DUPLICATE already_used");
    assert_eq!(fair.door.verdict("ti_nobodys").await, UNKNOWN);
    let path = format!("{}?query=late+buyer", fair.door.tickets());
    let found = fair.server.client.get(&path).await.data(200);
    assert_eq!(texts(&found["tickets"], "ticketSeries"), ["LATE-1"]);

    fair.sell("LAST-1", "Last Buyer");
    let ask = |order: &str| {
        let question = json!({"order_id": order, "name": "Last Buyer"});
        fair.server.client.post(ATTENDEE, question)
    };
    let known = ask("last").await;
    assert_eq!(
        (known.status, &known.body["ticket_id"]),
        (200, &json!("LAST-1"))
    );
    assert_eq!(ask("lost").await.status, 404);
}

#[tokio::test]
async fn a_scanner_that_may_not_scan_has_nothing_looked_up() {
    let fair = Fair::open().await;
    let code = fair.sell("LATE-1", "Late Buyer");
    let asked = fair.tito.requests();
    let elsewhere = with(
        &fair.door.body(&code),
        json!({"deviceFingerprint": "another-device"}),
    );
    let refused = fair
        .door
        .scanner
        .post("/api/v1/check-in/validate", elsewhere)
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let path = format!("/api/v1/check-in/scanners/{}/revoke", fair.door.scanner_id);
    fair.server.client.post(&path, json!({})).await.data(200);
    assert_eq!(fair.door.verdict(&code).await, "REVOKED scanner_revoked");
    assert_eq!(fair.tito.requests(), asked);
}

#[tokio::test]
async fn a_ticketing_system_that_is_slow_or_down_holds_up_no_door() {
    let fair = Fair::open().await;
    let code = fair.sell("LATE-1", "Late Buyer");
    for trouble in [
        Trouble::Slow(Duration::from_secs(600)),
        Trouble::Status(503),
    ] {
        fair.tito
            .switch(|switches| switches.trouble = Some(trouble));
        let begun = Instant::now();
        assert_eq!(fair.door.verdict(&code).await, UNKNOWN, "{trouble:?}");
        assert!(begun.elapsed() < PATIENCE, "{trouble:?}");
    }
    let known: Value = json!({"order_id": "ABCD", "name": "Ada Lovelace"});
    assert_eq!(fair.server.client.post(ATTENDEE, known).await.status, 200);
}
