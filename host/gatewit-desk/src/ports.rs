//! What every part of the desk works with: the ports, and the operator's settings.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::caller::Access;
use crate::live_sources::ConfiguredSources;
use crate::ticket_sources::Ticketing;
use gatewit_domain::ports::{Clock, Signer, Store, Strategies};

/// The ports that the desk needs.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub strategies: Arc<dyn Strategies>,
    pub signer: Arc<dyn Signer>,
    pub sources: ConfiguredSources,
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

/// The operator's settings.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// How long a registration token lives (`GATEWIT_REGISTRATION_TOKEN_MINUTES`).
    pub registration_token_life: SignedDuration,
    pub ticketing: Ticketing,
    pub access: Access,
}

impl Default for DeskSettings {
    /// Five minutes for a token, as the contract says; no ticketing system, no operators and no organizations.
    fn default() -> Self {
        Self {
            registration_token_life: SignedDuration::from_mins(5),
            ticketing: Ticketing::default(),
            access: Access::default(),
        }
    }
}
