//! The least that a scan can cost: reading its request, verifying a ticket's signature, and writing what it leaves on
//! disk. It decides nothing and authenticates nobody.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use gatewit_domain::ports::{Commit, Guard, Key, Signer, Store, StoreLayout, Write};
use gatewit_store::SledStore;

use crate::hello::{HelloRequest, HelloResponse, hello};
use crate::tokens::Tokens;

/// The size of an admission's record and its entry, as `gatewit export` shows them.
const RECORD_BYTES: usize = 520;
const ENTRY_BYTES: usize = 150;

struct Bare {
    tokens: Tokens,
    store: SledStore,
    /// The number of the next scan.
    next: AtomicUsize,
}

/// Serves `/bare`, from a store of its own within `home`.
pub fn router(home: &Path, signer: &dyn Signer) -> anyhow::Result<Router> {
    let bare = Bare {
        tokens: Tokens::make(signer)?,
        store: SledStore::open(&home.join("bare"), StoreLayout::plain())?,
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
    let scanner = Key::new(format!("counts/{}", request.scanner_id));
    // Keys as long as those of a real scan.
    let record = Key::new(format!("records/{number:073}"));
    let entry = Key::new(format!("entries/{number:036}"));
    if !bare.tokens.verify_bare(number) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let writes = vec![
        Write::Put(record, vec![b'x'; RECORD_BYTES].into()),
        Write::Put(entry.clone(), vec![b'x'; ENTRY_BYTES].into()),
        Write::Add(scanner, 1),
    ];
    match bare.store.commit(vec![Guard::Absent(entry)], writes).await {
        Ok(Commit::Done(_)) => Ok(hello(request).await),
        Ok(Commit::Blocked(_)) | Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}
