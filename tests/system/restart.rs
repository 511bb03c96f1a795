//! A server started again over the same store: nothing important was in memory only.

use serde_json::json;

use crate::support::door::{VALIDATE, open_server, text, verdict};

#[tokio::test]
async fn a_server_started_again_answers_as_before() {
    let (server, door) = open_server().await;
    let (used, fresh) = (door.issue("vip").await, door.issue_jwt("vip").await);
    let scan = door.body(&text(&used["jwtToken"]));
    let admitted = door.scanner.post_once(VALIDATE, "scan-1", scan.clone());
    let admitted = admitted.await;
    assert_eq!(verdict(&admitted), "VALID");
    let request = json!({"eventId": door.event_id, "scannerName": "Gate B"});
    let generate = "/api/v1/check-in/tokens/generate";
    let token = door.organizer.post(generate, request).await.data(200);
    let paths = [
        "/api/v1/events".to_owned(),
        format!("/api/v1/events/{}/windows?ticketType=vip", door.event_id),
        door.tickets(),
        format!("/api/v1/tickets/{}", text(&used["ticketInstanceId"])),
        format!("/api/v1/check-in/tokens/validate/{}", text(&token["token"])),
        format!("/api/v1/check-in/scanners/{}/stats", door.scanner_id),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(server.client.get(path).await);
    }
    let server = server.restart().await;
    let door = door.moved_to(&server.client);
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(server.client.get(path).await, before, "{path}");
    }
    let repeated = door.scanner.post_once(VALIDATE, "scan-1", scan).await;
    assert_eq!(repeated, admitted);
    assert_eq!(door.verdict(&fresh).await, "VALID");
    assert_eq!(door.verdict(&fresh).await, "DUPLICATE already_used");
    assert_eq!(door.issue("vip").await["ticketSeries"], "VIP-0003");
}
