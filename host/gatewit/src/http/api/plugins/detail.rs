//! One plugin with what it has cost, as JSON.

use std::collections::BTreeMap;

use gatewit_domain::plugin::PluginUse;
use serde::Serialize;
use utoipa::ToSchema;

use super::row::PluginRow;

/// One plugin, and what it has cost since the start.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginDetail {
    #[serde(flatten)]
    row: PluginRow,
    /// Calls of its code, failed ones included. Answers that were kept are none.
    calls: u64,
    /// Calls that gave no answer, by kind: `trap`, `timeout`, `memory`, `nonsense`, `busy`, `not_loaded`, `answered` (with an
    /// error), `other`.
    failures: BTreeMap<&'static str, u64>,
    /// The size of its compiled code.
    code_bytes: Option<usize>,
    /// The most memory that one instance of its present component has had.
    memory_peak_bytes: Option<usize>,
    /// For operators: the end of what the last run of a backend wrote to its output, 4 KiB at most.
    output: Option<String>,
    /// For operators: the events and ticket sources that use it.
    #[schema(example = json!(["event \"summit\""]))]
    used_by: Option<Vec<String>>,
}

impl PluginDetail {
    pub fn new(row: PluginRow, used: PluginUse, used_by: Option<Vec<String>>) -> Self {
        let failures = used.failures.into_iter();
        Self {
            row,
            calls: used.calls,
            failures: failures.map(|(kind, count)| (kind.name(), count)).collect(),
            code_bytes: used.code_bytes,
            memory_peak_bytes: used.memory_peak_bytes,
            output: used.output.map(|words| words.verbatim().to_owned()),
            used_by,
        }
    }
}
