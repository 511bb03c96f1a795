//! What the server knows of each of its routes, looked up by the pattern of the route.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::MatchedPath;
use foldhash::fast::RandomState;

use super::body_limit::body_max;
use crate::metrics::{RequestCounts, RouteCounts};

/// The label of an unknown path: never the path itself, which may hold anything.
const NO_ROUTE: &str = "none";

/// A route.
pub struct Route {
    pub pattern: Arc<str>,
    /// The largest body that it takes, in bytes; None for an unknown path, whose body nobody reads.
    pub body_max: Option<usize>,
    pub counts: RouteCounts,
}

/// Every route of the server, and one for unknown paths.
pub struct RouteTable {
    by_pattern: HashMap<Arc<str>, Route, RandomState>,
    none: Route,
}

impl RouteTable {
    pub fn new<'a>(patterns: impl Iterator<Item = &'a str>, counts: &RequestCounts) -> Self {
        let routes = patterns.map(|pattern| {
            let route = Route::new(pattern, Some(body_max(pattern)), counts);
            (route.pattern.clone(), route)
        });
        Self {
            by_pattern: routes.collect(),
            none: Route::new(NO_ROUTE, None, counts),
        }
    }

    /// Finds the route that the router chose.
    pub fn find(&self, chosen: Option<&MatchedPath>) -> &Route {
        let route = chosen.and_then(|path| self.by_pattern.get(path.as_str()));
        route.unwrap_or(&self.none)
    }
}

impl Route {
    fn new(pattern: &str, body_max: Option<usize>, counts: &RequestCounts) -> Self {
        let pattern: Arc<str> = pattern.into();
        Self {
            counts: counts.of_route(pattern.clone()),
            pattern,
            body_max,
        }
    }
}
