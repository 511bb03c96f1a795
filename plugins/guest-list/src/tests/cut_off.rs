//! Lists that could lose people unnoticed: stray quotes, comments, rows of odd lengths.

use super::{people, refused};

/// The names on a list.
fn names(list: &str) -> Vec<String> {
    let people = people(list).into_iter();
    people.map(|ticket| ticket.holder_name).collect()
}

fn list(rows: &[&str]) -> String {
    let header = "order,name,type,details.note";
    [&[header], rows].concat().join("\n")
}

#[test]
fn a_quote_that_never_closes_is_told_by_its_line() {
    let never = "a quote opens a cell and never closes; close it, or take it out";
    for last in ["D,Dan,vip,\"", "D,\"Dan,vip,x", "\"D,Dan,vip,x"] {
        let rows = [
            "A,Ada,vip,x",
            "B,\"Bob; B\",vip,x",
            "C,Cid,vip,x",
            last,
            "E,Eve,vip,x",
        ];
        refused(&list(&rows), &format!("line 5: {never}"));
    }
    let two = "A,Ada,vip,\"x\ny\"\nB,Bob,vip,\"x\n";
    refused(&list(&[two]), &format!("line 4: {never}"));
}

#[test]
fn a_stray_quote_that_another_closes_is_told_by_its_line() {
    let early = "a quote opens a cell and closes before the cell ends; write \"\" for a quote within a cell, or take it out";
    refused("order\nA\n\"B\nC\" D\n", &format!("line 3: {early}"));
    refused(&list(&["A,\"Big\" Joe,vip,x"]), &format!("line 2: {early}"));
}

#[test]
fn a_quoted_cell_holds_no_rows() {
    let rows = "a quote opens a cell whose later lines contain the separator, as rows do; close the quote, take it out, \
                or write the cell in one line";
    for (list, line) in [
        ("order,name\nA,\"\nB,Bob\nC,\"Cid, C\"\nD,Dan\n", 2),
        ("order,details.note\nA,Ada\nB,\"Bob\nC,Eve\"\nD,Joe", 3),
        (
            "order,name,details.note\nA,Ada,\"VIP\nC,Eve\nD,Joe\"\nE,Kim,",
            2,
        ),
        ("order;email\nA;\"ada@example.org\nB;bob@example.org\"\n", 2),
        ("details.note,order\n\"x\r\ny,A\r\nz\",B\r\n", 2),
        ("\"order\nA,name\"\nB\n", 1),
    ] {
        refused(list, &format!("line {line}: {rows}"));
    }
    let stray = ["A,Ada,vip,\"", "B,Bob,vip,x", "C,Cid,vip,\"", "D,Dan,vip,x"];
    refused(&list(&stray), &format!("line 2: {rows}"));
    let noted = people("order,details.note\nA,\"Vegan, no nuts\nArrives late; call\"\n");
    assert_eq!(noted[0].details[0].1, "Vegan, no nuts\nArrives late; call");
}

#[test]
fn a_line_break_in_a_name_a_reference_an_order_or_a_code_is_an_error() {
    for column in ["reference", "order", "name", "code", "type"] {
        let line_break =
            format!("line 3: {column}: a line break, expected one line; is a quote missing?");
        let names = match column {
            "reference" => "reference,state".to_owned(),
            other => format!("reference,{other}"),
        };
        let row = match column {
            "reference" => "\"A-2\nA-3\",valid".to_owned(),
            _ => "A-2,\"x\ny\"".to_owned(),
        };
        refused(&format!("{names}\nA-1,\n{row}\n"), &line_break);
    }
    refused(
        "- order: A\n  name: |\n    Ada\n    Bob\n",
        "line 1: name: a line break, expected one line; is a quote missing?",
    );
    let noted = people("order,name,details.note\nA,Ada,\"Vegan\r\nArrives late\"\nB,Bob,\n");
    assert_eq!(noted[0].details[0].1, "Vegan\r\nArrives late");
    assert_eq!(noted[1].holder_name, "Bob");
}

#[test]
fn quotes_hold_delimiters_and_quotes() {
    let list = "order,name,code\nA, \"Hopper, \"\"Amazing\"\" Grace\" ,q\nB,Big \"Joe\",\"\"\n";
    assert_eq!(names(list), ["Hopper, \"Amazing\" Grace", "Big \"Joe\""]);
}

#[test]
fn what_begins_with_a_hash_is_a_row_unless_it_is_plainly_a_comment() {
    let rows = [
        "#1001,Ada,vip,x",
        "# 1002,Bob,vip,x",
        "#1003,Cid",
        "# Two more will follow",
        "#",
        " # And one",
        "E,Eve,vip,x",
    ];
    let list = format!("# Who comes, and when\n\n{}", list(&rows));
    assert_eq!(names(&list), ["Ada", "Bob", "Cid", "Eve"]);
    assert_eq!(people(&list)[0].reference, "#1001-1");
    let one_column = people("order\n#1001\n# soon\n");
    assert_eq!(one_column.len(), 1);
    refused(
        "order,name\nA,Ada\n#speakers\nB,Bob\n",
        "line 3: # stands before a single cell; begin a comment with \"# \", and fill in the other cells of a row",
    );
}

