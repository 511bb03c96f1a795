//! What plugins have cost.

use std::fmt;

use gatewit_engine::PluginCosts;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Writes what each plugin has cost.
pub fn encode(plugins: &[PluginCosts], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    encode_calls(plugins, encoder)?;
    encode_failures(plugins, encoder)?;
    encode_durations(plugins, encoder)?;
    let help = "How often a plugin was swapped, and its first load";
    encode_gauge(plugins, "plugin_generation", help, encoder, |costs| {
        Some(costs.generation)
    })?;
    let help = "The size of a plugin's compiled code";
    encode_gauge(plugins, "plugin_code_bytes", help, encoder, |costs| {
        costs.used.code_bytes.map(|bytes| bytes as u64)
    })?;
    let help = "The most memory that one instance of a plugin's present component has had";
    encode_gauge(
        plugins,
        "plugin_memory_peak_bytes",
        help,
        encoder,
        |costs| costs.used.memory_peak_bytes.map(|bytes| bytes as u64),
    )
}

fn encode_calls(plugins: &[PluginCosts], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Calls of a plugin's code; answers from what was kept are none";
    let mut calls = encoder.encode_descriptor("plugin_calls", help, None, MetricType::Counter)?;
    for costs in plugins {
        let labels = [("plugin", costs.plugin.as_str())];
        ConstCounter::new(costs.used.calls).encode(calls.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_failures(plugins: &[PluginCosts], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Calls that gave no answer, by how they failed";
    let mut failures =
        encoder.encode_descriptor("plugin_failures", help, None, MetricType::Counter)?;
    for costs in plugins {
        for (kind, count) in &costs.used.failures {
            let labels = [("plugin", costs.plugin.as_str()), ("kind", kind.name())];
            ConstCounter::new(*count).encode(failures.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn encode_durations(plugins: &[PluginCosts], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "How long calls of a plugin took, waiting for the network included";
    let name = "plugin_call_duration_seconds";
    let mut durations = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for costs in plugins {
        let labels = [("plugin", costs.plugin.as_str())];
        let seconds = durations.encode_family(&labels)?;
        costs.call_seconds.encode(seconds)?;
    }
    Ok(())
}

fn encode_gauge(
    plugins: &[PluginCosts],
    name: &str,
    help: &str,
    encoder: &mut DescriptorEncoder<'_>,
    value: impl Fn(&PluginCosts) -> Option<u64>,
) -> fmt::Result {
    let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for costs in plugins {
        if let Some(value) = value(costs) {
            let labels = [("plugin", costs.plugin.as_str())];
            ConstGauge::new(value).encode(gauge.encode_family(&labels)?)?;
        }
    }
    Ok(())
}
