//! `/docs` and `/redoc`: shown in a browser that reaches this server and nothing else.

use std::process::{Command, Stdio};

use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::support::Server;

/// The name of a described operation in the pages.
const SUMMARY: &str = "Scans a ticket, and lets its holder in if it may.";
/// The most seconds that a browser may take on a busy machine.
const PATIENCE: &str = "120";

/// Lists the addresses in a page: the resources that it fetches, and the targets of its links.
fn addresses(html: &str) -> Vec<&str> {
    let quoted = ["src=\"", "href=\"", "action=\""]
        .into_iter()
        .flat_map(|name| html.split(name).skip(1));
    quoted.filter_map(|rest| rest.split('"').next()).collect()
}

/// Whether an address points to a host other than the page's own.
fn is_elsewhere(address: &str, base: &str) -> bool {
    !address.starts_with(base) && (address.contains("://") || address.starts_with("//"))
}

#[tokio::test]
async fn the_pages_name_no_other_host_and_may_fetch_from_none() {
    let server = Server::start().await;
    let base = server.client.base();
    for page in ["/docs", "/redoc"] {
        let response = reqwest::get(format!("{base}{page}"))
            .await
            .expect("the server answers");
        assert_eq!(response.status(), 200, "{page}");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .expect("a policy is text");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");
        let url = response.url().clone();
        let html = response
            .text()
            .await
            .expect("the server answers to the end");
        let addresses = addresses(&html);
        assert!(!addresses.is_empty(), "{html}");
        for address in addresses {
            assert!(!is_elsewhere(address, base), "{page} names {address}");
            let part = reqwest::get(url.join(address).expect("it is an address")).await;
            assert_eq!(
                part.expect("the server answers").status(),
                200,
                "{page}: {address}"
            );
        }
    }
    let start = reqwest::get(format!("{base}/docs/swagger-initializer.js"))
        .await
        .expect("the server answers");
    let start = start.text().await.expect("the server answers to the end");
    assert!(
        start.contains("\"/openapi.json\"") && !start.contains("http"),
        "{start}"
    );
}

#[tokio::test]
async fn a_browser_shows_the_operations_in_both_pages() {
    let Some(browser) = browser() else {
        return eprintln!(
            "skipped: there is no chromium here, and `cargo xtask test` could not install one"
        );
    };
    let server = Server::start().await;
    for page in ["/docs/", "/redoc"] {
        let shown = render(browser, &format!("{}{page}", server.client.base())).await;
        assert!(
            shown.contains(SUMMARY),
            "{page} shows no operation:\n{shown}"
        );
        let elsewhere = shown
            .split("src=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        let elsewhere: Vec<_> = elsewhere
            .filter(|address| is_elsewhere(address, server.client.base()))
            .collect();
        assert_eq!(elsewhere, [""; 0], "{page}");
    }
}

fn browser() -> Option<&'static str> {
    let is_there = |program: &&str| {
        let mut version = Command::new(program);
        let version = version
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser"].into_iter().find(is_there)
}

/// Opens a page in a fresh browser that cannot resolve names, and returns what it finally shows.
async fn render(browser: &str, url: &str) -> String {
    let profile = TempDir::new().expect("there is room for a profile");
    let mut command = Command::new("timeout");
    command.args([PATIENCE, browser]);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--virtual-time-budget=20000",
        "--dump-dom",
    ]);
    let profile = format!("--user-data-dir={}", profile.path().display());
    command.arg(profile).arg(url);
    let output = spawn_blocking(move || command.output())
        .await
        .expect("the browser ends");
    String::from_utf8_lossy(&output.expect("the browser runs").stdout).into_owned()
}

#[tokio::test]
async fn a_file_of_the_pages_that_is_not_there_is_no_plain_text_either() {
    let server = Server::start().await;
    let absent = server.client.get("/docs/absent.js").await;
    absent.failure(404, "not_found");
    let garbled = server.client.get("/docs/%FF").await;
    garbled.failure(400, "malformed_request");
}
