//! How long a client may take, and how many connections there may be at once. `gatewit-api.md` §1.

use std::time::Duration;

/// The longest head of a request, and the size of a connection's read and write buffers.
pub(super) const BUFFER_MAX: usize = 64 * 1024;

/// The limits of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpLimits {
    /// From the first byte of a request to the end of its head; on a new connection, from when it was accepted.
    pub head: Duration,
    /// Between two pieces of a request's body.
    pub body_gap: Duration,
    /// For a whole body.
    pub body: Duration,
    /// The least average rate of a body, in bytes per second, once `body_grace` is over.
    pub body_bytes_per_second: u32,
    pub body_grace: Duration,
    /// From the end of an answer to the first byte of the next request.
    pub keep_alive: Duration,
    /// For a client that does not read its answer.
    pub answer_stall: Duration,
    /// How many connections there may be at once.
    pub connections_max: usize,
}

impl HttpLimits {
    /// Limits the connections by the number of files the process may open, some of which it needs for itself.
    pub fn within_open_files(open_files: u64) -> Self {
        let limits = Self::default();
        let for_itself = OPEN_FILES_RESERVED.min(open_files / 2);
        let left = usize::try_from(open_files - for_itself).unwrap_or(usize::MAX);
        Self {
            connections_max: limits.connections_max.min(left),
            ..limits
        }
    }
}

/// The most files that the store, plugins, metrics and connections to other servers need.
const OPEN_FILES_RESERVED: u64 = 256;

impl Default for HttpLimits {
    /// The limits of `gatewit-api.md` §1; 10,000 idle connections take about 150 MiB.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body_gap: Duration::from_secs(15),
            body: Duration::from_secs(15 * 60),
            body_bytes_per_second: 4 * 1024,
            body_grace: Duration::from_secs(30),
            keep_alive: Duration::from_secs(60),
            answer_stall: Duration::from_secs(30),
            connections_max: 10_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_server_itself() {
        let connections = |files| HttpLimits::within_open_files(files).connections_max;
        assert_eq!(connections(1_048_576), 10_000);
        assert_eq!(connections(4_096), 4_096 - 256);
        assert_eq!(connections(100), 50);
    }
}
