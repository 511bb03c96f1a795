//! Loads one component. The result is a plugin that can serve, or the reason why it cannot.

mod error;
pub(crate) mod format;
mod world;

pub(crate) use error::{LoadError, TrialError};

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
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
use crate::bindings::backend;
use crate::compiling::{Compilation, CompileError};
use crate::digest::digest_of;
use crate::load::world::World;
use crate::runtime::Runtime;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};
use crate::settings::{CurrentPolicy, SourceLimits};
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
    pub directory: PathBuf,
    pub policy: CurrentPolicy,
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
    /// The size of its compiled code with its data, in bytes.
    pub code_bytes: usize,
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

    /// Asks it to describe itself. Blocks.
    pub(crate) fn describe(&self) -> Result<Description, LoadError> {
        match self {
            Self::Strategy(strategy) => {
                let description = strategy.describe().map_err(LoadError::Undescribed)?;
                Ok(Description::of(
                    description.version,
                    description.summary,
                    description.options_schema,
                ))
            }
            Self::Backend(backend) => {
                let description = describe(backend)?;
                Ok(Description::of(
                    description.version,
                    description.summary,
                    description.options_schema,
                ))
            }
        }
    }

    /// The most memory that one of its instances has had, in bytes.
    pub(crate) fn memory_peak(&self) -> usize {
        match self {
            Self::Strategy(strategy) => strategy.memory_peak.bytes(),
            Self::Backend(backend) => backend.memory_peak.bytes(),
        }
    }
}

/// A plugin's description of itself.
pub(crate) struct Description {
    /// In one line, as the summary is.
    pub version: String,
    pub summary: String,
    pub options_schema: String,
}

impl Description {
    fn of(version: String, summary: String, options_schema: String) -> Self {
        Self {
            version: one_line(&version, VERSION_CHARACTERS_MAX),
            summary: one_line(&summary, REASON_CHARACTERS_MAX),
            options_schema,
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
        let found = self.compilation.found();
        found.unwrap_or_else(|| self.runtime.found_compiled())
    }

    /// Compiles and tries a component. Takes seconds for a large one that was not compiled before. Notes what is found on
    /// the way.
    pub(crate) fn load(
        &self,
        name: &str,
        component: &Component,
        facts: &mut Facts,
    ) -> Result<Generation, LoadError> {
        let digest = component.digest.clone();
        facts.digest = Some(digest.clone());
        check_name(name)?;
        let component = self.compile(component)?;
        let world = World::of(&component)?;
        facts.kind = Some(world.kind());
        let code = match world {
            World::Strategy { interface } => self.strategy(&component, &interface, name),
            World::Backend => backend(&component),
        }?;
        let version = code.describe()?.version;
        Ok(Generation {
            identity: PluginIdentity {
                name: name.to_owned(),
                digest,
            },
            version,
            loaded_at: self.clock.now(),
            code_bytes: code_bytes(&component),
            code,
            has_been_asked: AtomicBool::new(true),
        })
    }

    /// Compiles a component, or finds its code in the cache.
    pub(crate) fn compile(&self, component: &Component) -> Result<component::Component, LoadError> {
        let bytes = &component.bytes;
        format::check(bytes)?;
        self.compilation.prepare(bytes, &component.digest)?;
        let compiled = component::Component::new(self.runtime.engine(), bytes);
        compiled.map_err(|err| {
            let words = one_line(&format!("{err:#}"), REASON_CHARACTERS_MAX);
            CompileError::Invalid(words).into()
        })
    }

    fn strategy(
        &self,
        component: &component::Component,
        interface: &str,
        name: &str,
    ) -> Result<Code, LoadError> {
        world::check_purity(component)?;
        let policy = self.policy.clone();
        let strategy = Strategy::new(component, interface, name, policy)?;
        Ok(Code::Strategy(Arc::new(strategy)))
    }
}

fn code_bytes(component: &component::Component) -> usize {
    let image = component.image_range();
    image.end as usize - image.start as usize
}

fn backend(component: &component::Component) -> Result<Code, LoadError> {
    world::check_backend(component)?;
    Ok(Code::Backend(Arc::new(Backend::new(component)?)))
}

/// Asks a backend to describe itself. Blocks.
fn describe(backend: &Backend) -> Result<backend::Description, LoadError> {
    let limits = InstanceLimits {
        time: DESCRIPTION_TIME_MAX,
        ..SourceLimits::default().instance()
    };
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
pub fn plugin_name(path: &Path) -> String {
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
