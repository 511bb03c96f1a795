//! Checks whether somebody is an attendee: a ticketing system's tickets, the questions, and the answers.
//! `gatewit-api.md` §9, `fact-check-in.md` §1.
//!
//! Pure: uses no HTTP and no store. The caller passes the tickets that a question may be about.

use crate::names::PreparedName;

mod asked;
mod counting;
mod question;
mod request;
mod set;
mod statistics;
mod validation;

pub use crate::email::EmailAddress;
pub use asked::{Asked, FieldFault};
pub use counting::AddonCounting;
pub use question::{AttendeeQuestion, NameQuestion};
pub use request::{OrderId, TicketReference};
pub use set::{AttendeeRules, SetBuilder, SourceSet};
pub use statistics::{AddonStatistics, AddonTypes, ShirtVariant};
pub use validation::{
    AttendeeAnswer, AttendeeQuery, Finding, NameAnswer, NameQuery, Sought, Verdict, is_attendee,
};

/// The parts of a ticketing system's ticket that validation uses. Cancelled tickets make nobody an attendee, and the
/// caller leaves them out; pending ones count.
#[derive(Clone, Debug)]
pub struct Attendee {
    /// The ticket's reference as its holder knows it: `MH9CG-2`.
    pub reference: TicketReference,
    /// The code of the order that it belongs to.
    pub order: OrderId,
    /// The holder's name as on the ticket.
    pub name: PreparedName,
    /// The holder's own addresses; empty if unknown or malformed.
    pub emails: Vec<EmailAddress>,
    /// The attributes of this ticket alone.
    pub flags: AttendeeFlags,
    /// The title of its type, if tickets of that type make nobody an attendee, such as tickets to a party only.
    pub wrong_type: Option<Box<str>>,
    /// False for items that admit nobody, such as a T-shirt. The name on them does not match.
    pub admits: bool,
}

/// The built-in attributes of the attendee-validation contract, in the order of its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttendeeFlags {
    /// Gives a talk.
    pub is_speaker: bool,
    /// Gives a keynote.
    pub is_keynote: bool,
    /// Comes for a sponsor.
    pub is_sponsor: bool,
    /// Organizes the event.
    pub is_organizer: bool,
    /// Helps at the event.
    pub is_volunteer: bool,
    /// Attends from elsewhere.
    pub is_remote: bool,
    /// Attends at the venue.
    pub is_onsite: bool,
    /// Is a guest of the organizers.
    pub is_guest: bool,
    /// May use the online platform.
    pub online_access: bool,
}

impl AttendeeFlags {
    /// The names of all flags, in order.
    pub const NAMES: [&str; 9] = [
        "is_speaker",
        "is_keynote",
        "is_sponsor",
        "is_organizer",
        "is_volunteer",
        "is_remote",
        "is_onsite",
        "is_guest",
        "online_access",
    ];

    /// Reads the flags from a ticket's attributes. A missing flag is false; the last of several values counts.
    pub fn of(attributes: &[(String, bool)]) -> Self {
        Self::of_bits(Self::bits(attributes))
    }

    /// Returns the flags that are set in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let (own, others) = (self.held(), other.held());
        std::array::from_fn(|flag| own[flag] || others[flag]).into()
    }

    /// The flags in the order of their names.
    fn held(self) -> [bool; 9] {
        [
            self.is_speaker,
            self.is_keynote,
            self.is_sponsor,
            self.is_organizer,
            self.is_volunteer,
            self.is_remote,
            self.is_onsite,
            self.is_guest,
            self.online_access,
        ]
    }

    /// Encodes the flags among a ticket's attributes as one number.
    fn bits(attributes: &[(String, bool)]) -> u16 {
        attributes.iter().fold(0, |bits, (name, is_held)| {
            let flag = Self::NAMES.iter().position(|flag| flag == name);
            let bit = flag.map_or(0, |flag| 1 << flag);
            if *is_held { bits | bit } else { bits & !bit }
        })
    }

    /// Decodes a number of [`AttendeeFlags::bits`].
    fn of_bits(bits: u16) -> Self {
        let mut flags = [false; Self::NAMES.len()];
        for (flag, is_held) in flags.iter_mut().enumerate() {
            *is_held = bits & 1 << flag != 0;
        }
        flags.into()
    }
}

impl From<[bool; 9]> for AttendeeFlags {
    /// Takes the flags in the order of their names.
    fn from(flags: [bool; 9]) -> Self {
        let [
            is_speaker,
            is_keynote,
            is_sponsor,
            is_organizer,
            is_volunteer,
            is_remote,
            is_onsite,
            is_guest,
            online_access,
        ] = flags;
        Self {
            is_speaker,
            is_keynote,
            is_sponsor,
            is_organizer,
            is_volunteer,
            is_remote,
            is_onsite,
            is_guest,
            online_access,
        }
    }
}
