//! Compiles components in a child process. A compilation cannot be interrupted, and a small file can take minutes and
//! gigabytes of it; so a child does it, under limits of the system, and leaves the code in the cache that both share.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};
use wasmtime::component::Component;

use crate::runtime;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};

/// The most processor time of a compilation, in seconds.
pub const CPU_SECONDS_MAX: u64 = 60;
/// How much later the system kills a child that does not heed its limit, in seconds.
const GRACE_SECONDS: u64 = 5;
/// The most memory of a compilation, with the program itself.
const MEMORY_BYTES_MAX: u64 = 3 << 30;
/// How much the child yields to the server.
const NICE: i32 = 10;
/// The most that is read of what the child says.
const WORDS_BYTES_MAX: u64 = 4 << 10;

/// Where components are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// In this process, however long it takes: for tests and measurements of plugins that are trusted.
    InProcess,
    /// In a child process: this program with these arguments, which runs [`compile_stdin`].
    Child(PathBuf, Vec<OsString>),
}

/// Why a component cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    /// The text is the compiler's.
    #[error("it is cut short, invalid or too large to compile: {0}")]
    Invalid(String),
    #[error("compiling it takes more than {seconds_max} s of processor time")]
    TooLong { seconds_max: u64 },
    #[error(
        "compiling it takes more than {mebibytes_max} MiB of memory, or breaks the compiler (signal {signal})"
    )]
    Ended { signal: i32, mebibytes_max: u64 },
    /// The child process cannot be started or spoken to.
    #[error("it cannot be compiled: {0}")]
    NoCompiler(io::Error),
}

/// Compiles what it is given where that can hurt nobody.
pub(crate) struct Compilation {
    compiler: Compiler,
    /// Has an empty file for each component whose code was put into the cache, so that no child is needed to find it.
    compiled: PathBuf,
    /// Tells code apart that differs by how it was compiled.
    settings: u64,
    /// How many components had been compiled before.
    found: AtomicUsize,
}

impl Compilation {
    pub(crate) fn new(
        compiler: Compiler,
        cache: &Path,
        engine: &wasmtime::Engine,
    ) -> io::Result<Self> {
        let compiled = cache.join("compiled");
        fs::create_dir_all(&compiled)?;
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        Ok(Self {
            compiler,
            compiled,
            settings: settings.finish(),
            found: AtomicUsize::new(0),
        })
    }

    /// How many components had been compiled before; None if no child compiles.
    pub(crate) fn found(&self) -> Option<usize> {
        let is_by_child = self.compiler != Compiler::InProcess;
        is_by_child.then(|| self.found.load(Ordering::Relaxed))
    }

    /// Has the component with this digest compiled into the cache. Blocks.
    pub(crate) fn prepare(&self, component: &[u8], digest: &str) -> Result<(), CompileError> {
        let Compiler::Child(program, arguments) = &self.compiler else {
            return Ok(());
        };
        let hex = digest.rsplit(':').next().unwrap_or(digest);
        let mark = self.compiled.join(format!("{hex}-{:016x}", self.settings));
        if mark.exists() {
            self.found.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let (status, words) =
            run(program, arguments, component).map_err(CompileError::NoCompiler)?;
        if status.success() {
            return File::create(&mark)
                .map(drop)
                .map_err(CompileError::NoCompiler);
        }
        Err(match status.signal() {
            Some(signal) if signal == Signal::XCPU.as_raw() => CompileError::TooLong {
                seconds_max: CPU_SECONDS_MAX,
            },
            Some(signal) => CompileError::Ended {
                signal,
                mebibytes_max: MEMORY_BYTES_MAX >> 20,
            },
            None => CompileError::Invalid(one_line(words.trim(), REASON_CHARACTERS_MAX)),
        })
    }
}

/// Runs the child to its end; returns what it says.
fn run(
    program: &Path,
    arguments: &[OsString],
    component: &[u8],
) -> io::Result<(ExitStatus, String)> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A child that ends before it has read all says why by its status.
        let _ = stdin.write_all(component);
    }
    let mut words = String::new();
    if let Some(stderr) = child.stderr.take() {
        let mut start = stderr.take(WORDS_BYTES_MAX);
        // Words that are no text are none.
        let _ = start.read_to_string(&mut words);
    }
    Ok((child.wait()?, words))
}

