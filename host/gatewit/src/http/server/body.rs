//! Request bodies with a minimum pace.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep_until};

use super::limits::HttpLimits;

/// A body came more slowly than the limits allow.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the request's body came too slowly")]
struct TooSlow;

/// Whether a body could not be read because it came too slowly.
pub fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Applies the limits to a body, from the first time that a reader waits for it.
pub fn timed(body: Incoming, limits: &Arc<HttpLimits>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(TimedBody {
        body,
        limits: limits.clone(),
        pace: Pace::default(),
        timer: None,
    })
}

struct TimedBody {
    body: Incoming,
    limits: Arc<HttpLimits>,
    pace: Pace,
    /// None until a reader has to wait.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The pace of a body. Pure: the caller passes the time.
#[derive(Default)]
struct Pace {
    /// When a reader first waited for the body.
    begun: Option<Instant>,
    /// When the wait for the next piece began. The reader's own time is not charged to the client.
    waiting_since: Option<Instant>,
    bytes: u64,
}

impl Pace {
    fn came(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.waiting_since = None;
    }

    /// Returns the time by which the next piece must have come.
    fn due(&mut self, now: Instant, limits: &HttpLimits) -> Instant {
        let begun = *self.begun.get_or_insert(now);
        let waiting_since = *self.waiting_since.get_or_insert(now);
        let per_second = u64::from(limits.body_bytes_per_second.max(1));
        let earned = Duration::from_millis(self.bytes * 1_000 / per_second);
        let by_rate = begun + earned.max(limits.body_grace).min(limits.body);
        by_rate.min(waiting_since + limits.body_gap)
    }
}

impl TimedBody {
    /// Ready once the body is overdue.
    fn poll_overdue(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let due = self.pace.due(Instant::now(), &self.limits).into();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(context)
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(self.poll_overdue(context));
            return Poll::Ready(Some(Err(TooSlow.into())));
        };
        if let Some(Ok(frame)) = &next {
            self.pace.came(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(next.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(15);
    const GRACE: Duration = Duration::from_secs(30);
    const WHOLE: Duration = Duration::from_secs(15 * 60);
    const RATE: usize = 4 * 1024;

    /// Checks after how long a body is overdue, given the seconds at which its pieces came and their bytes.
    #[track_caller]
    fn check(pieces: &[(u64, usize)], overdue_after: Duration) {
        let limits = HttpLimits::default();
        let begun = Instant::now();
        let mut pace = Pace::default();
        let mut due = pace.due(begun, &limits);
        for (seconds, bytes) in pieces {
            let now = begun + Duration::from_secs(*seconds);
            assert!(now < due, "the body was overdue before");
            pace.came(*bytes);
            due = pace.due(now, &limits);
        }
        assert_eq!(due, begun + overdue_after);
    }

    #[test]
    fn fifteen_seconds_may_pass_between_two_pieces() {
        check(&[], GAP);
        check(&[(14, RATE * 60)], Duration::from_secs(14) + GAP);
    }

    #[test]
    fn after_thirty_seconds_a_body_must_have_brought_4_kib_a_second() {
        check(&[(14, 1), (28, 1)], GRACE);
        check(&[(14, RATE * 20), (28, RATE * 20)], Duration::from_secs(40));
    }

    #[test]
    fn no_body_may_take_longer_than_fifteen_minutes() {
        let pieces: Vec<_> = (1..=89).map(|piece| (piece * 10, RATE * 1_000)).collect();
        check(&pieces, WHOLE);
    }

    #[test]
    fn time_that_the_reader_takes_is_not_the_clients() {
        let limits = HttpLimits::default();
        let begun = Instant::now();
        let mut pace = Pace::default();
        pace.due(begun, &limits);
        pace.came(RATE * 600);
        let asked_again = begun + Duration::from_secs(20);
        assert_eq!(pace.due(asked_again, &limits), asked_again + GAP);
    }
}
