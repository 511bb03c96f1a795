//! The input of a strategy: an event, its days, and the holder of a ticket.

use jiff::civil::Date;

use crate::{Moment, Window, Zoned};

/// The event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name, for error texts.
    pub name: String,
    /// Its time zone: an IANA name such as `Africa/Nairobi`, or an offset such as `+03:00`.
    pub time_zone: String,
    /// Its days in the order the organizer gave them; at least one.
    pub days: Vec<EventDay>,
}

/// One day of an event, as its organizer entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDay {
    /// Its position among the event's days, from 0.
    pub index: u32,
    /// Its name, such as `Day 1`. It may be empty, and two days may have the same.
    pub name: String,
    /// When its programme starts.
    pub starts: Zoned,
    /// When it ends; always later than `starts`. That may be on the next date or several dates later.
    pub ends: Zoned,
}

/// The holder of the ticket, as far as a strategy may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The id of the ticket's type, such as `vip`.
    pub ticket_type: String,
    /// The names of the ticket's attributes that are true, sorted, such as `is_speaker`.
    pub attributes: Vec<String>,
}

impl EventDay {
    /// The window in which this day's doors are open, from `opens` until just before `closes`.
    pub fn window(&self, opens: impl Into<Moment>, closes: impl Into<Moment>) -> Window {
        Window {
            day: self.index,
            opens: opens.into(),
            closes: closes.into(),
        }
    }

    /// The date on the event's calendar on which this day starts. `day.date().at(8, 0, 0, 0)` is eight in the morning.
    pub fn date(&self) -> Date {
        self.starts.local.date()
    }

    /// The date after [`date`](Self::date). `day.next_date().at(0, 0, 0, 0)` is the midnight that ends the day's date.
    pub fn next_date(&self) -> Date {
        self.date().tomorrow().unwrap_or(Date::MAX)
    }
}

impl Holder {
    /// Whether the ticket has this attribute.
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|name| name == attribute)
    }
}
