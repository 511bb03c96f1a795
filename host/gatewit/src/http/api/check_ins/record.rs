//! One record as `gatewit-api.md` §12 lists it.

use gatewit_decision::Refusal;
use gatewit_desk::{CheckIn, Happened};
use std::collections::BTreeMap;

use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, ScannerId, TicketId};
use gatewit_domain::scan::Contract;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::schema;

/// How many refusals a record stands for, by reason.
///
/// Beyond 500 at once and 50 a second, the refusals of one scanner are recorded together, once a second.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Refusals {
    ByReason(BTreeMap<String, u64>),
    /// The same in one table cell: `already_used=3 not_found=20`.
    Cell(String),
}

/// The fields in order; a field without a value is null, and empty in CSV.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckInRecord {
    #[schema(value_type = schema::CheckInId)]
    check_in_id: CheckInId,
    #[schema(value_type = Option<schema::TicketId>)]
    ticket_instance_id: Option<TicketId>,
    ticket_series: Option<String>,
    /// `admitted`, `refused`, or `undone` for a record that takes an admission back.
    #[schema(pattern = "^(admitted|refused|undone)$", example = "admitted")]
    outcome: &'static str,
    /// The code of a refusal; null if the record stands for refusals of several reasons.
    #[schema(example = "already_used")]
    reason: Option<String>,
    #[schema(value_type = Option<BTreeMap<String, u64>>)]
    refusals: Option<Refusals>,
    /// Null for an undo.
    #[schema(example = "in")]
    direction: Option<&'static str>,
    #[schema(format = DateTime)]
    at: String,
    #[schema(format = DateTime)]
    arrived_at: String,
    #[schema(value_type = Option<schema::ScannerId>)]
    scanner_id: Option<ScannerId>,
    /// The contract of a scan.
    #[schema(example = "event-check-in")]
    contract: Option<&'static str>,
    /// The zone of a scan.
    zone: Option<String>,
    checkpoint: Option<String>,
    session_id: Option<String>,
    conflict: bool,
    /// Whether a later record took the admission back.
    undone: bool,
    plugin: Option<String>,
    digest: Option<String>,
    /// The day of the event on which it happened; null if that was on none of its days.
    #[schema(example = "Day 1")]
    day_name: Option<String>,
    /// The admission that an undo took back.
    #[schema(value_type = Option<schema::CheckInId>)]
    undoes: Option<CheckInId>,
}

impl CheckInRecord {
    /// The names of the fields, for the header of a CSV file.
    pub const FIELDS: [&str; 20] = [
        "checkInId",
        "ticketInstanceId",
        "ticketSeries",
        "outcome",
        "reason",
        "refusals",
        "direction",
        "at",
        "arrivedAt",
        "scannerId",
        "contract",
        "zone",
        "checkpoint",
        "sessionId",
        "conflict",
        "undone",
        "plugin",
        "digest",
        "dayName",
        "undoes",
    ];

    pub fn new(check_in: CheckIn, event: &Event) -> Self {
        let reason = reason(&check_in).map(str::to_owned);
        let day_name = event.day_of(check_in.day, check_in.at);
        let (plugin, digest) = check_in
            .plugin
            .map(|plugin| (plugin.name, plugin.digest))
            .unzip();
        let at = event.calendar.rfc3339(check_in.at);
        Self {
            check_in_id: check_in.id,
            ticket_instance_id: check_in.ticket_id,
            ticket_series: check_in.ticket_series,
            outcome: match check_in.outcome {
                Happened::Admitted => "admitted",
                Happened::Refused => "refused",
                Happened::Undone => "undone",
            },
            reason,
            refusals: (!check_in.refusals.is_empty())
                .then_some(Refusals::ByReason(check_in.refusals)),
            direction: match check_in.outcome {
                Happened::Admitted | Happened::Refused => Some("in"),
                Happened::Undone => None,
            },
            arrived_at: at.clone(),
            at,
            scanner_id: check_in.scanner_id,
            contract: check_in.contract.map(Contract::name),
            zone: check_in.zone,
            checkpoint: check_in.scan_point,
            session_id: None,
            conflict: false,
            undone: check_in.undone,
            plugin,
            digest,
            day_name: day_name.map(|day| day.name.clone()),
            undoes: check_in.undoes,
        }
    }

    /// Returns the record as a table row, in which no cell holds an object.
    pub fn into_row(self) -> Self {
        let refusals = self.refusals.map(|refusals| match refusals {
            Refusals::ByReason(counts) => {
                let counts = counts.iter();
                let counts = counts.map(|(reason, count)| format!("{reason}={count}"));
                Refusals::Cell(counts.collect::<Vec<_>>().join(" "))
            }
            Refusals::Cell(text) => Refusals::Cell(text),
        });
        Self { refusals, ..self }
    }
}

fn reason(check_in: &CheckIn) -> Option<&str> {
    let mut reasons = check_in.refusals.keys();
    match (reasons.next(), reasons.next()) {
        (None, _) => check_in.refusal.as_ref().map(Refusal::code),
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => None,
    }
}
