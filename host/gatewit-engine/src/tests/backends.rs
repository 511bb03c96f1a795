//! Backends as the domain sees them: runs of sources, their results, and the harm that a bad backend can do.

use std::time::Duration;

use gatewit_domain::plugin::{PluginKind, PluginState};
use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::{
    Continuation, SourceFault, SourcePage, SourceState, SourceTicket, SourceTotal, SourceType,
};

use super::*;
use crate::source::RUNS_PER_SOURCE_MAX;
use crate::{Grant, Secret, Source, SourceLimits, SourceSettings};

pub(super) const MISCHIEF: &str = "backend-mischief";

/// An engine with a backend that does what its settings say, and a strategy.
pub(super) async fn house() -> House {
    let backend = built("test-guests/backend-mischief.wasm");
    let strategy = guests::strategy(guests::ANSWER);
    House::of(&[(MISCHIEF, &backend), ("early", &strategy)]).await
}

pub(super) fn source_settings(settings: Value, grants: Vec<Grant>) -> SourceSettings {
    SourceSettings {
        name: "summit".to_owned(),
        plugin: MISCHIEF.to_owned(),
        settings: object(settings),
        secrets: [("OWN_TOKEN", "s3cr3t-own"), ("OTHER_TOKEN", "s3cr3t-other")]
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .into(),
        grants,
        limits: SourceLimits::default(),
    }
}

fn doing(house: &House, deed: &str) -> Source {
    let settings = source_settings(json!({ "do": deed }), vec![]);
    house.engine.source(settings)
}

async fn first_page(source: &Source) -> Result<SourcePage, SourceFault> {
    source.begin().await?.page(None).await
}

