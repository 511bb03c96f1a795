//! What handlers have access to.

use std::sync::Arc;

use axum::extract::FromRef;
use gatewit_desk::Desk;

use crate::oidc::Oidc;

/// The state of all handlers.
#[derive(Clone)]
pub struct App {
    /// Decides and stores everything.
    pub desk: Arc<Desk>,
    /// Verifies identities; None: authentication is off.
    pub oidc: Option<Arc<Oidc>>,
}

/// The part of the state that handlers extract.
pub type Shared = Arc<Desk>;

impl FromRef<App> for Shared {
    fn from_ref(app: &App) -> Self {
        app.desk.clone()
    }
}
