//! The tickets of the published cases, as a backend and its host would hand them to the rules.

use gatewit_domain::attendees::{Attendee, AttendeeFlags, EmailAddress, OrderId, TicketReference};
use gatewit_domain::names::PreparedName;
use serde_json::Value;

pub fn cases() -> Value {
    serde_json::from_str(include_str!("../cases/attendee-validation.json"))
        .expect("the cases are JSON")
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("it is a list").iter()
}

/// The flags in the fixture's `event_config_yml`: those of categories, then of products, then of tickets.
fn pretix_flags(category: &Value, item: &Value, reference: &str) -> AttendeeFlags {
    let of_category: &[(&str, bool)] = match category.as_u64() {
        Some(100) => &[("is_onsite", true), ("online_access", true)],
        Some(200) => &[("is_remote", true), ("online_access", true)],
        _ => &[],
    };
    let of_item: &[(&str, bool)] = match item.as_u64() {
        Some(11) => &[("is_speaker", true)],
        Some(12) => &[("is_sponsor", true)],
        Some(13) => &[("is_organizer", true), ("is_volunteer", true)],
        Some(15) => &[("is_guest", true), ("online_access", false)],
        _ => &[],
    };
    let of_ticket: &[(&str, bool)] = match reference {
        "AAAA3-1" => &[("is_speaker", true), ("is_organizer", true)],
        "AAAA5-1" => &[("is_speaker", true), ("is_sponsor", true)],
        "AAAA7-1" => &[("is_speaker", true)],
        _ => &[],
    };
    flags(&[of_category, of_item, of_ticket].concat())
}

fn flags(attributes: &[(&str, bool)]) -> AttendeeFlags {
    let attributes = attributes.iter();
    let attributes = attributes.map(|(name, is_held)| ((*name).to_owned(), *is_held));
    AttendeeFlags::of(&attributes.collect::<Vec<_>>())
}

pub fn pretix(fixture: &Value) -> Vec<Attendee> {
    let orders =
        rows(&fixture["orders"]).filter(|order| matches!(text(&order["status"]), "p" | "n"));
    let positions = orders.flat_map(|order| rows(&order["positions"]));
    let good = positions.filter(|position| position["canceled"] == false);
    let attendees = good.map(|position| {
        let reference = format!("{}-{}", text(&position["order"]), position["positionid"]);
        let item = rows(&fixture["items"]).find(|item| item["id"] == position["item"]);
        let category = item.map_or(&Value::Null, |item| &item["category"]);
        Attendee {
            flags: pretix_flags(category, &position["item"], &reference),
            reference: TicketReference::of(&reference),
            order: OrderId::of(text(&position["order"])),
            name: PreparedName::of(text(&position["attendee_name"])),
            emails: Vec::from_iter(EmailAddress::of(text(&position["attendee_email"]))),
            wrong_type: None,
            admits: true,
        }
    });
    attendees.collect()
}

pub fn tito(fixture: &Value) -> Vec<Attendee> {
    let tickets = rows(&fixture["tickets"]).chain(rows(&fixture["live_only_tickets"]));
    let attendees = tickets.map(|ticket| {
        let release =
            rows(&fixture["releases"]).find(|release| release["id"] == ticket["release_id"]);
        let title = release.map_or("unknown", |release| text(&release["title"]));
        let has = |activity: &str| {
            release.is_some_and(|release| {
                rows(&release["activities"]).any(|of| of["name"] == activity)
            })
        };
        let is_good = has("on_site") || has("online_access");
        let reference = text(&ticket["reference"]);
        let (order, _) = reference.split_once('-').expect("it has an order");
        Attendee {
            reference: TicketReference::of(reference),
            order: OrderId::of(order),
            name: PreparedName::of(text(&ticket["name"])),
            emails: Vec::from_iter(EmailAddress::of(text(&ticket["email"]))),
            flags: flags(&[
                ("is_speaker", title.contains("Speaker")),
                ("is_sponsor", title.contains("Sponsor")),
                ("is_organizer", title.contains("Organiser")),
                ("is_remote", has("remote_sale")),
                ("is_onsite", has("on_site")),
                ("online_access", has("online_access")),
            ]),
            wrong_type: (!is_good).then(|| title.into()),
            admits: true,
        }
    });
    attendees.collect()
}
