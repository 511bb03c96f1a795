//! Organizers create, find, change and publish events. `gatewit-api.md` §3.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::door::{one_day, open_server, text, texts, with};
use crate::support::{Client, Server};

const EVENTS: &str = "/api/v1/events";

async fn create(client: &Client, event: Value) -> Value {
    client.post(EVENTS, event).await.data(201)
}

fn path(event: &Value) -> String {
    format!("{EVENTS}/{}", text(&event["eventId"]))
}

/// Sets fields of an event and returns the whole event.
async fn change(client: &Client, event: &Value, fields: Value) -> Value {
    client.patch(&path(event), fields).await.data(200)
}

#[tokio::test]
async fn an_event_needs_only_a_name_and_its_days() {
    let server = Server::start().await;
    let days = json!([
        {"startDateTime": "2025-12-16T09:00:00+03:00", "endDateTime": "2025-12-16T18:00:00+03:00"},
    ]);
    let request = json!({"name": "Tech Summit 2025", "days": days});
    let event = create(&server.client, request).await;
    let expected = json!({
        "eventId": event["eventId"],
        "name": "Tech Summit 2025",
        "slug": "tech-summit-2025",
        "orgId": "default",
        "timezone": "+03:00",
        "days": [with(&days[0], json!({"dayName": "Day 1"}))],
        "checkInStrategy": "HOURS_BEFORE",
        "strategyOptions": {},
        "ticketTypes": [],
        "zones": [{"id": "venue", "perimeter": true}],
        "scanPoints": [],
        "ticketSources": [],
        "organizers": ["local"],
        "staff": [],
        "status": "DRAFT",
        "createdAt": "2025-12-15T07:00:00+03:00",
        "publicKey": null,
        "warnings": [],
    });
    assert_eq!(event, expected);
    assert_eq!(server.client.get(&path(&event)).await.data(200), expected);
    assert_eq!(server.client.get(EVENTS).await.data(200), json!([expected]));
}

/// The example of `gatewit-api.md` §3.
fn example() -> Value {
    json!({
        "name": "East African Tech Summit 2025", "slug": "eats-2025", "orgId": "my-org",
        "timezone": "Africa/Nairobi",
        "days": [{
            "dayName": "Day 1",
            "startDateTime": "2025-12-15T09:00:00+03:00", "endDateTime": "2025-12-15T18:00:00+03:00",
        }],
        "checkInStrategy": "HOURS_BEFORE",
        "strategyOptions": {"earlyCheckInHours": 2, "lateCheckInMinutes": 30},
        "ticketTypes": [{
            "id": "vip", "name": "VIP Pass", "allowReentry": true, "reentryLimit": 3,
            "days": ["Day 1"], "admits": true,
        }],
        "zones": [
            {"id": "venue", "capacity": 800, "enforceCapacity": false},
            {"id": "vip", "capacity": 60, "enforceCapacity": true},
        ],
        "scanPoints": [{
            "id": "main-door", "name": "Main door", "zone": "venue", "matchField": "qrCode",
            "acceptedTicketTypes": ["vip"],
        }],
        "sessions": [{"id": "keynote", "name": "Keynote"}],
        "organizers": ["sub-1"], "staff": ["sub-2"], "ticketSources": ["pretix"],
    })
}

#[tokio::test]
async fn the_whole_example_of_the_contract_is_understood() {
    let server = Server::start().await;
    let refused = server.client.post(EVENTS, example()).await;
    let words = refused.failure(422, "unknown_ticket_source");
    let expected = r#"ticketSources: there is no source "pretix"; none is configured"#;
    assert_eq!(words, expected);
    let example = with(&example(), json!({"ticketSources": []}));
    let event = create(&server.client, example.clone()).await;
    let as_written = "name slug orgId timezone days checkInStrategy strategyOptions ticketTypes \
                      ticketSources staff";
    for field in as_written.split(' ') {
        assert_eq!(event[field], example[field], "{field}");
    }
    let zones = json!([{"id": "venue", "perimeter": true}, {"id": "vip", "perimeter": false}]);
    assert_eq!(event["zones"], zones);
    for field in ["id", "name", "zone", "matchField", "acceptedTicketTypes"] {
        let (shown, written) = (&event["scanPoints"][0], &example["scanPoints"][0]);
        assert_eq!(shown[field], written[field], "{field}");
    }
    // The creator of an event is its first organizer.
    assert_eq!(event["organizers"], json!(["local", "sub-1"]));
}

