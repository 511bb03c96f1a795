//! Builds guests: compiles them to core modules, makes components, and copies them to the directories of the server and
//! the tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

use crate::shell;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// A group of guests. Groups never share a folder: a server must not load guests that misbehave on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Our own plugins, from `plugins/` to `target/plugins`.
    Plugins,
    /// The tests' guests, from `tests/guests/` to `target/test-guests`.
    TestGuests,
}

impl Group {
    fn source(self) -> &'static str {
        match self {
            Group::Plugins => "plugins",
            Group::TestGuests => "tests/guests",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Group::Plugins => "plugins",
            Group::TestGuests => "test-guests",
        }
    }
}

/// Builds a group of guests. It rewrites only changed files, so that a server that watches them sees only changes.
pub fn build(workspace: &Workspace, toolchain: &Toolchain, group: Group) -> Result<()> {
    let names = names(&workspace.root.join(group.source()))?;
    shell::step(&format!("{}: {}", group.source(), names.join(", ")));
    shell::run(&mut toolchain.build(workspace, &names))?;
    let modules = workspace.target.join("guests").join(TARGET).join("guest");
    let folder = workspace.target.join(group.folder());
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for name in &names {
        let module = modules.join(format!("{}.wasm", name.replace('-', "_")));
        let component =
            encode(&module).with_context(|| format!("cannot make a component of {name}"))?;
        let path = folder.join(format!("{name}.wasm"));
        if write_if_changed(&path, &component)
            .with_context(|| format!("cannot write {}", path.display()))?
        {
            eprintln!("{} ({} KB)", path.display(), component.len().div_ceil(1000));
        }
    }
    Ok(())
}

/// The names of all packages in a folder, sorted. A package has the name of its folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn encode(module: &Path) -> Result<Vec<u8>> {
    let module = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()
}

/// Writes beside the file and renames, so that nobody reads half a file. Returns whether it wrote anything.
fn write_if_changed(path: &Path, contents: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(false);
    }
    let beside = path.with_extension("wasm.new");
    fs::write(&beside, contents)?;
    fs::rename(&beside, path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_only_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.wasm");
        let outcomes =
            [b"one", b"one", b"two"].map(|contents| write_if_changed(&path, contents).unwrap());
        assert_eq!(outcomes, [true, false, true]);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn packages_are_the_folders_with_a_manifest() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "notes"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["b", "a"] {
            fs::write(folder.path().join(name).join("Cargo.toml"), "").unwrap();
        }
        assert_eq!(names(folder.path()).unwrap(), ["a", "b"]);
    }
}
