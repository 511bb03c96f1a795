//! What would change if a component served, as JSON.

use gatewit_desk::{AnsweredWindows, LiveEvent, WindowsChange};
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
    /// For how many kinds of holders they would be open at the same times.
    same: usize,
    /// For how many there was no time to find out.
    unasked: usize,
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
            same: diff.same,
            unasked: diff.unasked,
        }
    }
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
