//! `event_config.yml`: plugins' limits and declared events, snake_case, checked key by key.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatewit_engine::PluginLimits;
use serde::Deserialize;

mod events;
mod identities;
mod misspelt;
pub use events::EventEntry;
pub use identities::OrganizationEntry;

/// Read when no other file is named, if it is there.
const DEFAULT_PATH: &str = "event_config.yml";

/// The operator's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Limits of plugins, by name.
    pub plugins: BTreeMap<String, PluginEntry>,
    /// Events to make or bring up to date at start, by slug.
    pub events: Vec<EventEntry>,
    /// Identities (`sub`) that may do everything.
    pub operators: Vec<String>,
    /// Who may make events in an organization, by its id.
    pub organizations: BTreeMap<String, OrganizationEntry>,
}

/// What one plugin may take; each has a default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginEntry {
    /// Default: 64.
    memory_mib: Option<u32>,
    /// How long one call may take. Default: 200.
    timeout_ms: Option<u32>,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: {problem}", path.display())]
    Invalid { path: PathBuf, problem: String },
}

impl Config {
    /// Reads a file; without one, the default file or, where there is none, the defaults.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let is_chosen = path.is_some();
        let path = path.unwrap_or(Path::new(DEFAULT_PATH));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|problem| ConfigError::Invalid {
                path: path.to_owned(),
                problem,
            }),
            Err(source) if !is_chosen && source.kind() == io::ErrorKind::NotFound => {
                tracing::info!("no {DEFAULT_PATH} here: starting with the defaults");
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let parsed: Result<Option<Self>, _> = serde_yaml::from_str(text);
        let config = parsed.map_err(|error| misspelt::explain(&placed(&error)))?;
        let config = config.unwrap_or_default();
        let mut declared = HashSet::new();
        for event in &config.events {
            if !declared.insert((event.org_id(), &event.slug)) {
                return Err(format!("events: the slug \"{}\" stands twice", event.slug));
            }
        }
        identities::check(&config.operators, &config.organizations)?;
        for (name, plugin) in &config.plugins {
            if plugin.memory_mib == Some(0) || plugin.timeout_ms == Some(0) {
                return Err(format!("plugins.{name}: a limit must be at least 1"));
            }
        }
        Ok(config)
    }

    /// The limits that differ from the defaults, by plugin name.
    pub fn plugin_limits(&self) -> BTreeMap<String, PluginLimits> {
        let limits = |entry: &PluginEntry| {
            let default = PluginLimits::default();
            PluginLimits {
                memory_bytes: entry
                    .memory_mib
                    .map_or(default.memory_bytes, |mib| mib as usize * 1024 * 1024),
                timeout: entry
                    .timeout_ms
                    .map_or(default.timeout, |ms| Duration::from_millis(ms.into())),
            }
        };
        let entries = self.plugins.iter();
        entries
            .map(|(name, entry)| (name.clone(), limits(entry)))
            .collect()
    }
}

/// Says where an error is also if that is the very first character, which serde_yaml leaves out.
fn placed(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    match error.location() {
        Some(place) if !message.contains(" at line ") => {
            format!(
                "{message} at line {} column {}",
                place.line(),
                place.column()
            )
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &[&str]) {
        let problem = Config::parse(text).unwrap_err();
        for words in words {
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line_and_the_nearest_known_one() {
        check(
            "evnets: []\n",
            &["evnets", "line 1", "did you mean `events`?"],
        );
        let event = "events:\n  - slug: demo\n    name: Demo\n    tiket_types: []\n    days: []\n";
        check(
            event,
            &["tiket_types", "line 4", "did you mean `ticket_types`?"],
        );
        check(
            "plugins:\n  x:\n    memory_mb: 3\n",
            &["line 3", "did you mean `memory_mib`?"],
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_its_line() {
        check("events: 3\n", &["events", "line 1"]);
        check(
            "plugins:\n  x:\n    timeout_ms: soon\n",
            &["plugins.x.timeout_ms", "line 3"],
        );
        check(
            "plugins:\n  x:\n    timeout_ms: 0\n",
            &["plugins.x", "at least 1"],
        );
        check("events: [\n", &["line"]);
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let config = Config::parse("# nothing\n").unwrap();
        assert!(config.events.is_empty() && config.plugins.is_empty());
    }
}
