//! Organizers, operators, staff and organizations.

use gatewit_desk::Access;
use gatewit_desk::tables::RECORDS;
use gatewit_domain::record::{Record, RecordedBy};
use serde_json::json;

use super::{EVENTS, client, identifying, open};
use crate::support::door::{one_day, text, texts, with};
use crate::support::{Issuer, Server};

/// Access rules with one operator, and one organization with one member.
fn access() -> Access {
    let set = |sub: &str| [sub.to_owned()].into();
    Access {
        operators: set("root"),
        organizations: [("club".to_owned(), set("ada"))].into(),
    }
}

async fn start() -> (Issuer, Server) {
    let issuer = Issuer::start().await;
    let server = Server::start_identifying(issuer.settings(), access()).await;
    (issuer, server)
}

#[tokio::test]
async fn organizers_manage_their_own_events_only() {
    let (issuer, server) = identifying().await;
    let [ada, bob, eve] = ["ada", "bob", "eve"].map(|sub| client(&server, &issuer, sub));
    let door = open(&ada, json!({"organizers": ["bob"], "staff": ["eve"]})).await;
    let path = format!("{EVENTS}/{}", door.event_id);
    let event = bob.get(&path).await.data(200);
    assert_eq!(event["organizers"], json!(["ada", "bob"]));
    assert_eq!(bob.get(EVENTS).await.data(200), json!([event]));
    let renamed = bob.patch(&path, json!({"name": "Ours"})).await.data(200);
    assert_eq!(renamed["name"], "Ours");

    // Staff scan at the doors but manage nothing.
    eve.get(&path).await.failure(403, "not_event_organizer");
    assert_eq!(eve.get(EVENTS).await.data(200), json!([]));

    ada.patch(&path, json!({"organizers": ["ada"]}))
        .await
        .data(200);
    bob.get(&path).await.failure(403, "not_event_organizer");
}

#[tokio::test]
async fn operators_manage_every_event() {
    let (issuer, server) = start().await;
    let ada = client(&server, &issuer, "ada");
    let root = client(&server, &issuer, "root");
    let door = open(&ada, json!({"orgId": "club"})).await;
    let path = format!("{EVENTS}/{}", door.event_id);
    root.patch(&path, json!({"name": "Theirs"})).await.data(200);
    let theirs = with(&one_day(), json!({"orgId": "nobodys"}));
    let made = root.post(EVENTS, theirs).await.data(201);
    assert_eq!(made["organizers"], json!(["root"]));
    let all = root.get(EVENTS).await.data(200);
    let mut all = texts(&all, "orgId");
    all.sort();
    assert_eq!(all, ["club", "nobodys"]);
    assert_eq!(texts(&ada.get(EVENTS).await.data(200), "orgId"), ["club"]);
}

#[tokio::test]
async fn only_members_put_an_event_into_an_organization() {
    let (issuer, server) = start().await;
    let [ada, bob] = ["ada", "bob"].map(|sub| client(&server, &issuer, sub));
    let in_club = with(&one_day(), json!({"orgId": "club"}));
    let elsewhere = with(&one_day(), json!({"orgId": "unheard-of"}));
    let refused = "not_organization_member";
    bob.post(EVENTS, in_club.clone())
        .await
        .failure(403, refused);
    bob.post(EVENTS, elsewhere.clone())
        .await
        .failure(403, refused);
    ada.post(EVENTS, elsewhere).await.failure(403, refused);
    ada.post(EVENTS, in_club).await.data(201);

    let own = with(&one_day(), json!({"slug": "bobs"}));
    let own = bob.post(EVENTS, own).await.data(201);
    let path = format!("{EVENTS}/{}", text(&own["eventId"]));
    let moved = json!({"orgId": "club"});
    bob.patch(&path, moved.clone()).await.failure(403, refused);
    bob.patch(&path, json!({"organizers": ["ada"]}))
        .await
        .data(200);
    // A caller who may not move an event to an organization may still change one that is there.
    ada.patch(&path, moved).await.data(200);
    ada.patch(&path, json!({"organizers": ["bob"]}))
        .await
        .data(200);
    let change = json!({"orgId": "club", "name": "Still here"});
    bob.patch(&path, change).await.data(200);
}

