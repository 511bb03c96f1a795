//! Types, references and addresses are equal in different spellings.

use serde_json::{Value, json};

use super::{CSV, people, refused, run, run_with};

/// The objection to a list with these types.
#[track_caller]
fn refused_with(list: &str, types: Value, reason: &str) {
    let refused = run_with(list, types).err().expect("it is refused");
    assert_eq!(refused, format!("settings: {reason}"));
}

#[test]
fn types_are_those_that_the_settings_describe() {
    let vip = json!({"name": "VIP Pass", "days": ["monday"], "activities": []});
    let types = json!({"vip": vip, "shirt": {"admits": false}, "guest": {}});
    let types = run_with(CSV, types).unwrap().ticket_types().unwrap();
    let shown = types.iter().map(|kind| {
        (
            kind.id.as_str(),
            kind.name.as_str(),
            kind.admits,
            kind.days.len(),
            kind.activities.len(),
        )
    });
    let expected = [
        ("guest", "guest", true, 0, 1),
        ("shirt", "shirt", false, 0, 1),
        ("vip", "VIP Pass", true, 1, 0),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(run(CSV).unwrap().ticket_types().unwrap(), []);
}

#[test]
fn numbers_of_the_settings_are_texts() {
    let types =
        json!({"vip": {"name": 2027, "days": ["2026-11-29", 1], "category": true}, "guest": {}});
    let mut run = run_with(CSV, types).unwrap();
    let vip = &run.ticket_types().unwrap()[1];
    assert_eq!(
        (&*vip.name, vip.category.as_deref()),
        ("2027", Some("true"))
    );
    assert_eq!(vip.days, ["2026-11-29", "1"]);
}

#[test]
fn a_type_is_one_of_those_in_the_settings_without_case_and_outer_space() {
    let types = || json!({"workshop": {"days": ["Day 2"]}, "VIP": {}});
    let list = "order,name,type\nA,Ada,Workshop\nB,Bob, vip \nC,Cid,\"WORKSHOP\u{a0}\"\n";
    let mut run = run_with(list, types()).unwrap();
    let tickets = run.sync(None).unwrap().tickets;
    let kinds: Vec<_> = tickets.iter().map(|ticket| &*ticket.type_id).collect();
    assert_eq!(kinds, ["workshop", "VIP", "workshop"]);
    let found = run.find("a-1").unwrap();
    assert_eq!(found[0].type_id, "workshop");

    for wrong in ["worksop", "work shop", "workshops", "guest"] {
        refused_with(
            &format!("{list}D,Dan,{wrong}\n"),
            types(),
            "people: line 5: type: expected one of VIP, workshop; or add this one to the types of the settings",
        );
    }
    refused_with(
        "- {order: A, type: vip}\n- {order: B}\n",
        types(),
        "people: line 2: type: empty, expected one of VIP, workshop; or add guest to the types of the settings",
    );
    refused_with(
        "[]",
        json!({"vip": {}, "VIP ": {}}),
        "types: \"VIP \" and \"vip\" are one type",
    );
}

#[test]
fn without_types_in_the_settings_any_type_may_stand_in_the_list() {
    let tickets = people("order,type\nA,Workshop\nB,\n");
    let kinds: Vec<_> = tickets.iter().map(|ticket| &*ticket.type_id).collect();
    assert_eq!(kinds, ["Workshop", "guest"]);
}

#[test]
fn two_spellings_of_a_reference_are_one() {
    for (one, other) in [
        ("abcd-1", "ABCD-1"),
        ("abcd-1", "abcd\u{2013}1"),
        ("straße-1", "STRASSE-1"),
        ("müller-1", "MU\u{308}LLER-1"),
        ("abcd-1", "\"abcd-1\u{a0}\""),
    ] {
        refused(
            &format!("reference\n{one}\n{other}\n"),
            "line 3: reference: the one of line 2, expected its own",
        );
    }
    let numbered = people("order\nabcd\nABCD\n");
    let references: Vec<_> = numbered.iter().map(|ticket| &*ticket.reference).collect();
    assert_eq!(references, ["abcd-1", "ABCD-2"]);
    assert_eq!(people("reference\nABCD\u{2013}7\n")[0].order, "ABCD");
    assert_eq!(run(CSV).unwrap().find("abcd\u{2011}1").unwrap().len(), 1);
}

#[test]
fn a_code_is_what_a_reader_makes_of_it() {
    let codes = |cell: &str| {
        people(&format!("reference,code\nA-1,{cell}\n"))[0]
            .codes
            .clone()
    };
    assert_eq!(codes("]Q1LC2"), ["LC2"]);
    assert_eq!(
        codes("\u{1d}LC2\u{1d}x \u{feff}q1\u{ad}"),
        ["LC2\u{1d}x", "q1"]
    );
    assert_eq!(codes("LC2 ]Q1LC2 ]C1\u{1d}LC2"), ["LC2"]);
    // Nothing is left, as in an empty cell.
    for nothing in ["]Q1", "\u{1d}", "\u{200b} ]Q1"] {
        assert_eq!(codes(nothing), ["A-1"], "{nothing:?}");
    }
    refused(
        "reference,code\nA-1,]Q1LC2\nA-2,LC2\n",
        "line 3: code: the one of line 2, expected its own",
    );
    assert_eq!(people("- {order: A, code: ']Q1LC2'}\n")[0].codes, ["LC2"]);
}

#[test]
fn a_canceled_ticket_leaves_its_code_to_another() {
    for state in ["canceled", "Cancelled"] {
        let found = people(&format!(
            "reference,code,state\nA-3,LC3,{state}\nA-4,LC3,\nA-5,LC3,{state}\n"
        ));
        assert_eq!(found[1].codes, ["LC3"]);
    }
    for state in ["pending", "blocked", ""] {
        refused(
            &format!("reference,code,state\nA-3,LC3,{state}\nA-4,LC3,\n"),
            "line 3: code: the one of line 2, expected its own",
        );
    }
    refused(
        "reference,code,state\nA-3,LC3,canceled\nA-3,LC4,\n",
        "line 3: reference: the one of line 2, expected its own",
    );
}

#[test]
fn addresses_are_taken_as_people_paste_them() {
    for (cell, addresses) in [
        ("Ada Lovelace <Ada@example.org>", "Ada@example.org"),
        ("\"Lovelace, Ada <ada@example.org>\"", "ada@example.org"),
        ("mailto:ada@example.org", "ada@example.org"),
        (
            "ada@example.org; b@example.org",
            "ada@example.org; b@example.org",
        ),
        (
            "\"ada@example.org\nb@example.org\"",
            "ada@example.org; b@example.org",
        ),
        ("jürgen@müller.example", "jürgen@müller.example"),
    ] {
        let people = people(&format!("order,email\nA,{cell}\n"));
        assert_eq!(people[0].email.as_deref(), Some(addresses));
    }
    assert_eq!(people("order,email\nA,\n")[0].email, None);
    let mut two = run("order,email\nA,Ada <ada@example.org>; b@example.org\n").unwrap();
    assert_eq!(two.find("B@example.org").unwrap().len(), 1);
}

#[test]
fn what_is_no_address_is_told_by_its_line() {
    let expected = "email: expected an address such as ada@example.org, or several with semicolons between; leave it empty for none";
    for cell in [
        "n/a",
        "ada",
        "ada@",
        "ada@localhost",
        "a b@example.org",
        "ada@example.org; none",
        "a@b@example.org",
    ] {
        refused(
            &format!("order,email\nA,ada@example.org\nB,{cell}\n"),
            &format!("line 3: {expected}"),
        );
    }
}
