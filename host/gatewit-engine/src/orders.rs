//! What is to be done with plugins, as orders to the library.

use bytes::Bytes;
use gatewit_domain::plugin::LibraryError;
use gatewit_domain::ports::TriedPlugin;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// What is to be done with a plugin.
pub(crate) struct Order {
    pub plugin: String,
    pub task: Task,
}

impl Order {
    /// Has a plugin's file looked at.
    pub(crate) fn look(plugin: String) -> Self {
        Self {
            plugin,
            task: Task::Look(None),
        }
    }
}

/// Where a start finds components, besides those that are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    AtDirectory,
    Nowhere,
}

pub(crate) enum Task {
    /// Loads what is kept, and then looks at the plugin directory, if it is to.
    Start(Looks, oneshot::Sender<()>),
    /// Looks at the plugin's file, which may have changed.
    Look(Option<oneshot::Sender<()>>),
    Upload {
        component: Bytes,
        force: bool,
        by: String,
        reply: Reply,
    },
    TryOut {
        component: Bytes,
        against: Option<String>,
        reply: Reply<TriedPlugin>,
    },
    RollBack {
        by: String,
        reply: Reply,
    },
    Remove {
        force: bool,
        by: String,
        reply: Reply,
    },
    /// The generation with this digest failed too often.
    TakeBack {
        digest: String,
        why: String,
    },
}

pub(crate) type Reply<T = ()> = oneshot::Sender<Result<T, LibraryError>>;

/// Tells the library that a new generation failed too often.
#[derive(Clone)]
pub(crate) struct Alarm(pub UnboundedSender<Order>);

impl Alarm {
    pub(crate) fn raise(&self, plugin: &str, digest: &str, why: String) {
        // If nobody takes orders any more, the server is stopping.
        let _ = self.0.send(Order {
            plugin: plugin.to_owned(),
            task: Task::TakeBack {
                digest: digest.to_owned(),
                why,
            },
        });
    }
}
