//! What a component is and what it costs, for its author.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gatewit_domain::plugin::PluginKind;

use crate::engine::Engine;
use crate::load::{Component, Facts, Generation, LoadError};

/// How often a component is called, to know what a call costs.
const CALLS: usize = 25;

/// What a component is and what it costs.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
    /// The size of the component, in bytes.
    pub file_bytes: usize,
    /// How long compiling took, in a process of its own where the engine does so.
    pub compiled_in: Duration,
    /// Its purpose, if it has one of ours.
    pub kind: Option<PluginKind>,
    /// The names of what it exports, in order.
    pub exports: Vec<String>,
    /// The names of what it imports, in order.
    pub imports: Vec<String>,
    /// Why it could not serve under this name, in the component's own words too; else what it is when it serves.
    pub serving: Result<Serving, String>,
}

/// What a component is when it serves.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Its description of itself.
    pub version: String,
    /// What it does, in one line.
    pub summary: String,
    /// A JSON Schema of its options or settings, as it gives it.
    pub options_schema: String,
    /// The size of its compiled code with its data, in bytes.
    pub code_bytes: usize,
    /// The median time of a call, each on a fresh instance.
    pub call: Duration,
    /// The most memory that an instance had, in bytes.
    pub memory_peak_bytes: usize,
}

impl Engine {
    /// Loads a component as it would be loaded under this name, and calls it. Blocks, for seconds if it is large.
    pub fn inspect(&self, name: &str, component: Bytes) -> Inspection {
        let loader = &self.loader;
        let component = Component::new(component);
        let begun = Instant::now();
        let compiled = loader.compile(&component);
        let compiled_in = begun.elapsed();
        let mut facts = Facts::default();
        let mut inspection = Inspection {
            digest: component.digest.clone(),
            file_bytes: component.bytes.len(),
            compiled_in,
            kind: None,
            exports: Vec::new(),
            imports: Vec::new(),
            serving: Err(String::new()),
        };
        if let Ok(compiled) = &compiled {
            let of_type = compiled.component_type();
            let engine = compiled.engine();
            inspection.exports = of_type
                .exports(engine)
                .map(|(name, _)| name.to_owned())
                .collect();
            inspection.imports = of_type
                .imports(engine)
                .map(|(name, _)| name.to_owned())
                .collect();
        }
        let loaded = loader.load(name, &component, &mut facts);
        inspection.kind = facts.kind;
        let serving = loaded.and_then(|generation| serving(&generation));
        inspection.serving = serving.map_err(|reason| reason.whole());
        inspection
    }
}

fn serving(generation: &Generation) -> Result<Serving, LoadError> {
    let description = generation.code.describe()?;
    let mut took = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        generation.code.describe()?;
        took.push(begun.elapsed());
    }
    took.sort();
    Ok(Serving {
        version: description.version,
        summary: description.summary,
        options_schema: description.options_schema,
        code_bytes: generation.code_bytes,
        call: took[CALLS / 2],
        memory_peak_bytes: generation.code.memory_peak(),
    })
}
