//! What the operator's files said when they were last applied, and how they differ from it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The parts of a configuration by their places in it, such as `sources.crew`, each with its fields. It holds no secrets:
/// what may be one stands there as a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppliedConfig(pub BTreeMap<String, Map<String, Value>>);

/// How a part of the configuration differs from what was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The place of the part.
    pub part: String,
    /// What differs.
    pub kind: ConfigChangeKind,
}

/// What differs in a part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChangeKind {
    /// It is new.
    Added,
    /// It is not there any more.
    Removed,
    /// These fields differ.
    Changed(Vec<String>),
}

impl AppliedConfig {
    /// Lists how another configuration differs from this one, by part.
    pub fn changes_to(&self, after: &Self) -> Vec<ConfigChange> {
        let parts: BTreeSet<_> = self.0.keys().chain(after.0.keys()).collect();
        let changes = parts.into_iter().filter_map(|part| {
            let kind = match (self.0.get(part), after.0.get(part)) {
                (Some(before), Some(after)) => ConfigChangeKind::Changed(differing(before, after)?),
                (None, _) => ConfigChangeKind::Added,
                (_, None) => ConfigChangeKind::Removed,
            };
            let part = part.clone();
            Some(ConfigChange { part, kind })
        });
        changes.collect()
    }
}

/// Returns the names of the fields that differ; None if there are none.
fn differing(before: &Map<String, Value>, after: &Map<String, Value>) -> Option<Vec<String>> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let names = names.into_iter();
    let differing = names.filter(|name| before.get(*name) != after.get(*name));
    let differing: Vec<_> = differing.cloned().collect();
    (!differing.is_empty()).then_some(differing)
}

impl fmt::Display for ConfigChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = &self.part;
        match &self.kind {
            ConfigChangeKind::Added => write!(f, "{part} is added"),
            ConfigChangeKind::Removed => write!(f, "{part} is removed"),
            ConfigChangeKind::Changed(fields) => write!(f, "{part}: {} changed", fields.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(parts: Value) -> AppliedConfig {
        serde_json::from_value(parts).unwrap()
    }

    #[test]
    fn each_part_that_differs_is_named_with_its_fields() {
        let before = config(json!({
            "events.a": {"name": "A", "staff": []},
            "events.b": {"name": "B"},
            "operators": {"subs": ["x"]},
        }));
        let after = config(json!({
            "events.a": {"name": "Z", "days": 1},
            "operators": {"subs": ["x"]},
            "sources.c": {},
        }));
        let changes = before.changes_to(&after);
        let told: Vec<_> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "events.a: days, name, staff changed",
                "events.b is removed",
                "sources.c is added"
            ]
        );
        assert_eq!(after.changes_to(&after), []);
    }
}
