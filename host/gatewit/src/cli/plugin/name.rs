//! Names of plugins.

use std::path::Path;

/// The name of the plugin in a file.
pub fn plugin_name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
