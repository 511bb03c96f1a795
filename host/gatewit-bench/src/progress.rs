//! Tells whoever waits for the figures how far they are.

/// Prints to stderr what is done next.
pub fn note(words: &str) {
    eprintln!("{words} ...");
}
