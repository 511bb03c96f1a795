//! E-mail addresses: one parser for lists, ticketing systems, ticket drafts and questions.
//!
//! An address stands alone or as people paste it: `Ada <ada@example.org>`, `mailto:ada@example.org`, several in a row.
//! Spellings of a mailbox that differ only in case, Unicode normalization or `xn--` domains are one address.

use std::borrow::Cow;
use std::fmt;
use std::iter;

use gatewit_text::addresses;
use icu_normalizer::ComposingNormalizerBorrowed;

const NORMALIZER: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
/// The most bytes of an address.
const BYTES_MAX: usize = 254;
const NO_AT_SIGN: &str = "An email address must have an @-sign.";
const BAD_DOMAIN: &str = "The part after the @-sign contains invalid characters.";

/// An e-mail address as it is compared: in lower case, its domain in Unicode.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(Box<str>);

impl EmailAddress {
    /// Reads an address, or the first of several. The error is a sentence of the attendee-validation contract.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        Self::parse_all(text)?.into_iter().next().ok_or(NO_AT_SIGN)
    }

    /// Reads all addresses in a text, at least one.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, &'static str> {
        let addresses = split(text)?;
        addresses.into_iter().map(Self::read).collect()
    }

    /// Accepts a value from a ticketing system: the first address in the text, if there is one.
    pub fn of(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    /// The normalized address, with its domain in Unicode.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The spellings in which ticketing systems may have stored it: with its domain in Unicode, and in ASCII if that
    /// differs.
    pub fn spellings(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let (mailbox, domain) = self.0.rsplit_once('@').unwrap_or_default();
        let encoded = (!domain.is_ascii()).then(|| idna::domain_to_ascii(domain).ok());
        let encoded = encoded
            .flatten()
            .map(|domain| format!("{mailbox}@{domain}"));
        iter::once(Cow::from(&*self.0)).chain(encoded.map(Cow::from))
    }

    /// Reads one address that stands alone.
    fn read(address: &str) -> Result<Self, &'static str> {
        let (mailbox, domain) = address.rsplit_once('@').ok_or(NO_AT_SIGN)?;
        let mailbox = NORMALIZER.normalize(mailbox).to_lowercase();
        if let Some(fault) = fault_of_mailbox(&mailbox) {
            return Err(fault);
        }
        let (domain, read) = idna::domain_to_unicode(domain);
        match fault_of_domain(&domain) {
            Some(fault) => Err(fault),
            None if read.is_err() => Err(BAD_DOMAIN),
            None if address.len() > BYTES_MAX => Err("The email address is too long."),
            None => Ok(Self(format!("{mailbox}@{domain}").into())),
        }
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Finds the addresses in a text, as [written](addresses::split).
pub fn split(text: &str) -> Result<Vec<&str>, &'static str> {
    addresses::split(text).ok_or(NO_AT_SIGN)
}

fn fault_of_mailbox(mailbox: &str) -> Option<&'static str> {
    let is_allowed = |letter: char| match letter.is_ascii() {
        true => letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter),
        false => !letter.is_whitespace() && !letter.is_control(),
    };
    if mailbox.is_empty() {
        Some("There must be something before the @-sign.")
    } else if !mailbox.chars().all(is_allowed) {
        Some("The email address contains invalid characters before the @-sign.")
    } else if mailbox.starts_with('.') {
        Some("An email address cannot start with a period.")
    } else if mailbox.ends_with('.') {
        Some("An email address cannot have a period immediately before the @-sign.")
    } else {
        two_periods(mailbox)
    }
}

fn fault_of_domain(domain: &str) -> Option<&'static str> {
    // IDNA has already checked letters of other scripts.
    let is_allowed = |letter: char| {
        !letter.is_ascii() || letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.')
    };
    if domain.is_empty() {
        Some("There must be something after the @-sign.")
    } else if !domain.chars().all(is_allowed) {
        Some(BAD_DOMAIN)
    } else if domain.starts_with('.') {
        Some("An email address cannot have a period immediately after the @-sign.")
    } else if domain.ends_with('.') {
        Some("An email address cannot end with a period.")
    } else if !domain.contains('.') {
        Some("The part after the @-sign is not valid. It should have a period.")
    } else {
        two_periods(domain)
    }
}

