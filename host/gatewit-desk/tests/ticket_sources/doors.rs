//! Tickets of sources as tickets of events: at the door, in lists, and as their sources change.

use std::sync::Arc;

use gatewit_desk::DeskError;
use gatewit_desk::{Caller, Desk, ShownTicket, TicketQuery};
use gatewit_domain::event::EventChange;
use gatewit_domain::id::{EventId, TicketId};
use gatewit_domain::scan::{
    Contract, IdempotencyKey, Intent, ManualCheckIn, Outcome, Presented, Scan, ScannedAt,
    ScannedBy, Station, Verdict,
};
use gatewit_domain::source::SourceTicket;
use gatewit_domain::ticket::{ShownState, TicketAction};
use serde_json::{Value, json};

use crate::fields::event_change;
use crate::office::{Office, name, named, office, refresh};
use crate::upstream::{Upstream, crowd, ticket};
use crate::world::block_on;

mod answers;
mod codes;
mod configured;
mod devices;
mod live;
mod orders;
mod races;
mod repeats;
mod spellings;
mod states;
mod sub_events;
mod trips;
mod unasked;

const ORGANIZER: Caller = Caller::Local;

/// An event on Monday and Tuesday, from nine to six in Nairobi. The clock stands at nine on Monday.
fn two_days(mut fields: Value) -> EventChange {
    let day = |day: u32| {
        json!({
            "startDateTime": format!("2025-12-{day}T09:00:00+03:00"),
            "endDateTime": format!("2025-12-{day}T18:00:00+03:00"),
        })
    };
    fields["name"] = json!("Summit");
    fields["days"] = json!([day(15), day(16)]);
    event_change(fields)
}

fn event(desk: &Desk, fields: Value) -> EventId {
    let event = block_on(desk.events.create(&ORGANIZER, two_days(fields)));
    let event = event.unwrap().event.id;
    block_on(desk.sources.import_attached(event));
    event
}

/// Creates an event with the tickets of `box-office`.
fn attached(desk: &Desk) -> EventId {
    event(desk, json!({"ticketSources": ["box-office"]}))
}

fn patch(desk: &Desk, event: EventId, fields: Value) -> Result<(), DeskError> {
    let changed = block_on(desk.events.change(&ORGANIZER, event, event_change(fields)));
    block_on(desk.sources.import_attached(event));
    changed.map(|_| ())
}

fn scan(desk: &Desk, event: EventId, code: &str) -> Outcome {
    let scan = Scan {
        presented: Presented::scanned(code),
        station: Station {
            by: ScannedBy::Organizer("local".to_owned()),
            contract: Contract::Desk,
            event,
            location: None,
        },
        at: ScannedAt::Now,
        intent: Intent::Admit,
        idempotency: None,
    };
    block_on(desk.admissions.admit(&scan)).unwrap().outcome
}

/// Returns the result of a scan: `in`, or the code of the refusal.
pub fn scanned(desk: &Desk, event: EventId, code: &str) -> &'static str {
    match scan(desk, event, code).verdict {
        Verdict::Admitted { .. } => "in",
        Verdict::Refused(refusal) => refusal.code(),
    }
}

fn list(desk: &Desk, event: EventId, text: Option<&str>) -> Vec<ShownTicket> {
    let query = TicketQuery {
        text: text.map(str::to_owned),
        limit: 200,
        ..TicketQuery::default()
    };
    block_on(desk.tickets.list(&ORGANIZER, event, query))
        .unwrap()
        .tickets
}

fn series(tickets: &[ShownTicket]) -> Vec<&str> {
    let mut series: Vec<_> = tickets.iter().map(|shown| &*shown.ticket.series).collect();
    series.sort_unstable();
    series
}

fn id_of(event: EventId, reference: &str) -> TicketId {
    TicketId::of_source(event, &name("box-office"), reference)
}

fn state(desk: &Desk, event: EventId, reference: &str) -> ShownState {
    let id = id_of(event, reference);
    block_on(desk.tickets.get(&ORGANIZER, id)).unwrap().state
}

fn act(desk: &Desk, event: EventId, reference: &str, action: TicketAction) {
    let id = id_of(event, reference);
    block_on(desk.tickets.act(&ORGANIZER, id, action)).unwrap();
}

