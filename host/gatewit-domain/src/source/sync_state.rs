//! The stored state of a source: logs of tickets, the part of a log that is served, and the current run.
//!
//! A full run writes a new log, which replaces the served log once the run has ended. A run that asks for changes
//! appends rows behind the end of the served log, and moves that end when it ends. So all rows of a run are invisible
//! until the commit of its last page. The last row that names a ticket determines it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Continuation, LimitExceeded, RunLimits, RunSize, SourcePage, SourceTicket};

/// How many tickets a row holds: few enough to read between two scans.
const ROW: usize = 50;
/// How long after its start an interrupted run can be resumed.
const RESUMED_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// Another full run is due once the changes since the last one take more rows than that run and this many more.
const CHANGES_MAX: u32 = 256;
/// How long syncs ask only for changes. A ticketing system may not report deletions.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Some tickets of a source from one page of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    /// In the order in which the page lists them; 50 at most.
    pub tickets: Vec<SourceTicket>,
    /// References of tickets that no longer exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// A position in a source's logs: before this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogPosition {
    /// The number of the log, from 1.
    pub log: u32,
    /// The number of the row within the log, from 0.
    pub row: u32,
}

/// Identifies the plugin and the settings that read a source. If either changes, everything is read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reader {
    /// The digest of the plugin.
    pub plugin: String,
    /// The digest of its settings, including the files that they name.
    pub settings: String,
}

/// The state of a source's syncs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncState {
    /// None until the first run has ended.
    pub served: Option<Served>,
    /// The run that has begun and not ended; None between runs.
    pub under_way: Option<RunUnderWay>,
    /// Logs that nobody reads any longer, to be deleted.
    pub discarded: Vec<u32>,
    /// The number of the newest log.
    pub logs_made: u32,
}

/// The part of a log that readers see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    /// The end of the log.
    pub end: LogPosition,
    /// How many of its rows come from the full run.
    pub full_rows: u32,
    /// A digest of the content of those rows.
    pub digest: String,
    /// The token for the next request for changes.
    pub token: Option<String>,
    /// The plugin and settings that read it.
    pub reader: Reader,
    /// When the full run began.
    pub full_at: Timestamp,
    /// When the last run ended.
    pub synced_at: Timestamp,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunUnderWay {
    /// Whether it reads everything into a new log, rather than changes.
    pub is_full: bool,
    /// Where it writes the next row.
    pub end: LogPosition,
    /// A digest of the rows so far; empty in a run that asks for changes.
    pub digest: String,
    /// How much it has read.
    #[serde(default)]
    pub size: RunSize,
    /// The cursor of its next page.
    pub cursor: Option<String>,
    /// The plugin and settings that read. Another reader does not resume the run.
    pub reader: Reader,
    /// When it began. It can be resumed within one hour.
    pub began_at: Timestamp,
}

impl SyncState {
    /// Chooses to resume an interrupted run, to read changes, or to read everything. Returns whether it resumes.
    pub fn begin(&mut self, reader: &Reader, now: Timestamp) -> bool {
        let goes_on = self.under_way.as_ref().is_some_and(|run| {
            run.reader == *reader && now.duration_since(run.began_at) < RESUMED_WITHIN
        });
        if !goes_on {
            self.drop_run();
            let changes = self.changes(reader, now);
            self.under_way = Some(changes.unwrap_or_else(|| self.full(reader, now)));
        }
        goes_on
    }

    /// Starts a full run. Discards what the current run has read, and does not use the token.
    pub fn start_over(&mut self, reader: &Reader, now: Timestamp) {
        self.drop_run();
        self.under_way = Some(self.full(reader, now));
    }

    /// The rows that a run for changes has written behind the end of the served log. Once it is dropped, nobody reads them.
    pub fn unserved_rows(&self) -> impl Iterator<Item = LogPosition> + use<> {
        let run = self.under_way.as_ref().filter(|run| !run.is_full);
        let rows = self.served.as_ref().zip(run).map(|(served, run)| {
            let (log, begin, end) = (served.end.log, served.end.row, run.end.row);
            (begin..end).map(move |row| LogPosition { log, row })
        });
        rows.into_iter().flatten()
    }

