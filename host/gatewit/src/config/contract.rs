//! The keys of `event_config.yml` and the variables that the attendee-validation contract's service has.
//! `fact-check-in.md` §4.
//!
//! They describe at most one source for each of the two backends; it is named after the backend.

use std::collections::BTreeMap;
use std::fmt;

use gatewit_domain::attendees::AddonTypes;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::checked::{Attributes, NumericId};
use super::environment::Environment;

/// A backend of the contract; its plugin has the same name.
#[derive(Clone, Copy, Debug)]
pub struct ContractBackend {
    pub name: &'static str,
    pub token: &'static str,
    pub base_url: &'static str,
    /// The base URL of the hosted ticketing system, used by default.
    pub hosted: &'static str,
    /// Settings, by the variables that give them.
    slugs: [(&'static str, &'static str); 2],
}

pub const TITO: ContractBackend = ContractBackend {
    name: "tito",
    token: "TITO_TOKEN",
    base_url: "TITO_BASE_URL",
    hosted: "https://api.tito.io/v3",
    slugs: [("account", "ACCOUNT_SLUG"), ("event", "EVENT_SLUG")],
};

pub const PRETIX: ContractBackend = ContractBackend {
    name: "pretix",
    token: "PRETIX_TOKEN",
    base_url: "PRETIX_BASE_URL",
    hosted: "https://pretix.eu/api/v1",
    slugs: [
        ("organizer", "PRETIX_ORGANIZER_SLUG"),
        ("event", "PRETIX_EVENT_SLUG"),
    ],
};

pub const BACKENDS: [ContractBackend; 2] = [TITO, PRETIX];

impl ContractBackend {
    /// Fills settings that a source of this backend lacks from the variables.
    pub fn fill(
        &self,
        settings: &mut Map<String, Value>,
        environment: &Environment,
    ) -> Result<(), String> {
        if !settings.contains_key("token") {
            if environment.get(self.token).is_none() {
                return Err(missing(self.token, self.name));
            }
            settings.insert(
                "token".to_owned(),
                format!("secret://{}", self.token).into(),
            );
        }
        for (setting, variable) in self.slugs {
            if settings.contains_key(setting) {
                continue;
            }
            let slug = environment.get(variable);
            let slug = slug.ok_or_else(|| missing(variable, self.name))?;
            settings.insert(setting.to_owned(), slug.into());
        }
        Ok(())
    }

    /// Whether any of its variables is set.
    pub fn is_mentioned(&self, environment: &Environment) -> bool {
        let variables = self.slugs.map(|(_, variable)| variable);
        let mut variables = variables.into_iter().chain([self.token]);
        variables.any(|variable| environment.get(variable).is_some())
    }
}

/// The error for a source that lacks a variable.
pub fn missing(variable: &str, source: &str) -> String {
    format!(
        "{variable} is not set, and ticket source \"{source}\" needs it: set it in the environment, or in .env beside the configuration"
    )
}

/// `pretix_mapping`: which tickets mark a speaker, a sponsor, an attendee on site.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PretixMapping {
    categories: Option<Categories>,
    organizer_and_speaker: Option<Vec<String>>,
    organizer_and_sponsor: Option<Vec<String>>,
    speaker_and_sponsor: Option<Vec<String>>,
    speaker_add_keynote: Option<Vec<String>>,
    add_speaker: Option<Vec<String>>,
    #[serde(skip_serializing)]
    access_patterns: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    attendee_patterns: Option<IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Categories {
    by_id: Option<BTreeMap<NumericId, Attributes>>,
    by_name: Option<BTreeMap<String, Attributes>>,
    by_ticket_id: Option<BTreeMap<NumericId, Attributes>>,
}

impl PretixMapping {
    /// Lists keys that have no effect.
    pub fn without_effect(&self) -> Vec<String> {
        let patterns = [
            ("access_patterns", &self.access_patterns),
            ("attendee_patterns", &self.attendee_patterns),
        ];
        let patterns = patterns.into_iter().filter(|(_, value)| value.is_some());
        let patterns = patterns.map(|(name, _)| format!("pretix_mapping.{name}"));
        let Some(categories) = &self.categories else {
            return patterns.collect();
        };
        let by_name = categories.by_name.iter().flat_map(BTreeMap::values);
        let by_id = [&categories.by_id, &categories.by_ticket_id];
        let by_id = by_id.into_iter().flatten().flat_map(BTreeMap::values);
        let odd = by_name.chain(by_id).flat_map(|attributes| &attributes.odd);
        let odd = odd.map(|name| format!("the attribute {name} of pretix_mapping.categories"));
        patterns.chain(odd).collect()
    }
}

/// `addon_statistics`, in either spelling of its key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddonEntry {
    onsite_category_id: Ids,
    onsite_category_ids: Ids,
    tshirt_item_id: Ids,
}

impl From<&AddonEntry> for AddonTypes {
    fn from(entry: &AddonEntry) -> Self {
        let ids = |ids: &Ids| ids.0.clone();
        Self {
            onsite_categories: [
                ids(&entry.onsite_category_ids),
                ids(&entry.onsite_category_id),
            ]
            .concat(),
            shirt: ids(&entry.tshirt_item_id).pop().unwrap_or_default(),
        }
    }
}

/// One id or a list of ids; 0 stands for no id.
#[derive(Clone, Debug, Default)]
struct Ids(Vec<String>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdsVisitor)
    }
}

struct IdsVisitor;

impl IdsVisitor {
    fn one(id: String) -> Ids {
        Ids((id != "0").then_some(id).into_iter().collect())
    }
}

impl<'de> Visitor<'de> for IdsVisitor {
    type Value = Ids;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id or a list of ids")
    }

    fn visit_unit<E>(self) -> Result<Ids, E> {
        Ok(Ids::default())
    }

    fn visit_u64<E>(self, id: u64) -> Result<Ids, E> {
        Ok(Self::one(id.to_string()))
    }

    fn visit_str<E>(self, id: &str) -> Result<Ids, E> {
        Ok(Self::one(id.trim().to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ids, A::Error> {
        let mut ids = Vec::new();
        while let Some(NumericId(id)) = list.next_element()? {
            ids.extend(Self::one(id).0);
        }
        Ok(Ids(ids))
    }
}
