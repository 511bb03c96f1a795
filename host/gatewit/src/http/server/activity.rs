//! The activity of a connection, and when it times out. Pure: the caller passes the time.

use std::time::Instant;

use super::limits::HttpLimits;

/// The phase of a connection, and whether its client is reading.
#[derive(Debug)]
pub struct Activity {
    phase: Phase,
    /// When the client stopped reading the answer.
    stalled_since: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    /// Waiting for the head of a request, or its remainder.
    Head { since: Instant },
    /// A request is under way; its body has its own limits.
    Request,
    /// The last request is answered. The beginning of the next head may have come together with it.
    Answered { since: Instant },
    /// The last request is answered, and no byte of the next has come.
    Idle { since: Instant },
}

impl Activity {
    /// Starts with a new connection, whose first request is expected at once.
    pub fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Head { since: now },
            stalled_since: None,
        }
    }

    /// Notes that bytes came.
    pub fn read(&mut self, now: Instant) {
        if let Phase::Answered { .. } | Phase::Idle { .. } = self.phase {
            self.phase = Phase::Head { since: now };
        }
    }

    /// Notes that the head of a request is complete.
    pub fn request_began(&mut self) {
        self.phase = Phase::Request;
    }

    /// Notes that the whole answer is ready to be written.
    pub fn answered(&mut self, now: Instant) {
        self.phase = Phase::Answered { since: now };
    }

    /// Returns whether a connection that is due may stay if no byte of the next head has come, and takes it that none
    /// has.
    pub fn is_perhaps_idle(&mut self) -> bool {
        let Phase::Answered { since } = self.phase else {
            return false;
        };
        self.phase = Phase::Idle { since };
        self.stalled_since.is_none()
    }

    /// Notes that bytes wait because the client accepts no more.
    pub fn write_blocked(&mut self, now: Instant) {
        self.stalled_since.get_or_insert(now);
    }

    pub fn written(&mut self) {
        self.stalled_since = None;
    }

    /// Returns when to close the connection unless something happens before, or unless it turns out to be idle.
    pub fn due(&self, limits: &HttpLimits) -> Option<Instant> {
        let next = match self.phase {
            Phase::Head { since } => Some(since + limits.head),
            Phase::Request => None,
            Phase::Answered { since } => Some(since + limits.head.min(limits.keep_alive)),
            Phase::Idle { since } => Some(since + limits.keep_alive),
        };
        let stalled = self.stalled_since.map(|since| since + limits.answer_stall);
        // A client that still reads its answer is not idle.
        stalled.or(next)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HEAD: Duration = Duration::from_secs(10);
    const KEEP_ALIVE: Duration = Duration::from_secs(60);
    const STALL: Duration = Duration::from_secs(30);

    fn due(activity: &Activity) -> Option<Instant> {
        activity.due(&HttpLimits::default())
    }

    #[test]
    fn the_head_of_the_first_request_has_ten_seconds_however_many_bytes_come() {
        let begun = Instant::now();
        let mut activity = Activity::new(begun);
        activity.read(begun + Duration::from_secs(9));
        assert_eq!(due(&activity), Some(begun + HEAD));
    }

    #[test]
    fn a_request_under_way_has_no_limit_here() {
        let mut activity = Activity::new(Instant::now());
        activity.request_began();
        activity.read(Instant::now());
        assert_eq!(due(&activity), None);
    }

    #[test]
    fn a_connection_is_kept_for_a_minute_and_the_next_head_has_ten_seconds() {
        let answered = Instant::now();
        let mut activity = Activity::new(answered);
        activity.request_began();
        activity.answered(answered);
        assert!(activity.is_perhaps_idle());
        assert_eq!(due(&activity), Some(answered + KEEP_ALIVE));
        assert!(!activity.is_perhaps_idle());
        let next = answered + Duration::from_secs(59);
        activity.read(next);
        activity.read(next + Duration::from_secs(5));
        assert_eq!(due(&activity), Some(next + HEAD));
    }

    #[test]
    fn a_head_that_may_have_begun_with_the_request_before_has_ten_seconds_from_its_answer() {
        let answered = Instant::now();
        let mut activity = Activity::new(answered);
        activity.request_began();
        activity.answered(answered);
        assert_eq!(due(&activity), Some(answered + HEAD));
        activity.write_blocked(answered);
        assert!(!activity.is_perhaps_idle(), "its client does not read");
    }

    #[test]
    fn an_answer_may_stall_for_thirty_seconds_and_each_piece_read_begins_anew() {
        let begun = Instant::now();
        let mut activity = Activity::new(begun);
        activity.request_began();
        activity.write_blocked(begun);
        activity.write_blocked(begun + Duration::from_secs(1));
        assert_eq!(due(&activity), Some(begun + STALL));
        activity.answered(begun + Duration::from_secs(2));
        assert_eq!(due(&activity), Some(begun + STALL));
        activity.written();
        let later = begun + Duration::from_secs(20);
        activity.write_blocked(later);
        assert_eq!(due(&activity), Some(later + STALL));
    }
}
