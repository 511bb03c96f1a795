//! Checks by a file's first bytes whether it can be a component.

const MAGIC: &[u8] = b"\0asm";
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];
const COMPONENT: &[u8] = &[13, 0, 1, 0];

/// The kind of a file that cannot be a component.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OtherFormat {
    #[error(
        "not a WebAssembly component but a core module: encode it with wasm-tools component new"
    )]
    CoreModule,
    #[error("not a WebAssembly component but a version of WebAssembly that is not known here")]
    UnknownVersion,
    #[error("not a WebAssembly component but cut short")]
    CutShort,
    #[error("not a WebAssembly component but empty")]
    Empty,
    #[error("not a WebAssembly component but something else altogether")]
    NotWebAssembly,
}

/// Fails with the kind of file, if it cannot be a component.
pub(crate) fn check(bytes: &[u8]) -> Result<(), OtherFormat> {
    Err(match (bytes.get(..4), bytes.get(4..8)) {
        (Some(MAGIC), Some(COMPONENT)) => return Ok(()),
        (Some(MAGIC), Some(CORE_MODULE)) => OtherFormat::CoreModule,
        (Some(MAGIC), Some(_)) => OtherFormat::UnknownVersion,
        (Some(MAGIC), None) => OtherFormat::CutShort,
        _ if bytes.is_empty() => OtherFormat::Empty,
        _ => OtherFormat::NotWebAssembly,
    })
}

/// Whether all sections that a file begins are there to their ends. A file of another kind is as whole as it will be.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.get(MAGIC.len() + COMPONENT.len()..) else {
        return !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]);
    };
    if !bytes.starts_with(MAGIC) {
        return true;
    }
    // Each section is its kind, its length and its content.
    while let Some((_, section)) = rest.split_first() {
        let Some((length, content)) = read_length(section) else {
            return false;
        };
        let Some(next) = content.get(length..) else {
            return false;
        };
        rest = next;
    }
    true
}

/// Reads a number in LEB128 of 32 bits; None if it is cut short. One that is too long is no component's, so any will do.
fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((length, &bytes[index + 1..]));
        }
    }
    bytes.get(5..).map(|rest| (0, rest))
}

#[cfg(test)]
mod tests {
    use super::{check, is_whole};

    #[test]
    fn a_component_is_whole_once_its_last_section_is() {
        let section = [&[0, 0x83, 0x01][..], &[7; 131]].concat();
        let whole = [b"\0asm\x0d\0\x01\0", &section[..], &section[..]].concat();
        assert!(is_whole(&whole));
        for length in 0..whole.len() {
            let is_boundary = [8, 8 + section.len()].contains(&length);
            assert_eq!(is_whole(&whole[..length]), is_boundary, "{length}");
        }
        assert!(is_whole(b"#!/bin/sh\n") && is_whole(b"text"));
    }

    #[track_caller]
    fn check_refusal(bytes: &[u8], words: &str) {
        let expected = format!("not a WebAssembly component but {words}");
        assert_eq!(check(bytes).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_file_that_is_no_component_is_told_what_it_is() {
        assert_eq!(check(b"\0asm\x0d\0\x01\0"), Ok(()));
        check_refusal(b"", "empty");
        check_refusal(b"\0asm", "cut short");
        check_refusal(b"\0asm\x0d\0\x01", "cut short");
        check_refusal(
            b"\0asm\x0e\0\x01\0",
            "a version of WebAssembly that is not known here",
        );
        check_refusal(b"#!/bin/sh\n", "something else altogether");
        check_refusal(
            b"\0asm\x01\0\0\0",
            "a core module: encode it with wasm-tools component new",
        );
    }
}
