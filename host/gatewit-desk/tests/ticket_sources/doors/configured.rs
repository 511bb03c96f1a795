//! Sources that are configured otherwise while the desk is open, or not at all.

use std::sync::atomic::Ordering;

use futures::future::join;
use gatewit_desk::Configuration;
use serde_json::json;

use super::{attached, event, scanned, selling};
use crate::office::{check_serves_upstream, keep_fresh, office};
use crate::upstream::{Upstream, crowd, ticket};
use crate::world::block_on;

#[test]
fn tickets_of_a_source_that_is_not_configured_are_refused_until_it_comes_back() {
    let (office, upstream) = selling([
        ticket("AAAA-1", "Ada"),
        ticket("AAAA-2", "Bob"),
        ticket("AAAA-3", "Eve"),
    ]);
    let desk = office.open_synced();
    let of_source = attached(&desk);
    let with_own_type = event(
        &desk,
        json!({"ticketSources": ["box-office"], "ticketTypes": [{"id": "regular"}]}),
    );
    let scan = |reference: &str| {
        [of_source, with_own_type].map(|event| scanned(&desk, event, &format!("code-{reference}")))
    };
    assert_eq!(scan("AAAA-1"), ["in"; 2]);

    block_on(desk.configure(Configuration::default())).unwrap();
    assert_eq!(scan("AAAA-2"), ["not_active"; 2]);
    let live = desk.events.list(&gatewit_desk::Caller::Local).remove(0);
    let warnings = desk.events.warnings(&live);
    assert_eq!(
        warnings,
        [r#"the ticket source "box-office" is not configured"#]
    );
    assert!(
        block_on(desk.sources.refresh_all()).is_err(),
        "nothing is served, and nobody is called unknown"
    );

    upstream.take_asked();
    block_on(desk.configure(office.configuration())).unwrap();
    assert_eq!(scan("AAAA-2"), ["in"; 2]);
    assert_eq!(scan("AAAA-1"), ["already_used"; 2]);
    assert!(
        upstream.take_asked().is_empty(),
        "what is stored of it serves at once"
    );
}

#[test]
fn a_source_with_the_same_reader_stays_and_one_with_another_is_due_at_once() {
    let (office, upstream) = selling(crowd(5));
    let desk = office.open_synced();
    upstream.take_asked();
    block_on(desk.configure(office.configuration())).unwrap();
    keep_fresh(&desk);
    assert!(upstream.take_asked().is_empty());

    let other = Upstream::new(2);
    other.put_all(crowd(4));
    other.state().settings = "other".to_owned();
    let moved = office.clone().with("box-office", &other);
    block_on(desk.configure(moved.configuration())).unwrap();
    check_serves_upstream(&desk, &upstream);
    keep_fresh(&desk);
    check_serves_upstream(&desk, &other);
    assert!(upstream.take_asked().is_empty());
}

#[test]
fn a_run_of_a_source_that_is_replaced_writes_nothing_after_it() {
    let (office, _) = selling(crowd(40));
    let other = Upstream::new(2);
    other.put_all(crowd(30));
    other.state().settings = "other".to_owned();
    let moved = office.clone().with("box-office", &other);
    let desk = office.open();
    office.disk.pauses.store(true, Ordering::Relaxed);
    let replaced = async {
        let outcome = desk.configure(moved.configuration()).await;
        (outcome, office.disk.commits())
    };
    let (_, (outcome, commits)) = block_on(join(desk.sources.refresh_all(), replaced));
    outcome.unwrap();
    assert!(commits > 0, "the run had begun");
    assert_eq!(office.disk.commits(), commits);
    keep_fresh(&desk);
    check_serves_upstream(&desk, &other);
    drop(desk);
    check_serves_upstream(&moved.open(), &other);
}

#[test]
fn who_may_do_what_is_replaced_too() {
    let desk = office(&Upstream::new(2)).open();
    let is_operator = || desk.events.caller("sub-1".to_owned()).is_operator();
    assert!(!is_operator());
    let mut configuration = Configuration::default();
    configuration.access.operators.insert("sub-1".to_owned());
    block_on(desk.configure(configuration)).unwrap();
    assert!(is_operator());
    block_on(desk.configure(Configuration::default())).unwrap();
    assert!(!is_operator());
}
