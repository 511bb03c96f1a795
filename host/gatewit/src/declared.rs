//! Sets up the events that the configuration declares, and reports events that cannot work.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::join_all;
use gatewit_desk::{AppliedConfig, AttachableSources, Desk, EventTrouble, LiveEvent, SettingUp};
use gatewit_domain::event::EventChange;

use crate::plan::{cannot_set_up, event_part, slug_of};

/// What a declaration sets in its event.
pub struct Declaration {
    /// The place of the event in the configuration.
    part: String,
    pub change: EventChange,
}

/// Returns what declared events set: the fields that differ from those applied last, so that what organizers have changed
/// since stays. All fields of an event that is not there.
pub fn differing(
    events: &[EventChange],
    applied: Option<&AppliedConfig>,
    is_stored: impl Fn(&EventChange) -> bool,
) -> Vec<Declaration> {
    let differing = events.iter().filter_map(|event| {
        let part = event_part(event);
        let before = applied.and_then(|applied| applied.0.get(&part));
        let fields = event.fields();
        let differs = |name: &str| {
            let before = before.and_then(|before| before.get(name));
            before != fields.get(name)
        };
        if !fields.keys().any(|name| differs(name)) {
            return None;
        }
        // A strategy begins with its own options.
        let has_strategy = differs("check_in_strategy");
        let is_kept = |name: &str| match name {
            "slug" | "org_id" => true,
            "strategy_options" => has_strategy || differs(name),
            name => differs(name),
        };
        let change = match is_stored(event) {
            true => event.clone().only(is_kept),
            false => event.clone(),
        };
        Some(Declaration { part, change })
    });
    differing.collect()
}

/// Checks what declarations set while these sources are configured, and asks the strategies. Changes nothing; the error names
/// the event.
pub async fn check(
    desk: &Desk,
    declarations: &[Declaration],
    sources: &AttachableSources,
) -> anyhow::Result<()> {
    for Declaration { change, .. } in declarations {
        let checked = desk.events.check_declaration(change, sources).await;
        checked.map_err(|error| anyhow::Error::from(error).context(cannot_set_up(change)))?;
    }
    Ok(())
}

/// Declared events to set up.
pub struct DeclaredEvents {
    /// Those of a group are set up in turn.
    groups: Vec<Vec<Declaration>>,
    /// The places of the events that cannot be set up.
    failed: Vec<String>,
    /// Tells that they are not all set up yet.
    _under_way: SettingUp,
}

impl DeclaredEvents {
    /// Events that are set up one after another.
    pub fn in_turn(desk: &Desk, declarations: Vec<Declaration>) -> Self {
        Self {
            _under_way: desk.events.begin_setting_up(declarations.len()),
            groups: vec![declarations],
            failed: Vec::new(),
        }
    }

    /// Checks the events as far as possible without calling their strategies, one of which holds up only its own events.
    /// The error names the event that is invalid. One that is stored already stays as it is instead: organizers may have
    /// changed what its declaration relies on.
    pub fn by_strategy(desk: &Desk, declarations: Vec<Declaration>) -> anyhow::Result<Self> {
        let under_way = desk.events.begin_setting_up(declarations.len());
        let mut by_strategy = HashMap::<_, Vec<_>>::new();
        let mut failed = Vec::new();
        for declaration in declarations {
            let change = &declaration.change;
            let words = cannot_set_up(change);
            match desk.events.check_declared(change) {
                Ok(strategy) => by_strategy.entry(strategy).or_default().push(declaration),
                Err(error) if desk.events.has_declared(change) => {
                    tracing::error!("{words}; it stays as it is stored: {error}");
                    failed.push(declaration.part);
                }
                Err(error) => return Err(anyhow::Error::from(error).context(words)),
            }
        }
        Ok(Self {
            groups: by_strategy.into_values().collect(),
            failed,
            _under_way: under_way,
        })
    }

