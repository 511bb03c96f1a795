//! Waiting for a refresh of the tickets: for as long as the client is willing to wait, and no longer.

use std::time::{Duration, Instant};

use serde_json::json;
use tito_simulator::{Conference, Simulator, Switches, Trouble};

use crate::attendees::COUNT;
use crate::support::{Home, Process, plugins};

const REFRESH: &str = "/tickets/refresh_all/";
/// The longest duration of a wait on a slow machine: less than the timeout of these tests' client.
const WAIT_MAX: Duration = Duration::from_secs(50);

async fn start(trouble: Option<Trouble>) -> (Simulator, Process, Home) {
    let listen = "127.0.0.1:0".parse().expect("it is an address");
    let switches = Switches {
        trouble,
        ..Switches::default()
    };
    let tito = Simulator::start(listen, Conference::sample(20), switches).await;
    let tito = tito.expect("loopback has a free port");
    let home = Home::new();
    home.install(&plugins(), "tito");
    home.configure(&format!(
        "sources:\n  tito:\n    settings: {{base_url: \"{}\", account: acme, event: conf}}\n    \
         limits: {{request_timeout_ms: 600000, call_timeout_ms: 600000}}\naddon_statistics: {{tshirt_item_id: 1}}\n",
        tito.base_url()
    ));
    let server = Process::spawn(home.command_with("TITO_TOKEN", Switches::default().token));
    (tito, server, home)
}

#[tokio::test]
async fn a_sync_that_does_not_end_is_waited_for_no_longer_than_clients_wait_and_goes_on() {
    let (tito, server, _home) = start(None).await;
    let client = &server.client;
    let refreshed = client.get(REFRESH).await;
    let message = "The ticket cache was refreshed successfully from Tito.";
    assert_eq!(
        (refreshed.status, &refreshed.body),
        (200, &json!({"message": message}))
    );
    tito.switch(|switches| switches.trouble = Some(Trouble::Slow(Duration::from_secs(300))));
    let begun = Instant::now();
    let statistics = client.get("/tickets/refresh_addon_statistics/");
    let (refreshed, statistics) = tokio::join!(client.get(REFRESH), statistics);
    assert!(begun.elapsed() < WAIT_MAX, "{:?}", begun.elapsed());
    let message = "The ticket cache is still being refreshed from Tito.";
    assert_eq!(
        (refreshed.status, &refreshed.body),
        (202, &json!({"message": message}))
    );
    assert_eq!(
        (statistics.status, statistics.retry_after.is_some()),
        (503, true)
    );
    let detail = statistics.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("still being read"), "{statistics:?}");
    assert_eq!(
        client.get(COUNT).await.status,
        200,
        "what was read before serves"
    );
}

#[tokio::test]
async fn nothing_is_said_to_be_refreshed_that_was_never_read() {
    let (_tito, server, _home) = start(Some(Trouble::Slow(Duration::from_secs(300)))).await;
    let refreshed = server.client.get(REFRESH).await;
    assert_eq!(
        (refreshed.status, refreshed.retry_after.is_some()),
        (503, true)
    );
    assert!(refreshed.body["detail"].is_string(), "{refreshed:?}");
}
