//! Who is found by what, and in which order.

use std::collections::BTreeMap;

use super::*;
use crate::ticket::TicketState;

const ID: &str = "0193c6a1-0000-7000-8000-00000000000a";

fn card(name: &str, address: Option<&str>) -> Card {
    Card::of(&Ticket {
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
        origin: None,
    })
}

fn rank(typed: &str, name: &str) -> Option<u32> {
    Search::parse(typed)?.rank(&card(name, None))
}

/// Checks that each of these finds the name as if it were written so.
#[track_caller]
fn check_same(name: &str, typed: &[&str]) {
    for typed in typed {
        assert_eq!(rank(typed, name), Some(0), "{typed}, {name}");
    }
}

/// Checks that each of these finds the name, if not as well as it might.
#[track_caller]
fn check_near(name: &str, typed: &[&str]) {
    for typed in typed {
        assert!(
            rank(typed, name).is_some_and(|rank| rank > 0),
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
    // The series and the order have numbers of which each is somebody's.
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
    for typed in [
        "john.doe@example.com",
        "JOHN.DOE",
        "example.com",
        "evt-a3f4b21c",
        "A3F4B21C",
        "vip-0012",
        ID,
    ] {
        assert_eq!(rank(typed), Some(0), "{typed}");
    }
    assert_eq!(rank("a3f4"), Some(BEGINS));
    assert_eq!(rank("jonh.doe@exmaple.com"), Some(2 * TYPO));
    for typed in [
        "exmaple.com",
        "jane.roe@example.com",
        "0193c6a1-0000-7000-8000-00000000000b",
        "?!",
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
        ["Art Martin", "Martin", "Martinez", "Marten", "Smart"]
    );
    let search = Search::parse("mart").unwrap();
    let ranks = ["Mart", "Martin", "Smart", "Marc"].map(|name| search.rank(&card(name, None)));
    assert_eq!(ranks, [Some(0), Some(BEGINS), Some(INSIDE), Some(TYPO)]);
}

#[test]
fn space_is_no_search_and_a_long_query_ends() {
    assert!(Search::parse(" \n").is_none());
    let long = "john ".repeat(1_000);
    assert_eq!(rank(&long, "John"), Some(0));
    assert_eq!(rank(&"j".repeat(10_000), "John"), None);
}
