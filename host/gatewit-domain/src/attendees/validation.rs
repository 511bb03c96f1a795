//! The decisions of `validate_attendee`, `validate_name` and `validate_email`, and their answers. `gatewit-api.md` §9,
//! `fact-check-in.md` §1.

use super::{Attendee, AttendeeFlags, EmailAddress, OrderId, TicketReference, request};
use crate::identifier::fold;
use crate::names::{Likeness, NameMatching, PreparedName};

/// The result of a look-up.
#[derive(Clone, Copy, Debug)]
pub enum Finding<'a> {
    /// The ticket: the one with this name apart from case, else the first whose name is similar enough.
    Match {
        /// The ticket that the answer describes.
        ticket: &'a Attendee,
        /// The holder's flags from all their tickets of the order.
        flags: AttendeeFlags,
    },
    /// A name is close, but not close enough.
    Near,
    /// The order or ticket exists, but the name is not on it.
    WrongName,
    /// There is a ticket, but its type, which has this title, makes nobody an attendee.
    WrongType(&'a str),
    /// There is no such order or ticket.
    Unknown,
}

/// The tickets that a request is about. An order decides alone, even if a ticket is given with it.
#[derive(Clone, Debug)]
pub enum Sought<O = OrderId, T = TicketReference> {
    /// All tickets of an order.
    Order {
        /// The order to look in.
        order: O,
        /// Repeated in the answer and not used otherwise.
        ticket: Option<T>,
    },
    /// One ticket by its reference.
    Ticket(T),
}

/// A request to `validate_attendee`.
#[derive(Clone, Debug)]
pub struct AttendeeQuery {
    /// The order or ticket that the name must be on.
    pub sought: Sought,
    /// The name to look for.
    pub name: PreparedName,
}

/// A request to `validate_name`.
#[derive(Clone, Debug)]
pub struct NameQuery {
    /// The ticket that the name must be on.
    pub ticket: TicketReference,
    /// The name to compare with the ticket's.
    pub name: PreparedName,
}

/// The outcome of an answer, for clients that only look at the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is an attendee.
    Attendee,
    /// The name is close, but not close enough.
    Near,
    /// The order or ticket exists, but the name is not on it.
    WrongName,
    /// The ticket's type makes nobody an attendee.
    WrongType,
    /// There is no such order or ticket.
    Unknown,
}

/// The answer of `validate_attendee`. A failure repeats the request.
#[derive(Debug, PartialEq, Eq)]
pub struct AttendeeAnswer {
    /// Whether a ticket of an attendee matches.
    pub is_attendee: bool,
    /// The reason for a failure; empty for an attendee.
    pub hint: String,
    /// The holder's flags from all their tickets of the order; all false in a failure.
    pub flags: AttendeeFlags,
    /// The matching ticket's order. In a failure, the order of the request, None if it gave none.
    pub order_id: Option<OrderId>,
    /// The matching ticket's reference. In a failure, the ticket of the request, None if it gave none.
    pub ticket_id: Option<TicketReference>,
    /// The name on the ticket. In a failure, the name of the request.
    pub name: String,
    /// The first address on the ticket; None if it has none, and in a failure.
    pub email: Option<EmailAddress>,
}

/// The answer of `validate_name`. It repeats the request in capitals.
#[derive(Debug, PartialEq, Eq)]
pub struct NameAnswer {
    /// Whether the ticket is an attendee's and the name matches.
    pub is_attendee: bool,
    /// The reason for a failure; empty for an attendee.
    pub hint: String,
    /// The holder's flags from all their tickets of the order; all false in a failure.
    pub flags: AttendeeFlags,
    /// The ticket of the request, in capitals.
    pub ticket_id: TicketReference,
    /// The name of the request, in capitals.
    pub name: String,
}

impl Finding<'_> {
    /// Reduces the result to its kind.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Match { .. } => Verdict::Attendee,
            Self::Near => Verdict::Near,
            Self::WrongName => Verdict::WrongName,
            Self::WrongType(_) => Verdict::WrongType,
            Self::Unknown => Verdict::Unknown,
        }
    }
}

