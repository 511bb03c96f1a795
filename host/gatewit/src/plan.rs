//! What the operator's files say: read whole and checked whole, before anything is touched.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use gatewit_desk::{Access, AttachableSources, DEFAULT_ORGANIZATION, Ticketing};
use gatewit_domain::event::EventChange;
use gatewit_engine::PluginPolicy;

use crate::config::{Config, Environment, SourcePlan, TicketingPlan, folder_of};
use crate::oidc::OidcSettings;

mod parts;

pub use parts::event_part;

/// The variable of further operators.
pub const OPERATORS: &str = "GATEWIT_OPERATORS";

/// Where the operator's files are, and what goes before them.
#[derive(Clone, Debug)]
pub struct ConfigFiles {
    /// None: `event_config.yml`, if it exists. `.env` lies beside it.
    pub config: Option<PathBuf>,
    /// Further identities that may do everything, separated by commas, if the command line names them.
    pub operators: Option<String>,
    /// The variables that are read only at the start.
    pub fixed_variables: Vec<String>,
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
    /// Holds the limits of each plugin that the configuration names.
    pub plugin_policy: PluginPolicy,
}

impl ConfigFiles {
    /// The files that a plan is read from, whether they exist or not.
    pub fn paths(&self) -> Vec<PathBuf> {
        vec![
            Config::path(self.config.as_deref()).to_owned(),
            Environment::path(folder_of(self.config.as_deref())),
        ]
    }

    /// From now on, a configuration that was found must be there.
    pub fn require_found(&mut self) {
        let path = Config::path(self.config.as_deref());
        if path.exists() {
            self.config = Some(path.to_owned());
        }
    }

    /// Reads the files. The error names the file, and the line or the variable.
    pub fn read(&self) -> anyhow::Result<Plan> {
        let environment = Environment::load(folder_of(self.config.as_deref()))?;
        self.plan(environment)
    }

    /// Reads the files again for a server that began with other variables, and returns the names of those variables that
    /// differ and are read only at the start.
    pub fn read_again(&self, began_with: &Environment) -> anyhow::Result<(Plan, Vec<String>)> {
        let folder = folder_of(self.config.as_deref());
        let read = Environment::load(folder)?;
        let (environment, differing) = read.keeping(&self.fixed_variables, began_with);
        Ok((self.plan(environment)?, differing))
    }

    fn plan(&self, environment: Environment) -> anyhow::Result<Plan> {
        let folder = folder_of(self.config.as_deref());
        let oidc = OidcSettings::read(|name| environment.verbatim(name))?;
        let config = Config::load(self.config.as_deref())?;
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
        let given = self.operators.as_deref();
        let operators = given.or(environment.get(OPERATORS)).unwrap_or_default();
        Ok(Plan {
            access: config.access(operators),
            plugin_policy: config.plugin_policy(),
            events: config.events.into_iter().map(EventChange::from).collect(),
            environment,
            oidc,
            sources,
            ticketing,
        })
    }
}

impl Plan {
    /// Returns which organizations may have the tickets of which source.
    pub fn attachable(&self) -> AttachableSources {
        let sources = self.sources.iter();
        sources
            .map(|source| (source.name.clone(), source.orgs.clone()))
            .collect()
    }

    /// Checks that the declared events name sources that are configured, whatever is stored of the events.
    pub fn check_event_sources(&self) -> anyhow::Result<()> {
        let known: BTreeSet<_> = self
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        for event in &self.events {
            let named = event.ticket_sources.iter().flatten();
            if let Some(unknown) = named.clone().find(|name| !known.contains(name.as_str())) {
                return Err(anyhow!("ticket_sources: there is no source {unknown:?}"))
                    .with_context(|| cannot_set_up(event));
            }
        }
        Ok(())
    }
}

/// The slug of a declared event.
pub fn slug_of(event: &EventChange) -> &str {
    event.slug.as_deref().unwrap_or_default()
}

/// The beginning of an error about a declared event.
pub fn cannot_set_up(event: &EventChange) -> String {
    format!(
        "cannot set up event {:?} of the configuration",
        slug_of(event)
    )
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
