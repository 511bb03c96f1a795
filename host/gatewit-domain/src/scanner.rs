//! A scanner: the device at the door, linked by a registration token. `event-check-in.txt`, `gatewit-api.md` §6.

use std::fmt;
use std::str::FromStr;

use gatewit_decision::Replacement;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::claims::ScannerClaims;
use crate::id::{EventId, ScannerId, TokenId};
use crate::identifier::fold;
use crate::problem::{Problem, ScannerCode};
use crate::scanned::ScannedText;

/// The part of a registration link before the token.
const LINK: &str = "scannerapp://register?token=";
/// How long credentials are valid (contract "JWT Credentials").
const CREDENTIAL_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A scanner as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scanner {
    /// `scannerId` in the contracts. A new registration of the device makes a new one.
    pub id: ScannerId,
    /// The event at whose doors it scans.
    pub event_id: EventId,
    /// As given at registration, which may differ from the name in the registration token.
    pub name: ScannerName,
    /// Every request must claim it again.
    pub device_fingerprint: Fingerprint,
    /// The device's description of itself.
    pub device_info: Option<String>,
    /// Where it scans.
    pub place: Place,
    /// When it was registered. Its credentials are valid for one year from then.
    pub created_at: Timestamp,
    /// Permanent once set.
    pub revocation: Option<Revocation>,
}

/// A scanner's place, as given by its registration token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The id of its scan point; None: bound to none.
    pub scan_point: Option<String>,
    /// Takes precedence over the scan point's own.
    pub zone: Option<String>,
}

/// When and why a scanner was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// When it was revoked. Scans from then on are refused.
    pub at: Timestamp,
    /// Shown to organizers.
    pub reason: String,
    /// Set if the scanner's device was registered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Replacement>,
}

impl Scanner {
    /// Whether it was never revoked.
    pub fn is_active(&self) -> bool {
        self.revocation.is_none()
    }

    /// Returns the scanner that its device became, if that revoked this one.
    pub fn replaced_by(&self) -> Option<&Replacement> {
        self.revocation.as_ref()?.replaced_by.as_ref()
    }

    /// Returns the claims of the scanner's credentials.
    pub fn claims(&self) -> ScannerClaims {
        ScannerClaims {
            scanner_id: self.id,
            event_id: self.event_id,
            iat: self.created_at.as_second(),
            exp: (self.created_at + CREDENTIAL_LIFE).as_second(),
        }
    }
}

/// A one-time right to register a scanner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationToken {
    /// Names the token in lists and logs without revealing it.
    pub id: TokenId,
    /// The secret text, which registers one scanner.
    pub token: TokenText,
    /// The event that the scanner will belong to.
    pub event_id: EventId,
    /// The name that the organizer gave the scanner-to-be.
    pub scanner_name: ScannerName,
    /// Where the scanner will scan.
    pub place: Place,
    /// When it was generated.
    pub created_at: Timestamp,
    /// The first moment at which it no longer registers a scanner.
    pub expires_at: Timestamp,
    /// The scanner that it registered; None: not used yet.
    pub used_by: Option<ScannerId>,
}

impl RegistrationToken {
    /// Whether its time is over, used or not.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Whether it can register a scanner: neither used nor expired.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.used_by.is_none() && !self.is_expired(now)
    }

    /// The whole seconds until it expires; 0 if it has expired.
    pub fn remaining_seconds(&self, now: Timestamp) -> i64 {
        self.expires_at.duration_since(now).as_secs().max(0)
    }
}

/// The text of a registration token: `REG-` and two groups of eight capital hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenText(String);

impl TokenText {
    /// Makes a token that nobody can guess.
    pub fn random() -> Self {
        // The first and last 32 bits of a version 4 UUID are all random.
        let hex = Uuid::new_v4().simple().to_string().to_uppercase();
        Self(format!("REG-{}-{}", &hex[..8], &hex[24..]))
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link that a scanner app reads to register: `scannerapp://register?token=REG-ABC12345-DEF67890`.
    pub fn link(&self) -> String {
        format!("{LINK}{self}")
    }
}

/// Returns the token in a link, or the text itself if it is not a link.
fn token_of(text: &str) -> &str {
    match text.split_at_checked(LINK.len()) {
        Some((link, token)) if link.eq_ignore_ascii_case(LINK) => token,
        _ => text,
    }
}

impl FromStr for TokenText {
    type Err = Problem;

