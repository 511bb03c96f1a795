//! Components made to do harm, in each of their functions: every misdeed ends the call and is named by its kind.

use std::time::Duration;

use gatewit_domain::plugin::{CallError, FailureKind, PluginState};
use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::SourceFault;
use wasmtime::component::Component;

use super::backends::source_settings;
use super::*;
use crate::backend::{Backend, InstanceLimits, Output};
use crate::runtime::Runtime;
use crate::{Source, SourceLimits, SourceSettings};

/// Bodies of functions, and how calls of them fail.
const DEEDS: [(&str, FailureKind); 8] = [
    ("unreachable", FailureKind::Trap),
    ("(call $recurse)", FailureKind::Trap),
    ("(i32.div_u (i32.const 1) (i32.const 0))", FailureKind::Trap),
    (
        "(loop $again (br $again)) unreachable",
        FailureKind::Timeout,
    ),
    (
        "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
        FailureKind::Memory,
    ),
    (guests::GIGABYTE, FailureKind::Nonsense),
    (guests::NONSENSE, FailureKind::Nonsense),
    ("(i32.const -4)", FailureKind::Nonsense),
];
/// The limit of a call that never ends, and of one that fails at once, on a slow machine.
const SOON: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);

fn time_for(kind: FailureKind) -> Duration {
    match kind {
        FailureKind::Timeout => SOON,
        _ => PATIENCE,
    }
}

fn strategy_limits(kind: FailureKind) -> PluginLimits {
    PluginLimits {
        timeout: time_for(kind),
        ..PluginLimits::default()
    }
}

#[track_caller]
fn check_strategy<T: Debug>(answer: Result<T, StrategyError>, kind: FailureKind, deed: &str) {
    match answer {
        Err(StrategyError::Failed { error, .. }) => assert_eq!(error.kind(), kind, "{deed}"),
        other => panic!("{deed}: {other:?}"),
    }
}

#[tokio::test]
async fn whatever_a_strategy_does_in_any_function_is_named_by_its_kind() {
    for (deed, kind) in DEEDS {
        let plugins = [
            ("windows", guests::strategy(deed)),
            ("options", guests::strategy_checking(deed)),
            ("silent", guests::strategy_describing(deed)),
        ];
        let plugins = plugins.each_ref().map(|(name, bytes)| (*name, &bytes[..]));
        let house = House::with_limits(&plugins, strategy_limits(kind)).await;
        check_strategy(house.ask(&rule("WINDOWS", json!({}))).await, kind, deed);
        check_strategy(house.check_options("OPTIONS", json!({})).await, kind, deed);
        let row = house.row("silent");
        assert_eq!(row.state, PluginState::Rejected, "{deed}");
        let error = row.error.unwrap();
        assert!(error.contains("it does not describe itself: "), "{error}");
    }
}

fn backend_limits(kind: FailureKind) -> SourceLimits {
    SourceLimits {
        call_timeout: time_for(kind),
        ..SourceLimits::default()
    }
}

#[track_caller]
fn check_backend<T: Debug>(answer: Result<T, SourceFault>, kind: FailureKind, deed: &str) {
    match answer {
        Err(SourceFault::Plugin(error, _)) => assert_eq!(error.kind(), kind, "{deed}"),
        other => panic!("{deed}: {other:?}"),
    }
}

#[tokio::test]
async fn whatever_a_backend_does_in_any_function_is_named_by_its_kind() {
    for (deed, kind) in DEEDS {
        let house = House::of(&[("hostile", &guests::backend(guests::DESCRIBED, deed, ""))]).await;
        let source: Source = house.engine.source(SourceSettings {
            plugin: "hostile".to_owned(),
            limits: backend_limits(kind),
            ..source_settings(json!({}), vec![])
        });
        check_backend(source.check_settings().await, kind, deed);
        check_backend(source.find("1").await, kind, deed);
        let mut run = source.begin().await.unwrap();
        check_backend(run.ticket_types().await, kind, deed);
        let mut run = source.begin().await.unwrap();
        check_backend(run.page(None).await, kind, deed);
        let counts = house.engine.plugin_costs();
        let failures = counts[0].used.failures.iter().find(|(of, _)| *of == kind);
        assert_eq!(failures, Some(&(kind, 4)), "{deed}");
    }
}

/// Lets a backend describe itself.
async fn describe(backend: &[u8], limits: InstanceLimits) -> Result<(), CallError> {
    let directory = TempDir::new().unwrap();
    let runtime = Runtime::start(&directory.path().join("cache")).unwrap();
    let component = Component::new(runtime.engine(), backend).unwrap();
    let backend = Backend::new(&component).unwrap();
    let mut instance = backend.instantiate(limits, Output::default(), None).await?;
    instance.describe().await.map(drop)
}

#[tokio::test]
async fn whatever_a_backend_does_while_it_starts_or_describes_itself_is_named_by_its_kind() {
    for (deed, kind) in DEEDS {
        let start = format!("(func $start (drop (block (result i32) {deed}))) (start $start)");
        let starting = guests::backend(guests::DESCRIBED, "unreachable", &start);
        let describing = guests::backend(deed, "unreachable", "");
        let limits = backend_limits(kind).instance();
        let failed = describe(&describing, limits).await.unwrap_err();
        assert_eq!(failed.kind(), kind, "{deed}");
        if kind != FailureKind::Nonsense {
            let failed = describe(&starting, limits).await.unwrap_err();
            assert_eq!(failed.kind(), kind, "{deed}");
        }
    }
}

#[tokio::test]
async fn ten_thousand_exports_and_deeply_nested_types_are_refused_in_few_words() {
    let exports = (0..10_000).map(|number| format!("(export \"f{number}\" (func $f))"));
    let exporting = format!(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            {})"#,
        exports.collect::<String>()
    );
    let types = (1..5_000).map(|depth| format!("(type $t{depth} (list $t{}))", depth - 1));
    let nesting = format!(
        r#"(component (type $t0 (list u8)) {} (import "f" (func (param "x" $t4999))))"#,
        types.collect::<String>()
    );
    for component in [exporting, nesting] {
        let house = House::of(&[("x", &guests::text(&component))]).await;
        let row = house.row("x");
        assert_eq!(row.state, PluginState::Rejected);
        assert!(row.error.unwrap().len() < 1_000);
    }
}
