//! Reads what happened at an event. `gatewit-api.md` §12.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::try_join3;
use gatewit_decision::{DayId, Refusal};
use gatewit_domain::digest::Digest;
use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, EventId, ScannerId, TicketId};
use gatewit_domain::plugin::PluginIdentity;
use gatewit_domain::problem::{Problem, RequestCode};
use gatewit_domain::record::Record;
use gatewit_domain::scan::Contract;
use jiff::Timestamp;
use jiff::civil::Date;

use super::Admissions;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::limits::LOOKED_AT_MAX;
use crate::live_events::LiveEvent;
use crate::tables::{CHECK_INS, EventRecord, EventWindows, RECORDS, WINDOWS, of_event};
use crate::turns::let_others_run;

/// Which records to read.
#[derive(Clone, Debug, Default)]
pub struct CheckInQuery {
    /// Only what happened on this day of the event, given by its name, date or weekday.
    pub day: Option<String>,
    /// Only scans and undos by this scanner.
    pub scanner: Option<ScannerId>,
    /// Only records of this.
    pub outcome: Option<Happened>,
    /// The number of the last record of the previous page.
    pub cursor: Option<u64>,
    /// The most records of the page.
    pub limit: usize,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The ticket let in.
    Admitted,
    /// The ticket did not let in.
    Refused,
    /// An admission was taken back.
    Undone,
}

/// A record as it is listed, with what later records say of it.
#[derive(Clone, Debug)]
pub struct CheckIn {
    /// `checkInId` in the contracts.
    pub id: CheckInId,
    /// None if no ticket was found.
    pub ticket_id: Option<TicketId>,
    /// The series of that ticket.
    pub ticket_series: Option<String>,
    /// What happened.
    pub outcome: Happened,
    /// Why it was refused, or would have been.
    pub refusal: Option<Refusal>,
    /// If it stands for several refusals of its scanner, their number by reason.
    pub refusals: BTreeMap<String, u64>,
    /// When it was decided, by the server's clock.
    pub at: Timestamp,
    /// None: an organizer.
    pub scanner_id: Option<ScannerId>,
    /// The contract through which a scan came.
    pub contract: Option<Contract>,
    /// The id of the zone of a scan.
    pub zone: Option<String>,
    /// The id of the scanner's scan point.
    pub scan_point: Option<String>,
    /// The day that decided.
    pub day: Option<DayId>,
    /// The plugin whose windows decided.
    pub plugin: Option<PluginIdentity>,
    /// Whether the admission was taken back.
    pub undone: bool,
    /// The admission that this took back.
    pub undoes: Option<CheckInId>,
}

/// One page of an event's records, in the order of their commits.
pub struct CheckInPage {
    /// The event of the records.
    pub event: Arc<LiveEvent>,
    /// The records.
    pub check_ins: Vec<CheckIn>,
    /// The cursor of the next page, if there is one. A page may be short or empty although another follows.
    pub next: Option<u64>,
}

/// What happened on one day.
enum DayFilter {
    /// On these days of the event: several if they have the same date.
    Days(Vec<DayId>),
    /// On a date in the event's local time on which no day of the event begins.
    Date(Date),
}

impl DayFilter {
    fn parse(text: &str, event: &Event) -> Result<Self, DeskError> {
        let days = event.days_called(text);
        match text.trim().parse() {
            _ if !days.is_empty() => Ok(Self::Days(days)),
            Ok(date) => Ok(Self::Date(date)),
            Err(_) => {
                let days = event.calendar.days.iter();
                let days =
                    days.map(|day| format!("{} ({})", day.name, event.calendar.date_of(day)));
                let days = days.collect::<Vec<_>>().join(", ");
                let words = format!(
                    "the query's day: expected the name or date of a day of the event: {days}"
                );
                Err(DeskError::Malformed(Problem::new(
                    RequestCode::Malformed,
                    words,
                )))
            }
        }
    }

    fn admits(&self, check_in: &CheckIn, event: &Event) -> bool {
        match self {
            Self::Days(days) => event
                .day_of(check_in.day, check_in.at)
                .is_some_and(|day| days.contains(&day.id)),
            Self::Date(date) => event.calendar.local(check_in.at).date() == *date,
        }
    }
}

/// Which records belong to a page.
struct Filter<'q> {
    query: &'q CheckInQuery,
    day: Option<DayFilter>,
}

impl<'q> Filter<'q> {
    fn parse(query: &'q CheckInQuery, event: &Event) -> Result<Self, DeskError> {
        let day = query.day.as_deref();
        let day = day.map(|day| DayFilter::parse(day, event)).transpose()?;
        Ok(Self { query, day })
    }

    fn admits(&self, check_in: &CheckIn, event: &Event) -> bool {
        let Self { query, day } = self;
        let is_by = |scanner| check_in.scanner_id == Some(scanner);
        query.scanner.is_none_or(is_by)
            && query
                .outcome
                .is_none_or(|wanted| check_in.outcome == wanted)
            && day.as_ref().is_none_or(|day| day.admits(check_in, event))
    }
}

