//! Searches for tickets as staff at the desk type them. `gatewit-api.md` §4.
//!
//! The rules of spelling are tested in `gatewit-domain`.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::door::{open_server, text, texts};
use crate::support::{Client, Door, Server};

fn draft(name: &str) -> Value {
    json!({"ticketTypeId": "vip", "attendeeName": name})
}

/// Starts a server with tickets for these people.
async fn open(names: &[&str]) -> (Server, Door, Value) {
    let (server, door) = open_server().await;
    let drafts: Vec<_> = names.iter().map(|name| draft(name)).collect();
    let issued = door.issue_all(json!({"tickets": drafts})).await;
    (server, door, issued)
}

async fn search(client: &Client, door: &Door, filter: &str) -> Value {
    client
        .get(&format!("{}?{filter}", door.tickets()))
        .await
        .data(200)
}

/// Lists the names of those found.
async fn found(door: &Door, filter: &str) -> Vec<String> {
    texts(
        &search(&door.organizer, door, filter).await["tickets"],
        "attendeeName",
    )
}

#[tokio::test]
async fn a_name_is_found_however_it_is_spelled() {
    let names = [
        "Jürgen Müller",
        "Anna-Lena Berg",
        "Юрий Иванов",
        "王小明",
        "Miller Jones",
    ];
    let (_server, door, _) = open(&names).await;
    let cases = [
        ("Muller", 0),
        ("Mueller", 0),
        ("M%C3%BCller", 0),
        ("muller+jurgen", 0),
        ("jurgen+mul", 0),
        ("Jorgen+Mueler", 0),
        ("annalena", 1),
        ("ivanov+yuri", 2),
        ("xiaoming", 3),
        ("Jones+Miller", 4),
    ];
    for (query, expected) in cases {
        let found = found(&door, &format!("query={query}")).await;
        assert_eq!(
            found.first().map(String::as_str),
            Some(names[expected]),
            "{query}"
        );
    }
    assert_eq!(found(&door, "query=nobody+muller").await, [""; 0]);
    assert_eq!(found(&door, "query=%3F%21").await, [""; 0]);
    // A blank query asks for everybody.
    assert_eq!(found(&door, "query=+").await, names);
}

#[tokio::test]
async fn a_ticket_is_found_by_its_id_and_by_no_other() {
    let (_server, door, issued) = open(&["Ann", "Bob"]).await;
    let id = text(&issued[1]["ticketInstanceId"]);
    assert_eq!(found(&door, &format!("query={id}")).await, ["Bob"]);
    let reference = text(&issued[0]["bookingReference"]);
    assert_eq!(found(&door, &format!("query={reference}")).await, ["Ann"]);
}

#[tokio::test]
async fn the_nearest_come_first_and_pages_miss_nothing() {
    let names = [
        "Marten",
        "Smartin",
        "Martinez",
        "Ann Martin",
        "Bob",
        "Martin Lee",
        "Martini",
    ];
    let nearest = [
        "Ann Martin",
        "Martin Lee",
        "Martinez",
        "Martini",
        "Smartin",
        "Marten",
    ];
    let (_server, door, _) = open(&names).await;
    assert_eq!(found(&door, "query=martin").await, nearest);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for _ in 0..names.len() {
        let page = search(
            &door.organizer,
            &door,
            &format!("query=martin&limit=2{cursor}"),
        )
        .await;
        paged.extend(texts(&page["tickets"], "attendeeName"));
        // Tickets issued between two pages do not move others.
        door.issue_all(draft("Martin Late")).await;
        paged.retain(|name| name != "Martin Late");
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, nearest);
}

/// Lists the references of those found.
async fn references(door: &Door, query: &str) -> Vec<String> {
    let page = search(&door.organizer, door, &format!("query={query}&limit=200")).await;
    texts(&page["tickets"], "bookingReference")
}