impl<O, T> Sought<O, T> {
    /// Builds the request from its fields. An error is the fault of the whole request, in the words of the contract.
    pub fn of(order: Option<O>, ticket: Option<T>) -> Result<Self, &'static str> {
        match (order, ticket) {
            (Some(order), ticket) => Ok(Self::Order { order, ticket }),
            (None, Some(ticket)) => Ok(Self::Ticket(ticket)),
            (None, None) => Err("Either order_id or ticket_id (or both) must be provided"),
        }
    }

    fn order(&self) -> Option<&O> {
        match self {
            Self::Order { order, .. } => Some(order),
            Self::Ticket(_) => None,
        }
    }

    fn ticket(&self) -> Option<&T> {
        match self {
            Self::Order { ticket, .. } => ticket.as_ref(),
            Self::Ticket(ticket) => Some(ticket),
        }
    }
}

impl Sought {
    /// The order or ticket that the answer depends on.
    pub fn subject(&self) -> &str {
        match self {
            Self::Order { order, .. } => order.as_str(),
            Self::Ticket(ticket) => ticket.as_str(),
        }
    }
}

impl AttendeeQuery {
    /// Reads the field `name`. An error is its fault, in the words of the contract.
    pub fn parse_name(text: &str) -> Result<PreparedName, &'static str> {
        request::name(text, "Name is required")
    }

    /// Looks for the name among the tickets of the order, or on the one ticket. `tickets` are all of that order, as the
    /// ticketing system lists them.
    pub fn find<'a>(&self, tickets: &[&'a Attendee], matching: &NameMatching) -> Finding<'a> {
        let is_meant = |ticket: &&&Attendee| match &self.sought {
            Sought::Order { .. } => true,
            Sought::Ticket(reference) => ticket.reference == *reference,
        };
        let meant: Vec<_> = tickets.iter().filter(is_meant).copied().collect();
        find(&meant, tickets, &self.name, matching)
    }

    /// Builds the answer from the result.
    pub fn answer(&self, finding: &Finding) -> AttendeeAnswer {
        if let Finding::Match { ticket, flags } = finding {
            return AttendeeAnswer {
                is_attendee: true,
                hint: String::new(),
                flags: *flags,
                order_id: Some(ticket.order.clone()),
                ticket_id: Some(ticket.reference.clone()),
                name: ticket.name.text().to_owned(),
                email: ticket.emails.first().cloned(),
            };
        }
        AttendeeAnswer {
            is_attendee: false,
            hint: self.hint(finding),
            flags: AttendeeFlags::default(),
            order_id: self.sought.order().cloned(),
            ticket_id: self.sought.ticket().cloned(),
            name: self.name.text().to_owned(),
            email: None,
        }
    }

    fn hint(&self, finding: &Finding) -> String {
        let name = self.name.text();
        let order = match &self.sought {
            Sought::Order { order, .. } => order.as_str(),
            Sought::Ticket(ticket) => ticket.order(),
        };
        match finding {
            Finding::Match { .. } => String::new(),
            Finding::Near => format!("Name '{name}' is close but not exact enough."),
            Finding::WrongName => format!("No attendee named '{name}' found on order {order}"),
            Finding::WrongType(title) => wrong_type(title),
            Finding::Unknown => {
                "Invalid order ID, must be five alphanumeric chars like 'HLL1H'".to_owned()
            }
        }
    }
}

