//! Checks texts that people write.

/// Trims a text and requires 1 to `max` characters. The error names the field.
pub fn bounded_text(field: &str, text: &str, max: usize) -> Result<String, String> {
    let trimmed = text.trim();
    match trimmed.chars().count() {
        length if (1..=max).contains(&length) => Ok(trimmed.to_owned()),
        _ => Err(format!("{field} must have 1 to {max} characters")),
    }
}
