//! Work that is done to its end, whether or not somebody waits for it.

use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Work that goes on in a task of its own if this future is dropped before its end. A task for all work would cost every
/// request a hand-over between threads.
pub struct RunToEnd<T: Send + 'static>(Option<BoxFuture<'static, T>>);

impl<T: Send + 'static> RunToEnd<T> {
    /// The tracker counts the work until it ends.
    pub fn new(work: impl Future<Output = T> + Send + 'static, tracker: &TaskTracker) -> Self {
        Self(Some(Box::pin(tracker.track_future(work))))
    }
}

impl<T: Send + 'static> Future for RunToEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Work that panics is not put back: it cannot go on.
        let mut work = take(&mut self.0).expect("a future is not polled after its end");
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for RunToEnd<T> {
    fn drop(&mut self) {
        // Without a runtime, the program is ending.
        if let (Some(work), Ok(runtime)) = (take(&mut self.0), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_whose_future_is_dropped_goes_on() {
        let tracker = TaskTracker::new();
        let (go_on, told) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let work = async move {
            let told = told.await.is_ok();
            done.send(told)
        };
        let mut work = RunToEnd::new(work, &tracker);
        assert!((&mut work).now_or_never().is_none());
        drop(work);
        assert_eq!(tracker.len(), 1);
        go_on.send(()).unwrap();
        assert_eq!(ended.await, Ok(true));
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn work_that_panics_does_not_go_on() {
        let tracker = TaskTracker::new();
        let work = RunToEnd::new(async { panic!("on purpose") }, &tracker);
        assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
        assert!(tracker.is_empty());
        assert_eq!(RunToEnd::new(async { 1 }, &tracker).await, 1);
        assert!(tracker.is_empty());
    }
}
