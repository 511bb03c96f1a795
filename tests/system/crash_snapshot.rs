//! Acknowledged changes survive a power cut under load: they are on the disk, not only in the operating system's cache.

use crate::support::{Disk, Process, Shift};

/// The number of answers to scans before each power cut.
const ANSWERS_UNTIL_CUT: [usize; 5] = [1, 40, 85, 130, 175];

#[tokio::test]
async fn what_was_acknowledged_before_a_power_cut_holds_after_it_and_nobody_enters_twice() {
    let mut disk = match Disk::make() {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: no disk can be made here to cut its power: {why}"),
    };
    let mut server = Process::start(&disk.path().join("data"));
    let mut shift = Shift::begin(&server).await;
    for answers in ANSWERS_UNTIL_CUT {
        let mut left = None;
        let cut = || {
            server.freeze();
            left = Some(disk.after_power_cut());
            server.signal("KILL");
        };
        shift.until_crash(answers, cut).await;
        server.kill();
        disk = left.expect("the power cut comes in time");
        server = Process::start(&disk.path().join("data"));
        shift = shift.resumed_at(&server).await;
    }
}
