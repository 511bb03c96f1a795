//! Rows of an export of version 1 in the tables of today. Pure.
//!
//! There, keys did not begin with the event; a scan was a row of its own that an undo changed; entries, counts and
//! repeated answers were stored beside it. They follow from records.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail, ensure};
use gatewit_desk::tables::{
    COMPACT_TOKENS, DEVICES, Device, EventScanner, EventTicket, EventWindows, ORDERS, OrderTicket,
    RECORDS, SCANNER_EVENTS, SCANNERS, TICKET_EVENTS, TICKET_TOKENS, TICKETS, WINDOWS, event_rows,
    imported,
};
use gatewit_domain::digest::Digest;
use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, EventId, ScannerId, TicketId};
use gatewit_domain::ports::{Key, Write};
use gatewit_domain::record::Record;
use gatewit_domain::scanner::{Fingerprint, Scanner};
use gatewit_domain::ticket::Ticket;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

mod check_in;
use check_in::{CheckIn, answer, unknown_windows};

/// A row of the export.
pub(super) type Row = (Key, Box<RawValue>);

/// Tables that follow from others.
const DROPPED: [&str; 12] = [
    "check_ins",
    "entries",
    "event_scanners",
    "event_tickets",
    "folded_orders",
    "orders",
    "repeats",
    "scanner_admitted",
    "scanner_refused",
    "scanner_seen",
    "spelled_ids",
    "spelled_ids_2",
];

/// Tables whose rows are as they were.
const UNCHANGED: [&str; 13] = [
    "credential_codes",
    "desk_requests",
    "had_scanners",
    "issue_requests",
    "issues",
    "registration_tokens",
    "series",
    "slugs",
    "source_rows",
    "source_types",
    "sources",
    "taken_in",
    "ticket_codes",
];

/// An entry, as it was stored beside its scan.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    check_in_id: CheckInId,
    from_outside: bool,
}

/// A stored answer.
#[derive(Deserialize)]
struct Answer {
    request: String,
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    check_in_id: CheckInId,
}

/// What rows say of each other.
#[derive(Default)]
struct Known {
    tickets: HashMap<TicketId, Ticket>,
    scanners: HashMap<ScannerId, EventId>,
    from_outside: HashMap<CheckInId, bool>,
    requests: HashMap<CheckInId, Digest>,
    check_ins: BTreeMap<EventId, Vec<CheckIn>>,
}

/// Returns the writes that store the rows of an export of version 1. Fails if it cannot tell what one of them means.
pub(super) fn converted(rows: &[Row]) -> anyhow::Result<Vec<Write>> {
    let mut known = Known::default();
    for (number, (key, value)) in rows.iter().enumerate() {
        known.add(key, value).with_context(|| cannot(number, key))?;
    }
    let mut writes = Vec::with_capacity(rows.len());
    for (number, (key, value)) in rows.iter().enumerate() {
        let written = known.converted(key, value);
        writes.extend(written.with_context(|| cannot(number, key))?);
    }
    known.append_records(&mut writes);
    Ok(writes)
}

fn cannot(number: usize, key: &Key) -> String {
    // The header is the first line.
    format!("cannot read line {}, a row of {}", number + 2, key.table())
}

fn read<V: DeserializeOwned>(value: &RawValue) -> anyhow::Result<V> {
    // Omits the parser's words, which may hold personal data.
    serde_json::from_str(value.get()).map_err(|err| anyhow!("error at column {}", err.column()))
}

/// Reads the id at the end of a key.
fn id_of<V: FromStr>(key: &Key) -> anyhow::Result<V> {
    let text = str::from_utf8(key.as_bytes())?;
    let (_, id) = text.rsplit_once('/').context("its key has no parts")?;
    id.parse().map_err(|_| anyhow!("its key has no id"))
}

