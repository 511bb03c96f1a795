//! Finds arrows that run up.

use std::collections::BTreeSet;

use super::modules::{Arrow, Module};

/// The top modules of a crate from bottom to top, those of one layer in one text: none may use one that is above it.
/// `*` stands for all that are not named. The root has no layer: it only passes on what they have.
pub type Layers = &'static [&'static str];

/// Returns the arrows from a lower layer to a higher one.
pub fn upward(arrows: &BTreeSet<Arrow>, layers: Layers) -> Vec<Arrow> {
    let find = |name: &str| {
        let mut layers = layers.iter();
        layers.position(|layer| layer.split(' ').any(|module| module == name))
    };
    let layer = |module: &Module| module.first().map(|top| find(top).or_else(|| find("*")));
    let is_upward = |arrow: &&Arrow| match (layer(&arrow.from), layer(&arrow.to)) {
        (Some(from), Some(to)) => from < to,
        _ => false,
    };
    arrows.iter().filter(is_upward).cloned().collect()
}
