//! Why a component does not serve.

use std::io;

use gatewit_domain::plugin::{CallError, FailureKind, PluginKind, PluginWords};

use crate::compiling::CompileError;
use crate::errors::LinkError;
use crate::load::format::OtherFormat;
use crate::load::world::WorldError;

/// Why a component cannot serve as a plugin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("cannot read the file: {0}")]
    Unreadable(io::Error),
    #[error("it is not a file")]
    NotAFile,
    #[error("the file is larger than {mebibytes_max} MiB")]
    TooLarge { mebibytes_max: u64 },
    #[error(
        "a plugin is named in lower-case letters and digits, words joined by \"-\", such as early-vip.wasm"
    )]
    Name,
    #[error(transparent)]
    Format(#[from] OtherFormat),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    World(#[from] WorldError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("it does not describe itself: {0}")]
    Undescribed(CallError),
    /// The host cannot ask a backend for its description.
    #[error("it does not describe itself: cannot start a runtime: {0}")]
    NoRuntime(io::Error),
    #[error(
        "this component failed too often when it served before, and is not loaded again; an operator can upload it \
         with ?force=true"
    )]
    Quarantined,
    /// Operators are told what it fails; others may not know of the event.
    #[error("it fails what the plugin that serves answers")]
    Trial(#[from] TrialError),
    /// It is of another kind than the one that serves, which something uses.
    #[error("it is a {new}, and the {old} that serves is in use")]
    OtherKind {
        new: PluginKind,
        old: PluginKind,
        users: Vec<String>,
    },
    #[error("the file is gone from the plugin directory; the plugin serves on, since it is in use")]
    Vanished { users: Vec<String> },
    /// It is good, and could not be kept.
    #[error("it could not be kept: {0}")]
    NotKept(String),
    /// The host's own thread broke off.
    #[error("loading it was cut off")]
    CutOff,
}

/// What a candidate fails that the generation that serves does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    #[error(
        "it does not accept the options of event {event:?}, which the plugin that serves accepts"
    )]
    Objection { event: String, words: PluginWords },
    #[error(
        "asked about the options of event {event:?}, which the plugin that serves accepts, {failure}"
    )]
    Options { event: String, failure: CallError },
    #[error(
        "asked for the windows of event {event:?} for ticket type {ticket_type:?}, which the plugin that serves \
         answers, {failure}"
    )]
    Windows {
        event: String,
        ticket_type: String,
        failure: CallError,
    },
}

impl LoadError {
    /// What only operators may know: who uses the plugin, what it fails, and its own text.
    pub(crate) fn for_operators(&self) -> Option<PluginWords> {
        match self {
            Self::Undescribed(failure) => failure.words().cloned(),
            Self::Trial(failed) => Some(failed.for_operators().into()),
            Self::OtherKind { users, .. } | Self::Vanished { users } => {
                Some(format!("it is used by {}", users.join(", ")).into())
            }
            _ => None,
        }
    }

    /// The whole reason, for operators.
    pub(crate) fn whole(&self) -> String {
        PluginWords::added_to(self, self.for_operators().as_ref())
    }

    /// Whether there was nothing to judge.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(
            self,
            Self::Unreadable(_) | Self::NotAFile | Self::TooLarge { .. } | Self::Vanished { .. }
        )
    }

    /// Whether a kept component is gone or damaged.
    pub(crate) fn is_lost(&self) -> bool {
        let lost = [io::ErrorKind::NotFound, io::ErrorKind::InvalidData];
        matches!(self, Self::Unreadable(error) if lost.contains(&error.kind()))
    }

    /// Whether this says something of the component, and would say the same at another time. A slow machine is no verdict.
    pub(crate) fn is_verdict(&self) -> bool {
        let is_late = |failure: &CallError| failure.kind() == FailureKind::Timeout;
        match self {
            Self::Undescribed(failure) | Self::Link(LinkError::Instance(failure)) => {
                !is_late(failure)
            }
            Self::Trial(
                TrialError::Options { failure, .. } | TrialError::Windows { failure, .. },
            ) => !is_late(failure),
            Self::Compile(CompileError::NoCompiler(_))
            | Self::NotKept(_)
            | Self::CutOff
            | Self::NoRuntime(_) => false,
            _ => !self.is_unread(),
        }
    }
}

impl TrialError {
    fn for_operators(&self) -> String {
        let words = match self {
            Self::Objection { words, .. } => Some(words),
            Self::Options { failure, .. } | Self::Windows { failure, .. } => failure.words(),
        };
        PluginWords::added_to(self, words)
    }
}
