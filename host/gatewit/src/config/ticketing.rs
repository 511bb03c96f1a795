//! Which sources exist, and which of them `/tickets/*` serves. `gatewit-api.md` §9.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gatewit_desk::Ticketing;
use gatewit_domain::attendees::AddonTypes;
use gatewit_domain::source::SourceName;
use serde_json::json;

use super::contract::{BACKENDS, ContractBackend, PRETIX, TITO};
use super::sources::{SourceEntry, SourcePlan};
use super::{ALL, Config, Environment};

const CHOICE: &str = "TICKETING_BACKEND";

#[cfg(test)]
mod tests;

/// The sources, and which of them are served.
pub struct TicketingPlan {
    pub sources: Vec<SourcePlan>,
    pub ticketing: Ticketing,
}

impl Config {
    /// Plans the sources; file names are relative to the folder. The error names the variable, or the key with its
    /// line.
    pub fn plan(&self, environment: &Environment, folder: &Path) -> Result<TicketingPlan, String> {
        let plan = self.plan_sources(environment, folder);
        plan.map_err(|problem| self.lines.locate(problem))
    }

    fn plan_sources(
        &self,
        environment: &Environment,
        folder: &Path,
    ) -> Result<TicketingPlan, String> {
        let choice = environment
            .get(CHOICE)
            .or(self.ticketing_backend.as_deref());
        let choice = choice.map(str::to_lowercase);
        let choice = choice.as_deref();
        let mut entries = self.sources.clone();
        for backend in BACKENDS {
            let name = SourceName::parse(backend.name)?;
            let is_declared = entries.contains_key(&name);
            if is_declared || self.means(&backend, choice, environment) {
                let entry = entries.entry(name).or_default();
                self.complete(&backend, entry, environment)?;
            }
        }
        let served = self.served(choice, &entries, environment)?;
        let mut sources = Vec::new();
        for (name, mut entry) in entries {
            let plugin = entry.plugin.get_or_insert_with(|| name.to_string());
            if plugin == TITO.name && entry.include_activities.is_none() {
                let included = self.include_activities.clone();
                entry.include_activities = Some(included.unwrap_or_else(included_by_default));
            }
            let hosts = self.plugins.get(plugin);
            let hosts = hosts.map_or(&[][..], |plugin| &plugin.allowed_hosts);
            sources.push(SourcePlan::of(name, entry, hosts, environment, folder)?);
        }
        let ticketing = Ticketing {
            sources: served,
            matching: self.name_matching,
            addons: self.addon_statistics.as_ref().map(AddonTypes::from),
        };
        Ok(TicketingPlan { sources, ticketing })
    }

    /// Whether the configuration implies the source of a contract backend without declaring it.
    fn means(
        &self,
        backend: &ContractBackend,
        choice: Option<&str>,
        environment: &Environment,
    ) -> bool {
        match choice {
            Some(ALL) => environment.get(backend.token).is_some(),
            Some(choice) => choice == backend.name,
            None => backend.name == TITO.name && self.means_tito(environment),
        }
    }

    /// Without an explicit choice, Tito, the contract's default, is implied if a key or variable of the contract is set
    /// and no source is declared.
    fn means_tito(&self, environment: &Environment) -> bool {
        let has_keys = self.include_activities.is_some()
            || self.organizer_speakers.is_some()
            || self.pretix_mapping.is_some();
        let is_mentioned = has_keys || PRETIX.is_mentioned(environment);
        TITO.is_mentioned(environment) || (is_mentioned && self.sources.is_empty())
    }

    /// Fills settings that a contract backend's source lacks from the keys and variables of the contract.
    fn complete(
        &self,
        backend: &ContractBackend,
        entry: &mut SourceEntry,
        environment: &Environment,
    ) -> Result<(), String> {
        let plugin = entry.plugin.as_deref().unwrap_or(backend.name);
        if plugin != backend.name {
            return Ok(());
        }
        let own = match backend.name {
            "pretix" => (
                "mapping",
                self.pretix_mapping.as_ref().map(|mapping| json!(mapping)),
            ),
            _ => (
                "organizer_speakers",
                self.organizer_speakers
                    .as_ref()
                    .map(|tickets| json!(tickets)),
            ),
        };
        if let (setting, Some(value)) = own {
            entry.settings.entry(setting).or_insert(value);
        }
        backend.fill(&mut entry.settings, environment)
    }

    fn served(
        &self,
        choice: Option<&str>,
        entries: &BTreeMap<SourceName, SourceEntry>,
        environment: &Environment,
    ) -> Result<Vec<SourceName>, String> {
        let choice = match choice {
            None if self.means_tito(environment) => TITO.name,
            None | Some(ALL) => return Ok(entries.keys().cloned().collect()),
            Some(choice) => choice,
        };
        let is_chosen = |name: &&SourceName| name.as_str().eq_ignore_ascii_case(choice);
        let chosen = entries.keys().find(is_chosen).cloned();
        let chosen = chosen.ok_or_else(|| {
            let of_contract = BACKENDS.iter().map(|backend| backend.name);
            let known: BTreeSet<_> = of_contract
                .chain(entries.keys().map(SourceName::as_str))
                .collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let place = match environment.get(CHOICE) {
                Some(_) => "the variable TICKETING_BACKEND",
                None => CHOICE,
            };
            format!(
                "{place}: unknown backend {choice:?}, expected one of {known}, or {ALL} of them"
            )
        });
        chosen.map(|chosen| vec![chosen])
    }
}

/// The Tito releases that make attendees by default.
fn included_by_default() -> Vec<String> {
    vec!["on_site".to_owned(), "online_access".to_owned()]
}
