//! Tests of guest lists as people write them.

use std::fmt::Write;

use gatewit_sdk::testing::{Reply, Run};
use gatewit_sdk::{Fault, HttpError, Ticket, TicketState};
use serde_json::{Value, json};

use crate::GuestList;

mod cut_off;
mod spellings;
mod yaml_texts;

fn run(people: &str) -> Result<Run<GuestList>, String> {
    run_with(people, json!({}))
}

fn run_with(people: &str, types: Value) -> Result<Run<GuestList>, String> {
    let settings = json!({"people": people, "types": types});
    let nobody = Reply::from(HttpError::Other("nobody is asked".to_owned()));
    Run::begin(&settings.to_string(), nobody)
}

fn people(list: &str) -> Vec<Ticket> {
    run(list).unwrap().sync(None).unwrap().tickets
}

#[track_caller]
fn refused(list: &str, reason: &str) {
    let refused = run(list).err().expect("it is refused");
    assert_eq!(refused, format!("settings.people: {reason}"));
}

const CSV: &str = "\
# Who comes
Order;Reference;Name;EMail;Type;Code;State;Valid_From;Valid_Until;Variation;Parent;is_speaker;attributes.has_badge;Details.Seat
ABCD;;Ada Lovelace;Ada@example.org;vip;q1 nfc-1;;2025-12-15T09:00:00+03:00;;gold;;x;no;12

ABCD;;\"Hopper; Grace\";;;;pending;;2025-12-15T09:00:00Z;;ABCD-1;;;
;WXYZ-7;Linus;;;;Cancelled;;;;;0;1;
";

const YAML: &str = "\
# Who comes
- order: ABCD
  name: Ada Lovelace
  email: Ada@example.org
  type: vip
  code: [q1, nfc-1]
  valid_from: 2025-12-15T09:00:00+03:00
  variation: gold
  is_speaker: true
  attributes: {has_badge: false}
  details:
    Seat: 12

- order: ABCD
  name: Hopper; Grace
  email:
  state: pending
  valid_until: 2025-12-15T09:00:00Z
  parent: ABCD-1
- reference: WXYZ-7
  name: Linus
  state: canceled
  is_speaker: no
  attributes.has_badge: yes
";

fn attributes(held: &[(&str, bool)]) -> Vec<(String, bool)> {
    held.iter()
        .map(|(name, is_held)| ((*name).to_owned(), *is_held))
        .collect()
}

fn expected() -> [Ticket; 3] {
    let ada = Ticket {
        reference: "ABCD-1".to_owned(),
        order: "ABCD".to_owned(),
        codes: vec!["q1".to_owned(), "nfc-1".to_owned()],
        type_id: "vip".to_owned(),
        variation: Some("gold".to_owned()),
        parent: None,
        sub_event: None,
        holder_name: "Ada Lovelace".to_owned(),
        email: Some("Ada@example.org".to_owned()),
        state: TicketState::Valid,
        valid_from: Some(1_765_778_400),
        valid_until: None,
        attributes: attributes(&[("is_speaker", true), ("has_badge", false)]),
        details: vec![("Seat".to_owned(), "12".to_owned())],
        updated: None,
    };
    let grace = Ticket {
        reference: "ABCD-2".to_owned(),
        codes: vec!["ABCD-2".to_owned()],
        type_id: "guest".to_owned(),
        variation: None,
        parent: Some("ABCD-1".to_owned()),
        holder_name: "Hopper; Grace".to_owned(),
        email: None,
        state: TicketState::Pending,
        valid_from: None,
        valid_until: Some(1_765_789_200),
        attributes: Vec::new(),
        details: Vec::new(),
        ..ada.clone()
    };
    let linus = Ticket {
        reference: "WXYZ-7".to_owned(),
        order: "WXYZ".to_owned(),
        codes: vec!["WXYZ-7".to_owned()],
        parent: None,
        holder_name: "Linus".to_owned(),
        state: TicketState::Canceled,
        valid_until: None,
        attributes: attributes(&[("is_speaker", false), ("has_badge", true)]),
        ..grace.clone()
    };
    [ada, grace, linus]
}

#[test]
fn a_list_is_the_same_people_in_either_format() {
    assert_eq!(people(CSV), expected());
    assert_eq!(people(YAML), expected());
}

