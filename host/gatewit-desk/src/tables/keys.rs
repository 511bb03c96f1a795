//! The keys of the tables. What belongs to an event begins with the event's id, so that it can be read by that prefix.

use gatewit_domain::digest::Digest;
use gatewit_domain::id::{CheckInId, EventId, IssueId, ScannerId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::scan::IdempotencyKey;
use gatewit_domain::scanner::{Fingerprint, TokenText};
use gatewit_domain::source::{LogPosition, SourceName};
use serde::{Deserialize, Serialize};

/// The key of a value in a table. At most one component may contain `/`, so keys stay unambiguous.
pub trait KeyText {
    /// Appends the key's text, without the name of the table. Runs for every scan, so it formats nothing.
    fn append_to(&self, key: &mut Vec<u8>);
}

/// A ticket within its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTicket(pub EventId, pub TicketId);

/// A ticket within its order, in any spelling of the order.
pub struct OrderTicket(pub EventId, pub String, pub TicketId);

/// A code, without outer space, within its event.
pub struct EventCode(pub EventId, pub String);

/// A ticket type, in capitals, within its event.
pub struct EventSeries(pub EventId, pub String);

/// A record within its event, by its number.
pub struct EventRecord(pub EventId, pub u64);

/// An answer of strategies within its event.
pub struct EventWindows(pub EventId, pub Digest);

/// An entry of a ticket, by the number of its record.
pub struct TicketEntry(pub EventId, pub TicketId, pub u64);

/// A revision of an event.
pub struct EventRevision(pub EventId, pub u64);

/// A scanner within its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventScanner(pub EventId, pub ScannerId);

/// A device within an organization.
pub struct Device(pub String, pub Fingerprint);

/// One row of one of a source's logs.
pub struct LogRow(pub SourceName, pub LogPosition);

/// Something that happened to a plugin.
pub struct PluginNumber(pub String, pub u64);

/// A source attached to an event.
pub struct EventSource(pub EventId, pub SourceName);

/// An issue within its event.
pub struct EventIssue(pub EventId, pub IssueId);

/// A request of staff that may be sent again: the caller and the idempotency key, which count for all events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerKey(pub String, pub IdempotencyKey);

/// A scan that may be sent again: its event, its caller and its idempotency key.
pub struct ScanKey(pub EventId, pub String, pub IdempotencyKey);

/// Returns the prefix of all keys of an event.
pub fn of_event(event: EventId) -> String {
    [&*event.to_string(), "/"].concat()
}

/// Returns the key of a slug, which holds no slash: `{org}/{slug}`.
pub fn slug_key(org_id: &str, slug: &str) -> String {
    [org_id, "/", slug].concat()
}

macro_rules! texts {
    ($($kind:ty),*) => {$(
        impl KeyText for $kind {
            fn append_to(&self, key: &mut Vec<u8>) {
                key.extend_from_slice(self.as_str().as_bytes());
            }
        }
    )*};
}

macro_rules! ids {
    ($($kind:ident),*) => {$(
        impl KeyText for $kind {
            fn append_to(&self, key: &mut Vec<u8>) {
                $kind::append_to(*self, key);
            }
        }
    )*};
}

/// The keys of two parts.
macro_rules! pairs {
    ($($kind:ident),*) => {$(
        impl KeyText for $kind {
            fn append_to(&self, key: &mut Vec<u8>) {
                append(key, [&self.0, &self.1]);
            }
        }
    )*};
}

texts!(String, TokenText, SourceName, IdempotencyKey);
ids!(EventId, TicketId, ScannerId, CheckInId, IssueId);
pairs!(
    PluginNumber,
    EventTicket,
    EventCode,
    EventSeries,
    EventRecord,
    EventRevision,
    EventWindows,
    EventScanner,
    EventSource,
    EventIssue,
    CallerKey
);

impl KeyText for OrderTicket {
    fn append_to(&self, key: &mut Vec<u8>) {
        append(key, [&self.0, &fold(&self.1).into_owned(), &self.2]);
    }
}

impl KeyText for ScanKey {
    fn append_to(&self, key: &mut Vec<u8>) {
        append(key, [&self.0, &self.1, &self.2]);
    }
}

impl KeyText for u32 {
    fn append_to(&self, key: &mut Vec<u8>) {
        append_hex(key, &self.to_be_bytes());
    }
}

impl KeyText for u64 {
    fn append_to(&self, key: &mut Vec<u8>) {
        append_hex(key, &self.to_be_bytes());
    }
}

impl KeyText for Digest {
    fn append_to(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self.to_string().as_bytes());
    }
}

impl KeyText for TicketEntry {
    fn append_to(&self, key: &mut Vec<u8>) {
        append(key, [&self.0, &self.1, &self.2]);
    }
}

impl KeyText for Device {
    /// Both parts are free text, so the first is prefixed with its length.
    fn append_to(&self, key: &mut Vec<u8>) {
        let length = self.0.len().to_string();
        for part in [&length, ":", &self.0, "/", self.1.as_str()] {
            key.extend_from_slice(part.as_bytes());
        }
    }
}

impl KeyText for LogRow {
    fn append_to(&self, key: &mut Vec<u8>) {
        append(key, [&self.0, &self.1.log, &self.1.row]);
    }
}

/// Appends a number in hexadecimal digits, as many as its type has.
fn append_hex(key: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
        key.extend([high, low]);
    }
}

/// Appends parts, with `/` between them.
fn append<const PARTS: usize>(key: &mut Vec<u8>, parts: [&dyn KeyText; PARTS]) {
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            key.push(b'/');
        }
        part.append_to(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{DEVICES, ORDERS, SOURCE_ROWS, TICKETS};

    #[track_caller]
    fn check(key: gatewit_domain::ports::Key, expected: &str) {
        assert_eq!(String::from_utf8_lossy(key.as_bytes()), expected);
    }

    #[test]
    fn keys_read_as_documented() {
        let event: EventId = "0190a5d6-0000-7000-8000-00000000abcd".parse().unwrap();
        let ticket: TicketId = "0190A5D6-0000-7000-8000-000000000001".parse().unwrap();
        check(
            TICKETS.key(&EventTicket(event, ticket)),
            "tickets/0190a5d6-0000-7000-8000-00000000abcd/0190a5d6-0000-7000-8000-000000000001",
        );
        check(
            ORDERS.key(&OrderTicket(event, " a/b ".to_owned(), ticket)),
            "orders/0190a5d6-0000-7000-8000-00000000abcd/A/B/0190a5d6-0000-7000-8000-000000000001",
        );
        let source = SourceName::parse("box-office").unwrap();
        check(
            SOURCE_ROWS.key(&LogRow(source, LogPosition { log: 1, row: 255 })),
            "source_rows/box-office/00000001/000000ff",
        );
        let fingerprint = Fingerprint::parse("fp:1/2-of-a-phone").unwrap();
        check(
            DEVICES.key(&Device("a:b".to_owned(), fingerprint)),
            "devices/3:a:b/fp:1/2-of-a-phone",
        );
    }
}
