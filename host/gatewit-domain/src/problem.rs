//! Why a request fails by its caller's mistake: a code for programs and a sentence for people.

/// A fault of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub code: Code,
    pub message: String,
}

impl Problem {
    pub fn new(code: impl Into<Code>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $area:ident($codes:ident) { $($code:ident = $text:literal,)* })*) => {
        /// What is wrong, by area. Each code has a text, which never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $area($codes),)*
        }

        impl Code {
            /// The code's text in answers and logs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$area($codes::$code) => $text,)*)*
                }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $codes {
                $($code,)*
            }

            impl From<$codes> for Code {
                fn from(code: $codes) -> Self {
                    Self::$area(code)
                }
            }
        )*
    };
}

codes! {
    /// The request as such, and who sends it.
    Request(RequestCode) {
        Malformed = "malformed_request",
        MissingCredentials = "missing_credentials",
        NotFound = "not_found",
        NotEventOrganizer = "not_event_organizer",
        NotOrganizationMember = "not_organization_member",
        InvalidIdempotencyKey = "invalid_idempotency_key",
        IdempotencyMismatch = "idempotency_mismatch",
    }
    /// An event, its doors and its strategy.
    Event(EventCode) {
        Invalid = "invalid_event",
        NotPublished = "event_not_published",
        OrganizationFixed = "organization_fixed",
        SlugTaken = "slug_taken",
        UnknownStrategy = "unknown_strategy",
        InvalidStrategyOptions = "invalid_strategy_options",
        StrategyFailed = "strategy_failed",
        UnknownTicketSource = "unknown_ticket_source",
        SourceNotForOrganization = "source_not_for_organization",
    }
    /// A ticket.
    Ticket(TicketCode) {
        Invalid = "invalid_ticket_request",
        UnknownType = "unknown_ticket_type",
        CredentialCodeTaken = "credential_code_taken",
        OfSource = "ticket_of_source",
        Refunded = "ticket_refunded",
    }
    /// A scan, a manual check-in or its undoing.
    CheckIn(CheckInCode) {
        InvalidScan = "invalid_scan",
        Invalid = "invalid_check_in_request",
        UnknownTicket = "unknown_ticket",
        UnknownOrder = "unknown_order",
        InvalidUndo = "invalid_undo_request",
        Unknown = "unknown_check_in",
        NotAdmitted = "not_admitted",
        NotOwn = "not_own_check_in",
        UndoTooLate = "undo_too_late",
    }
    /// A scanner or its registration.
    Scanner(ScannerCode) {
        InvalidToken = "invalid_token",
        TokenNotFound = "token_not_found",
        TokenUsed = "token_used",
        TokenExpired = "token_expired",
        InvalidName = "invalid_scanner_name",
        InvalidFingerprint = "invalid_fingerprint",
        InvalidDeviceInfo = "invalid_device_info",
        InvalidReason = "invalid_reason",
        InvalidCredentials = "invalid_credentials",
        Mismatch = "scanner_mismatch",
        Revoked = "scanner_revoked",
        UnknownScanPoint = "unknown_scan_point",
        UnknownZone = "unknown_zone",
    }
    /// A ticket source.
    Source(SourceCode) {
        NotConfigured = "no_ticket_source",
        NotSyncedYet = "not_synced_yet",
        Unavailable = "source_unavailable",
        Busy = "source_busy",
        NoAddonStatistics = "no_addon_statistics",
        RefreshGoesOn = "refresh_goes_on",
        RefreshCutOff = "refresh_cut_off",
    }
}

/// Trims a text and requires 1 to `max` characters. The error names the field.
pub fn bounded_text(field: &str, text: &str, max: usize) -> Result<String, String> {
    let trimmed = text.trim();
    match trimmed.chars().count() {
        length if (1..=max).contains(&length) => Ok(trimmed.to_owned()),
        _ => Err(format!("{field} must have 1 to {max} characters")),
    }
}
