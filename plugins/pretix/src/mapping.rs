//! Attributes that an organizer assigns to categories, products and single tickets. `fact-check-in.md` §3.1.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::catalogue::{Catalogue, Names};

/// Attributes and whether they hold, such as `is_speaker: true`.
type Attributes = BTreeMap<String, bool>;

/// `pretix_mapping` of `event_config.yml`. What comes later overrides: category, product, ticket; of a category and of a
/// product its name, then its id.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// What categories and products give.
    #[serde(deserialize_with = "or_default")]
    categories: Categories,
    /// Tickets, such as `ABCDE-1`, of organizers who give a talk.
    #[serde(deserialize_with = "or_default")]
    organizer_and_speaker: Vec<String>,
    /// Tickets of organizers whose employer is a sponsor.
    #[serde(deserialize_with = "or_default")]
    organizer_and_sponsor: Vec<String>,
    /// Tickets of speakers whose employer is a sponsor.
    #[serde(deserialize_with = "or_default")]
    speaker_and_sponsor: Vec<String>,
    /// Tickets of keynote speakers.
    #[serde(deserialize_with = "or_default")]
    speaker_add_keynote: Vec<String>,
    /// Tickets of speakers that are not of a speaker's product.
    #[serde(deserialize_with = "or_default")]
    add_speaker: Vec<String>,
    /// Read for the sake of configurations that have it, and without effect, as ever.
    #[schemars(skip)]
    access_patterns: IgnoredAny,
    /// The same.
    #[schemars(skip)]
    attendee_patterns: IgnoredAny,
}

/// Attributes by category and by product.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Categories {
    /// By the id of a category, such as `227668`.
    #[serde(deserialize_with = "or_default")]
    by_id: BTreeMap<String, Attributes>,
    /// By the name of a category or of a product, in any of its languages and in any case.
    #[serde(deserialize_with = "or_default")]
    by_name: BTreeMap<String, Attributes>,
    /// By the id of a product, such as `819314`.
    #[serde(deserialize_with = "or_default")]
    by_ticket_id: BTreeMap<String, Attributes>,
}

/// Treats a key without a value as missing.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Mapping {
    /// Checks the ids; the error names the invalid one.
    pub fn check(&self) -> Result<(), String> {
        let Categories {
            by_id,
            by_ticket_id,
            ..
        } = &self.categories;
        for (place, ids) in [("by_id", by_id), ("by_ticket_id", by_ticket_id)] {
            let is_id = |id: &str| !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit());
            if let Some(id) = ids.keys().find(|id| !is_id(id)) {
                return Err(format!(
                    "mapping.categories.{place}: {id:?} is no id, expected a whole number"
                ));
            }
        }
        Ok(())
    }

    /// The attributes of a ticket of this product.
    pub fn attributes(
        &self,
        catalogue: &Catalogue,
        product: &str,
        reference: &str,
    ) -> Vec<(String, bool)> {
        let Categories {
            by_id,
            by_name,
            by_ticket_id,
        } = &self.categories;
        let item = catalogue.item(product);
        let category = item.and_then(|item| item.category.as_ref());
        let known = category.and_then(|id| catalogue.category(&id.0));
        let of_category = named(by_name, known.map(|category| &category.names))
            .chain(category.and_then(|id| by_id.get(&id.0)));
        let of_product =
            named(by_name, item.map(|item| &item.names)).chain(by_ticket_id.get(product));
        let mut held = Attributes::new();
        for attributes in of_category.chain(of_product) {
            held.extend(attributes.clone());
        }
        let roles = self.roles(reference);
        held.extend(roles.map(|role| (role.to_owned(), true)));
        held.into_iter().collect()
    }

    fn roles(&self, reference: &str) -> impl Iterator<Item = &'static str> {
        let lists: [(&[String], &[&str]); 5] = [
            (&self.organizer_and_speaker, &["is_speaker", "is_organizer"]),
            (&self.organizer_and_sponsor, &["is_sponsor", "is_organizer"]),
            (&self.speaker_and_sponsor, &["is_speaker", "is_sponsor"]),
            (&self.speaker_add_keynote, &["is_speaker", "is_keynote"]),
            (&self.add_speaker, &["is_speaker"]),
        ];
        let reference = reference.to_uppercase();
        let of_ticket = lists
            .into_iter()
            .filter(move |(tickets, _)| tickets.contains(&reference));
        of_ticket.flat_map(|(_, roles)| roles.iter().copied())
    }
}

fn named<'a>(
    by_name: &'a BTreeMap<String, Attributes>,
    names: Option<&'a Names>,
) -> impl Iterator<Item = &'a Attributes> {
    let is_one = move |name: &String| names.is_some_and(|names| names.contain(name));
    let named = by_name.iter().filter(move |(name, _)| is_one(name));
    named.map(|(_, attributes)| attributes)
}
