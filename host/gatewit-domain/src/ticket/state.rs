//! Whether a ticket is valid for entry, and the actions that change it.

use serde::{Deserialize, Serialize};

use crate::problem::{Problem, TicketCode};
use crate::source::SourceState;

/// Whether a ticket is valid for entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TicketState {
    /// Valid for entry, if the doors are open and an entry is left.
    Active,
    /// Withdrawn by an organizer, or cancelled, blocked or removed in its ticketing system.
    Cancelled,
    /// Withdrawn, and its price paid back. It cannot be cancelled before it is reinstated.
    Refunded,
    /// Not yet paid.
    Pending,
}

/// A ticket's state as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownState {
    /// Valid for entry.
    Active,
    /// Active and already entered, at an event of a single day.
    Used,
    /// Withdrawn without a refund, or its ticketing system has withdrawn it.
    Cancelled,
    /// Withdrawn, and its price paid back.
    Refunded,
    /// Not yet paid.
    Pending,
}

/// An organizer's action on a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketAction {
    /// Withdraws the ticket. Fails if it is refunded.
    Cancel,
    /// Withdraws the ticket because its price was paid back.
    Refund,
    /// Makes the ticket active again, whatever its state.
    Reinstate,
}

impl From<SourceState> for TicketState {
    fn from(state: SourceState) -> Self {
        match state {
            SourceState::Valid => Self::Active,
            SourceState::Pending => Self::Pending,
            SourceState::Canceled | SourceState::Blocked => Self::Cancelled,
        }
    }
}

impl TicketState {
    /// Whether the ticket was withdrawn, so that other tickets may use its codes.
    pub fn is_withdrawn(self) -> bool {
        matches!(self, Self::Cancelled | Self::Refunded)
    }

    /// Returns the state after an action. Repeating an action changes nothing. A refund can only be undone by
    /// reinstatement.
    pub fn after(self, action: TicketAction) -> Result<Self, Problem> {
        match (self, action) {
            (Self::Refunded, TicketAction::Cancel) => Err(Problem::new(
                TicketCode::Refunded,
                "the ticket is refunded and cannot be cancelled; reinstate it first",
            )),
            (_, TicketAction::Cancel) => Ok(Self::Cancelled),
            (_, TicketAction::Refund) => Ok(Self::Refunded),
            (_, TicketAction::Reinstate) => Ok(Self::Active),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(state: TicketState, action: TicketAction, after: Option<TicketState>) {
        assert_eq!(state.after(action).ok(), after, "{state:?} {action:?}");
    }

    #[test]
    fn a_refunded_ticket_must_be_reinstated_before_it_can_be_cancelled() {
        use TicketAction::{Cancel, Refund, Reinstate};
        use TicketState::{Active, Cancelled, Pending, Refunded};
        for state in [Active, Cancelled, Pending] {
            check(state, Cancel, Some(Cancelled));
            check(state, Refund, Some(Refunded));
            check(state, Reinstate, Some(Active));
        }
        check(Refunded, Cancel, None);
        check(Refunded, Refund, Some(Refunded));
        check(Refunded, Reinstate, Some(Active));
    }
}
