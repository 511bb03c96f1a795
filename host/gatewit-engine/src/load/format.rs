//! Checks by a file's first bytes whether it can be a component.

const MAGIC: &[u8] = b"\0asm";
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];
const COMPONENT: &[u8] = &[13, 0, 1, 0];

/// Fails with the kind of file, if it cannot be a component.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let other = match (bytes.get(..4), bytes.get(4..8)) {
        (Some(MAGIC), Some(COMPONENT)) => return Ok(()),
        (Some(MAGIC), Some(CORE_MODULE)) => {
            "a core module: encode it with wasm-tools component new"
        }
        (Some(MAGIC), Some(_)) => "a version of WebAssembly that is not known here",
        (Some(MAGIC), None) => "cut short",
        _ if bytes.is_empty() => "empty",
        _ => "something else altogether",
    };
    Err(format!("not a WebAssembly component but {other}"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[track_caller]
    fn check_refusal(bytes: &[u8], words: &str) {
        let expected = format!("not a WebAssembly component but {words}");
        assert_eq!(check(bytes), Err(expected));
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
