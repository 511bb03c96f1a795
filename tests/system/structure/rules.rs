//! What is an arrow and what is not, on crates of a few lines.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::circles::shortest_circle;
use super::layers::upward;
use super::modules::{Arrow, arrows};

/// Reads a crate of these files.
fn read(files: &[(&str, &str)]) -> BTreeSet<Arrow> {
    let home = TempDir::new().expect("there is room for a few files");
    for (name, text) in files {
        let path = home.path().join(name);
        let folder = path.parent().expect("a file is in a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    arrows(&home.path().join("lib.rs"))
}

/// Returns the ends of arrows: `a -> a::b`.
fn ends<'a>(arrows: impl IntoIterator<Item = &'a Arrow>) -> Vec<String> {
    let printed = arrows.into_iter().map(ToString::to_string);
    let mut ends: Vec<_> = printed
        .filter_map(|arrow| Some(arrow.split_once(": ")?.0.to_owned()))
        .collect();
    ends.dedup();
    ends
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) -> BTreeSet<Arrow> {
    let arrows = read(files);
    assert_eq!(ends(&arrows), expected);
    arrows
}

#[test]
fn what_is_passed_on_written_in_texts_or_used_by_tests_is_no_arrow() {
    let arrows = check(
        &[
            ("lib.rs", "mod low; mod high; pub use high::High;"),
            (
                "low.rs",
                "/// See [`crate::high`].\nconst LOW: &str = \"crate::high::High\"; // crate::high::High\n\
                 #[cfg(test)] mod tests { use super::*; use crate::high::High; }",
            ),
            (
                "high.rs",
                "mod part; mod other; pub use part::Part; use crate::low::LOW;",
            ),
            (
                "high/part.rs",
                "use crate::low; pub(in crate::high) struct Part;",
            ),
            (
                "high/other.rs",
                "use super::part::Part; fn part(from: Part) { from.high() }",
            ),
        ],
        &[
            "high -> low",
            "high::other -> high::part",
            "high::part -> low",
        ],
    );
    assert_eq!(shortest_circle(&arrows), None);
}

#[test]
fn every_spelling_of_a_path_is_an_arrow() {
    check(
        &[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub struct A;"),
            ("c.rs", "pub mod d; pub mod e;"),
            ("c/d.rs", ""),
            ("c/e.rs", "fn e() -> Vec<crate::b::B> { m!(super::d::f) }"),
            (
                "b.rs",
                "use crate::{a::{self, A as Other}, c as named}; fn b() { named::d::f::<u8>() }",
            ),
        ],
        &["b -> a", "b -> c", "b -> c::d", "c::e -> b", "c::e -> c::d"],
    );
}

#[test]
fn a_name_that_is_passed_on_leads_to_where_it_is_from_too() {
    check(
        &[
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "mod part; pub use part::A;"),
            ("a/part.rs", "pub struct A;"),
            ("b.rs", "use crate::A;"),
        ],
        &["b -> the root", "b -> a", "b -> a::part"],
    );
}

#[test]
fn a_parent_that_uses_what_it_passes_on_and_a_child_that_uses_its_parent_are_a_circle() {
    for by_parent in [
        "mod part; pub use part::Part; fn f(_: Part) {}",
        "mod part; use part::Part;",
        "mod part; fn f() { part::g() }",
        "mod part; pub use part::g; fn f() { g() }",
    ] {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", by_parent),
            ("a/part.rs", "use super::f;"),
        ];
        let circle = shortest_circle(&read(&files)).expect(by_parent);
        assert_eq!(ends(&circle), ["a -> a::part", "a::part -> a"]);
    }
}

#[test]
fn the_shortest_circle_is_shown_with_its_lines() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "\nuse crate::b::B;"),
        ("b.rs", "use crate::c::C;\nuse crate::d::D;"),
        ("c.rs", "use crate::a::A;"),
        ("d.rs", "fn d() {\n    crate::b::b();\n}"),
    ];
    let circle = shortest_circle(&read(&files)).expect("there are two");
    assert_eq!(ends(&circle), ["b -> d", "d -> b"]);
    let shown = circle[1].to_string();
    assert!(shown.ends_with("d.rs:2: crate::b::b();"), "{shown}");
}

#[test]
fn an_arrow_to_a_higher_layer_runs_up() {
    let files = [
        ("lib.rs", "mod low; mod between; mod high; use high::High;"),
        ("low.rs", "mod part;"),
        ("low/part.rs", "use crate::between::B;"),
        ("between.rs", "use crate::low::part::P; use crate::high::H;"),
        ("high.rs", "use crate::{between, low};"),
    ];
    let upward = upward(&read(&files), &["low", "*", "high"]);
    assert_eq!(ends(&upward), ["between -> high", "low::part -> between"]);
}
