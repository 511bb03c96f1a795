//! One recorded scan as `gatewit-api.md` §12 lists it.

use gatewit_domain::calendar::Calendar;
use gatewit_domain::id::{CheckInId, ScannerId, TicketId};
use gatewit_domain::scan::{CheckIn, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

/// The fields in their order; a field without a value is null, in CSV empty.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckInRecord {
    check_in_id: CheckInId,
    ticket_instance_id: Option<TicketId>,
    ticket_series: Option<String>,
    /// `admitted` or `refused`.
    #[schema(pattern = "^(admitted|refused)$", example = "admitted")]
    outcome: &'static str,
    reason: Option<&'static str>,
    #[schema(example = "in")]
    direction: &'static str,
    #[schema(format = DateTime)]
    at: String,
    #[schema(format = DateTime)]
    arrived_at: String,
    scanner_id: Option<ScannerId>,
    #[schema(example = "event-check-in")]
    contract: &'static str,
    zone: String,
    checkpoint: Option<String>,
    session_id: Option<String>,
    conflict: bool,
    undone: bool,
    plugin: Option<String>,
    digest: Option<String>,
}

impl CheckInRecord {
    /// The names of the fields, as a CSV file heads them.
    pub const FIELDS: [&str; 17] = [
        "checkInId",
        "ticketInstanceId",
        "ticketSeries",
        "outcome",
        "reason",
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
    ];

    pub fn new(check_in: CheckIn, calendar: &Calendar) -> Self {
        let (plugin, digest) = check_in
            .plugin
            .map(|plugin| (plugin.name, plugin.digest))
            .unzip();
        let at = calendar.rfc3339(check_in.at);
        Self {
            check_in_id: check_in.id,
            ticket_instance_id: check_in.ticket_id,
            ticket_series: check_in.ticket_series,
            outcome: match check_in.refusal {
                None => "admitted",
                Some(_) => "refused",
            },
            reason: check_in.refusal.as_ref().map(Refusal::code),
            direction: "in",
            arrived_at: at.clone(),
            at,
            scanner_id: check_in.scanner_id,
            contract: check_in.contract.name(),
            zone: check_in.zone,
            checkpoint: check_in.scan_point,
            session_id: None,
            conflict: false,
            undone: check_in.undo.is_some(),
            plugin,
            digest,
        }
    }
}
