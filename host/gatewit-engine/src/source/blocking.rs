//! Runs slow guests on threads where they delay nobody.

use gatewit_domain::plugin::CallError;
use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// Runs work that may compute for a long time and waits in between. If nobody waits for its result any more, it ends
/// the next time it waits.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, CallError> + Send + 'static,
) -> Result<T, CallError> {
    let (_interest, lost_interest) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let outcome = spawn_blocking(move || {
        runtime.block_on(async {
            select! {
                biased;
                _ = lost_interest => Err(CallError::Abandoned),
                outcome = work() => outcome,
            }
        })
    });
    let outcome = outcome.await;
    outcome.unwrap_or_else(|_| Err(CallError::CutOff))
}
