//! The `Clock` port.

use std::time::Duration;

use async_trait::async_trait;
use gatewit_domain::ports::Clock;
use jiff::{SignedDuration, Timestamp};

/// The machine's clock, in milliseconds: the finest precision that every client can read back.
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    async fn sleep(&self, time: SignedDuration) {
        let time = Duration::try_from(time).unwrap_or_default();
        tokio::time::sleep(time).await;
    }
}
