//! The operator's settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatewit_domain::attendees::{AddonTypes, AttendeeRules};
use gatewit_domain::names::NameMatching;
use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::{RunLimits, SourceName};
use jiff::SignedDuration;

use crate::caller::Access;

/// The settings of the desk.
#[derive(Clone)]
pub struct DeskSettings {
    /// How long a registration token lives (`GATEWIT_REGISTRATION_TOKEN_MINUTES`).
    pub registration_token_life: SignedDuration,
    /// The rest, which can change while the desk is open.
    pub configuration: Configuration,
}

impl Default for DeskSettings {
    /// Five minutes for a token, as the contract says; no ticketing system, no operators and no organizations.
    fn default() -> Self {
        Self {
            registration_token_life: SignedDuration::from_mins(5),
            configuration: Configuration::default(),
        }
    }
}

/// The settings that can change while the desk is open.
#[derive(Clone, Default)]
pub struct Configuration {
    /// The ticketing systems.
    pub sources: ConfiguredSources,
    /// The settings of `/tickets/*`.
    pub ticketing: Ticketing,
    /// Who may do what.
    pub access: Access,
}

/// The settings of `/tickets/*`.
#[derive(Clone, Debug, Default)]
pub struct Ticketing {
    /// Names of configured sources, in the order in which they are asked.
    pub sources: Vec<SourceName>,
    /// How names are compared.
    pub matching: NameMatching,
    /// None if there are no such statistics.
    pub addons: Option<AddonTypes>,
}

/// A ticket source as the operator configured it.
#[derive(Clone)]
pub struct ConfiguredSource {
    /// Reads the ticketing system. A source that is configured anew has another reader.
    pub source: Arc<dyn TicketSource>,
    /// The name of its plugin, for display.
    pub plugin: String,
    /// How often it is synced (`sync.every`, default 5 minutes).
    pub every: SignedDuration,
    /// Organizations whose events may have its tickets; None for all.
    pub orgs: Option<Vec<String>>,
    /// Which of its tickets make attendees for `/tickets/*`.
    pub rules: AttendeeRules,
    /// Whether an unknown ticket or address is looked up in the ticketing system at once.
    pub live_find: bool,
    /// How much one run may read (`limits`).
    pub run_limits: RunLimits,
}

/// The sources by name.
pub type ConfiguredSources = BTreeMap<SourceName, ConfiguredSource>;
