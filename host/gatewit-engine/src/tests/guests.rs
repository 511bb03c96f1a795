//! Small components, written as WebAssembly text.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The body of a `windows` that returns the constant in memory: day 0, from second 0 to second 1000.
pub(super) const ANSWER: &str = "(i32.const 160)";

/// The body of a `describe` that says that this is version 1.2.3.
pub(super) const DESCRIBED: &str = "(i32.const 64)";

/// The body of any function: returns a text of 1 GiB, which its memory does not have.
pub(super) const GIGABYTE: &str = "(i32.const 192)";

/// The body of any function: returns what is of no variant and at no place.
pub(super) const NONSENSE: &str = "(i32.const 208)";

/// What both of these return, and a function that calls itself.
const HOSTILE: &str = r#"
    (func $recurse (result i32) (i32.add (call $recurse) (i32.const 1)))
    (data (i32.const 192) "\01\00\00\00\00\00\00\00\00\00\00\40\00\00\00\40")
    (data (i32.const 208) "\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07\07")"#;

/// The body of a `check-options` that accepts everything.
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

/// A world with a backend's export and the imports of WASI.
const BACKEND_WORLD: &str = "
    package test:guests;
    world guest {
        import wasi:cli/environment@0.2.0;
        import wasi:filesystem/preopens@0.2.0;
        import wasi:sockets/instance-network@0.2.0;
        import wasi:sockets/ip-name-lookup@0.2.0;
        export gatewit:plugin/ticketing-backend@0.1.0;
    }
    package wasi:cli@0.2.0 {
        interface environment {
            get-environment: func() -> list<tuple<string, string>>;
            get-arguments: func() -> list<string>;
        }
    }
    package wasi:filesystem@0.2.0 {
        interface types { resource descriptor; }
        interface preopens {
            use types.{descriptor};
            get-directories: func() -> list<tuple<descriptor, string>>;
        }
    }
    package wasi:sockets@0.2.0 {
        interface network {
            resource network;
            enum error-code {
                unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
                not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
                remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
                name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
            }
        }
        interface instance-network {
            use network.{network};
            instance-network: func() -> network;
        }
        interface ip-name-lookup {
            use network.{network, error-code};
            resource resolve-address-stream;
            resolve-addresses: func(network: borrow<network>, name: string)
                -> result<resolve-address-stream, error-code>;
        }
    }
";

