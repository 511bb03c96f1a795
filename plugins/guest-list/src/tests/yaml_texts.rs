//! A YAML scalar is read as the text that is written.

use super::{people, refused, run};

#[test]
fn a_scalar_is_the_text_that_stands_there() {
    for text in [
        "37E89",
        "Null",
        "null",
        "~",
        "yes",
        "No",
        "true",
        "0012",
        "0x1F",
        "1_000",
        "1.50",
        "+41",
        "-7",
        ".inf",
        "NaN",
        "2027-01-01",
        "12:30:45",
        "123456789012345678901234567890",
        "1e3",
    ] {
        let person = people(&format!(
            "- order: {text}\n  name: {text}\n  code: [{text}]\n  details: {{Seat: {text}}}\n"
        ));
        let person = &person[0];
        let read = [
            &person.order,
            &person.holder_name,
            &person.codes[0],
            &person.details[0].1,
        ];
        assert_eq!(read, [text; 4]);
    }
    assert_eq!(people("- {order: 37E89}\n")[0].reference, "37E89-1");
    assert_eq!(
        people("- order: &order A1\n- order: *order\n")[1].reference,
        "A1-2"
    );
    let quoted = people("- order: '0012'\n  name: \"Ada \\u00e4\"\n");
    assert_eq!(
        (&*quoted[0].order, &*quoted[0].holder_name),
        ("0012", "Ada ä")
    );
}

#[test]
fn nothing_behind_a_key_is_nothing() {
    let person = &people("- order: A\n  name:\n  email: ''\n  code:\n  attributes:\n")[0];
    assert_eq!((&*person.holder_name, &person.email), ("", &None));
    assert_eq!(person.codes, ["A-1"]);
}

#[test]
fn an_attribute_is_what_its_text_says() {
    let held = |text: &str| run(&format!("- order: A\n  is_guest: {text}\n")).is_ok_and(|_| true);
    assert!(
        ["true", "yes", "x", "1", "'1'", "No"]
            .map(held)
            .iter()
            .all(|is_so| *is_so)
    );
    refused(
        "- order: A\n  is_guest: 1.0\n",
        "line 1: is_guest: expected true or false",
    );
}

#[test]
fn what_is_no_text_is_told_by_its_line() {
    refused(
        "- order: A\n- order: !odd B\n",
        "line 2: the value of key 1 is no text",
    );
    refused(
        "- order: A\n- name: [[Ada]]\n",
        "line 2: the value of key 1 is no text",
    );
    refused(
        "- order: A\n- {[order]: B}\n",
        "line 2: expected keys and values, such as \"name: Ada Lovelace\"",
    );
}

#[test]
fn a_list_in_brackets_has_lines_too() {
    let json = "[\n  {\"order\": \"A\", \"name\": \"O'Brien {1}\"},\n  {\"order\": \"B\",\n   \"state\": \"maybe\"}\n]";
    refused(
        json,
        "line 3: state: expected valid, pending, canceled or blocked",
    );
    refused(
        "[{order: A, name: O'Brien}, {order: B, details: {note: '}'}},\n {order: C, state: maybe}]",
        "line 2: state: expected valid, pending, canceled or blocked",
    );
}