impl Known {
    fn add(&mut self, key: &Key, value: &RawValue) -> anyhow::Result<()> {
        match &*key.table() {
            "tickets" => {
                let ticket: Ticket = read(value)?;
                self.tickets.insert(ticket.id, ticket);
            }
            "scanners" => {
                let scanner: Scanner = read(value)?;
                self.scanners.insert(scanner.id, scanner.event_id);
            }
            "entries" => {
                let entries: Vec<Entry> = read(value)?;
                let entries = entries.into_iter();
                let entries = entries.map(|entry| (entry.check_in_id, entry.from_outside));
                self.from_outside.extend(entries);
            }
            "repeats" => {
                let answer: Answer = read(value)?;
                let request = answer.request.get(..32).unwrap_or_default().parse()?;
                self.requests.insert(answer.outcome.check_in_id, request);
            }
            "check_ins" => {
                let check_in: CheckIn = read(value)?;
                let of_event = self.check_ins.entry(check_in.event_id).or_default();
                of_event.push(check_in);
            }
            _ => {}
        }
        Ok(())
    }

    fn converted(&self, key: &Key, value: &RawValue) -> anyhow::Result<Vec<Write>> {
        let table = key.table();
        Ok(match &*table {
            "tickets" => {
                let ticket: Ticket = read(value)?;
                check_id(&ticket)?;
                let order = ticket.booking_reference.clone();
                vec![
                    TICKET_EVENTS.put(&ticket.id, &ticket.event_id),
                    ORDERS.put(&OrderTicket(ticket.event_id, order, ticket.id), &()),
                    TICKETS.put(&EventTicket(ticket.event_id, ticket.id), &ticket),
                ]
            }
            "ticket_tokens" | "compact_tokens" => {
                let tokens = match &*table {
                    "ticket_tokens" => TICKET_TOKENS,
                    _ => COMPACT_TOKENS,
                };
                let token: Arc<str> = read(value)?;
                let ticket = self.tickets.get(&id_of(key)?);
                let ticket = ticket.context("its ticket is missing")?;
                vec![tokens.put(&EventTicket(ticket.event_id, ticket.id), &token)]
            }
            "scanners" => {
                let scanner: Scanner = read(value)?;
                vec![
                    SCANNER_EVENTS.put(&scanner.id, &scanner.event_id),
                    SCANNERS.put(&EventScanner(scanner.event_id, scanner.id), &scanner),
                ]
            }
            "events" => {
                let event: Event = read(value)?;
                event_rows(&event).to_vec()
            }
            "devices" => {
                let ids: Vec<ScannerId> = read(value)?;
                let of_event = |id: &ScannerId| Some(EventScanner(*self.scanners.get(id)?, *id));
                let scanners: Option<_> = ids.iter().map(of_event).collect();
                let scanners = scanners.context("one of its scanners is missing")?;
                vec![DEVICES.put(&device(key)?, &scanners)]
            }
            table if DROPPED.contains(&table) => Vec::new(),
            table if UNCHANGED.contains(&table) => vec![imported(key.clone(), value)?],
            _ => bail!("there was no such table"),
        })
    }

    /// Appends the records of every event, in the order of time.
    fn append_records(self, writes: &mut Vec<Write>) {
        for (event, check_ins) in self.check_ins {
            let mut answers = HashMap::new();
            let mut records = Vec::new();
            for check_in in check_ins {
                if let Some(plugin) = &check_in.plugin {
                    answers.insert(answer(plugin), unknown_windows(plugin, check_in.at));
                }
                if let Some(undo) = check_in.undo_record() {
                    // Its scan comes first, even if the clock was set back between them.
                    records.push((undo.at.max(check_in.at), Record::Undo(undo)));
                }
                let ticket = check_in.ticket_id.and_then(|id| self.tickets.get(&id));
                let request = self.requests.get(&check_in.id).copied();
                let from_outside = self.from_outside.get(&check_in.id).copied();
                let at = check_in.at;
                records.push((at, check_in.record(ticket, request, from_outside)));
            }
            for (digest, answer) in answers {
                writes.push(WINDOWS.put(&EventWindows(event, digest), &answer));
            }
            append(event, records, writes);
        }
    }
}