    /// Sets up the events; returns the places of those that could not be.
    pub async fn set_up(self, desk: &Desk) -> Vec<String> {
        let groups = self.groups.into_iter();
        let failed = join_all(groups.map(|group| set_up_in_turn(desk, group))).await;
        self.failed
            .into_iter()
            .chain(failed.into_iter().flatten())
            .collect()
    }
}

async fn set_up_in_turn(desk: &Desk, declarations: Vec<Declaration>) -> Vec<String> {
    let mut failed = Vec::new();
    for Declaration { part, change } in declarations {
        let slug = slug_of(&change).to_owned();
        if let Err(trouble) = desk.events.declare(change).await {
            tracing::error!(
                event.slug = %slug,
                "event {slug:?} of the configuration is not set up, or stays as it was: {trouble}"
            );
            failed.push(part);
        }
    }
    failed
}

/// Warns of configured plugins that do not exist and of missing things that events rely on; everything else is served.
pub async fn warn_unresolved<'c>(desk: &Desk, configured: impl Iterator<Item = &'c String>) {
    let plugins = desk.plugins.list();
    for name in configured {
        if !plugins.iter().any(|row| row.name == *name) {
            tracing::warn!(
                "plugins.{name} stands in the configuration and has no effect: no such plugin is there"
            );
        }
    }
    desk.events
        .unresolved_dependencies()
        .await
        .into_iter()
        .for_each(name_trouble);
}

/// Warns of events whose strategy no longer accepts their options. Calls plugins, so run it once the server listens.
pub async fn warn_rejected(desk: &Desk) {
    desk.events
        .check_options()
        .await
        .into_iter()
        .for_each(name_trouble);
}

fn name_trouble((live, trouble): (Arc<LiveEvent>, EventTrouble)) {
    let slug = &live.event.slug;
    tracing::warn!(event.slug = %slug, "event {slug:?} refuses tickets until this is mended: {trouble}");
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use gatewit_domain::window::StrategyName;
    use serde_json::{Map, json};

    use super::*;

    fn event(strategy: &str) -> EventChange {
        EventChange {
            slug: Some("summit".to_owned()),
            name: Some("Summit".to_owned()),
            check_in_strategy: Some(StrategyName::of_plugin(strategy).into()),
            strategy_options: Some(Map::from_iter([("hours".to_owned(), json!(2))])),
            staff: Some(vec!["sub-1".to_owned()]),
            ..EventChange::default()
        }
    }

    /// Checks which fields are set once `applied` was applied.
    #[track_caller]
    fn check(applied: Option<&EventChange>, is_stored: bool, expected: &[&str]) {
        let applied = applied.map(|event| {
            let part = (event_part(event), event.fields());
            AppliedConfig(BTreeMap::from([part]))
        });
        let set = differing(&[event("all-day")], applied.as_ref(), |_| is_stored);
        let set = set.iter().map(|declaration| declaration.change.fields());
        let fields: BTreeSet<_> = set.flatten().map(|(name, _)| name).collect();
        assert!(fields.iter().eq(expected), "{fields:?}");
    }

    #[test]
    fn what_differs_from_the_declaration_before_is_set_and_a_new_event_whole() {
        let all = [
            "check_in_strategy",
            "name",
            "slug",
            "staff",
            "strategy_options",
        ];
        check(None, true, &all);
        check(Some(&event("all-day")), true, &[]);
        check(Some(&event("all-day")), false, &[]);
        let renamed = EventChange {
            name: Some("Gathering".to_owned()),
            ..event("all-day")
        };
        check(Some(&renamed), true, &["name", "slug"]);
        check(Some(&renamed), false, &all);
    }

    #[test]
    fn a_field_that_is_not_declared_any_more_is_left_and_a_strategy_brings_its_options() {
        let more = EventChange {
            timezone: Some("+03:00".to_owned()),
            ..event("all-day")
        };
        check(Some(&more), true, &[]);
        check(
            Some(&event("hours-before")),
            true,
            &["check_in_strategy", "slug", "strategy_options"],
        );
    }
}