    /// Drops the current run.
    pub fn drop_run(&mut self) {
        if let Some(run) = self.under_way.take().filter(|run| run.is_full) {
            self.discarded.push(run.end.log);
        }
    }

    /// Adds a page to the current run, and returns the rows to write and their positions. A run that exceeds a limit must
    /// be dropped.
    pub fn take(
        &mut self,
        page: SourcePage,
        limits: &RunLimits,
        now: Timestamp,
    ) -> Result<Vec<(LogPosition, SourceRow)>, LimitExceeded> {
        let Some(run) = &mut self.under_way else {
            return Ok(Vec::new());
        };
        run.size.add(&page, limits)?;
        let rows = rows_of(page.tickets, page.gone);
        let rows = rows.into_iter().map(|row| (run.write(&row), row)).collect();
        match page.next {
            Continuation::More(cursor) => run.cursor = Some(cursor),
            Continuation::Done(token) => self.end_run(token, now),
        }
        Ok(rows)
    }

    /// Ends the current run and serves what it has read.
    fn end_run(&mut self, token: Option<String>, now: Timestamp) {
        let Some(run) = self.under_way.take() else {
            return;
        };
        let before = self.served.take();
        let is_same = |before: &Served| before.digest == run.digest && before.is_unchanged();
        let (end, full_rows) = match &before {
            Some(before) if !run.is_full => (run.end, before.full_rows),
            // The content is unchanged, so readers and events need not read it again.
            Some(before) if is_same(before) => {
                self.discarded.push(run.end.log);
                (before.end, before.full_rows)
            }
            before => {
                self.discarded
                    .extend(before.as_ref().map(|before| before.end.log));
                (run.end, run.end.row)
            }
        };
        let (digest, full_at) = match (before, run.is_full) {
            (Some(before), false) => (before.digest, before.full_at),
            _ => (run.digest, run.began_at),
        };
        self.served = Some(Served {
            end,
            full_rows,
            digest,
            token,
            reader: run.reader,
            full_at,
            synced_at: now,
        });
    }

    /// A run that asks for changes, if that is possible.
    fn changes(&self, reader: &Reader, now: Timestamp) -> Option<RunUnderWay> {
        let served = self.served.as_ref()?;
        let changed = served.end.row - served.full_rows;
        let is_due = changed > served.full_rows.saturating_add(CHANGES_MAX)
            || now.duration_since(served.full_at) > FULL_EVERY;
        let cursor = served.token.clone()?;
        (served.reader == *reader && !is_due).then(|| RunUnderWay {
            is_full: false,
            end: served.end,
            digest: String::new(),
            size: RunSize::default(),
            cursor: Some(cursor),
            reader: reader.clone(),
            began_at: now,
        })
    }

    fn full(&mut self, reader: &Reader, now: Timestamp) -> RunUnderWay {
        self.logs_made += 1;
        RunUnderWay {
            is_full: true,
            end: LogPosition {
                log: self.logs_made,
                row: 0,
            },
            digest: String::new(),
            size: RunSize::default(),
            cursor: None,
            reader: reader.clone(),
            began_at: now,
        }
    }
}

impl Served {
    /// Whether nothing has changed since the full run.
    fn is_unchanged(&self) -> bool {
        self.end.row == self.full_rows
    }
}

impl RunUnderWay {
    /// Returns the position of the next row.
    fn write(&mut self, row: &SourceRow) -> LogPosition {
        let at = self.end;
        self.end.row += 1;
        if self.is_full {
            let row = serde_json::to_vec(row).expect("a row is plain data");
            let mut digest = Sha256::new_with_prefix(&self.digest);
            digest.update(row);
            self.digest = format!("{:x}", digest.finalize());
        }
        at
    }
}

fn rows_of(tickets: Vec<SourceTicket>, gone: Vec<String>) -> Vec<SourceRow> {
    let mut rows = Vec::new();
    let mut tickets = tickets.into_iter().peekable();
    while tickets.peek().is_some() {
        let tickets = tickets.by_ref().take(ROW).collect();
        let gone = Vec::new();
        rows.push(SourceRow { tickets, gone });
    }
    if !gone.is_empty() {
        let tickets = Vec::new();
        rows.push(SourceRow { tickets, gone });
    }
    rows
}
