//! E-mail addresses, for backends that can say where the text stands that is no address.
//!
//! The host reads addresses by itself; `tests/system/guests_and_host.rs` compares what the two take for one.

use gatewit_text::addresses::split;

/// The most bytes of an address.
const BYTES_MAX: usize = 254;

/// Finds the addresses in a text, as they are written there: alone or as people paste them, `Ada <ada@example.org>`,
/// `mailto:…`, several in a row. None if something in it is no address.
pub fn read(text: &str) -> Option<Vec<&str>> {
    split(text).filter(|addresses| addresses.iter().all(|address| is_address(address)))
}

fn is_address(text: &str) -> bool {
    let Some((mailbox, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let in_mailbox = |letter: char| match letter.is_ascii() {
        true => letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter),
        false => !letter.is_whitespace() && !letter.is_control(),
    };
    let in_domain = |letter: char| match letter.is_ascii() {
        true => letter.is_ascii_alphanumeric() || "-.".contains(letter),
        // Full stops of other scripts are full stops to IDNA.
        false => !letter.is_whitespace() && !letter.is_control(),
    };
    let has_parts = |text: &str, dots: &[char]| text.split(dots).all(|part| !part.is_empty());
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    text.len() <= BYTES_MAX
        && has_parts(mailbox, &['.'])
        && mailbox.chars().all(in_mailbox)
        && domain.contains(dots)
        && has_parts(domain, &dots)
        && domain.chars().all(in_domain)
}
