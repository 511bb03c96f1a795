//! `GET /api/v1/tickets/{ticketId}/explain`: when and where a ticket is let in. `gatewit-api.md` §10.

use axum::extract::State;
use gatewit_decision::Refusal;
use gatewit_desk::{Admission, AskedAdmission, Explanation};
use gatewit_domain::calendar::Calendar;
use gatewit_domain::id::TicketId;
use gatewit_domain::problem::ScannerCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::api::events::WindowResponse;
use crate::http::extract::{FromQuery, Id, Organizer, Params, QueryFields};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

mod sentence;

use sentence::sentence;

#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ExplainParams {
    /// The moment, in RFC 3339. Default: now.
    #[param(value_type = Option<String>, format = DateTime, example = "2025-12-15T09:00:00+03:00")]
    at: Option<Timestamp>,
    /// The id or the name of a scan point. Default: none, so that every ticket type is accepted.
    scan_point: Option<String>,
    /// The id of a zone. Default: the scan point's, else the event's first.
    zone: Option<String>,
}

impl FromQuery for ExplainParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        Ok(Self {
            at: query.read("at", "a time such as 2025-12-15T09:00:00+03:00", read_time)?,
            scan_point: query.text("scanPoint")?.map(str::to_owned),
            zone: query.text("zone")?.map(str::to_owned),
        })
    }
}

/// Reads a time in RFC 3339. In a query, the `+` of an offset means a space unless it is encoded.
fn read_time(text: &str) -> Option<Timestamp> {
    let with_plus = || {
        let (time, offset) = text.rsplit_once(' ')?;
        format!("{time}+{offset}").parse().ok()
    };
    text.parse().ok().or_else(with_plus)
}

/// When and where a ticket is let in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainResponse {
    /// Whether the ticket is let in at the moment and place that were asked about.
    admitted: bool,
    /// The code of the refusal that a scan would get; null if the ticket is let in.
    #[schema(example = "not_open")]
    reason: Option<&'static str>,
    /// The first rule that refuses: `ticket`, `day and window`, `earlier entries` or `scan point`.
    #[schema(example = "day and window")]
    rule: Option<&'static str>,
    /// The nearest moment and place at which no rule refuses: from the moment on, else before it.
    nearest: Option<NearestResponse>,
    /// When doors are open for the ticket, in order of opening.
    windows: Vec<WindowResponse>,
}

/// A moment and a place at which the ticket is let in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NearestAdmission)]
pub struct NearestResponse {
    #[schema(format = DateTime, example = "2025-12-15T07:00:00+03:00")]
    at: String,
    /// The id of the scan point; null if the place is a zone.
    #[schema(example = "main-door")]
    scan_point: Option<String>,
    /// The id of the zone.
    #[schema(example = "venue")]
    zone: String,
}

impl NearestResponse {
    fn new(nearest: Admission, calendar: &Calendar) -> Self {
        Self {
            at: calendar.rfc3339(nearest.at),
            scan_point: nearest.scan_point,
            zone: nearest.zone,
        }
    }
}

impl From<Explanation> for ExplainResponse {
    fn from(explanation: Explanation) -> Self {
        let calendar = &explanation.event.event.calendar;
        let refusal = explanation.refusal.as_ref();
        let windows = explanation.windows.into_iter();
        let nearest = explanation.nearest;
        Self {
            admitted: refusal.is_none(),
            reason: refusal.map(Refusal::code),
            rule: refusal.map(Refusal::rule),
            nearest: nearest.map(|nearest| NearestResponse::new(nearest, calendar)),
            windows: windows
                .map(|window| WindowResponse::of(window, calendar))
                .collect(),
        }
    }
}

failures!(ExplainFailures:
    UNPROCESSABLE_ENTITY [ScannerCode::UnknownScanPoint, ScannerCode::UnknownZone]
);

/// Explains when and where a ticket is let in, and which rule refuses it.
///
/// For organizers and staff of the event. Decides as a scan does, and records nothing. `message` says the same in a
/// sentence.
#[utoipa::path(
    get, path = "/api/v1/tickets/{ticketId}/explain", tag = "Tickets", operation_id = "explain_ticket",
    params(("ticketId" = schema::TicketId, Path), ExplainParams),
    responses(
        (status = 200, body = Envelope<ExplainResponse>, description = "The decision, and the nearest admission."),
        ExplainFailures
    )
)]
pub async fn explain(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<TicketId>,
    Params(params): Params<ExplainParams>,
) -> Result<Done<ExplainResponse>, Failure> {
    let is_now = params.at.is_none();
    let asked = AskedAdmission {
        at: params.at,
        scan_point: params.scan_point,
        zone: params.zone,
    };
    let explanation = desk.admissions.explain(&caller, id, &asked).await?;
    let words = sentence(&explanation, is_now);
    Ok(Done::ok(words, explanation.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_and_without_its_plus_encoded() {
        let expected = "2025-12-15T06:00:00Z".parse().ok();
        for text in [
            "2025-12-15T06:00:00Z",
            "2025-12-15T09:00:00+03:00",
            "2025-12-15T09:00:00 03:00",
        ] {
            assert_eq!(read_time(text), expected, "{text}");
        }
        for text in [
            "",
            "now",
            "2025-12-15",
            "2025-12-15T09:00:00",
            "2025-12-15 09:00",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
