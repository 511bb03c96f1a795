//! The parts of a run.

use std::str::FromStr;

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Scans beside what they cost at least, then a new start with the tickets and their scans.
    Scans,
    /// The memory of requests that issue many tickets.
    Issuing,
    /// Searches.
    Search,
    /// `/tickets/*`.
    Attendees,
    /// Scans at a steady pace.
    Paced,
    /// Plugins that are swapped.
    Swaps,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "scans" => Self::Scans,
            "issuing" => Self::Issuing,
            "search" => Self::Search,
            "attendees" => Self::Attendees,
            "paced" => Self::Paced,
            "swaps" => Self::Swaps,
            _ => {
                return Err("not one of scans, issuing, search, attendees, paced, swaps".to_owned());
            }
        })
    }
}
