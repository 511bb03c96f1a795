//! How many requests were answered with which status, and how long they took.

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

/// Counts requests by route pattern, never by path.
pub struct RequestCounts {
    answered: Family<AnsweredLabels, Counter>,
    took: Family<RouteLabel, Histogram, fn() -> Histogram>,
}

/// A request that was answered.
pub struct Answered<'a> {
    pub method: &'static str,
    /// The route pattern of the path.
    pub route: &'a str,
    pub status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AnsweredLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

impl RequestCounts {
    pub fn count(&self, answered: Answered<'_>, took: Duration) {
        let route = answered.route.to_owned();
        let labels = AnsweredLabels {
            method: answered.method,
            route: route.clone(),
            status: answered.status,
        };
        self.answered.get_or_create(&labels).inc();
        let took_of_route = self.took.get_or_create(&RouteLabel { route });
        took_of_route.observe(took.as_secs_f64());
    }

    /// Registers the counts; the registry reads their current values whenever it is asked.
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Requests answered, by route pattern";
        registry.register("http_requests", help, self.answered.clone());
        let help = "Time from a request's head to the head of its answer";
        registry.register("http_request_duration_seconds", help, self.took.clone());
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
