//! The same request to issue tickets sent again: under an `Idempotency-Key` it issues once. `gatewit-api.md` §4, §5.

use futures::future::join_all;
use gatewit_desk::Access;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{draft, draft_coded, list};
use crate::support::door::{one_day, open_server, text, texts, with};
use crate::support::{Answer, Door, Issuer, Server};

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn issue_once(door: &Door, key: &str, request: &Value) -> Answer {
    let path = door.tickets();
    door.organizer.post_once(&path, key, request.clone()).await
}

/// More tickets than are written in one commit.
fn many() -> Value {
    let drafts =
        (0..230).map(|number| draft_coded(&format!("Guest {number}"), &format!("NFC-{number}")));
    json!({"tickets": drafts.collect::<Vec<_>>()})
}

/// The number of the event's tickets.
async fn count(door: &Door) -> usize {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let (page, next) = list(door, &format!("?limit=200{cursor}")).await;
        count += page.as_array().expect("a list").len();
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

#[tokio::test]
async fn the_same_request_under_its_key_issues_once_and_is_answered_the_same() {
    let (server, door) = open_server().await;
    let requests = [
        ("one", draft_coded("Ann", "NFC-A"), 1),
        ("few", json!({"tickets": [draft("Bob"), draft("Cid")]}), 2),
        ("one of a list", json!({"tickets": [draft("Dan")]}), 1),
        ("many", many(), 230),
    ];
    let mut expected = 0;
    for (key, request, tickets) in &requests {
        let first = issue_once(&door, key, request).await;
        assert_eq!(first.status, 201, "{key}");
        expected += tickets;
        let stored = server.stored().await;
        server.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(issue_once(&door, key, request).await, first, "{key}");
        assert_eq!(server.stored().await, stored, "{key}");
        assert_eq!(count(&door).await, expected, "{key}");
    }
    // Without a key, or under another, it is another request.
    door.issue_all(draft("Bob")).await;
    let other = json!({"tickets": [draft("Dan")]});
    assert_eq!(issue_once(&door, "another", &other).await.status, 201);
    assert_eq!(count(&door).await, expected + 2);
}

#[tokio::test]
async fn a_repeat_is_answered_the_same_by_a_server_started_again() {
    let (server, door) = open_server().await;
    let (one, all) = (draft("Ann"), many());
    let first = [
        issue_once(&door, "one", &one).await,
        issue_once(&door, "all", &all).await,
    ];
    let server = server.restart().await;
    let door = door.moved_to(&server.client);
    let again = [
        issue_once(&door, "one", &one).await,
        issue_once(&door, "all", &all).await,
    ];
    assert_eq!(again, first);
    assert_eq!(count(&door).await, 231);
}

#[tokio::test]
async fn a_repeat_shows_the_tickets_as_they_are_now() {
    let (_server, door) = open_server().await;
    let request = json!({"tickets": [draft("Ann"), draft("Bob")]});
    let first = issue_once(&door, "pair", &request).await.data(201);
    let path = format!(
        "/api/v1/tickets/{}/cancel",
        text(&first[1]["ticketInstanceId"])
    );
    door.organizer.post(&path, json!({})).await.data(200);
    let again = issue_once(&door, "pair", &request).await.data(201);
    assert_eq!(texts(&again, "state"), ["ACTIVE", "CANCELLED"]);
    assert_eq!(again[0], first[0]);
}

#[tokio::test]
async fn a_key_used_for_other_tickets_is_in_conflict_and_changes_nothing() {
    let (server, door) = open_server().await;
    let elsewhere = Door::open_with(&server.client, one_day(), "another-device").await;
    let pair = json!({"tickets": [draft("Ann"), draft("Bob")]});
    let first = issue_once(&door, "pair", &pair).await;
    let stored = server.stored().await;
    let others = [
        draft("Ann"),
        json!({"tickets": [draft("Ann")]}),
        json!({"tickets": [draft("Bob"), draft("Ann")]}),
        json!({"tickets": [draft("Ann"), draft_coded("Bob", "NFC-1")]}),
        many(),
    ];
    for other in &others {
        let refused = issue_once(&door, "pair", other).await;
        refused.failure(409, "idempotency_mismatch");
    }
    let refused = issue_once(&elsewhere, "pair", &pair).await;
    refused.failure(409, "idempotency_mismatch");
    assert_eq!(server.stored().await, stored);
    assert_eq!(issue_once(&door, "pair", &pair).await, first);
}

#[tokio::test]
async fn a_key_is_free_again_after_twenty_four_hours() {
    let (server, door) = open_server().await;
    let first = issue_once(&door, "one", &draft("Ann")).await;
    server.clock.advance(DAY - SignedDuration::from_secs(1));
    assert_eq!(issue_once(&door, "one", &draft("Ann")).await, first);
    server.clock.advance(SignedDuration::from_secs(1));
    let second = issue_once(&door, "one", &draft("Bob")).await.data(201);
    assert_eq!(second["attendeeName"], "Bob");
    assert_eq!(
        issue_once(&door, "one", &draft("Bob")).await.data(201),
        second
    );
    assert_eq!(count(&door).await, 2);
}

#[tokio::test]
async fn a_request_that_failed_is_tried_anew_under_its_key() {
    let (_server, door) = open_server().await;
    let taken = door.issue_all(draft_coded("Ann", "NFC-229")).await;
    for _ in 0..2 {
        let refused = issue_once(&door, "all", &many()).await;
        refused.failure(409, "credential_code_taken");
    }
    assert_eq!(list(&door, "").await, (json!([taken]), None));
    // Another request may use the key, since nothing was done under it.
    let fewer = json!({"tickets": [draft_coded("Bob", "NFC-0"), draft_coded("Cid", "NFC-228")]});
    let issued = issue_once(&door, "all", &fewer).await.data(201);
    assert_eq!(texts(&issued, "attendeeName"), ["Bob", "Cid"]);
}

#[tokio::test]
async fn sixteen_of_the_same_request_at_once_issue_once() {
    let (_server, door) = open_server().await;
    let (one, all) = (draft_coded("Ann", "NFC-A"), many());
    for (key, request, tickets) in [("one", &one, 1), ("all", &all, 231)] {
        let answers = join_all((0..16).map(|_| issue_once(&door, key, request))).await;
        assert_eq!(answers[0].status, 201, "{key}");
        for answer in &answers {
            assert_eq!(answer, &answers[0], "{key}");
        }
        assert_eq!(count(&door).await, tickets, "{key}");
    }
}

#[tokio::test]
async fn one_key_for_two_requests_at_once_serves_one_of_them() {
    let (_server, door) = open_server().await;
    let (all, one) = (many(), draft("Ann"));
    let (all, one) = tokio::join!(
        issue_once(&door, "key", &all),
        issue_once(&door, "key", &one)
    );
    let mut statuses = [all.status, one.status];
    statuses.sort();
    assert_eq!(statuses, [201, 409]);
    let expected = if all.status == 201 { 230 } else { 1 };
    assert_eq!(count(&door).await, expected);
}

#[tokio::test]
async fn organizers_may_use_the_same_key_and_nobody_else_is_told_of_it() {
    let issuer = Issuer::start().await;
    let server = Server::start_identifying(issuer.settings(), Access::default()).await;
    let [ada, bob, eve] =
        ["ada", "bob", "eve"].map(|sub| server.client.with_bearer(&issuer.token(sub)));
    let event = with(&one_day(), json!({"organizers": ["bob"]}));
    let door = Door::open(&ada, event).await;
    let path = door.tickets();
    let of_ada = ada.post_once(&path, "key", draft("Ann")).await.data(201);
    let of_bob = bob.post_once(&path, "key", draft("Ann")).await.data(201);
    assert_ne!(of_ada["ticketInstanceId"], of_bob["ticketInstanceId"]);
    let refused = eve.post_once(&path, "key", draft("Ann")).await;
    refused.failure(403, "not_event_organizer");
    assert_eq!(
        ada.post_once(&path, "key", draft("Ann")).await.data(201),
        of_ada
    );
    assert_eq!(count(&door).await, 2);
}

#[tokio::test]
async fn a_key_of_no_or_too_many_characters_is_malformed_and_issues_nothing() {
    let (_server, door) = open_server().await;
    for key in ["", &"x".repeat(256)] {
        let refused = issue_once(&door, key, &draft("Ann")).await;
        refused.failure(400, "invalid_idempotency_key");
    }
    assert_eq!(count(&door).await, 0);
}
