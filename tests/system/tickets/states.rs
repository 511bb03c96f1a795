//! The states of a ticket: entered, cancelled, refunded, reinstated.

use gatewit_desk::tables::{EventTicket, TICKETS};
use gatewit_domain::ticket::{Ticket, TicketState};
use serde_json::{Value, json};

use super::{act, draft_coded, list};
use crate::support::door::{one_day, open_server, text, with};
use crate::support::{Door, Server};

const USED_BEFORE: &str = "DUPLICATE already_used";

async fn state(door: &Door, ticket: &Value) -> String {
    let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    text(&door.organizer.get(&path).await.data(200)["state"])
}

#[tokio::test]
async fn at_a_scan_point_a_code_on_a_badge_and_the_id_of_a_ticket_let_in_like_its_signed_code() {
    let server = Server::start().await;
    let event = with(&one_day(), json!({"scanPoints": [{"id": "desk"}]}));
    let anywhere = Door::open(&server.client, event).await;
    let door = Door::link(
        &server.client,
        &anywhere.event_id,
        "at-the-desk",
        json!({"scanPoint": "desk"}),
    )
    .await;
    let badge = door.issue_all(draft_coded("Ann", "NFC-1")).await;
    let plain = door.issue("vip").await;
    let id = text(&plain["ticketInstanceId"]);
    for code in ["NFC-1", &id] {
        assert_eq!(
            anywhere.verdict(code).await,
            "INVALID_SIGNATURE invalid_signature"
        );
    }
    assert_eq!(door.verdict(" NFC-1\n").await, "VALID");
    assert_eq!(door.verdict(&text(&badge["jwtToken"])).await, USED_BEFORE);
    assert_eq!(door.verdict(&id).await, "VALID");
    assert_eq!(door.verdict(&text(&plain["jwtToken"])).await, USED_BEFORE);
}

#[tokio::test]
async fn an_entry_on_a_day_that_is_gone_uses_no_ticket_of_the_day_that_is_left() {
    let server = Server::start().await;
    let day = |date: &str| {
        let time = |hour: u8| format!("2025-12-{date}T{hour:02}:00:00+03:00");
        json!({"dayName": date, "startDateTime": time(9), "endDateTime": time(18)})
    };
    let event = with(&one_day(), json!({"days": [day("15"), day("16")]}));
    let door = Door::open(&server.client, event).await;
    let ticket = door.issue("vip").await;
    assert_eq!(door.verdict(&text(&ticket["jwtToken"])).await, "VALID");
    let path = format!("/api/v1/events/{}", door.event_id);
    door.organizer
        .patch(&path, json!({"days": [day("16")]}))
        .await
        .data(200);
    assert_eq!(state(&door, &ticket).await, "ACTIVE");
    door.organizer
        .patch(&path, json!({"days": [day("15")]}))
        .await
        .data(200);
    assert_eq!(state(&door, &ticket).await, "USED");
    assert_eq!(door.verdict(&text(&ticket["jwtToken"])).await, USED_BEFORE);
}

#[tokio::test]
async fn a_cancelled_or_refunded_ticket_lets_nobody_in_until_it_is_reinstated() {
    let (_server, door) = open_server().await;
    for (action, state) in [("cancel", "CANCELLED"), ("refund", "REFUNDED")] {
        let ticket = door.issue("vip").await;
        let jwt = text(&ticket["jwtToken"]);
        let withdrawn = with(&ticket, json!({"state": state}));
        assert_eq!(act(&door, &ticket, action).await.data(200), withdrawn);
        assert_eq!(door.verdict(&jwt).await, "EXPIRED not_active");
        assert_eq!(act(&door, &ticket, action).await.data(200), withdrawn);
        assert_eq!(act(&door, &ticket, "reinstate").await.data(200), ticket);
        assert_eq!(door.verdict(&jwt).await, "VALID");
    }
}

