//! Loads one component. The result is a plugin that can serve, or the reason why it cannot.

mod error;
pub(crate) mod format;
mod world;

pub(crate) use error::{LoadError, TrialError};

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use gatewit_domain::plugin::{CallError, PluginIdentity, PluginKind, is_plugin_name};
use gatewit_domain::ports::Clock;
use jiff::Timestamp;
use wasmtime::component;

use crate::backend::{Backend, InstanceLimits, Output};
use crate::bindings::backend::Description;
use crate::compiling::Compilation;
use crate::digest::digest_of;
use crate::load::world::World;
use crate::runtime::Runtime;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};
use crate::settings::{EngineSettings, SourceLimits};
use crate::strategy::Strategy;

/// The largest plugin file. Components in Python have some 40 MiB.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// How long a backend may take to describe itself. Backends in Python take a second on a slow machine.
const DESCRIPTION_TIME_MAX: Duration = Duration::from_secs(10);
/// A plugin's version is cut after this many characters.
const VERSION_CHARACTERS_MAX: usize = 64;

/// Turns components into generations of plugins.
pub(crate) struct Loader {
    pub runtime: Runtime,
    pub compilation: Compilation,
    pub settings: EngineSettings,
    pub clock: Arc<dyn Clock>,
}

/// A component as it is loaded from.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub bytes: Bytes,
    pub digest: String,
}

impl Component {
    /// Takes milliseconds for a large one.
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            digest: digest_of(&bytes),
            bytes,
        }
    }
}

/// A component, checked and ready to serve.
pub(crate) struct Generation {
    pub identity: PluginIdentity,
    /// Its own description.
    pub version: String,
    pub loaded_at: Timestamp,
    pub code: Code,
    /// Whether it has been asked all questions in use. Until then the answers of the generation before serve.
    pub has_been_asked: AtomicBool,
}

impl Generation {
    /// The strategy, if it is one.
    pub(crate) fn strategy(&self) -> Option<&Arc<Strategy>> {
        match &self.code {
            Code::Strategy(strategy) => Some(strategy),
            Code::Backend(_) => None,
        }
    }
}

/// A plugin ready to run.
#[derive(Clone)]
pub(crate) enum Code {
    Strategy(Arc<Strategy>),
    Backend(Arc<Backend>),
}

impl Code {
    pub(crate) fn kind(&self) -> PluginKind {
        match self {
            Self::Strategy(_) => PluginKind::Strategy,
            Self::Backend(_) => PluginKind::Backend,
        }
    }
}

/// Why a component does not serve.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The plugin's name.
    pub name: String,
    /// The facts found before loading failed.
    pub facts: Facts,
    pub reason: LoadError,
}

/// The facts about a component, whether it could be loaded or not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub digest: Option<String>,
    pub kind: Option<PluginKind>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot load plugin {:?}: {}", self.name, self.reason)
    }
}

impl Loader {
    /// The number of components that did not have to be compiled.
    pub(crate) fn found_compiled(&self) -> usize {
        let found = self.runtime.found_compiled();
        found.saturating_sub(self.compilation.children())
    }

    /// Compiles and tries a component. Takes seconds for a large one that was not compiled before. Notes what is found on
    /// the way.
    pub(crate) fn load(
        &self,
        name: &str,
        component: &Component,
        facts: &mut Facts,
    ) -> Result<Generation, LoadError> {
        let (bytes, digest) = (&component.bytes, component.digest.clone());
        facts.digest = Some(digest.clone());
        check_name(name)?;
        format::check(bytes)?;
        self.compilation.prepare(bytes, &digest)?;
        let engine = self.runtime.engine();
        let component = component::Component::new(engine, bytes).map_err(|err| {
            LoadError::NotCompiled(one_line(&format!("{err:#}"), REASON_CHARACTERS_MAX))
        })?;
        let world = World::of(&component)?;
        facts.kind = Some(world.kind());
        let (code, version) = match world {
            World::Strategy { interface } => self.strategy(&component, &interface, name),
            World::Backend => backend(&component),
        }?;
        Ok(Generation {
            identity: PluginIdentity {
                name: name.to_owned(),
                digest,
            },
            version: one_line(&version, VERSION_CHARACTERS_MAX),
            loaded_at: self.clock.now(),
            code,
            has_been_asked: AtomicBool::new(true),
        })
    }

    fn strategy(
        &self,
        component: &component::Component,
        interface: &str,
        name: &str,
    ) -> Result<(Code, String), LoadError> {
        world::check_purity(component)?;
        let limits = self.settings.limits_for(name);
        let strategy = Strategy::new(component, interface, limits)?;
        let description = strategy.describe().map_err(LoadError::Undescribed)?;
        Ok((Code::Strategy(Arc::new(strategy)), description.version))
    }
}

fn backend(component: &component::Component) -> Result<(Code, String), LoadError> {
    world::check_backend(component)?;
    let backend = Backend::new(component)?;
    let limits = InstanceLimits {
        time: DESCRIPTION_TIME_MAX,
        ..SourceLimits::default().instance()
    };
    let description = describe(&backend, limits)?;
    Ok((Code::Backend(Arc::new(backend)), description.version))
}

/// Asks a backend to describe itself. Blocks.
fn describe(backend: &Backend, limits: InstanceLimits) -> Result<Description, LoadError> {
    let describe = async || {
        let mut instance = backend.instantiate(limits, Output::default(), None).await?;
        instance.describe().await
    };
    // On a thread of its own: a thread that belongs to one runtime cannot start another.
    let outcome = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build();
            let runtime = runtime.map_err(LoadError::NoRuntime)?;
            let described = runtime.block_on(describe());
            described.map_err(LoadError::Undescribed)
        });
        thread.join()
    });
    outcome.unwrap_or(Err(LoadError::Undescribed(CallError::CutOff)))
}

/// The name of the plugin in a file: the file's stem.
pub(crate) fn plugin_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Checks that this is a valid plugin name.
pub(crate) fn check_name(name: &str) -> Result<(), LoadError> {
    match is_plugin_name(name) {
        true => Ok(()),
        false => Err(LoadError::Name),
    }
}

/// Reads the file of a plugin.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let metadata = path.metadata().map_err(LoadError::Unreadable)?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(LoadError::Unreadable)?;
    let mut start = file.take(FILE_BYTES_MAX + 1);
    start
        .read_to_end(&mut bytes)
        .map_err(LoadError::Unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(LoadError::TooLarge {
            mebibytes_max: FILE_BYTES_MAX >> 20,
        });
    }
    Ok(bytes)
}
