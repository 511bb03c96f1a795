//! The parts of a plan, as they are kept once they are applied: to be compared and named, not to be read again.

use std::collections::HashSet;
use std::fmt::Debug;

use gatewit_desk::{AppliedConfig, DEFAULT_ORGANIZATION, Ticketing};
use gatewit_domain::event::EventChange;
use gatewit_domain::names::NameMatching;
use gatewit_engine::{ErrorBudget, PluginLimits};
use serde_json::{Map, Value, json};

use super::{Plan, slug_of};
use crate::config::digest_of;

type Part = (String, Map<String, Value>);

/// Returns the place of a declared event, such as `events.summit`.
pub fn event_part(event: &EventChange) -> String {
    let slug = slug_of(event);
    match event.org_id.as_deref() {
        None | Some(DEFAULT_ORGANIZATION) => format!("events.{slug}"),
        Some(org_id) => format!("events.{org_id}/{slug}"),
    }
}

impl Plan {
    /// Returns its parts, without secrets.
    pub fn applied_config(&self) -> AppliedConfig {
        let events = self.events.iter();
        let events = events.map(|event| (event_part(event), event.fields()));
        let sources = self.sources.iter();
        let sources = sources.map(|source| (format!("sources.{}", source.name), source.fields()));
        let plugins = self.plugin_policy.limits_of.iter();
        let plugins = plugins.filter(|(_, limits)| **limits != PluginLimits::default());
        let plugins = plugins.map(|(name, limits)| digested(format!("plugins.{name}"), limits));
        let organizations = self.access.organizations.iter();
        let organizations =
            organizations.map(|(id, members)| identities(format!("organizations.{id}"), members));
        let parts = events.chain(sources).chain(plugins).chain(organizations);
        AppliedConfig(parts.chain(self.single_parts()).collect())
    }

    /// Returns the parts that there are once, unless they are as in an empty file.
    fn single_parts(&self) -> impl Iterator<Item = Part> {
        let Ticketing {
            sources,
            matching,
            addons,
        } = &self.ticketing;
        let operators = &self.access.operators;
        let serves_all = self.sources.iter().map(|source| &source.name).eq(sources);
        let has_matching = *matching != NameMatching::default();
        let budget = self.plugin_policy.budget;
        let has_budget = budget != ErrorBudget::default();
        let parts = [
            has_budget.then(|| digested("swap_budget".to_owned(), &budget)),
            (!operators.is_empty()).then(|| identities("operators".to_owned(), operators)),
            has_matching.then(|| digested("name_matching".to_owned(), matching)),
            (addons.as_ref()).map(|addons| digested("addon_statistics".to_owned(), addons)),
            (!serves_all).then(|| digested("TICKETING_BACKEND".to_owned(), sources)),
        ];
        parts.into_iter().flatten()
    }
}

fn identities(place: String, subs: &HashSet<String>) -> Part {
    let mut subs: Vec<_> = subs.iter().collect();
    subs.sort();
    (
        place,
        Map::from_iter([("identities".to_owned(), json!(subs))]),
    )
}

fn digested(place: String, value: &impl Debug) -> Part {
    (
        place,
        Map::from_iter([("values".to_owned(), digest_of(value))]),
    )
}