/// A record of a page, with the answer that it names.
struct Listed {
    check_in: CheckIn,
    windows: Option<Digest>,
}

impl Listed {
    fn of(record: Record) -> Self {
        let (id, mut windows) = (record.id(), None);
        let mut check_in = CheckIn {
            id,
            ticket_id: None,
            ticket_series: None,
            outcome: Happened::Refused,
            refusal: None,
            refusals: BTreeMap::new(),
            at: Timestamp::UNIX_EPOCH,
            scanner_id: None,
            contract: None,
            zone: None,
            scan_point: None,
            day: None,
            plugin: None,
            undone: false,
            undoes: None,
        };
        match record {
            Record::Scan(scan) => {
                if scan.refusal().is_none() {
                    check_in.outcome = Happened::Admitted;
                }
                windows = scan.ticket().and_then(|ticket| ticket.windows);
                check_in.ticket_id = scan.ticket().map(|ticket| ticket.id);
                check_in.refusal = scan.refusal().cloned();
                check_in.at = scan.at;
                check_in.scanner_id = scan.by.scanner();
                check_in.contract = Some(scan.contract);
                check_in.zone = Some(scan.zone);
                check_in.scan_point = scan.scan_point;
                check_in.day = scan.day;
            }
            Record::Refusals(refusals) => {
                check_in.refusals = refusals.by_reason;
                check_in.at = refusals.at;
                check_in.scanner_id = Some(refusals.scanner);
                check_in.contract = Some(refusals.contract);
                check_in.zone = Some(refusals.zone);
                check_in.scan_point = refusals.scan_point;
            }
            Record::Undo(undo) => {
                check_in.outcome = Happened::Undone;
                check_in.ticket_id = Some(undo.ticket);
                check_in.at = undo.at;
                check_in.scanner_id = undo.by.scanner();
                check_in.day = Some(undo.day);
                check_in.undoes = Some(undo.undoes);
            }
        }
        Self { check_in, windows }
    }
}

impl Admissions {
    /// Reads a page of what happened at an event.
    pub async fn check_ins(
        &self,
        caller: &Caller,
        event: EventId,
        query: &CheckInQuery,
    ) -> Result<CheckInPage, DeskError> {
        let live = self.events.managed(caller, event)?;
        let (listed, next) = self.matching(&live, query).await?;
        Ok(CheckInPage {
            check_ins: self.completed(event, listed).await?,
            event: live,
            next,
        })
    }

    /// Reads the records of a page, and the cursor of the next one.
    async fn matching(
        &self,
        live: &LiveEvent,
        query: &CheckInQuery,
    ) -> Result<(Vec<Listed>, Option<u64>), DeskError> {
        let filter = Filter::parse(query, &live.event)?;
        let event = live.event.id;
        let mut listed = Vec::new();
        let mut last = query.cursor;
        let mut looked_at = 0;
        let prefix = of_event(event);
        loop {
            let after = last.map(|last| RECORDS.key(&EventRecord(event, last)));
            let rows = RECORDS
                .page(self.ports.store(), &prefix, after.as_ref(), query.limit + 1)
                .await?;
            let is_last = rows.len() <= query.limit;
            for row in rows {
                if listed.len() == query.limit || looked_at == LOOKED_AT_MAX {
                    return Ok((listed, last));
                }
                looked_at += 1;
                last = Some(row.number()?);
                let row = Listed::of(row.value);
                if filter.admits(&row.check_in, &live.event) {
                    listed.push(row);
                }
            }
            if is_last {
                return Ok((listed, None));
            }
            let_others_run().await;
        }
    }

    /// Adds what other rows say of the records: their tickets, their plugins, and whether they were taken back.
    async fn completed(
        &self,
        event: EventId,
        listed: Vec<Listed>,
    ) -> Result<Vec<CheckIn>, DeskError> {
        let store = self.ports.store();
        let ids: Vec<_> = listed.iter().map(|row| row.check_in.id).collect();
        let tickets: Vec<_> = listed
            .iter()
            .filter_map(|row| row.check_in.ticket_id)
            .collect();
        let named = listed.iter().filter_map(|row| row.windows);
        let named: Vec<_> = named.map(|digest| EventWindows(event, digest)).collect();
        let (places, series, windows) = try_join3(
            CHECK_INS.get_many(store, &ids),
            self.tickets.series_of(event, &tickets),
            WINDOWS.get_many(store, &named),
        )
        .await?;
        let (mut series, mut windows) = (series.into_iter(), windows.into_iter());
        let completed = listed.into_iter().zip(places).map(|(row, place)| {
            let mut check_in = row.check_in;
            check_in.undone = place.is_some_and(|place| place.value.undone_by.is_some());
            if check_in.ticket_id.is_some() {
                check_in.ticket_series = series.next().flatten();
            }
            if row.windows.is_some() {
                let answer = windows.next().flatten();
                check_in.plugin = answer.and_then(|stored| stored.value.plugins.into_iter().next());
            }
            check_in
        });
        Ok(completed.collect())
    }
}
