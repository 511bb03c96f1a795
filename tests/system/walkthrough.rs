//! The walkthrough of the README, as a reader runs it.

use std::process::Command;

use tempfile::TempDir;

use crate::support::{Process, project};

#[tokio::test]
async fn the_walkthrough_runs_to_its_end() {
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let script = project().join("examples/walkthrough");
    let output = Command::new(script)
        .arg(server.client.base())
        .output()
        .expect("the walkthrough runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
    for words in [
        "Verified OK",
        "\"status\": \"DUPLICATE\"",
        "\"status\": \"INVALID_SIGNATURE\"",
    ] {
        assert!(printed.contains(words), "{words} is missing in {printed}");
    }
}
