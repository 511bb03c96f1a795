//! Authentication and permissions: OIDC, roles and organizations. `gatewit-api.md` §2.

mod contract;
mod forgeries;
mod lenient;
mod provider;
mod roles;
mod rotation;
mod routes;
mod startup;

use gatewit::oidc::OidcSettings;
use gatewit_desk::Access;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::door::{one_day, with};
use crate::support::{Client, Door, Issuer, Server};

const EVENTS: &str = "/api/v1/events";

/// A server whose callers our own provider identifies.
async fn identifying() -> (Issuer, Server) {
    let issuer = Issuer::start().await;
    let server = Server::start_identifying(issuer.settings(), Access::default()).await;
    (issuer, server)
}

/// A server whose callers a real provider identifies. Its clock is a minute ahead, so that no token comes from its
/// future.
async fn relying_on(settings: OidcSettings) -> Server {
    let server = Server::start_identifying(settings, Access::default()).await;
    let soon = Timestamp::now() + SignedDuration::from_mins(1);
    server.clock.set(&soon.to_string());
    server
}

/// Makes a client with an identity.
fn client(server: &Server, issuer: &Issuer, sub: &str) -> Client {
    server.client.with_bearer(&issuer.token(sub))
}

/// Creates and publishes an event with these fields, and links a scanner to it.
async fn open(client: &Client, fields: Value) -> Door {
    Door::open(client, with(&one_day(), fields)).await
}
