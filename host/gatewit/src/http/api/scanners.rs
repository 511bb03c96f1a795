//! Scanners: devices that may scan at an event. `event-check-in.txt` 2–3, `gatewit-api.md` §6.

use axum::extract::State;
use gatewit_desk::{DeskError, NewScanner, ScannerLink, ScannerStatistics};
use gatewit_domain::event::Event;
use gatewit_domain::id::{EventId, ScannerId};
use gatewit_domain::problem::{EventCode, ScannerCode};
use gatewit_domain::scanner::{Fingerprint, Scanner, ScannerName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Done, Envelope, Failure};
use crate::http::extract::{
    Body, FromQuery, Id, Organizer, Params, QueryFields, ScannerOrOrganizer,
};
use crate::http::openapi::failures::failures;
use crate::http::schema;
use crate::http::state::Shared;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterRequest {
    #[schema(example = "REG-ABC12345-DEF67890")]
    registration_token: String,
    #[serde(default)]
    #[schema(
        required,
        min_length = 10,
        max_length = 255,
        example = "abc123def456hash"
    )]
    device_fingerprint: String,
    #[serde(default)]
    #[schema(
        required,
        min_length = 3,
        max_length = 200,
        example = "Gate A - Main Entrance"
    )]
    scanner_name: String,
    /// The device's description of itself.
    #[schema(example = r#"{"model":"iPhone 13"}"#)]
    device_info: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RevokeParams {
    #[param(example = "Suspicious activity")]
    reason: Option<String>,
}

impl FromQuery for RevokeParams {
    fn read(query: &QueryFields) -> Result<Self, Failure> {
        let reason = query.text("reason")?.map(str::to_owned);
        Ok(Self { reason })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScannerResponse {
    #[schema(value_type = schema::ScannerId)]
    scanner_id: ScannerId,
    #[schema(value_type = schema::ScannerName)]
    name: ScannerName,
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(example = "East African Tech Summit 2025")]
    event_name: String,
    /// `ACTIVE` or `REVOKED`.
    #[schema(pattern = "^(ACTIVE|REVOKED)$", example = "ACTIVE")]
    status: &'static str,
    #[schema(value_type = schema::Fingerprint)]
    device_fingerprint: Fingerprint,
    scan_point: Option<String>,
    zone: Option<String>,
    #[schema(format = DateTime, example = "2025-12-11T10:30:00Z")]
    created_at: String,
    /// Shown only when the scanner registers.
    credentials: Option<String>,
    public_key: Option<String>,
    revocation_reason: Option<String>,
    /// The scanner that this registration replaced: a device is one active scanner per organization; in `default`, one
    /// among the events that share an organizer.
    replaced: Option<ReplacedScanner>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedScanner {
    #[schema(value_type = schema::ScannerId)]
    scanner_id: ScannerId,
    #[schema(value_type = schema::ScannerName)]
    name: ScannerName,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatisticsResponse {
    total_scans: u64,
    successful_scans: u64,
    failed_scans: u64,
    /// Percent; 0 before the first scan.
    success_rate: f64,
    #[schema(format = DateTime)]
    last_scan_at: Option<String>,
    #[schema(format = DateTime, example = "2025-12-15T09:15:00+03:00")]
    last_synced_at: String,
}

impl ScannerResponse {
    /// Describes a scanner without its secrets.
    fn new(scanner: Scanner, event: &Event) -> Self {
        Self {
            status: match scanner.is_active() {
                true => "ACTIVE",
                false => "REVOKED",
            },
            scanner_id: scanner.id,
            name: scanner.name,
            event_id: scanner.event_id,
            event_name: event.name.clone(),
            device_fingerprint: scanner.device_fingerprint,
            scan_point: scanner.place.scan_point,
            zone: scanner.place.zone,
            created_at: event.calendar.rfc3339(scanner.created_at),
            credentials: None,
            public_key: None,
            revocation_reason: scanner.revocation.map(|revocation| revocation.reason),
            replaced: None,
        }
    }
}

impl From<ScannerLink> for ScannerResponse {
    fn from(link: ScannerLink) -> Self {
        let event = &link.event.event;
        Self {
            credentials: Some(link.credentials),
            public_key: event.key.as_ref().map(|key| key.public_key.clone()),
            replaced: link.replaced.map(|replaced| ReplacedScanner {
                scanner_id: replaced.id,
                name: replaced.name,
            }),
            ..Self::new(link.scanner, event)
        }
    }
}

impl From<ScannerStatistics> for StatisticsResponse {
    fn from(statistics: ScannerStatistics) -> Self {
        let calendar = &statistics.event.event.calendar;
        let print = |at: Timestamp| calendar.rfc3339(at);
        let total = statistics.successful_scans + statistics.failed_scans;
        Self {
            total_scans: total,
            successful_scans: statistics.successful_scans,
            failed_scans: statistics.failed_scans,
            success_rate: statistics.successful_scans as f64 * 100.0 / total.max(1) as f64,
            last_scan_at: statistics.last_scan_at.map(print),
            last_synced_at: print(statistics.last_synced_at),
        }
    }
}

failures!(RegisterFailures:
    BAD_REQUEST [
        ScannerCode::InvalidFingerprint, ScannerCode::InvalidToken, ScannerCode::TokenUsed,
        ScannerCode::TokenExpired
    ]
    NOT_FOUND [ScannerCode::TokenNotFound]
    UNPROCESSABLE_ENTITY [ScannerCode::InvalidName, ScannerCode::InvalidDeviceInfo, EventCode::NotPublished]
);

/// Registers a device as a scanner, replacing the scanner that it was before.
///
/// A device is one active scanner per organization; in `default`, one among the events that share an organizer.
#[utoipa::path(
    post, path = "/api/v1/check-in/scanners/register", tag = "Scanners", operation_id = "register_scanner",
    request_body = RegisterRequest,
    responses(
        (status = 200, body = Envelope<ScannerResponse>, description = "The scanner, with its credentials."),
        RegisterFailures
    ),
    security(())
)]
pub async fn register(
    State(desk): State<Shared>,
    Body(request): Body<RegisterRequest>,
) -> Result<Done<ScannerResponse>, Failure> {
    let new = NewScanner {
        fingerprint: Fingerprint::parse(&request.device_fingerprint)
            .map_err(DeskError::Malformed)?,
        name: ScannerName::parse(&request.scanner_name).map_err(DeskError::Unacceptable)?,
        token: request
            .registration_token
            .parse()
            .map_err(DeskError::Malformed)?,
        device_info: request.device_info,
    };
    let token = new.token.clone();
    let link = desk.scanners.register(new).await;
    let link = link.map_err(|error| Failure::about_token(error, &token))?;
    Ok(Done::ok("Scanner registered", link.into()))
}

/// Lists every scanner of an event, including revoked ones.
#[utoipa::path(
    get, path = "/api/v1/check-in/scanners/event/{eventId}", tag = "Scanners", operation_id = "list_scanners",
    params(("eventId" = schema::EventId, Path)),
    responses((status = 200, body = Envelope<Vec<ScannerResponse>>, description = "The scanners, without credentials."))
)]
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
) -> Result<Done<Vec<ScannerResponse>>, Failure> {
    let list = desk.scanners.list(&caller, event).await?;
    Ok(Done::ok(
        "Scanners",
        shown(list.scanners.into_iter(), &list.event.event),
    ))
}

