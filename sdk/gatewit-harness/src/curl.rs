//! Sends requests to real ticketing systems by `curl`, which every machine has and which uses the machine's trusted
//! certificates.

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};

use gatewit_sdk::{HttpError, Request, Response, Transport};

/// How long a request may take, in seconds: the server's default.
const TIMEOUT: &str = "30";

/// Sends requests by `curl`, one process each. It follows no redirects: a recording has none.
pub struct Curl;

impl Transport for Curl {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let output = run(request);
        let output = output.map_err(|err| HttpError::Other(format!("cannot run curl: {err}")))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(HttpError::Unreachable(words.trim().to_owned()));
        }
        let response = parse(&output.stdout);
        let response =
            response.ok_or_else(|| HttpError::Other("the answer is not HTTP".to_owned()))?;
        match response.status {
            300..=399 => Err(HttpError::Other("it redirects".to_owned())),
            _ => Ok(response),
        }
    }
}

fn run(request: &Request) -> io::Result<Output> {
    let mut curl = Command::new("curl")
        .args(["--config", "-", "--include", "--silent", "--show-error"])
        .args(["--http1.1", "--noproxy", "*", "--max-time", TIMEOUT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = curl.stdin.take().expect("stdin is piped");
    stdin.write_all(config(request).as_bytes())?;
    drop(stdin);
    curl.wait_with_output()
}

/// The input that curl reads from its standard input, so that secrets are not in the list of processes.
fn config(request: &Request) -> String {
    let mut lines = vec![
        option("url", &request.url),
        option("request", &request.method),
        // Sends the body without waiting for `100 Continue`.
        option("header", "Expect:"),
    ];
    let headers = request.headers.iter();
    lines.extend(headers.map(|(name, value)| option("header", &format!("{name}: {value}"))));
    if !request.body.is_empty() {
        let body = String::from_utf8_lossy(&request.body);
        lines.push(option("data-raw", &body));
    }
    lines.concat()
}

fn option(name: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', "\\\"");
    let value = value.replace('\n', r"\n").replace('\r', r"\r");
    format!("{name} = \"{value}\"\n")
}

fn parse(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    Some(Response {
        status,
        headers: headers.collect(),
        body: answer[end + 4..].to_vec(),
    })
}