/// The text of a call that failed.
#[track_caller]
fn plugin_fault<T: Debug>(answer: Result<T, SourceFault>) -> String {
    match answer {
        Err(SourceFault::Plugin(error, _)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn ticket(reference: &str) -> SourceTicket {
    SourceTicket {
        reference: reference.to_owned(),
        order: "ABCD".to_owned(),
        codes: vec!["s3c".to_owned()],
        type_id: "41".to_owned(),
        variation: None,
        parent: Some("ABCD-1".to_owned()),
        sub_event: None,
        holder_name: "Ann Lee".to_owned(),
        email: None,
        state: SourceState::Pending,
        valid_from: Some(Timestamp::UNIX_EPOCH),
        valid_until: None,
        attributes: vec![("is_speaker".to_owned(), true)],
        details: vec![],
        updated: None,
    }
}

#[tokio::test]
async fn a_backend_serves_and_is_listed() {
    let house = house().await;
    let row = house.row(MISCHIEF);
    let expected = PluginRow {
        name: MISCHIEF.to_owned(),
        kind: Some(PluginKind::Backend),
        version: Some("6.6.6".to_owned()),
        digest: row.digest.clone(),
        generation: 1,
        state: PluginState::Active,
        loaded_at: Some(Noon.now()),
        error: None,
        words: None,
    };
    assert_eq!(row, expected);
}

#[tokio::test]
async fn a_backend_may_import_wasi_and_finds_nothing_there() {
    let house = House::of(&[("curious", &guests::backend_that_looks_around())]).await;
    let row = house.row("curious");
    assert_eq!((row.error, row.version.as_deref()), (None, Some("1.2.3")));
}

async fn check_refusal(component: &str, expected: &str) {
    let house = House::of(&[("x", &guests::text(component))]).await;
    let row = house.row("x");
    assert_eq!(
        (row.kind, row.error),
        (
            Some(PluginKind::Backend),
            Some(format!("cannot load plugin \"x\": {expected}"))
        )
    );
}

#[tokio::test]
async fn a_backend_that_wants_more_or_is_of_another_type_is_refused_and_told_why() {
    let backend = "(export \"gatewit:plugin/ticketing-backend@0.1.0\" (instance $backend))";
    let wanting = |interface: &str| {
        format!(
            "(component (import \"{interface}\" (instance (export \"send\" (func)))) (instance $backend) {backend})"
        )
    };
    check_refusal(
        &wanting("wasi:http/outgoing-handler@0.2.0"),
        "imports the function \"send\" of \"wasi:http/outgoing-handler@0.2.0\": a backend may have gatewit:plugin/http@0.1.0 and WASI 0.2 without HTTP, and nothing else",
    ).await;
    check_refusal(
        &wanting("gatewit:plugin/http@0.1.0"),
        "it cannot be linked: component imports instance `gatewit:plugin/http@0.1.0`, but a matching implementation was not found in the linker: instance export `send` has the wrong type: type mismatch with parameters: expected 1-tuple, found 0-tuple",
    ).await;
    let functions = [
        "describe",
        "check-settings",
        "ticket-types",
        "tickets",
        "find",
    ];
    let exports = functions.map(|name| format!("(export \"{name}\" (func $f))"));
    check_refusal(
        &format!(
            r#"(component
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (instance $backend {})
                {backend})"#,
            exports.concat()
        ),
        "it does not describe itself: its call failed: failed to convert function to given type: type mismatch with results: expected 1-tuple, found 0-tuple",
    ).await;
}

#[tokio::test]
async fn a_run_reads_types_and_page_after_page_on_one_instance() {
    let house = house().await;
    let source = doing(&house, "behave");
    for _ in 0..2 {
        let mut run = source.begin().await.unwrap();
        assert_eq!(
            Some(&run.reader().plugin),
            house.row(MISCHIEF).digest.as_ref()
        );
        let types = [SourceType {
            id: "41".to_owned(),
            name: "behave".to_owned(),
            category: Some("business".to_owned()),
            activities: vec!["training".to_owned()],
            admits: true,
            days: vec!["monday".to_owned()],
            day_pass: true,
        }];
        assert_eq!(run.ticket_types().await.unwrap(), types);
        let page = |number: &str, next| SourcePage {
            tickets: vec![ticket(number)],
            gone: vec!["gone".to_owned()],
            whole_orders: vec!["whole".to_owned()],
            total: Some(SourceTotal::Tickets(2)),
            next,
        };
        let more = Continuation::More("second".to_owned());
        assert_eq!(run.page(None).await.unwrap(), page("1", more));
        let done = Continuation::Done(Some("second".to_owned()));
        assert_eq!(run.page(Some("second")).await.unwrap(), page("2", done));
    }
    assert_eq!(source.find("ABCD-7").await.unwrap(), [ticket("ABCD-7")]);
    assert_eq!(house.counts(MISCHIEF), (7, 0));
}

#[tokio::test]
async fn settings_are_judged_by_the_backend() {
    let house = house().await;
    assert_eq!(doing(&house, "behave").check_settings().await, Ok(()));
    let objection = SourceFault::BadSettings("it is not said what to do".into());
    assert_eq!(doing(&house, "").check_settings().await, Err(objection));
}

#[tokio::test]
async fn a_fault_is_told_as_the_backend_means_it() {
    let house = house().await;
    assert_eq!(
        first_page(&doing(&house, "rate-limited")).await,
        Err(SourceFault::RateLimited(Some(7)))
    );
    assert_eq!(
        first_page(&doing(&house, "unauthorized")).await,
        Err(SourceFault::Unauthorized("no such token".into()))
    );
    let mut run = doing(&house, "rate-limited").begin().await.unwrap();
    for _ in 0..2 {
        assert_eq!(run.page(None).await, Err(SourceFault::RateLimited(Some(7))));
    }
    assert_eq!(house.counts(MISCHIEF), (4, 0));
}

#[tokio::test]
async fn every_misdeed_of_a_backend_ends_its_run_and_nothing_else() {
    let house = house().await;
    for (deed, reason) in [
        (
            "panic",
            "it ended in a wasm trap: wasm `unreachable` instruction executed",
        ),
        ("grow", "it needed more than 256 MiB of memory"),
        (
            "many-tickets",
            "it answered 10001 tickets; at most 10000 are allowed",
        ),
        (
            "heavy",
            "its call failed: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted",
        ),
    ] {
        let mut run = doing(&house, deed).begin().await.unwrap();
        assert_eq!(plugin_fault(run.page(None).await), reason, "{deed}");
        let over = plugin_fault(run.page(None).await);
        assert_eq!(over, "it failed earlier in this run", "{deed}");
    }
    assert_eq!(house.counts(MISCHIEF), (4, 4));
    assert_eq!(
        doing(&house, "behave").find("1").await.unwrap(),
        [ticket("1")]
    );
}

#[tokio::test]
async fn what_a_backend_writes_before_it_fails_is_told_with_the_failure() {
    let house = House::of(&[("writing", &guests::backend_that_writes())]).await;
    let settings = source_settings(json!({}), vec![]);
    let source = house.engine.source(SourceSettings {
        plugin: "writing".to_owned(),
        ..settings
    });
    for (fault, reason, words) in [
        (
            first_page(&source).await.unwrap_err(),
            "the plugin failed: it ended in a wasm trap: wasm `unreachable` instruction executed",
            "it wrote: boom",
        ),
        (
            source.find("1").await.unwrap_err(),
            "the ticketing system cannot answer",
            "down; it wrote: boom",
        ),
    ] {
        let written = fault.words().map(|words| words.verbatim());
        assert_eq!((fault.to_string().as_str(), written), (reason, Some(words)));
        assert!(!format!("{fault:?}").contains("boom"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_backend_that_loops_holds_up_nobody_else_and_is_ended() {
    let house = house().await;
    let settings = source_settings(json!({ "do": "loop" }), vec![]);
    let looping = house.engine.source(SourceSettings {
        limits: SourceLimits {
            call_timeout: Duration::from_secs(2),
            ..SourceLimits::default()
        },
        ..settings
    });
    let looping = tokio::spawn(async move { first_page(&looping).await });
    while house.counts(MISCHIEF).0 == 0 {
        tokio::task::yield_now().await;
    }
    assert!(house.ask(&rule("EARLY", json!({}))).await.is_ok());
    let found = doing(&house, "behave").find("1").await.unwrap();
    assert_eq!(found, [ticket("1")]);
    assert!(!looping.is_finished());
    let ended = looping.await.unwrap();
    assert_eq!(plugin_fault(ended), "it ran longer than 2 s");
}

/// The runtime of this test ends only once its threads are idle.
#[tokio::test]
async fn a_call_whose_answer_nobody_waits_for_is_ended() {
    let house = house().await;
    let settings = source_settings(json!({ "do": "loop" }), vec![]);
    let looping = house.engine.source(SourceSettings {
        limits: SourceLimits {
            call_timeout: Duration::from_secs(1_000_000),
            ..SourceLimits::default()
        },
        ..settings
    });
    let looping = tokio::spawn(async move { first_page(&looping).await });
    while house.counts(MISCHIEF).0 == 0 {
        tokio::task::yield_now().await;
    }
    looping.abort();
    assert!(looping.await.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_a_busy_source_nor_at_all_for_another() {
    let house = house().await;
    let busy = doing(&house, "behave");
    let mut runs = Vec::new();
    for _ in 0..RUNS_PER_SOURCE_MAX {
        runs.push(busy.begin().await.unwrap());
    }
    let refused = plugin_fault(busy.find("1").await);
    assert_eq!(refused, "its earlier runs take too long");
    let other = doing(&house, "behave");
    assert_eq!(other.find("1").await.unwrap(), [ticket("1")]);
    runs.pop();
    assert_eq!(busy.find("1").await.unwrap(), [ticket("1")]);
}

#[tokio::test]
async fn a_source_whose_plugin_is_no_backend_says_so() {
    let house = house().await;
    let of = |plugin: &str| {
        house.engine.source(SourceSettings {
            plugin: plugin.to_owned(),
            ..source_settings(json!({ "do": "behave" }), vec![])
        })
    };
    assert_eq!(
        plugin_fault(of("early").find("1").await),
        "it is a strategy, and no backend"
    );
    assert_eq!(
        plugin_fault(of("later").find("1").await),
        "there is no such plugin"
    );
    let strategy = StrategyName::of_plugin(MISCHIEF);
    let unknown = StrategyError::Unknown {
        name: strategy.to_string(),
        loaded: vec!["EARLY".to_owned()],
    };
    assert_eq!(
        house.ask(&rule(&strategy.to_string(), json!({}))).await,
        Err(unknown)
    );
}

#[tokio::test]
async fn a_plugin_that_comes_later_serves_the_sources_that_name_it() {
    let house = House::of(&[]).await;
    let source = doing(&house, "behave");
    let missing = plugin_fault(source.find("1").await);
    assert_eq!(missing, "there is no such plugin");
    house
        .replace(MISCHIEF, &built("test-guests/backend-mischief.wasm"))
        .await;
    assert_eq!(source.find("1").await.unwrap(), [ticket("1")]);
}