#[test]
fn spreadsheets_write_commas_semicolons_or_tabs_and_a_mark_before_all() {
    for delimiter in [",", ";", "\t"] {
        let list = "\u{feff}reference|name\r\nA|Ada\r\n".replace('|', delimiter);
        let found = people(&list);
        assert_eq!(
            (found[0].reference.as_str(), found[0].holder_name.as_str()),
            ("A", "Ada")
        );
        assert_eq!(found[0].order, "A");
    }
}

#[test]
fn what_is_wrong_is_told_by_its_line_and_never_repeated() {
    refused(
        "reference,state\nA-1,valid\n# soon\nA-2,maybe\n",
        "line 4: state: expected valid, pending, canceled or blocked",
    );
    refused(
        "reference,is_speaker\nA-1,perhaps\n",
        "line 2: is_speaker: expected true or false",
    );
    let time = "line 2: valid_from: expected a time such as 2025-12-15T09:00:00+03:00";
    refused("reference,valid_from\nA-1,2025-12-15 09:00\n", time);
    refused(
        "name,email\nAda,ada@example.org\n",
        "line 2: neither reference nor order, expected one of them",
    );
    refused(
        "reference\nA-1\na-1\n",
        "line 3: reference: the one of line 2, expected its own",
    );
    refused(
        "reference,code\nA-1,q\nA-2,p q\n",
        "line 3: code: the one of line 2, expected its own",
    );
    refused(
        "- reference: A-1\n\n- reference: A-2\n  state: maybe\n",
        "line 3: state: expected valid, pending, canceled or blocked",
    );
    refused("- reference: A-1\n  name: {first: Ada}\n", &unknown(1, 2));
    refused(
        "- reference: A-1\n- Ada\n",
        "line 2: expected keys and values, such as \"name: Ada Lovelace\"",
    );
    refused(
        "[{reference: A-1, code: [[q]]}]",
        "line 1: the value of key 2 is no text",
    );
}

fn unknown(line: u32, column: u32) -> String {
    let known = "reference, order, name, email, type, code, state, variation, parent, valid_from, valid_until, \
                 is_speaker, is_keynote, is_sponsor, is_organizer, is_volunteer, is_remote, is_onsite, is_guest, \
                 online_access, attributes.… and details.…";
    format!("line {line}: the name of column {column} is unknown, expected one of {known}")
}

#[test]
fn a_list_without_column_names_is_refused_without_anybodys_name() {
    refused("# guests\nAda Lovelace,ada@example.org\n", &unknown(2, 1));
    refused("reference,nmae\nA-1,Ada\n", &unknown(1, 2));
    refused("reference,is_onsight\nA-1,yes\n", &unknown(1, 2));
    refused("- Ada Lovelace: x\n", &unknown(1, 1));
}

#[test]
fn yaml_that_is_none_is_told_by_its_line() {
    let refused = run("- reference: A-1\n  name: \"Ada\n")
        .err()
        .expect("it is refused");
    assert!(
        refused.contains("line 2") && !refused.contains("Ada"),
        "{refused}"
    );
}

#[test]
fn a_long_list_comes_in_pages_and_a_shorter_one_starts_over() {
    let mut list = "order,name\n".to_owned();
    for number in 0..2500 {
        writeln!(list, "A{number},Ada").unwrap();
    }
    let synced = run(&list).unwrap().sync(None).unwrap();
    assert_eq!((synced.tickets.len(), synced.token), (2500, None));
    assert_eq!(synced.tickets[2499].reference, "A2499-1");
    let fault = run(CSV).unwrap().tickets(Some("2000")).unwrap_err();
    assert!(matches!(fault, Fault::StartOver(_)), "{fault:?}");
}

#[test]
fn what_is_looked_up_is_called_exactly_so() {
    let mut run = run(CSV).unwrap();
    let mut found = |text: &str| {
        let found = run.find(text).unwrap().into_iter();
        found.map(|ticket| ticket.reference).collect::<Vec<_>>()
    };
    assert_eq!(found("nfc-1"), ["ABCD-1"]);
    assert_eq!(found("abcd"), ["ABCD-1", "ABCD-2"]);
    assert_eq!(found("ada@EXAMPLE.org"), ["ABCD-1"]);
    assert_eq!(found("da@example.org"), [""; 0]);
}
