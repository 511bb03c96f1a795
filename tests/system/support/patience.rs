//! Waits for what a server does by itself: with a pause between two looks, which leaves the machine to the server, and not
//! for ever.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// The longest wait on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until something is there, and returns it.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let gives_up = Instant::now() + PATIENCE;
    let mut looks = interval(PAUSE);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            Instant::now() < gives_up,
            "waited {PATIENCE:?} in vain until {what}"
        );
    }
}
