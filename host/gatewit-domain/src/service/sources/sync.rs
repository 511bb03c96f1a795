//! One sync of a source: page after page into its log, and the commit of the last page is what readers see.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::{Desk, LiveSource};
use crate::attendees::SourceSet;
use crate::ports::{SyncRun, Write};
use crate::problem::DeskError;
use crate::source::{SourceFault, SourceJournal, SourcePage, SourceType};
use crate::tables::{LogRow, SOURCE_ROWS, SOURCE_TYPES, SOURCES, within};

/// How many pages a run may have.
const PAGES_MAX: u32 = 100_000;
/// How many rows are thrown away in one commit.
const ROWS_AT_ONCE: usize = 32;

/// Why a source could not be renewed.
#[derive(Debug, thiserror::Error)]
pub enum SyncFault {
    #[error(transparent)]
    Source(#[from] SourceFault),
    #[error("what it said cannot be kept: {0}")]
    Desk(#[from] DeskError),
}

impl Desk {
    /// Reads what is new in a source, gone on with where the last run broke off. After a fault, what was served is.
    pub(super) async fn sync(&self, source: &LiveSource) -> Result<(), SyncFault> {
        let mut journal = source.journal(self.store()).await?;
        let read = self.read_source(source, &mut journal).await;
        if let Err(SyncFault::Source(fault)) = &read
            && is_lasting(fault)
        {
            journal.drop_run();
            self.keep(source, &journal, Vec::new()).await?;
        }
        self.throw_away(source, &mut journal).await?;
        read
    }

    async fn read_source(
        &self,
        source: &LiveSource,
        journal: &mut SourceJournal,
    ) -> Result<(), SyncFault> {
        let mut run = source.configured.source.begin().await?;
        let types = run.ticket_types().await?;
        let goes_on = self.read_run(source, journal, &mut *run, &types).await?;
        self.serve_read(source, journal, &types).await?;
        if goes_on {
            // What had been read before it broke off may have changed since.
            self.read_run(source, journal, &mut *run, &types).await?;
            self.serve_read(source, journal, &types).await?;
        }
        Ok(())
    }

    /// Lets readers see what was read to its end, before anything else can fail.
    async fn serve_read(
        &self,
        source: &LiveSource,
        journal: &SourceJournal,
        types: &[SourceType],
    ) -> Result<(), SyncFault> {
        let is_served = source.set().is_some_and(|set| {
            let end = journal.served.as_ref().map(|served| served.end);
            end == Some(set.end()) && set.types() == types
        });
        if let (false, Some(served)) = (is_served, &journal.served) {
            source.serve(self.store(), served).await?;
        }
        Ok(())
    }

    /// Reads one run to its end; tells whether that had begun earlier.
    async fn read_run(
        &self,
        source: &LiveSource,
        journal: &mut SourceJournal,
        run: &mut dyn SyncRun,
        types: &Vec<SourceType>,
    ) -> Result<bool, SyncFault> {
        let reader = run.reader().clone();
        let goes_on = journal.begin(&reader, self.now());
        match self.read_pages(source, journal, run, types).await {
            Err(SyncFault::Source(SourceFault::StartOver(_))) => {
                journal.start_over(&reader, self.now());
                self.read_pages(source, journal, run, types).await?;
                Ok(false)
            }
            read => read.map(|()| goes_on),
        }
    }

    /// Keeps each page of the run under way as it comes.
    async fn read_pages(
        &self,
        source: &LiveSource,
        journal: &mut SourceJournal,
        run: &mut dyn SyncRun,
        types: &Vec<SourceType>,
    ) -> Result<(), SyncFault> {
        let mut seen = HashSet::new();
        let digests = RandomState::new();
        for _ in 0..PAGES_MAX {
            let Some(under_way) = &journal.under_way else {
                return Ok(());
            };
            let cursor = under_way.cursor.clone();
            if !seen.insert(digests.hash_one(&cursor)) {
                let words = "the same cursor came twice, so that the sync would never end";
                return Err(SourceFault::Unexpected(words.to_owned()).into());
            }
            let is_full = under_way.is_full;
            let mut page = run.page(cursor.as_deref()).await?;
            if let Some(set) = source.set().filter(|_| !is_full) {
                add_gone(&mut page, &set);
            }
            let rows = journal.take(page, self.now()).into_iter();
            let rows =
                rows.map(|(at, row)| SOURCE_ROWS.put(&LogRow(source.name.clone(), at), &row));
            let mut writes: Vec<_> = rows.collect();
            let has_ended = journal.under_way.is_none();
            if has_ended && source.types(self.store()).await? != *types {
                writes.push(SOURCE_TYPES.put(&source.name, types));
            }
            self.keep(source, journal, writes).await?;
        }
        let words = format!("a sync has more than {PAGES_MAX} pages");
        Err(SourceFault::Unexpected(words).into())
    }

    /// Commits the journal, with what it speaks of. One run at a time is all that ever writes it.
    async fn keep(
        &self,
        source: &LiveSource,
        journal: &SourceJournal,
        mut writes: Vec<Write>,
    ) -> Result<(), DeskError> {
        writes.push(SOURCES.put(&source.name, journal));
        self.store().commit(Vec::new(), writes).await?;
        Ok(())
    }

    /// Throws away the logs that nobody reads any more.
    async fn throw_away(
        &self,
        source: &LiveSource,
        journal: &mut SourceJournal,
    ) -> Result<(), DeskError> {
        while let Some(log) = journal.discarded.last() {
            let log = within(&source.name, &format_args!("{log:08x}/"));
            let keys = SOURCE_ROWS.keys(self.store(), &log, ROWS_AT_ONCE).await?;
            if keys.is_empty() {
                journal.discarded.pop();
                self.keep(source, journal, Vec::new()).await?;
                continue;
            }
            let writes = keys.into_iter().map(Write::Delete).collect();
            self.store().commit(Vec::new(), writes).await?;
        }
        Ok(())
    }
}

/// Adds those that have left the orders that a page tells whole.
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

/// Whether going on where the run broke off would end in the same fault.
fn is_lasting(fault: &SourceFault) -> bool {
    !matches!(
        fault,
        SourceFault::Unauthorized(_) | SourceFault::RateLimited(_) | SourceFault::Unavailable(_)
    )
}
