//! The types of `wit/`, as the host sees them.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "strategy",
});

pub(crate) use exports::gatewit::plugin::check_in_strategy::{Event, EventDay, Holder, Window};
pub(crate) use gatewit::plugin::types::{Description, LocalDatetime, Moment, Zoned};

/// The types of backends. Their calls wait for the network, so all of them are asynchronous.
pub(crate) mod backend {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "backend",
        imports: { default: async },
        exports: { default: async },
    });

    pub(crate) use exports::gatewit::plugin::ticketing_backend::{
        Continuation, Fault, Guest, Page, Ticket, TicketState, TicketType, Total,
    };
    pub(crate) use gatewit::plugin::http;
    pub(crate) use gatewit::plugin::types::{self, Description};
}
