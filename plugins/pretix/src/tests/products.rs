//! Products, and the attributes they give their buyers.

use super::*;

#[test]
fn attributes_come_from_category_then_product_then_ticket() {
    let mapping = r#"{
        "categories": {
            "by_id": {"1": {"is_onsite": true, "online_access": true}, "3": null_or_not},
            "by_ticket_id": {"2": {"online_access": false, "is_guest": true}}
        },
        "organizer_and_speaker": ["T9CZC-1"], "organizer_and_sponsor": null,
        "speaker_and_sponsor": ["GXWC9-1"], "speaker_add_keynote": ["GDPVT-1", "GDPVT-2"],
        "add_speaker": ["zb3l8-1"], "access_patterns": {"x": 1}, "attendee_patterns": null
    }"#;
    let synced = sync(&mapping.replace("null_or_not", "{}"));
    let check = |reference, expected: &[&str]| {
        let attributes = ticket(&synced, reference).attributes.iter();
        let signed =
            attributes.map(|(name, is_held)| format!("{}{name}", if *is_held { "" } else { "!" }));
        assert_eq!(signed.collect::<Vec<_>>(), expected, "{reference}");
    };
    check(
        "T9CZC-1",
        &["is_onsite", "is_organizer", "is_speaker", "online_access"],
    );
    check(
        "GXWC9-1",
        &[
            "is_guest",
            "is_onsite",
            "is_speaker",
            "is_sponsor",
            "!online_access",
        ],
    );
    check(
        "GDPVT-2",
        &[
            "is_guest",
            "is_keynote",
            "is_onsite",
            "is_speaker",
            "!online_access",
        ],
    );
    check("GDPVT-4", &[]);
    check("Q8JRF-2", &[]);
    // Like the reference service, this compares entries exactly as written.
    check("ZB3L8-1", &["is_onsite", "online_access"]);
}

#[test]
fn names_of_categories_and_products_map_in_any_language_and_ids_override_them() {
    let mapping = r#"{"categories": {
        "by_name": {"mitwirkende und gäste": {"is_volunteer": true}, "REGULAR ticket": {"is_guest": true, "is_remote": true},
                    "Tickets": {"is_onsite": true, "is_guest": false}},
        "by_ticket_id": {"1": {"is_remote": false}}
    }}"#;
    let names = r#"{"de":"Mitwirkende und Gäste","en":"Crew and guests"}"#;
    let categories = whole().body("/categories/");
    let categories = categories.replace(r#"{"en":"Crew and guests"}"#, names);
    let pretix = whole().but("/categories/", categories.as_str());
    let synced = run(mapping, pretix).sync(None).unwrap();
    let of = |reference| {
        let attributes = ticket(&synced, reference).attributes.iter();
        attributes
            .map(|(name, is_held)| (name.as_str(), *is_held))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("GDPVT-4"), [("is_volunteer", true)]);
    assert_eq!(
        of("T9CZC-1"),
        [
            ("is_guest", true),
            ("is_onsite", true),
            ("is_remote", false)
        ]
    );
    assert_eq!(of("GDPVT-3"), [("is_guest", false), ("is_onsite", true)]);
}

#[test]
fn products_are_types_and_merchandise_admits_nobody() {
    let types = run("{}", whole().partly()).ticket_types().unwrap();
    let shown = types.iter().map(|kind| {
        (
            kind.id.as_str(),
            kind.name.as_str(),
            kind.category.as_deref(),
            kind.admits,
        )
    });
    let expected = [
        ("1", "Regular ticket", Some("1"), true),
        ("2", "Student ticket", Some("1"), true),
        ("3", "VIP", Some("1"), true),
        ("4", "Crew", Some("2"), true),
        ("5", "Workshop", Some("3"), false),
        ("6", "T-Shirt", Some("3"), false),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn a_product_that_is_listed_twice_counts_once() {
    let items = r#"{"count": 2, "next": null, "results": [{"id": 14, "name": "VIP"}, {"id": 14, "name": "VIP"}]}"#;
    let fault = run("{}", whole().but("/items/", items)).ticket_types();
    let words = "the ticketing system counts 2 items and listed 1";
    assert_eq!(fault.unwrap_err(), Fault::Unavailable(words.to_owned()));
    let items = r#"{"count": 2, "next": null, "results": [{"id": 14, "name": "VIP"}, {"id": 14, "name": "VIP"},
        {"id": 15, "name": "Crew"}]}"#;
    let types = run("{}", whole().but("/items/", items)).ticket_types();
    let ids = types.unwrap().into_iter().map(|kind| kind.id);
    assert_eq!(ids.collect::<Vec<_>>(), ["14", "15"]);
}

#[test]
fn names_tell_activities_and_the_days_of_day_passes() {
    let items = r#"{"next": null, "results": [
        {"id": 14, "name": {"en": "Day Pass Monday"}, "category": null},
        {"id": "20", "name": "Online Ticket"},
        {"id": 21, "name": {"de": "Tageskarte", "en": ""}, "internal_name": "Day"},
        {"id": 22, "name": null, "internal_name": "Staff"}]}"#;
    let types = run("{}", whole().but("/items/", items))
        .ticket_types()
        .unwrap();
    let shown = types.iter().map(|kind| {
        (
            kind.name.as_str(),
            kind.activities.join(" "),
            kind.days.join(" "),
        )
    });
    let expected = [
        (
            "Day Pass Monday",
            "on_site online_access seat-person-monday",
            "monday",
        ),
        ("Online Ticket", "remote_sale online_access", ""),
        ("Tageskarte", "on_site online_access", ""),
        ("Staff", "on_site online_access", ""),
    ];
    let expected =
        expected.map(|(name, activities, days)| (name, activities.to_owned(), days.to_owned()));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert!(types.iter().all(|kind| kind.admits));
}
