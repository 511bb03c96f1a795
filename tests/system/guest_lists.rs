//! A guest list from the file on disk to the door: what a changed file lets in, and what is said of one that is wrong.

use std::fs;

use serde_json::{Value, json};

use crate::attendees::EMAIL;
use crate::support::crowd::today;
use crate::support::door::{Door, with};
use crate::support::{Answer, Home, Process, plugins};

/// A server over a list that a test may edit, and a door of an event that has it.
struct Guests {
    home: Home,
    server: Process,
    door: Door,
}

impl Guests {
    /// Starts with a list and the `types` of its source. The event has the fields of [`today`] but for these.
    async fn start(list: &str, types: Value, event: Value) -> Self {
        let home = Home::new();
        let plugin = "guest-list.wasm";
        let copied = fs::copy(plugins().join(plugin), home.path("plugins").join(plugin));
        copied.expect("our plugins are built");
        fs::write(home.path("people.csv"), list).expect("a file can be written");
        let settings = json!({"people": "file://people.csv", "types": types});
        home.configure(&format!(
            "sources:\n  crew: {{plugin: guest-list, settings: {settings}}}\n"
        ));
        let server = home.start();
        server.client.wait_until_ready().await;
        let event = with(&with(&today(), json!({"ticketSources": ["crew"]})), event);
        let door = Door::open(&server.client, event).await;
        Self { home, server, door }
    }

    /// Writes the list anew and has it read.
    async fn write(&self, list: impl AsRef<[u8]>) -> Answer {
        fs::write(self.home.path("people.csv"), list).expect("a file can be written");
        self.server.client.get("/tickets/refresh_all/").await
    }

    /// Checks that the list is refused with these words, and that the last good one serves.
    async fn check_broken(&self, list: impl AsRef<[u8]>, words: &[&str]) {
        let answer = self.write(list).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        let plugins = self.server.client.get("/api/v1/plugins").await.data(200);
        let mut rows = plugins.as_array().expect("a list").iter();
        let row = rows.find(|row| row["name"] == "guest-list");
        let error = row.expect("it is loaded")["error"].as_str();
        for words in words {
            // The plugin's words are for operators alone; what the host finds by itself is in the log.
            if !error.is_some_and(|error| error.contains(words)) {
                self.server.log.wait_for(words);
            }
        }
        let ready = self.server.client.get("/healthcheck/ready").await.body;
        assert_eq!(ready["sources"][0]["stale"], true, "{ready}");
    }
}

#[tokio::test]
async fn a_list_that_is_cut_off_or_garbled_is_named_by_its_line_and_locks_nobody_out() {
    let guests: Vec<_> = (0..20)
        .map(|number| format!("G{number:02},Guest {number},vip,12"))
        .collect();
    let list = |rows: &[String]| format!("order,name,type,details.seat\n{}\n", rows.join("\n"));
    let office = Guests::start(&list(&guests), json!({}), json!({})).await;
    assert_eq!(office.door.verdict("G00-1").await, "VALID");

    let mut garbled = guests.clone();
    garbled[3] = "G03,Guest 3,vip,\"".to_owned();
    let never = "line 5: a quote opens a cell and never closes";
    office.check_broken(list(&garbled), &[never]).await;
    assert_eq!(office.door.verdict("G19-1").await, "VALID");

    let nobody = "line 1: nobody stands below the column names; write [] if nobody is meant";
    office.check_broken(list(&[]), &[nobody]).await;
    assert_eq!(office.door.verdict("G18-1").await, "VALID");

    // "Jürgen" as Windows-1252 has it, and a list in UTF-16.
    let latin = [list(&guests).as_bytes(), b"G20,J\xfcrgen,vip,\n"].concat();
    office.check_broken(latin, &["line 22 is not UTF-8, but Windows-1252 or the like; save it as UTF-8, in a spreadsheet as \"CSV UTF-8\""]).await;
    let wide: Vec<_> = format!("\u{feff}{}", list(&guests))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    office
        .check_broken(wide, &["it is UTF-16; save it as UTF-8"])
        .await;
    assert_eq!(office.door.verdict("G17-1").await, "VALID");

    assert_eq!(office.write("[]\n").await.status, 200);
    assert_eq!(office.door.verdict("G16-1").await, "EXPIRED not_active");
    let hashed = "order,name,type,details.seat\n#1001,Ada,vip,1\n,,,\nG16,Guest 16,vip\n";
    assert_eq!(office.write(hashed).await.status, 200);
    assert_eq!(office.door.verdict("#1001-1").await, "VALID");
    assert_eq!(office.door.verdict("G16-1").await, "VALID");
    assert!(!office.server.stop().log.contains("Guest 3"));
}

