//! When doors are open: what strategies answer for the holders of tickets.

use std::collections::HashSet;
use std::sync::Arc;

use gatewit_decision::Window;
use gatewit_domain::calendar::Calendar;
use gatewit_domain::event::MissedDays;
use gatewit_domain::id::EventId;
use gatewit_domain::problem::{EventCode, Problem, TicketCode};
use gatewit_domain::ticket::Ticket;
use gatewit_domain::window::{Holder, StrategyError, WindowsAnswer};
use jiff::Timestamp;

use super::Events;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::live_events::LiveEvent;
use crate::turns::{Turns, let_others_run};

/// The time in which doors are open for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventWindow {
    /// The day.
    pub day_name: String,
    /// The first moment in which doors are open.
    pub opens: Timestamp,
    /// The first moment in which they are not.
    pub closes: Timestamp,
}

impl EventWindow {
    /// Shows a window of a day of this calendar.
    pub(crate) fn of(window: &Window, calendar: &Calendar) -> Self {
        Self {
            day_name: calendar.days[window.day].name.clone(),
            opens: window.opens,
            closes: window.closes,
        }
    }
}

impl Events {
    /// Returns when doors are open for a ticket type on its days; without a type, for a holder who has none.
    pub async fn windows(
        &self,
        caller: &Caller,
        id: EventId,
        ticket_type: Option<&str>,
    ) -> Result<Vec<EventWindow>, DeskError> {
        let live = self.managed(caller, id)?;
        let calendar = &live.event.calendar;
        let kind = match ticket_type {
            None => None,
            Some(id) => Some(self.ticket_type(&live, id).ok_or_else(|| {
                let words = format!("ticketType: the event has no ticket type \"{id}\"");
                DeskError::unacceptable(TicketCode::UnknownType, words)
            })?),
        };
        let holder = Holder {
            ticket_type: ticket_type.unwrap_or_default().to_owned(),
            attributes: Vec::new(),
        };
        let answer = self.ports.strategies.windows(&live.rule, &holder).await;
        let answer = answer.map_err(|error| {
            DeskError::Unavailable(Problem::new(EventCode::StrategyFailed, error.to_string()))
        })?;
        let is_good = |day| {
            kind.as_ref()
                .is_none_or(|kind| kind.is_good_for(day, calendar))
        };
        let windows = answer.windows.iter().filter(|window| is_good(window.day));
        Ok(windows
            .map(|window| EventWindow::of(window, calendar))
            .collect())
    }

    /// Asks every event's strategy for its windows, so that the first scan finds them cached. A strategy that fails is
    /// not asked about its other events, because their scans would wait for it.
    pub async fn warm_windows(&self) {
        let mut failing = HashSet::new();
        for live in self.live.all() {
            let strategy = &live.event.strategy;
            if !failing.contains(strategy) && !self.warm(&live).await {
                failing.insert(strategy.clone());
            }
            let_others_run().await;
        }
    }

    /// Returns the windows of a ticket's holder, which a record may name: they are in the store.
    pub(crate) async fn windows_of(
        &self,
        live: &LiveEvent,
        ticket: &Ticket,
    ) -> Result<Result<Arc<WindowsAnswer>, StrategyError>, DeskError> {
        let holder = self.holder(live, ticket);
        let answer = self.ports.strategies.windows(&live.rule, &holder).await;
        if let Ok(answer) = &answer {
            self.keep_answer(live, &holder, answer).await?;
        }
        Ok(answer)
    }

    /// Returns the windows of a ticket's holder, which the store may not have.
    pub(crate) async fn unkept_windows_of(
        &self,
        live: &LiveEvent,
        ticket: &Ticket,
    ) -> Result<Arc<WindowsAnswer>, StrategyError> {
        let holder = self.holder(live, ticket);
        self.ports.strategies.windows(&live.rule, &holder).await
    }

    /// Computes the windows for new kinds of holders.
    pub(crate) async fn warm_holders(&self, live: &LiveEvent, tickets: &[Ticket]) {
        let holders = tickets.iter().map(|ticket| self.holder(live, ticket));
        let holders: HashSet<_> = holders.collect();
        // A scan asks a failed strategy again and reports the failure.
        let _ = self.ask(live, &holders).await;
    }

    /// Computes the windows for every ticket type, and notes those that never meet their day. False if the strategy
    /// failed: the scan then asks it again and reports the failure.
    pub(super) async fn warm(&self, live: &LiveEvent) -> bool {
        let types = live.event.ticket_types.iter().map(Some);
        let no_type = live.event.ticket_types.is_empty().then_some(None);
        let kinds: Vec<_> = types.chain(no_type).collect();
        let holders = kinds.iter().map(|kind| Holder {
            ticket_type: kind.map(|kind| kind.id.clone()).unwrap_or_default(),
            attributes: Vec::new(),
        });
        let holders: Vec<_> = holders.collect();
        let Ok(answers) = self.ask(live, &holders).await else {
            return false;
        };
        let mut missed = MissedDays::default();
        for (kind, answer) in kinds.into_iter().zip(answers) {
            missed.add(&live.event, kind, &answer.windows);
        }
        // If the event was warmed before, the warnings are the same.
        let _ = live.door_warnings.set(missed.warnings(&live.event));
        true
    }

    /// Asks the event's strategy about holders, so that it has the answers ready. Ends at its first failure.
    async fn ask(
        &self,
        live: &LiveEvent,
        holders: impl IntoIterator<Item = &Holder>,
    ) -> Result<Vec<Arc<WindowsAnswer>>, StrategyError> {
        let mut answers = Vec::new();
        let mut turns = Turns::default();
        for holder in holders {
            turns.step().await;
            answers.push(self.ports.strategies.windows(&live.rule, holder).await?);
        }
        Ok(answers)
    }

    /// Returns the kinds of holders that an event has: of each ticket type, and those who have come to its door.
    pub(crate) fn holders_of(&self, live: &LiveEvent) -> HashSet<Holder> {
        let mut holders = self.answers.holders(live.event.id);
        let types = live.event.ticket_types.iter().map(|kind| kind.id.clone());
        holders.extend(types.map(|ticket_type| Holder {
            ticket_type,
            attributes: Vec::new(),
        }));
        holders
    }

    /// Returns a ticket's holder as strategies see it, with the type spelled as at the event.
    fn holder(&self, live: &LiveEvent, ticket: &Ticket) -> Holder {
        let mut holder = ticket.holder();
        if let Some(kind) = self.ticket_type_of(live, ticket) {
            holder.ticket_type.clone_from(&kind.id);
        }
        holder
    }
}
