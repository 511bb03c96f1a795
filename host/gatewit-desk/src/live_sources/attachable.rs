//! Which events may attach which sources. Pure.

use std::collections::BTreeMap;

use gatewit_domain::event::Event;
use gatewit_domain::problem::{EventCode, Problem};
use gatewit_domain::source::SourceName;

use crate::error::DeskError;

/// The sources by name, each with the organizations whose events may have its tickets; None for all.
#[derive(Debug, Default)]
pub struct AttachableSources(BTreeMap<SourceName, Option<Vec<String>>>);

impl FromIterator<(SourceName, Option<Vec<String>>)> for AttachableSources {
    fn from_iter<I: IntoIterator<Item = (SourceName, Option<Vec<String>>)>>(sources: I) -> Self {
        Self(sources.into_iter().collect())
    }
}

impl AttachableSources {
    /// Checks that the event's sources exist and that its organization may have their tickets.
    pub fn check(&self, event: &Event) -> Result<(), DeskError> {
        for name in &event.ticket_sources {
            let Some(orgs) = self.0.get(name) else {
                return Err(DeskError::unacceptable(
                    EventCode::UnknownTicketSource,
                    self.unknown(name),
                ));
            };
            if orgs
                .as_ref()
                .is_some_and(|orgs| !orgs.contains(&event.org_id))
            {
                let org = &event.org_id;
                let words = format!(
                    "the tickets of the source \"{name}\" are not for the organization \"{org}\""
                );
                return Err(DeskError::Forbidden(Problem::new(
                    EventCode::SourceNotForOrganization,
                    words,
                )));
            }
        }
        Ok(())
    }

    fn unknown(&self, name: &SourceName) -> String {
        let known: Vec<_> = self.0.keys().map(SourceName::as_str).collect();
        match known.as_slice() {
            [] => format!("ticketSources: there is no source \"{name}\"; none is configured"),
            known => format!(
                "ticketSources: there is no source \"{name}\"; there are: {}",
                known.join(", ")
            ),
        }
    }
}
