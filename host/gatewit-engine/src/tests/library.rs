//! Plugins are replaced while they serve, and nothing that fails replaces anything.

use std::fs::File;
use std::time::{Duration, SystemTime};

use gatewit_domain::plugin::{LibraryError, PluginAction, PluginState, PluginUpload};
use gatewit_domain::ports::PluginLibrary;
use gatewit_domain::window::Holder;

use super::*;

mod files;
mod runs;

fn question() -> Arc<DoorRule> {
    rule("EARLY", json!({}))
}

async fn early(plugin: &[u8]) -> House {
    House::of(&[("early", plugin)]).await
}

fn good() -> Vec<u8> {
    guests::strategy(guests::ANSWER)
}

fn bad() -> Vec<u8> {
    guests::strategy("unreachable")
}

async fn upload(house: &House, component: Vec<u8>, force: bool) -> Result<(), LibraryError> {
    let upload = PluginUpload {
        name: "early".to_owned(),
        component: component.into(),
        force,
        by: "olga".to_owned(),
    };
    house.engine.upload(upload).await
}

/// What happened to the plugins: who did what.
fn history(house: &House) -> Vec<(String, PluginAction)> {
    let history = house.keeper.history.lock().unwrap();
    let events = history.iter();
    events
        .map(|(_, event)| (event.by.clone(), event.action))
        .collect()
}

fn digest(house: &House) -> String {
    house.row("early").digest.unwrap()
}

#[tokio::test]
async fn the_first_scan_after_a_swap_calls_no_plugin() {
    let house = early(&good()).await;
    let question = question();
    house.ask(&question).await.unwrap();
    house.replace("early", &renewed(&good())).await;
    let calls = house.counts("early");
    let answer = house.ask(&question).await.unwrap();
    assert_eq!(answer.plugin.digest, digest(&house));
    assert_eq!(house.counts("early"), calls);
    assert_eq!(house.row("early").generation, 2);
}

#[tokio::test]
async fn a_candidate_that_fails_what_the_plugin_answers_is_refused() {
    let house = early(&good()).await;
    let question = question();
    let answer = house.ask(&question).await.unwrap();
    let before = house.row("early");
    house.replace("early", &bad()).await;
    let row = house.row("early");
    assert_eq!(
        row.error.as_deref(),
        Some("cannot load plugin \"early\": it fails what the plugin that serves answers")
    );
    assert_eq!(
        row.words.unwrap().verbatim(),
        "asked for the windows of event \"Rust Summit\" for ticket type \"vip\", which the plugin that serves answers, it \
         ended in a wasm trap: wasm `unreachable` instruction executed"
    );
    assert_eq!((row.digest, row.generation), (before.digest, 1));
    assert_eq!(house.ask(&question).await, Ok(answer));
    let expected = [
        ("plugin directory", PluginAction::Loaded),
        ("plugin directory", PluginAction::Refused),
    ];
    let expected = expected.map(|(by, action)| (by.to_owned(), action));
    assert_eq!(history(&house), expected);
}

#[tokio::test]
async fn a_candidate_that_rejects_options_in_use_is_refused_with_its_words() {
    let house = House::of(&[("hours-before", &built("plugins/hours-before.wasm"))]).await;
    let rule = rule("HOURS_BEFORE", json!({"earlyCheckInHours": 3}));
    house.ask(&rule).await.unwrap();
    let other = built("plugins/specific-time.wasm");
    house.replace("hours-before", &other).await;
    let row = house.row("hours-before");
    let words = row.words.unwrap();
    let words = words.verbatim();
    assert!(
        words.starts_with("it does not accept the options of event \"Rust Summit\""),
        "{words}"
    );
    assert!(words.contains("earlyCheckInHours"), "{words}");
}

#[tokio::test]
async fn questions_that_are_not_in_use_any_more_refuse_nothing() {
    let house = early(&good()).await;
    // The rule is dropped once it was asked about, as by an event that changed.
    house.ask(&question()).await.unwrap();
    house.replace("early", &bad()).await;
    assert_eq!(house.row("early").error, None);
}

