//! Components that take long to compile hold up nobody, and not for ever.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::{fs, iter};

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::support::crowd::{ADMITTED, today};
use crate::support::process::program;
use crate::support::{Door, Home, Process, until};

/// How many locals the function has, and how often it adds two of them.
const LOCALS: u32 = 30_000;
const BRANCH_EVERY: usize = 10;

/// A small component whose one function takes many seconds to compile: a loop in which every local depends on others.
fn slow_to_compile() -> Vec<u8> {
    let mut body = vec![1];
    body.extend(leb(LOCALS));
    body.push(0x7f);
    let get = |local: u32| [vec![0x20], leb(local)].concat();
    let set = |local: u32| [vec![0x21], leb(local)].concat();
    body.extend([0x03, 0x40]);
    for (index, addition) in (0..LOCALS).enumerate() {
        let local = |nth: u32| (addition * 7_919 + nth * 6_007) % LOCALS;
        body.extend([get(local(0)), get(local(1)), vec![0x6a], set(local(2))].concat());
        if index % BRANCH_EVERY == 0 {
            body.extend(
                [
                    get(local(1)),
                    vec![0x04, 0x40],
                    get(local(0)),
                    set(local(3)),
                    vec![0x0b],
                ]
                .concat(),
            );
        }
    }
    body.extend([get(0), vec![0x0d, 0, 0x0b]].concat());
    // What is stored cannot be left out.
    for local in 0..LOCALS {
        body.extend([vec![0x41, 0], get(local), vec![0x36, 2, 0]].concat());
    }
    body.push(0x0b);
    let code = [vec![1], leb(length(&body)), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(5, &[1, 0, 1]),
        section(10, &code),
    ];
    let component = [
        b"\0asm\x0d\0\x01\0".to_vec(),
        section(1, &module.concat()),
        section(2, &[1, 0, 0, 0]),
    ];
    component.concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], leb(length(content)), content.to_vec()].concat()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("it is small")
}

/// A number in LEB128.
fn leb(number: u32) -> Vec<u8> {
    let mut rest = Some(number);
    iter::from_fn(|| {
        let number = rest?;
        let more = number >> 7;
        rest = (more > 0).then_some(more);
        let low = u8::try_from(number & 0x7f).expect("it has seven bits");
        Some(if more > 0 { low | 0x80 } else { low })
    })
    .collect()
}

#[tokio::test]
async fn a_component_that_takes_long_to_compile_holds_up_neither_the_start_nor_others() {
    let home = Home::new();
    fs::write(home.path("plugins/slow.wasm"), slow_to_compile()).expect("a file can be written");
    let mut command = home.command();
    command.env_remove("GATEWIT_CACHE");
    let server = Process::spawn(command);
    let client = &server.client;
    let door = Door::open(client, today()).await;
    let jwt = door.issue_jwt("vip").await;
    assert_eq!(door.verdict(&jwt).await, ADMITTED);
    let slow = client.get("/api/v1/plugins/slow").await.data(200);
    assert_eq!(
        slow["state"], "LOADING",
        "the test's component is too quick"
    );
    let ready = client.get("/healthcheck/ready").await;
    assert_eq!(
        (ready.status, &ready.body["plugins"]["loading"]),
        (200, &json!(["slow"]))
    );
    let slow = until("it is judged", async || {
        let slow = client.get("/api/v1/plugins/slow").await.data(200);
        (slow["state"] != "LOADING").then_some(slow)
    })
    .await;
    assert_eq!(slow["state"], "REJECTED", "{slow}");
}

#[test]
fn a_compilation_ends_when_its_time_is_over() {
    let cache = TempDir::new().expect("there is room for a cache");
    let mut child = Command::new(program())
        .args(["compile", "--cpu-seconds", "1", "--cache"])
        .arg(cache.path())
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let written = stdin.write_all(&slow_to_compile());
    written.expect("the program reads");
    drop(stdin);
    let status = child.wait().expect("the child can be waited for");
    assert_eq!(status.signal(), Some(Signal::XCPU.as_raw()), "{status}");
}
