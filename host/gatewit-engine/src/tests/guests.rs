//! Small components made of text.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The body of a `windows` that answers what lies in memory: day 0, from second 0 to second 1000.
pub(super) const ANSWER: &str = "(i32.const 160)";

/// The body of a `check-options` that lets everything pass.
const ACCEPT: &str = "(i32.const 128)";

/// A world of another package with the strategy's export.
const WORLD: &str = "
    package test:guests;
    world guest {
        IMPORTS
        export gatewit:plugin/check-in-strategy@0.1.0;
    }
    package wasi:clocks@0.2.0 {
        interface wall-clock {
            record datetime { seconds: u64, nanoseconds: u32 }
            now: func() -> datetime;
        }
    }
    package wasi:io@0.2.0 {
        interface poll { resource pollable; }
    }
";

/// A strategy whose function `windows` has this body.
pub(super) fn strategy(windows: &str) -> Vec<u8> {
    component("", &core(windows, ACCEPT, ""))
}

/// A strategy whose function `check-options` has this body.
pub(super) fn strategy_checking(check_options: &str) -> Vec<u8> {
    component("", &core(ANSWER, check_options, ""))
}

/// A strategy that has more in it: imports in WIT, and items of its core module.
pub(super) fn strategy_with(imports: &str, items: &str) -> Vec<u8> {
    component(imports, &core(ANSWER, ACCEPT, items))
}

/// Encodes a text.
pub(super) fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).unwrap()
}

fn component(imports: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir("../../wit").unwrap();
    let world = WORLD.replace("IMPORTS", imports);
    let package = resolve.push_str("guest.wit", &world).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

fn core(windows: &str, check_options: &str, items: &str) -> String {
    let interface = "gatewit:plugin/check-in-strategy@0.1.0";
    let question = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    format!(
        r#"(module
            {items}
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 2048))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.add (global.get $free)
                    (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8)))))
            (func (export "{interface}#describe") (result i32) (i32.const 64))
            (func (export "{interface}#check-options") (param i32 i32) (result i32) {check_options})
            (func $windows (export "{interface}#windows") {question} (result i32) {windows})
            (data (i32.const 64) "\00\04\00\00\05\00\00\00")
            (data (i32.const 160) "\00\00\00\00\00\02\00\00\01\00\00\00")
            (data (i32.const 552) "\e8\03")
            (data (i32.const 1024) "1.2.3"))"#
    )
}
