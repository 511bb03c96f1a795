//! `event_config.yml`: plugin limits, declared events and ticket sources, in snake_case, checked key by key. Keys of
//! the attendee-validation contract's service keep their names and meaning.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;

use gatewit_desk::Access;
use gatewit_domain::names::NameMatching;
use gatewit_domain::source::SourceName;
use gatewit_engine::PluginPolicy;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

mod checked;
mod contract;
mod environment;
mod error;
mod events;
mod files;
mod identities;
mod lines;
mod misspelt;
mod plugins;
mod scalars;
mod snake_case;
mod sources;
mod ticketing;

pub use environment::Environment;
pub use error::ConfigError;
pub use events::EventEntry;
pub use identities::OrganizationEntry;
pub use plugins::{PluginEntry, SwapBudgetEntry};
pub use sources::{SourcePlan, digest_of};
pub use ticketing::TicketingPlan;

use contract::{AddonEntry, PretixMapping};
use lines::Lines;
use sources::SourceEntry;

/// The file that is read when no other is named, if it exists.
const DEFAULT_PATH: &str = "event_config.yml";
/// Stands for all sources together, in place of a source's name.
const ALL: &str = "all";

/// The operator's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Limits of plugins, by name.
    pub plugins: BTreeMap<String, PluginEntry>,
    /// When a plugin that was swapped is rolled back.
    pub swap_budget: SwapBudgetEntry,
    /// Events to create or update at start, by slug.
    pub events: Vec<EventEntry>,
    /// Identities (`sub`) that may do everything.
    pub operators: Vec<String>,
    /// Who may create events in an organization, by its id.
    pub organizations: BTreeMap<String, OrganizationEntry>,
    /// Ticket sources, by the operator's name for each.
    pub sources: BTreeMap<SourceName, SourceEntry>,
    /// The source that `/tickets/*` serves, or `all`; the variable of this name takes precedence.
    #[serde(rename = "TICKETING_BACKEND")]
    ticketing_backend: Option<String>,
    name_matching: NameMatching,
    /// A Tito ticket's release needs one of these activities.
    include_activities: Option<Vec<String>>,
    organizer_speakers: Option<Vec<String>>,
    pretix_mapping: Option<PretixMapping>,
    addon_statistics: Option<AddonEntry>,
    #[serde(rename = "MODE")]
    mode: Option<IgnoredAny>,
    #[serde(rename = "PROJECT_NAME")]
    project_name: Option<IgnoredAny>,
    #[serde(rename = "LOG")]
    log: Option<IgnoredAny>,
    #[serde(rename = "APP")]
    app: Option<IgnoredAny>,
    exclude_ticket_patterns: Option<IgnoredAny>,
    /// Finds the keys of the file.
    #[serde(skip)]
    lines: Lines,
}

/// The folder of a configuration: file names in it are relative to this folder, and `.env` lies there.
pub fn folder_of(config: Option<&Path>) -> &Path {
    config.and_then(Path::parent).unwrap_or(Path::new(""))
}

impl Config {
    /// Returns the file that is read.
    pub fn path(path: Option<&Path>) -> &Path {
        path.unwrap_or(Path::new(DEFAULT_PATH))
    }

