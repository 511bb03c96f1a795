//! Ids: one UUID type for each kind, so that a ticket's id is never taken for a scanner's.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many characters of an id's text encode its time, to the millisecond: twelve digits and a hyphen.
const TIME_LENGTH: usize = 13;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id that sorts by `now` (UUID version 7) and cannot be guessed.
            pub fn new(now: Timestamp) -> Self {
                Self(time_ordered(now))
            }

            /// Appends its text to a key.
            pub fn append_to(self, key: &mut Vec<u8>) {
                let mut text = Uuid::encode_buffer();
                key.extend_from_slice(self.0.hyphenated().encode_lower(&mut text).as_bytes());
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// Identifies an event.
    EventId;
    /// Identifies a ticket: `ticketInstanceId` in the contracts.
    TicketId;
    /// Identifies the tickets that one request issued.
    IssueId;
    /// Identifies a registered scanner.
    ScannerId;
    /// Identifies a registration token without revealing it.
    TokenId;
    /// Identifies one recorded scan, admitted or refused.
    CheckInId;
}

impl EventId {
    /// Random bits from the id.
    pub(crate) fn salt(self) -> u32 {
        self.0.as_u128() as u32
    }
}

impl TicketId {
    /// The common prefix of the texts of exactly those ids that were made at a moment: their 48 bits of time.
    pub fn prefix_of(moment: Timestamp) -> String {
        let mut text = Self::new(moment).to_string();
        text.truncate(TIME_LENGTH);
        text
    }

    /// Makes an id from the beginning of a digest (UUID version 8).
    pub(crate) fn of_digest(digest: &[u8; 32]) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Makes an id with 74 random bits. `uuid` is built with `fast-rng`: they are of a cryptographic generator (ChaCha12) that
/// each thread seeds from the system and seeds anew after every 64 KiB, so that no id tells anything about another.
fn time_ordered(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(
        uuid::NoContext,
        seconds,
        nanoseconds,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = TicketId::new("2025-12-15T09:00:00Z".parse().unwrap());
        let late = TicketId::new("2025-12-15T09:00:01Z".parse().unwrap());
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn ids_of_one_moment_and_no_others_begin_alike() {
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let prefix = TicketId::prefix_of(moment("2025-12-15T09:00:00.001Z"));
        let begins = |time| TicketId::new(moment(time)).to_string().starts_with(&prefix);
        assert!(begins("2025-12-15T09:00:00.001Z") && begins("2025-12-15T09:00:00.0019Z"));
        assert!(!begins("2025-12-15T09:00:00Z") && !begins("2025-12-15T09:00:00.002Z"));
    }
}
