//! The day of each row in the record, and rows as a spreadsheet reads them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{listed, path};
use crate::support::door::{one_day, open_server, with};
use crate::support::{Door, Server};

/// Two nights, of which the first ends on the date on which the second begins, and a matinee.
fn nights() -> Value {
    let day = |name: &str, starts: &str, ends: &str| {
        json!({
            "dayName": name,
            "startDateTime": format!("2025-12-{starts}:00+03:00"),
            "endDateTime": format!("2025-12-{ends}:00+03:00"),
        })
    };
    let days = [
        day("First Night", "15T22:00", "16T05:00"),
        day("Matinee", "16T14:00", "16T17:00"),
        day("Second Night", "16T22:00", "17T05:00"),
    ];
    with(
        &one_day(),
        json!({"days": days, "ticketTypes": [{"id": "vip", "allowReentry": true}]}),
    )
}

#[tokio::test]
async fn rows_name_their_day_and_are_found_by_it() {
    let server = Server::start().await;
    let door = Door::open(&server.client, nights()).await;
    let jwt = door.issue_jwt("vip").await;
    // Before all days; in both nights; after midnight; a forgery at night; on a date without a day.
    for at in [
        "15T10:00", "15T23:00", "16T02:00", "16T15:00", "16T23:00", "17T02:00", "20T12:00",
    ] {
        server.clock.set(&format!("2025-12-{at}:00+03:00"));
        door.verdict(&jwt).await;
    }
    server.clock.set("2025-12-17T04:00:00+03:00");
    door.verdict("no ticket at all").await;
    let days: Vec<_> = listed(&door, "")
        .await
        .iter()
        .map(|row| row["dayName"].clone())
        .collect();
    let (first, second) = (json!("First Night"), json!("Second Night"));
    let matinee = json!("Matinee");
    let expected = [
        &first,
        &first,
        &first,
        &matinee,
        &second,
        &second,
        &Value::Null,
        &second,
    ];
    assert_eq!(days.iter().collect::<Vec<_>>(), expected);
    let count = async |day: &str| listed(&door, &format!("?day={day}")).await.len();
    assert_eq!(count("First+Night").await, 3);
    assert_eq!(count("Second%20Night").await, 3);
    assert_eq!(count("2025-12-15").await, 3);
    assert_eq!(
        count("2025-12-16").await,
        4,
        "two days of the event have this date"
    );
    assert_eq!(
        count("2025-12-17").await,
        2,
        "no day of the event has this date"
    );
    assert_eq!(count("2025-12-20").await, 1);
    assert_eq!(count("monday").await, 3);
    assert_eq!(count("2025-12-14").await, 0);
}

#[tokio::test]
async fn a_cell_that_would_be_a_formula_is_defused() {
    let (server, door) = open_server().await;
    let event = format!("/api/v1/events/{}", door.event_id);
    let cells = [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("a=1", "a=1"),
    ];
    for (number, (point, cell)) in cells.into_iter().enumerate() {
        let change = json!({"scanPoints": [{"id": point}]});
        server.client.patch(&event, change).await.data(200);
        let (place, device) = (
            json!({"scanPoint": point}),
            format!("device-number-{number}"),
        );
        let at_point = Door::link(&server.client, &door.event_id, &device, place).await;
        at_point.verdict("nothing").await;
        let (_, rows) = door.organizer.get_text(&path(&door, ""), "text/csv").await;
        let row = rows.lines().last().expect("there is a row");
        assert!(row.contains(&format!(",venue,{cell},")), "{row}");
        let record = listed(&door, "").await;
        assert_eq!(
            record.last().expect("there is a record")["checkpoint"],
            point
        );
        server.clock.advance(SignedDuration::from_secs(1));
    }
}