#[tokio::test]
async fn an_order_that_is_the_query_comes_first_among_a_hundred_like_it() {
    let (_server, door) = open_server().await;
    let numbered = |number: usize| {
        json!({
            "ticketTypeId": "vip", "attendeeName": "Ann", "bookingReference": format!("EVT-{number:04}"),
        })
    };
    let drafts: Vec<_> = (0..100).map(numbered).collect();
    door.issue_all(json!({"tickets": drafts})).await;
    let cases = [
        "EVT-0001",
        "evt0001",
        "evt+0001",
        "EVT%E2%80%930001",
        "%5DQ1evt-0001%0D",
    ];
    for query in cases {
        assert_eq!(references(&door, query).await[0], "EVT-0001", "{query}");
    }
    for (query, found) in [
        ("EVT-0001", 1),
        ("EVT-00", 100),
        ("EVT-004", 10),
        ("EVT-0100", 0),
    ] {
        assert_eq!(references(&door, query).await.len(), found, "{query}");
    }
    // A series is an identifier, too: VIP-0001 is the ticket of EVT-0000.
    assert_eq!(references(&door, "vip-0001").await, ["EVT-0000"]);
}

#[tokio::test]
async fn a_name_that_is_the_query_comes_before_those_that_hold_it() {
    let names = ["Ann Lee Smith", "Lee Ann", "Ann-Lee", "Ann Lee"];
    let (_server, door, _) = open(&names).await;
    let nearest = ["Ann-Lee", "Ann Lee", "Ann Lee Smith", "Lee Ann"];
    for query in ["ann+lee", "annlee", "ANN-LEE"] {
        assert_eq!(
            found(&door, &format!("query={query}")).await[..2],
            nearest[..2],
            "{query}"
        );
    }
    assert_eq!(found(&door, "query=ann+lee").await, nearest);
}

#[tokio::test]
async fn a_search_can_ask_for_a_state_too() {
    let (_server, door, issued) = open(&["Ann Lee", "Bob Lee"]).await;
    let cancel = format!(
        "/api/v1/tickets/{}/cancel",
        text(&issued[0]["ticketInstanceId"])
    );
    door.organizer.post(&cancel, json!({})).await.data(200);
    assert_eq!(found(&door, "query=lee").await, ["Ann Lee", "Bob Lee"]);
    assert_eq!(found(&door, "query=lee&state=CANCELLED").await, ["Ann Lee"]);
    assert_eq!(found(&door, "query=lee&state=ACTIVE").await, ["Bob Lee"]);
}

#[tokio::test]
async fn tickets_are_found_that_were_issued_before_the_start_before_a_search_and_after() {
    let (server, door, _) = open(&["Ann Lee"]).await;
    let server = server.restart().await;
    let door = door.moved_to(&server.client);
    server.clock.advance(SignedDuration::from_secs(1));
    door.issue_all(draft("Bob Lee")).await;
    assert_eq!(found(&door, "query=lee").await, ["Ann Lee", "Bob Lee"]);
    server.clock.advance(SignedDuration::from_secs(1));
    door.issue_all(draft("Cid Lee")).await;
    assert_eq!(
        found(&door, "query=lee").await,
        ["Ann Lee", "Bob Lee", "Cid Lee"]
    );
}

#[tokio::test]
async fn a_bulk_that_was_refused_is_not_found() {
    let (server, door, _) = open(&["Ann Lee"]).await;
    server.clock.advance(SignedDuration::from_secs(1));
    let coded = |name: &str| json!({"ticketTypeId": "vip", "attendeeName": name, "credentialCode": "NFC-1"});
    door.issue_all(coded("Bob Lee")).await;
    let bulk = json!({"tickets": [draft("Cid Lee"), coded("Dan Lee")]});
    let refused = door.organizer.post(&door.tickets(), bulk).await;
    refused.failure(409, "credential_code_taken");
    assert_eq!(found(&door, "query=lee").await, ["Ann Lee", "Bob Lee"]);
}

#[tokio::test]
async fn another_events_tickets_are_not_found() {
    let (server, door, _) = open(&["Ann Lee"]).await;
    let other = Door::open_with(
        &server.client,
        crate::support::door::one_day(),
        "another-device",
    )
    .await;
    other.issue_all(draft("Bob Lee")).await;
    assert_eq!(found(&door, "query=lee").await, ["Ann Lee"]);
    assert_eq!(found(&other, "query=lee").await, ["Bob Lee"]);
}
