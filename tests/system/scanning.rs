//! A scan at the door, over the contract `event-check-in.txt`.

use jiff::SignedDuration;
use serde_json::json;

use crate::support::door::{text, verdict};
use crate::support::{Door, Server};

#[tokio::test]
async fn a_ticket_lets_in_once() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let ticket = door.issue("vip").await;
    let jwt = text(&ticket["jwtToken"]);
    let first = door.scan(&jwt).await.body;
    let check_in_id = first["data"]["checkInId"].clone();
    let expected = json!({
        "success": true,
        "message": "✅ Entry granted for Day 1. Welcome!",
        "data": {
            "valid": true,
            "status": "VALID",
            "message": "✅ Entry granted for Day 1. Welcome!",
            "reason": null,
            "opensAt": null,
            "checkInId": check_in_id,
            "ticketInstanceId": ticket["ticketInstanceId"],
            "ticketTypeName": "VIP Pass",
            "ticketSeries": "VIP-0001",
            "attendeeName": "John Doe",
            "attendeeEmail": null,
            "eventName": "Summit",
            "bookingReference": ticket["bookingReference"],
            "alreadyCheckedIn": false,
            "previousCheckInTime": null,
            "previousCheckInLocation": null,
            "currentCheckInTime": "2025-12-15T07:00:00+03:00",
            "validationMode": "ONLINE",
            "scannerName": "Gate A",
            "dayName": "Day 1",
        }
    });
    assert!(check_in_id.is_string());
    assert_eq!(first, expected);
    server.clock.advance(SignedDuration::from_mins(20));
    // Many readers add a line break.
    let second = door.scan(&format!(" {jwt}\r\n")).await;
    assert_eq!(verdict(&second), "DUPLICATE already_used");
    let data = &second.body["data"];
    assert_eq!(
        second.body["message"],
        "❌ Ticket already used for Day 1. Entry denied."
    );
    assert_eq!(data["alreadyCheckedIn"], true);
    assert_eq!(data["previousCheckInTime"], "2025-12-15T07:00:00+03:00");
    assert_eq!(data["previousCheckInLocation"], "Gate A");
    assert_eq!(data["currentCheckInTime"], json!(null));
    assert_eq!(data["checkInId"], json!(null));
}

#[tokio::test]
async fn sixty_four_scans_of_one_ticket_at_once_admit_one() {
    let server = Server::start().await;
    let door = Door::open_one_day(&server.client).await;
    let jwt = door.issue_jwt("vip").await;
    let scans = (0..64).map(|_| door.verdict(&jwt));
    let verdicts = futures::future::join_all(scans).await;
    let count = |wanted: &str| verdicts.iter().filter(|verdict| *verdict == wanted).count();
    assert_eq!((count("VALID"), count("DUPLICATE already_used")), (1, 63));
    let statistics = door.statistics().await;
    assert_eq!(statistics["successfulScans"], 1);
    assert_eq!(statistics["failedScans"], 63);
}
