//! Which files serve, and the reasons given for those that do not.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;

use gatewit_domain::plugin::{PluginKind, PluginState};

use super::*;

/// The answer for a file that does not serve.
async fn check_refusal(name: &str, bytes: &[u8], expected: &str) {
    let house = House::of(&[(name, bytes), ("zebra", &guests::strategy(guests::ANSWER))]).await;
    let row = house.row(name);
    let error = row.error.clone().unwrap();
    let expected = format!("cannot load plugin \"{name}\": {expected}");
    assert!(error.starts_with(&expected), "{error}");
    assert!(!error.contains('\n') && error.len() < 1_000, "{error}");
    assert_eq!(
        (row.state, row.generation, row.loaded_at),
        (PluginState::Rejected, 0, None)
    );
    assert!(row.digest.unwrap().starts_with("sha256:"));
    assert_eq!(house.row("zebra").state, PluginState::Active);
}

#[tokio::test]
async fn a_good_component_serves_and_is_listed() {
    let house = House::of(&[("early-vip", &guests::strategy(guests::ANSWER))]).await;
    let row = house.row("early-vip");
    let expected = PluginRow {
        name: "early-vip".to_owned(),
        kind: Some(PluginKind::Strategy),
        version: Some("1.2.3".to_owned()),
        digest: row.digest.clone(),
        generation: 1,
        state: PluginState::Active,
        loaded_at: Some(Noon.now()),
        error: None,
        words: None,
    };
    assert_eq!(row, expected);
    let digest = row.digest.unwrap();
    let hex = digest.strip_prefix("sha256:").unwrap();
    assert!(
        hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "{digest}"
    );
}

#[tokio::test]
async fn what_the_workspace_builds_serves() {
    let names = [
        "hours-before",
        "specific-time",
        "all-day",
        "exact-time",
        "as-day-start",
    ];
    let components = names.map(|name| (name, built(&format!("plugins/{name}.wasm"))));
    let plugins: Vec<_> = components
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    let house = House::of(&plugins).await;
    let errors: Vec<_> = house
        .engine
        .plugins()
        .into_iter()
        .filter_map(|row| row.error)
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_is_no_component_is_refused() {
    let good = guests::strategy(guests::ANSWER);
    check_refusal("x", b"", "not a WebAssembly component but empty").await;
    check_refusal(
        "x",
        b"MZ\x90\0\0\0\0\0\0",
        "not a WebAssembly component but something else",
    )
    .await;
    check_refusal(
        "x",
        &guests::text("(module)"),
        "not a WebAssembly component but a core module: encode it with wasm-tools component new",
    )
    .await;
    check_refusal(
        "x",
        &good[..good.len() - 1],
        "it is cut short, invalid or too large to compile: ",
    )
    .await;
    let mut garbled = good;
    garbled[40..80].fill(0xff);
    check_refusal(
        "x",
        &garbled,
        "it is cut short, invalid or too large to compile: ",
    )
    .await;
}

#[tokio::test]
async fn a_file_with_a_bad_name_is_refused() {
    let good = guests::strategy(guests::ANSWER);
    check_refusal(
        "early_vip",
        &good,
        "a plugin is named in lower-case letters and digits",
    )
    .await;
    check_refusal(
        "Early",
        &good,
        "a plugin is named in lower-case letters and digits",
    )
    .await;
}

#[tokio::test]
async fn a_component_of_another_world_is_told_what_it_exports() {
    let exporting = |interface: &str| {
        guests::text(&format!(
            "(component (instance $i) (export \"{interface}\" (instance $i)))"
        ))
    };
    check_refusal(
        "x",
        &guests::text("(component)"),
        "neither world strategy nor world backend exported: it exports nothing; expected is gatewit:plugin/check-in-strategy@0.1.0 or gatewit:plugin/ticketing-backend@0.1.0",
    ).await;
    check_refusal(
        "x",
        &exporting("wasi:cli/run@0.2.0"),
        "neither world strategy nor world backend exported: it exports wasi:cli/run@0.2.0; expected",
    ).await;
    check_refusal(
        "x",
        &exporting("gatewit:plugin/check-in-strategy@0.2.0"),
        "built against gatewit:plugin@0.2.0, and this host speaks 0.1",
    )
    .await;
    check_refusal(
        "x",
        &exporting("gatewit:plugin/check-in-strategy@0.1.7"),
        "gatewit:plugin/check-in-strategy@0.1.7 has no function \"describe\"",
    )
    .await;
    check_refusal(
        "x",
        &exporting("gatewit:plugin/ticketing-backend@0.1.0"),
        "instance export `gatewit:plugin/ticketing-backend@0.1.0` does not have export `describe`",
    )
    .await;
}

#[tokio::test]
async fn a_refused_component_is_listed_with_the_kind_it_is() {
    let backend = "(component (instance $i) (export \"gatewit:plugin/ticketing-backend@0.1.0\" (instance $i)))";
    let house = House::of(&[
        ("pretix", &guests::text(backend)),
        ("nothing", &guests::text("(component)")),
    ])
    .await;
    assert_eq!(house.row("pretix").kind, Some(PluginKind::Backend));
    assert_eq!(house.row("nothing").kind, None);
}

#[tokio::test]
async fn a_function_of_another_type_is_named() {
    let component = guests::text(
        r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $strategy
                (export "describe" (func $f))
                (export "check-options" (func $f))
                (export "windows" (func $f)))
            (export "gatewit:plugin/check-in-strategy@0.1.0" (instance $strategy)))"#,
    );
    check_refusal(
        "x",
        &component,
        "function \"describe\" of gatewit:plugin/check-in-strategy@0.1.0 is of another type: type mismatch with results: expected 1-tuple, found 0-tuple",
    ).await;
}

