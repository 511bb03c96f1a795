//! Reads the record of scans at an event. `gatewit-api.md` §12.

use std::sync::Arc;

use gatewit_decision::DayId;
use gatewit_domain::event::Event;
use gatewit_domain::id::{CheckInId, EventId, ScannerId};
use gatewit_domain::problem::{Problem, RequestCode};
use gatewit_domain::scan::CheckIn;
use jiff::civil::Date;

use super::Admissions;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::limits::LOOKED_AT_MAX;
use crate::live_events::LiveEvent;
use crate::tables::{CHECK_INS, EventCheckIn, join_key};
use crate::turns::let_others_run;

/// Which records to read.
#[derive(Clone, Debug, Default)]
pub struct CheckInQuery {
    /// Only scans on this day of the event, given by its name, date or weekday.
    pub day: Option<String>,
    /// Only scans by this scanner.
    pub scanner: Option<ScannerId>,
    /// Only scans with this outcome.
    pub outcome: Option<ScanOutcome>,
    /// The last record of the previous page.
    pub cursor: Option<CheckInId>,
    /// The most records of the page.
    pub limit: usize,
}

/// Whether a scan was admitted or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanOutcome {
    /// The ticket let in.
    Admitted,
    /// The ticket did not let in.
    Refused,
}

/// One page of an event's records, oldest first.
pub struct CheckInPage {
    /// The event of the records.
    pub event: Arc<LiveEvent>,
    /// The records.
    pub check_ins: Vec<CheckIn>,
    /// The cursor of the next page, if there is one. A page may be short or empty although another follows.
    pub next: Option<CheckInId>,
}

/// The scans of one day.
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
            Self::Days(days) => check_in
                .day_of(event)
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
        let outcome = match check_in.refusal {
            None => ScanOutcome::Admitted,
            Some(_) => ScanOutcome::Refused,
        };
        let Self { query, day } = self;
        let is_by = |scanner| check_in.scanner_id == Some(scanner);
        query.scanner.is_none_or(is_by)
            && query.outcome.is_none_or(|wanted| outcome == wanted)
            && day.as_ref().is_none_or(|day| day.admits(check_in, event))
    }
}

impl Admissions {
    /// Reads a page of an event's scans.
    pub async fn check_ins(
        &self,
        caller: &Caller,
        event: EventId,
        query: &CheckInQuery,
    ) -> Result<CheckInPage, DeskError> {
        let live = self.events.managed(caller, event)?;
        let filter = Filter::parse(query, &live.event)?;
        let mut page = CheckInPage {
            event: live,
            check_ins: Vec::new(),
            next: None,
        };
        let prefix = join_key(&event, &"");
        let mut after = query
            .cursor
            .map(|id| CHECK_INS.key(&EventCheckIn(event, id)));
        let mut looked_at = 0;
        loop {
            let rows = CHECK_INS
                .page(self.ports.store(), &prefix, after.as_ref(), query.limit + 1)
                .await?;
            let is_last = rows.len() <= query.limit;
            for row in rows {
                if page.check_ins.len() == query.limit {
                    page.next = page.check_ins.last().map(|check_in| check_in.id);
                    return Ok(page);
                }
                if looked_at == LOOKED_AT_MAX {
                    return Ok(page);
                }
                looked_at += 1;
                page.next = Some(row.value.id);
                after = Some(row.key);
                if filter.admits(&row.value, &page.event.event) {
                    page.check_ins.push(row.value);
                }
            }
            if is_last {
                page.next = None;
                return Ok(page);
            }
            let_others_run().await;
        }
    }
}
