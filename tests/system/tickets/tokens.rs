//! The signed codes of tickets: the days they list, the content of a QR code, and when they are signed again.

use serde_json::{Value, json};

use super::{draft, list};
use crate::support::door::{VALIDATE, days, one_day, text, verdict, with};
use crate::support::{Door, Server, jwt};

/// The longest signed code that a QR code shows.
const QR_CODE_MAX: usize = 1_500;

fn fortnight() -> Value {
    let types = json!([{"id": "all"}, {"id": "two", "days": ["Day 2", "2025-12-18"]}]);
    with(&one_day(), json!({"days": days(14), "ticketTypes": types}))
}

async fn show(door: &Door, ticket: &Value) -> Value {
    let path = format!("/api/v1/tickets/{}", text(&ticket["ticketInstanceId"]));
    door.organizer.get(&path).await.data(200)
}

async fn patch(door: &Door, fields: Value) {
    let path = format!("/api/v1/events/{}", door.event_id);
    door.organizer.patch(&path, fields).await.data(200);
}

#[tokio::test]
async fn a_signed_code_lists_the_days_that_its_type_is_good_for() {
    let server = Server::start().await;
    let door = Door::open(&server.client, fortnight()).await;
    let ticket = door.issue("two").await;
    let claims = jwt::claims(&text(&ticket["jwtToken"]));
    let days = days(14);
    assert_eq!(claims["eventSchedules"], json!([days[1], days[3]]));
    assert_eq!(ticket["qrCode"], ticket["jwtToken"]);
}

#[tokio::test]
async fn a_signed_code_too_long_for_a_qr_code_has_a_compact_one_and_both_let_in() {
    let server = Server::start().await;
    let door = Door::open(&server.client, fortnight()).await;
    let ticket = door.issue("all").await;
    let [whole, compact] = ["jwtToken", "qrCode"].map(|field| text(&ticket[field]));
    assert!(whole.len() > QR_CODE_MAX, "{}", whole.len());
    assert!(compact.len() < QR_CODE_MAX / 2, "{}", compact.len());
    let claims = jwt::claims(&whole);
    let expected = json!({
        "type": "ticket",
        "ticketInstanceId": ticket["ticketInstanceId"],
        "eventId": door.event_id,
        "ticketTypeId": "all",
        "iat": claims["iat"],
        "exp": claims["exp"],
    });
    assert_eq!(jwt::claims(&compact), expected);
    assert_eq!(jwt::header(&compact), jwt::header(&whole));
    assert_eq!(show(&door, &ticket).await, ticket);
    assert_eq!(door.verdict(&compact).await, "VALID");
    assert_eq!(door.verdict(&whole).await, "DUPLICATE already_used");
    let other = door.issue("all").await;
    assert_eq!(door.verdict(&text(&other["jwtToken"])).await, "VALID");
    // It authenticates no scanner, and a modified one is not a ticket.
    let forger = server.client.with_bearer(&compact);
    let scan = forger.post(VALIDATE, door.body(&whole)).await;
    scan.failure(401, "invalid_credentials");
    let claims = with(
        &expected,
        json!({"ticketInstanceId": other["ticketInstanceId"]}),
    );
    let forged = jwt::with_claims(&compact, &claims);
    assert_eq!(
        door.verdict(&forged).await,
        "INVALID_SIGNATURE invalid_signature"
    );
}

#[tokio::test]
async fn a_signed_code_lets_in_however_long_it_is() {
    let server = Server::start().await;
    let mut days = days(14);
    for day in &mut days {
        day["dayName"] = format!("{} {}", text(&day["dayName"]), "é".repeat(190)).into();
    }
    let door = Door::open(&server.client, with(&one_day(), json!({ "days": days }))).await;
    let whole = door.issue_jwt("vip").await;
    assert!(whole.len() > 4 * 1024, "{}", whole.len());
    let scan = |text: &str| door.scanner.post_once(VALIDATE, "scan-1", door.body(text));
    let first = scan(&whole).await;
    assert_eq!(verdict(&first), "VALID");
    assert_eq!(scan(&format!("]Q1{whole}\r\n")).await, first);
    assert_eq!(
        door.verdict(&format!("{whole}x")).await,
        "INVALID_SIGNATURE invalid_signature"
    );
}

#[tokio::test]
async fn a_ticket_is_signed_anew_when_it_is_read_after_what_its_code_says_has_changed() {
    let server = Server::start().await;
    let door = Door::open(&server.client, one_day()).await;
    let everyone = json!({"tickets": [draft("Ann"), draft("Bob"), draft("Cid")]});
    let issued = door.issue_all(everyone).await;
    patch(&door, json!({"name": "Another name"})).await;
    assert_eq!(list(&door, "").await.0, issued);

    let types = json!([{"id": "vip", "name": "Very important"}]);
    patch(&door, json!({"ticketTypes": types, "days": days(14)})).await;
    let shown = show(&door, &issued[0]).await;
    let claims = jwt::claims(&text(&shown["jwtToken"]));
    let days = days(14);
    assert_eq!(claims["ticketTypeName"], "Very important");
    assert_eq!(claims["eventSchedules"], json!(days));
    assert_ne!(shown["qrCode"], shown["jwtToken"]);
    let found = list(&door, "?query=bob").await.0[0].clone();
    assert_ne!(found["jwtToken"], issued[1]["jwtToken"]);
    let listed = list(&door, "").await.0;
    assert_eq!(
        [&listed[0], &listed[1], &list(&door, "").await.0[2]],
        [&shown, &found, &listed[2]]
    );
    for ticket in [&shown, &found] {
        assert_eq!(door.verdict(&text(&ticket["qrCode"])).await, "VALID");
    }
    // A code printed before the change is still a ticket.
    let printed = text(&issued[2]["jwtToken"]);
    assert_ne!(listed[2]["jwtToken"], issued[2]["jwtToken"]);
    assert_eq!(door.verdict(&printed).await, "VALID");
}

#[tokio::test]
async fn a_ticket_whose_type_is_gone_keeps_the_code_it_has() {
    let server = Server::start().await;
    let door = Door::open(&server.client, one_day()).await;
    let ticket = door.issue("vip").await;
    patch(&door, json!({"ticketTypes": [{"id": "crew"}]})).await;
    let expected = with(&ticket, json!({"ticketTypeName": "vip"}));
    assert_eq!(show(&door, &ticket).await, expected);
}
