//! Backends without end: their runs are bounded, and leave nothing behind.

use serde_json::{Value, json};

use crate::support::{Home, Process, test_guests};

/// A server with one source for each of these: a name, what its backend does, and its limits.
fn start(home: &Home, sources: &[(&str, &str, &str)]) -> Process {
    home.install(&test_guests(), "backend-mischief");
    let sources = sources.iter().map(|(name, deed, limits)| {
        format!(
            "  {name}: {{plugin: backend-mischief, settings: {{do: {deed}}}, limits: {{{limits}}}}}\n"
        )
    });
    home.configure(&format!("sources:\n{}", sources.collect::<String>()));
    Process::spawn(home.command_with("RUST_LOG", "info"))
}

/// What operators read about the plugin.
async fn error(server: &Process) -> String {
    let rows = server.client.get("/api/v1/plugins").await.data(200);
    let mut rows = rows.as_array().expect("a list").iter();
    let row = rows.find(|row| row["name"] == "backend-mischief");
    row.expect("it is listed")["error"].to_string()
}

#[tokio::test]
async fn a_backend_that_gives_pages_without_end_is_bounded_and_the_limit_is_named() {
    let home = Home::new();
    let server = start(
        &home,
        &[
            ("crowd", "endless", "tickets_per_run: 5000"),
            ("weight", "endless", "run_mib: 1"),
            ("nothing", "endless-nothing", "run_mib: 1"),
            ("sound", "behave", ""),
        ],
    );
    for (name, fault) in [
        (
            "crowd",
            "it listed more than 5000 tickets in one run; limits.tickets_per_run of the source raises that",
        ),
        (
            "weight",
            "its tickets of one run take more than 1 MiB; limits.run_mib of the source raises that",
        ),
        (
            "nothing",
            "its tickets of one run take more than 1 MiB; limits.run_mib of the source raises that",
        ),
    ] {
        server.log.wait_for(&format!(
            "ticket source {name} cannot be read with plugin \"backend-mischief\": {fault}"
        ));
        let error = error(&server).await;
        assert!(
            error.contains(&format!("ticket source {name}: {fault}")),
            "{error}"
        );
    }
    server
        .log
        .wait_for("ticket source sound was read to its end");
    let ready = server.client.get("/healthcheck/ready").await;
    let tickets = ready.body["sources"].as_array().expect("a list").iter();
    let tickets: Vec<&Value> = tickets.map(|source| &source["tickets"]).collect();
    assert_eq!(
        tickets,
        [&json!(null), &json!(null), &json!(2), &json!(null)]
    );
}