#[tokio::test]
async fn a_ticket_that_gives_no_entry_says_why() {
    let server = Server::start().await;
    let types = json!({"ticketTypes": [{"id": "vip"}, {"id": "shirt", "admits": false}]});
    let door = Door::open(&server.client, with(&one_day(), types)).await;
    let message = async |ticket: &Value| {
        let scan = door.scan(&text(&ticket["jwtToken"])).await.body;
        assert_eq!(scan["data"]["reason"], "not_active");
        text(&scan["message"])
    };
    let shirt = door.issue("shirt").await;
    let words = "❌ This type of ticket gives no entry. Entry denied.";
    assert_eq!(message(&shirt).await, words);
    let ticket = door.issue("vip").await;
    act(&door, &ticket, "cancel").await.data(200);
    assert_eq!(
        message(&ticket).await,
        "❌ Ticket was cancelled. Entry denied."
    );
    act(&door, &ticket, "refund").await.data(200);
    assert_eq!(
        message(&ticket).await,
        "❌ Ticket was refunded. Entry denied."
    );
    let id = text(&ticket["ticketInstanceId"]).parse();
    let event = door.event_id.parse().expect("it is an id");
    let key = EventTicket(event, id.expect("it is an id"));
    let stored = TICKETS.get(&*server.store, &key).await;
    let stored = stored.expect("the store reads").expect("it is there");
    let unpaid = Ticket {
        state: TicketState::Pending,
        ..stored.value
    };
    let writes = vec![TICKETS.put(&key, &unpaid)];
    let kept = server.store.commit(Vec::new(), writes).await;
    kept.expect("the store writes");
    assert_eq!(
        message(&ticket).await,
        "❌ Ticket is not paid yet. Entry denied."
    );
    let path = format!("/api/v1/events/{}", door.event_id);
    let gone = json!({"ticketTypes": [{"id": "crew"}]});
    door.organizer.patch(&path, gone).await.data(200);
    let words = "❌ Ticket's type is unknown at this event. Entry denied.";
    assert_eq!(message(&shirt).await, words);
}

#[tokio::test]
async fn a_refunded_ticket_cannot_be_cancelled() {
    let (server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    act(&door, &ticket, "refund").await.data(200);
    let stored = server.stored().await;
    act(&door, &ticket, "cancel")
        .await
        .failure(409, "ticket_refunded");
    assert_eq!(server.stored().await, stored);
}

#[tokio::test]
async fn a_ticket_is_used_once_it_has_entered_an_event_of_one_day() {
    let (_server, door) = open_server().await;
    let ticket = door.issue("vip").await;
    let fresh = door.issue("vip").await;
    let jwt = text(&ticket["jwtToken"]);
    assert_eq!(door.verdict(&jwt).await, "VALID");
    let used = with(&ticket, json!({"state": "USED"}));
    assert_eq!(list(&door, "?state=USED").await.0, json!([used]));
    assert_eq!(list(&door, "?state=ACTIVE").await.0, json!([fresh]));
    // Cancelling and reinstating a ticket gives no second entry.
    act(&door, &ticket, "cancel").await.data(200);
    assert_eq!(door.verdict(&jwt).await, "EXPIRED not_active");
    assert_eq!(act(&door, &ticket, "reinstate").await.data(200), used);
    assert_eq!(door.verdict(&jwt).await, USED_BEFORE);
}

#[tokio::test]
async fn a_ticket_stays_active_through_an_event_of_several_days() {
    let server = Server::start().await;
    let day = |date: &str| {
        let time = |hour: &str| format!("{date}T{hour}:00:00+03:00");
        json!({"startDateTime": time("09"), "endDateTime": time("18")})
    };
    let days = json!({"days": [day("2025-12-15"), day("2025-12-16")]});
    let door = Door::open(&server.client, with(&one_day(), days)).await;
    let ticket = door.issue("vip").await;
    let jwt = text(&ticket["jwtToken"]);
    for time in ["2025-12-15T10:00:00+03:00", "2025-12-16T10:00:00+03:00"] {
        server.clock.set(time);
        assert_eq!(door.verdict(&jwt).await, "VALID", "{time}");
        assert_eq!(door.verdict(&jwt).await, USED_BEFORE, "{time}");
        assert_eq!(state(&door, &ticket).await, "ACTIVE", "{time}");
    }
}
