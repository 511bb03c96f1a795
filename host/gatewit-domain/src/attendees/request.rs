//! Parses the fields of a validation request: trimmed, in one case, and checked. `fact-check-in.md` §1.1–1.3.
//!
//! A fault is told in the words of the contract, without the "Value error, " that the original service's framework prepends.

use super::asked::Asked;
use crate::identifier::{fold, order_meanings, without_mark};
use crate::names::PreparedName;
use crate::scanned::ScannedText;

/// pretix makes orders of 5 characters by default, and of at most 16. Tito's have 4.
const ORDER_MIN: usize = 4;
const ORDER_MAX: usize = 16;
const REFERENCE_MAX: usize = 32;
const BAD_ORDER_LENGTH: &str = "Order ID must be 4 to 16 characters";

/// The code of an order: `MH9CG`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(Box<str>);

/// The reference of a ticket: `MH9CG-2`, `DROP-3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketReference(Box<str>);

impl OrderId {
    /// Accepts a value from a ticketing system.
    pub fn of(order: &str) -> Self {
        Self(fold(order).into())
    }

    /// Reads the `order_id` of `validate_attendee`.
    pub fn ask(text: &str) -> Result<Asked<Self>, &'static str> {
        let order = scanned(text, Self::of).ok_or(BAD_ORDER_LENGTH)?;
        let meanings = order_meanings(&order.0).into_iter();
        let meanings = meanings.map(|order| Self(order.into())).collect();
        let is_well_formed = |order: &Self| order.fault().is_none();
        Ok(Asked::new(meanings, is_well_formed, order.fault()))
    }

    pub(super) fn fault(&self) -> Option<&'static str> {
        if !(ORDER_MIN..=ORDER_MAX).contains(&self.0.chars().count()) {
            return Some(BAD_ORDER_LENGTH);
        }
        let is_alphanumeric = self.0.chars().all(char::is_alphanumeric);
        (!is_alphanumeric).then_some("Order ID must be alphanumeric")
    }

    /// The code in capitals, with plain hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TicketReference {
    /// Accepts a value from a ticketing system.
    pub fn of(reference: &str) -> Self {
        Self(fold(reference).into())
    }

    /// Reads the `ticket_id` of `validate_attendee`.
    pub fn ask(text: &str) -> Result<Asked<Self>, &'static str> {
        let fault = "ticket_id must be in ORDER-POSITION format (e.g. MH9CG-2)";
        let reference = scanned(text, Self::of).ok_or(fault)?;
        let is_good = reference.is_order_and_position();
        Ok(reference.asked((!is_good).then_some(fault)))
    }

    /// Reads the `ticket_id` of `validate_name`, which has always accepted any text of 6 or 7 characters.
    pub fn ask_leniently(text: &str) -> Result<Asked<Self>, &'static str> {
        let fault = r"Invalid ticket ID, must be: ^[A-Z]{4}-\d+$ e. g. DROP-3.";
        let reference = scanned(text, Self::of).ok_or(fault)?;
        let is_as_long = matches!(reference.0.chars().count(), 6 | 7);
        let is_good = is_as_long || reference.is_order_and_position();
        Ok(reference.asked((!is_good).then_some(fault)))
    }

    fn asked(self, fault: Option<&'static str>) -> Asked<Self> {
        let unmarked = without_mark(&self.0).map(Self::of);
        let meanings = [self].into_iter().chain(unmarked);
        let meanings = meanings.filter(|reference| !reference.0.is_empty());
        Asked::new(meanings.collect(), Self::is_order_and_position, fault)
    }

    /// The reference in capitals, with plain hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part that names the order.
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

/// Reads a scanned or typed text; None if it is empty or longer than a code.
fn scanned<T>(text: &str, read: impl FnOnce(&str) -> T) -> Option<T> {
    let text = ScannedText::parse(text).ok()?;
    (!text.as_str().is_empty()).then(|| read(text.as_str()))
}

/// Reads a name, which must not be empty.
pub(super) fn name(text: &str, if_empty: &'static str) -> Result<PreparedName, &'static str> {
    let name = PreparedName::of(text);
    match name.is_empty() {
        true => Err(if_empty),
        false => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_four_to_sixteen_letters_and_digits() {
        let fault = |text: &str| OrderId::ask(text).map(|asked| asked.fault());
        for text in [" mh9cg\n", "ABCD", "cccc6x", "]Q1MH9CG\u{1d}"] {
            assert_eq!(fault(text), Ok(None), "{text}");
        }
        for text in ["AAA", &"A".repeat(17)] {
            assert_eq!(fault(text), Ok(Some(BAD_ORDER_LENGTH)), "{text}");
        }
        for text in ["", " \0", &"A".repeat(5_000)] {
            assert_eq!(fault(text), Err(BAD_ORDER_LENGTH), "{text}");
        }
        for text in ["AAAA-", "AA AA", "AAAA2-1", "#AAAA"] {
            assert_eq!(
                fault(text),
                Ok(Some("Order ID must be alphanumeric")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_ticket_is_an_order_and_a_position() {
        let is_good = |asked: Result<Asked<_>, _>| asked.is_ok_and(|asked| asked.fault().is_none());
        for text in ["MH9CG-2", " mh9cg-2 ", "9K9R-1", "ABC-1", "ABCD-100"] {
            assert!(is_good(TicketReference::ask(text)), "{text}");
            assert!(is_good(TicketReference::ask_leniently(text)), "{text}");
        }
        let too_long = format!("{}-1", "A".repeat(31));
        for text in ["", "ABCD", "-1", "ABCD-", "AB CD-1", "ABCD-1-2", &too_long] {
            assert!(!is_good(TicketReference::ask(text)), "{text}");
        }
        assert!(is_good(TicketReference::ask_leniently("ABCDEFG")));
        assert!(!is_good(TicketReference::ask_leniently("ABCDE")));
        assert!(!is_good(TicketReference::ask_leniently(&too_long)));
    }
}
