//! What the operator's files say: read whole and checked whole, before anything is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use gatewit_desk::{Access, DEFAULT_ORGANIZATION, Ticketing};
use gatewit_domain::event::EventChange;
use gatewit_engine::PluginLimits;

use crate::config::{Config, Environment, SourcePlan, TicketingPlan, folder_of};
use crate::oidc::OidcSettings;

/// Where the operator's files are, and what the command line adds to them.
#[derive(Clone, Debug)]
pub struct ConfigFiles {
    /// None: `event_config.yml`, if it exists. `.env` lies beside it.
    pub config: Option<PathBuf>,
    /// Further identities that may do everything, separated by commas.
    pub operators: String,
}

/// Everything that the files say.
pub struct Plan {
    pub environment: Environment,
    /// None: authentication is off.
    pub oidc: Option<OidcSettings>,
    /// The declared events.
    pub events: Vec<EventChange>,
    pub sources: Vec<SourcePlan>,
    pub ticketing: Ticketing,
    pub access: Access,
    /// The limits of the plugins that the configuration names.
    pub plugin_limits: BTreeMap<String, PluginLimits>,
}

impl Plan {
    /// Reads the files. The error names the file, and the line or the variable.
    pub fn read(files: &ConfigFiles) -> anyhow::Result<Self> {
        let folder = folder_of(files.config.as_deref());
        let environment = Environment::load(folder)?;
        let oidc = OidcSettings::read(|name| environment.verbatim(name))?;
        let config = Config::load(files.config.as_deref())?;
        if oidc.is_some() {
            check_organizers(&config)?;
        }
        for key in config.without_effect() {
            tracing::warn!("{key} stands in the configuration and has no effect");
        }
        let TicketingPlan {
            mut sources,
            ticketing,
        } = config
            .plan(&environment, folder)
            .map_err(|problem| anyhow!("cannot set up the ticket sources: {problem}"))?;
        if oidc.is_some() {
            for source in &mut sources {
                let orgs = || vec![DEFAULT_ORGANIZATION.to_owned()];
                source.orgs.get_or_insert_with(orgs);
            }
        }
        Ok(Self {
            access: config.access(&files.operators),
            plugin_limits: config.plugin_limits(),
            events: config.events.into_iter().map(EventChange::from).collect(),
            environment,
            oidc,
            sources,
            ticketing,
        })
    }
}

/// Refuses an event that nobody could manage (`gatewit-api.md` §3).
fn check_organizers(config: &Config) -> anyhow::Result<()> {
    match config.events.iter().find(|event| !event.has_organizers()) {
        Some(event) => bail!(
            "event \"{}\" of the configuration needs `organizers`, since OIDC_ISSUER_URL is set: list the `sub` of \
             each in its entry, as in `organizers: [SUB]`",
            event.slug()
        ),
        None => Ok(()),
    }
}
