//! The types of `wit/`, as the host sees them.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "strategy",
});

pub(crate) use exports::gatewit::plugin::check_in_strategy::{Event, EventDay, Holder, Window};
pub(crate) use gatewit::plugin::types::{Description, LocalDatetime, Moment, Zoned};
