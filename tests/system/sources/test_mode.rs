//! Orders made in pretix's test mode.

use super::*;
use crate::attendees::upstream::Upstream;
use crate::support::crowd::today;
use crate::support::door::with;
use crate::support::until;

fn order(code: &str, name: &str, is_test: bool, status: &str) -> Value {
    let position = json!({
        "id": 1, "positionid": 1, "item": 10, "variation": null, "attendee_name": name, "attendee_email": null,
        "secret": format!("s-{code}"), "addon_to": null, "canceled": false, "blocked": null,
    });
    json!({"code": code, "status": status, "testmode": is_test, "positions": [position]})
}

/// A pretix with two tickets from test mode and one that was sold.
async fn pretix() -> Upstream {
    let items = json!([{"id": 10, "name": {"en": "Ticket"}, "category": null, "admission": true}]);
    let orders = [
        order("TESTA", "Tess Ting", true, "p"),
        order("TESTB", "Pen Ding", true, "n"),
        order("SOLDA", "Pay Ing", false, "p"),
    ];
    let fixture = json!({"categories": [], "items": items, "orders": orders});
    Upstream::start(json!({"pretix_main": fixture})).await
}

/// The state of an order at the desk.
async fn admitted(client: &Client, event: &str, order: &str) -> (Value, Value) {
    let request = json!({"order": order});
    let outcomes = client
        .post(&format!("{event}/check-ins"), request)
        .await
        .data(200);
    (outcomes[0]["valid"].clone(), outcomes[0]["reason"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn test_orders_are_refused_at_the_door_unless_the_event_is_in_test_mode_or_the_operator_admits_them()
 {
    let pretix = pretix().await;
    let home = home_with("pretix");
    let source = |name: &str, event: &str, more: &str| {
        let base = &pretix.base;
        format!(
            "  {name}: {{plugin: pretix, settings: {{base_url: \"{base}/api/v1\", organizer: org, event: {event}, \
             token: \"secret://PRETIX_TOKEN\"{more}}}}}\n"
        )
    };
    let sources = [
        source("live", "ev", ""),
        source("refusing", "ev", ", test_mode: refuse"),
        source("admitting", "ev", ", test_mode: admit"),
        source("trial", "trial", ""),
    ];
    home.configure(&format!(
        "TICKETING_BACKEND: live\nsources:\n{}",
        sources.concat()
    ));
    let server = start(&home, "PRETIX_TOKEN", "ptok");
    let client = &server.client;
    let refused = (json!(false), json!("not_active"));
    for (name, tested) in [
        ("live", refused.clone()),
        ("refusing", refused.clone()),
        ("admitting", (json!(true), json!(null))),
        ("trial", (json!(true), json!(null))),
    ] {
        let event = with(&today(), json!({"name": name, "ticketSources": [name]}));
        let event = publish(client, event).await;
        until("the tickets of the source are there", async || {
            (tickets(client, &event, "").await.len() == 3).then_some(())
        })
        .await;
        assert_eq!(admitted(client, &event, "TESTA").await, tested, "{name}");
        assert_eq!(
            admitted(client, &event, "TESTB").await,
            refused,
            "{name}: it is not paid"
        );
        assert_eq!(admitted(client, &event, "SOLDA").await.0, true, "{name}");
        let shown = tickets(client, &event, "query=TESTA").await;
        assert_eq!(
            shown[0]["details"]["testMode"], "ordered in test mode",
            "{name}"
        );
        let shown = tickets(client, &event, "query=SOLDA").await;
        assert_eq!(shown[0]["details"]["testMode"], json!(null), "{name}");
    }
    // Queries about attendees are not affected.
    for (order, name) in [("TESTA", "Tess Ting"), ("TESTB", "Pen Ding")] {
        let question = json!({"order_id": order, "name": name});
        let answer = client.post("/tickets/validate_attendee/", question).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