    /// Reads a scanned or typed token: in any case, alone or in the link of a QR code.
    fn from_str(text: &str) -> Result<Self, Problem> {
        let malformed = || {
            let words = "the registration token is malformed: it reads like REG-ABC12345-DEF67890";
            Problem::new(ScannerCode::InvalidToken, words)
        };
        let scanned = ScannedText::parse(text).map_err(|_| malformed())?;
        let token = fold(token_of(scanned.as_str()));
        let is_hex = |part: &str| {
            let is_digit = |c: u8| c.is_ascii_digit() || (b'A'..=b'F').contains(&c);
            part.len() == 8 && part.bytes().all(is_digit)
        };
        let parts = token
            .strip_prefix("REG-")
            .and_then(|rest| rest.split_once('-'));
        match parts {
            Some((first, second)) if is_hex(first) && is_hex(second) => {
                Ok(Self(token.into_owned()))
            }
            _ => Err(malformed()),
        }
    }
}

impl fmt::Display for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A scanner's name: 3 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScannerName(String);

impl ScannerName {
    /// Trims the name. Fails with `invalid_scanner_name` unless 3 to 200 characters remain.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        let name = name.trim();
        match name.chars().count() {
            3..=200 => Ok(Self(name.to_owned())),
            _ => Err(Problem::new(
                ScannerCode::InvalidName,
                "scannerName must have 3 to 200 characters",
            )),
        }
    }

    /// The trimmed name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Identifies a device: 10 to 255 characters, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Accepts the text unchanged. Fails with `invalid_fingerprint` unless it has 10 to 255 characters.
    pub fn parse(fingerprint: &str) -> Result<Self, Problem> {
        match fingerprint.chars().count() {
            10..=255 => Ok(Self(fingerprint.to_owned())),
            _ => Err(Problem::new(
                ScannerCode::InvalidFingerprint,
                "deviceFingerprint must have 10 to 255 characters",
            )),
        }
    }

    /// The fingerprint as the device sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_token_reads_back() {
        let token = TokenText::random();
        assert_eq!(token.to_string().parse(), Ok(token));
    }

    #[test]
    fn a_malformed_token_is_refused() {
        let texts = [
            "",
            "REG-",
            "REG-12345678",
            "REG-1234567G-12345678",
            "REG-12345678 12345678",
            "https://example.org/?token=REG-12345678-12345678",
            "scannerapp://register?token=",
            "scannerapp://register?token=scannerapp://register?token=REG-12345678-12345678",
        ];
        for text in texts {
            assert!(text.parse::<TokenText>().is_err(), "{text}");
        }
        assert!("REG-12345678-12345678-1".parse::<TokenText>().is_err());
    }

    #[test]
    fn a_token_is_read_as_it_is_scanned_or_typed() {
        let token = TokenText("REG-ABC12345-DEF67890".to_owned());
        for text in [
            "reg-abc12345-def67890",
            " REG\u{2013}ABC12345\u{2013}DEF67890\r\n",
            "]Q1REG-ABC12345-DEF67890\u{1d}",
            &token.link(),
            &token.link().to_uppercase(),
            &format!("\u{feff}]Q1{}\0", token.link().to_lowercase()),
        ] {
            assert_eq!(text.parse().as_ref(), Ok(&token), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(ScannerName::parse("ab").is_err());
        assert!(ScannerName::parse("Tür").is_ok());
        assert!(ScannerName::parse(&"x".repeat(201)).is_err());
        assert!(Fingerprint::parse("123456789").is_err());
        assert!(Fingerprint::parse("1234567890").is_ok());
        assert!(Fingerprint::parse(&"x".repeat(256)).is_err());
    }
}
