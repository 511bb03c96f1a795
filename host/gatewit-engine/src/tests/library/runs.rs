//! A backend whose runs fail after its swap.

use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::{Continuation, SourceFault};

use super::*;
use crate::Source;
use crate::tests::backends::{MISCHIEF, house, source_settings};

const PATIENCE: Duration = Duration::from_secs(60);

async fn run(house: &House, deed: &str) -> bool {
    let source = source_settings(json!({ "do": deed }), vec![]);
    let source = house.engine.source(source);
    read_whole(&source).await.is_ok()
}

async fn read_whole(source: &Source) -> Result<(), SourceFault> {
    let mut run = source.begin().await?;
    run.ticket_types().await?;
    let mut cursor = None;
    loop {
        match run.page(cursor.as_deref()).await?.next {
            Continuation::More(next) => cursor = Some(next),
            Continuation::Done(_) => return Ok(()),
        }
    }
}

/// Lets the same code serve under another digest, which it returns.
async fn swap(house: &House) -> Option<String> {
    let candidate = renewed(&built("test-guests/backend-mischief.wasm"));
    house.replace(MISCHIEF, &candidate).await;
    house.row(MISCHIEF).digest
}

/// Waits until this component is rolled back; returns which serves then.
async fn rolled_back_from(house: &House, after: Option<String>) -> Option<String> {
    let rolled_back = house.engine.swapped(MISCHIEF, after.as_deref());
    let rolled_back = tokio::time::timeout(PATIENCE, rolled_back).await;
    rolled_back.expect("it is rolled back");
    house.row(MISCHIEF).digest
}

#[tokio::test]
async fn a_backend_whose_runs_trap_three_times_after_its_swap_is_rolled_back() {
    let house = house().await;
    assert!(run(&house, "behave").await);
    let before = house.row(MISCHIEF).digest;
    let after = swap(&house).await;
    assert_ne!(after, before);
    for _ in 0..2 {
        assert!(!run(&house, "panic").await);
    }
    // A fault of the ticketing system is none of the plugin.
    assert!(!run(&house, "unauthorized").await);
    assert_eq!(house.row(MISCHIEF).digest, after);
    assert!(!run(&house, "panic").await);
    assert_eq!(rolled_back_from(&house, after).await, before);
    let by_budget = |action| ("error budget".to_owned(), action);
    let told = history(&house);
    let told = &told[told.len() - 2..];
    assert_eq!(
        told,
        [
            by_budget(PluginAction::RolledBack),
            by_budget(PluginAction::Quarantined)
        ]
    );
}

#[tokio::test]
async fn a_backend_that_failed_before_its_swap_is_not_rolled_back() {
    let house = house().await;
    assert!(!run(&house, "panic").await);
    let after = swap(&house).await;
    for _ in 0..4 {
        assert!(!run(&house, "panic").await);
    }
    // Whatever was ordered before this is done when it ends.
    house.engine.look(MISCHIEF).await;
    assert_eq!(house.row(MISCHIEF).digest, after);
}

#[tokio::test]
async fn a_run_that_exceeds_a_limit_is_a_failing_one_and_a_look_up_is_none() {
    let house = house().await;
    assert!(run(&house, "behave").await);
    let before = house.row(MISCHIEF).digest;
    let after = swap(&house).await;
    let source = house
        .engine
        .source(source_settings(json!({ "do": "behave" }), vec![]));
    for _ in 0..3 {
        assert!(source.find("1").await.is_ok());
        let mut run = source.begin().await.unwrap();
        run.ticket_types().await.unwrap();
        run.overran();
    }
    assert_eq!(rolled_back_from(&house, after).await, before);
}
