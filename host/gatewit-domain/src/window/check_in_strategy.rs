//! What an event says of its strategies: the name of one. `gatewit-api.md` §3 allows combinations of several.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::StrategyName;

/// The strategies of an event, as it names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged, from = "StrategyName")]
pub enum CheckInStrategy {
    /// The windows are those of one strategy. Written as its name alone.
    One(StrategyName),
}

impl CheckInStrategy {
    /// Returns every strategy that it names.
    pub fn names(&self) -> impl Iterator<Item = &StrategyName> {
        let Self::One(name) = self;
        std::iter::once(name)
    }

    /// Whether it names this strategy.
    pub fn uses(&self, strategy: &StrategyName) -> bool {
        self.names().any(|name| name == strategy)
    }
}

impl From<StrategyName> for CheckInStrategy {
    fn from(name: StrategyName) -> Self {
        Self::One(name)
    }
}

impl fmt::Display for CheckInStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::One(name) = self;
        name.fmt(f)
    }
}
