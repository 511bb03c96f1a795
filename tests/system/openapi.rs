//! The description of the API and its pages: complete, correct for the running server, and shown without other hosts.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::door::{NOBODY, open_server, text};
use crate::support::{Process, Server, project};

mod conformance;
mod pages;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A path with an id in each of its places.
fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { NOBODY } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Every operation of a document: a method and a path.
pub fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths are an object");
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("a path is an object");
        let found = item
            .iter()
            .filter(|(method, _)| METHODS.contains(&method.as_str()));
        found.map(|(method, operation)| (method.clone(), path.clone(), operation))
    });
    operations.collect()
}

#[tokio::test]
async fn what_is_described_is_there_and_no_method_more() {
    let server = Server::start().await;
    let document = server.client.get("/openapi.json").await.body;
    let described: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let paths: BTreeSet<_> = described.iter().map(|(_, path)| path).collect();
    let http = reqwest::Client::new();
    for path in paths {
        let url = format!("{}{}", server.client.base(), filled(path));
        for method in METHODS {
            let verb =
                Method::from_bytes(method.to_uppercase().as_bytes()).expect("these are methods");
            let response = http
                .request(verb, &url)
                .send()
                .await
                .expect("the server answers");
            let status = response.status().as_u16();
            let words = response
                .text()
                .await
                .expect("the server answers to the end");
            let is_described = described.contains(&(method.to_owned(), path.clone()));
            assert_eq!(
                status != 405,
                is_described,
                "{method} {path}: {status} {words}"
            );
            assert!(
                !words.contains("there is nothing at this path"),
                "{method} {path}"
            );
        }
    }
}

/// Routes are added by `routes!`, which also adds their description. Only the pages' scripts and styles are not.
#[test]
fn no_route_comes_in_undescribed() {
    let http = project().join("host/gatewit/src/http");
    let mut undescribed = Vec::new();
    let mut folders = vec![http.clone()];
    let mut files = vec![http.with_extension("rs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    for file in files {
        let source = fs::read_to_string(&file).expect("our files are text");
        let ways = [".route(", ".route_service(", ".nest_service("];
        if ways.iter().any(|way| source.contains(way)) {
            undescribed.push(
                file.strip_prefix(&http)
                    .map(ToOwned::to_owned)
                    .unwrap_or(file),
            );
        }
    }
    assert_eq!(undescribed, [std::path::Path::new("openapi/pages.rs")]);
}

#[tokio::test]
async fn every_operation_is_told_in_words_with_its_failures() {
    let server = Server::start().await;
    let document = server.client.get("/openapi.json").await.body;
    for (method, path, operation) in operations(&document) {
        assert!(
            operation["summary"].is_string(),
            "{method} {path} has no summary"
        );
        let tags = operation["tags"].as_array().map_or(0, Vec::len);
        assert_eq!(tags, 1, "{method} {path}");
        if path.starts_with("/api/") {
            let failures = operation["responses"]
                .as_object()
                .expect("responses are an object");
            let failures = failures
                .iter()
                .filter(|(status, _)| status.starts_with(['4', '5']));
            for (status, failure) in failures {
                let schema = &failure["content"]["application/json"]["schema"];
                let codes = schema["properties"]["error"]["properties"]["code"]["enum"].as_array();
                assert!(
                    codes.is_some_and(|codes| !codes.is_empty()),
                    "{method} {path} {status}"
                );
            }
        }
    }
    let undo = &document["paths"]["/api/v1/check-in/undo"]["post"]["responses"];
    let codes = &undo["422"]["content"]["application/json"]["schema"]["properties"]["error"];
    assert_eq!(
        codes["properties"]["code"]["enum"],
        serde_json::json!(["invalid_undo_request", "not_admitted", "unknown_check_in"])
    );
    let scanner = &document["components"]["securitySchemes"]["scanner"];
    assert_eq!(
        (text(&scanner["type"]), text(&scanner["scheme"])),
        ("http".to_owned(), "bearer".to_owned())
    );
}

/// Checks that a part of the document refers only to existing schemas, and returns the number of references.
fn check_references(part: &Value, document: &Value) -> usize {
    let fields: Vec<&Value> = match part {
        Value::Object(fields) => {
            if let Some(Value::String(place)) = fields.get("$ref") {
                let target = document.pointer(place.trim_start_matches('#'));
                assert!(target.is_some(), "{place} is not there");
                return 1;
            }
            fields.values().collect()
        }
        Value::Array(values) => values.iter().collect(),
        _ => return 0,
    };
    fields
        .into_iter()
        .map(|field| check_references(field, document))
        .sum()
}

#[tokio::test]
async fn what_the_description_refers_to_is_in_it() {
    let server = Server::start().await;
    let document = server.client.get("/openapi.json").await.body;
    assert!(check_references(&document, &document) > 20);
}

#[tokio::test]
async fn what_takes_a_body_says_so() {
    let (server, door) = open_server().await;
    let document = server.client.get("/openapi.json").await.body;
    for (method, path, operation) in operations(&document) {
        let verb = Method::from_bytes(method.to_uppercase().as_bytes()).expect("these are methods");
        let url = format!("{}{}", server.client.base(), filled(&path));
        let credentials = door.scanner.bearer().expect("a scanner has credentials");
        let request = reqwest::Client::new()
            .request(verb, url)
            .bearer_auth(credentials)
            .body("no JSON");
        let types = operation["requestBody"]["content"].as_object();
        let declared = types.and_then(|types| types.keys().next());
        // The attendee contract also reads bodies that are not declared as JSON.
        let request = match path.starts_with("/api/") {
            true => request.header(
                "content-type",
                declared.map_or("application/json", String::as_str),
            ),
            false => request,
        };
        let answer = request.send().await.expect("the server answers");
        let words = answer.text().await.expect("the server answers to the end");
        let body: Value = serde_json::from_str(&words).unwrap_or_default();
        let code = &body["error"]["code"];
        let is_read = code == "malformed_request"
            || code == "plugin_refused"
            || body["detail"][0]["loc"] == serde_json::json!(["body"]);
        assert_eq!(
            is_read,
            operation.get("requestBody").is_some(),
            "{method} {path}: {words}"
        );
    }
}

#[tokio::test]
async fn the_command_prints_what_the_server_serves() {
    let data = TempDir::new().expect("there is room for a test's data");
    let program = Process::command(data.path()).get_program().to_owned();
    let output = Command::new(program)
        .arg("openapi")
        .output()
        .expect("the program runs");
    assert!(output.status.success());
    let printed: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let server = Server::start().await;
    assert_eq!(printed, server.client.get("/openapi.json").await.body);
}
