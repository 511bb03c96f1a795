//! The fields of a validation request as they are read: trimmed, in one case, and checked. `fact-check-in.md` §1.1–1.3.
//!
//! An error is the text that belongs into the 422 answer, without the "Value error, " that the framework there puts
//! before it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::names::PreparedName;

/// pretix makes orders of 5 characters unless told otherwise, and of 16 at most; Tito's have 4.
const ORDER_MIN: usize = 4;
const ORDER_MAX: usize = 16;
const REFERENCE_MAX: usize = 32;

/// What an order is called: `MH9CG`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[schema(example = "MH9CG")]
pub struct OrderId(Box<str>);

/// What a ticket is called: `MH9CG-2`, `DROP-3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[schema(example = "MH9CG-2")]
pub struct TicketReference(Box<str>);

impl OrderId {
    /// Takes what a ticketing system says.
    pub fn of(order: &str) -> Self {
        Self(in_capitals(order))
    }

    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let order = Self::of(text);
        if !(ORDER_MIN..=ORDER_MAX).contains(&order.0.chars().count()) {
            return Err("Order ID must be 4 to 16 characters");
        }
        match order.0.chars().all(char::is_alphanumeric) {
            true => Ok(order),
            false => Err("Order ID must be alphanumeric"),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TicketReference {
    /// Takes what a ticketing system says.
    pub fn of(reference: &str) -> Self {
        Self(in_capitals(reference))
    }

    /// Reads the `ticket_id` of `validate_attendee`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let reference = Self::of(text);
        match reference.is_order_and_position() {
            true => Ok(reference),
            false => Err("ticket_id must be in ORDER-POSITION format (e.g. MH9CG-2)"),
        }
    }

    /// Reads the `ticket_id` of `validate_name`, where anything of 6 or 7 characters has always been let through.
    pub fn parse_leniently(text: &str) -> Result<Self, &'static str> {
        let reference = Self::of(text);
        let is_as_long = matches!(reference.0.chars().count(), 6 | 7);
        match is_as_long || reference.is_order_and_position() {
            true => Ok(reference),
            false => Err(r"Invalid ticket ID, must be: ^[A-Z]{4}-\d+$ e. g. DROP-3."),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of it that names the order.
    pub(super) fn order(&self) -> &str {
        self.0.rsplit_once('-').map_or(&*self.0, |(order, _)| order)
    }

    fn is_order_and_position(&self) -> bool {
        let is_made_of = |part: &str, kind: fn(&u8) -> bool| {
            !part.is_empty() && part.as_bytes().iter().all(kind)
        };
        let parts = self.0.split_once('-');
        self.0.len() <= REFERENCE_MAX
            && parts.is_some_and(|(order, position)| {
                is_made_of(order, u8::is_ascii_alphanumeric)
                    && is_made_of(position, u8::is_ascii_digit)
            })
    }
}

/// Reads a name, which must have something in it.
pub(super) fn name(text: &str, if_empty: &'static str) -> Result<PreparedName, &'static str> {
    let name = PreparedName::of(text);
    match name.is_empty() {
        true => Err(if_empty),
        false => Ok(name),
    }
}

fn in_capitals(text: &str) -> Box<str> {
    text.trim().to_uppercase().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_four_to_sixteen_letters_and_digits() {
        assert_eq!(OrderId::parse(" mh9cg\n").unwrap().as_str(), "MH9CG");
        assert_eq!(OrderId::parse("ABCD").unwrap().as_str(), "ABCD");
        assert_eq!(OrderId::parse("cccc6x").unwrap().as_str(), "CCCC6X");
        for text in ["", "AAA", &"A".repeat(17)] {
            let found = OrderId::parse(text);
            assert_eq!(found, Err("Order ID must be 4 to 16 characters"), "{text}");
        }
        for text in ["AAAA-", "AA AA", "AAAA2-1"] {
            let found = OrderId::parse(text);
            assert_eq!(found, Err("Order ID must be alphanumeric"), "{text}");
        }
    }

    #[test]
    fn a_ticket_is_an_order_and_a_position() {
        for text in ["MH9CG-2", " mh9cg-2 ", "9K9R-1", "ABC-1", "ABCD-100"] {
            let found = TicketReference::parse(text).unwrap();
            assert_eq!(found.as_str(), text.trim().to_uppercase());
            assert_eq!(TicketReference::parse_leniently(text), Ok(found));
        }
        let too_long = format!("{}-1", "A".repeat(31));
        for text in ["", "ABCD", "-1", "ABCD-", "AB CD-1", "ABCD-1-2", &too_long] {
            assert!(TicketReference::parse(text).is_err(), "{text}");
        }
        assert!(TicketReference::parse_leniently("ABCDEFG").is_ok());
        assert!(TicketReference::parse_leniently("ABCDE").is_err());
        assert!(TicketReference::parse_leniently(&too_long).is_err());
    }
}
