//! Tests which queries find which tickets, and in which order.

use std::collections::BTreeMap;

use super::*;
use crate::ticket::TicketState;

const ID: &str = "0193c6a1-0000-7000-8000-00000000000a";

fn card(name: &str, address: Option<&str>) -> IndexEntry {
    IndexEntry::of(&ticket(name, address))
}

fn ticket(name: &str, address: Option<&str>) -> Ticket {
    Ticket {
        id: ID.parse().unwrap(),
        event_id: "0193c6a1-0000-7000-8000-00000000000e".parse().unwrap(),
        type_id: "vip".to_owned(),
        series: "VIP-0012".to_owned(),
        state: TicketState::Active,
        attendee_name: name.to_owned(),
        attendee_email: address.map(str::to_owned),
        booking_reference: "EVT-A3F4B21C".to_owned(),
        credential_code: None,
        attributes: BTreeMap::new(),
        details: BTreeMap::new(),
        issued_at: "2025-12-15T09:00:00Z".parse().unwrap(),
        issue: None,
        origin: None,
    }
}

/// A ticket with these identifiers.
fn numbered(order: &str, series: &str) -> IndexEntry {
    IndexEntry::of(&Ticket {
        booking_reference: order.to_owned(),
        series: series.to_owned(),
        ..ticket("John Doe", None)
    })
}

fn rank(typed: &str, name: &str) -> Option<u32> {
    Search::parse(typed)?.rank(&card(name, None))
}

/// Checks that each query finds the name as an exact match.
#[track_caller]
fn check_same(name: &str, typed: &[&str]) {
    for typed in typed {
        assert!(
            rank(typed, name).is_some_and(|rank| rank <= IN_PARTS),
            "{typed}, {name}"
        );
    }
}

/// Checks that each query finds the name, though not as an exact match.
#[track_caller]
fn check_near(name: &str, typed: &[&str]) {
    for typed in typed {
        assert!(
            rank(typed, name).is_some_and(|rank| rank > IN_PARTS),
            "{typed}, {name}"
        );
    }
}

#[track_caller]
fn check_other(name: &str, typed: &[&str]) {
    for typed in typed {
        assert_eq!(rank(typed, name), None, "{typed}, {name}");
    }
}

#[test]
fn a_name_is_found_with_and_without_its_marks() {
    check_same(
        "Jürgen Müller",
        &["Müller", "muller", "Mueller", "MU\u{308}LLER"],
    );
    check_same("Mu\u{308}ller", &["Müller", "Muller", "Mueller"]);
    check_same("Mueller", &["Müller", "Mueller"]);
    check_same(
        "Søren Ångström",
        &["soren", "Soeren", "Angstrom", "Aangstroem"],
    );
    check_same("Łukasz Đặng Nuñez Weiß", &["lukasz dang nunez weiss"]);
    check_same("Sinéad O’Brien", &["o'brien", "OBRIEN", "sinead obrien"]);
}

#[test]
fn names_are_found_in_either_order_and_in_one_word() {
    check_same("John Doe", &["john doe", "Doe, John", "doe john"]);
    check_same("Anna-Lena", &["annalena", "anna lena", "Lena"]);
    check_near("Anna-Lena van der Berg", &["annalena", "Berg Annalena"]);
    check_other("John Doe", &["John Smith", "John Doe Smith"]);
}

#[test]
fn a_typo_is_forgiven_in_words_that_are_long_enough() {
    check_near(
        "Jon Schneider",
        &["Shcneider", "Schnieder", "Schnedier", "Sneider"],
    );
    check_near("John Smith", &["Jon", "Jhon", "Smiht", "jonh smtih"]);
    check_other("Lee", &["Leo", "Lie"]);
    check_other("John Smith", &["Jane", "Joan Schmid"]);
    // Every number occurs in somebody's series or order.
    check_other("John", &["VIP-0013", "EVT-A3F4B21D", "a3f4b21d"]);
}

#[test]
fn other_scripts_are_found_by_what_they_sound_like_and_by_themselves() {
    check_same("Юрий Иванов", &["Yuriy Ivanov", "иванов", "ИВАНОВ ЮРИЙ"]);
    check_near(
        "Дмитрий Чайковский",
        &["Dmitri", "Dmitry", "Dmitri Chaykovsky"],
    );
    check_same("Γιώργος", &["giorgos", "γιωργος"]);
    check_same("王小明", &["王小明", "wangxiaoming"]);
    check_near("王小明", &["Wang", "Xiaoming Wang", "小明"]);
    check_same("محمد", &["محمد"]);
    check_near("محمد خالد", &["Mohammed", "Muhammad", "Khalid Mohamed"]);
    check_near("דוד", &["David"]);
    check_other("محمد", &["Ahmed", "Hamid"]);
}

#[test]
fn an_address_an_order_a_series_and_an_id_are_found() {
    let card = card("Zoë", Some("john.doe@example.com"));
    let rank = |typed: &str| Search::parse(typed).unwrap().rank(&card);
    for typed in ["John.Doe@example.com", "evt-a3f4b21c", "vip-0012", ID] {
        assert!(rank(typed).is_some_and(|rank| rank <= WHOLE), "{typed}");
    }
    for typed in ["JOHN.DOE", "example.com", "A3F4B21C"] {
        assert_eq!(rank(typed), Some(IN_PARTS), "{typed}");
    }
    for typed in ["a3f4", "EVT-A3F4", "evta3f4", "zoe evt–a3f4"] {
        assert_eq!(rank(typed), Some(IN_PARTS + BEGINS), "{typed}");
    }
    assert_eq!(rank("jonh.doe@exmaple.com"), Some(IN_PARTS + 2 * TYPO));
    for typed in [
        "exmaple.com",
        "vip-a3f4b21c",
        "evt-0012",
        "jane.roe@example.com",
        "0193c6a1-0000-7000-8000-00000000000b",
        "?!",
        "#,",
        "12",
    ] {
        assert_eq!(rank(typed), None, "{typed}");
    }
}

