//! Why a request fails by its caller's mistake: a code for programs and a sentence for people.

/// A fault of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// For programs, which choose by it what to do.
    pub code: Code,
    /// For people: the field, and what is wrong with it.
    pub message: String,
}

impl Problem {
    /// Pairs a code with its sentence.
    pub fn new(code: impl Into<Code>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

macro_rules! codes {
    ($(
        $(#[$doc:meta])*
        $area:ident($codes:ident) { $($(#[$case:meta])* $code:ident = $text:literal,)* }
    )*) => {
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
                $($(#[$case])* $code,)*
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
        /// The request is not in the form that its contract prescribes.
        Malformed = "malformed_request",
        /// The request carries no credentials or token.
        MissingCredentials = "missing_credentials",
        /// What the path names does not exist for this caller.
        NotFound = "not_found",
        /// The caller is not an organizer of the event.
        NotEventOrganizer = "not_event_organizer",
        /// Only operators may do this.
        NotOperator = "not_operator",
        /// The caller is not a member of the event's organization.
        NotOrganizationMember = "not_organization_member",
        /// The idempotency key is empty or too long.
        InvalidIdempotencyKey = "invalid_idempotency_key",
        /// The idempotency key was used with another request.
        IdempotencyMismatch = "idempotency_mismatch",
    }
    /// An event, its doors and its strategy.
    Event(EventCode) {
        /// A field of the event breaks a rule, which the message names.
        Invalid = "invalid_event",
        /// The event has no key yet to sign tickets and credentials with.
        NotPublished = "event_not_published",
        /// A scanner is registered, so the event cannot change its organization.
        OrganizationFixed = "organization_fixed",
        /// Another event of the organization has the slug.
        SlugTaken = "slug_taken",
        /// No strategy of that name is loaded.
        UnknownStrategy = "unknown_strategy",
        /// The strategy does not accept the options. The message holds its plugin's own text.
        InvalidStrategyOptions = "invalid_strategy_options",
        /// The strategy was called and gave no answer.
        StrategyFailed = "strategy_failed",
        /// No ticket source of that name is configured.
        UnknownTicketSource = "unknown_ticket_source",
        /// A record of the event cannot be read, so nobody knows who is in.
        Damaged = "event_damaged",
        /// The deletion of an event was not confirmed with its slug.
        NotConfirmed = "not_confirmed",
        /// The configuration declares the event, so it cannot be deleted over the API.
        Declared = "event_declared",
        /// The ticket source is not granted to the organization.
        SourceNotForOrganization = "source_not_for_organization",
    }
    /// A ticket.
    Ticket(TicketCode) {
        /// A field of the ticket breaks a rule, which the message names.
        Invalid = "invalid_ticket_request",
        /// The event has no such ticket type.
        UnknownType = "unknown_ticket_type",
        /// Another ticket of the event that is not withdrawn has the code.
        CredentialCodeTaken = "credential_code_taken",
        /// The ticketing system that sold the ticket must change it.
        OfSource = "ticket_of_source",
        /// The ticket is refunded and must be reinstated first.
        Refunded = "ticket_refunded",
    }
    /// A scan, a manual check-in or its undoing.
    CheckIn(CheckInCode) {
        /// A field of the scan breaks a rule, which the message names.
        InvalidScan = "invalid_scan",
        /// A manual check-in must name either a ticket or an order.
        Invalid = "invalid_check_in_request",
        /// The event has no such ticket.
        UnknownTicket = "unknown_ticket",
        /// The event has no ticket of such an order.
        UnknownOrder = "unknown_order",
        /// A field of the undo breaks a rule, which the message names.
        InvalidUndo = "invalid_undo_request",
        /// There is no check-in with the id to undo.
        Unknown = "unknown_check_in",
        /// The check-in is a refusal, so that there is no entry to undo.
        NotAdmitted = "not_admitted",
        /// The record is not that of one scan, so there is no decision to repeat.
        NotAScan = "not_a_scan",
        /// A scanner may undo only its own check-ins.
        NotOwn = "not_own_check_in",
        /// A scanner may undo a check-in only for a while; an organizer may at any time.
        UndoTooLate = "undo_too_late",
    }
    /// A scanner or its registration.
    Scanner(ScannerCode) {
        /// The text does not have the form of a registration token.
        InvalidToken = "invalid_token",
        /// No such registration token was generated.
        TokenNotFound = "token_not_found",
        /// The registration token has registered a scanner already.
        TokenUsed = "token_used",
        /// The registration token is not valid any more.
        TokenExpired = "token_expired",
        /// The scanner's name is too short or too long.
        InvalidName = "invalid_scanner_name",
        /// The device's fingerprint is too short or too long.
        InvalidFingerprint = "invalid_fingerprint",
        /// The device's description of itself is too long.
        InvalidDeviceInfo = "invalid_device_info",
        /// The reason for a revocation is empty or too long.
        InvalidReason = "invalid_reason",
        /// The scanner's credentials are not genuine or have expired.
        InvalidCredentials = "invalid_credentials",
        /// The credentials are of another scanner or another device.
        Mismatch = "scanner_mismatch",
        /// The scanner was revoked.
        Revoked = "scanner_revoked",
        /// The event has no such scan point.
        UnknownScanPoint = "unknown_scan_point",
        /// The event has no such zone.
        UnknownZone = "unknown_zone",
    }
    /// A ticket source.
    Source(SourceCode) {
        /// No ticket source is configured.
        NotConfigured = "no_ticket_source",
        /// The first sync has not ended yet.
        NotSyncedYet = "not_synced_yet",
        /// The ticketing system, or the plugin that reads it, did not answer.
        Unavailable = "source_unavailable",
        /// Too many look-ups wait for the ticketing system.
        Busy = "source_busy",
        /// The configuration does not say which types the statistics count.
        NoAddonStatistics = "no_addon_statistics",
        /// The refresh still runs, longer than a request waits for it.
        RefreshGoesOn = "refresh_goes_on",
        /// The refresh ended before it had read all tickets.
        RefreshCutOff = "refresh_cut_off",
    }
    /// A plugin.
    Plugin(PluginCode) {
        /// The component cannot serve, or failed while it was tried.
        Refused = "plugin_refused",
        /// The component failed too often before, and is not loaded unless it is forced.
        Quarantined = "plugin_quarantined",
        /// Events or ticket sources use the plugin.
        InUse = "plugin_in_use",
        /// Another component is being compared.
        DryRunUnderWay = "dry_run_under_way",
        /// No component with the digest to compare with is kept.
        NotOneKept = "component_not_kept",
        /// There is no generation before the one that serves.
        NothingBefore = "no_previous_generation",
        /// It could not be kept, so nothing was changed.
        NotKept = "plugin_not_kept",
    }
}
