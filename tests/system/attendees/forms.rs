//! Queries in all forms in which people and sources write names, references and addresses.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ATTENDEE, EMAIL, NAME, configure};
use crate::support::{Answer, Server};

const PEOPLE: &str = "order,reference,name,email
A1,A1-1,Ada Lovelace,ada@example.org
2027-001,2027-001-1,Grace Hopper,Grace Hopper <grace@example.org>
CREW_7,CREW_7-1,Sam Smith,mailto:sam@m\u{fc}ller.example
MH9CG,MH9CG-1,Wangari Maathai,juergen@xn--mller-kva.example
MH9CG,MH9CG-2,Ju\u{308}rgen Mu\u{308}ller,ju\u{308}rgen@example.org
";

/// A server with a guest list.
async fn over(people: &str) -> (Server, TempDir) {
    let home = TempDir::new().expect("there is room for a test's data");
    fs::write(home.path().join("people.csv"), people).expect("a file can be written");
    let config = "sources:\n  guest-list:\n    settings: {people: file://people.csv}\n";
    configure(home.path(), config, "");
    let server = Server::start_configured(home.path()).await;
    server.client.wait_until_ready().await;
    (server, home)
}

async fn attendee(server: &Server, fields: Value, name: &str) -> Answer {
    let mut question = fields;
    question["name"] = json!(name);
    server.client.post(ATTENDEE, question).await
}

#[tokio::test]
async fn orders_of_a_list_can_be_asked_about_whatever_their_form() {
    let (server, _home) = over(PEOPLE).await;
    for (order, name, ticket) in [
        ("A1", "Ada Lovelace", "A1-1"),
        ("a1", "Ada Lovelace", "A1-1"),
        ("2027-001", "Grace Hopper", "2027-001-1"),
        ("2027\u{2013}001", "Grace Hopper", "2027-001-1"),
        ("crew_7", "Sam Smith", "CREW_7-1"),
        ("#MH9CG", "Wangari Maathai", "MH9CG-1"),
        ("MH9CG-1", "Wangari Maathai", "MH9CG-1"),
        (" #mh9cg-2\r\n", "Wangari Maathai", "MH9CG-1"),
        ("]Q1MH9CG\u{1d}", "Wangari Maathai", "MH9CG-1"),
        ("#A1", "Ada Lovelace", "A1-1"),
    ] {
        let found = attendee(&server, json!({"order_id": order}), name).await;
        assert_eq!(
            (found.status, &found.body["ticket_id"]),
            (200, &json!(ticket)),
            "{order:?}"
        );
    }
    for (ticket, name) in [
        ("2027-001-1", "Grace Hopper"),
        ("crew_7-1", "Sam Smith"),
        ("#A1-1", "Ada Lovelace"),
    ] {
        let found = attendee(&server, json!({"ticket_id": ticket}), name).await;
        assert_eq!(found.status, 200, "{ticket}");
        let found = server
            .client
            .post(NAME, json!({"ticket_id": ticket, "name": name}))
            .await;
        assert_eq!(
            (found.status, &found.body["is_attendee"]),
            (200, &json!(true)),
            "{ticket}"
        );
    }
    // An answer repeats the query as it was understood.
    let other = attendee(&server, json!({"order_id": "#mh9cg-1"}), "Somebody Else").await;
    assert_eq!(
        (other.status, &other.body["order_id"]),
        (404, &json!("MH9CG"))
    );
}

