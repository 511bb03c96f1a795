//! Runs guests that take their time on threads where that holds up nobody.

use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// Runs work that may compute for long and waits in between. If nobody waits for its outcome any more, it ends at the
/// next moment at which it waits.
pub(crate) async fn off_workers<T: Send + 'static>(
    work: impl AsyncFnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (_interest, lost_interest) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let outcome = spawn_blocking(move || {
        runtime.block_on(async {
            select! {
                biased;
                _ = lost_interest => Err("nobody waits for its answer".to_owned()),
                outcome = work() => outcome,
            }
        })
    });
    let outcome = outcome.await;
    outcome.unwrap_or_else(|_| Err("its call was cut off".to_owned()))
}
