//! Invalid events, on creation and on change.

use serde_json::{Value, json};

use super::{EVENTS, check, event};
use crate::support::door::open_server;
use crate::support::{Door, Server};

/// A server with an event to change.
struct House {
    server: Server,
    door: Door,
}

impl House {
    async fn open() -> Self {
        let (server, door) = open_server().await;
        Self { server, door }
    }

    /// Checks that an event with these fields can be neither created nor made by a change.
    async fn check(&self, fields: Value, code: &str, words: &str) {
        let client = &self.server.client;
        let path = format!("{EVENTS}/{}", self.door.event_id);
        check(
            &self.server,
            client.post(EVENTS, event(&fields)),
            422,
            code,
            words,
        )
        .await;
        check(&self.server, client.patch(&path, fields), 422, code, words).await;
    }

    /// Checks that the event admits as before the attempts.
    async fn check_door(&self) {
        let jwt = self.door.issue_jwt("vip").await;
        assert_eq!(self.door.verdict(&jwt).await, "VALID");
    }
}

fn day(starts: &str, ends: &str) -> Value {
    json!({"days": [{"startDateTime": starts, "endDateTime": ends}]})
}

#[tokio::test]
async fn days_that_cannot_be_are_refused() {
    let house = House::open().await;
    let nine = "2025-12-15T09:00:00+03:00";
    let no_time = "is not an RFC 3339 time";
    let cases = [
        (
            day(nine, "2025-12-15T08:59:59+03:00"),
            "days[0] ends at 2025-12-15T08:59:59+03:00, which is not after",
        ),
        (
            day(nine, "2025-12-15T06:00:00Z"),
            "days[0] ends at 2025-12-15T06:00:00Z, which is not after",
        ),
        (
            day("2025-01-01T00:00:00Z", nine),
            "days[0] is longer than 31 days",
        ),
        (day("2025-12-15T09:00:00", nine), no_time),
        (day("2025-02-30T09:00:00Z", nine), no_time),
        (
            day(nine, "tomorrow"),
            "days[0].endDateTime: \"tomorrow\" is not an RFC 3339 time",
        ),
        (
            day("0001-01-01T00:00:00Z", nine),
            "days[0].startDateTime: \"0001-01-01T00:00:00Z\" is not in the years",
        ),
        (
            day("9999-12-30T09:00:00Z", "9999-12-30T18:00:00Z"),
            "is not in the years",
        ),
        (json!({"days": []}), "days must hold"),
    ];
    for (fields, words) in cases {
        house.check(fields, "invalid_event", words).await;
    }
    let named = |date: &str| {
        let (starts, ends) = (format!("{date}T09:00:00Z"), format!("{date}T18:00:00Z"));
        json!({"dayName": "Day", "startDateTime": starts, "endDateTime": ends})
    };
    let twice = json!({"days": [named("2025-12-15"), named("2025-12-16")]});
    let words = "days names \"Day\" twice";
    house.check(twice, "invalid_event", words).await;
    house.check_door().await;
}

#[tokio::test]
async fn an_event_that_contradicts_itself_is_refused() {
    let house = House::open().await;
    let cases = [
        (json!({"name": " "}), "name must have 1 to 200 characters"),
        (json!({"slug": "Two Words"}), "slug \"Two Words\" must have"),
        (
            json!({"timezone": "Mars/Olympus"}),
            "time zone \"Mars/Olympus\" is not known",
        ),
        (
            json!({"ticketTypes": [{"id": "a"}, {"id": "a"}]}),
            "ticketTypes names \"a\" twice",
        ),
        (
            json!({"ticketTypes": [{"id": "a", "days": ["Day 9"]}]}),
            "names the day \"Day 9\"",
        ),
        (
            json!({"ticketTypes": [{"id": "a", "reentryLimit": 0}]}),
            "must be at least 1",
        ),
        (
            json!({"scanPoints": [{"id": "a"}, {"id": "a"}]}),
            "scanPoints names \"a\" twice",
        ),
        (
            json!({"zones": [{"id": "a"}, {"id": "a"}]}),
            "zones names \"a\" twice",
        ),
        (
            json!({"scanPoints": [{"id": "a", "zone": "cellar"}]}),
            "scanPoints: point \"a\" is in the zone \"cellar\", which does not exist",
        ),
        (
            json!({"scanPoints": [{"id": "a", "acceptedTicketTypes": ["b"]}]}),
            "ticket type \"b\"",
        ),
        (json!({"staff": [""]}), "staff must have"),
    ];
    for (fields, words) in cases {
        house.check(fields, "invalid_event", words).await;
    }
    house.check_door().await;
}

