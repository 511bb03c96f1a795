//! The `gatewit` command.

use std::process::ExitCode;

/// A scan allocates on a worker what the committer frees, which the system's allocator is slow at. Without huge pages,
/// which make a server half again as large and no faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gatewit::cli::run()
}
