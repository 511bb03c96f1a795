//! Finds out which kind of plugin a component is, and whether it imports more than this kind may.

use gatewit_domain::plugin::PluginKind;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};

const STRATEGY: &str = "gatewit:plugin/check-in-strategy";
const BACKEND: &str = "gatewit:plugin/ticketing-backend";
const HTTP: &str = "gatewit:plugin/http";
/// The parts of WASI that are linked for backends, because the run times of many languages need them.
const WASI_PACKAGES: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];
/// A version is cut after this many characters.
const VERSION_CHARACTERS_MAX: usize = 32;
/// The start of every version that is compatible with `wit/`; it follows an interface's name.
const VERSION: &str = "@0.1.";

/// Why a component is no plugin of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WorldError {
    /// It exports neither interface. The text lists its exports.
    #[error(
        "neither world strategy nor world backend exported: it exports {0}; expected is {STRATEGY}{VERSION}0 or {BACKEND}{VERSION}0"
    )]
    OtherExports(String),
    /// It exports an interface of ours in a version that this host does not speak. The text is the version.
    #[error(
        "built against gatewit:plugin@{0}, and this host speaks 0.1: build it against this host's wit/"
    )]
    OtherVersion(String),
    /// The text is the import.
    #[error("imports {import}: a strategy must be pure{remedy}", import = .0, remedy = remedy(.0))]
    ImpureStrategy(String),
    /// The text is the import.
    #[error(
        "imports {0}: a backend may have {HTTP}{VERSION}0 and WASI 0.2 without HTTP, and nothing else"
    )]
    ExcessOfBackend(String),
}

/// The world that a component implements.
pub(crate) enum World {
    Strategy {
        /// The interface that it exports, such as `gatewit:plugin/check-in-strategy@0.1.0`.
        interface: String,
    },
    Backend,
}

impl World {
    /// Finds a component's world. If it is not one of ours, the error lists the component's exports.
    pub(crate) fn of(component: &Component) -> Result<Self, WorldError> {
        let component_type = component.component_type();
        let exports: Vec<&str> = component_type
            .exports(component.engine())
            .map(|(name, _)| name)
            .collect();
        let find = |interface: &str| exports.iter().find(|name| is_version_of(name, interface));
        if let Some(interface) = find(STRATEGY) {
            let interface = (*interface).to_owned();
            return Ok(Self::Strategy { interface });
        }
        if find(BACKEND).is_some() {
            return Ok(Self::Backend);
        }
        if let Some(version) = exports.iter().find_map(|name| version_of_ours(name)) {
            let version = one_line(version, VERSION_CHARACTERS_MAX);
            return Err(WorldError::OtherVersion(version));
        }
        let exports = match exports.join(", ") {
            nothing if nothing.is_empty() => "nothing".to_owned(),
            names => one_line(&names, REASON_CHARACTERS_MAX),
        };
        Err(WorldError::OtherExports(exports))
    }

    pub(crate) fn kind(&self) -> PluginKind {
        match self {
            Self::Strategy { .. } => PluginKind::Strategy,
            Self::Backend => PluginKind::Backend,
        }
    }
}

/// Returns the version of an interface of ours.
fn version_of_ours(name: &str) -> Option<&str> {
    let ours = [STRATEGY, BACKEND].into_iter();
    ours.filter_map(|interface| name.strip_prefix(interface))
        .find_map(|version| version.strip_prefix('@'))
}

/// How to build a strategy without an import of WASI, which the run times of some languages bring along.
fn remedy(import: &str) -> &'static str {
    match import.contains("\"wasi:") {
        true => {
            "; build it without WASI: in Python with --stub-wasi, in JavaScript with its features disabled, in Rust for \
             wasm32-unknown-unknown"
        }
        false => "",
    }
}

fn is_version_of(name: &str, interface: &str) -> bool {
    let version = name.strip_prefix(interface);
    let patch = version.and_then(|version| version.strip_prefix(VERSION));
    patch.is_some_and(|patch| patch.parse::<u32>().is_ok())
}

/// Finds the first import that a strategy must not have: anything but types.
pub(crate) fn check_purity(component: &Component) -> Result<(), WorldError> {
    let engine = component.engine();
    let component_type = component.component_type();
    let impurity = component_type
        .imports(engine)
        .find_map(|(name, import)| impurity(name, &import.ty, engine));
    match impurity {
        Some(impurity) => {
            let import = one_line(&impurity, REASON_CHARACTERS_MAX);
            Err(WorldError::ImpureStrategy(import))
        }
        None => Ok(()),
    }
}

