//! The admission decision: who enters now, and why not. Every rule of `gatewit-api.md` §5.
//!
//! Pure: [`decide`] depends on [`Facts`] alone. They hold instants only: the caller resolves time zones, spellings of ids
//! and opening windows beforehand. So the same code decides in the server and on a scanner without a network. This is the
//! lowest crate: all others may use it.
//!
//! ```
//! use gatewit_decision::*;
//!
//! let at = |text: &str| text.parse().unwrap();
//! let event = EventFacts {
//!     days: vec![Day {
//!         id: DayId(0),
//!         starts: at("2025-12-15T06:00:00Z"),
//!         ends: at("2025-12-15T15:00:00Z"),
//!         dates: at("2025-12-14T21:00:00Z")..at("2025-12-15T21:00:00Z"),
//!     }],
//!     zones: vec![Zone { id: "venue".to_owned(), perimeter: true }],
//!     scan_points: Vec::new(),
//!     ticket_types: vec![TicketType {
//!         id: "VIP".to_owned(),
//!         admits: true,
//!         entries_max: Some(1),
//!         days: None,
//!     }],
//! };
//! let doors = [Window { day: 0, opens: at("2025-12-15T04:00:00Z"), closes: at("2025-12-15T15:00:00Z") }];
//! let ticket = TicketFacts {
//!     inactive: None,
//!     kind: event.ticket_types.first(),
//!     valid_from: None,
//!     valid_until: None,
//!     windows: Some(&doors),
//!     entries: Vec::new(),
//! };
//! let facts = Facts {
//!     now: at("2025-12-15T05:30:00Z"),
//!     event: &event,
//!     station: Station::default(),
//!     lookup: Lookup::Ticket(ticket),
//! };
//! assert_eq!(decide(&facts), Decision { refusal: None, day: Some(0) });
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod days;
mod decide;
mod facts;
mod nearest;
mod refusal;
mod scope;

pub use decide::{Decision, decide};
pub use facts::{
    Day, DayId, Entry, EventFacts, Facts, Lookup, ScanPoint, Scanner, Station, TicketFacts,
    TicketType, Window, Zone,
};
pub use nearest::{Nearest, Place, nearest};
pub use refusal::{Inactive, Refusal, Replacement};
pub use scope::Scope;
