//! Answers are cached, calls are few, and the last good answer outlives its plugin.

use std::task::{Context, Waker};
use std::time::Duration;

use gatewit_domain::plugin::PluginIdentity;
use tokio::task::JoinSet;
use tokio::time::advance;

use super::*;
use crate::window_cache::FAILURE_TTL;

async fn early(plugin: &[u8]) -> House {
    House::of(&[("early", plugin)]).await
}

fn question() -> Arc<DoorRule> {
    rule("EARLY", json!({}))
}

#[tokio::test]
async fn a_question_is_asked_once() {
    let house = early(&guests::strategy(guests::ANSWER)).await;
    let first = house.ask(&question()).await.unwrap();
    let second = house.ask(&question()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(house.counts("early"), (1, 0));
    let digest = house.row("early").digest.unwrap();
    let name = "early".to_owned();
    assert_eq!(first.plugin, PluginIdentity { name, digest });
}

#[tokio::test]
async fn another_question_is_another_call() {
    let house = early(&guests::strategy(guests::ANSWER)).await;
    house.ask(&question()).await.unwrap();
    house
        .ask(&rule("EARLY", json!({ "hours": 2 })))
        .await
        .unwrap();
    house
        .engine
        .windows(&question(), &holder("student"))
        .await
        .unwrap();
    assert_eq!(house.counts("early"), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_misses_is_one_call() {
    let house = early(&guests::strategy(guests::ANSWER)).await;
    let mut burst = JoinSet::new();
    for _ in 0..64 {
        let engine = Arc::clone(&house.engine);
        burst.spawn(async move { engine.windows(&question(), &holder("vip")).await.is_ok() });
    }
    assert_eq!(burst.join_all().await, [true; 64]);
    assert_eq!(house.counts("early"), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_onto_a_failing_plugin_is_one_call() {
    let house = early(&guests::strategy("unreachable")).await;
    let mut burst = JoinSet::new();
    for _ in 0..64 {
        let engine = Arc::clone(&house.engine);
        burst.spawn(async move { engine.windows(&question(), &holder("vip")).await.is_ok() });
    }
    assert_eq!(burst.join_all().await, [false; 64]);
    assert_eq!(house.counts("early"), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_remembered_for_a_second() {
    let house = early(&guests::strategy("unreachable")).await;
    let first = house.ask(&question()).await;
    assert!(
        matches!(first, Err(StrategyError::Failed { .. })),
        "{first:?}"
    );
    advance(FAILURE_TTL - Duration::from_millis(1)).await;
    assert_eq!(
        (house.ask(&question()).await, house.counts("early")),
        (first.clone(), (1, 1))
    );
    advance(Duration::from_millis(1)).await;
    assert_eq!(
        (house.ask(&question()).await, house.counts("early")),
        (first, (2, 2))
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_good_answer_serves_while_its_plugin_fails() {
    let house = early(&guests::strategy(guests::ANSWER)).await;
    let good = house.ask(&question()).await.unwrap();
    house
        .replace("early", &guests::strategy("unreachable"))
        .await;
    for _ in 0..3 {
        assert_eq!(house.ask(&question()).await, Ok(Arc::clone(&good)));
    }
    assert_eq!(house.counts("early"), (2, 1));
    advance(FAILURE_TTL).await;
    assert_eq!(house.ask(&question()).await, Ok(good));
    assert_eq!(house.counts("early"), (3, 2));
    let unanswered = house.engine.windows(&question(), &holder("student")).await;
    assert!(
        matches!(unanswered, Err(StrategyError::Failed { .. })),
        "{unanswered:?}"
    );
}

#[tokio::test]
async fn an_answer_from_before_a_restart_serves_while_its_plugin_fails() {
    let before = early(&guests::strategy(guests::ANSWER)).await;
    let good = before.ask(&question()).await.unwrap();
    let house = early(&guests::strategy("unreachable")).await;
    assert!(house.ask(&question()).await.is_err());
    let house = early(&guests::strategy("unreachable")).await;
    let holder = holder("vip");
    house
        .engine
        .restore(&question(), &holder, Arc::clone(&good));
    assert_eq!(house.ask(&question()).await, Ok(good));
    assert_eq!(house.counts("early"), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_repaired_plugin_is_asked_at_once() {
    let house = early(&guests::strategy("unreachable")).await;
    assert!(house.ask(&question()).await.is_err());
    house
        .replace("early", &guests::strategy(guests::ANSWER))
        .await;
    assert!(house.ask(&question()).await.is_ok());
}

#[tokio::test]
async fn a_new_generation_answers_anew() {
    let plugin = guests::strategy(guests::ANSWER);
    let house = early(&plugin).await;
    let old = house.ask(&question()).await.unwrap();
    house.replace("early", &renewed(&plugin)).await;
    let new = house.ask(&question()).await.unwrap();
    assert_eq!(old.windows, new.windows);
    assert_ne!(old.plugin.digest, new.plugin.digest);
    assert_eq!(Some(&new.plugin.digest), house.row("early").digest.as_ref());
    assert_eq!(house.counts("early"), (2, 0));
}

#[tokio::test]
async fn an_answer_nobody_waits_for_any_more_is_kept_all_the_same() {
    let house = early(&guests::strategy(guests::ANSWER)).await;
    let (rule, holder) = (question(), holder("vip"));
    let mut asking = house.engine.windows(&rule, &holder);
    let _ = asking
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    drop(asking);
    assert!(house.ask(&question()).await.is_ok());
    assert_eq!(house.counts("early"), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_a_busy_plugin() {
    let plugin = guests::strategy(guests::ANSWER);
    let house = early(&plugin).await;
    let good = house.ask(&question()).await.unwrap();
    house.replace("early", &renewed(&plugin)).await;
    let slot = house.engine.registry.slot("early").unwrap();
    let _busy = slot.call_lock.lock().await;
    assert_eq!(house.ask(&question()).await, Ok(good));
    let unanswered = house.engine.windows(&question(), &holder("student")).await;
    let expected = "strategy EARLY failed: its earlier calls take too long";
    assert_eq!(failure(unanswered), expected);
    assert_eq!(house.counts("early"), (1, 0));
}
