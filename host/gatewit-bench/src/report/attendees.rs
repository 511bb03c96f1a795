//! What is printed about `/tickets/*`.

use std::fmt;

use super::goal::{Figure, Goal};
use super::rates::rate;
use super::{MIB, ratio};
use crate::attendees::Attendees;
use crate::figures::Measured;

/// What the reference service of the attendee-validation contract answers a second on two such cores.
const REFERENCE_ATTENDEE: f64 = 1_185.0;
const REFERENCE_EMAIL: f64 = 1_493.0;

impl Attendees {
    pub(super) fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rate(f, "hello, attendees", &self.hello)?;
        rate(f, "validate_attendee", &self.attendee)?;
        rate(f, "validate_email", &self.email)?;
        let of = |tickets: usize| format!("attendee of {tickets}");
        rate(f, &of(self.tickets / 100), &self.few)?;
        rate(f, &of(self.tickets), &self.many)
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        if self.hello.is_empty() {
            return Vec::new();
        }
        let times = |ours: &[Measured], reference: f64| {
            let rates = ours.iter().map(|one| one.per_second / reference);
            rates.collect::<Vec<_>>()
        };
        vec![
            Figure::new(
                "attendee / the reference",
                Goal::AtLeast(15.0, 30.0),
                times(&self.attendee, REFERENCE_ATTENDEE),
            ),
            Figure::new(
                "email / the reference",
                Goal::AtLeast(15.0, 30.0),
                times(&self.email, REFERENCE_EMAIL),
            ),
            Figure::new(
                "many tickets / few",
                Goal::AtLeast(0.9, 1.0),
                ratio(&self.many, &self.few),
            ),
            Figure::new(
                "start to ready, attendees, s",
                Goal::AtMost(1.0, 0.3),
                vec![self.ready.as_secs_f64()],
            ),
            Figure::new(
                "more memory in a sync, MiB",
                Goal::AtMost(64.0, 32.0),
                vec![self.sync_bytes as f64 / MIB],
            ),
        ]
    }

    pub(super) fn remark(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hello.is_empty() {
            return Ok(());
        }
        let (tickets, seconds) = (self.tickets, self.sync.as_secs_f64());
        writeln!(f, "{tickets} tickets are read anew in {seconds:.1} s")
    }
}
