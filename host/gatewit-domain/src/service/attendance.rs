//! Whether somebody is an attendee, by the sources that `/tickets/*` serves. `gatewit-api.md` §9.

use std::sync::Arc;

use super::Desk;
use super::sources::{Asker, LiveSource};
use super::turns::let_others_run;
use crate::attendees::{
    AddonCounting, AddonStatistics, Attendee, AttendeeAnswer, AttendeeQuestion, EmailAddress,
    FieldFault, NameAnswer, NameQuestion, OrderId, Sought, SourceSet, TicketReference, Verdict,
    is_attendee,
};
use crate::problem::{DeskError, Problem};
use crate::source::{SourceName, SourceType};

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

/// What is known of the sources that are served.
struct Known<'d> {
    sets: Vec<ServedSet<'d>>,
    /// Why nobody can be said to be unknown: a source was never read to its end.
    unread: Option<DeskError>,
}

/// Every method here fails with [`DeskError::Unavailable`] where the answer depends on a source whose very first sync has
/// not ended, or on a ticketing system that must be asked at this moment and does not answer.
impl Desk {
    /// Looks for the ticket of a name, on an order or by its reference.
    pub async fn validate_attendee(
        &self,
        question: &AttendeeQuestion,
    ) -> Result<Validated<AttendeeAnswer>, NotAnswered> {
        let known = self.known()?;
        let query = question.settle(
            |order| known.sets.iter().any(|(_, set)| set.has_order(order)),
            |ticket| known.sets.iter().any(|(_, set)| set.has_ticket(ticket)),
        );
        let query = query.map_err(|faults| known.malformed(faults))?;
        let tickets = match &query.sought {
            Sought::Order { order, .. } => self.attendees_of(order).await?,
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
        let known = self.known()?;
        let query =
            question.settle(|ticket| known.sets.iter().any(|(_, set)| set.has_ticket(ticket)));
        let query = query.map_err(|faults| known.malformed(faults))?;
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
        let known = self.known()?;
        if known.sets.iter().any(|(_, set)| set.has_address(address)) {
            return Ok(true);
        }
        for (source, set) in &known.sets {
            let found = self.find_live(source, set, address.as_str()).await?;
            if is_attendee(address, &found) {
                return Ok(true);
            }
        }
        known.or_unread(false)
    }

    /// Lists all types of tickets, in the order of the ticketing systems.
    pub fn source_ticket_types(&self) -> Result<Vec<SourceType>, DeskError> {
        let sets = self.served_sets()?;
        let types = sets.iter().flat_map(|(_, set)| {
            let mut types = set.types().to_vec();
            if !set.lists_types() {
                types.sort_by(|one, other| one.id.cmp(&other.id));
            }
            types
        });
        Ok(types.collect())
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

    /// Finds the tickets of an order, in the ticketing system if need be.
    async fn attendees_of(&self, order: &OrderId) -> Result<Vec<Attendee>, DeskError> {
        let known = self.known()?;
        let kept = known.sets.iter().flat_map(|(_, set)| set.of_order(order));
        let kept: Vec<_> = kept.collect();
        if !kept.is_empty() {
            return Ok(kept);
        }
        for (source, set) in &known.sets {
            let mut found = self.find_live(source, set, order.as_str()).await?;
            found.retain(|found| found.order == *order);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        known.or_unread(Vec::new())
    }

    /// Asks a source for what has this reference, order or address.
    async fn find_live(
        &self,
        source: &LiveSource,
        set: &SourceSet,
        text: &str,
    ) -> Result<Vec<Attendee>, DeskError> {
        let found = self.look_up(source, text, Asker::Question).await?;
        let attendees = found.iter().filter_map(|ticket| set.attendee_of(ticket));
        Ok(attendees.collect())
    }

    /// Finds a ticket by its reference, in the ticketing system if need be, with all others of its order that are known.
    async fn order_of(&self, reference: &TicketReference) -> Result<Vec<Attendee>, DeskError> {
        let known = self.known()?;
        for (_, set) in &known.sets {
            if let Some(found) = set.called(reference) {
                let order = &found.order;
                // What belongs to no order belongs to nothing together.
                return Ok(match order.as_str() {
                    "" => vec![found],
                    _ => set.of_order(order),
                });
            }
        }
        for (source, set) in &known.sets {
            let found = self.find_live(source, set, reference.as_str()).await?;
            if found.iter().any(|found| found.reference == *reference) {
                return Ok(found);
            }
        }
        known.or_unread(Vec::new())
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

    /// The sources that are served, each as it is at this moment; fails unless all have been read once.
    fn served_sets(&self) -> Result<Vec<ServedSet<'_>>, DeskError> {
        let Known { sets, unread } = self.known()?;
        unread.map_or(Ok(sets), Err)
    }

    /// The sources that are served, as far as they have been read once.
    fn known(&self) -> Result<Known<'_>, DeskError> {
        let mut known = Known {
            sets: Vec::new(),
            unread: None,
        };
        let names = self.served_names()?.iter();
        for source in names.filter_map(|name| self.sources.get(name)) {
            match source.set() {
                Some(set) => known.sets.push((source, set)),
                None => known.unread = Some(unread(source)),
            }
        }
        Ok(known)
    }
}

impl Known<'_> {
    /// What is asked about has no form of ours, unless a source that was never read holds it all the same.
    fn malformed(self, faults: Vec<FieldFault>) -> NotAnswered {
        match self.unread {
            Some(unread) => NotAnswered::Failed(unread),
            None => NotAnswered::Malformed(faults),
        }
    }

    /// That there is nothing, unless that cannot be known.
    fn or_unread<T>(self, nothing: T) -> Result<T, DeskError> {
        self.unread.map_or(Ok(nothing), Err)
    }
}

/// Says that a source has never been read to its end.
fn unread(source: &LiveSource) -> DeskError {
    let words = match source.course().trouble {
        Some(_) => "the tickets could not be read yet; the server's log says why",
        None => "the tickets are being read for the first time; try again in a moment",
    };
    DeskError::Unavailable(Problem::new("not_synced_yet", words))
}
