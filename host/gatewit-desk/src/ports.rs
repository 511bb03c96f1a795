//! The ports that every part of the desk works with.

use std::sync::Arc;

use gatewit_domain::ports::{Clock, PluginLibrary, Signer, Store, Strategies};
use jiff::Timestamp;

/// The ports that the desk needs.
pub struct Ports {
    /// Keeps everything.
    pub store: Arc<dyn Store>,
    /// Says when doors are open.
    pub strategies: Arc<dyn Strategies>,
    /// Loads and replaces plugins.
    pub library: Arc<dyn PluginLibrary>,
    /// Makes and opens the keys of events.
    pub signer: Arc<dyn Signer>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Returns the time that every decision uses.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