#[tokio::test]
async fn a_reference_that_is_spelled_anew_lets_in_once_and_the_log_says_that_references_open_doors()
{
    let list = |reference: &str| {
        format!("reference,name\n{reference},Ada Lovelace\nabcd-2,Grace Hopper\n")
    };
    let office = Guests::start(&list("abcd-1"), json!({}), json!({})).await;
    assert_eq!(office.door.verdict("abcd-1").await, "VALID");
    for spelled in ["ABCD-1", "Abcd\u{2013}1", "abcd-1\u{a0}"] {
        assert_eq!(office.write(list(spelled)).await.status, 200);
        for code in ["abcd-1", "ABCD-1", "abcd\u{2011}1"] {
            let verdict = office.door.verdict(code).await;
            assert_eq!(verdict, "DUPLICATE already_used", "{spelled} {code}");
        }
    }
    let tickets = office
        .door
        .organizer
        .get(&office.door.tickets())
        .await
        .data(200);
    assert_eq!(tickets["tickets"].as_array().map(Vec::len), Some(2));
    let log = office.server.stop().log;
    assert_eq!(
        log.matches("so their references open the doors").count(),
        1,
        "{log}"
    );
    assert!(!log.contains("another holder"), "{log}");
}

#[tokio::test]
async fn lines_of_an_order_that_are_sorted_anew_are_warned_of_once_somebody_came() {
    let list = |first: &str, second: &str| format!("order,name\nMH9CG,{first}\nMH9CG,{second}\n");
    let office = Guests::start(&list("Ada Lovelace", ""), json!({}), json!({})).await;
    assert_eq!(office.door.verdict("MH9CG-1").await, "VALID");
    for (first, second) in [
        ("Ada  LOVELACE", "Grace Hopper"),
        ("Grace Hopper", "Ada Lovelace"),
    ] {
        assert_eq!(office.write(list(first, second)).await.status, 200);
    }
    office
        .server
        .log
        .wait_for("1 tickets of source crew at event");
    let log = office.server.stop().log;
    assert_eq!(log.matches("have another holder now").count(), 1, "{log}");
    assert!(!log.contains("Hopper") && !log.contains("MH9CG"), "{log}");
}

#[tokio::test]
async fn a_type_of_the_list_is_one_that_the_source_or_the_event_declares() {
    let list = |other: &str| format!("order,name,type\nA,Ada,Workshop\nB,Bob,{other}\n");
    let workshop = json!({"workshop": {"days": ["2001-01-01"]}, "vip": {"name": 2027}});
    let office = Guests::start(&list("VIP "), workshop, json!({"ticketTypes": []})).await;
    assert_eq!(office.door.verdict("A-1").await, "EXPIRED wrong_day");
    assert_eq!(office.door.verdict("B-1").await, "VALID");
    let words = "line 3: type: expected one of vip, workshop";
    office.check_broken(list("worksop"), &[words]).await;

    let types = json!([{"id": "workshop"}, {"id": "vip"}]);
    let office = Guests::start(&list("worksop"), json!({}), json!({"ticketTypes": types})).await;
    assert_eq!(office.door.verdict("A-1").await, "VALID");
    assert_eq!(office.door.verdict("B-1").await, "EXPIRED not_active");
    assert_eq!(office.write(list("")).await.status, 200);
    assert_eq!(office.door.verdict("B-1").await, "VALID");
}

#[tokio::test]
async fn addresses_are_found_however_they_were_pasted_into_the_list() {
    let list = "order,name,email\n\
                A,Ada,Ada Lovelace <Ada@example.org>\n\
                B,Bob,mailto:bob@xn--mller-kva.example\n\
                C,Cid,cid@example.org; cid@home.example\n\
                D,Dan,JU\u{308}RGEN@example.org\n";
    let office = Guests::start(list, json!({}), json!({})).await;
    for address in [
        "ada@EXAMPLE.org",
        "bob@müller.example",
        "bob@XN--MLLER-KVA.example",
        "cid@example.org",
        "Cid <cid@home.example>",
        "jürgen@example.org",
    ] {
        let answer = office
            .server
            .client
            .post(EMAIL, json!({"email": address}))
            .await;
        assert_eq!(answer.status, 200, "{address}: {answer:?}");
    }
    let words = "line 2: email: expected an address such as ada@example.org";
    office.check_broken("order,email\nA,n/a\n", &[words]).await;
    assert!(!office.server.stop().log.contains("example.org>"));
}
