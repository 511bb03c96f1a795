//! What would change if a component served, as JSON.

use gatewit_desk::{AnsweredWindows, ChangedScan, LiveEvent, ScanChanges, WindowsChange};
use gatewit_domain::id::{CheckInId, TicketId};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::PluginKind;
use crate::http::api::events::WindowResponse;
use crate::http::schema;

/// What would change if a component served.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginDiff {
    kind: PluginKind,
    /// The component's description of itself; informative only.
    version: String,
    digest: String,
    /// The digest of the component that it is compared with; null if nothing serves.
    from: Option<String>,
    /// The kinds of holders for whom doors would be open at other times.
    windows: Vec<WindowsDiff>,
    /// How many more there are than the first 500.
    untold: usize,
    /// For how many kinds of holders they would be open at the same times.
    same: usize,
    /// For how many there was no time to find out.
    unasked: usize,
    scans: ScansDiff,
}

/// The recorded scans whose verdicts would differ.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScansDiff {
    /// How many scans were decided again.
    decided: usize,
    /// How many could not be: something that they name is not stored.
    undecided: usize,
    /// Whether there was time for all scans: a minute.
    complete: bool,
    /// How many verdicts would differ, from what to what.
    changes: Vec<VerdictChange>,
    /// The first 20 of them.
    first: Vec<ScanDiff>,
}

/// Scans whose verdicts would change in the same way.
#[derive(Serialize, ToSchema)]
pub struct VerdictChange {
    /// `admitted`, or the code of a refusal.
    #[schema(example = "admitted")]
    from: &'static str,
    #[schema(example = "not_open")]
    to: &'static str,
    count: usize,
}

/// A recorded scan whose verdict would differ.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanDiff {
    slug: String,
    #[schema(value_type = schema::CheckInId)]
    check_in_id: CheckInId,
    #[schema(value_type = schema::TicketId)]
    ticket_instance_id: TicketId,
    #[schema(format = DateTime)]
    at: String,
    from: &'static str,
    to: &'static str,
}

/// A kind of holders for whom doors would be open at other times.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowsDiff {
    #[schema(value_type = schema::EventId)]
    event_id: String,
    slug: String,
    /// Empty for holders without a type.
    ticket_type: String,
    attributes: Vec<String>,
    /// Null if nothing serves.
    from: Option<DiffAnswer>,
    to: DiffAnswer,
}

/// What a strategy answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffAnswer {
    /// In order of opening; null if the strategy fails.
    windows: Option<Vec<WindowResponse>>,
    /// How the strategy fails, in its own words too.
    error: Option<String>,
}

impl From<gatewit_desk::PluginDiff> for PluginDiff {
    fn from(diff: gatewit_desk::PluginDiff) -> Self {
        Self {
            kind: diff.kind.into(),
            version: diff.version,
            digest: diff.digest,
            from: diff.from,
            windows: diff.windows.into_iter().map(WindowsDiff::from).collect(),
            untold: diff.untold,
            same: diff.same,
            unasked: diff.unasked,
            scans: diff.scans.into(),
        }
    }
}

impl From<ScanChanges> for ScansDiff {
    fn from(changes: ScanChanges) -> Self {
        let counts = changes.counts.into_iter();
        let counts = counts.map(|((from, to), count)| VerdictChange {
            from: verdict(from),
            to: verdict(to),
            count,
        });
        Self {
            decided: changes.decided,
            undecided: changes.undecided,
            complete: changes.is_complete,
            changes: counts.collect(),
            first: changes.first.into_iter().map(ScanDiff::from).collect(),
        }
    }
}

impl From<ChangedScan> for ScanDiff {
    fn from(scan: ChangedScan) -> Self {
        let event = &scan.live.event;
        Self {
            slug: event.slug.clone(),
            check_in_id: scan.id,
            ticket_instance_id: scan.ticket,
            at: event.calendar.rfc3339(scan.at),
            from: verdict(scan.from),
            to: verdict(scan.to),
        }
    }
}

fn verdict(refusal: Option<&'static str>) -> &'static str {
    refusal.unwrap_or("admitted")
}

impl From<WindowsChange> for WindowsDiff {
    fn from(change: WindowsChange) -> Self {
        let live = &change.live;
        Self {
            event_id: live.event.id.to_string(),
            slug: live.event.slug.clone(),
            ticket_type: change.holder.ticket_type,
            attributes: change.holder.attributes,
            from: change.from.map(|from| answer(live, from)),
            to: answer(live, change.to),
        }
    }
}

fn answer(live: &LiveEvent, answered: AnsweredWindows) -> DiffAnswer {
    let calendar = &live.event.calendar;
    match answered {
        Ok(windows) => {
            let windows = windows.into_iter();
            let shown = windows.map(|window| WindowResponse::of(window, calendar));
            DiffAnswer {
                windows: Some(shown.collect()),
                error: None,
            }
        }
        Err(error) => DiffAnswer {
            windows: None,
            error: Some(error),
        },
    }
}
