//! The fields that a change names.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::EventChange;

impl EventChange {
    /// Returns the values of the fields that it names, by their names in the configuration.
    pub fn fields(&self) -> Map<String, Value> {
        fn field(value: &Option<impl Serialize>) -> Value {
            json!(value)
        }
        let fields = [
            ("name", field(&self.name)),
            ("slug", field(&self.slug)),
            ("org_id", field(&self.org_id)),
            ("timezone", field(&self.timezone)),
            ("days", field(&self.days)),
            ("check_in_strategy", field(&self.check_in_strategy)),
            ("strategy_options", field(&self.strategy_options)),
            ("ticket_types", field(&self.ticket_types)),
            ("zones", field(&self.zones)),
            ("scan_points", field(&self.scan_points)),
            ("ticket_sources", field(&self.ticket_sources)),
            ("organizers", field(&self.organizers)),
            ("staff", field(&self.staff)),
        ];
        let named = fields.into_iter().filter(|(_, value)| !value.is_null());
        named
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Returns the change of these fields only.
    pub fn only(self, is_kept: impl Fn(&str) -> bool) -> Self {
        fn kept<T>(value: Option<T>, is_kept: bool) -> Option<T> {
            value.filter(|_| is_kept)
        }
        Self {
            name: kept(self.name, is_kept("name")),
            slug: kept(self.slug, is_kept("slug")),
            org_id: kept(self.org_id, is_kept("org_id")),
            timezone: kept(self.timezone, is_kept("timezone")),
            days: kept(self.days, is_kept("days")),
            check_in_strategy: kept(self.check_in_strategy, is_kept("check_in_strategy")),
            strategy_options: kept(self.strategy_options, is_kept("strategy_options")),
            ticket_types: kept(self.ticket_types, is_kept("ticket_types")),
            zones: kept(self.zones, is_kept("zones")),
            scan_points: kept(self.scan_points, is_kept("scan_points")),
            ticket_sources: kept(self.ticket_sources, is_kept("ticket_sources")),
            organizers: kept(self.organizers, is_kept("organizers")),
            staff: kept(self.staff, is_kept("staff")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{StrategyOptions, Zone};
    use crate::window::StrategyName;

    #[test]
    fn each_field_is_named_and_kept_under_one_name() {
        let text = || Some("a".to_owned());
        let list = || Some(vec!["a".to_owned()]);
        let change = EventChange {
            name: text(),
            slug: text(),
            org_id: text(),
            timezone: text(),
            days: Some(Vec::new()),
            check_in_strategy: Some(StrategyName::default().into()),
            strategy_options: Some(StrategyOptions::new()),
            ticket_types: Some(Vec::new()),
            zones: Some(vec![Zone::venue()]),
            scan_points: Some(Vec::new()),
            ticket_sources: list(),
            organizers: list(),
            staff: list(),
        };
        assert_eq!(change.clone().only(|_| true), change);
        assert_eq!(change.clone().only(|_| false), EventChange::default());
        let names: Vec<_> = change.fields().keys().cloned().collect();
        assert_eq!(names.len(), 13);
        for name in &names {
            let only = change.clone().only(|kept| kept == name);
            let kept: Vec<_> = only.fields().keys().cloned().collect();
            assert_eq!(kept, std::slice::from_ref(name));
        }
    }
}
