//! Why a scan is refused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a scan was refused, in the order of `gatewit-api.md` §5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Refusal {
    /// The credentials belong to another scanner or another device.
    ScannerMismatch,
    /// The scanner was revoked.
    ScannerRevoked {
        /// Set if its device became another scanner.
        replaced_by: Option<Replacement>,
    },
    /// The code is not signed by the event that it names.
    InvalidSignature,
    /// No ticket has this code.
    NotFound,
    /// The ticket belongs to another event.
    WrongEvent,
    /// The ticket is not valid for any entry.
    NotActive {
        /// What is wrong with it.
        why: Inactive,
    },
    /// The ticket is for other days.
    WrongDay,
    /// The ticket's doors open later.
    NotOpen {
        /// When they open next.
        opens_at: Timestamp,
    },
    /// The ticket's last doors have closed.
    Expired,
    /// The strategy did not say when doors open.
    StrategyFailed,
    /// No entry is left. Carries the latest one.
    AlreadyUsed {
        /// When it was.
        at: Timestamp,
        /// Where it was, in the words of the person who scanned.
        location: Option<String>,
    },
    /// The scan point does not let in tickets of this type.
    TicketTypeNotAccepted,
}

impl Refusal {
    /// The code of §5, the same in every contract, log and metric.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ScannerMismatch => "scanner_mismatch",
            Self::ScannerRevoked { .. } => "scanner_revoked",
            Self::InvalidSignature => "invalid_signature",
            Self::NotFound => "not_found",
            Self::WrongEvent => "wrong_event",
            Self::NotActive { .. } => "not_active",
            Self::WrongDay => "wrong_day",
            Self::NotOpen { .. } => "not_open",
            Self::Expired => "expired",
            Self::StrategyFailed => "strategy_failed",
            Self::AlreadyUsed { .. } => "already_used",
            Self::TicketTypeNotAccepted => "ticket_type_not_accepted",
        }
    }

    /// The step of §5 that refuses, in plain words.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::ScannerMismatch | Self::ScannerRevoked { .. } => "scanner",
            Self::InvalidSignature | Self::NotFound | Self::WrongEvent | Self::NotActive { .. } => {
                "ticket"
            }
            Self::WrongDay | Self::NotOpen { .. } | Self::Expired | Self::StrategyFailed => {
                "day and window"
            }
            Self::AlreadyUsed { .. } => "earlier entries",
            Self::TicketTypeNotAccepted => "scan point",
        }
    }
}

/// Why a ticket is not valid for any entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inactive {
    /// It is not paid.
    Unpaid,
    /// It was cancelled.
    Cancelled,
    /// It was refunded.
    Refunded,
    /// Its ticketing system blocks it.
    Blocked,
    /// The event no longer has its ticket source, or the source is not configured.
    SourceDetached,
    /// Neither the event nor its source defines its type.
    UnknownType,
    /// Its type admits nobody, such as a T-shirt.
    AdmitsNobody,
}

/// The new scanner of a device that was registered again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replacement {
    /// The new scanner's id.
    pub scanner_id: String,
    /// The new scanner's name.
    pub name: String,
    /// When the device was registered again.
    pub at: Timestamp,
}
