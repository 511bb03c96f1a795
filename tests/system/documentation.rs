//! Checks that the README and the pages of `docs/` are complete, and correct where a program can check it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatewit::http;
use serde_json::Value;
use tempfile::TempDir;

use crate::openapi::operations;
use crate::support::{Process, project};
use crate::tidy::rust_files;

const README_LINES_MAX: usize = 150;
/// Folders whose files the documentation must name.
const OURS: [&str; 8] = [
    "docs/",
    "examples/",
    "host/",
    "plugins/",
    "sdk/",
    "tests/",
    "wit/",
    "xtask/",
];
/// Plugins that the documentation tells readers to write.
const TO_BE_MADE: [&str; 2] = ["plugins/early-vip", "plugins/my-shop"];

/// A page of documentation.
struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    fn read(path: &str) -> Self {
        let path = project().join(path);
        let text = fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// All text in backticks, line by line.
    fn code(&self) -> Vec<&str> {
        let mut code = Vec::new();
        for (index, part) in self.text.split("```").enumerate() {
            if index % 2 == 1 {
                // The first line of a block names its language.
                code.extend(part.lines().skip(1));
            } else {
                code.extend(part.split('`').skip(1).step_by(2));
            }
        }
        code
    }

    /// The targets of its links.
    fn links(&self) -> Vec<&str> {
        let after = self.text.split("](").skip(1);
        after.filter_map(|rest| rest.split(')').next()).collect()
    }

    /// Its headings as links name them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let anchor = |heading: &str| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let letters = words.replace(' ', "-");
            letters.replace(
                |letter: char| !letter.is_alphanumeric() && letter != '-',
                "",
            )
        };
        headings.map(anchor).collect()
    }
}

fn docs() -> Vec<String> {
    let entries = fs::read_dir(project().join("docs")).expect("there is documentation");
    let names = entries.map(|entry| entry.expect("a folder can be listed").file_name());
    let mut paths: Vec<_> = names
        .map(|name| format!("docs/{}", name.to_string_lossy()))
        .collect();
    paths.sort();
    paths
}

fn pages() -> Vec<Page> {
    let mut paths = docs();
    paths.extend(["README.md", "ARCHITECTURE.md"].map(String::from));
    paths.iter().map(|path| Page::read(path)).collect()
}

/// The environment variables of Gatewit that a text names.
fn variables(text: &str) -> BTreeSet<String> {
    let is_of_name = |letter: char| letter == '_' || letter.is_ascii_uppercase();
    let words = text.split(|letter| !is_of_name(letter));
    let ours = words.filter(|word| {
        let mut prefixes = ["GATEWIT_", "OIDC_"].iter();
        prefixes.any(|prefix| {
            word.strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty())
        })
    });
    ours.map(str::to_owned).collect()
}

/// The environment variables that the code below a folder names.
fn variables_in_code(folder: &str) -> BTreeSet<String> {
    let files = crate::tidy::rust_files(&project().join(folder)).into_iter();
    let text = files.map(|file| fs::read_to_string(file).expect("our files are text"));
    text.flat_map(|text| variables(&text)).collect()
}

#[test]
fn the_readme_is_short_and_links_every_page() {
    let readme = Page::read("README.md");
    let lines = readme.text.lines().count();
    assert!(lines <= README_LINES_MAX, "{lines} lines");
    for page in docs() {
        assert!(
            readme.links().contains(&page.as_str()),
            "{page} is not linked"
        );
    }
    for command in ["cargo xtask serve", "cargo xtask test"] {
        assert!(readme.text.contains(command), "{command}");
    }
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    for page in pages() {
        let folder = page.path.parent().expect("a file is in a folder");
        for link in page.links() {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.path.clone(),
                file => folder.join(file),
            };
            let place = format!("{link} in {}", page.path.display());
            assert!(target.exists(), "{place}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("a page is text");
                let target = Page { path: target, text };
                assert!(target.anchors().contains(anchor), "{place}");
            }
        }
    }
}

