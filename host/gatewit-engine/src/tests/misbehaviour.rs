//! Any misbehaviour of a strategy becomes an error text and harms no other plugin.

use std::time::{Duration, Instant};

use super::*;

/// The longest that a failing call may take beyond its limit, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Limits with enough time, however slow the machine, so that a call fails for other reasons only.
async fn patient_house() -> House {
    house_with(PluginLimits {
        timeout: PATIENCE,
        ..PluginLimits::default()
    })
    .await
}

async fn house() -> House {
    house_with(PluginLimits::default()).await
}

async fn house_with(limits: PluginLimits) -> House {
    let mischief = built("test-guests/mischief.wasm");
    let hours_before = built("plugins/hours-before.wasm");
    House::with_limits(
        &[("mischief", &mischief), ("hours-before", &hours_before)],
        limits,
    )
    .await
}

async fn check(house: &House, deed: &str, reason: &str) {
    let started = Instant::now();
    let answer = house.ask(&mischief(deed)).await;
    let expected = format!("strategy MISCHIEF failed: {reason}");
    assert_eq!(failure(answer), expected);
    assert!(
        started.elapsed() < PATIENCE,
        "{deed} took {:?}",
        started.elapsed()
    );
}

async fn check_others(house: &House) {
    let good = house.ask(&rule("HOURS_BEFORE", json!({}))).await;
    assert_eq!(
        windows_of(good),
        ["0 2025-12-15T04:00:00Z 2025-12-15T15:30:00Z"]
    );
    let behaving = house.ask(&mischief("behave")).await;
    assert_eq!(
        windows_of(behaving),
        ["0 2025-12-15T06:00:00Z 2025-12-15T15:00:00Z"]
    );
}

#[tokio::test]
async fn every_misdeed_is_a_failure_and_nothing_worse() {
    check(&house().await, "loop", "it ran longer than 200 ms").await;
    let house = patient_house().await;
    check(
        &house,
        "panic",
        "it ended in a wasm trap: wasm `unreachable` instruction executed",
    )
    .await;
    check(&house, "grow", "it needed more than 64 MiB of memory").await;
    check(&house, "error", "it answered with an error").await;
    check(
        &house,
        "many-windows",
        "it answered 10000 windows; at most 1000 are allowed",
    )
    .await;
    check(
        &house,
        "no-such-day",
        "it answered a window for day 4294967295; the event has 1 days, counted from 0",
    )
    .await;
    check(
        &house,
        "closes-before-opens",
        "it answered a window for day 0 that closes at 2025-12-15T06:00:00Z, not after it opens at 2025-12-15T15:00:00Z",
    )
    .await;
    check(
        &house,
        "long-error",
        "its call failed: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted",
    )
    .await;
    check_others(&house).await;
}

