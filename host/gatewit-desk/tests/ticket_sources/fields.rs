//! Events as tests write them: in JSON, with the fields of the API.

use gatewit_domain::event::{DayChange, EventChange};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads what a test writes of an event.
pub fn event_change(fields: Value) -> EventChange {
    let text = |part: &Value, name: &str| part[name].as_str().map(str::to_owned);
    let days = |days: &Value| {
        let days = days.as_array()?.iter().map(|day| DayChange {
            day_name: text(day, "dayName"),
            start_date_time: text(day, "startDateTime").unwrap(),
            end_date_time: text(day, "endDateTime").unwrap(),
        });
        Some(days.collect())
    };
    EventChange {
        name: text(&fields, "name"),
        slug: text(&fields, "slug"),
        org_id: text(&fields, "orgId"),
        timezone: text(&fields, "timezone"),
        days: days(&fields["days"]),
        check_in_strategy: read(&fields["checkInStrategy"]),
        strategy_options: read(&fields["strategyOptions"]),
        ticket_types: parts(
            &fields["ticketTypes"],
            |kind| json!({"name": kind["id"], "allowReentry": false, "admits": true}),
        ),
        zones: parts(&fields["zones"], |_| json!({"perimeter": false})),
        scan_points: parts(
            &fields["scanPoints"],
            |point| json!({"name": point["id"], "matchField": "any"}),
        ),
        ticket_sources: read(&fields["ticketSources"]),
        organizers: read(&fields["organizers"]),
        staff: read(&fields["staff"]),
    }
}

fn read<T: DeserializeOwned>(field: &Value) -> Option<T> {
    serde_json::from_value(field.clone()).unwrap()
}

/// Reads the parts of a list, each with these values where it names none.
fn parts<T: DeserializeOwned>(list: &Value, defaults: fn(&Value) -> Value) -> Option<Vec<T>> {
    let list = list.as_array()?.iter().map(|part| {
        let mut whole = defaults(part);
        for (name, value) in part.as_object().unwrap() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    });
    Some(list.collect())
}