/// A backend's core module whose `describe` traps if WASI gives it anything.
const LOOKING_AROUND: &str = r#"(module
    (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
    (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
    (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
    (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
    (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func $check_empty (param $list i32)
        (if (i32.load offset=4 (local.get $list)) (then unreachable)))
    (func (export "gatewit:plugin/ticketing-backend@0.1.0#describe") (result i32)
        (call $environment (i32.const 256))
        (call $check_empty (i32.const 256))
        (call $arguments (i32.const 272))
        (call $check_empty (i32.const 272))
        (call $directories (i32.const 288))
        (call $check_empty (i32.const 288))
        (call $resolve (call $network) (i32.const 1040) (i32.const 9) (i32.const 304))
        (if (i32.eqz (i32.load8_u (i32.const 304))) (then unreachable))
        (i32.const 64))
    (func (export "gatewit:plugin/ticketing-backend@0.1.0#check-settings") (param i32 i32) (result i32) unreachable)
    (func (export "gatewit:plugin/ticketing-backend@0.1.0#ticket-types") (param i32 i32) (result i32) unreachable)
    (func (export "gatewit:plugin/ticketing-backend@0.1.0#tickets")
        (param i32 i32 i32 i32 i32) (result i32) unreachable)
    (func (export "gatewit:plugin/ticketing-backend@0.1.0#find") (param i32 i32 i32 i32) (result i32) unreachable)
    (data (i32.const 64) "\00\04\00\00\05\00\00\00")
    (data (i32.const 1024) "1.2.3")
    (data (i32.const 1040) "localhost"))"#;

/// A world with a backend's export and an output of WASI.
const WRITING_WORLD: &str = "
    package test:guests;
    world guest {
        import wasi:cli/stderr@0.2.0;
        export gatewit:plugin/ticketing-backend@0.1.0;
    }
    package wasi:io@0.2.0 {
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream {
                blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            }
        }
    }
    package wasi:cli@0.2.0 {
        interface stderr {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stderr: func() -> output-stream;
        }
    }
";

/// A backend that writes 12 KiB of zeros and then `boom`, and fails: `tickets` traps, `find` returns a fault.
pub(super) fn backend_that_writes() -> Vec<u8> {
    let core = r#"(module
        (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
        (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
            (func $write (param i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func $fail
            (local $stderr i32)
            (local.set $stderr (call $stderr))
            (call $write (local.get $stderr) (i32.const 8192) (i32.const 4096) (i32.const 512))
            (call $write (local.get $stderr) (i32.const 8192) (i32.const 4096) (i32.const 512))
            (call $write (local.get $stderr) (i32.const 8192) (i32.const 4096) (i32.const 512))
            (call $write (local.get $stderr) (i32.const 1040) (i32.const 5) (i32.const 512)))
        (func (export "gatewit:plugin/ticketing-backend@0.1.0#describe") (result i32) (i32.const 64))
        (func (export "gatewit:plugin/ticketing-backend@0.1.0#check-settings") (param i32 i32) (result i32) unreachable)
        (func (export "gatewit:plugin/ticketing-backend@0.1.0#ticket-types") (param i32 i32) (result i32) unreachable)
        (func (export "gatewit:plugin/ticketing-backend@0.1.0#tickets")
            (param i32 i32 i32 i32 i32) (result i32) (call $fail) unreachable)
        (func (export "gatewit:plugin/ticketing-backend@0.1.0#find") (param i32 i32 i32 i32) (result i32)
            (call $fail) (i32.const 128))
        (data (i32.const 64) "\00\04\00\00\05\00\00\00")
        (data (i32.const 128) "\01\00\00\00\02\00\00\00\20\04\00\00\04\00\00\00")
        (data (i32.const 1024) "1.2.3")
        (data (i32.const 1040) "boom\0a")
        (data (i32.const 1056) "down"))"#;
    encode(WRITING_WORLD, core)
}

/// A strategy whose function `windows` has this body.
pub(super) fn strategy(windows: &str) -> Vec<u8> {
    component("", &core(DESCRIBED, windows, ACCEPT, ""))
}

/// A strategy that traps for ticket types of more than three letters.
pub(super) fn strategy_that_fails_for_long_ticket_types() -> Vec<u8> {
    strategy("(if (i32.gt_u (local.get 9) (i32.const 3)) (then unreachable)) (i32.const 160)")
}

/// A strategy whose function `check-options` has this body.
pub(super) fn strategy_checking(check_options: &str) -> Vec<u8> {
    component("", &core(DESCRIBED, ANSWER, check_options, ""))
}

/// A strategy whose function `describe` has this body.
pub(super) fn strategy_describing(describe: &str) -> Vec<u8> {
    component("", &core(describe, ANSWER, ACCEPT, ""))
}

/// A strategy with additions: imports in WIT, and items of its core module.
pub(super) fn strategy_with(imports: &str, items: &str) -> Vec<u8> {
    component(imports, &core(DESCRIBED, ANSWER, ACCEPT, items))
}

/// A backend whose functions have these bodies: `describe`, and all others; with items of its core module.
pub(super) fn backend(describe: &str, others: &str, items: &str) -> Vec<u8> {
    let world = "
        package test:guests;
        world guest { export gatewit:plugin/ticketing-backend@0.1.0; }";
    let function = |name: &str, params: &str| {
        format!(
            "(func (export \"gatewit:plugin/ticketing-backend@0.1.0#{name}\") {params} (result i32) {others})"
        )
    };
    let functions = [
        function("check-settings", "(param i32 i32)"),
        function("ticket-types", "(param i32 i32)"),
        function("tickets", "(param i32 i32 i32 i32 i32)"),
        function("find", "(param i32 i32 i32 i32)"),
    ];
    let core = format!(
        r#"(module
            {items}
            {HOSTILE}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "gatewit:plugin/ticketing-backend@0.1.0#describe") (result i32) {describe})
            {}
            (data (i32.const 64) "\00\04\00\00\05\00\00\00")
            (data (i32.const 1024) "1.2.3"))"#,
        functions.concat()
    );
    encode(world, &core)
}

/// A backend that traps when it describes itself if WASI gives it an environment variable, an argument, a directory or
/// the address of a name.
pub(super) fn backend_that_looks_around() -> Vec<u8> {
    encode(BACKEND_WORLD, LOOKING_AROUND)
}

/// Encodes WebAssembly text as a component.
pub(super) fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).unwrap()
}

fn component(imports: &str, core: &str) -> Vec<u8> {
    encode(&WORLD.replace("IMPORTS", imports), core)
}

fn encode(world: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir("../../wit").unwrap();
    let package = resolve.push_str("guest.wit", world).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

fn core(describe: &str, windows: &str, check_options: &str, items: &str) -> String {
    let interface = "gatewit:plugin/check-in-strategy@0.1.0";
    let question = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    format!(
        r#"(module
            {items}
            {HOSTILE}
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 2048))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.add (global.get $free)
                    (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8)))))
            (func (export "{interface}#describe") (result i32) {describe})
            (func (export "{interface}#check-options") (param i32 i32) (result i32) {check_options})
            (func $windows (export "{interface}#windows") {question} (result i32) {windows})
            (data (i32.const 64) "\00\04\00\00\05\00\00\00")
            (data (i32.const 160) "\00\00\00\00\00\02\00\00\01\00\00\00")
            (data (i32.const 552) "\e8\03")
            (data (i32.const 1024) "1.2.3"))"#
    )
}