#[test]
fn every_variable_is_described_and_no_other() {
    let described = variables(&Page::read("docs/operating.md").text);
    let in_host = variables_in_code("host");
    assert_eq!(described, in_host);
    let mut in_code = in_host;
    for folder in ["plugins", "sdk", "xtask"] {
        in_code.extend(variables_in_code(folder));
    }
    let everywhere: BTreeSet<_> = pages()
        .iter()
        .flat_map(|page| variables(&page.text))
        .collect();
    assert_eq!(everywhere, in_code);
}

#[test]
fn every_route_is_described_and_no_other() {
    let document: Value = serde_json::from_str(&http::document()).expect("it is JSON");
    let routes = operations(&document).into_iter();
    let routes: BTreeSet<_> = routes
        .map(|(method, path, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let page = Page::read("docs/api.md");
    let tables = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let described = tables.filter_map(|row| row.split('`').next());
    let described: BTreeSet<_> = described
        .filter(|text| text.contains(" /"))
        .map(str::to_owned)
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn files_that_are_named_exist() {
    for page in pages() {
        for word in page.code().iter().flat_map(|line| line.split_whitespace()) {
            let is_made = TO_BE_MADE.iter().any(|path| word.starts_with(path));
            let is_pattern = word.contains('*');
            if !is_made && !is_pattern && OURS.iter().any(|folder| word.starts_with(folder)) {
                let exists = project().join(word).exists();
                assert!(exists, "{word} in {}", page.path.display());
            }
        }
    }
}

#[test]
fn rust_files_that_are_named_are_somewhere() {
    let files = ["host", "sdk"].map(|folder| rust_files(&project().join(folder)));
    let files = files.concat();
    for page in pages() {
        for word in page.code().iter().flat_map(|line| line.split_whitespace()) {
            let is_there = || files.iter().any(|file| file.ends_with(word));
            assert!(
                !word.ends_with(".rs") || is_there(),
                "{word} in {}",
                page.path.display()
            );
        }
    }
}

#[test]
fn every_reason_for_a_refusal_is_documented() {
    let refusals = project().join("host/gatewit-decision/src/refusal.rs");
    let refusals = fs::read_to_string(refusals).expect("it is text");
    let codes = refusals.split("=> \"").skip(1);
    let codes: Vec<_> = codes.filter_map(|rest| rest.split('"').next()).collect();
    assert!(codes.contains(&"already_used"), "{codes:?}");
    let page = Page::read("docs/api.md");
    let missing: Vec<_> = codes
        .into_iter()
        .filter(|code| !page.code().contains(code))
        .collect();
    assert_eq!(missing, [""; 0]);
}

/// The help text of a command.
fn help(program: &Path, command: &[&str]) -> String {
    let output = Command::new(program).args(command).arg("--help").output();
    let output = output.expect("the program runs");
    assert!(output.status.success(), "there is no command {command:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn commands_and_options_that_are_named_exist() {
    let data = TempDir::new().expect("there is room for a test's data");
    let program = PathBuf::from(Process::command(data.path()).get_program());
    let xtask = fs::read_to_string(project().join("xtask/src/main.rs")).expect("it is text");
    let mut checked = 0;
    for page in pages() {
        let commands = page.code().into_iter().flat_map(|line| line.split(" && "));
        for command in commands {
            let words = command.split('#').next().unwrap_or_default();
            let words: Vec<_> = words.split_whitespace().collect();
            let place = format!("{command} in {}", page.path.display());
            match words[..] {
                ["cargo", "xtask", name, ..] => {
                    assert!(xtask.contains(&format!("\n  {name} ")), "{place}");
                }
                ["gatewit" | "target/release/gatewit", name, ref options @ ..] => {
                    let mut help = help(&program, &[name]);
                    if name == "plugin" {
                        help = self::help(&program, &[name, options[0]]);
                    }
                    for option in options {
                        let option = option.trim_matches(['[', ']']);
                        let is_known = !option.starts_with("--") || help.contains(option);
                        assert!(is_known, "{option}: {place}");
                    }
                }
                _ => continue,
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "the documentation shows commands");
}
