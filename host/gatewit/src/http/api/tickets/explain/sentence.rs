//! An explanation as a sentence for people at a door.

use gatewit_decision::{Inactive, Refusal};
use gatewit_desk::{Admission, Explanation};
use jiff::Timestamp;

/// Says what an explanation says. If it `is_now` that was asked about, times of the same date are `today`.
pub fn sentence(explanation: &Explanation, is_now: bool) -> String {
    let words = Words {
        explanation,
        is_now,
    };
    let asked = words.admission(&explanation.asked);
    let series = &explanation.ticket_series;
    let Some(refusal) = &explanation.refusal else {
        return format!("Ticket {series} would be let in {asked}.");
    };
    let (why, code) = (words.why(refusal), refusal.code());
    let nearest = words.nearest();
    format!("Ticket {series} would not be let in {asked}: {why} ({code}). {nearest}")
}

struct Words<'a> {
    explanation: &'a Explanation,
    is_now: bool,
}

impl Words<'_> {
    fn nearest(&self) -> String {
        let Some(nearest) = &self.explanation.nearest else {
            return "No other time or place at this event would help.".to_owned();
        };
        let words = self.admission(nearest);
        match nearest.at < self.explanation.asked.at {
            true => format!("Nearest: {words}, which has passed."),
            false => format!("Nearest: {words}."),
        }
    }

    /// Returns moment and place: `today at 18:00 at Main entrance`.
    fn admission(&self, admission: &Admission) -> String {
        let event = &self.explanation.event.event;
        let point = admission.scan_point.as_deref();
        let point = point.and_then(|id| event.scan_point(id));
        let at = self.moment(admission.at);
        match point {
            Some(point) => format!("{at} at {}", point.name),
            None => format!("{at} in the zone {}", admission.zone),
        }
    }

    fn moment(&self, at: Timestamp) -> String {
        let asked = self.explanation.asked.at;
        if self.is_now && at == asked {
            return "now".to_owned();
        }
        let calendar = &self.explanation.event.event.calendar;
        let local = calendar.local(at);
        let form = match self.is_now && local.date() == calendar.local(asked).date() {
            true => "today at %H:%M",
            false => "on %A %-d %B %Y at %H:%M",
        };
        local.strftime(form).to_string()
    }

    fn why(&self, refusal: &Refusal) -> String {
        let why = match refusal {
            Refusal::ScannerMismatch | Refusal::ScannerRevoked { .. } => "the scanner may not scan",
            Refusal::InvalidSignature => "its code is not genuine",
            Refusal::NotFound => "there is no such ticket",
            Refusal::WrongEvent => "it is for another event or another date",
            Refusal::NotActive { why } => not_active(*why),
            Refusal::WrongDay => "it is for another day",
            Refusal::NotOpen { opens_at } => {
                return format!("doors open for it {}", self.moment(*opens_at));
            }
            Refusal::Expired => "its last doors have closed",
            Refusal::StrategyFailed => {
                "the event's check-in strategy failed, so nobody knows when doors are open"
            }
            Refusal::AlreadyUsed { at, location } => {
                let at = self.moment(*at);
                return match location {
                    Some(location) => format!("it was used {at} at {location}"),
                    None => format!("it was used {at}"),
                };
            }
            Refusal::TicketTypeNotAccepted => "tickets of its type are not let in here",
        };
        why.to_owned()
    }
}

fn not_active(why: Inactive) -> &'static str {
    match why {
        Inactive::Unpaid => "it is not paid yet",
        Inactive::Cancelled => "it was cancelled",
        Inactive::Refunded => "it was refunded",
        Inactive::Blocked => "it is blocked in its ticketing system",
        Inactive::SourceDetached => "its ticket source does not belong to the event any more",
        Inactive::UnknownType => "its type is unknown at the event",
        Inactive::AdmitsNobody => "tickets of its type let nobody in",
    }
}
