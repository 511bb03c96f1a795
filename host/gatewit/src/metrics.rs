//! Metrics for Prometheus, on a listener of their own. Every label is from a small set and names no person.
//!
//! Desk, store and engine keep their own counts and do not know this module; the counts are read when Prometheus asks.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use gatewit_desk::Desk;
use gatewit_engine::Engine;
use gatewit_store::StoreMeter;
use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

mod plugins;
mod requests;
pub use requests::{RequestCounts, RouteCounts};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The parts that keep counts.
pub struct Counters {
    pub desk: Arc<Desk>,
    pub store: Arc<StoreMeter>,
    pub engine: Arc<Engine>,
    pub started_at: Timestamp,
}

/// Builds the one route of the metrics listener: `GET /metrics`.
pub fn router(counters: Counters, requests: &RequestCounts) -> Router {
    let mut registry = Registry::with_prefix("gatewit");
    requests.register(&mut registry);
    registry.register_collector(Box::new(counters));
    let metrics = get(show).with_state(Arc::new(registry));
    Router::new().route("/metrics", metrics)
}

async fn show(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a String cannot fail");
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text)
}

impl Collector for Counters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_start(&mut encoder)?;
        self.encode_scans(&mut encoder)?;
        self.encode_store(&mut encoder)?;
        plugins::encode(&self.engine.plugin_costs(), &mut encoder)?;
        self.encode_sources(&mut encoder)
    }
}

impl Counters {
    fn encode_start(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "When the server started, in seconds since 1970";
        let seconds = ConstGauge::new(self.started_at.as_millisecond() as f64 / 1_000.0);
        let name = "process_start_time_seconds";
        seconds.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
    }

    fn encode_scans(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Scans decided, by contract, outcome and the reason of a refusal; repeats are not decided anew";
        let mut scans = encoder.encode_descriptor("scans", help, None, MetricType::Counter)?;
        for scan in self.desk.admissions.scan_counts() {
            let labels = [
                ("contract", scan.contract.name()),
                (
                    "outcome",
                    if scan.reason.is_some() {
                        "refused"
                    } else {
                        "admitted"
                    },
                ),
                ("reason", scan.reason.as_deref().unwrap_or_default()),
            ];
            ConstCounter::new(scan.count).encode(scans.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn encode_store(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Commits that wait for their answer";
        let waiting = ConstGauge::new(self.store.commits_waiting());
        let name = "store_waiting_commits";
        waiting.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        for (name, help, value) in [
            (
                "store_memory_bytes",
                "Memory for the tables that are whole in memory",
                self.store.memory_bytes(),
            ),
            (
                "store_tables_outgrown",
                "Tables that do not fit into memory and are read from disk instead",
                self.store.tables_given_up(),
            ),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let waits = "Time from asking for a commit to its answer, which comes when it is on disk";
        let sizes = "How many commits shared one sync";
        for (name, help, histogram) in [
            (
                "store_commit_duration_seconds",
                waits,
                &self.store.commit_seconds,
            ),
            ("store_group_commits", sizes, &self.store.group_sizes),
        ] {
            histogram.encode(encoder.encode_descriptor(
                name,
                help,
                None,
                MetricType::Histogram,
            )?)?;
        }
        Ok(())
    }

    fn encode_sources(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Times a ticket source was read, by how that ended";
        let mut syncs =
            encoder.encode_descriptor("source_syncs", help, None, MetricType::Counter)?;
        let sources = self.desk.sources.statuses();
        for source in &sources {
            let counts = [("completed", source.completed), ("failed", source.failed)];
            for (outcome, number) in counts {
                let labels = [("source", source.name.as_str()), ("outcome", outcome)];
                ConstCounter::new(number).encode(syncs.encode_family(&labels)?)?;
            }
        }
        let help = "Tickets of a source that are served";
        let mut tickets =
            encoder.encode_descriptor("source_tickets", help, None, MetricType::Gauge)?;
        for source in &sources {
            let labels = [("source", source.name.as_str())];
            let number = source.tickets.unwrap_or_default() as i64;
            ConstGauge::new(number).encode(tickets.encode_family(&labels)?)?;
        }
        let help = "How long ago a source was last found to be as it is served";
        let mut ages =
            encoder.encode_descriptor("source_age_seconds", help, None, MetricType::Gauge)?;
        for source in &sources {
            let Some(synced_at) = source.synced_at else {
                continue;
            };
            let labels = [("source", source.name.as_str())];
            let age = self.desk.now().duration_since(synced_at).as_secs_f64();
            ConstGauge::new(age).encode(ages.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}
