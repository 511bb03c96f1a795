//! How many requests were answered with which status, and how long they took.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// From half a millisecond, a scan on a good disk, to longer than anybody waits.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

const OK: u16 = 200;

/// Counts requests by route pattern, never by path. A clone counts together with the original.
#[derive(Clone)]
pub struct RequestCounts {
    answered: Family<AnsweredLabels, Counter>,
    took: Family<RouteLabel, Histogram, fn() -> Histogram>,
}

/// The counts of one route.
pub struct RouteCounts {
    route: Arc<str>,
    all: RequestCounts,
    // Made with the first request: a route that nobody asked for has no series.
    took: OnceLock<Histogram>,
    /// The successes of the route's usual method.
    ok: OnceLock<(&'static str, Counter)>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AnsweredLabels {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: Arc<str>,
}

impl RequestCounts {
    /// Returns the counts of a route, given its pattern.
    pub fn of_route(&self, route: Arc<str>) -> RouteCounts {
        RouteCounts {
            route,
            all: self.clone(),
            took: OnceLock::new(),
            ok: OnceLock::new(),
        }
    }

    /// Registers the counts; the registry reads their current values whenever it is asked.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Requests answered, by route pattern";
        registry.register("http_requests", help, self.answered.clone());
        let help = "Time from a request's head to the head of its answer";
        registry.register("http_request_duration_seconds", help, self.took.clone());
    }
}

impl RouteCounts {
    /// Counts a request that was answered.
    pub fn count(&self, method: &'static str, status: u16, took: Duration) {
        match self.ok(method, status) {
            Some(counter) => counter.inc(),
            None => self.counter(method, status).inc(),
        };
        let observed = self.took.get_or_init(|| {
            let route = self.route.clone();
            self.all.took.get_or_create_owned(&RouteLabel { route })
        });
        observed.observe(took.as_secs_f64());
    }

    /// Returns the counter of successes, looked up by its labels only once; None if it counts others.
    fn ok(&self, method: &'static str, status: u16) -> Option<&Counter> {
        if status != OK {
            return None;
        }
        let made = || (method, self.counter(method, status));
        let (usual, counter) = self.ok.get_or_init(made);
        (*usual == method).then_some(counter)
    }

    fn counter(&self, method: &'static str, status: u16) -> Counter {
        self.all.answered.get_or_create_owned(&AnsweredLabels {
            method,
            route: self.route.clone(),
            status,
        })
    }
}

impl Default for RequestCounts {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn each_method_and_status_of_a_route_is_counted_and_a_route_nobody_asked_for_is_absent() {
        let counts = RequestCounts::default();
        let route = counts.of_route("/events".into());
        counts.of_route("/unasked".into());
        for (method, status) in [("GET", 200), ("POST", 200), ("GET", 404), ("GET", 200)] {
            route.count(method, status, Duration::ZERO);
        }
        // Another table of routes counts on.
        let again = counts.of_route("/events".into());
        again.count("POST", 200, Duration::ZERO);
        let mut registry = Registry::default();
        counts.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let lines = text.lines().filter(|line| {
            line.contains("requests_total") || line.contains("_count") || line.contains("unasked")
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable();
        let expected = [
            r#"http_request_duration_seconds_count{route="/events"} 5"#,
            r#"http_requests_total{method="GET",route="/events",status="200"} 2"#,
            r#"http_requests_total{method="GET",route="/events",status="404"} 1"#,
            r#"http_requests_total{method="POST",route="/events",status="200"} 2"#,
        ];
        assert_eq!(lines, expected);
    }
}
