//! The `gatewit` command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// A scan allocates on a worker what the committer frees; the system allocator is slow at that. Huge pages are off:
/// they make the server half again as large and no faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gatewit::cli::run()
}
