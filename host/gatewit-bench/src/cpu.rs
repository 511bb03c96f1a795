//! The CPU time that processes and threads have used, as Linux counts it.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// The unit of a process's times: `USER_HZ` is 100 on every architecture that Gatewit runs on.
const TICK: Duration = Duration::from_millis(10);

/// Returns the CPU time of a process with all its threads, those that have ended as well.
pub fn of_process(id: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    used(&stat).context("Linux reports no CPU time of the server")
}

/// Returns the CPU time of the calling thread.
pub fn of_this_thread() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = stat.split(' ').next().and_then(|field| field.parse().ok());
    let nanoseconds = nanoseconds.context("Linux reports no CPU time of the client")?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// Adds up user and system time, the 14th and 15th field. The 2nd, a name in parentheses, may contain spaces.
fn used(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added_whatever_the_name_is() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 5 6 20 0 9 0";
        assert_eq!(used(stat), Some(Duration::from_millis(420)));
        assert_eq!(used("7 (a) S 1"), None);
    }

    #[test]
    fn a_thread_that_works_uses_cpu_time() -> anyhow::Result<()> {
        let before = of_this_thread()?;
        while of_this_thread()? == before {}
        assert!(of_process(std::process::id())? < Duration::from_secs(3600));
        Ok(())
    }
}
