//! The HTTP interface. Handlers parse, call the desk and print the result; the rules live in the desk.

mod answer;
mod api;
mod body_limit;
mod code;
mod content_type;
mod context;
mod dialects;
mod extract;
mod fallback;
mod openapi;
mod proxies;
mod request_id;
mod route_table;
mod router;
mod routes;
mod run_to_end;
mod schema;
pub mod server;
mod sites;
mod state;
mod throttle;

pub use api::events::EventChange;
pub use context::Traffic;
pub use proxies::TrustedProxies;
pub use router::router;
pub use routes::document;
pub use sites::{AllowedHosts, CorsOrigins, ListensOn, PublicUrl, Sites};
pub use state::App;
pub use throttle::{GUESS_LIMIT, Throttle};
