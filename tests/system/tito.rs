//! Our component reads the Tito simulator: everything, in both versions, and with faulty answers.

use std::time::Duration;

use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::{SourceFault, SourceState, SourceTicket};
use serde_json::json;
use tito_simulator::{Conference, Simulator, Switches, TicketState, Trouble};

use crate::support::ticketing::{TOKEN, Ticketing};

/// Three pages of Tito.
const TICKETS: usize = 2_005;

async fn simulator(switches: Switches) -> Simulator {
    let listen = "127.0.0.1:0".parse().expect("it is an address");
    let simulator = Simulator::start(listen, Conference::sample(TICKETS), switches).await;
    simulator.expect("loopback has a free port")
}

async fn ticketing(simulator: &Simulator, version: &str) -> Ticketing {
    let settings = json!({
        "base_url": simulator.base_url(),
        "account": "acme",
        "event": "conf",
        "token": TOKEN,
        "api_version": version,
    });
    Ticketing::start("tito", &settings, &Switches::default().token).await
}

fn references(tickets: &[SourceTicket]) -> Vec<&str> {
    let references = tickets.iter().map(|ticket| ticket.reference.as_str());
    references.collect()
}

#[tokio::test]
async fn tito_is_read_whole_in_either_version_and_however_it_pages() {
    let simulator = simulator(Switches::default()).await;
    let ticketing = ticketing(&simulator, "3.1").await;
    let whole = ticketing.sync(None).await.expect("Tito can be read");
    assert_eq!((whole.tickets.len(), whole.pages), (TICKETS, 3));
    let states: Vec<_> = whole.tickets[..5]
        .iter()
        .map(|ticket| ticket.state)
        .collect();
    assert_eq!(
        states,
        [
            SourceState::Valid,
            SourceState::Valid,
            SourceState::Valid,
            SourceState::Pending,
            SourceState::Canceled,
        ]
    );
    simulator.switch(|switches| switches.plain_pages = true);
    let plain = ticketing.sync(None).await.expect("Tito can be read");
    assert_eq!((plain.pages, &plain.tickets), (21, &whole.tickets));
    simulator.switch(|switches| *switches = Switches::default());
    let older = self::ticketing(&simulator, "3.0").await.sync(None).await;
    let older = older.expect("Tito can be read");
    assert_eq!(
        (&older.types, &older.tickets),
        (&whole.types, &whole.tickets)
    );
}

#[tokio::test]
async fn a_ticket_that_is_looked_up_is_called_exactly_so() {
    let simulator = simulator(Switches::default()).await;
    let ticketing = ticketing(&simulator, "3.1").await;
    for (text, expected) in [
        ("abcd-1", &["ABCD-1"][..]),
        ("remo@example.org", &["ABCD-2"]),
        // Tito's own search would find a part of it.
        ("da@example.org", &[]),
        ("Ada Lovelace", &[]),
    ] {
        let found = ticketing
            .source
            .find(text)
            .await
            .expect("Tito can be asked");
        assert_eq!(references(&found), expected, "{text}");
    }
    simulator.change(|conference| conference.tickets[0].state = TicketState::Void);
    let found = ticketing
        .source
        .find("ABCD-1")
        .await
        .expect("Tito can be asked");
    assert_eq!(found[0].state, SourceState::Canceled);
}

#[tokio::test]
async fn what_goes_wrong_with_tito_is_a_fault_of_its_kind_and_over_when_tito_is_well() {
    let simulator = simulator(Switches::default()).await;
    let ticketing = ticketing(&simulator, "3.1").await;
    simulator.switch(|switches| switches.trouble = Some(Trouble::Status(503)));
    let fault = ticketing.sync(None).await.unwrap_err();
    assert!(matches!(fault, SourceFault::Unavailable(_)), "{fault:?}");
    simulator.switch(|switches| switches.trouble = Some(Trouble::Cut));
    let fault = ticketing.sync(None).await.unwrap_err();
    assert!(matches!(fault, SourceFault::Unavailable(_)), "{fault:?}");
    simulator.switch(|switches| {
        switches.trouble = None;
        switches.refuse_every = Some(1);
        switches.retry_after = Some(7);
    });
    let limited = SourceFault::RateLimited(Some(7));
    assert_eq!(ticketing.sync(None).await, Err(limited));
    simulator.switch(|switches| {
        switches.refuse_every = None;
        switches.token = "another".to_owned();
    });
    let fault = ticketing.sync(None).await.unwrap_err();
    assert!(matches!(fault, SourceFault::Unauthorized(_)), "{fault:?}");
    simulator.switch(|switches| {
        *switches = Switches::default();
        switches.trouble = Some(Trouble::Slow(Duration::from_millis(1)));
    });
    assert!(ticketing.sync(None).await.is_ok());
}