#[test]
fn the_nearest_come_first() {
    let mut names = ["Marten", "Smart", "Martinez", "Art Martin", "Martin"];
    let search = Search::parse("Martin").unwrap();
    names.sort_by_key(|name| search.rank(&card(name, None)).unwrap_or(u32::MAX));
    assert_eq!(
        names,
        ["Martin", "Art Martin", "Martinez", "Marten", "Smart"]
    );
    let search = Search::parse("mart").unwrap();
    let ranks = ["Mart", "Martin", "Smart", "Marc"].map(|name| search.rank(&card(name, None)));
    let in_parts = [BEGINS, INSIDE, TYPO].map(|rank| Some(IN_PARTS + rank));
    assert_eq!(ranks[0], Some(WHOLE));
    assert_eq!(ranks[1..], in_parts);
}

#[test]
fn a_field_that_is_the_whole_query_comes_before_everything_case_dashes_and_spaces_aside() {
    let whole = |typed: &str, card: &IndexEntry| {
        let rank = Search::parse(typed).unwrap().rank(card);
        rank.is_some_and(|rank| rank <= WHOLE)
    };
    for typed in [
        "EVT-0001",
        "evt0001",
        "evt 0001",
        "Evt\u{2013}0001",
        "]Q1EVT-0001\r",
        "#EVT-0001",
        "EVT-0001,",
        " (evt-0001). ",
    ] {
        assert!(whole(typed, &numbered("EVT-0001", "VIP-0002")), "{typed}");
        assert!(!whole(typed, &numbered("EVT-0002", "VIP-0001")), "{typed}");
        assert!(!whole(typed, &numbered("EVT-00011", "VIP-0001")), "{typed}");
    }
    assert!(whole("crew_7", &numbered("CREW_7", "VIP-0001")));
    assert!(whole("2027 001", &numbered("2027-001", "VIP-0001")));
    for typed in ["johndoe", "JOHN-DOE", "John  Doe"] {
        assert!(whole(typed, &card("John Doe", None)), "{typed}");
        assert!(!whole(typed, &card("John Doe Smith", None)), "{typed}");
    }
    assert!(whole("muller", &card("Müller", None)));
}

#[test]
fn an_identifier_that_is_the_whole_query_comes_before_a_name_that_is() {
    for typed in ["EVT-0001", "#EVT-0001", "EVT-0001,"] {
        let search = Search::parse(typed).unwrap();
        let rank = |card: &IndexEntry| search.rank(card);
        let (order, name) = (numbered("EVT-0001", "VIP-0002"), card("Evt 0001", None));
        assert_eq!(
            (rank(&order), rank(&name)),
            (Some(IDENTIFIER), Some(WHOLE)),
            "{typed}"
        );
    }
    let rank = Search::parse("doe #EVT-0001,").unwrap();
    let rank = rank.rank(&numbered("EVT-0001", "VIP-0003"));
    assert_eq!(rank, Some(IN_PARTS));
}

#[test]
fn an_address_is_read_like_any_other_that_people_paste() {
    let whole = |typed: &str, address: &str| {
        let rank = Search::parse(typed)
            .unwrap()
            .rank(&card("Zoë", Some(address)));
        assert_eq!(rank, Some(WHOLE), "{typed}, {address}");
    };
    for typed in [
        "mailto:p42@example.org",
        "MAILTO:P42@example.org?subject=Your%20ticket",
        "Ada Lovelace <p42@example.org>",
        "nobody@example.com; p42@example.org",
        "p42@example.org,",
    ] {
        whole(typed, "p42@example.org");
        whole(typed, "ada@example.org; P42@example.org");
    }
    for typed in ["id@bücher.example", "ID@xn--bcher-kva.example"] {
        whole(typed, "id@bücher.example");
        whole(typed, "id@xn--bcher-kva.example");
    }
    // A part of an address is not one yet.
    let part = Search::parse("p42@exam").unwrap();
    assert!(part.rank(&card("Zoë", Some("p42@example.org"))).is_some());
}

#[test]
fn an_identifier_is_compared_as_one_and_not_word_by_word() {
    let typed = Search::parse("EVT-0001").unwrap();
    assert_eq!(typed.rank(&numbered("EVT-0000", "VIP-0001")), None);
    assert_eq!(typed.rank(&numbered("0001-EVT", "VIP-0003")), None);
    let begins = Some(IN_PARTS + BEGINS);
    assert_eq!(typed.rank(&numbered("EVT-0001-2", "VIP-0003")), begins);
    let with_name = Search::parse("doe EVT-0001").unwrap();
    assert_eq!(
        with_name.rank(&numbered("EVT-0001", "VIP-0003")),
        Some(IN_PARTS)
    );
    assert_eq!(with_name.rank(&numbered("EVT-0000", "VIP-0001")), None);
    // A single word is searched for in the parts of identifiers, too.
    let number = Search::parse("0001").unwrap();
    assert_eq!(
        number.rank(&numbered("EVT-0000", "VIP-0001")),
        Some(IN_PARTS)
    );
}

#[test]
fn space_is_no_search_and_a_long_query_ends() {
    assert!(Search::parse(" \n").is_none());
    let long = "john ".repeat(1_000);
    assert_eq!(rank(&long, "John"), Some(IN_PARTS));
    assert_eq!(rank(&"j".repeat(10_000), "John"), None);
}