/// Returns an office whose upstream has these tickets.
fn selling(tickets: impl IntoIterator<Item = SourceTicket>) -> (Office, Arc<Upstream>) {
    let upstream = Upstream::new(2);
    upstream.put_all(tickets);
    (office(&upstream), upstream)
}

#[test]
fn attaching_a_source_brings_its_tickets_in_and_detaching_takes_them_out() {
    let (office, _) = selling(crowd(5));
    let desk = office.open_synced();
    let summit = event(&desk, json!({}));
    assert_eq!(scanned(&desk, summit, "code-T0001-1"), "invalid_signature");
    patch(&desk, summit, json!({"ticketSources": ["box-office"]})).unwrap();
    assert_eq!(list(&desk, summit, None).len(), 5);
    let outcome = scan(&desk, summit, " code-T0001-1 ");
    assert_eq!(outcome.verdict, Verdict::ADMITTED);
    let shown = outcome.ticket.unwrap();
    assert_eq!(
        (&*shown.type_name, &*shown.series, &*shown.attendee_name),
        ("Regular", "T0001-1", "Ada 0001")
    );
    assert_eq!(scanned(&desk, summit, "code-T0001-1"), "already_used");

    patch(&desk, summit, json!({"ticketSources": []})).unwrap();
    assert_eq!(scanned(&desk, summit, "code-T0002-1"), "not_active");
    assert_eq!(list(&desk, summit, None).len(), 0);
    assert_eq!(list(&desk, summit, Some("Ada")).len(), 0);

    patch(&desk, summit, json!({"ticketSources": ["box-office"]})).unwrap();
    assert_eq!(scanned(&desk, summit, "code-T0001-1"), "already_used");
    assert_eq!(scanned(&desk, summit, "code-T0002-1"), "in");
}

#[test]
fn a_source_attached_before_its_first_sync_brings_its_tickets_with_it() {
    let (office, upstream) = selling(crowd(3));
    let desk = office.open();
    let summit = attached(&desk);
    assert_eq!(scanned(&desk, summit, "code-T0001-1"), "invalid_signature");
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-T0001-1"), "in");
    upstream.put(ticket("T0004-1", "Grace Hopper"));
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-T0004-1"), "in");
    for desk in [desk, office.open()] {
        assert_eq!(series(&list(&desk, summit, Some("hopper"))), ["T0004-1"]);
    }
}

#[test]
fn each_event_and_each_source_has_its_own() {
    let (upstream, guests) = (Upstream::new(2), Upstream::new(2));
    upstream.put(ticket("AAAA-1", "Ada One"));
    guests.put(SourceTicket {
        codes: vec!["guest".to_owned()],
        ..ticket("AAAA-1", "Gus Guest")
    });
    let desk = office(&upstream).with("guest-list", &guests).open_synced();
    let both = event(
        &desk,
        json!({"ticketSources": ["box-office", "guest-list"]}),
    );
    let one = event(
        &desk,
        json!({"slug": "one", "ticketSources": ["guest-list"]}),
    );
    assert_eq!(list(&desk, both, None).len(), 2);
    assert_eq!(scanned(&desk, both, "guest"), "in");
    assert_eq!(scanned(&desk, both, "code-AAAA-1"), "in");
    assert_eq!(scanned(&desk, one, "guest"), "in");
    assert_eq!(scanned(&desk, one, "code-AAAA-1"), "invalid_signature");
}

#[test]
fn an_event_whose_rows_are_damaged_keeps_a_sync_from_no_other() {
    let (office, upstream) = selling(crowd(3));
    let desk = office.open_synced();
    let make = |slug| {
        event(
            &desk,
            json!({"slug": slug, "ticketSources": ["box-office"]}),
        )
    };
    // Damage the event that is processed first.
    let mut events = ["one", "two"].map(make);
    events.sort_unstable();
    let [damaged, sound] = events;
    office.disk.damage(&format!("taken_in/{damaged}/"));
    upstream.put(ticket("T0004-1", "Grace Hopper"));
    let fault = refresh(&desk).unwrap_err();
    assert!(fault.contains("cannot be kept"), "{fault}");
    assert_eq!(scanned(&desk, sound, "code-T0004-1"), "in");
    assert_eq!(scanned(&desk, damaged, "code-T0004-1"), "invalid_signature");
    assert_eq!(scanned(&desk, damaged, "code-T0001-1"), "in");
    let found = named(&desk, "T0004-1", "Grace Hopper");
    assert_eq!(found.as_deref(), Ok("attendee"));
}