#[tokio::test]
async fn a_candidate_may_fail_what_the_plugin_fails() {
    let house = early(&bad()).await;
    let question = question();
    house.ask(&question).await.unwrap_err();
    house.replace("early", &renewed(&bad())).await;
    let row = house.row("early");
    assert_eq!((row.generation, row.error), (2, None));
}

#[tokio::test]
async fn an_upload_serves_whatever_lies_in_the_directory_and_after_a_restart() {
    let house = early(&good()).await;
    let uploaded = renewed(&good());
    upload(&house, uploaded, false).await.unwrap();
    let served = digest(&house);
    house.engine.look("early").await;
    assert_eq!(digest(&house), served);
    let house = house.restart().await;
    assert_eq!((digest(&house), house.row("early").generation), (served, 2));
    let newest = renewed(&renewed(&good()));
    house.replace("early", &newest).await;
    assert_eq!(house.row("early").generation, 3);
}

#[tokio::test]
async fn a_roll_back_goes_back_and_survives_a_restart() {
    let house = early(&good()).await;
    let first = digest(&house);
    upload(&house, renewed(&good()), false).await.unwrap();
    house.engine.roll_back("early", "olga").await.unwrap();
    assert_eq!(digest(&house), first);
    let house = house.restart().await;
    assert_eq!((digest(&house), house.row("early").generation), (first, 3));
    let nothing = house.engine.roll_back("early", "olga").await;
    let words = nothing.unwrap_err().to_string();
    assert_eq!(
        words,
        "plugin \"early\" cannot be rolled back: no generation before this one is kept"
    );
}

#[tokio::test]
async fn a_broken_file_at_a_restart_leaves_the_kept_component() {
    let house = early(&good()).await;
    let served = digest(&house);
    fs::write(plugin_path(house.directory.path(), "early"), b"#!/bin/sh").unwrap();
    let house = house.restart().await;
    let row = house.row("early");
    assert_eq!((row.digest, row.state), (Some(served), PluginState::Active));
    assert!(row.error.unwrap().contains("something else altogether"));
}

#[tokio::test]
async fn a_kept_component_that_is_garbled_gives_way_to_the_one_before_it() {
    let house = early(&good()).await;
    let first = digest(&house);
    upload(&house, renewed(&good()), false).await.unwrap();
    let kept = house.directory.path().join("kept");
    let hex = digest(&house).replace("sha256:", "");
    fs::write(kept.join(hex).with_extension("wasm"), b"garbled").unwrap();
    let house = house.restart().await;
    assert_eq!(digest(&house), first);
}