#[tokio::test]
async fn events_made_while_authentication_was_off_belong_to_no_identity() {
    let (issuer, server) = start().await;
    let [ada, local, root] = ["ada", "local", "root"].map(|sub| client(&server, &issuer, sub));
    let door = open(&ada, json!({"organizers": ["local"]})).await;
    let path = format!("{EVENTS}/{}", door.event_id);
    root.patch(&path, json!({"organizers": ["local"]}))
        .await
        .data(200);
    local.get(&path).await.failure(403, "not_event_organizer");
    assert_eq!(local.get(EVENTS).await.data(200), json!([]));
    root.get(&path).await.data(200);
}

#[tokio::test]
async fn who_did_it_is_recorded_at_the_desk() {
    let (issuer, server) = identifying().await;
    let [ada, bob] = ["ada", "bob"].map(|sub| client(&server, &issuer, sub));
    let door = open(&ada, json!({"organizers": ["bob"]})).await;
    let ticket = text(&door.issue("vip").await["ticketInstanceId"]);
    let desk = format!("{EVENTS}/{}/check-ins", door.event_id);
    let found = json!({"ticketInstanceId": ticket});
    let answer = bob.post(&desk, found).await.data(200);
    let check_in = text(&answer[0]["checkInId"]);
    let prefix = format!("{}/", door.event_id);
    let records = RECORDS
        .page(&*server.store, &prefix, None, usize::MAX)
        .await;
    let records = records.expect("the store reads").into_iter();
    let records: Vec<_> = records.map(|stored| stored.value).collect();
    let [Record::Scan(scan)] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(scan.id.to_string(), check_in);
    assert_eq!(scan.by, RecordedBy::Organizer("bob".to_owned()));

    let undo = json!({"checkInId": check_in, "reason": "Too early"});
    let path = "/api/v1/check-in/undo";
    let eve = client(&server, &issuer, "eve");
    eve.post(path, undo.clone())
        .await
        .failure(403, "not_event_organizer");
    let undone = ada.post(path, undo).await.data(200);
    assert_eq!(undone["undoneBy"], "ada");
}

#[tokio::test]
async fn scanners_and_organizers_both_undo_and_read_statistics() {
    let (issuer, server) = identifying().await;
    let ada = client(&server, &issuer, "ada");
    let door = open(&ada, json!({})).await;
    let statistics = format!("/api/v1/check-in/scanners/{}/stats", door.scanner_id);
    for client in [&door.scanner, &ada] {
        let jwt = door.issue_jwt("vip").await;
        let check_in = door.scan(&jwt).await.data(200)["checkInId"].clone();
        let undo = json!({"checkInId": check_in, "reason": "By mistake"});
        let undone = client.post("/api/v1/check-in/undo", undo).await;
        assert_eq!(undone.data(200)["undone"], true);
        assert_eq!(door.verdict(&jwt).await, "VALID");
        client.get(&statistics).await.data(200);
    }
    let nobody = server.client.get(&statistics).await;
    nobody.failure(401, "missing_credentials");
}

#[tokio::test]
async fn plugins_are_replaced_by_operators_alone() {
    let (issuer, server) = start().await;
    let [ada, root] = ["ada", "root"].map(|sub| client(&server, &issuer, sub));
    let plugin = "/api/v1/plugins/hours-before";
    let before = ada.get(plugin).await.data(200);
    for (method, path) in [
        ("put", plugin.to_owned()),
        ("delete", format!("{plugin}?force=true")),
        ("post", format!("{plugin}/rollback")),
        ("get", format!("{plugin}/history")),
    ] {
        let refused = ada.request(method, &path, None).await;
        refused.failure(403, "not_operator");
    }
    assert_eq!(ada.get(plugin).await.data(200), before);
    let history = root.get(&format!("{plugin}/history")).await.data(200);
    assert_eq!(history[0]["action"], "loaded");
}
