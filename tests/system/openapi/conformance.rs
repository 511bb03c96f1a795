//! schemathesis against a running server: no request gets a 5xx, or an answer that the description does not allow.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::door::text;
use crate::support::{Door, Process, target};

/// The checks of each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method";
/// How a component is sent: as bytes.
const HOOKS: &str = "import schemathesis\n\n\
    @schemathesis.serializer(\"application/wasm\")\n\
    def wasm(context, value):\n    \
        return value if isinstance(value, bytes) else str(value).encode()\n";
/// Per operation; the whole run must stay below a minute on two cores.
const EXAMPLES: &str = "15";

#[tokio::test]
async fn no_answer_contradicts_the_description() {
    let Some(schemathesis) = schemathesis() else {
        return eprintln!(
            "skipped: there is no schemathesis here, and `cargo xtask test` could not install it"
        );
    };
    let data = TempDir::new().expect("there is room for a test's data");
    let server = Process::start(data.path());
    let door = Door::open_one_day(&server.client).await;
    let config = data.path().join("schemathesis.toml");
    fs::write(&config, ids(&door).await).expect("the configuration can be written");
    let credentials = door.scanner.bearer().expect("a scanner has credentials");
    let mut command = Command::new(schemathesis);
    let hooks = data.path().join("hooks.py");
    fs::write(hooks, HOOKS).expect("a file can be written");
    command.current_dir(data.path()).env("NO_COLOR", "1");
    command.env("SCHEMATHESIS_HOOKS", "hooks");
    command.arg("--config-file").arg(&config).arg("run");
    command.arg(format!("{}/openapi.json", server.client.base()));
    command.args([
        "--checks",
        CHECKS,
        "--max-examples",
        EXAMPLES,
        "--phases",
        "examples,coverage,fuzzing",
    ]);
    // One worker: Python 3.11 loses count of its recursion where two threads parse at a time.
    command.args(["--seed", "1", "--workers", "1", "--max-failures", "20"]);
    command.args(["--header", &format!("Authorization: Bearer {credentials}")]);
    let output = command.output().expect("schemathesis runs");
    let report = String::from_utf8_lossy(&output.stdout).replace(credentials, "CREDENTIALS");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}\n{complaints}");
}

/// The version that `cargo xtask test` installs.
fn schemathesis() -> Option<PathBuf> {
    let program: &Path = &target().join("schemathesis/bin/schemathesis");
    program.is_file().then(|| program.to_owned())
}

/// Ids that exist, so that requests do not all fail with 404, and a plugin that nothing uses, since it may be removed.
async fn ids(door: &Door) -> String {
    let ticket = text(&door.issue("vip").await["ticketInstanceId"]);
    let (event, scanner) = (&door.event_id, &door.scanner_id);
    format!(
        "[parameters]\n\"path.name\" = \"all-day\"\n\"path.eventId\" = \"{event}\"\n\"path.ticketId\" = \"{ticket}\"\n\"path.scannerId\" = \"{scanner}\"\n"
    )
}
