//! Converts a backend's answers to the domain's types, after checking that they are small enough to be stored.
//!
//! An identifier that is too long makes the answer invalid. A text that is only displayed is cut instead: it may come
//! from a ticket's buyer, who must not be able to stop a sync.

use gatewit_domain::scanned::clean;
use gatewit_domain::source::{
    Continuation, SourceFault, SourcePage, SourceState, SourceTicket, SourceTotal, SourceType,
};
use jiff::Timestamp;

use crate::backend::Output;
use crate::bindings::backend;
use crate::errors::InvalidAnswer;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};

/// The most tickets in one answer, and the most types.
const ROWS_MAX: usize = 10_000;
/// The most codes, attributes, details, days or activities that one ticket or type may have.
const PARTS_MAX: usize = 1_000;
/// The longest reference, order, code, id, attribute or day, in bytes.
const NAME_BYTES_MAX: usize = 1_000;
/// The most characters kept of a text that is only displayed.
const TEXT_CHARACTERS_MAX: usize = 2_000;
const CURSOR_BYTES_MAX: usize = 64 << 10;

/// Checks and converts one page.
pub(crate) fn page(page: backend::Page) -> Result<SourcePage, InvalidAnswer> {
    Ok(SourcePage {
        tickets: tickets(page.tickets)?,
        gone: rows(page.gone, "references of tickets that are gone", reference)?,
        whole_orders: rows(page.whole_orders, "orders", |order| name(order, "order"))?,
        total: page.total.map(|total| match total {
            backend::Total::Tickets(count) => SourceTotal::Tickets(count),
            backend::Total::Orders(count) => SourceTotal::Orders(count),
        }),
        next: match page.next {
            backend::Continuation::More(next) => Continuation::More(cursor(next)?),
            backend::Continuation::Done(next) => Continuation::Done(next.map(cursor).transpose()?),
        },
    })
}

/// Checks and converts tickets.
pub(crate) fn tickets(tickets: Vec<backend::Ticket>) -> Result<Vec<SourceTicket>, InvalidAnswer> {
    rows(tickets, "tickets", ticket)
}

/// Checks and converts types of tickets.
pub(crate) fn types(types: Vec<backend::TicketType>) -> Result<Vec<SourceType>, InvalidAnswer> {
    rows(types, "ticket types", ticket_type)
}

/// Converts a fault. Shortens its text to one line, and adds what the plugin wrote before.
pub(crate) fn fault(fault: backend::Fault, output: &Output) -> SourceFault {
    let words = |words: String| {
        let reason = one_line(&words, REASON_CHARACTERS_MAX);
        match output.words() {
            Some(written) => format!("{reason}; {}", written.verbatim()).into(),
            None => reason.into(),
        }
    };
    match fault {
        backend::Fault::Unauthorized(why) => SourceFault::Unauthorized(words(why)),
        backend::Fault::RateLimited(seconds) => SourceFault::RateLimited(seconds),
        backend::Fault::Unavailable(why) => SourceFault::Unavailable(words(why)),
        backend::Fault::BadSettings(why) => SourceFault::BadSettings(words(why)),
        backend::Fault::NotFound(why) => SourceFault::NotFound(words(why)),
        backend::Fault::StartOver(why) => SourceFault::StartOver(words(why)),
        backend::Fault::Unexpected(why) => SourceFault::Unexpected(words(why)),
    }
}

fn ticket(ticket: backend::Ticket) -> Result<SourceTicket, InvalidAnswer> {
    // They are compared with scanned texts.
    let cleaned = |code: String| name(clean(&code).to_owned(), "code");
    let mut codes = parts(ticket.codes, "codes", cleaned)?;
    codes.retain(|code| !code.is_empty());
    Ok(SourceTicket {
        reference: reference(ticket.reference)?,
        order: name(ticket.order, "order")?,
        codes,
        type_id: name(ticket.type_id, "type id")?,
        variation: ticket.variation.map(text),
        parent: ticket.parent.map(reference).transpose()?,
        sub_event: optional_name(ticket.sub_event, "sub-event")?,
        holder_name: text(ticket.holder_name),
        email: ticket.email.map(text),
        state: match ticket.state {
            backend::TicketState::Valid => SourceState::Valid,
            backend::TicketState::Pending => SourceState::Pending,
            backend::TicketState::Canceled => SourceState::Canceled,
            backend::TicketState::Blocked => SourceState::Blocked,
        },
        valid_from: ticket.valid_from.map(instant).transpose()?,
        valid_until: ticket.valid_until.map(instant).transpose()?,
        attributes: parts(ticket.attributes, "attributes", |(attribute, is_true)| {
            Ok((name(attribute, "attribute")?, is_true))
        })?,
        details: parts(ticket.details, "details", |(title, words)| {
            Ok((text(title), text(words)))
        })?,
        updated: ticket.updated.map(instant).transpose()?,
    })
}

fn ticket_type(kind: backend::TicketType) -> Result<SourceType, InvalidAnswer> {
    Ok(SourceType {
        id: name(kind.id, "type id")?,
        name: text(kind.name),
        category: optional_name(kind.category, "category")?,
        activities: parts(kind.activities, "activities", |activity| {
            name(activity, "activity")
        })?,
        admits: kind.admits,
        days: parts(kind.days, "days", |day| name(day, "day"))?,
        day_pass: kind.day_pass,
    })
}