#[test]
fn a_comment_with_the_separator_in_it_is_nobody() {
    let separator = "\"# \" begins a comment, but the line contains the separator; take the separator out, move the \
                     comment above the column names, or fill in all cells of a row";
    for note in ["# note, see below", " # note, see below", "# 1002,Bob,vip"] {
        refused(
            &list(&["A,Ada,vip,x", note]),
            &format!("line 3: {separator}"),
        );
    }
    let quoted = list(&["A,Ada,vip,x", "\"# note, see below\""]);
    let single = "# stands before a single cell; begin a comment with \"# \", and fill in the other cells of a row";
    refused(&quoted, &format!("line 3: {single}"));
    assert_eq!(names("order;name\nA;Ada\n# note, see below\n"), ["Ada"]);
}

#[test]
fn a_list_of_nobody_says_so() {
    assert_eq!(people("# nobody yet\n[]\n"), []);
    for list in [
        "reference,name",
        "# who\nreference,name\n\n",
        "reference,name\n,\n , \n# soon\n",
    ] {
        let line = 1 + u32::from(list.starts_with('#'));
        let nobody = "nobody stands below the column names; write [] if nobody is meant";
        refused(list, &format!("line {line}: {nobody}"));
    }
}

#[test]
fn rows_without_a_filled_cell_are_nothing_and_missing_cells_are_empty() {
    let list = "order,name,type,\nA,Ada,vip,\n,,,\n;\n".replace(';', " , ,");
    let list = format!("{list}B,Bob\nC\nD,Dan,vip,,,\n\n");
    assert_eq!(names(&list), ["Ada", "Bob", "", "Dan"]);
    refused(
        "order,name\nA,Ada\nB,Bob,,vip\n",
        "line 3: 4 columns, expected 2; a cell with a comma or semicolon in it needs quotes",
    );
    refused(
        "order,,name\nA,,Ada\nB,x,Bob\n",
        "line 3: column 2 is filled, but has no name above; give it one, or empty it",
    );
}

#[test]
fn a_first_line_may_say_what_separates_cells() {
    for (said, delimiter) in [
        ("sep=;", ";"),
        ("SEP=|", "|"),
        ("\"sep=\t\"", "\t"),
        ("sep=\t", "\t"),
        ("\r\n# Who comes\r\nsep=;", ";"),
        ("\u{feff}sep=,", ","),
    ] {
        let list = format!("{said}\r\norder|name\r\nA|Ada; Lady, that is\r\n");
        let list = match delimiter {
            ";" => list
                .replace('|', ";")
                .replace("Ada; Lady, that is", "\"Ada; Lady, that is\""),
            "," => list
                .replace('|', ",")
                .replace("Ada; Lady, that is", "\"Ada; Lady, that is\""),
            other => list
                .replace("order|name", &format!("order{other}name"))
                .replace("A|", &format!("A{other}")),
        };
        assert_eq!(names(&list), ["Ada; Lady, that is"], "{list:?}");
    }
    refused(
        "sep=;\norder;name\nA;Ada;x\n",
        "line 3: 3 columns, expected 2; a cell with a comma or semicolon in it needs quotes",
    );
}

#[test]
fn lines_end_as_on_any_system() {
    for end in ["\n", "\r\n", "\r"] {
        let list = "order,name\nA,Ada\nB,Bob\n".replace('\n', end);
        assert_eq!(names(&list), ["Ada", "Bob"]);
        let list = "order,state\nA,valid\nB,maybe\n".replace('\n', end);
        refused(
            &list,
            "line 3: state: expected valid, pending, canceled or blocked",
        );
    }
}

#[test]
fn a_column_named_twice_is_refused() {
    for (header, number) in [
        ("order,order,name", 2),
        ("order,name,Order", 3),
        ("order,is_guest,attributes.is_guest", 3),
    ] {
        refused(
            &format!("{header}\nA,B,Ada\n"),
            &format!("line 1: column {number} has the name of another, expected its own"),
        );
    }
    refused(
        "- order: A\n  name: Ada\n  Order: B\n",
        "line 1: order stands there twice, expected once",
    );
    refused(
        "- order: A\n  order:\n",
        "line 1: order stands there twice, expected once",
    );
}

#[test]
fn text_in_another_encoding_is_refused_with_what_to_do() {
    let saved = "it is not UTF-8; save it as \"CSV UTF-8\"";
    refused("o\0r\0d\0e\0r\0\n\0", saved);
    refused("order,name\nA,J\u{fffd}rgen\n", saved);
}