#[tokio::test]
async fn an_event_without_a_name_or_days_is_refused() {
    let server = Server::start().await;
    for required in ["name", "days"] {
        let request = server.client.post(EVENTS, event(&json!({required: null})));
        let words = format!("{required} is required");
        check(&server, request, 422, "invalid_event", &words).await;
    }
}

#[tokio::test]
async fn a_day_that_a_ticket_type_needs_stays() {
    let house = House::open().await;
    let path = format!("{EVENTS}/{}", house.door.event_id);
    let types = json!({"ticketTypes": [{"id": "vip", "days": ["Day 1"]}]});
    house.server.client.patch(&path, types).await.data(200);
    let mut renamed = day("2025-12-15T09:00:00+03:00", "2025-12-15T18:00:00+03:00");
    renamed["days"][0]["dayName"] = json!("Monday");
    let request = house.server.client.patch(&path, renamed);
    check(
        &house.server,
        request,
        422,
        "invalid_event",
        "names the day \"Day 1\"",
    )
    .await;
    house.check_door().await;
}

#[tokio::test]
async fn an_unknown_strategy_is_told_those_there_are() {
    let house = House::open().await;
    for name in ["FULL_MOON", "hours-before", "hours_before", ""] {
        let words = format!(
            "strategy {name} is not loaded; loaded are: \
             ALL_DAY, AS_DAY_START, EXACT_TIME, HOURS_BEFORE, SPECIFIC_TIME"
        );
        let fields = json!({"checkInStrategy": name});
        house.check(fields, "unknown_strategy", &words).await;
    }
    house.check_door().await;
}

#[tokio::test]
async fn options_are_refused_in_the_words_of_the_plugin() {
    let house = House::open().await;
    let cases = [
        (
            "HOURS_BEFORE",
            json!({"earlyCheckinHours": 2}),
            "strategyOptions: unknown field \"earlyCheckinHours\", \
             expected \"earlyCheckInHours\" or \"lateCheckInMinutes\"",
        ),
        (
            "HOURS_BEFORE",
            json!({"lateCheckInMinutes": -30}),
            "strategyOptions.lateCheckInMinutes: invalid value: integer -30, \
             expected a whole number of minutes from 0 to 5256000",
        ),
        (
            "SPECIFIC_TIME",
            json!({"checkInOpensAt": "08:00", "checkInClosesAt": "08:00"}),
            "checkInOpensAt and checkInClosesAt are both 08:00",
        ),
        ("SPECIFIC_TIME", json!({}), "checkInOpensAt"),
        (
            "ALL_DAY",
            json!({"hours": 2}),
            "strategyOptions: unknown field \"hours\", there are no options",
        ),
    ];
    for (strategy, options, words) in cases {
        let fields = json!({"checkInStrategy": strategy, "strategyOptions": options});
        house.check(fields, "invalid_strategy_options", words).await;
    }
    // Options without a strategy apply to the event's current strategy.
    let fields = json!({"strategyOptions": {"checkInOpensAt": "08:00"}});
    let words = "unknown field \"checkInOpensAt\"";
    house.check(fields, "invalid_strategy_options", words).await;
    house.check_door().await;
}
