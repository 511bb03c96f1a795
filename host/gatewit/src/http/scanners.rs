//! Registration tokens and scanners: `event-check-in.txt` 1–3, `gatewit-api.md` §6.

use axum::extract::State;
use gatewit_domain::event::Event;
use gatewit_domain::id::{EventId, ScannerId, TokenId};
use gatewit_domain::problem::DeskError;
use gatewit_domain::scanner::{Fingerprint, Scanner, ScannerName, TokenText};
use gatewit_domain::service::{NewScanner, ScannerLink, ScannerStatistics, TokenStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::answer::{Done, Failure};
use super::extract::{Body, Id, Organizer, Params, PathText, ScannerOrOrganizer};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateRequest {
    event_id: String,
    scanner_name: String,
    /// Binds the scanner to a scan point of the event.
    scan_point: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationTokenResponse {
    token_id: TokenId,
    token: TokenText,
    event_id: EventId,
    event_name: String,
    scanner_name: ScannerName,
    scan_point: Option<String>,
    expires_at: String,
    validity_minutes: i64,
    remaining_seconds: i64,
    /// What the scanner app reads to register.
    qr_code_data: String,
    is_valid: bool,
    used: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterRequest {
    registration_token: String,
    #[serde(default)]
    device_fingerprint: String,
    #[serde(default)]
    scanner_name: String,
    device_info: Option<String>,
}

#[derive(Deserialize)]
pub struct RevokeParams {
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScannerResponse {
    scanner_id: ScannerId,
    name: ScannerName,
    event_id: EventId,
    event_name: String,
    status: &'static str,
    device_fingerprint: Fingerprint,
    scan_point: Option<String>,
    created_at: String,
    /// Only ever shown when the scanner registers.
    credentials: Option<String>,
    public_key: Option<String>,
    revocation_reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatisticsResponse {
    total_scans: i64,
    successful_scans: i64,
    failed_scans: i64,
    /// Percent; 0 before the first scan.
    success_rate: f64,
    last_scan_at: Option<String>,
    last_synced_at: String,
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
            qr_code_data: format!("scannerapp://register?token={}", token.token),
            is_valid: token.is_valid(status.now),
            used: token.used_by.is_some(),
            token: token.token,
            scanner_name: token.scanner_name,
            scan_point: token.scan_point,
        }
    }
}

impl ScannerResponse {
    /// A scanner without its secrets.
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
            scan_point: scanner.scan_point,
            created_at: event.calendar.rfc3339(scanner.created_at),
            credentials: None,
            public_key: None,
            revocation_reason: scanner.revocation.map(|revocation| revocation.reason),
        }
    }
}

impl From<ScannerLink> for ScannerResponse {
    fn from(link: ScannerLink) -> Self {
        let event = &link.event.event;
        Self {
            credentials: Some(link.credentials),
            public_key: event.key.as_ref().map(|key| key.public_key.clone()),
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

pub async fn generate_token(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Body(request): Body<GenerateRequest>,
) -> Result<Done<RegistrationTokenResponse>, Failure> {
    let event: Result<EventId, _> = request.event_id.parse();
    let event = event.map_err(|_| DeskError::not_found("event", &request.event_id))?;
    let name = ScannerName::parse(&request.scanner_name).map_err(DeskError::Unacceptable)?;
    let created = desk.create_registration_token(&caller, event, name, request.scan_point);
    Ok(Done::ok(
        "Registration token generated",
        created.await?.into(),
    ))
}

pub async fn validate_token(
    State(desk): State<Shared>,
    PathText(token): PathText,
) -> Result<Done<RegistrationTokenResponse>, Failure> {
    let token: TokenText = token.parse().map_err(DeskError::Malformed)?;
    let status = desk.registration_token(&token).await?;
    Ok(Done::ok("Registration token", status.into()))
}

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
    let link = desk.register_scanner(new).await?;
    Ok(Done::ok("Scanner registered", link.into()))
}

/// Lists every scanner of an event, revoked ones too.
pub async fn list(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
) -> Result<Done<Vec<ScannerResponse>>, Failure> {
    let list = desk.scanners(&caller, event).await?;
    Ok(Done::ok(
        "Scanners",
        shown(list.scanners.into_iter(), &list.event.event),
    ))
}

/// Lists the active scanners of an event.
pub async fn list_active(
    State(desk): State<Shared>,
    Organizer(caller): Organizer,
    Id(event): Id<EventId>,
) -> Result<Done<Vec<ScannerResponse>>, Failure> {
    let list = desk.scanners(&caller, event).await?;
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

/// Revokes a scanner for good.
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
    let (scanner, live) = desk.revoke_scanner(&caller, id, reason).await?;
    Ok(Done::ok(
        "Scanner revoked",
        ScannerResponse::new(scanner, &live.event),
    ))
}

pub async fn statistics(
    State(desk): State<Shared>,
    who: ScannerOrOrganizer,
    Id(id): Id<ScannerId>,
) -> Result<Done<StatisticsResponse>, Failure> {
    let statistics = match who {
        ScannerOrOrganizer::Scanner(proof) => desk.own_statistics(proof, id).await?,
        ScannerOrOrganizer::Organizer(caller) => desk.scanner_statistics(&caller, id).await?,
    };
    Ok(Done::ok("Scanner statistics", statistics.into()))
}