#[tokio::test]
async fn an_impure_strategy_is_refused_and_the_import_named() {
    let clock = guests::strategy_with(
        "import wasi:clocks/wall-clock@0.2.0;",
        r#"(import "wasi:clocks/wall-clock@0.2.0" "now" (func (param i32)))"#,
    );
    check_refusal(
        "x",
        &clock,
        "imports the function \"now\" of \"wasi:clocks/wall-clock@0.2.0\": a strategy must be pure; build it without WASI: in Python with --stub-wasi",
    )
    .await;
    let resource = guests::strategy_with(
        "import wasi:io/poll@0.2.0;",
        r#"(import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func (param i32)))"#,
    );
    check_refusal(
        "x",
        &resource,
        "imports the resource \"pollable\" of \"wasi:io/poll@0.2.0\": a strategy must be pure",
    )
    .await;
    let log = guests::strategy_with(
        "import log: func(words: string);",
        r#"(import "$root" "log" (func (param i32 i32)))"#,
    );
    check_refusal(
        "x",
        &log,
        "imports the function \"log\": a strategy must be pure",
    )
    .await;
}

#[tokio::test]
async fn a_strategy_may_import_types() {
    let plugin = guests::strategy_with(
        "use wasi:clocks/wall-clock@0.2.0.{datetime}; export show: func(at: datetime);",
        r#"(func (export "show") (param i64 i32))"#,
    );
    let house = House::of(&[("early", &plugin)]).await;
    assert_eq!(house.row("early").error, None);
}

#[tokio::test]
async fn a_strategy_that_cannot_start_within_its_limits_is_refused() {
    let start =
        |body: &str| guests::strategy_with("", &format!("(func $start {body}) (start $start)"));
    check_refusal(
        "x",
        &start("unreachable"),
        "it ended in a wasm trap: wasm `unreachable` instruction executed",
    )
    .await;
    check_refusal("x", &start("(loop (br 0))"), "it ran longer than 200 ms").await;
    check_refusal(
        "x",
        &start("(call $start)"),
        "it ended in a wasm trap: call stack exhausted",
    )
    .await;
    let greedy = guests::strategy_with("", "(memory $large 1025)");
    check_refusal("x", &greedy, "it needed more than 64 MiB of memory").await;
    let tables = guests::strategy_with("", "(table $large 20001 funcref)");
    check_refusal(
        "x",
        &tables,
        "it is cut short, invalid or too large to compile: ",
    )
    .await;
}

#[tokio::test]
async fn a_plugin_may_have_limits_of_its_own() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("plugins")).unwrap();
    let greedy = guests::strategy_with("", "(memory $large 1025)");
    fs::write(plugin_path(directory.path(), "greedy"), greedy).unwrap();
    let mut settings = settings(directory.path(), PluginLimits::default());
    let mut limits = PluginLimits::default();
    limits.guest.memory_bytes = 128 << 20;
    settings
        .policy
        .limits_of
        .insert("greedy".to_owned(), limits);
    let house = House::start(directory, settings, Arc::default()).await;
    assert_eq!(house.row("greedy").error, None);
}