#[tokio::test]
async fn what_is_unknown_and_malformed_is_422_as_ever() {
    let (server, _home) = over(PEOPLE).await;
    let place = |answer: &Answer| {
        let errors = answer.body["detail"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let places = errors
            .iter()
            .map(|error| json!([error["type"], error["loc"], error["input"]]));
        Value::from_iter(places)
    };
    for (field, text) in [
        ("order_id", "A2"),
        ("order_id", "CREW_8"),
        ("order_id", "#ZZZZ9"),
        ("order_id", "ZZZZ9-1"),
        ("order_id", ""),
        ("ticket_id", "CREW_7"),
        ("ticket_id", "MH9CG"),
        ("ticket_id", "MH9CG-1-1"),
    ] {
        let refused = attendee(&server, json!({field: text}), "Ada").await;
        assert_eq!(refused.status, 422, "{text}: {}", refused.body);
        let expected = json!([["value_error", ["body", field], text]]);
        assert_eq!(place(&refused), expected, "{text}");
    }
    let refused = attendee(&server, json!({"order_id": "A1", "ticket_id": "x"}), "Ada").await;
    assert_eq!(
        place(&refused),
        json!([["value_error", ["body", "ticket_id"], "x"]])
    );
    let refused = server
        .client
        .post(ATTENDEE, json!({"order_id": "AAA"}))
        .await;
    let places = place(&refused);
    assert_eq!(
        (&places[0][1], &places[1][1]),
        (&json!(["body", "order_id"]), &json!(["body", "name"]))
    );
    let long = "x".repeat(1_000_000);
    assert_eq!(
        attendee(&server, json!({"order_id": long}), "Ada")
            .await
            .status,
        422
    );
    assert_eq!(
        attendee(&server, json!({"order_id": "ZZZZ9"}), "Ada")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn all_spellings_of_an_order_share_its_wrong_guesses_and_unknown_ones_are_guesses_too() {
    let (server, _home) = over(PEOPLE).await;
    let mut spellings = ["MH9CG", "#MH9CG", "mh9cg", "MH9CG-1", "#mh9cg-17"]
        .iter()
        .cycle();
    for _ in 0..10 {
        let order = spellings.next().expect("it goes on");
        let wrong = attendee(&server, json!({"order_id": order}), "Somebody Else").await;
        assert_eq!(wrong.status, 404);
    }
    for order in ["MH9CG", "#MH9CG", "MH9CG-2"] {
        let right = attendee(&server, json!({"order_id": order}), "Wangari Maathai").await;
        assert_eq!(right.status, 429, "{order}");
    }
    // Malformed orders must not reveal which orders exist.
    let mut statuses = Vec::new();
    for number in 0..310 {
        let order = format!("#A{number}");
        let guess = attendee(&server, json!({"order_id": order}), "Somebody Else").await;
        statuses.push(guess.status);
    }
    assert_eq!((statuses[0], statuses[309]), (422, 429));
}

#[tokio::test]
async fn an_address_is_found_however_list_and_question_write_it() {
    let (server, _home) = over(PEOPLE).await;
    for (address, status) in [
        ("ada@example.org", 200),
        ("ADA@EXAMPLE.ORG", 200),
        ("Ada Lovelace <ada@example.org>", 200),
        ("mailto:ada@example.org", 200),
        ("<mailto:Ada@Example.org>", 200),
        ("grace@example.org", 200),
        ("sam@m\u{fc}ller.example", 200),
        ("sam@mu\u{308}ller.example", 200),
        ("sam@xn--mller-kva.example", 200),
        ("Sam <sam@XN--MLLER-KVA.example>", 200),
        ("juergen@m\u{fc}ller.example", 200),
        ("j\u{fc}rgen@example.org", 200),
        ("ju\u{308}rgen@example.org", 200),
        ("jurgen@example.org", 404),
        ("sam@muller.example", 404),
        ("nobody@example.com; ADA@example.org", 200),
        ("nobody@example.com, Ada <ada@example.org>", 200),
        ("a@z.org b@z.org c@z.org ada@example.org", 200),
        ("a@z.org; b@z.org; c@z.org; d@z.org", 404),
        ("a@z.org b@z.org c@z.org d@z.org ada@example.org", 422),
        ("nobody; ada@example.org", 422),
        ("mailto:", 422),
        ("<>", 422),
    ] {
        let answer = server.client.post(EMAIL, json!({"email": address})).await;
        assert_eq!(answer.status, status, "{address}: {}", answer.body);
    }
}

#[tokio::test]
async fn each_address_of_a_question_is_a_guess() {
    let (server, _home) = over(PEOPLE).await;
    let four = json!({"email": "a@z.org; b@z.org; c@z.org; d@z.org"});
    let mut statuses = Vec::new();
    // 300 wrong guesses a minute are answered.
    for _ in 0..76 {
        statuses.push(server.client.post(EMAIL, four.clone()).await.status);
    }
    assert_eq!(statuses[..75], [404; 75]);
    assert_eq!(statuses[75], 429);
    let right = json!({"email": "nobody@example.com; ada@example.org"});
    assert_eq!(server.client.post(EMAIL, right).await.status, 200);
}