fn rows<T, U>(
    rows: Vec<T>,
    what: &'static str,
    convert: impl Fn(T) -> Result<U, InvalidAnswer>,
) -> Result<Vec<U>, InvalidAnswer> {
    let (count, max) = (rows.len(), ROWS_MAX);
    if count > max {
        return Err(InvalidAnswer::TooManyRows { what, count, max });
    }
    rows.into_iter().map(convert).collect()
}

fn parts<T, U>(
    parts: Vec<T>,
    what: &'static str,
    convert: impl Fn(T) -> Result<U, InvalidAnswer>,
) -> Result<Vec<U>, InvalidAnswer> {
    let (count, max) = (parts.len(), PARTS_MAX);
    if count > max {
        return Err(InvalidAnswer::TooManyParts { what, count, max });
    }
    parts.into_iter().map(convert).collect()
}

fn reference(reference: String) -> Result<String, InvalidAnswer> {
    if reference.is_empty() {
        return Err(InvalidAnswer::NoReference);
    }
    name(reference, "reference")
}

fn name(name: String, what: &'static str) -> Result<String, InvalidAnswer> {
    limited(name, NAME_BYTES_MAX, what)
}

fn optional_name(
    name: Option<String>,
    what: &'static str,
) -> Result<Option<String>, InvalidAnswer> {
    name.map(|name| self::name(name, what)).transpose()
}

fn cursor(cursor: String) -> Result<String, InvalidAnswer> {
    limited(cursor, CURSOR_BYTES_MAX, "cursor")
}

fn limited(text: String, bytes_max: usize, what: &'static str) -> Result<String, InvalidAnswer> {
    match text.len() {
        bytes if bytes > bytes_max => Err(InvalidAnswer::TooLong {
            what,
            bytes,
            bytes_max,
        }),
        _ => Ok(text),
    }
}

fn text(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        text.truncate(end);
    }
    text
}

fn instant(second: i64) -> Result<Timestamp, InvalidAnswer> {
    Timestamp::from_second(second).map_err(|_| InvalidAnswer::Instant(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> backend::Ticket {
        backend::Ticket {
            reference: "ABCD-1".to_owned(),
            order: "ABCD".to_owned(),
            codes: vec!["s1".to_owned()],
            type_id: "41".to_owned(),
            variation: None,
            parent: None,
            sub_event: None,
            holder_name: "Ann".to_owned(),
            email: None,
            state: backend::TicketState::Valid,
            valid_from: None,
            valid_until: None,
            attributes: vec![],
            details: vec![],
            updated: None,
        }
    }

    #[track_caller]
    fn check_refusal(ticket: backend::Ticket, expected: &str) {
        let refused = super::ticket(ticket).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }

    #[test]
    fn what_names_something_is_whole_or_refused() {
        let long = "x".repeat(1_001);
        check_refusal(
            backend::Ticket {
                reference: long.clone(),
                ..small()
            },
            "it answered a reference of 1001 bytes; at most 1000 are allowed",
        );
        check_refusal(
            backend::Ticket {
                reference: String::new(),
                ..small()
            },
            "it answered a ticket without a reference",
        );
        check_refusal(
            backend::Ticket {
                codes: vec![long],
                ..small()
            },
            "it answered a code of 1001 bytes; at most 1000 are allowed",
        );
        check_refusal(
            backend::Ticket {
                codes: vec!["x".to_owned(); 1_001],
                ..small()
            },
            "it answered 1001 codes of one ticket or type; at most 1000 are allowed",
        );
        check_refusal(
            backend::Ticket {
                valid_until: Some(i64::MAX),
                ..small()
            },
            "it answered the instant 9223372036854775807, which is out of range",
        );
    }

    #[test]
    fn what_is_only_shown_is_cut() {
        let ticket = ticket(backend::Ticket {
            holder_name: "ä".repeat(5_000),
            details: vec![("seat".to_owned(), "x".repeat(5_000))],
            codes: vec![" ".to_owned(), "]Q1 s1\u{1d}".to_owned()],
            valid_from: Some(0),
            ..small()
        });
        let ticket = ticket.unwrap();
        assert_eq!(ticket.holder_name, "ä".repeat(2_000));
        assert_eq!(ticket.details[0].1.len(), 2_000);
        assert_eq!(ticket.codes, ["s1"]);
        assert_eq!(ticket.valid_from, Some(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn an_answer_has_a_bound() {
        let many = vec![String::from("x"); 10_001];
        let answer = page(backend::Page {
            tickets: vec![],
            gone: many,
            whole_orders: vec![],
            total: None,
            next: backend::Continuation::Done(None),
        });
        let expected =
            "it answered 10001 references of tickets that are gone; at most 10000 are allowed";
        assert_eq!(answer.unwrap_err().to_string(), expected);
        let answer = page(backend::Page {
            tickets: vec![],
            gone: vec![],
            whole_orders: vec![],
            total: None,
            next: backend::Continuation::More("x".repeat(70_000)),
        });
        let expected = "it answered a cursor of 70000 bytes; at most 65536 are allowed";
        assert_eq!(answer.unwrap_err().to_string(), expected);
    }
}
