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

#[cfg(test)]
mod tests {
    use super::check;

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
