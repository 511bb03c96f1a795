//! A disk whose power can be cut: an ext4 image on a loop device.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const BYTES: u64 = 64 << 20;
/// Nothing but a sync brings data to the image: of itself the journal commits only after so many seconds.
const OPTIONS: &str = "loop,commit=3600";
/// How the system says that the rights for a disk are missing, or what it is made with.
const MISSING: [&str; 5] = [
    "superuser",
    "permission denied",
    "not permitted",
    "loop device",
    "not installed",
];

/// A mounted disk; unmounted when dropped, and its loop device freed.
pub struct Disk {
    home: TempDir,
}

impl Disk {
    /// Makes and mounts an empty disk. Tells why, if what it takes is missing.
    pub fn make() -> Result<Self, String> {
        let disk = Self::unmounted();
        let image = File::create(disk.image()).expect("a file can be made");
        image.set_len(BYTES).expect("a file can be sparse");
        let made = run(Command::new("mkfs.ext4").arg("-q").arg(disk.image()));
        match made.and_then(|()| disk.mount()) {
            Ok(()) => Ok(disk),
            Err(why) => {
                let words = why.to_lowercase();
                let is_missing = MISSING.iter().any(|missing| words.contains(missing));
                assert!(is_missing, "{why}");
                Err(why)
            }
        }
    }

    /// Where files lie.
    pub fn path(&self) -> PathBuf {
        self.home.path().join("mounted")
    }

    /// What would be there after a power cut: another disk with all that has reached this one, and no more.
    ///
    /// Nothing may sync to this one meanwhile.
    pub fn after_power_cut(&self) -> Self {
        fs::write(self.path().join("unsynced"), "lost").expect("a file can be written");
        let copy = Self::unmounted();
        fs::copy(self.image(), copy.image()).expect("there is room for a copy");
        copy.mount().expect("the journal is replayed");
        let is_lost = !copy.path().join("unsynced").exists();
        assert!(is_lost, "what was not synced does not outlast a power cut");
        copy
    }

    fn unmounted() -> Self {
        let home = TempDir::new().expect("there is room for a test's data");
        let disk = Self { home };
        fs::create_dir(disk.path()).expect("a directory can be made");
        disk
    }

    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }

    fn mount(&self) -> Result<(), String> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "ext4", "-o", OPTIONS]);
        run(mount.args([self.image(), self.path()]))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that still ends does not keep it. What was never mounted need not be unmounted.
        let _ = run(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}

/// Runs a command to its end. Tells its complaint if it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.env("LC_ALL", "C").output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{:?} is not installed", command.get_program()),
        _ => format!("{:?}: {error}", command.get_program()),
    })?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.lines().next().unwrap_or_default();
    match output.status.success() {
        true => Ok(()),
        false => Err(complaint.to_owned()),
    }
}
