//! How ids and names look in the document of the API. The domain itself knows no document.
#![expect(dead_code, reason = "these types describe values and hold none")]

use utoipa::ToSchema;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[schema(format = "uuid", example = "019b2045-5a00-7c3e-9d5e-2f1a8b7c6d5e")]
        pub struct $name(String);
    )*};
}

ids! {
    /// Identifies an event.
    EventId;
    /// Identifies a ticket: `ticketInstanceId` in the contracts.
    TicketId;
    /// Identifies a registered scanner.
    ScannerId;
    /// Identifies a registration token without revealing it.
    TokenId;
    /// Identifies one recorded scan, admitted or refused.
    CheckInId;
}

/// A strategy as events name it: `EARLY_VIP` for the plugin `early-vip`.
#[derive(ToSchema)]
#[schema(example = "HOURS_BEFORE")]
pub struct StrategyName(String);

/// The operator's name for a ticket source: `pretix`, `tito`, `guest-list`.
#[derive(ToSchema)]
#[schema(example = "pretix")]
pub struct SourceName(String);

/// The text of a registration token: `REG-` and two groups of eight capital hex digits.
#[derive(ToSchema)]
#[schema(
    pattern = "^REG-[0-9A-F]{8}-[0-9A-F]{8}$",
    example = "REG-ABC12345-DEF67890"
)]
pub struct TokenText(String);

/// A scanner's name: 3 to 200 characters.
#[derive(ToSchema)]
#[schema(example = "Gate A - Main Entrance")]
pub struct ScannerName(String);

/// Identifies a device: 10 to 255 characters, compared exactly.
#[derive(ToSchema)]
#[schema(example = "abc123def456hash")]
pub struct Fingerprint(String);

/// The code of an order: `MH9CG`.
#[derive(ToSchema)]
#[schema(example = "MH9CG")]
pub struct OrderId(String);

/// The reference of a ticket: `MH9CG-2`, `DROP-3`.
#[derive(ToSchema)]
#[schema(example = "MH9CG-2")]
pub struct TicketReference(String);

/// An e-mail address as it is compared: in lower case, its domain in Unicode.
#[derive(ToSchema)]
#[schema(example = "ada@example.org")]
pub struct EmailAddress(String);
