//! The cost of a strategy's windows: a call on a fresh instance; as the lower limit, a call of a strategy that only
//! answers; a call that waits for its permit on a blocking thread, as the first scan of a kind of holder does; and
//! reading cached windows.
//!
//! Runs the components that `cargo xtask plugins` builds, with the allocator of the server.

#[path = "../src/tests/guests.rs"]
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "it is the tests', and a bench needs one guest of theirs"
)]
mod guests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gatewit_domain::event::{DayChange, Event, EventChange};
use gatewit_domain::ports::{Clock, Strategies};
use gatewit_domain::window::{DoorRule, Holder};
use gatewit_engine::{Compiler, Engine, EngineSettings, NothingKept, PluginPolicy};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Noon;

#[async_trait]
impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2025-12-01T12:00:00Z"
            .parse()
            .expect("the time is well-formed")
    }

    async fn sleep(&self, _: SignedDuration) {}
}

fn rule() -> DoorRule {
    let day = DayChange {
        day_name: None,
        start_date_time: "2025-12-15T09:00:00+03:00".to_owned(),
        end_date_time: "2025-12-15T18:00:00+03:00".to_owned(),
    };
    let change = EventChange {
        name: Some("Summit".to_owned()),
        timezone: Some("Africa/Nairobi".to_owned()),
        days: Some(vec![day]),
        ..EventChange::default()
    };
    let event = Event::create(change, "local", Noon.now()).expect("the event is acceptable");
    event.door_rule()
}

fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("..")
}

fn engine(plugins: &Path, workers: &Runtime) -> Engine {
    let settings = EngineSettings {
        plugins: plugins.to_owned(),
        cache: target().join("test-cache"),
        kept: target().join("test-kept"),
        compiler: Compiler::InProcess,
        policy: PluginPolicy::default(),
    };
    let engine = Engine::open(settings, Arc::new(Noon));
    let engine = engine.expect("run `cargo xtask plugins` first");
    let started = workers.block_on(engine.start(Arc::new(NothingKept), &mut JoinSet::new()));
    started.expect("the plugins are loaded");
    engine
}

/// An engine whose `hours-before` answers one window that lies in its memory from the start.
fn bare_engine(workers: &Runtime) -> Engine {
    let plugins = TempDir::new().expect("a directory can be made");
    let path = plugins.path().join("hours-before.wasm");
    fs::write(path, guests::strategy(guests::ANSWER)).expect("a file can be written");
    engine(plugins.path(), workers)
}

fn holder(ticket_type: String) -> Holder {
    Holder {
        ticket_type,
        attributes: Vec::new(),
    }
}

fn windows(criterion: &mut Criterion) {
    let workers = Runtime::new().expect("the runtime starts");
    let engine = engine(&target().join("plugins"), &workers);
    let (bare, rule) = (bare_engine(&workers), Arc::new(rule()));
    let ask = |holder: &Holder| {
        let answer = workers.block_on(engine.windows(&rule, holder));
        answer.expect("the strategy answers")
    };
    let mut kinds = 0_u64..;
    let mut another = || {
        holder(format!(
            "type-{}",
            kinds.next().expect("there is always another number")
        ))
    };
    let regular = holder("regular".to_owned());
    criterion.bench_function("a call, on a fresh instance", |bencher| {
        bencher.iter(|| engine.call(&rule, &regular).expect("the strategy answers"));
    });
    criterion.bench_function("a call, of a strategy that does nothing", |bencher| {
        bencher.iter(|| bare.call(&rule, &regular).expect("the strategy answers"));
    });
    criterion.bench_function("windows, asked for", |bencher| {
        bencher.iter_batched(&mut another, |holder| ask(&holder), BatchSize::SmallInput);
    });
    let holder = holder("vip".to_owned());
    ask(&holder);
    criterion.bench_function("windows, cached", |bencher| bencher.iter(|| ask(&holder)));
}

criterion_group!(benches, windows);
criterion_main!(benches);
