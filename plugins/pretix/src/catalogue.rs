//! Categories and products as pretix lists them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use gatewit_sdk::{Id, TicketType, day_pass_days, is_day_pass};
use serde::Deserialize;

/// Everything on sale.
#[derive(Hash)]
pub struct Catalogue {
    pub categories: Vec<Category>,
    pub items: Vec<Item>,
}

/// A category of products.
#[derive(Deserialize, Hash)]
pub struct Category {
    pub id: Id,
    #[serde(flatten)]
    pub names: Names,
}

/// A product: pretix calls it an item.
#[derive(Deserialize, Hash)]
pub struct Item {
    pub id: Id,
    #[serde(flatten)]
    pub names: Names,
    pub category: Option<Id>,
    admission: Option<bool>,
    #[serde(flatten)]
    pub notice: Notice,
    #[serde(default)]
    variations: Vec<Variation>,
}

/// A variation of a product, such as a size.
#[derive(Deserialize, Hash)]
pub struct Variation {
    id: Id,
    value: Text,
    #[serde(flatten)]
    pub notice: Notice,
}

/// The text for staff at check-in.
#[derive(Deserialize, Hash)]
pub struct Notice {
    #[serde(default)]
    checkin_attention: bool,
    checkin_text: Option<String>,
}

/// The names of a category or a product.
#[derive(Deserialize, Hash)]
pub struct Names {
    name: Text,
    internal_name: Option<String>,
}

/// A text, in one language or in several.
#[derive(Deserialize, Hash)]
#[serde(untagged)]
pub enum Text {
    Plain(Option<String>),
    Languages(BTreeMap<String, Option<String>>),
}

impl Catalogue {
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id.0 == id)
    }

    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.id.0 == id)
    }

    pub fn ticket_types(&self) -> Vec<TicketType> {
        self.items.iter().map(Item::ticket_type).collect()
    }

    /// A digest that changes whenever tickets may have to be read again.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Item {
    pub fn variation(&self, id: &str) -> Option<&Variation> {
        self.variations
            .iter()
            .find(|variation| variation.id.0 == id)
    }

    fn ticket_type(&self) -> TicketType {
        let name = self.names.shown();
        TicketType {
            id: self.id.0.clone(),
            category: self.category.as_ref().map(|category| category.0.clone()),
            activities: activities(name),
            admits: self.admission.unwrap_or(true),
            days: self.days(),
            day_pass: self.names.all().any(is_day_pass),
            name: name.to_owned(),
        }
    }

    /// The days in its displayed name, or else in any other of its names.
    fn days(&self) -> Vec<String> {
        let shown = day_pass_days(self.names.shown());
        let mut others = self.names.all().map(day_pass_days);
        match shown.is_empty() {
            true => others.find(|days| !days.is_empty()).unwrap_or_default(),
            false => shown,
        }
    }
}

/// Tito's activities, derived from a product's name: clients of the attendee-validation contract read them.
fn activities(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let is_remote = name.contains("online") || name.contains("remote");
    let access = if is_remote { "remote_sale" } else { "on_site" };
    let mut activities = vec![access.to_owned(), "online_access".to_owned()];
    let days = day_pass_days(&name);
    let mut weekdays = days.iter().filter(|day| day.ends_with("day"));
    activities.extend(weekdays.next().map(|day| format!("seat-person-{day}")));
    activities
}

impl Variation {
    pub fn name(&self) -> &str {
        self.value.shown()
    }
}

impl Notice {
    /// The text for staff, if there is one.
    pub fn text(&self) -> Option<&str> {
        let text = self.checkin_text.as_deref().map(str::trim);
        let text = text.filter(|text| !text.is_empty());
        text.or(self.checkin_attention.then_some("special attention"))
    }
}

impl Names {
    pub fn shown(&self) -> &str {
        match (self.name.shown(), &self.internal_name) {
            ("", Some(internal)) => internal,
            (name, _) => name,
        }
    }

    /// Whether it has this name, in any language and in any case.
    pub fn contain(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        self.all().any(|own| own.trim().to_lowercase() == name)
    }

    /// Its names in all languages, and its internal name.
    fn all(&self) -> impl Iterator<Item = &str> {
        self.name.all().chain(self.internal_name.as_deref())
    }
}

impl Text {
    /// The English name if there is one: reports and rules about names use it.
    fn shown(&self) -> &str {
        let languages = match self {
            Text::Plain(text) => return text.as_deref().unwrap_or_default(),
            Text::Languages(languages) => languages,
        };
        let english = languages.get("en").and_then(Option::as_deref);
        let english = english.filter(|text| !text.is_empty());
        let mut others = self.all();
        english.or_else(|| others.next()).unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let (plain, languages) = match self {
            Text::Plain(text) => (text.as_deref(), None),
            Text::Languages(languages) => (None, Some(languages.values())),
        };
        let languages = languages.into_iter().flatten().filter_map(Option::as_deref);
        plain
            .into_iter()
            .chain(languages)
            .filter(|text| !text.is_empty())
    }
}