    /// Reads a file. Without one, reads the default file or, if that does not exist, uses the defaults.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let is_chosen = path.is_some();
        let path = Self::path(path);
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
        let mut config = config.unwrap_or_default();
        config.lines = Lines::of(text);
        config.read_as_written(text)?;
        config
            .check()
            .map_err(|problem| config.lines.locate(problem))?;
        Ok(config)
    }

    /// Reads texts of events and the settings of sources, with each scalar as it is written. The parser alone takes
    /// `Null` for nothing, and only a plugin knows the types of its settings.
    fn read_as_written(&mut self, text: &str) -> Result<(), String> {
        if self.events.is_empty() && self.sources.is_empty() {
            return Ok(());
        }
        let written = scalars::read(text).map_err(|error| placed(&error))?;
        for (index, event) in self.events.iter_mut().enumerate() {
            event.read_as_written(&written["events"][index]);
        }
        for (name, entry) in &mut self.sources {
            if let Value::Object(settings) = &written["sources"][name.as_str()]["settings"] {
                entry.settings.clone_from(settings);
            }
        }
        Ok(())
    }

    /// Checks what parsing does not, such as values that are wrong only together.
    fn check(&self) -> Result<(), String> {
        let mut declared = HashSet::new();
        for event in &self.events {
            if !declared.insert((event.org_id(), event.slug())) {
                return Err(format!(
                    "events: the slug \"{}\" stands twice",
                    event.slug()
                ));
            }
        }
        identities::check(&self.operators, &self.organizations)?;
        for (name, plugin) in &self.plugins {
            if plugin.has_zero() {
                return Err(format!("plugins.{name}: a limit must be at least 1"));
            }
        }
        let NameMatching {
            exact_match_threshold,
            close_match_threshold,
            ..
        } = self.name_matching;
        if close_match_threshold > exact_match_threshold {
            let words = "is above exact_match_threshold, which no name could be close to";
            return Err(format!("name_matching.close_match_threshold: {words}"));
        }
        if self.sources.keys().any(|name| name.as_str() == ALL) {
            return Err(format!(
                "sources.{ALL}: {ALL:?} means all sources, and can be the name of none"
            ));
        }
        Ok(())
    }

    /// Collects all permissions; `operators` are further identities that may do everything, separated by commas.
    pub fn access(&self, operators: &str) -> Access {
        identities::access(operators, &self.operators, &self.organizations)
    }

    /// Lists keys of the file that have no effect.
    pub fn without_effect(&self) -> Vec<String> {
        let keys = [
            ("MODE", &self.mode),
            ("PROJECT_NAME", &self.project_name),
            ("LOG", &self.log),
            ("APP", &self.app),
            ("exclude_ticket_patterns", &self.exclude_ticket_patterns),
        ];
        let keys = keys.into_iter().filter(|(_, value)| value.is_some());
        let mut names: Vec<_> = keys.map(|(name, _)| name.to_owned()).collect();
        names.extend(
            self.pretix_mapping
                .iter()
                .flat_map(PretixMapping::without_effect),
        );
        names.sort();
        names.dedup();
        names
    }

    /// Returns the limits of each plugin that is named, and when one is rolled back.
    pub fn plugin_policy(&self) -> PluginPolicy {
        let entries = self.plugins.iter();
        let limits_of = entries.map(|(name, entry)| (name.clone(), entry.limits()));
        PluginPolicy {
            limits_of: limits_of.collect(),
            budget: self.swap_budget.into(),
            ..PluginPolicy::default()
        }
    }
}

/// Adds the position of an error at the very first character, which serde_yaml leaves out.
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
    use gatewit_domain::event::EventChange;

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
        check(
            "events:\n  - slug: demo\n    check_in_strategy: {any: [ALL_DAY]}\n",
            &["events[0].check_in_strategy: invalid type: map", "line 3"],
        );
    }

    #[test]
    fn a_name_of_an_event_is_the_text_that_stands_there() {
        for (written, name) in [
            ("Null", Some("Null")),
            ("1e3", Some("1e3")),
            ("2027", Some("2027")),
            ("'null'", Some("null")),
            ("\"~\"", Some("~")),
            ("''", Some("")),
            ("!text Demo", Some("Demo")),
            ("null", None),
            ("~", None),
            ("", None),
        ] {
            let text = format!(
                "events:\n  - slug: demo\n    name: {written}\n    timezone: ~\n    ticket_types: [{{id: a, name: NULL, days: [2026-11-29, 1]}}]\n    scan_points: [{{id: a, name: ~, zone: ''}}]\n    days: [{{day_name: NO, start_date_time: a, end_date_time: b}}, {{day_name: null, start_date_time: a, end_date_time: b}}]\n"
            );
            let event = Config::parse(&text).unwrap().events.pop().unwrap();
            let event = EventChange::from(event);
            assert_eq!(
                (event.name.as_deref(), event.timezone),
                (name, None),
                "{written}"
            );
            let kind = event.ticket_types.unwrap().pop().unwrap();
            assert_eq!(kind.name, "NULL");
            assert_eq!(kind.days.unwrap(), ["2026-11-29", "1"]);
            let point = event.scan_points.unwrap().pop().unwrap();
            assert_eq!(
                (point.name.as_str(), point.zone.as_deref()),
                ("a", Some(""))
            );
            let days = event.days.unwrap().into_iter().map(|day| day.day_name);
            assert_eq!(days.collect::<Vec<_>>(), [Some("NO".to_owned()), None]);
        }
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let config = Config::parse("# nothing\n").unwrap();
        assert!(config.events.is_empty() && config.plugins.is_empty());
    }

    #[test]
    fn limits_and_the_budget_of_swaps_are_read() {
        let text = "plugins:\n  x: {answer_kib: 2, handles: 7}\nswap_budget: {failed_runs: 2, within_s: 30}\n";
        let policy = Config::parse(text).unwrap().plugin_policy();
        let default = PluginPolicy::default();
        let limits = policy.limits_of["x"];
        assert_eq!((limits.guest.answer_bytes, limits.guest.handles), (2048, 7));
        assert_eq!(limits.timeout, default.limits.timeout);
        let (budget, default) = (policy.budget, default.budget);
        assert_eq!(
            (budget.runs, budget.within),
            (2, std::time::Duration::from_secs(30))
        );
        assert_eq!(
            (budget.questions, budget.percent),
            (default.questions, default.percent)
        );
        check(
            "plugins:\n  x: {handles: 0}\n",
            &["plugins.x: a limit must be at least 1"],
        );
        check("swap_budget: {failed_runs: 0}\n", &["swap_budget"]);
    }
}
