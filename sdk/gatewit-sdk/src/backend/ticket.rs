//! Functions on tickets that backends share.

use crate::{Ticket, addresses};
use gatewit_text::identifier::is_same;

impl Ticket {
    /// Whether this text is exactly its reference, its order, one of its codes or its e-mail address.
    ///
    /// Codes are compared letter by letter, references and orders as [`identifier`](crate::identifier) does, addresses
    /// without case. The search of a ticketing system finds more: parts of words and similar texts.
    pub fn is_called(&self, text: &str) -> bool {
        let text = text.trim();
        let is_named = |own: &str| !own.is_empty() && is_same(own, text);
        let email = self.email.as_deref().and_then(addresses::read);
        let has_address = |own: &str| own.to_lowercase() == text.to_lowercase();
        is_named(&self.reference)
            || is_named(&self.order)
            || email.is_some_and(|all| all.into_iter().any(has_address))
            || self.codes.iter().any(|code| code == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TicketState;

    #[test]
    fn a_ticket_is_called_by_whole_names_and_codes_only() {
        let ticket = Ticket {
            reference: "ABCD-1".to_owned(),
            order: "ABCD".to_owned(),
            codes: vec!["sEcret".to_owned()],
            type_id: "1".to_owned(),
            variation: None,
            parent: None,
            sub_event: None,
            holder_name: "Ada Lovelace".to_owned(),
            email: Some("Ada <Ada@Example.org>; b@example.org".to_owned()),
            state: TicketState::Valid,
            valid_from: None,
            valid_until: None,
            attributes: Vec::new(),
            details: Vec::new(),
            updated: None,
        };
        for text in [
            "abcd-1",
            "abcd\u{2013}1",
            " ABCD ",
            "sEcret",
            "ada@example.org",
            "b@example.org",
        ] {
            assert!(ticket.is_called(text), "{text}");
        }
        for text in [
            "",
            "ABCD-",
            "ABCD-12",
            "secret",
            "da@example.org",
            "Ada Lovelace",
        ] {
            assert!(!ticket.is_called(text), "{text}");
        }
    }
}