/// Numbers the records of an event, and tells undos the numbers of what they undo.
fn append(event: EventId, mut records: Vec<(Timestamp, Record)>, writes: &mut Vec<Write>) {
    // An undo comes after its scan, even at the same moment.
    records.sort_by_key(|(at, record)| (*at, matches!(record, Record::Undo(_))));
    let mut numbers = HashMap::new();
    for (number, (_, mut record)) in (1..).zip(records) {
        numbers.insert(record.id(), number);
        if let Record::Undo(undo) = &mut record {
            undo.sequence = numbers.get(&undo.undoes).copied().unwrap_or_default();
        }
        writes.push(RECORDS.append(event, &record));
    }
}

/// Reads the key of a device: `devices/{length}:{organization}/{fingerprint}`.
fn device(key: &Key) -> anyhow::Result<Device> {
    let text = str::from_utf8(key.as_bytes())?;
    let parts = text
        .strip_prefix("devices/")
        .and_then(|text| text.split_once(':'));
    let (length, rest) = parts.context("its key has no length")?;
    let cut = rest.split_at_checked(length.parse()?);
    let (org, fingerprint) = cut.context("its key is cut short")?;
    let fingerprint = Fingerprint::parse(fingerprint.strip_prefix('/').unwrap_or_default());
    let fingerprint = fingerprint.map_err(|_| anyhow!("its key has no fingerprint"))?;
    Ok(Device(org.to_owned(), fingerprint))
}

/// Refuses a ticket of a source whose id does not follow from its reference: the next sync would make it anew, and both
/// would let in.
fn check_id(ticket: &Ticket) -> anyhow::Result<()> {
    if let Some(origin) = &ticket.origin {
        let id = TicketId::of_source(ticket.event_id, &origin.source, &origin.reference);
        ensure!(
            ticket.id == id,
            "the id of ticket {} does not follow from its reference at {}, so the next sync would add it once more and \
             both would let in",
            ticket.id,
            origin.source
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a22ba3-08a0-742f-b997-b106773b788e";

    fn row(key: &str, value: &str) -> Row {
        let value = RawValue::from_string(value.to_owned());
        (Key::new(key.to_owned()), value.unwrap())
    }

    #[track_caller]
    fn check_refused(key: &str, value: &str, words: &str) {
        let slug = row("slugs/default/summit", &format!("\"{ID}\""));
        let refused = converted(&[slug, row(key, value)]).err().unwrap();
        assert_eq!(format!("{refused:#}"), words);
    }

    #[test]
    fn a_row_that_means_nothing_is_named_and_never_left_out() {
        check_refused(
            "presents/1",
            "1",
            "cannot read line 3, a row of presents: there was no such table",
        );
        for table in ["ticket_tokens", "compact_tokens"] {
            let words = format!("cannot read line 3, a row of {table}: its ticket is missing");
            check_refused(&format!("{table}/{ID}"), "\"eyJ\"", &words);
        }
        check_refused(
            "devices/7:default/fingerprint-1",
            &format!("[\"{ID}\"]"),
            "cannot read line 3, a row of devices: one of its scanners is missing",
        );
        check_refused(
            "tickets/1",
            "{}",
            "cannot read line 3, a row of tickets: error at column 2",
        );
    }

    #[test]
    fn a_ticket_that_the_next_sync_would_add_again_is_refused() {
        let ticket = serde_json::json!({
            "id": ID, "eventId": ID, "typeId": "vip", "series": "AAAA-1", "state": "ACTIVE",
            "attendeeName": "Ada", "attendeeEmail": null, "bookingReference": "AAAA", "credentialCode": null,
            "attributes": {}, "details": {}, "issuedAt": "2025-12-15T06:00:00Z",
            "origin": {"source": "crew", "reference": "AAAA-1", "codes": ["one"], "state": "valid"},
        });
        let words = format!(
            "cannot read line 3, a row of tickets: the id of ticket {ID} does not follow from its reference at crew, so \
             the next sync would add it once more and both would let in"
        );
        check_refused(&format!("tickets/{ID}"), &ticket.to_string(), &words);
        let mut ticket: Ticket = serde_json::from_value(ticket).unwrap();
        let source = &ticket.origin.as_ref().unwrap().source;
        ticket.id = TicketId::of_source(ticket.event_id, source, "AAAA-1");
        check_id(&ticket).unwrap();
    }
}
