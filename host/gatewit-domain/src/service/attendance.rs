//! Whether somebody is an attendee, by the sources that `/tickets/*` serves. `gatewit-api.md` §9.

use std::sync::Arc;

use super::Desk;
use super::sources::LiveSource;
use super::turns::let_others_run;
use crate::attendees::{
    AddonCounting, AddonStatistics, Attendee, AttendeeAnswer, AttendeeQuestion, EmailAddress,
    FieldFault, NameAnswer, NameQuestion, Sought, SourceSet, TicketReference, Verdict, is_attendee,
};
use crate::problem::{DeskError, Problem};
use crate::source::{SourceName, SourceType};

mod live;
pub(super) use live::LiveFinds;

/// An answer, and what it came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Validated<A> {
    /// The order or ticket that it is about.
    pub about: String,
    pub verdict: Verdict,
    pub answer: A,
}

/// Why there is no answer to a question.
#[derive(Debug, thiserror::Error)]
pub enum NotAnswered {
    /// What it asks about has not the form of an order or a ticket, and no source holds it.
    #[error("the question is malformed")]
    Malformed(Vec<FieldFault>),
    #[error(transparent)]
    Failed(#[from] DeskError),
}

/// A source that is served, and all its tickets.
type ServedSet<'d> = (&'d Arc<LiveSource>, Arc<SourceSet>);

/// Every method here fails with [`DeskError::Unavailable`] until the first sync of each source that is served has
/// ended, and where a ticketing system that must be asked at this moment does not answer.
impl Desk {
    /// Looks for the ticket of a name, on an order or by its reference.
    pub async fn validate_attendee(
        &self,
        question: &AttendeeQuestion,
    ) -> Result<Validated<AttendeeAnswer>, NotAnswered> {
        let sets = self.served_sets()?;
        let query = question.settle(
            |order| sets.iter().any(|(_, set)| set.has_order(order)),
            |ticket| sets.iter().any(|(_, set)| set.has_ticket(ticket)),
        );
        let query = query.map_err(NotAnswered::Malformed)?;
        let tickets = match &query.sought {
            Sought::Order { order, .. } => sets
                .iter()
                .flat_map(|(_, set)| set.of_order(order))
                .collect(),
            Sought::Ticket(ticket) => self.order_of(ticket).await?,
        };
        let tickets: Vec<_> = tickets.iter().collect();
        let finding = query.find(&tickets, &self.settings.ticketing.matching);
        Ok(Validated {
            about: query.sought.subject().to_owned(),
            verdict: finding.verdict(),
            answer: query.answer(&finding),
        })
    }

    /// Compares a name with the one on a ticket.
    pub async fn validate_name(
        &self,
        question: &NameQuestion,
    ) -> Result<Validated<NameAnswer>, NotAnswered> {
        let sets = self.served_sets()?;
        let query = question.settle(|ticket| sets.iter().any(|(_, set)| set.has_ticket(ticket)));
        let query = query.map_err(NotAnswered::Malformed)?;
        let tickets = self.order_of(&query.ticket).await?;
        let tickets: Vec<_> = tickets.iter().collect();
        let finding = query.find(&tickets, &self.settings.ticketing.matching);
        Ok(Validated {
            about: query.ticket.as_str().to_owned(),
            verdict: finding.verdict(),
            answer: query.answer(&finding),
        })
    }

    /// Tells whether a ticket has this address and makes an attendee.
    pub async fn is_attendee(&self, address: &EmailAddress) -> Result<bool, DeskError> {
        let sets = self.served_sets()?;
        if sets.iter().any(|(_, set)| set.has_address(address)) {
            return Ok(true);
        }
        for (source, set) in &sets {
            let found = self.find_live(source, set, address.as_str()).await?;
            if is_attendee(address, &found) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lists all types of tickets, in the order of the ticketing systems.
    pub fn source_ticket_types(&self) -> Result<Vec<SourceType>, DeskError> {
        let sets = self.served_sets()?;
        Ok(sets
            .iter()
            .flat_map(|(_, set)| set.types().to_vec())
            .collect())
    }

    /// Counts the tickets that could make attendees.
    pub fn source_ticket_count(&self) -> Result<usize, DeskError> {
        let sets = self.served_sets()?;
        Ok(sets.iter().map(|(_, set)| set.count()).sum())
    }

    /// Counts T-shirts, all sources together. [`DeskError::NotFound`] where the configuration names no types to count.
    pub async fn addon_statistics(&self) -> Result<AddonStatistics, DeskError> {
        let Some(types) = &self.settings.ticketing.addons else {
            let words = "addon_statistics is not configured";
            return Err(DeskError::NotFound(Problem::new(
                "no_addon_statistics",
                words,
            )));
        };
        let sets = self.served_sets()?;
        let mut counting = AddonCounting::new(types);
        for (_, set) in &sets {
            for piece in set.pieces() {
                counting.add(set, piece);
                let_others_run().await;
            }
        }
        Ok(counting.finish())
    }

    /// Finds a ticket by its reference, in the ticketing system if need be, with all others of its order that are known.
    async fn order_of(&self, reference: &TicketReference) -> Result<Vec<Attendee>, DeskError> {
        let sets = self.served_sets()?;
        for (_, set) in &sets {
            if let Some(found) = set.called(reference) {
                let order = &found.order;
                // What belongs to no order belongs to nothing together.
                return Ok(match order.as_str() {
                    "" => vec![found],
                    _ => set.of_order(order),
                });
            }
        }
        for (source, set) in &sets {
            let found = self.find_live(source, set, reference.as_str()).await?;
            if found.iter().any(|found| found.reference == *reference) {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// The names of those that are served, at least one.
    pub(super) fn served_names(&self) -> Result<&[SourceName], DeskError> {
        let names = self.served_sources();
        match names.is_empty() {
            false => Ok(names),
            true => Err(DeskError::Unavailable(Problem::new(
                "no_ticket_source",
                "no ticketing system is configured, so that nobody is known",
            ))),
        }
    }

    /// The sources that are served, each as it is at this moment.
    fn served_sets(&self) -> Result<Vec<ServedSet<'_>>, DeskError> {
        let names = self.served_names()?.iter();
        let sources = names.filter_map(|name| self.sources.get(name));
        let sets = sources.map(|source| {
            let missing = || {
                let words = match source.course().fault {
                    Some(_) => "the tickets could not be read yet; the server's log says why",
                    None => "the tickets are being read for the first time; try again in a moment",
                };
                DeskError::Unavailable(Problem::new("not_synced_yet", words))
            };
            Ok((source, source.set().ok_or_else(missing)?))
        });
        sets.collect()
    }
}