fn two_periods(part: &str) -> Option<&'static str> {
    let has_two = part.contains("..");
    has_two.then_some("An email address cannot have two periods in a row.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_address(text: &str, expected: Result<&str, &str>) {
        let found = EmailAddress::parse(text);
        let found = found
            .as_ref()
            .map(EmailAddress::as_str)
            .map_err(|fault| *fault);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn an_address_is_read_alone_and_behind_a_name() {
        check_address(" ADA@Example.org ", Ok("ada@example.org"));
        check_address(" Ada <ada@example.org>", Ok("ada@example.org"));
        check_address(
            "o'brien+x@mail.example.org",
            Ok("o'brien+x@mail.example.org"),
        );
        check_address("JÜRGEN@Müller.example", Ok("jürgen@müller.example"));
    }

    #[test]
    fn a_link_is_the_address_in_it() {
        for text in [
            "mailto:ada@example.org",
            "MAILTO:Ada@Example.org?subject=Your%20ticket",
            "<mailto:ada@example.org>",
            "ada@example.org <mailto:ada@example.org>",
            "\u{feff}ada@example.org\u{200b}",
        ] {
            check_address(text, Ok("ada@example.org"));
        }
    }

    #[test]
    fn two_spellings_of_a_mailbox_are_one_address() {
        for (one, other) in [
            ("ada@xn--mller-kva.example", "ada@müller.example"),
            ("ada@XN--MLLER-KVA.EXAMPLE", "ada@MU\u{308}LLER.example"),
            ("jürgen@example.org", "JU\u{308}RGEN@example.org"),
            ("ada@例え。example", "ada@xn--r8jz45g.example"),
            ("ada@faß.example", "ada@xn--fa-hia.example"),
        ] {
            let read = |text| EmailAddress::parse(text).unwrap();
            assert_eq!(read(one), read(other));
        }
    }

    #[test]
    fn an_address_with_a_unicode_domain_has_a_second_spelling() {
        for (text, spellings) in [
            ("ada@example.org", &["ada@example.org"][..]),
            ("jürgen@example.org", &["jürgen@example.org"]),
            (
                "jürgen@xn--mller-kva.example",
                &["jürgen@müller.example", "jürgen@xn--mller-kva.example"],
            ),
        ] {
            let address = EmailAddress::parse(text).unwrap();
            assert!(address.spellings().eq(spellings.iter().copied()), "{text}");
        }
    }

    #[test]
    fn several_addresses_are_all_read() {
        let both = ["ada@example.org", "b@example.org"];
        for text in [
            "ada@example.org; b@example.org",
            "ada@example.org,b@example.org;",
            "ada@example.org\r\nb@example.org",
            "ada@example.org b@example.org",
            "Ada <ada@example.org>, b@example.org",
            "Lovelace, Ada <Ada@example.org>; \"B; C\" <b@example.org>",
        ] {
            let found = EmailAddress::parse_all(text).unwrap();
            let found: Vec<_> = found.iter().map(EmailAddress::as_str).collect();
            assert_eq!(found, both, "{text}");
        }
        for text in [
            "ada@example.org; nobody",
            "Ada, ada@example.org",
            "ada@example.org; b@",
            "ada@example.org <b>",
        ] {
            assert!(EmailAddress::parse_all(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_says_what_is_wrong_with_it() {
        for (text, words) in [
            ("not-an-email", "must have an @-sign"),
            ("", "must have an @-sign"),
            ("@example.org", "something before"),
            ("ada@", "something after"),
            ("a da@example.org", "invalid characters before"),
            ("a@b@example.org", "invalid characters before"),
            (".ada@example.org", "start with a period"),
            ("ada.@example.org", "immediately before"),
            ("a..da@example.org", "two periods"),
            ("ada@exam ple.org", "after the @-sign contains"),
            ("ada@localhost", "should have a period"),
            ("ada@.example.org", "immediately after"),
            ("ada@example.org.", "end with a period"),
            ("ada@example..org", "two periods"),
            ("ada@xn--zz.example", "after the @-sign contains"),
            (&format!("{}@example.org", "a".repeat(250)), "too long"),
        ] {
            let fault = EmailAddress::parse(text).expect_err(text);
            assert!(fault.contains(words), "{text}: {fault}");
        }
    }
}
