//! E-mail addresses as people paste them: alone, `Ada <ada@example.org>`, `mailto:…`, several in a row.

use crate::identifier::is_invisible;

/// Finds the addresses in a text, as written: `Lovelace, Ada <Ada@x.org>; b@y.org` has `Ada@x.org` and `b@y.org`. None if
/// there is none, or other text than the name before an address in angle brackets.
pub fn split(text: &str) -> Option<Vec<&str>> {
    let mut addresses = Vec::new();
    let mut name_stands = false;
    for piece in text.split([';', ',', '\n']).map(trim) {
        if let Some((_, bracketed)) = piece.strip_suffix('>').and_then(|to| to.rsplit_once('<')) {
            addresses.push(bare(bracketed));
            name_stands = false;
        } else if !name_stands && piece.contains('@') {
            addresses.extend(spaced(piece));
        } else {
            // A name may contain a comma.
            name_stands |= !piece.is_empty();
        }
    }
    (!name_stands && !addresses.is_empty()).then_some(addresses)
}

/// Splits addresses that are separated only by space. If a part is not an address, the whole text is one invalid
/// address.
fn spaced(piece: &str) -> Vec<&str> {
    let parts = || piece.split_whitespace();
    match parts().all(|part| part.contains('@')) {
        true => parts().map(bare).collect(),
        false => vec![bare(piece)],
    }
}

/// Removes the scheme and the query of a link.
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
