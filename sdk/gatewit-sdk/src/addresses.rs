//! E-mail addresses, alone or as people paste them: `Ada <ada@example.org>`, `mailto:…`, several in a row.
//!
//! The host reads addresses by itself, in the same way (`gatewit-domain/src/email.rs`). This is for backends that can
//! say where the text stands that is no address; `tests/system/guests_and_host.rs` compares the two.

use crate::identifier::is_invisible;

/// The most bytes of an address.
const BYTES_MAX: usize = 254;

/// Finds the addresses in a text, as they are written there. None if something in it is no address.
pub fn read(text: &str) -> Option<Vec<&str>> {
    let mut addresses = Vec::new();
    let mut name_stands = false;
    for piece in text.split([';', ',', '\n']).map(trim) {
        if let Some((_, bracketed)) = piece.strip_suffix('>').and_then(|to| to.rsplit_once('<')) {
            addresses.push(bare(bracketed));
            name_stands = false;
        } else if !name_stands && piece.contains('@') {
            addresses.extend(spaced(piece));
        } else {
            // A name may have a comma in it.
            name_stands |= !piece.is_empty();
        }
    }
    let is_good =
        !name_stands && !addresses.is_empty() && addresses.iter().all(|of| is_address(of));
    is_good.then_some(addresses)
}

/// Takes apart addresses with nothing but space between.
fn spaced(piece: &str) -> Vec<&str> {
    let parts = || piece.split_whitespace();
    match parts().all(|part| part.contains('@')) {
        true => parts().map(bare).collect(),
        false => vec![bare(piece)],
    }
}

/// Takes the scheme and the query off a link.
fn bare(address: &str) -> &str {
    const SCHEME: &str = "mailto:";
    let address = trim(address);
    match address.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => {
            let address = &address[SCHEME.len()..];
            trim(
                address
                    .split_once('?')
                    .map_or(address, |(address, _)| address),
            )
        }
        _ => address,
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || is_invisible(letter))
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