#[tokio::test]
async fn fields_that_nobody_knows_are_ignored() {
    let server = Server::start().await;
    let mut request = one_day();
    let known = create(&server.client, request.clone()).await;
    request["colour"] = json!("green");
    request["days"][0]["colour"] = json!(["green"]);
    request["ticketTypes"][0]["colour"] = json!(null);
    let event = create(&server.client, request).await;
    let own = json!({"eventId": event["eventId"], "slug": "summit-2"});
    assert_eq!(event, with(&known, own));
    let changed = change(&server.client, &event, json!({"colour": 7})).await;
    assert_eq!(changed, event);
}

#[tokio::test]
async fn a_change_sets_the_fields_it_names_and_no_other() {
    let server = Server::start().await;
    let event = create(&server.client, one_day()).await;
    let fields = json!({"name": "Congress", "staff": ["sub-3"], "timezone": "Europe/Berlin"});
    let changed = change(&server.client, &event, fields.clone()).await;
    let in_berlin = json!([{
        "dayName": "Day 1",
        "startDateTime": "2025-12-15T07:00:00+01:00",
        "endDateTime": "2025-12-15T16:00:00+01:00",
    }]);
    let other_zone = json!({"days": in_berlin, "createdAt": "2025-12-15T05:00:00+01:00"});
    assert_eq!(changed, with(&with(&event, fields), other_zone));
    assert_eq!(server.client.get(&path(&event)).await.data(200), changed);
}

#[tokio::test]
async fn changes_made_at_once_all_hold() {
    let server = Server::start().await;
    let event = create(&server.client, one_day()).await;
    let fields = [
        json!({"name": "Congress"}),
        json!({"slug": "congress"}),
        json!({"orgId": "my-org"}),
        json!({"staff": ["sub-3"]}),
        json!({"ticketTypes": []}),
        json!({"strategyOptions": {"earlyCheckInHours": 5}}),
    ];
    let changes = fields.iter().cloned();
    let changes = changes.map(|fields| change(&server.client, &event, fields));
    join_all(changes).await;
    let changed = server.client.get(&path(&event)).await.data(200);
    let each = fields.into_iter();
    assert_eq!(
        changed,
        each.fold(event, |event, fields| with(&event, fields))
    );
}

#[tokio::test]
async fn a_strategy_named_without_options_starts_with_its_own() {
    let server = Server::start().await;
    let early = json!({"earlyCheckInHours": 5});
    let request = with(&one_day(), json!({"strategyOptions": early}));
    let event = create(&server.client, request).await;
    assert_eq!(event["strategyOptions"], early);
    let again = json!({"checkInStrategy": "HOURS_BEFORE"});
    let reset = change(&server.client, &event, again).await;
    assert_eq!(reset["strategyOptions"], json!({}));
    let windows = format!("{}/windows", path(&event));
    let windows = server.client.get(&windows).await;
    assert_eq!(windows.data(200)[0]["opens"], "2025-12-15T07:00:00+03:00");
    let options = json!({"strategyOptions": {"lateCheckInMinutes": 0}});
    let changed = change(&server.client, &event, options.clone()).await;
    assert_eq!(changed, with(&reset, options));
}

