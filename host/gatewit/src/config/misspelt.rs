//! Suggests the nearest known key for an unknown one.

/// Adds the most similar known key to serde's message about an unknown key.
///
/// The message is ``unknown field `x`, expected one of `a`, `b` at line 3 column 5``, so names stand in backquotes, the
/// unknown one first.
pub(super) fn explain(message: &str) -> String {
    if !message.contains("unknown field") && !message.contains("unknown variant") {
        return message.to_owned();
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next() else {
        return message.to_owned();
    };
    let likeness = |name: &&str| strsim::damerau_levenshtein(unknown, name);
    match names.min_by_key(likeness) {
        Some(nearest) if likeness(&nearest) <= unknown.len() / 2 => {
            format!("{message}; did you mean `{nearest}`?")
        }
        _ => message.to_owned(),
    }
}
