//! Checks whether somebody is an attendee, using the sources that `/tickets/*` serves. `gatewit-api.md` §9.

use std::sync::Arc;

use gatewit_domain::attendees::{
    AddonCounting, AddonStatistics, Attendee, AttendeeAnswer, AttendeeQuestion, EmailAddress,
    FieldFault, NameAnswer, NameQuestion, OrderId, Sought, SourceSet, TicketReference, Verdict,
    is_attendee,
};
use gatewit_domain::problem::{Problem, SourceCode};
use gatewit_domain::source::SourceType;

use super::TicketSources;
use crate::error::DeskError;
use crate::live_sources::{Asker, LiveSource};
use crate::turns::let_others_run;

/// An answer, with its verdict.
#[derive(Debug, PartialEq, Eq)]
pub struct Validated<A> {
    /// The order or ticket that was asked about.
    pub about: String,
    /// The verdict that the answer expresses.
    pub verdict: Verdict,
    /// The answer.
    pub answer: A,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NotAnswered {
    /// The text does not look like an order or a ticket, and no source has any meaning of it.
    #[error("the question is malformed")]
    Malformed(Vec<FieldFault>),
    /// Something that the answer depends on is unavailable.
    #[error(transparent)]
    Failed(#[from] DeskError),
}

/// A served source, with all its tickets.
type ServedSet = (Arc<LiveSource>, Arc<SourceSet>);

/// The served sources, as far as they have been read.
struct Known {
    sets: Vec<ServedSet>,
    /// Set if a source was never read completely: then nobody can be called unknown.
    unread: Option<DeskError>,
}

/// Every method here fails with [`DeskError::Unavailable`] if the answer depends on a source whose first sync has not
/// ended, or on a ticketing system that must be asked now and does not answer.
impl TicketSources {
    /// Finds the ticket for a name, in an order or by its reference.
    pub async fn validate_attendee(
        &self,
        question: &AttendeeQuestion,
    ) -> Result<Validated<AttendeeAnswer>, NotAnswered> {
        let known = self.known()?;
        let sought = question.sought(
            |order| known.has_order(order),
            |ticket| known.has_ticket(ticket),
        );
        let tickets = match &sought {
            Some(Sought::Order { order, .. }) => match self.attendees_of(order).await {
                // What is unknown and malformed stays so though nobody can be asked. The look-up logs its own failure.
                Err(_) if question.has_malformed_order() && !known.has_order(order) => Vec::new(),
                found => found?,
            },
            Some(Sought::Ticket(ticket)) => self.order_of(ticket).await?,
            None => Vec::new(),
        };
        let query = question.settle(
            |order| known.has_order(order) || tickets.iter().any(|found| found.order == *order),
            |ticket| known.has_ticket(ticket) || has_ticket(&tickets, ticket),
        );
        let query = query.map_err(|faults| known.malformed(faults))?;
        let tickets: Vec<_> = tickets.iter().collect();
        let finding = query.find(&tickets, &self.sources.ticketing().matching);
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
        let tickets = match question.sought(|ticket| known.has_ticket(ticket)) {
            Some(ticket) => self.order_of(&ticket).await?,
            None => Vec::new(),
        };
        let query =
            question.settle(|ticket| known.has_ticket(ticket) || has_ticket(&tickets, ticket));
        let query = query.map_err(|faults| known.malformed(faults))?;
        let tickets: Vec<_> = tickets.iter().collect();
        let finding = query.find(&tickets, &self.sources.ticketing().matching);
        Ok(Validated {
            about: query.ticket.as_str().to_owned(),
            verdict: finding.verdict(),
            answer: query.answer(&finding),
        })
    }

    /// Checks whether a ticket with one of these addresses makes an attendee.
    pub async fn is_attendee(&self, addresses: &[EmailAddress]) -> Result<bool, DeskError> {
        let known = self.known()?;
        if addresses.iter().any(|address| known.has_address(address)) {
            return Ok(true);
        }
        for address in addresses {
            for spelling in address.spellings() {
                for (source, set) in &known.sets {
                    let found = Self::find_live(source, set, &spelling).await?;
                    if is_attendee(address, &found) {
                        return Ok(true);
                    }
                }
            }
        }
        known.or_unread(false)
    }

    /// Lists all ticket types, in the order of the ticketing systems.
    pub fn ticket_types(&self) -> Result<Vec<SourceType>, DeskError> {
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

    /// Counts the tickets that can make attendees.
    pub fn ticket_count(&self) -> Result<usize, DeskError> {
        let sets = self.served_sets()?;
        Ok(sets.iter().map(|(_, set)| set.count()).sum())
    }

    /// Counts T-shirts over all sources. [`DeskError::NotFound`] if the configuration names no types to count.
    pub async fn addon_statistics(&self) -> Result<AddonStatistics, DeskError> {
        let ticketing = self.sources.ticketing();
        let Some(types) = &ticketing.addons else {
            let words = "addon_statistics is not configured";
            return Err(DeskError::NotFound(Problem::new(
                SourceCode::NoAddonStatistics,
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

    /// Finds the tickets of an order, asking the ticketing system if needed.
    async fn attendees_of(&self, order: &OrderId) -> Result<Vec<Attendee>, DeskError> {
        let known = self.known()?;
        let kept = known.sets.iter().flat_map(|(_, set)| set.of_order(order));
        let kept: Vec<_> = kept.collect();
        if !kept.is_empty() {
            return Ok(kept);
        }
        for (source, set) in &known.sets {
            let mut found = Self::find_live(source, set, order.as_str()).await?;
            found.retain(|found| found.order == *order);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        known.or_unread(Vec::new())
    }

    /// Asks a source for the tickets with this reference, order or address.
    async fn find_live(
        source: &LiveSource,
        set: &SourceSet,
        text: &str,
    ) -> Result<Vec<Attendee>, DeskError> {
        let found = source.look_up(text, Asker::Question).await?;
        let attendees = found.iter().filter_map(|ticket| set.attendee_of(ticket));
        Ok(attendees.collect())
    }

    /// Finds a ticket by its reference, asking the ticketing system if needed, with the known tickets of its order.
    async fn order_of(&self, reference: &TicketReference) -> Result<Vec<Attendee>, DeskError> {
        let known = self.known()?;
        for (_, set) in &known.sets {
            if let Some(found) = set.called(reference) {
                let order = &found.order;
                // Tickets without an order do not belong together.
                return Ok(match order.as_str() {
                    "" => vec![found],
                    _ => set.of_order(order),
                });
            }
        }
        for (source, set) in &known.sets {
            let found = Self::find_live(source, set, reference.as_str()).await?;
            if has_ticket(&found, reference) {
                return Ok(found);
            }
        }
        known.or_unread(Vec::new())
    }

    /// Returns the served sources with their current tickets; fails unless all have been read once.
    fn served_sets(&self) -> Result<Vec<ServedSet>, DeskError> {
        let Known { sets, unread } = self.known()?;
        unread.map_or(Ok(sets), Err)
    }

    /// Returns the served sources that have been read once.
    fn known(&self) -> Result<Known, DeskError> {
        let mut known = Known {
            sets: Vec::new(),
            unread: None,
        };
        for source in self.served_sources()? {
            match source.set() {
                Some(set) => known.sets.push((source, set)),
                None => known.unread = Some(unread(&source)),
            }
        }
        Ok(known)
    }
}

impl Known {
    fn has_order(&self, order: &OrderId) -> bool {
        self.sets.iter().any(|(_, set)| set.has_order(order))
    }

    fn has_ticket(&self, ticket: &TicketReference) -> bool {
        self.sets.iter().any(|(_, set)| set.has_ticket(ticket))
    }

    fn has_address(&self, address: &EmailAddress) -> bool {
        self.sets.iter().any(|(_, set)| set.has_address(address))
    }

    /// Returns `Malformed`, unless a source that was never read might hold the text all the same.
    fn malformed(self, faults: Vec<FieldFault>) -> NotAnswered {
        match self.unread {
            Some(unread) => NotAnswered::Failed(unread),
            None => NotAnswered::Malformed(faults),
        }
    }

    /// Returns `nothing`, unless a source that was never read might hold something.
    fn or_unread<T>(self, nothing: T) -> Result<T, DeskError> {
        self.unread.map_or(Ok(nothing), Err)
    }
}

fn has_ticket(tickets: &[Attendee], reference: &TicketReference) -> bool {
    tickets.iter().any(|ticket| ticket.reference == *reference)
}

/// The error for a source that has never been read completely.
fn unread(source: &LiveSource) -> DeskError {
    let words = match source.schedule().trouble {
        Some(_) => "the tickets could not be read yet; the server's log says why",
        None => "the tickets are being read for the first time; try again in a moment",
    };
    DeskError::Unavailable(Problem::new(SourceCode::NotSyncedYet, words))
}
