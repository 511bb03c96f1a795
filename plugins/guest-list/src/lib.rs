//! `guest-list`: people from a CSV or YAML file, for those who have no ticketing system.
//!
//! The host passes the file's text and asks again when the file changes. A CSV file begins with a line of column names
//! and may be separated by commas, semicolons or tabs, or by the character in a first line such as `sep=;`; a YAML file
//! is a list of maps with the same names as keys. Comments stand above the column names and begin with `#`; below them,
//! a comment begins with `# ` and contains no separator. An empty list is written `[]`: a file that ends after its
//! column names counts as cut off. A cell of `email` or `details.NAME` may have several lines, in quotes; only the first
//! may contain the separator.
//!
//! | column | meaning |
//! |---|---|
//! | `reference` | what the ticket is called for ever, unique: `ABCD-1`. If it is missing, the order and a number |
//! | `order` | what it belongs to: `ABCD`. If it is missing, the reference up to its number. One of both must be there |
//! | `name` | who will come |
//! | `email` | that person's own e-mail address; several with semicolons between |
//! | `type` | the id of the ticket's type, in any case; `guest` if it is missing. If the settings have `types`, one of those |
//! | `code` | what a scanner may read, unique among tickets that are not canceled; several with spaces between. The reference if it is missing, and then whoever knows a reference has a ticket |
//! | `state` | `valid` (if it is missing), `pending`, `canceled` or `blocked` |
//! | `variation` | the variation of the type |
//! | `parent` | the reference of the ticket this one is an add-on of |
//! | `valid_from`, `valid_until` | times such as `2025-12-15T09:00:00+03:00` |
//! | `is_speaker` and the other eight, `attributes.NAME` | attributes: `true` or `false`, `yes` or `no`, `x`, `1` or `0` |
//! | `details.NAME` | a text for the staff at the door |
//!
//! In YAML, `attributes` and `details` may be maps, and `code` a list. An error names the line and the column, and
//! never quotes the text. References made of an order and a number follow the order of the lines. So add a person who
//! joins an order later below the others, and do not sort the lines of an order again.

#![warn(missing_docs)]

mod columns;
mod csv;
mod people;
mod rows;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;

use gatewit_sdk::identifier::{fold, is_same};
use gatewit_sdk::{
    Backend, Continuation, Fault, Http, Page, Ticket, TicketType, cursor, is_day_pass,
};
use schemars::JsonSchema;
use serde::Deserialize;

use people::{People, Person};

/// The number of people in one page.
const PAGE_SIZE: usize = 1000;
/// The type of a ticket if the list gives none.
const GUEST: &str = "guest";

/// A list of people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GuestList {
    /// The list, CSV or YAML: `file://people.csv`.
    #[schemars(with = "String")]
    people: People,
    /// The types of tickets, by id. If there are some, each line of the list has one of them. If there are none, a line
    /// may have any type, and events say which ones they know.
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
    fn check(&self) -> Result<(), String> {
        let mut ids: Vec<_> = self.types.keys().collect();
        ids.sort_by_key(|id| fold(id));
        if let Some([one, other]) = ids.array_windows().find(|[one, other]| is_same(one, other)) {
            return Err(format!("types: \"{one}\" and \"{other}\" are one type"));
        }
        let mut people = self.people.0.iter();
        match people.find(|person| self.type_of(person).is_none()) {
            Some(person) => Err(self.wrong_type(person)),
            None => Ok(()),
        }
    }

    fn ticket_types(&mut self, _: &Http) -> Result<Vec<TicketType>, Fault> {
        Ok(self.types.iter().map(|(id, kind)| kind.named(id)).collect())
    }

    fn tickets(&mut self, _: &Http, cursor: Option<&str>) -> Result<Page, Fault> {
        let from: usize = cursor.map(cursor::read).transpose()?.unwrap_or_default();
        let rest = self.people.0.get(from..);
        let rest = rest.ok_or_else(|| Fault::StartOver("the list is shorter now".to_owned()))?;
        let page = rest.iter().take(PAGE_SIZE);
        Ok(Page {
            next: match rest.len() > PAGE_SIZE {
                true => Continuation::More(cursor::write(&(from + PAGE_SIZE))),
                false => Continuation::Done(None),
            },
            tickets: page.map(|person| self.ticket(person)).collect(),
            gone: Vec::new(),
            whole_orders: Vec::new(),
            total: None,
        })
    }

    fn find(&mut self, _: &Http, text: &str) -> Result<Vec<Ticket>, Fault> {
        let people = self.people.0.iter();
        let found = people.filter(|person| person.ticket.is_called(text));
        Ok(found.map(|person| self.ticket(person)).collect())
    }
}

impl GuestList {
    fn ticket(&self, person: &Person) -> Ticket {
        Ticket {
            type_id: self.type_of(person).unwrap_or_default().to_owned(),
            ..person.ticket.clone()
        }
    }

    /// The type of a person's ticket, spelled as in the settings if they have types. `None` if it is not among them.
    fn type_of<'s>(&'s self, person: &'s Person) -> Option<&'s str> {
        let named = match person.ticket.type_id.as_str() {
            "" => GUEST,
            named => named,
        };
        if self.types.is_empty() {
            return Some(named);
        }
        let mut ids = self.types.keys();
        ids.find(|id| is_same(id, named)).map(String::as_str)
    }

    /// The error for a type that is not among those of the settings.
    fn wrong_type(&self, person: &Person) -> String {
        let line = person.line;
        let ids: Vec<_> = self.types.keys().map(String::as_str).collect();
        let ids = ids.join(", ");
        match person.ticket.type_id.as_str() {
            "" => format!(
                "people: line {line}: type: empty, expected one of {ids}; or add {GUEST} to the types of the settings"
            ),
            _ => format!(
                "people: line {line}: type: expected one of {ids}; or add this one to the types of the settings"
            ),
        }
    }
}

impl Kind {
    fn named(&self, id: &str) -> TicketType {
        let kind = self.clone();
        let name = kind.name.unwrap_or_else(|| id.to_owned());
        TicketType {
            id: id.to_owned(),
            day_pass: is_day_pass(&name),
            name,
            category: kind.category,
            activities: kind.activities,
            admits: kind.admits,
            days: kind.days,
        }
    }
}

gatewit_sdk::export_backend!(GuestList);
