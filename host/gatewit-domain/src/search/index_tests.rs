//! Tests that the index finds what ranking every entry finds, in the same order, whatever was added, changed or
//! forgotten.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::ticket::TicketState;

/// Segments this small are built and merged all the time.
const SEGMENT: usize = 4;
const NAMES: &[&str] = &[
    "Müller",
    "Muller",
    "Mueler",
    "Martin",
    "Smartin",
    "Martinez",
    "Marten",
    "Ann",
    "Anna-Lena",
    "Ana",
    "a",
    "O'Brien",
    "Иванов",
    "محمد",
    "王小明",
    "evt",
    "0012",
    "Schneider",
    "Shcneider",
    "nananana",
    "?",
];
const ADDRESSES: &[&str] = &[
    "martin@example.org",
    "ann.lee@muller.example",
    "MARTEN7@exmaple.org; anna@example.org",
    "p0012@example.org",
    "not an address",
];
const ORDERS: &[&str] = &[
    "EVT-0001",
    "EVT-00012",
    "0001-EVT",
    "A3F4B21C",
    "martin",
    "",
];
const TYPED: &[&str] = &[
    "mueller",
    "martn",
    "mart",
    "an",
    "a",
    "ana",
    "anan",
    "lena anna",
    "evt-0001",
    "evt0001",
    "0001",
    "00",
    "EVT-0001 martin",
    "martin@exmaple.org",
    "example.org",
    "mohammed",
    "ivanov",
    "xiaoming",
    "sneider",
    "zzyzx",
    "0193c6a1-0000-7000-8000-000000000003",
    "ann.lee@muller.example; martin@example.org",
];

#[derive(Clone, Debug)]
enum Step {
    Add(u8, String, Option<&'static str>, &'static str),
    Forget(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let name = vec(select(NAMES), 1..4).prop_map(|names| names.join(" "));
    let address = proptest::option::of(select(ADDRESSES));
    let add = (0u8..24, name, address, select(ORDERS));
    prop_oneof![
        3 => add.prop_map(|(number, name, address, order)| Step::Add(number, name, address, order)),
        1 => (0u8..24).prop_map(Step::Forget),
    ]
}

/// A query of the words above, or of letters in them.
fn typed() -> impl Strategy<Value = String> {
    let words = prop_oneof![select(TYPED), select(NAMES), select(ORDERS)];
    prop_oneof![
        3 => vec(words, 1..3).prop_map(|words| words.join(" ")),
        1 => "[a-f0-3 ]{1,6}",
    ]
}

fn id(number: u8) -> TicketId {
    format!("0193c6a1-0000-7000-8000-0000000000{number:02x}")
        .parse()
        .unwrap()
}

fn entry(number: u8, name: &str, address: Option<&str>, order: &str) -> IndexEntry {
    IndexEntry::of(&Ticket {
        id: id(number),
        event_id: "0193c6a1-0000-7000-8000-00000000000e".parse().unwrap(),
        type_id: "vip".to_owned(),
        series: format!("VIP-{number:04}"),
        state: TicketState::Active,
        attendee_name: name.to_owned(),
        attendee_email: address.map(str::to_owned),
        booking_reference: order.to_owned(),
        credential_code: None,
        attributes: BTreeMap::new(),
        details: BTreeMap::new(),
        issued_at: "2025-12-15T09:00:00Z".parse().unwrap(),
        issue: None,
        origin: None,
    })
}

/// Ranks every entry.
fn ranked(entries: &BTreeMap<TicketId, IndexEntry>, search: &Search) -> Vec<TicketId> {
    let entries = entries.values();
    let ranked = entries.filter_map(|entry| Some((search.rank(entry)?, entry.id)));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, id)| id).collect()
}

/// Goes through all pages of this size.
fn pages(index: &SearchIndex, search: &Search, limit: usize) -> Vec<TicketId> {
    let mut found = Vec::new();
    loop {
        let page = index.find(search, found.last().copied(), limit);
        found.extend(&page);
        if page.len() < limit {
            return found;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_index_finds_what_ranking_every_entry_finds_in_the_same_order(
        steps in vec(step(), 0..60),
        typed in vec(typed(), 1..8),
        limit in 1usize..30,
    ) {
        let mut index = SearchIndex::with_segments_of(SEGMENT);
        let mut entries = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add(number, name, address, order) => {
                    let entry = entry(number, &name, address, order);
                    index.add(entry.clone());
                    entries.insert(entry.id, entry);
                }
                Step::Forget(number) => {
                    index.forget(id(number));
                    entries.remove(&id(number));
                }
            }
        }
        for number in 0..24 {
            prop_assert_eq!(index.contains(id(number)), entries.contains_key(&id(number)));
        }
        for search in typed.iter().filter_map(|typed| Search::parse(typed)) {
            prop_assert_eq!(pages(&index, &search, limit), ranked(&entries, &search));
        }
    }
}

#[test]
fn nothing_follows_a_ticket_that_does_not_match() {
    let mut index = SearchIndex::with_segments_of(2);
    for (number, name) in ["Ann", "Bob", "Ann", "Ann"].into_iter().enumerate() {
        index.add(entry(u8::try_from(number).unwrap(), name, None, ""));
    }
    let search = Search::parse("ann").unwrap();
    assert_eq!(index.find(&search, Some(id(0)), 9), [id(2), id(3)]);
    for other in [id(1), id(9)] {
        assert_eq!(index.find(&search, Some(other), 9), []);
    }
    index.forget(id(0));
    assert_eq!(index.find(&search, Some(id(0)), 9), []);
}

#[test]
fn tickets_that_change_time_and_again_take_no_more_room() {
    let mut index = SearchIndex::with_segments_of(SEGMENT);
    for round in 0..100u8 {
        for number in 0..20 {
            let name = NAMES[usize::from(round ^ number) % NAMES.len()];
            index.add(entry(number, name, None, ""));
        }
    }
    assert!(index.segment_count() <= 2 * 20 / SEGMENT + 1);
}
