//! Registration tokens, each of which makes one device a scanner: `event-check-in.txt` 1–2, `gatewit-api.md` §6.

use axum::extract::State;
use gatewit_desk::{DeskError, TokenStatus};
use gatewit_domain::id::{EventId, TokenId};
use gatewit_domain::problem::{EventCode, RequestCode, ScannerCode};
use gatewit_domain::scanner::{Place, ScannerName, TokenText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{Body, Organizer, PathText};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GenerateRequest {
    #[schema(example = "019b2045-5a00-7c3e-9d5e-2f1a8b7c6d5e")]
    event_id: String,
    #[schema(min_length = 3, max_length = 200, example = "Gate A - Main Entrance")]
    scanner_name: String,
    /// Assigns the scanner to a scan point of the event.
    scan_point: Option<String>,
    /// Assigns the scanner to a zone of the event, regardless of its scan point's zone.
    zone: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationTokenResponse {
    #[schema(value_type = schema::TokenId)]
    token_id: TokenId,
    #[schema(value_type = schema::TokenText)]
    token: TokenText,
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(example = "East African Tech Summit 2025")]
    event_name: String,
    #[schema(value_type = schema::ScannerName)]
    scanner_name: ScannerName,
    scan_point: Option<String>,
    zone: Option<String>,
    #[schema(format = DateTime, example = "2025-12-11T10:35:00Z")]
    expires_at: String,
    validity_minutes: i64,
    remaining_seconds: i64,
    /// The URL that the scanner app reads to register.
    #[schema(example = "scannerapp://register?token=REG-ABC12345-DEF67890")]
    qr_code_data: String,
    is_valid: bool,
    used: bool,
}

impl From<TokenStatus> for RegistrationTokenResponse {
    fn from(status: TokenStatus) -> Self {
        let token = status.token;
        Self {
            token_id: token.id,
            event_id: token.event_id,
            event_name: status.event.event.name.clone(),
            expires_at: status.event.event.calendar.rfc3339(token.expires_at),
            validity_minutes: token.expires_at.duration_since(token.created_at).as_mins(),
            remaining_seconds: token.remaining_seconds(status.now),
            qr_code_data: token.token.link(),
            is_valid: token.is_valid(status.now),
            used: token.used_by.is_some(),
            token: token.token,
            scanner_name: token.scanner_name,
            scan_point: token.place.scan_point,
            zone: token.place.zone,
        }
    }
}

failures!(GenerateTokenFailures:
    FORBIDDEN [RequestCode::NotEventOrganizer]
    NOT_FOUND [RequestCode::NotFound]
    UNPROCESSABLE_ENTITY [
        ScannerCode::InvalidName, ScannerCode::UnknownScanPoint, ScannerCode::UnknownZone,
        EventCode::NotPublished
    ]
);

/// Creates a token that registers one scanner.
#[utoipa::path(
    post, path = "/api/v1/check-in/tokens/generate", tag = "Scanners",
    request_body = GenerateRequest,
    responses(
        (status = 200, body = Envelope<RegistrationTokenResponse>, description = "The token, shown as a QR code."),
        GenerateTokenFailures
    )
)]
pub async fn generate_token(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Body(request): Body<GenerateRequest>,
) -> Result<Done<RegistrationTokenResponse>, Failure> {
    let event: Result<EventId, _> = request.event_id.parse();
    let event = event.map_err(|_| DeskError::not_found("event", &request.event_id))?;
    let name = ScannerName::parse(&request.scanner_name).map_err(DeskError::Unacceptable)?;
    let place = Place {
        scan_point: request.scan_point,
        zone: request.zone,
    };
    let created = desk.scanners.create_token(&caller, event, name, place);
    Ok(Done::ok(
        "Registration token generated",
        created.await?.into(),
    ))
}

failures!(ValidateTokenFailures:
    BAD_REQUEST [ScannerCode::InvalidToken, RequestCode::Malformed]
    NOT_FOUND [ScannerCode::TokenNotFound]
);

/// Checks whether a registration token is still valid.
///
/// Anyone may ask. A token that was used or has expired answers 200 with `isValid: false`.
#[utoipa::path(
    get, path = "/api/v1/check-in/tokens/validate/{token}", tag = "Scanners",
    params(("token" = String, Path, description = "The token, or the `qrCodeData` of its QR code, percent-encoded.", example = "REG-ABC12345-DEF67890")),
    responses(
        (status = 200, body = Envelope<RegistrationTokenResponse>, description = "The token."),
        ValidateTokenFailures
    ),
    security(())
)]
pub async fn validate_token(
    State(desk): State<Shared>,
    PathText(token): PathText,
) -> Result<Done<RegistrationTokenResponse>, Failure> {
    let token: TokenText = token.parse().map_err(DeskError::Malformed)?;
    let status = desk.scanners.token(&token).await;
    let status = status.map_err(|error| Failure::about_token(error, &token))?;
    Ok(Done::ok("Registration token", status.into()))
}
