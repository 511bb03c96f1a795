//! Makes tickets from rows.

use std::collections::BTreeMap;

use gatewit_sdk::identifier::{fold, is_dash};
use gatewit_sdk::jiff::Timestamp;
use gatewit_sdk::scanned::clean;
use gatewit_sdk::{Ticket, TicketState, addresses};
use serde::Deserialize;

use crate::columns::Column;
use crate::rows::{self, Row};

/// All people on the list.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct People(pub Vec<Person>);

/// A ticket and the line in which it begins. Its type is empty if the line has none.
pub struct Person {
    pub line: u64,
    pub ticket: Ticket,
}

/// Reads the text of a list. Fails at the first invalid row; the error begins with its line.
impl TryFrom<String> for People {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut numbers = Numbers::default();
        let mut taken = Taken::default();
        let mut people = Vec::new();
        rows::read(&text, |row| {
            let line = row.line;
            let at = |reason: String| format!("line {line}: {reason}");
            let ticket = ticket(row, &mut numbers).map_err(at)?;
            taken.take(&ticket, line).map_err(at)?;
            people.push(Person { line, ticket });
            Ok(())
        })?;
        Ok(Self(people))
    }
}

/// The number of tickets numbered so far, by order.
#[derive(Default)]
struct Numbers(BTreeMap<String, u32>);

/// The line of each reference, and of each code of a ticket that is not canceled: a canceled one leaves its codes to others.
#[derive(Default)]
struct Taken {
    references: BTreeMap<String, u64>,
    codes: BTreeMap<String, u64>,
}

impl Taken {
    fn take(&mut self, ticket: &Ticket, line: u64) -> Result<(), String> {
        let reference = fold(&ticket.reference).into_owned();
        if let Some(other) = self.references.insert(reference, line) {
            return Err(format!(
                "reference: the one of line {other}, expected its own"
            ));
        }
        if ticket.state == TicketState::Canceled {
            return Ok(());
        }
        for code in &ticket.codes {
            if let Some(other) = self.codes.insert(code.clone(), line) {
                return Err(format!("code: the one of line {other}, expected its own"));
            }
        }
        Ok(())
    }
}

fn ticket(row: Row, numbers: &mut Numbers) -> Result<Ticket, String> {
    let mut ticket = nobody();
    for (column, text) in row.cells {
        match column {
            Column::Reference => ticket.reference = text,
            Column::Order => ticket.order = text,
            Column::Name => ticket.holder_name = text,
            Column::Email => ticket.email = Some(email(&text)?),
            Column::Type => ticket.type_id = text,
            Column::Code => ticket.codes = codes(&text),
            Column::State => ticket.state = state(&text)?,
            Column::Variation => ticket.variation = Some(text),
            Column::Parent => ticket.parent = Some(text),
            Column::ValidFrom => ticket.valid_from = Some(instant("valid_from", &text)?),
            Column::ValidUntil => ticket.valid_until = Some(instant("valid_until", &text)?),
            Column::Attribute(name) => {
                let is_held = flag(&name, &text)?;
                ticket.attributes.push((name, is_held));
            }
            Column::Detail(name) => ticket.details.push((name, text)),
        }
    }
    if ticket.reference.is_empty() && ticket.order.is_empty() {
        return Err("neither reference nor order, expected one of them".to_owned());
    }
    if ticket.reference.is_empty() {
        let number = numbers.0.entry(fold(&ticket.order).into_owned());
        let number = number.and_modify(|number| *number += 1).or_insert(1);
        ticket.reference = format!("{}-{number}", ticket.order);
    }
    if ticket.order.is_empty() {
        ticket.order = order_of(&ticket.reference).to_owned();
    }
    if ticket.codes.is_empty() {
        ticket.codes.push(ticket.reference.clone());
    }
    Ok(ticket)
}

/// The codes of a cell, each once.
fn codes(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for code in text.split_whitespace().map(clean) {
        if !code.is_empty() && !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    }
    codes
}

fn nobody() -> Ticket {
    Ticket {
        reference: String::new(),
        order: String::new(),
        codes: Vec::new(),
        type_id: String::new(),
        variation: None,
        parent: None,
        sub_event: None,
        holder_name: String::new(),
        email: None,
        state: TicketState::Valid,
        valid_from: None,
        valid_until: None,
        attributes: Vec::new(),
        details: Vec::new(),
        updated: None,
    }
}

fn order_of(reference: &str) -> &str {
    match reference.rsplit_once(is_dash) {
        Some((order, number)) if number.bytes().all(|digit| digit.is_ascii_digit()) => order,
        _ => reference,
    }
}

/// Keeps only the addresses of a cell.
fn email(text: &str) -> Result<String, String> {
    let addresses = addresses::read(text);
    let expected = "email: expected an address such as ada@example.org, or several with semicolons between; \
                    leave it empty for none";
    Ok(addresses.ok_or(expected)?.join("; "))
}

fn state(text: &str) -> Result<TicketState, String> {
    Ok(match text.to_lowercase().as_str() {
        "valid" => TicketState::Valid,
        "pending" => TicketState::Pending,
        "canceled" | "cancelled" => TicketState::Canceled,
        "blocked" => TicketState::Blocked,
        _ => return Err("state: expected valid, pending, canceled or blocked".to_owned()),
    })
}

fn flag(name: &str, text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "x" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("{name}: expected true or false")),
    }
}

fn instant(name: &str, text: &str) -> Result<i64, String> {
    let instant = text.parse::<Timestamp>();
    let expected = || format!("{name}: expected a time such as 2025-12-15T09:00:00+03:00");
    Ok(instant.map_err(|_| expected())?.as_second())
}
