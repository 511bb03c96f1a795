//! Scans and their undoing: `event-check-in.txt` 7, `gatewit-api.md` §5, §6.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gatewit_decision::Refusal;
use gatewit_desk::{Answered, DeskError, UndoneBy};
use gatewit_domain::id::CheckInId;
use gatewit_domain::problem::{CheckInCode, Problem, RequestCode, ScannerCode};
use gatewit_domain::scan::{
    Contract, Intent, Location, Presented, Scan, ScannedAt, ScannedBy, Station, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::answer::{BorrowedEnvelope, Done, Envelope, Failure};
use crate::http::extract::{Body, Device, IdempotencyHeader, ScannerOrOrganizer};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::{App, Shared};

mod outcome;
pub use outcome::ValidateTicketResponse;

/// The paths of scans. Those of scanners are in `http/api`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(validate))
        .routes(routes!(undo))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidateRequest {
    /// The content of the QR code.
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln")]
    jwt_token: String,
    #[schema(example = "019b2045-5a00-7c3e-9d5e-2f1a8b7c6d5e")]
    scanner_id: String,
    #[schema(example = "abc123def456hash")]
    device_fingerprint: String,
    #[schema(example = "Gate A")]
    check_in_location: Option<String>,
    /// A name for the scan that makes repeating it safe, as the header `Idempotency-Key` does.
    scan_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoRequest {
    #[schema(example = "019b2045-5a00-7c3e-9d5e-2f1a8b7c6d5e")]
    check_in_id: String,
    #[schema(min_length = 1, example = "Scanned by mistake")]
    reason: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoResponse {
    #[schema(value_type = schema::CheckInId)]
    check_in_id: CheckInId,
    undone: bool,
    #[schema(format = DateTime)]
    undone_at: String,
    /// The scanner or organizer that undid the admission.
    undone_by: String,
    reason: String,
}

failures!(ValidateFailures:
    FORBIDDEN [ScannerCode::Mismatch]
    NOT_FOUND [RequestCode::NotFound]
    CONFLICT [RequestCode::IdempotencyMismatch]
    UNPROCESSABLE_ENTITY [CheckInCode::InvalidScan]
);

/// Scans a ticket, and lets its holder in if it may.
///
/// A refusal answers 200 with `valid: false` and the reason; it is recorded like an admission.
#[utoipa::path(
    post, path = "/api/v1/check-in/validate", tag = "Scans", operation_id = "validate_ticket",
    params(("Idempotency-Key" = Option<String>, Header, description = "The scan's own name; as `scanId`.")),
    request_body = ValidateRequest,
    responses(
        (status = 200, body = Envelope<ValidateTicketResponse>, description = "What became of the scan."),
        ValidateFailures
    ),
    security(("scanner" = []))
)]
pub async fn validate(
    State(desk): State<Shared>,
    device: Device,
    key: IdempotencyHeader,
    Body(request): Body<ValidateRequest>,
) -> Result<Response, Failure> {
    let idempotency = key.or(request.scan_id.as_deref())?;
    let location = request.check_in_location.as_deref().map(Location::parse);
    let location = location.transpose().map_err(DeskError::Unacceptable)?;
    let scan = Scan {
        station: Station {
            by: ScannedBy::Scanner {
                proof: device.proof,
                claimed_scanner: request.scanner_id,
                claimed_fingerprint: request.device_fingerprint,
            },
            contract: Contract::EventCheckIn,
            event: device.proof.event_id,
            location,
        },
        presented: Presented::scanned(&request.jwt_token),
        at: ScannedAt::Now,
        intent: Intent::Admit,
        idempotency,
    };
    let answered = desk.admissions.admit(&scan).await?;
    device.judged(&answered.outcome.verdict);
    print(&answered)
}

/// Prints an outcome in the contract's envelope; `success` is true if the ticket is valid.
fn print(answered: &Answered) -> Result<Response, Failure> {
    if let Verdict::Refused(Refusal::ScannerMismatch) = answered.outcome.verdict {
        let words =
            "these credentials belong to another scanner or another device; register this one";
        return Err(DeskError::Forbidden(Problem::new(ScannerCode::Mismatch, words)).into());
    }
    let data = ValidateTicketResponse::from(answered);
    let envelope = BorrowedEnvelope {
        success: data.valid,
        message: &data.message,
        data: &data,
    };
    Ok(envelope.into_response())
}

failures!(UndoFailures:
    FORBIDDEN [
        RequestCode::NotEventOrganizer, CheckInCode::NotOwn, ScannerCode::Revoked, CheckInCode::UndoTooLate
    ]
    UNPROCESSABLE_ENTITY [CheckInCode::InvalidUndo, CheckInCode::Unknown, CheckInCode::NotAdmitted]
);

/// Undoes an admission: the ticket can enter again, and both records stay.
///
/// The scanner that admitted the ticket may do so within 15 minutes, an organizer at any time.
#[utoipa::path(
    post, path = "/api/v1/check-in/undo", tag = "Scans", operation_id = "undo_check_in",
    request_body = UndoRequest,
    responses(
        (status = 200, body = Envelope<UndoResponse>, description = "It is taken back."),
        UndoFailures
    ),
    security(("HTTPBearer" = []), ("scanner" = []))
)]
pub async fn undo(
    State(desk): State<Shared>,
    who: ScannerOrOrganizer,
    Body(request): Body<UndoRequest>,
) -> Result<Done<UndoResponse>, Failure> {
    let by = match who {
        ScannerOrOrganizer::Scanner(proof) => UndoneBy::Scanner(proof),
        ScannerOrOrganizer::Organizer(caller) => UndoneBy::Organizer(caller),
    };
    let undone = desk
        .admissions
        .undo(&by, &request.check_in_id, &request.reason)
        .await?;
    let response = UndoResponse {
        check_in_id: undone.undo.undoes,
        undone: true,
        undone_at: undone.event.event.calendar.rfc3339(undone.undo.at),
        undone_by: undone.undo.by.to_string(),
        reason: undone.undo.reason,
    };
    Ok(Done::ok(
        "Check-in taken back: the ticket can enter again",
        response,
    ))
}