impl NameQuery {
    /// Reads the field `name`. An error is its fault, in the words of the contract.
    pub fn parse_name(text: &str) -> Result<PreparedName, &'static str> {
        request::name(text, "Empty name, use full name e. g. Sam Smith.")
    }

    /// Compares the name on the ticket, if it is among these, which are all of one order. If its type makes nobody an
    /// attendee, the answer says so whatever the name.
    pub fn find<'a>(&self, tickets: &[&'a Attendee], matching: &NameMatching) -> Finding<'a> {
        let mut meant = tickets.iter().copied();
        let meant = meant.find(|ticket| ticket.reference == self.ticket);
        match meant.map(|ticket| (ticket, &ticket.wrong_type)) {
            None => Finding::Unknown,
            Some((_, Some(title))) => Finding::WrongType(title),
            Some((ticket, None)) => find(&[ticket], tickets, &self.name, matching),
        }
    }

    /// Builds the answer from the result.
    pub fn answer(&self, finding: &Finding) -> NameAnswer {
        let name = self.name.upper();
        let flags = match finding {
            Finding::Match { flags, .. } => *flags,
            _ => AttendeeFlags::default(),
        };
        let hint = match finding {
            Finding::Match { .. } => String::new(),
            Finding::Near => format!("Supplied name {name} is close but not close enough."),
            Finding::WrongName => format!("We couldn't find {name}, check spelling."),
            Finding::WrongType(title) => wrong_type(title),
            Finding::Unknown => "invalid ticket id".to_owned(),
        };
        NameAnswer {
            is_attendee: matches!(finding, Finding::Match { .. }),
            hint,
            flags,
            ticket_id: self.ticket.clone(),
            name: name.to_owned(),
        }
    }
}

/// Whether one of these tickets has this address and makes an attendee. An order's own address does not count.
pub fn is_attendee<'a>(
    address: &EmailAddress,
    tickets: impl IntoIterator<Item = &'a Attendee>,
) -> bool {
    let mut tickets = tickets.into_iter();
    tickets.any(|ticket| ticket.emails.contains(address) && ticket.wrong_type.is_none())
}

/// Chooses among the tickets that the request is about, preferring one that makes an attendee. The name on items that
/// admit nobody, such as a T-shirt, does not match.
fn find<'a>(
    meant: &[&'a Attendee],
    order: &[&'a Attendee],
    name: &PreparedName,
    matching: &NameMatching,
) -> Finding<'a> {
    let admitting = meant.iter().copied().filter(|ticket| ticket.admits);
    let (good, wrong): (Vec<_>, Vec<_>) = admitting.partition(|ticket| ticket.wrong_type.is_none());
    if let Some(ticket) = called(&good, name, matching) {
        let flags = flags_of(ticket, order);
        return Finding::Match { ticket, flags };
    }
    if let Some(ticket) = called(&wrong, name, matching) {
        return Finding::WrongType(ticket.wrong_type.as_deref().unwrap_or_default());
    }
    let is_close = |ticket: &&Attendee| matching.compare(&ticket.name, name) == Likeness::Close;
    match good.iter().chain(&wrong).any(is_close) {
        true => Finding::Near,
        false if meant.is_empty() => Finding::Unknown,
        false => Finding::WrongName,
    }
}

/// The last ticket with this name apart from case, else the first whose name is similar enough.
fn called<'a>(
    tickets: &[&'a Attendee],
    name: &PreparedName,
    matching: &NameMatching,
) -> Option<&'a Attendee> {
    let is_alike = |ticket: &&&Attendee| matching.compare(&ticket.name, name) == Likeness::Same;
    let written_so = tickets.iter().rfind(|ticket| ticket.name.is_same(name));
    written_so
        .or_else(|| tickets.iter().find(is_alike))
        .copied()
}

/// The flags of a ticket's holder, from all tickets of the order that have the same name and make attendees.
fn flags_of(ticket: &Attendee, order: &[&Attendee]) -> AttendeeFlags {
    let holder = person(&ticket.name);
    let is_theirs = |other: &&&Attendee| {
        other.wrong_type.is_none() && !holder.is_empty() && person(&other.name) == holder
    };
    let theirs = order.iter().filter(is_theirs).map(|other| other.flags);
    theirs.fold(ticket.flags, AttendeeFlags::or)
}

/// A name by which one person's tickets are recognized: without case, in one Unicode form, and with single spaces. It
/// keeps umlauts and accents, because Müller and Muller may be two people.
fn person(name: &PreparedName) -> String {
    let words: Vec<_> = name.text().split_whitespace().collect();
    fold(&words.join(" ")).into_owned()
}

fn wrong_type(title: &str) -> String {
    format!("invalid ticket type: {title}")
}