/// Lists the active scanners of an event.
#[utoipa::path(
    get, path = "/api/v1/check-in/scanners/event/{eventId}/active", tag = "Scanners", operation_id = "list_active_scanners",
    params(("eventId" = schema::EventId, Path)),
    responses((status = 200, body = Envelope<Vec<ScannerResponse>>, description = "The scanners, without credentials."))
)]
pub async fn list_active(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
) -> Result<Done<Vec<ScannerResponse>>, Failure> {
    let list = desk.scanners.list(&caller, event).await?;
    let active = list.scanners.into_iter().filter(Scanner::is_active);
    Ok(Done::ok(
        "Active scanners",
        shown(active, &list.event.event),
    ))
}

fn shown(scanners: impl Iterator<Item = Scanner>, event: &Event) -> Vec<ScannerResponse> {
    scanners
        .map(|scanner| ScannerResponse::new(scanner, event))
        .collect()
}

failures!(RevokeFailures:
    UNPROCESSABLE_ENTITY [ScannerCode::InvalidReason]
);

/// Revokes a scanner permanently.
#[utoipa::path(
    post, path = "/api/v1/check-in/scanners/{scannerId}/revoke", tag = "Scanners", operation_id = "revoke_scanner",
    params(("scannerId" = schema::ScannerId, Path), RevokeParams),
    responses(
        (status = 200, body = Envelope<ScannerResponse>, description = "The scanner, revoked."),
        RevokeFailures
    )
)]
pub async fn revoke(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(id): Id<ScannerId>,
    Params(params): Params<RevokeParams>,
) -> Result<Done<ScannerResponse>, Failure> {
    let reason = params
        .reason
        .as_deref()
        .unwrap_or("Revoked by an organizer");
    let (scanner, live) = desk.scanners.revoke(&caller, id, reason).await?;
    Ok(Done::ok(
        "Scanner revoked",
        ScannerResponse::new(scanner, &live.event),
    ))
}

failures!(StatisticsFailures:
    FORBIDDEN [ScannerCode::Mismatch]
);

/// Counts a scanner's scans.
///
/// A scanner may ask about itself, an organizer about any scanner of their events.
#[utoipa::path(
    get, path = "/api/v1/check-in/scanners/{scannerId}/stats", tag = "Scanners", operation_id = "scanner_statistics",
    params(("scannerId" = schema::ScannerId, Path)),
    responses(
        (status = 200, body = Envelope<StatisticsResponse>, description = "The counts."),
        StatisticsFailures
    ),
    security(("HTTPBearer" = []), ("scanner" = []))
)]
pub async fn statistics(
    State(desk): State<Shared>,
    who: ScannerOrOrganizer,
    Id(id): Id<ScannerId>,
) -> Result<Done<StatisticsResponse>, Failure> {
    let statistics = match who {
        ScannerOrOrganizer::Scanner(proof) => desk.scanners.own_statistics(proof, id).await?,
        ScannerOrOrganizer::Organizer(caller) => desk.scanners.statistics(&caller, id).await?,
    };
    Ok(Done::ok("Scanner statistics", statistics.into()))
}
