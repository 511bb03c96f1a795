//! How long a backend may compute and wait, and how a swap reaches its sources.

use std::time::{Duration, Instant};

use gatewit_domain::plugin::{CallError, FailureKind, PluginKind};
use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::SourceFault;
use tokio::time::timeout;

use super::backends::{MISCHIEF, house, source_settings};
use super::upstream::Upstream;
use super::*;
use crate::runtime::TICK;
use crate::{Grant, Source, SourceLimits, SourceSettings};

/// The longest that anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn source(house: &House, settings: Value, limits: SourceLimits) -> Source {
    let grant = settings["url"].as_str().map(Grant::of_base_url);
    let grants = grant.map(Result::unwrap).into_iter().collect();
    house.engine.source(SourceSettings {
        limits,
        ..source_settings(settings, grants)
    })
}

async fn failure_of(source: &Source) -> CallError {
    let found = timeout(PATIENCE, source.find("1")).await;
    match found.expect("it ends in time") {
        Err(SourceFault::Plugin(error, _)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_may_compute_for_so_long_however_long_a_call_may_take() {
    let house = house().await;
    let limit = Duration::from_millis(100);
    let limits = SourceLimits {
        run_cpu: limit,
        call_timeout: PATIENCE * 10,
        ..SourceLimits::default()
    };
    let looping = source(&house, json!({ "do": "loop" }), limits);
    let error = failure_of(&looping).await;
    assert_eq!(error, CallError::OutOfCpuTime { limit });
    assert_eq!(
        (error.kind(), error.is_own_fault()),
        (FailureKind::Timeout, true)
    );
    assert_eq!(
        error.to_string(),
        "it computed for more than 0.1 s in one run; limits.run_cpu_s of the source raises that"
    );
}

#[tokio::test]
async fn waiting_is_not_computing() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let limits = SourceLimits {
        run_cpu: Duration::from_secs(1),
        request_timeout: Duration::from_millis(1_500),
        ..SourceLimits::default()
    };
    let settings = json!({ "do": "send", "url": upstream.url("/silent") });
    let waiting = source(&house, settings, limits);
    let answer = timeout(PATIENCE, waiting.find("1")).await.unwrap();
    assert!(
        matches!(answer, Err(SourceFault::Unexpected(_))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn time_between_two_pages_is_not_computing() {
    const PAGES: u32 = 40;
    let house = house().await;
    let limits = SourceLimits {
        run_cpu: TICK * PAGES / 2,
        ..SourceLimits::default()
    };
    let reading = source(&house, json!({ "do": "endless-nothing" }), limits);
    let mut run = reading.begin().await.unwrap();
    for page in 0..PAGES {
        let began_at = Instant::now();
        while began_at.elapsed() < 2 * TICK {
            tokio::task::yield_now().await;
        }
        let page = run.page(Some(&page.to_string())).await;
        assert!(page.is_ok(), "{page:?}");
    }
}

#[tokio::test]
async fn a_call_that_waits_too_long_is_not_the_plugins_own_fault() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let limit = Duration::from_millis(500);
    let limits = SourceLimits {
        call_timeout: limit,
        ..SourceLimits::default()
    };
    let settings = json!({ "do": "send", "url": upstream.url("/silent") });
    let error = failure_of(&source(&house, settings, limits)).await;
    assert_eq!(error, CallError::WaitedTooLong { limit });
    assert_eq!(
        (error.kind(), error.is_own_fault()),
        (FailureKind::Timeout, false)
    );
    let error = failure_of(&source(&house, json!({ "do": "loop" }), limits)).await;
    let kind = PluginKind::Backend;
    assert_eq!(error, CallError::TimedOut { kind, limit });
    assert!(error.is_own_fault());
}

#[tokio::test]
async fn a_check_of_settings_that_loops_is_ended() {
    let house = house().await;
    let limits = SourceLimits {
        call_timeout: Duration::from_millis(200),
        ..SourceLimits::default()
    };
    let looping = source(&house, json!({ "do": "loop-when-checked" }), limits);
    let checked = timeout(PATIENCE, looping.check_settings()).await;
    let fault = checked.expect("it ends in time").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the plugin failed: it ran longer than 0.2 s"
    );
}

#[tokio::test]
async fn a_swap_is_noticed_and_another_plugin_is_not() {
    let house = house().await;
    let digest = house.engine.serving_digest(MISCHIEF);
    let swapped = house.engine.swapped(MISCHIEF, digest.as_deref());
    let mut swapped = std::pin::pin!(swapped);
    assert!(timeout(Duration::ZERO, &mut swapped).await.is_err());
    house
        .replace("early", &renewed(&guests::strategy(guests::ANSWER)))
        .await;
    assert!(timeout(Duration::ZERO, &mut swapped).await.is_err());
    house.replace(MISCHIEF, b"refused").await;
    assert!(timeout(Duration::ZERO, &mut swapped).await.is_err());
    house
        .replace(
            MISCHIEF,
            &renewed(&built("test-guests/backend-mischief.wasm")),
        )
        .await;
    timeout(PATIENCE, swapped).await.unwrap();
    assert_ne!(house.engine.serving_digest(MISCHIEF), digest);
}
