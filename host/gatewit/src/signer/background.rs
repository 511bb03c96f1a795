//! Low-priority threads for long work.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;

/// The nice value of a thread, from 0 to 19.
const NICE: i32 = 10;

/// Starts one thread for each core.
pub(super) fn threads() -> Result<ThreadPool, ThreadPoolBuildError> {
    let builder = ThreadPoolBuilder::new()
        .thread_name(|number| format!("signing-{number}"))
        .start_handler(|_| {
            if let Err(error) = rustix::process::nice(NICE) {
                tracing::warn!(error = %error, "tickets are signed at the priority of scans");
            }
        })
        // The caller sees the panic as an error; without this handler, it would end the server.
        .panic_handler(|_| {});
    builder.build()
}

/// Runs work on one of the threads. Fails if it panics.
pub(super) async fn run<T: Send + 'static>(
    threads: &ThreadPool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RecvError> {
    let (answer, answered) = oneshot::channel();
    // The caller may have stopped waiting.
    threads.spawn_fifo(move || drop(answer.send(work())));
    answered.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_long_comes_after_everything_else() {
        let threads = threads().unwrap();
        let nice = run(&threads, || rustix::process::getpriority_process(None)).await;
        assert_eq!(nice.unwrap(), Ok(NICE));
    }

    #[tokio::test]
    async fn work_that_panics_ends_for_itself() {
        let threads = threads().unwrap();
        assert!(run(&threads, || panic!("on purpose")).await.is_err());
        assert_eq!(run(&threads, || 1).await, Ok(1));
    }
}