#[tokio::test]
async fn a_strategy_that_exceeds_the_limits_set_for_it_is_refused() {
    let refused_by = async |component: &[u8], limits: PluginLimits| {
        let house = House::with_limits(&[("x", component)], limits).await;
        house.row("x").error
    };
    let table = guests::strategy_with("", "(table $large 100 funcref)");
    let mut limits = PluginLimits::default();
    assert_eq!(refused_by(&table, limits).await, None);
    limits.guest.table_entries = 99;
    let error = refused_by(&table, limits).await.unwrap_or_default();
    assert!(error.contains("table"), "{error}");

    let answers = guests::strategy(guests::ANSWER);
    let mut limits = PluginLimits::default();
    assert_eq!(refused_by(&answers, limits).await, None);
    limits.guest.answer_bytes = 1;
    let error = refused_by(&answers, limits).await.unwrap_or_default();
    assert!(!error.is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_whole_is_refused() {
    let directory = TempDir::new().unwrap();
    fs::create_dir_all(plugin_path(directory.path(), "folder")).unwrap();
    let giant = File::create(plugin_path(directory.path(), "giant")).unwrap();
    giant.set_len((64 << 20) + 1).unwrap();
    let settings = settings(directory.path(), PluginLimits::default());
    let house = House::start(directory, settings, Arc::default()).await;
    let rows = house.engine.plugins().into_iter();
    let errors = rows.map(|row| row.error.unwrap());
    let expected = [
        "cannot load plugin \"folder\": it is not a file",
        "cannot load plugin \"giant\": the file is larger than 64 MiB",
    ];
    assert_eq!(errors.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_refused_new_file_leaves_the_old_one_serving() {
    let house = House::of(&[("early-vip", &guests::strategy(guests::ANSWER))]).await;
    let before = house.row("early-vip");
    house.replace("early-vip", b"\0asm\x0e\0\x01\0").await;
    let words = "not a WebAssembly component but a version of WebAssembly that is not known here";
    let expected = PluginRow {
        error: Some(format!("cannot load plugin \"early-vip\": {words}")),
        ..before
    };
    assert_eq!(house.row("early-vip"), expected);
    house
        .replace("early-vip", &guests::strategy("unreachable"))
        .await;
    let row = house.row("early-vip");
    assert_eq!(
        (row.generation, row.state, row.error),
        (2, PluginState::Active, None)
    );
}

#[tokio::test]
async fn code_that_was_compiled_before_is_found() {
    let house = House::of(&[("early-vip", &guests::strategy(guests::ANSWER))]).await;
    assert_eq!(house.engine.loader.found_compiled(), 0);
    let before = house.engine.plugins();
    let house = house.restart().await;
    assert_eq!(
        (house.engine.loader.found_compiled(), house.engine.plugins()),
        (1, before)
    );
    let mode = |path: &str| {
        let metadata = fs::metadata(house.directory.path().join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("cache"), mode("kept")), (0o700, 0o700));
}

#[test]
fn an_engine_without_its_directories_does_not_start() {
    let directory = TempDir::new().unwrap();
    let settings = settings(directory.path(), PluginLimits::default());
    let refused = Engine::open(settings.clone(), Arc::new(Noon))
        .err()
        .unwrap();
    assert_eq!(
        refused.to_string(),
        format!("cannot read the plugin directory {:?}", settings.plugins)
    );
    fs::set_permissions(&settings.cache, Permissions::from_mode(0o777)).unwrap();
    let refused = Engine::open(settings.clone(), Arc::new(Noon))
        .err()
        .unwrap();
    let cause = std::error::Error::source(&refused).unwrap();
    assert_eq!(cause.to_string(), "others may write to it: chmod 700");
    fs::remove_dir_all(&settings.cache).unwrap();
    fs::write(&settings.cache, "").unwrap();
    let refused = Engine::open(settings.clone(), Arc::new(Noon))
        .err()
        .unwrap();
    let expected = format!(
        "cannot start the plugin runtime with its cache in {:?}",
        settings.cache
    );
    assert_eq!(refused.to_string(), expected);
}
