//! Cursors: any value as text, which the host returns later.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Fault;

/// Writes a cursor: the value as JSON.
pub fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a cursor's fields are ones that JSON has")
}

/// Reads a cursor that [`write`] wrote. If another version wrote it and it cannot be read, the sync starts over.
pub fn read<T: DeserializeOwned>(cursor: &str) -> Result<T, Fault> {
    serde_json::from_str(cursor)
        .map_err(|_| Fault::StartOver("the cursor is of another version of this plugin".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_no_other_is() {
        let written = write(&(3_u32, Some("2026-11-21T20:53:36Z")));
        assert_eq!(
            read(&written),
            Ok((3_u32, Some("2026-11-21T20:53:36Z".to_owned())))
        );
        assert!(matches!(
            read::<(u32, Option<String>)>("page 3"),
            Err(Fault::StartOver(_))
        ));
    }
}
