//! Who is calling, and what they may do. `gatewit-api.md` §2.

use std::collections::{HashMap, HashSet};

use gatewit_domain::event::Event;

/// The name under which `local` is recorded.
const LOCAL: &str = "local";
/// The organization to which everyone belongs.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// A caller that manages events, as identified by the HTTP layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Authentication is off: everyone who reaches the server may do everything, as `local`.
    Local,
    /// An identity (`sub`) proved by a token that may do everything.
    Operator(String),
    /// Any other identity proved by a token.
    Subject(String),
}

/// The operator's settings about identities (`sub`).
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The identities that may do everything.
    pub operators: HashSet<String>,
    /// The members of each organization except `default`.
    pub organizations: HashMap<String, HashSet<String>>,
}

impl Caller {
    /// The identity under which changes are recorded.
    pub fn sub(&self) -> &str {
        match self {
            Self::Local => LOCAL,
            Self::Operator(sub) | Self::Subject(sub) => sub,
        }
    }

    /// Whether the caller runs the server and may read the plugins' own messages.
    pub fn is_operator(&self) -> bool {
        match self {
            Self::Local | Self::Operator(_) => true,
            Self::Subject(_) => false,
        }
    }

    /// Whether the caller may see and change everything of an event.
    pub fn may_manage(&self, event: &Event) -> bool {
        match self {
            Self::Local | Self::Operator(_) => true,
            // Events created while authentication was off belong to no identity, even one named `local`.
            Self::Subject(sub) => sub != LOCAL && event.organizers.contains(sub),
        }
    }

    /// Whether the caller may see what door staff of an event need.
    pub fn may_attend(&self, event: &Event) -> bool {
        let is_staff = match self {
            Self::Local | Self::Operator(_) => true,
            Self::Subject(sub) => sub != LOCAL && event.staff.contains(sub),
        };
        is_staff || self.may_manage(event)
    }
}

impl Access {
    pub(super) fn may_create_in(&self, caller: &Caller, organization: &str) -> bool {
        match caller {
            Caller::Local | Caller::Operator(_) => true,
            Caller::Subject(sub) => {
                let members = self.organizations.get(organization);
                organization == DEFAULT_ORGANIZATION
                    || members.is_some_and(|members| members.contains(sub))
            }
        }
    }
}