/// The child: compiles the component on its standard input into the cache, within limits that it sets itself. The error
/// says why the component cannot be compiled.
pub fn compile_stdin(cache: &Path, cpu_seconds: u64) -> Result<(), String> {
    limit_this_process(cpu_seconds)
        .map_err(|error| format!("cannot limit the compilation: {error}"))?;
    let mut component = Vec::new();
    let read = io::stdin().read_to_end(&mut component);
    read.map_err(|error| format!("cannot read the component: {error}"))?;
    compile(cache, &component).map_err(|error| format!("{error:#}"))?;
    match compile(cache, &component) {
        Ok(true) => Ok(()),
        Ok(false) => Err("its code cannot be kept in the cache".to_owned()),
        Err(error) => Err(format!("{error:#}")),
    }
}

/// Compiles a component; returns whether its code was in the cache.
fn compile(cache: &Path, component: &[u8]) -> wasmtime::Result<bool> {
    let (mut config, cache) = runtime::config(cache)?;
    // Less to wait for, and less memory at once.
    config.parallel_compilation(false);
    Component::new(&wasmtime::Engine::new(&config)?, component)?;
    Ok(cache.cache_hits() > 0)
}

fn limit_this_process(cpu_seconds: u64) -> io::Result<()> {
    let limit = |current, maximum| Rlimit {
        current: Some(current),
        maximum: Some(maximum),
    };
    setrlimit(
        Resource::Cpu,
        limit(cpu_seconds, cpu_seconds + GRACE_SECONDS),
    )?;
    setrlimit(Resource::As, limit(MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))?;
    setrlimit(Resource::Core, limit(0, 0))?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    nice(NICE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::runtime::Runtime;

    /// A compilation whose child is this shell script.
    fn compiling(script: &str) -> (TempDir, Compilation) {
        let directory = TempDir::new().unwrap();
        let runtime = Runtime::start(directory.path()).unwrap();
        let script = vec!["-c".into(), script.into()];
        let child = Compiler::Child("/bin/sh".into(), script);
        let compilation = Compilation::new(child, directory.path(), runtime.engine());
        (directory, compilation.unwrap())
    }

    #[track_caller]
    fn check_refusal(script: &str, words: &str) {
        let (_directory, compilation) = compiling(script);
        let refused = compilation.prepare(b"component", "sha256:00").unwrap_err();
        assert_eq!(refused.to_string(), words);
    }

    #[test]
    fn a_compilation_that_fails_is_told_how() {
        check_refusal(
            "cat >/dev/null; echo the end is missing >&2; exit 1",
            "it is cut short, invalid or too large to compile: the end is missing",
        );
        check_refusal(
            "kill -XCPU $$",
            "compiling it takes more than 60 s of processor time",
        );
        check_refusal(
            "kill -ABRT $$",
            "compiling it takes more than 3072 MiB of memory, or breaks the compiler (signal 6)",
        );
    }

    #[test]
    fn a_component_is_compiled_once() {
        let (directory, compilation) = compiling("cat >/dev/null");
        compilation.prepare(b"component", "sha256:00").unwrap();
        let marks = fs::read_dir(directory.path().join("compiled")).unwrap();
        assert_eq!(marks.count(), 1);
        let (_directory, broken) = compiling("exit 1");
        let broken = Compilation {
            compiled: directory.path().join("compiled"),
            ..broken
        };
        broken.prepare(b"component", "sha256:00").unwrap();
        broken.prepare(b"another", "sha256:01").unwrap_err();
    }

    #[test]
    fn the_child_compiles_what_the_server_finds() {
        let directory = TempDir::new().unwrap();
        let runtime = Runtime::start(directory.path()).unwrap();
        let component = wat::parse_str("(component)").unwrap();
        assert!(!compile(directory.path(), &component).unwrap());
        assert!(compile(directory.path(), &component).unwrap());
        Component::new(runtime.engine(), &component).unwrap();
        assert_eq!(runtime.found_compiled(), 1);
    }
}