/// Finds the first import that a backend must not have: anything but types, our HTTP, and WASI 0.2 without its HTTP.
pub(crate) fn check_backend(component: &Component) -> Result<(), WorldError> {
    let engine = component.engine();
    let component_type = component.component_type();
    let excess = component_type
        .imports(engine)
        .filter(|(name, _)| !is_version_of(name, HTTP) && !is_wasi(name))
        .find_map(|(name, import)| impurity(name, &import.ty, engine));
    match excess {
        Some(excess) => {
            let import = one_line(&excess, REASON_CHARACTERS_MAX);
            Err(WorldError::ExcessOfBackend(import))
        }
        None => Ok(()),
    }
}

/// Whether an interface is one of the linked interfaces of WASI 0.2, such as `wasi:cli/environment@0.2.6`.
fn is_wasi(name: &str) -> bool {
    let package = WASI_PACKAGES
        .iter()
        .find_map(|package| name.strip_prefix(package));
    let version = package.and_then(|name| name.split_once("@0.2."));
    version.is_some_and(|(_, patch)| patch.parse::<u32>().is_ok())
}

/// Finds the part of an imported item that is more than a type.
fn impurity(name: &str, item: &ComponentItem, engine: &Engine) -> Option<String> {
    let kind = match item {
        ComponentItem::Type(_) => return None,
        ComponentItem::ComponentInstance(interface) => {
            return interface.exports(engine).find_map(|(inner, export)| {
                impurity(inner, &export.ty, engine)
                    .map(|impurity| format!("{impurity} of \"{name}\""))
            });
        }
        ComponentItem::ComponentFunc(_) | ComponentItem::CoreFunc(_) => "function",
        ComponentItem::Resource(_) => "resource",
        ComponentItem::Module(_) => "core module",
        ComponentItem::Component(_) => "component",
    };
    Some(format!("the {kind} \"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(import: &str, expected: Result<(), &str>) {
        let component = wat::parse_str(format!("(component {import})")).unwrap();
        let component = Component::new(&Engine::default(), component).unwrap();
        let expected =
            expected.map_err(|import| format!("imports the {import}: a strategy must be pure"));
        let checked = check_purity(&component).map_err(|err| err.to_string());
        assert_eq!(checked, expected);
    }

    #[track_caller]
    fn check_backend_import(import: &str, expected: Result<(), &str>) {
        let component = wat::parse_str(format!("(component {import})")).unwrap();
        let component = Component::new(&Engine::default(), component).unwrap();
        let expected = expected.map_err(|import| {
            format!("imports the {import}: a backend may have gatewit:plugin/http@0.1.0 and WASI 0.2 without HTTP, and nothing else")
        });
        let checked = check_backend(&component).map_err(|err| err.to_string());
        assert_eq!(checked, expected);
    }

    #[test]
    fn a_backend_may_have_our_http_and_wasi_and_nothing_else() {
        let function =
            |interface: &str| format!("(import \"{interface}\" (instance (export \"f\" (func))))");
        let refused = |interface: &str| format!("function \"f\" of \"{interface}\"");
        for interface in [
            "gatewit:plugin/http@0.1.0",
            "gatewit:plugin/http@0.1.9",
            "wasi:cli/environment@0.2.0",
            "wasi:sockets/tcp@0.2.12",
        ] {
            check_backend_import(&function(interface), Ok(()));
        }
        for interface in [
            "gatewit:plugin/http@0.2.0",
            "gatewit:plugin/store@0.1.0",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:cli/environment@0.3.0",
            "wasi:clitoo/environment@0.2.0",
            "a:b/wasi",
        ] {
            check_backend_import(&function(interface), Err(&refused(interface)));
        }
        check_backend_import("(import \"f\" (func))", Err("function \"f\""));
        check_backend_import("(type $t u32) (import \"t\" (type (eq $t)))", Ok(()));
    }

    #[test]
    fn types_are_pure_and_nothing_else_is() {
        check("", Ok(()));
        check("(type $t u32) (import \"size\" (type (eq $t)))", Ok(()));
        check(
            "(import \"a:b/types\" (instance (type $t (enum \"x\")) (export \"t\" (type (eq $t)))))",
            Ok(()),
        );
        check(
            "(import \"now\" (func (result u64)))",
            Err("function \"now\""),
        );
        check(
            "(import \"a:b/clock@1.2.3\" (instance (export \"now\" (func (result u64)))))",
            Err("function \"now\" of \"a:b/clock@1.2.3\""),
        );
        check(
            "(import \"a:b/files\" (instance (export \"file\" (type (sub resource)))))",
            Err("resource \"file\" of \"a:b/files\""),
        );
        check(
            "(import \"a\" (instance (export \"b\" (instance (export \"f\" (func))))))",
            Err("function \"f\" of \"b\" of \"a\""),
        );
        check(
            "(import \"libc\" (core module))",
            Err("core module \"libc\""),
        );
    }
}
