//! The modules of one crate, and the arrows between them: who uses whom, and in which line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::mentions::{Kind, Mention, Mentions};

/// The path of a module within its crate; empty for the root.
pub type Module = Vec<String>;

/// One module's use of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: Module,
    pub to: Module,
    file: PathBuf,
    line: usize,
    text: String,
}

/// What a `mod` or a `use` binds a name to.
type Names = BTreeMap<(Module, String), Module>;

/// A crate, as its files say.
#[derive(Default)]
struct Sources {
    files: BTreeMap<Module, (PathBuf, String)>,
    /// Every module, with the one in whose file it is.
    modules: BTreeMap<Module, Module>,
    paths: Vec<(Module, Mention)>,
    imports: Names,
    re_exports: Names,
}

/// Reads the arrows of the crate with this root: its `lib.rs` or `main.rs`.
pub fn arrows(root: &Path) -> BTreeSet<Arrow> {
    let mut sources = Sources::default();
    sources.read(root.to_owned(), Module::new());
    sources.bind_names();
    let paths = sources.paths.iter();
    paths
        .flat_map(|(file, mention)| sources.arrows(file, mention))
        .collect()
}

impl Sources {
    /// Reads a file, and those of the modules it declares.
    fn read(&mut self, file: PathBuf, module: Module) {
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mentions = Mentions::read(&text, &module);
        let folder = match module.is_empty() {
            true => file.with_file_name(""),
            false => file.with_extension(""),
        };
        for inline in mentions.inline {
            self.modules.insert(inline, module.clone());
        }
        self.paths.extend(
            mentions
                .paths
                .into_iter()
                .map(|mention| (module.clone(), mention)),
        );
        for child in mentions.files {
            let below: PathBuf = child[module.len()..].iter().collect();
            self.read(folder.join(below).with_extension("rs"), child);
        }
        self.modules.insert(module.clone(), module.clone());
        self.files.insert(module, (file, text));
    }

    fn bind_names(&mut self) {
        for (_, mention) in &self.paths {
            let (Kind::Import(name) | Kind::ReExport(name)) = &mention.kind else {
                continue;
            };
            let Some(path) = self.absolute(mention) else {
                continue;
            };
            let names = match mention.kind {
                Kind::ReExport(_) => &mut self.re_exports,
                _ => &mut self.imports,
            };
            names.insert((mention.within.clone(), name.clone()), path);
        }
    }

    /// Returns the path from the crate's root, or nothing if it leads out of the crate or names no module.
    fn absolute(&self, mention: &Mention) -> Option<Module> {
        let Mention {
            within, segments, ..
        } = mention;
        let supers = segments
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        let named = |start: &[String], rest: &[String]| Some([start, rest].concat());
        match segments[0].as_str() {
            "crate" => named(&[], &segments[1..]),
            "self" => named(within, &segments[1..]),
            "super" => named(
                &within[..within.len().checked_sub(supers)?],
                &segments[supers..],
            ),
            first => {
                let child = [within.as_slice(), &[first.to_owned()]].concat();
                if self.modules.contains_key(&child) {
                    return named(within, segments);
                }
                let key = (within.clone(), first.to_owned());
                let bound = self.re_exports.get(&key).or_else(|| {
                    let imported = self.imports.get(&key);
                    imported.filter(|path| self.modules.contains_key(*path))
                })?;
                named(bound, &segments[1..])
            }
        }
    }

    /// Returns an arrow to the module of the path and, if that only passes the item on, to where it is from.
    fn arrows(&self, file: &Module, mention: &Mention) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        let mut path = self.absolute(mention);
        let is_re_export = matches!(mention.kind, Kind::ReExport(_));
        // A name passes through few modules; the bound is for names that lead to themselves.
        for _ in 0..8 {
            let Some(target) = path.take() else {
                break;
            };
            let ends = (0..=target.len()).rev();
            let known = ends
                .map(|end| target.split_at(end))
                .find(|(module, _)| self.modules.contains_key(*module));
            let (module, item) = known.expect("the root is a module");
            let to = &self.modules[module];
            if to != file && !(is_re_export && to.starts_with(file)) {
                arrows.push(self.arrow(file, to, mention.line));
            }
            if let Some(name) = item.first() {
                path = self
                    .re_exports
                    .get(&(module.to_vec(), name.clone()))
                    .cloned();
            }
        }
        arrows
    }

    fn arrow(&self, from: &Module, to: &Module, line: usize) -> Arrow {
        let (file, text) = &self.files[from];
        let (file, text) = (
            file.clone(),
            text.lines()
                .nth(line - 1)
                .unwrap_or_default()
                .trim()
                .to_owned(),
        );
        Arrow {
            from: from.clone(),
            to: to.clone(),
            file,
            line,
            text,
        }
    }
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            file,
            line,
            text,
        } = self;
        let [from, to] = [from, to].map(|module| match module.is_empty() {
            true => "the root".to_owned(),
            false => module.join("::"),
        });
        write!(f, "{from} -> {to}: {}:{line}: {text}", file.display())
    }
}
