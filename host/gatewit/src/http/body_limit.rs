//! The largest body of a request to each route. `gatewit-api.md` §1.

/// The largest body of most requests.
pub const BODY_MAX: usize = 1024 * 1024;
/// The largest body of a request that carries many tickets.
const BULK_MAX: usize = 32 * 1024 * 1024;
const BULK_ROUTE: &str = "/api/v1/events/{eventId}/tickets";
/// The largest plugin.
const PLUGIN_MAX: usize = 64 * 1024 * 1024;
/// The route of one plugin, to which components are uploaded.
pub const PLUGIN_ROUTE: &str = "/api/v1/plugins/{name}";

/// Returns the largest body of a request to a route.
pub fn body_max(route: &str) -> usize {
    match route {
        BULK_ROUTE => BULK_MAX,
        PLUGIN_ROUTE => PLUGIN_MAX,
        _ => BODY_MAX,
    }
}
