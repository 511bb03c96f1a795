//! The headers of tokens. Those that we sign differ only in their event, so they are compared rather than decoded.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewit_domain::id::EventId;
use gatewit_domain::ports::TokenHeader;
use jsonwebtoken::{Algorithm, Header};

/// The encoding of `{"typ":"JWT","alg":"RS256","kid":`, which ends at a border between two groups of base64.
const BEGINNING: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6";
/// The rest of a header: the event's id in quotation marks, and a brace.
const REST: usize = 39;
const ENCODED_REST: usize = REST / 3 * 4;

/// Encodes the header of an event's tokens.
pub(super) fn encode(event: EventId) -> Result<String, serde_json::Error> {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(event.to_string());
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?))
}

/// Reads the header of a token without verifying it; None if the text is not a token.
pub(super) fn read(token: &str) -> Option<TokenHeader> {
    if let Some(event) = event_of_ours(token) {
        return Some(TokenHeader { event: Some(event) });
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let event = header.kid.and_then(|kid| kid.parse().ok());
    Some(TokenHeader { event })
}

/// Returns the event that a header in our own spelling names; None if it is spelled otherwise.
fn event_of_ours(token: &str) -> Option<EventId> {
    let rest = token.strip_prefix(BEGINNING)?;
    let (rest, parts) = rest.split_at_checked(ENCODED_REST)?;
    let dots = parts.bytes().filter(|byte| *byte == b'.').count();
    if !parts.starts_with('.') || dots != 2 {
        return None;
    }
    let mut decoded = [0; REST];
    URL_SAFE_NO_PAD.decode_slice(rest, &mut decoded).ok()?;
    let id = decoded.strip_prefix(b"\"")?.strip_suffix(b"\"}")?;
    str::from_utf8(id).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "019b2045-5a00-7c3e-9d5e-2f1a8b7c6d5e";

    fn event() -> EventId {
        EVENT.parse().unwrap()
    }

    fn encoded(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Checks what both ways of reading a header find.
    #[track_caller]
    fn check(token: &str, compared: Option<EventId>, read: Option<Option<EventId>>) {
        assert_eq!(event_of_ours(token), compared, "{token}");
        assert_eq!(super::read(token).map(|header| header.event), read);
    }

    #[test]
    fn a_header_of_ours_is_compared() {
        let header = encode(event()).unwrap();
        check(
            &format!("{header}.e30.c2ln"),
            Some(event()),
            Some(Some(event())),
        );
    }

    #[test]
    fn a_header_in_another_spelling_is_decoded() {
        for json in [
            format!(r#"{{"alg":"RS256","kid":"{EVENT}"}}"#),
            format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{EVENT}","cty":"x"}}"#),
            format!(r#"{{"typ":"JWT","alg":"RS256","kid": "{EVENT}"}}"#),
        ] {
            let token = format!("{}.e30.c2ln", encoded(&json));
            check(&token, None, Some(Some(event())));
        }
        let strange = "0123456789abcdef0123456789abcdef-xyz";
        let strange = format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{strange}"}}"#);
        check(&format!("{}.e30.c2ln", encoded(&strange)), None, Some(None));
    }

    #[test]
    fn a_header_of_ours_with_fewer_or_more_parts_than_a_token_is_no_token() {
        let header = encode(event()).unwrap();
        for parts in ["", ".", ".e30", "e30.c2ln", ".e30.c2ln.more", "x.e30.c2ln"] {
            check(&format!("{header}{parts}"), None, None);
        }
        let brace_missing = &header[..header.len() - 1];
        check(&format!("{brace_missing}..e30.c2ln"), None, None);
    }
}
