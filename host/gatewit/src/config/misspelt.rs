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
    let unknown = names.next().unwrap_or_default();
    match nearest(unknown, names) {
        Some((nearest, distance)) if distance <= unknown.len() / 2 => {
            format!("{message}; did you mean `{nearest}`?")
        }
        _ => message.to_owned(),
    }
}

/// Returns the most similar of some names, and in how many letters it differs.
pub(super) fn nearest<'n>(
    unknown: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<(&'n str, usize)> {
    let distances = known
        .into_iter()
        .map(|name| (name, strsim::damerau_levenshtein(unknown, name)));
    distances.min_by_key(|(_, distance)| *distance)
}