#[test]
fn a_source_must_exist_and_be_for_the_events_organization() {
    let (office, _) = selling([]);
    let office = office.configured(|source| source.orgs = Some(vec!["default".to_owned()]));
    let desk = office.open_synced();
    let summit = attached(&desk);
    let refused = patch(&desk, summit, json!({"ticketSources": ["tito"]})).unwrap_err();
    assert_eq!(
        refused.to_string(),
        r#"ticketSources: there is no source "tito"; there are: box-office"#
    );
    assert!(matches!(refused, DeskError::Unacceptable(_)));
    let refused = patch(&desk, summit, json!({"orgId": "other"})).unwrap_err();
    assert!(matches!(refused, DeskError::Forbidden(_)), "{refused}");
    let other = two_days(json!({"orgId": "other", "ticketSources": ["box-office"]}));
    let refused = block_on(desk.events.create(&ORGANIZER, other))
        .err()
        .unwrap();
    assert!(matches!(refused, DeskError::Forbidden(_)), "{refused}");
}

#[test]
fn details_and_the_ticket_it_was_added_to_are_shown() {
    let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let (office, _) = selling([SourceTicket {
        parent: Some("AAAA-1".to_owned()),
        variation: Some("Large".to_owned()),
        details: vec![
            text("seat", "12"),
            text("notice", "Wristband"),
            text("notice", "Ask for a card"),
        ],
        attributes: vec![("is_speaker".to_owned(), true)],
        ..ticket("AAAA-2", "Ada")
    }]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let shown = list(&desk, summit, None).remove(0);
    let details = serde_json::to_value(&shown.ticket.details).unwrap();
    assert_eq!(
        details,
        json!({
            "seat": "12", "notice": "Wristband; Ask for a card", "variation": "Large", "addedTo": "AAAA-1"
        })
    );
    assert_eq!(shown.ticket.booking_reference, "AAAA");
    assert_eq!(shown.ticket.holder().attributes, ["is_speaker"]);
}

#[test]
fn requests_too_old_to_be_repeated_are_thrown_away_and_no_others() {
    let (office, _) = selling(crowd(2));
    let desk = office.open_synced();
    let summit = attached(&desk);
    let check_in = |reference: &str| {
        let id = TicketId::of_source(summit, &name("box-office"), reference);
        let (found, key) = (ManualCheckIn::Ticket(id), IdempotencyKey::parse(reference));
        let answers =
            desk.admissions
                .check_in_manually(&ORGANIZER, summit, &found, key.as_ref().ok());
        assert_eq!(block_on(answers).unwrap().len(), 1);
    };
    let kept = || {
        block_on(desk.forget_old_answers()).unwrap();
        office.disk.table("desk_requests").len()
    };
    check_in("T0001-1");
    office.clock.pass(60 * 60);
    check_in("T0002-1");
    office.clock.pass(23 * 60 * 60 - 1);
    assert_eq!(kept(), 2);
    office.clock.pass(1);
    assert_eq!(kept(), 1);
    office.clock.pass(60 * 60);
    assert_eq!(kept(), 0);
}

#[test]
fn a_server_killed_at_any_commit_of_taking_tickets_in_ends_it_after_a_restart() {
    for breaks_after in 0.. {
        let (office, upstream) = selling(crowd(7));
        let desk = office.open_synced();
        let summit = attached(&desk);
        upstream.delete("T0001-1");
        upstream.put_all((2..=9).map(|number| SourceTicket {
            codes: vec![format!("new-{number}")],
            ..ticket(&format!("T{number:04}-1"), "Grace Hopper")
        }));
        office.disk.mend(Some(breaks_after));
        let ended = refresh(&desk).is_ok();
        office.disk.mend(None);
        let desk = office.open();
        refresh(&desk).unwrap();
        assert_eq!(scanned(&desk, summit, "code-T0001-1"), "not_active");
        for number in 2..=9 {
            assert_eq!(
                scanned(&desk, summit, &format!("new-{number}")),
                "in",
                "{breaks_after}"
            );
            assert_eq!(
                scanned(&desk, summit, &format!("code-T{number:04}-1")),
                "invalid_signature"
            );
        }
        assert_eq!(list(&desk, summit, Some("hopper")).len(), 8);
        if ended {
            assert!(breaks_after > 4, "{breaks_after}");
            break;
        }
    }
}
