//! Who asks.

use crate::event::Event;

/// Whoever manages events, as the HTTP layer identified them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Authentication is off: whoever reaches the server may do everything, as `local`.
    Local,
    /// An identity (`sub`) that a token proved.
    Subject(String),
}

impl Caller {
    pub fn sub(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Subject(sub) => sub,
        }
    }

    pub fn may_manage(&self, event: &Event) -> bool {
        match self {
            Self::Local => true,
            Self::Subject(sub) => event.organizers.contains(sub),
        }
    }
}
