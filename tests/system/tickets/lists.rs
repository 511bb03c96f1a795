//! Finding tickets by their text or their state, page by page.

use serde_json::json;

use super::{draft, list, names};
use crate::support::door::{open_server, text, texts, with};

#[tokio::test]
async fn a_list_is_searched_by_name_address_order_and_series() {
    let (_server, door) = open_server().await;
    let guest = |name: &str, email: &str, reference: &str| {
        let fields = json!({"attendeeEmail": email, "bookingReference": reference});
        with(&draft(name), fields)
    };
    let guests = json!({"tickets": [
        guest("Ann Lee", "ann@example.com", "ORDER-7"),
        guest("Bob Ray", "bob@sample.org", "ORDER-8"),
        guest("Élise", "elise@example.com", "ORDER-77"),
    ]});
    let issued = door.issue_all(guests).await;
    assert_eq!(names(&door, "").await, ["Ann Lee", "Bob Ray", "Élise"]);
    let cases: [(&str, &[&str]); 6] = [
        ("LEE", &["Ann Lee"]),
        ("%C3%89LISE", &["Élise"]),
        ("example.com", &["Ann Lee", "Élise"]),
        ("order-7", &["Ann Lee", "Élise"]),
        ("vip-0002", &["Bob Ray"]),
        ("nobody", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(
            names(&door, &format!("?query={query}")).await,
            expected,
            "{query}"
        );
    }
    let cancel = format!(
        "/api/v1/tickets/{}/cancel",
        text(&issued[0]["ticketInstanceId"])
    );
    door.organizer.post(&cancel, json!({})).await.data(200);
    assert_eq!(names(&door, "?state=CANCELLED").await, ["Ann Lee"]);
    assert_eq!(names(&door, "?state=ACTIVE&query=example").await, ["Élise"]);
}

#[tokio::test]
async fn a_long_list_comes_in_pages_that_miss_nothing() {
    let (_server, door) = open_server().await;
    let everyone: Vec<_> = (1..=7).map(|number| format!("Guest {number}")).collect();
    let drafts: Vec<_> = everyone.iter().map(|name| draft(name)).collect();
    door.issue_all(json!({"tickets": drafts})).await;
    for filter in ["", "&query=guest", "&state=ACTIVE"] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        // Seven tickets, two per page, make four pages; one more may be empty.
        for _ in 0..5 {
            let (page, next) = list(&door, &format!("?limit=2{cursor}{filter}")).await;
            let page = texts(&page, "attendeeName");
            assert!(page.len() <= 2, "{page:?}");
            found.extend(page);
            cursor = next.map_or_else(String::new, |next| format!("&cursor={next}"));
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!((&found, cursor.as_str()), (&everyone, ""), "{filter}");
    }
}