#[tokio::test]
async fn a_strategy_that_fails_is_told_of_until_it_succeeds_its_words_apart() {
    let house = patient_house().await;
    assert!(house.ask(&mischief("error")).await.is_err());
    let row = house.row("mischief");
    let words = row.words.as_ref().map(|words| words.verbatim());
    assert_eq!(
        (row.error.as_deref(), words),
        (
            Some("its last call failed: it answered with an error"),
            Some("the moon is wrong")
        )
    );
    assert!(!format!("{row:?}").contains("moon"), "{row:?}");
    assert!(house.ask(&mischief("panic")).await.is_err());
    let row = house.row("mischief");
    assert_eq!(
        (row.error.as_deref(), row.words),
        (
            Some(
                "its last call failed: it ended in a wasm trap: wasm `unreachable` instruction executed"
            ),
            None
        )
    );
    assert!(house.ask(&mischief("behave")).await.is_ok());
    assert_eq!(house.row("mischief").error, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_loops_holds_up_nobody_else() {
    let limits = PluginLimits {
        timeout: Duration::from_secs(2),
        ..PluginLimits::default()
    };
    let house = house_with(limits).await;
    let engine = Arc::clone(&house.engine);
    let looping =
        tokio::spawn(async move { engine.windows(&mischief("loop"), &holder("vip")).await });
    while house.counts("mischief").0 == 0 {
        tokio::task::yield_now().await;
    }
    let good = house.ask(&rule("HOURS_BEFORE", json!({}))).await;
    assert_eq!(
        windows_of(good),
        ["0 2025-12-15T04:00:00Z 2025-12-15T15:30:00Z"]
    );
    assert!(!looping.is_finished());
    let expected = "strategy MISCHIEF failed: it ran longer than 2000 ms";
    assert_eq!(failure(looping.await.unwrap()), expected);
    check_others(&house).await;
}

#[tokio::test]
async fn no_state_is_left_from_one_call_to_the_next() {
    let counting = "
        (global.set $free (i32.add (global.get $free) (i32.const 65536)))
        (if (i32.gt_u (global.get $free) (i32.const 131071)) (then unreachable))
        (i32.const 160)";
    let house = House::of(&[("counting", &guests::strategy(counting))]).await;
    for ticket_type in ["vip", "student", "staff"] {
        let rule = rule("COUNTING", json!({}));
        let answer = house.engine.windows(&rule, &holder(ticket_type)).await;
        assert_eq!(
            windows_of(answer),
            ["0 1970-01-01T00:00:00Z 1970-01-01T00:16:40Z"]
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_a_failure() {
    let house = House::of(&[("wild", &guests::strategy("(i32.const -4)"))]).await;
    let answer = house.ask(&rule("WILD", json!({}))).await;
    let reason = failure(answer);
    assert!(
        reason.starts_with("strategy WILD failed: its call failed: "),
        "{reason}"
    );
}

#[tokio::test]
async fn options_are_judged_by_the_strategy() {
    let house = house().await;
    let accepted = house
        .check_options("HOURS_BEFORE", json!({ "earlyCheckInHours": 3 }))
        .await;
    assert_eq!(accepted, Ok(()));
    let refused = house
        .check_options("HOURS_BEFORE", json!({ "earlyHours": 3 }))
        .await;
    let Err(StrategyError::Rejected(words)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        words.verbatim().contains("earlyHours"),
        "{}",
        words.verbatim()
    );
}

#[tokio::test]
async fn a_check_that_traps_is_a_failure_and_no_objection() {
    let house = House::of(&[("early", &guests::strategy_checking("unreachable"))]).await;
    let refused = house.check_options("EARLY", json!({})).await;
    let expected =
        "strategy EARLY failed: it ended in a wasm trap: wasm `unreachable` instruction executed";
    assert_eq!(failure(refused), expected);
    assert_eq!(house.counts("early"), (1, 1));
}

#[tokio::test]
async fn a_long_objection_is_cut() {
    let house = House::of(&[("hours-before", &built("plugins/hours-before.wasm"))]).await;
    let options = json!({ "x".repeat(10_000): 1 });
    let refused = house.check_options("HOURS_BEFORE", options).await;
    let Err(StrategyError::Rejected(words)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(words.verbatim().chars().count(), 2_000);
}

#[tokio::test]
async fn a_strategy_that_is_not_loaded_is_told_with_those_that_are() {
    let good = guests::strategy(guests::ANSWER);
    let house = House::of(&[("late", &good), ("early-vip", &good), ("broken", b"")]).await;
    let unknown = |name: &str| StrategyError::Unknown {
        name: name.to_owned(),
        loaded: vec!["EARLY_VIP".to_owned(), "LATE".to_owned()],
    };
    assert_eq!(
        house.ask(&rule("BROKEN", json!({}))).await,
        Err(unknown("BROKEN"))
    );
    assert_eq!(
        house.check_options("early-vip", json!({})).await,
        Err(unknown("early-vip"))
    );
}

#[tokio::test]
async fn limits_change_for_the_calls_that_begin_later() {
    let looping = guests::strategy("(loop $forever (br $forever)) unreachable");
    let house = House::of(&[("early", &looping)]).await;
    let question = rule("EARLY", json!({}));
    assert!(failure(house.ask(&question).await).ends_with("it ran longer than 200 ms"));
    let limits = PluginLimits {
        timeout: Duration::from_millis(30),
        ..PluginLimits::default()
    };
    house.engine.set_policy(PluginPolicy {
        limits_of: [("early".to_owned(), limits)].into(),
        ..PluginPolicy::default()
    });
    let other = house.engine.windows(&question, &holder("crew")).await;
    assert!(failure(other).ends_with("it ran longer than 30 ms"));
}
