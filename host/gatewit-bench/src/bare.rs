//! The least that a scan can cost: reading its request, verifying a ticket's signature, and appending one record. It
//! decides nothing and authenticates nobody.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use gatewit_domain::id::EventId;
use gatewit_domain::ports::{Commit, Key, Signer, Store, StoreLayout, Write};
use gatewit_store::SledStore;
use jiff::Timestamp;

use crate::hello::{HelloRequest, HelloResponse, hello};
use crate::tokens::Tokens;

/// The table of the records.
const RECORDS: &str = "records";
/// The size of the record that a scan of the bench leaves.
pub const RECORD_BYTES: usize = 113;

struct Bare {
    tokens: Tokens,
    store: SledStore,
    /// The sequence of an event's records.
    records: Key,
    /// The number of the next scan.
    next: AtomicUsize,
}

/// Serves `/bare`, from a store of its own within `home`.
pub fn router(home: &Path, signer: &dyn Signer) -> anyhow::Result<Router> {
    let layout = StoreLayout {
        appended: RECORDS,
        ..StoreLayout::plain()
    };
    let event = EventId::new(Timestamp::now());
    let bare = Bare {
        tokens: Tokens::make(signer)?,
        store: SledStore::open(&home.join("bare"), layout)?,
        records: Key::new(format!("{RECORDS}/{event}/")),
        next: AtomicUsize::new(0),
    };
    let router = Router::new().route("/bare", post(scan));
    Ok(router.with_state(Arc::new(bare)))
}

async fn scan(
    State(bare): State<Arc<Bare>>,
    request: Json<HelloRequest>,
) -> Result<Json<HelloResponse>, StatusCode> {
    let number = bare.next.fetch_add(1, Ordering::Relaxed);
    if !bare.tokens.verify_bare(number) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let record = vec![b'x'; RECORD_BYTES];
    let write = Write::Append(bare.records.clone(), record.into());
    match bare.store.commit(Vec::new(), vec![write]).await {
        Ok(Commit::Done(_)) => Ok(hello(request).await),
        Ok(Commit::Blocked(_)) | Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}
