//! A list that is shorter than before, or than the ticketing system's own count.

use super::*;

const TICKETS: usize = 250;

fn configured(tito: &Simulator) -> Home {
    let home = home_with("tito");
    let base_url = tito.base_url();
    home.configure(&format!(
        "sources: {{tito: {{settings: {{base_url: \"{base_url}\", account: acme, event: conf}}}}}}\n"
    ));
    home
}

async fn count(client: &Client) -> Value {
    client.get("/tickets/ticket_count/").await.body["ticket_count"].clone()
}

async fn is_stale(client: &Client) -> Value {
    let ready = client.get("/healthcheck/ready").await;
    ready.body["sources"][0]["stale"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_shuffled_between_requests_cancel_nobody_and_the_source_is_stale() {
    let tito = tito(TICKETS).await;
    let home = configured(&tito);
    let server = start(&home, "TITO_TOKEN", &Switches::default().token);
    let client = &server.client;
    client.wait_until_ready().await;
    let event = monday(client, "tito").await;
    let cancelled = || tickets(client, &event, "state=CANCELLED&limit=200");
    assert_eq!(cancelled().await.len(), 1, "one is void");

    tito.switch(|switches| switches.shuffle = true);
    let requests = tito.requests();
    let refreshed = client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 503, "{refreshed:?}");
    // One request for the releases, and three pages in each of two attempts.
    assert!(tito.requests() >= requests + 7, "it is read again");
    assert_eq!(count(client).await, json!(TICKETS));
    assert_eq!(is_stale(client).await, json!(true));
    assert_eq!(cancelled().await.len(), 1);
    server.log.wait_for("it counts 250 tickets and listed ");

    tito.switch(|switches| switches.shuffle = false);
    let refreshed = client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(is_stale(client).await, json!(false));
    let log = server.stop().log;
    let read = log
        .lines()
        .filter(|line| line.contains("was read to its end"));
    for line in read {
        assert!(line.contains(" tickets=250 "), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_list_that_is_too_short_is_not_served() {
    let tito = tito(TICKETS).await;
    tito.switch(|switches| switches.shuffle = true);
    let home = configured(&tito);
    let server = start(&home, "TITO_TOKEN", &Switches::default().token);
    server.log.wait_for("it counts 250 tickets and listed ");
    assert_eq!(
        server.client.get("/tickets/ticket_count/").await.status,
        503
    );
    tito.switch(|switches| switches.shuffle = false);
    let refreshed = server.client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(count(&server.client).await, json!(TICKETS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_has_shrunk_to_nothing_is_believed_when_it_is_read_twice() {
    let tito = tito(3).await;
    let home = configured(&tito);
    let server = start(&home, "TITO_TOKEN", &Switches::default().token);
    let client = &server.client;
    client.wait_until_ready().await;
    tito.change(|conference| conference.tickets.clear());
    let requests = tito.requests();
    let refreshed = client.get("/tickets/refresh_all/").await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert!(tito.requests() >= requests + 3, "it is read again");
    assert_eq!(count(client).await, json!(0));
    server.log.wait_for("it listed 0 tickets where it had 3");
}
