//! The trait of a ticketing backend.

pub mod cursor;
pub(crate) mod days;
pub(crate) mod fault;
pub(crate) mod http;
mod messages;
pub(crate) mod settings;
pub(crate) mod ticket;
pub(crate) mod wire;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Fault, Http, Page, Ticket, TicketType};

/// A ticketing backend: its fields are the settings an operator gives, its functions read the ticketing system.
///
/// Derive `Deserialize` and `JsonSchema`, with `#[serde(deny_unknown_fields)]`, and document the fields: their comments
/// become the descriptions in the schema. [`BaseUrl`](crate::BaseUrl), [`Slug`](crate::Slug) and
/// [`Secret`](crate::Secret) reject invalid values by themselves.
///
/// One run of a sync uses one value of this type, so a field with `#[serde(skip)]` may keep data that all pages need,
/// such as the products. The next run starts with a fresh value: put everything that must last into the cursor.
pub trait Backend: DeserializeOwned + JsonSchema {
    /// Lists all ticket types, including those that admit nobody.
    fn ticket_types(&mut self, http: &Http) -> Result<Vec<TicketType>, Fault>;

    /// Reads one page of tickets, as large as one answer of the ticketing system.
    ///
    /// Without a cursor, a full sync begins. Otherwise the cursor comes from an earlier page; none comes twice in a run.
    /// [`cursor`] stores any value in one.
    fn tickets(&mut self, http: &Http, cursor: Option<&str>) -> Result<Page, Fault>;

    /// Asks the ticketing system now for the tickets that have this reference, order, code or e-mail address: those for
    /// which [`Ticket::is_called`] is true. The list is empty if there are none.
    fn find(&mut self, http: &Http, text: &str) -> Result<Vec<Ticket>, Fault>;

    /// Checks settings that are valid each by itself but may contradict each other. By default, accepts them all.
    ///
    /// It sends no requests. The operator sees the error, and settings that fail are never used.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}
