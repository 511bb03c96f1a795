//! One sync of a source: writes page after page to its log; the commit of the last page makes them visible.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use gatewit_domain::attendees::SourceSet;
use gatewit_domain::plugin::CallError;
use gatewit_domain::ports::{SyncRun, Write};
use gatewit_domain::source::{
    Continuation, LimitExceeded, LogPosition, SourceFault, SourcePage, SourceType, SyncState,
};

use super::LiveSource;
use super::reading::{Doubt, Doubted, Reading};
use super::trouble::SyncFault;
use crate::error::DeskError;
use crate::tables::{LogRow, SOURCE_ROWS, SOURCE_TYPES, SOURCES};
use crate::turns::let_others_run;

/// How many rows are deleted in one commit.
const ROWS_AT_ONCE: usize = 32;

/// The ticketing system during one sync.
struct Upstream {
    run: Box<dyn SyncRun>,
    types: Vec<SourceType>,
    /// How many pages were requested.
    pages: u32,
}

impl LiveSource {
    /// Reads what is new in a source, resuming where the last run broke off. A fault leaves the served tickets as is.
    pub async fn sync(&self) -> Result<(), SyncFault> {
        let mut state = self.state().await?;
        let read = self.read_source(&mut state).await;
        if let Err(fault) = &read
            && is_lasting(fault)
        {
            let unserved: Vec<_> = state.unserved_rows().collect();
            state.drop_run();
            self.keep(&state, Vec::new()).await?;
            self.delete_rows(unserved).await?;
        }
        self.throw_away(&mut state).await?;
        read
    }

    async fn read_source(&self, state: &mut SyncState) -> Result<(), SyncFault> {
        let began_at = self.ports.now();
        let mut upstream = Upstream {
            run: self.configured.source.begin().await?,
            types: Vec::new(),
            pages: 0,
        };
        self.ask_types(state, &mut upstream).await?;
        let goes_on = self.read_run(state, &mut upstream).await?;
        self.serve_read(state, &upstream.types).await?;
        if goes_on {
            // Tickets read before the run broke off may have changed since.
            self.read_run(state, &mut upstream).await?;
            self.serve_read(state, &upstream.types).await?;
        }
        let name = &self.name;
        let duration = self.ports.now().duration_since(began_at);
        tracing::info!(
            source.name = %name,
            pages = upstream.pages,
            tickets = self.set().map_or(0, |set| set.len()),
            duration_ms = duration.as_secs_f64() * 1_000.0,
            "ticket source {name} was read to its end"
        );
        Ok(())
    }

    /// Asks for the types of tickets. Does not believe that none are left while there are tickets: without a list of types,
    /// tickets of every type admit.
    async fn ask_types(&self, state: &SyncState, upstream: &mut Upstream) -> Result<(), SyncFault> {
        upstream.types = upstream.run.ticket_types().await?;
        let served = state.served.as_ref();
        let is_same_reader = served.is_some_and(|served| served.reader == *upstream.run.reader());
        let has_tickets = self.set().is_some_and(|set| !set.is_empty());
        if upstream.types.is_empty() && is_same_reader && has_tickets {
            let had = self.types().await?.len();
            if had > 0 {
                return Err(SyncFault::TypesVanished(had));
            }
        }
        Ok(())
    }

    /// Shows readers the completed read before anything else can fail.
    async fn serve_read(&self, state: &SyncState, types: &[SourceType]) -> Result<(), SyncFault> {
        let is_served = self.set().is_some_and(|set| {
            let end = state.served.as_ref().map(|served| served.end);
            end == Some(set.end()) && set.is_of_types(types)
        });
        if let (false, Some(served)) = (is_served, &state.served) {
            self.serve(served).await?;
        }
        Ok(())
    }

    /// Reads one run to its end: from the beginning if it cannot resume, and once more if it may have missed tickets.
    /// Returns whether it resumed an earlier run.
    async fn read_run(
        &self,
        state: &mut SyncState,
        upstream: &mut Upstream,
    ) -> Result<bool, SyncFault> {
        let reader = upstream.run.reader().clone();
        let mut goes_on = state.begin(&reader, self.ports.now());
        let mut read = self.read_pages(state, upstream, None).await;
        if let Err(SyncFault::Source(SourceFault::StartOver(_))) = &read {
            self.start_over(state, upstream, "its plugin asks for it");
            goes_on = false;
            read = self.read_pages(state, upstream, None).await;
        }
        let Some(doubted) = read? else {
            return Ok(goes_on);
        };
        // A run of its own: it reads files anew, too.
        upstream.run = self.configured.source.begin().await?;
        self.ask_types(state, upstream).await?;
        self.start_over(state, upstream, &doubted.doubt.to_string());
        let second = self.read_pages(state, upstream, Some(&doubted));
        match second.await? {
            Some(doubted) => Err(SyncFault::Doubted(doubted.doubt)),
            None => Ok(false),
        }
    }

    fn start_over(&self, state: &mut SyncState, upstream: &Upstream, why: &str) {
        let name = &self.name;
        tracing::info!(source.name = %name, "ticket source {name} is read from the start: {why}");
        state.start_over(upstream.run.reader(), self.ports.now());
    }

