//! What is kept of a source: logs of tickets, how much of which one is served, and the run under way.
//!
//! A full run writes a log of its own; once it has ended that log is served instead of the one before. A run that asks
//! for changes writes behind the end of the log that is served, and its own end moves that end. So whatever a run has
//! written is invisible until the commit of its last page, and a ticket is what the last row that names it says.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Continuation, SourcePage, SourceTicket};

/// How many tickets a row holds: few enough to be read between two scans.
const ROW: usize = 50;
/// How long after its beginning a run that broke off is gone on with.
const RESUMED_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How many rows of changes may follow a full run, beyond as many as that has, before another is due.
const CHANGES_MAX: u32 = 256;
/// How long changes alone are asked for: what a ticketing system deletes, it may tell nobody.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Some tickets of a source, as one page of a run told them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    pub tickets: Vec<SourceTicket>,
    /// References of tickets that exist no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// A place in a source's logs: before this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogPosition {
    pub log: u32,
    pub row: u32,
}

/// Who reads: what other code, or the same with other settings, has read is to be read anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reader {
    /// The digest of the plugin.
    pub plugin: String,
    /// The digest of what it is told, the files that its settings name included.
    pub settings: String,
}

/// All that is known of a source's syncs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceJournal {
    /// None until the first run has ended.
    pub served: Option<Served>,
    pub under_way: Option<RunUnderWay>,
    /// Logs that nobody reads any more, to be thrown away.
    pub discarded: Vec<u32>,
    /// The number of the newest log.
    pub logs_made: u32,
}

/// What readers are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    /// The end of the log.
    pub end: LogPosition,
    /// How many of its rows are of the full run.
    pub full_rows: u32,
    /// Tells one content of those from another.
    pub digest: String,
    /// With which changes are asked for.
    pub token: Option<String>,
    pub reader: Reader,
    /// When the full run began.
    pub full_at: Timestamp,
    pub synced_at: Timestamp,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunUnderWay {
    pub is_full: bool,
    /// Where it writes next.
    pub end: LogPosition,
    pub digest: String,
    /// By which it goes on.
    pub cursor: Option<String>,
    pub reader: Reader,
    pub began_at: Timestamp,
}

impl SourceJournal {
    /// Chooses what to read: on with what broke off, what has changed, or everything. Tells whether it goes on.
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

    /// Begins to read everything: what the run has read so far, and the token, are good for nothing.
    pub fn start_over(&mut self, reader: &Reader, now: Timestamp) {
        self.drop_run();
        self.under_way = Some(self.full(reader, now));
    }

    /// Forgets the run under way.
    pub fn drop_run(&mut self) {
        if let Some(run) = self.under_way.take().filter(|run| run.is_full) {
            self.discarded.push(run.end.log);
        }
    }

    /// Takes a page of the run under way, and tells the rows to write and where.
    pub fn take(&mut self, page: SourcePage, now: Timestamp) -> Vec<(LogPosition, SourceRow)> {
        let Some(run) = &mut self.under_way else {
            return Vec::new();
        };
        let rows = rows_of(page.tickets, page.gone);
        let rows = rows.into_iter().map(|row| (run.write(&row), row)).collect();
        match page.next {
            Continuation::More(cursor) => run.cursor = Some(cursor),
            Continuation::Done(token) => self.end_run(token, now),
        }
        rows
    }

    /// Serves what the run has read.
    fn end_run(&mut self, token: Option<String>, now: Timestamp) {
        let Some(run) = self.under_way.take() else {
            return;
        };
        let before = self.served.take();
        let is_same = |before: &Served| before.digest == run.digest && before.is_unchanged();
        let (end, full_rows) = match &before {
            Some(before) if !run.is_full => (run.end, before.full_rows),
            // The same again: readers and events need not look at it once more.
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

    /// A run that asks for changes, if that can be asked for.
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
    /// Tells where the next row goes.
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
