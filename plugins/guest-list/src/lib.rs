//! `guest-list`: people from a CSV or YAML file, for those who have no ticketing system.
//!
//! The host hands over the file's text and asks again when the file changes. A CSV file begins with a line of column
//! names and may be separated by commas, semicolons or tabs; a YAML file is a list of maps with the same names as keys.
//! Lines that begin with `#` are comments.
//!
//! | column | meaning |
//! |---|---|
//! | `reference` | what the ticket is called for ever, unique: `ABCD-1`. If it is missing, the order and a number |
//! | `order` | what it belongs to: `ABCD`. If it is missing, the reference up to its number. One of both must be there |
//! | `name` | who will come |
//! | `email` | that person's own e-mail address |
//! | `type` | the id of the ticket's type, `guest` if it is missing |
//! | `code` | what a scanner may read, unique; several with spaces between. The reference if it is missing |
//! | `state` | `valid` (if it is missing), `pending`, `canceled` or `blocked` |
//! | `variation` | the variation of the type |
//! | `parent` | the reference of the ticket this one is an add-on of |
//! | `valid_from`, `valid_until` | times such as `2025-12-15T09:00:00+03:00` |
//! | `is_speaker` and the other eight, `attributes.NAME` | attributes: `true` or `false`, `yes` or `no`, `x`, `1` or `0` |
//! | `details.NAME` | a text for the staff at the door |
//!
//! In YAML, `attributes` and `details` may be maps, and `code` a list. An error names the line and the column, never
//! what stands there. References made of an order and a number go by the order of the lines, so whoever joins an order
//! later belongs below the others.

mod columns;
mod people;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use gatewit_sdk::{
    Backend, Continuation, Fault, Http, Page, Ticket, TicketType, cursor, is_day_pass,
};
use schemars::JsonSchema;
use serde::Deserialize;

use people::People;

/// How many people are handed over at once.
const PAGE_SIZE: usize = 1000;

/// A list of people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GuestList {
    /// The list, CSV or YAML: `file://people.csv`.
    #[schemars(with = "String")]
    people: People,
    /// What is to be known of the types that stand in the list, by id. One that is not here is good for all days.
    #[serde(default)]
    types: BTreeMap<String, Kind>,
}

/// A type of tickets.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Kind {
    /// Its name; its id if there is none.
    name: Option<String>,
    /// The category it belongs to.
    category: Option<String>,
    /// What it gives access to.
    activities: Vec<String>,
    /// Whether it lets anyone in.
    admits: bool,
    /// The days it is good for: names of days, dates or weekdays. None: all days.
    days: Vec<String>,
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            name: None,
            category: None,
            activities: vec!["on_site".to_owned()],
            admits: true,
            days: Vec::new(),
        }
    }
}

impl Backend for GuestList {
    fn ticket_types(&mut self, _: &Http) -> Result<Vec<TicketType>, Fault> {
        let listed = self.people.0.iter().map(|ticket| ticket.type_id.clone());
        let mut ids: BTreeSet<_> = listed.collect();
        ids.extend(self.types.keys().cloned());
        Ok(ids.into_iter().map(|id| self.ticket_type(id)).collect())
    }

    fn tickets(&mut self, _: &Http, cursor: Option<&str>) -> Result<Page, Fault> {
        let from: usize = cursor.map(cursor::read).transpose()?.unwrap_or_default();
        let rest = self.people.0.get(from..);
        let rest = rest.ok_or_else(|| Fault::StartOver("the list is shorter now".to_owned()))?;
        let tickets: Vec<_> = rest.iter().take(PAGE_SIZE).cloned().collect();
        Ok(Page {
            next: match rest.len() > PAGE_SIZE {
                true => Continuation::More(cursor::write(&(from + PAGE_SIZE))),
                false => Continuation::Done(None),
            },
            tickets,
            gone: Vec::new(),
            whole_orders: Vec::new(),
            total: None,
        })
    }

    fn find(&mut self, _: &Http, text: &str) -> Result<Vec<Ticket>, Fault> {
        let people = self.people.0.iter();
        let found = people.filter(|ticket| ticket.is_called(text));
        Ok(found.cloned().collect())
    }
}

impl GuestList {
    fn ticket_type(&self, id: String) -> TicketType {
        let kind = self.types.get(&id).cloned().unwrap_or_default();
        let name = kind.name.unwrap_or_else(|| id.clone());
        TicketType {
            day_pass: is_day_pass(&name),
            name,
            id,
            category: kind.category,
            activities: kind.activities,
            admits: kind.admits,
            days: kind.days,
        }
    }
}

gatewit_sdk::export_backend!(GuestList);