    /// Stores each page of the current run as it arrives. A full run that may have missed tickets, and that a first
    /// reading does not confirm, is returned instead of served.
    async fn read_pages(
        &self,
        state: &mut SyncState,
        upstream: &mut Upstream,
        first: Option<&Doubted>,
    ) -> Result<Option<Doubted>, SyncFault> {
        let digests = first.map_or_else(RandomState::new, |first| first.reading.digests().clone());
        let mut reading = self.reading(state, &digests).await?;
        let (limits, began_at) = (self.configured.run_limits, self.ports.now());
        let mut seen = HashSet::new();
        while let Some(under_way) = &state.under_way {
            if self.ports.now().duration_since(began_at) > limits.time {
                upstream.run.overran();
                return Err(LimitExceeded::Time(limits.time).into());
            }
            let cursor = under_way.cursor.clone();
            if !seen.insert(digests.hash_one(&cursor)) {
                let words = "it gave the same cursor twice, so that the sync would never end";
                return Err(invalid(words.to_owned()).into());
            }
            let is_full = under_way.is_full;
            let mut page = upstream.run.page(cursor.as_deref()).await?;
            upstream.pages += 1;
            if is_full {
                reading.add(&page);
                if let Continuation::Done(_) = page.next
                    && let Some(doubt) = doubt(self, &reading, first)
                {
                    return Ok(Some(Doubted { reading, doubt }));
                }
            } else if let Some(set) = self.set() {
                add_gone(&mut page, &set);
            }
            let kept = self.keep_page(state, page, &upstream.types).await;
            if let Err(SyncFault::Limit(_)) = &kept {
                upstream.run.overran();
            }
            kept?;
        }
        Ok(None)
    }

    /// Returns what the current run has listed so far, if it is a full one.
    async fn reading(
        &self,
        state: &SyncState,
        digests: &RandomState,
    ) -> Result<Reading, DeskError> {
        let mut reading = Reading::new(digests);
        let full = state.under_way.as_ref().filter(|run| run.is_full);
        if let Some(LogPosition { log, row: end }) = full.map(|run| run.end) {
            for row in 0..end {
                let key = LogRow(self.name.clone(), LogPosition { log, row });
                if let Some(stored) = SOURCE_ROWS.get(self.ports.store(), &key).await? {
                    reading.add_row(&stored.value);
                }
            }
        }
        Ok(reading)
    }

    /// Commits a page of the current run; committing the last page makes the run visible.
    async fn keep_page(
        &self,
        state: &mut SyncState,
        page: SourcePage,
        types: &Vec<SourceType>,
    ) -> Result<(), SyncFault> {
        let limits = &self.configured.run_limits;
        let rows = state.take(page, limits, self.ports.now())?.into_iter();
        let rows = rows.map(|(at, row)| SOURCE_ROWS.put(&LogRow(self.name.clone(), at), &row));
        let mut writes: Vec<_> = rows.collect();
        let has_ended = state.under_way.is_none();
        if has_ended && self.types().await? != *types {
            writes.push(SOURCE_TYPES.put(&self.name, types));
        }
        self.keep(state, writes).await?;
        Ok(())
    }

    /// Commits the state together with the rows it refers to. Only one run at a time writes it, so it needs no guard.
    async fn keep(&self, state: &SyncState, mut writes: Vec<Write>) -> Result<(), DeskError> {
        writes.push(SOURCES.put(&self.name, state));
        self.ports.store().commit(Vec::new(), writes).await?;
        Ok(())
    }

    /// Deletes rows of a log.
    async fn delete_rows(&self, rows: Vec<LogPosition>) -> Result<(), DeskError> {
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let rows = rows.iter().map(|at| LogRow(self.name.clone(), *at));
            let writes = rows.map(|row| SOURCE_ROWS.delete(&row)).collect();
            self.ports.store().commit(Vec::new(), writes).await?;
            let_others_run().await;
        }
        Ok(())
    }

    /// Deletes the logs that nobody reads any longer.
    async fn throw_away(&self, state: &mut SyncState) -> Result<(), DeskError> {
        while let Some(log) = state.discarded.last() {
            let log = format!("{}/{log:08x}/", self.name);
            let keys = SOURCE_ROWS
                .keys(self.ports.store(), &log, ROWS_AT_ONCE)
                .await?;
            if keys.is_empty() {
                state.discarded.pop();
                self.keep(state, Vec::new()).await?;
                continue;
            }
            let writes = keys.into_iter().map(Write::Delete).collect();
            self.ports.store().commit(Vec::new(), writes).await?;
            let_others_run().await;
        }
        Ok(())
    }
}

/// Adds the tickets that have left the orders which a page lists completely.
fn add_gone(page: &mut SourcePage, set: &SourceSet) {
    let told: HashSet<_> = page
        .tickets
        .iter()
        .map(|ticket| &*ticket.reference)
        .collect();
    let known = page.whole_orders.iter();
    let known = known.flat_map(|order| set.references_of(order));
    let gone = known.filter(|reference| !told.contains(reference));
    let gone: Vec<_> = gone.map(str::to_owned).collect();
    page.gone.extend(gone);
}

/// Returns why a completed full run may be incomplete, if so.
fn doubt(source: &LiveSource, reading: &Reading, first: Option<&Doubted>) -> Option<Doubt> {
    let served = source.set().map_or(0, |set| set.len());
    let doubt = reading.doubt(served)?;
    let is_settled = first.is_some_and(|first| first.is_settled_by(reading, &doubt));
    (!is_settled).then_some(doubt)
}

fn invalid(words: String) -> SourceFault {
    CallError::InvalidAnswer(words).into()
}

/// Whether resuming where the run broke off would end in the same fault.
fn is_lasting(fault: &SyncFault) -> bool {
    match fault {
        SyncFault::Doubted(_) | SyncFault::Limit(_) => true,
        SyncFault::TypesVanished(_) | SyncFault::Desk(_) => false,
        SyncFault::Source(fault) => !matches!(
            fault,
            SourceFault::Unauthorized(_)
                | SourceFault::RateLimited(_)
                | SourceFault::Unavailable(_)
                | SourceFault::Withdrawn
        ),
    }
}