#[tokio::test]
async fn a_scan_right_after_a_change_obeys_it() {
    let (server, door) = open_server().await;
    let event = json!({"eventId": door.event_id});
    let jwt = door.issue_jwt("vip").await;
    let exact = json!({"checkInStrategy": "EXACT_TIME"});
    change(&server.client, &event, exact).await;
    assert_eq!(door.verdict(&jwt).await, "EXPIRED not_open");
    let tomorrow = json!({"days": [{
        "startDateTime": "2025-12-16T06:00:00+03:00", "endDateTime": "2025-12-16T08:00:00+03:00",
    }]});
    change(&server.client, &event, tomorrow).await;
    let refused = door.scan(&jwt).await.body;
    assert_eq!(refused["data"]["opensAt"], "2025-12-16T06:00:00+03:00");
    let early = json!({"earlyCheckInHours": 23});
    let early = json!({"checkInStrategy": "HOURS_BEFORE", "strategyOptions": early});
    change(&server.client, &event, early).await;
    assert_eq!(door.verdict(&jwt).await, "VALID");
}

#[tokio::test]
async fn publishing_twice_changes_nothing() {
    let server = Server::start().await;
    let event = create(&server.client, one_day()).await;
    let publish = format!("{}/publish", path(&event));
    let published = server.client.post(&publish, json!({})).await.data(200);
    let now = json!({"status": "PUBLISHED", "publicKey": published["publicKey"]});
    assert_eq!(published, with(&event, now));
    assert!(text(&published["publicKey"]).starts_with("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"));
    let stored = server.stored().await;
    let again = server.client.post(&publish, json!({})).await.data(200);
    assert_eq!(again, published);
    assert_eq!(server.stored().await, stored);
}

#[tokio::test]
async fn publishing_several_times_at_once_makes_one_key() {
    let server = Server::start().await;
    let event = create(&server.client, one_day()).await;
    let publish = format!("{}/publish", path(&event));
    let answers = join_all((0..4).map(|_| server.client.post(&publish, json!({})))).await;
    let shown = server.client.get(&path(&event)).await.data(200);
    for answer in answers {
        assert_eq!(answer.data(200), shown);
    }
}

#[tokio::test]
async fn events_of_one_name_get_slugs_of_their_own() {
    let server = Server::start().await;
    let events = join_all((0..8).map(|_| create(&server.client, one_day()))).await;
    let mut slugs = texts(&json!(events), "slug");
    slugs.sort();
    let numbered: Vec<_> = (2..=8).map(|number| format!("summit-{number}")).collect();
    assert_eq!((slugs[0].as_str(), &slugs[1..]), ("summit", &numbered[..]));
}

#[tokio::test]
async fn a_chosen_slug_is_given_once_within_its_organization() {
    let server = Server::start().await;
    let named = |slug: &str, org: &str| with(&one_day(), json!({"slug": slug, "orgId": org}));
    let first = create(&server.client, named("gala", "a")).await;
    create(&server.client, named("gala", "b")).await;
    let other = create(&server.client, named("ball", "a")).await;
    let stored = server.stored().await;
    let refused = server.client.post(EVENTS, named("gala", "a")).await;
    let words = refused.failure(409, "slug_taken");
    assert!(words.contains("\"gala\""), "{words}");
    let to_gala = json!({"slug": "gala"});
    let refused = server.client.patch(&path(&other), to_gala.clone()).await;
    refused.failure(409, "slug_taken");
    assert_eq!(server.stored().await, stored);
    // A slug that is no longer used is free again.
    change(&server.client, &first, json!({"slug": "prom"})).await;
    let moved = change(&server.client, &other, to_gala).await;
    assert_eq!(moved["slug"], "gala");
}

#[tokio::test]
async fn events_are_listed_oldest_first() {
    let server = Server::start().await;
    let mut expected = Vec::new();
    for name in ["Zoo", "Ark", "Mill"] {
        let event = with(&one_day(), json!({"name": name}));
        expected.push(create(&server.client, event).await);
        server.clock.advance(jiff::SignedDuration::from_secs(1));
    }
    assert_eq!(server.client.get(EVENTS).await.data(200), json!(expected));
}