#[tokio::test]
async fn what_is_removed_stays_removed_until_its_file_changes() {
    let house = early(&good()).await;
    house.engine.remove("early", false, "olga").await.unwrap();
    assert_eq!(house.engine.plugins(), []);
    house.engine.look("early").await;
    assert_eq!(house.engine.plugins(), []);
    let house = house.restart().await;
    assert_eq!(house.engine.plugins(), []);
    house.replace("early", &renewed(&good())).await;
    assert_eq!(house.row("early").state, PluginState::Active);
    let last = history(&house).pop();
    assert_eq!(
        last,
        Some(("plugin directory".to_owned(), PluginAction::Loaded))
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_unloads_what_nobody_uses_and_nothing_else() {
    let house = early(&good()).await;
    let path = plugin_path(house.directory.path(), "early");
    *house.keeper.users.lock().unwrap() = vec!["event \"summit\"".to_owned()];
    fs::remove_file(&path).unwrap();
    house.engine.look("early").await;
    let row = house.row("early");
    assert_eq!(row.state, PluginState::Active);
    let words = row.words.unwrap();
    assert_eq!(words.verbatim(), "it is used by event \"summit\"");
    fs::write(&path, good()).unwrap();
    house.engine.look("early").await;
    assert_eq!(house.row("early").error, None);
    house.keeper.users.lock().unwrap().clear();
    fs::remove_file(&path).unwrap();
    house.engine.look("early").await;
    assert_eq!(house.engine.plugins(), []);
}

#[tokio::test]
async fn what_cannot_be_kept_does_not_serve() {
    let house = early(&good()).await;
    let before = house.row("early");
    house.keeper.is_full.store(true, Ordering::Relaxed);
    let refused = upload(&house, renewed(&good()), false).await;
    assert!(
        matches!(&refused, Err(LibraryError::NotKept(words)) if words.contains("the disk is full")),
        "{refused:?}"
    );
    let row = house.row("early");
    assert_eq!((row.digest, row.generation), (before.digest, 1));
}

#[tokio::test]
async fn a_plugin_in_use_cannot_become_one_of_another_kind() {
    let house = early(&good()).await;
    *house.keeper.users.lock().unwrap() = vec!["event \"summit\"".to_owned()];
    let refused = upload(&house, built("plugins/guest-list.wasm"), false).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "it is a backend, and the strategy that serves is in use: it is used by event \"summit\""
    );
}

#[tokio::test]
async fn an_upload_under_no_plugin_name_is_refused() {
    let house = early(&good()).await;
    let upload = PluginUpload {
        name: "Early_VIP".to_owned(),
        component: good().into(),
        force: false,
        by: "olga".to_owned(),
    };
    let refused = house.engine.upload(upload).await.unwrap_err().to_string();
    assert!(refused.starts_with("a plugin is named in"), "{refused}");
    assert_eq!(house.engine.plugins().len(), 1);
}

/// A strategy that answers its trial and fails afterwards: for ticket types whose name is longer than three letters.
fn fails_later() -> Vec<u8> {
    guests::strategy_that_fails_for_long_ticket_types()
}

fn holder_of(ticket_type: &str) -> Holder {
    Holder {
        ticket_type: ticket_type.to_owned(),
        attributes: Vec::new(),
    }
}

#[tokio::test]
async fn a_generation_that_fails_what_the_one_before_answers_is_rolled_back_and_quarantined() {
    let house = early(&good()).await;
    let first = digest(&house);
    let rules = [
        rule("EARLY", json!({"a": 1})),
        rule("EARLY", json!({"a": 2})),
    ];
    let types = ["long-1", "long-2", "long-3"];
    for (rule, kind) in rules.iter().flat_map(|rule| types.map(|kind| (rule, kind))) {
        house.engine.windows(rule, &holder_of(kind)).await.unwrap();
    }
    // The questions are not in use while the candidate is tried, and come back into use after it.
    let calendars = rules.map(|rule| DoorRule::clone(&rule));
    upload(&house, fails_later(), false).await.unwrap();
    let second = digest(&house);
    for rule in calendars {
        let rule = Arc::new(rule);
        for kind in types {
            // The last good answer serves meanwhile.
            house.engine.windows(&rule, &holder_of(kind)).await.unwrap();
        }
    }
    house.engine.look("early").await;
    assert_eq!(digest(&house), first);
    let refused = upload(&house, fails_later(), false).await;
    assert!(
        matches!(&refused, Err(LibraryError::Quarantined(words)) if words.contains("?force=true")),
        "{refused:?}"
    );
    let events = house.keeper.history.lock().unwrap().clone();
    let by_budget: Vec<_> = events
        .iter()
        .filter(|(_, event)| event.by == "error budget")
        .map(|(_, event)| (event.action, event.to.clone()))
        .collect();
    let expected = [
        (PluginAction::RolledBack, Some(first)),
        (PluginAction::Quarantined, Some(second.clone())),
    ];
    assert_eq!(by_budget, expected);
    upload(&house, fails_later(), true).await.unwrap();
    assert_eq!(digest(&house), second);
}
