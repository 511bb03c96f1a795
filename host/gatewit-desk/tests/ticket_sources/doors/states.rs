//! When a ticket of a source is valid: depends on its state there and here, its type and its own time.

use gatewit_desk::Desk;
use gatewit_domain::source::{SourceState, SourceTicket};
use gatewit_domain::ticket::{ShownState, TicketAction};
use serde_json::json;

use super::{ORGANIZER, act, attached, list, patch, scan, scanned, selling, series, state};
use crate::office::refresh;
use crate::upstream::{crowd, kind, ticket};
use crate::world::block_on;

#[test]
fn a_ticket_admits_only_while_its_source_says_it_is_valid() {
    let of = |reference, state| SourceTicket {
        state,
        ..ticket(reference, "Ada")
    };
    let (office, upstream) = selling([
        of("AAAA-1", SourceState::Pending),
        of("AAAA-2", SourceState::Blocked),
        of("AAAA-3", SourceState::Canceled),
        of("AAAA-4", SourceState::Valid),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let states = |desk: &Desk| {
        ["AAAA-1", "AAAA-2", "AAAA-3", "AAAA-4"].map(|reference| state(desk, summit, reference))
    };
    use ShownState::{Active, Cancelled, Pending};
    assert_eq!(states(&desk), [Pending, Cancelled, Cancelled, Active]);
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "not_active");
    upstream.put_all([
        of("AAAA-1", SourceState::Valid),
        of("AAAA-4", SourceState::Canceled),
    ]);
    refresh(&desk).unwrap();
    assert_eq!(states(&desk), [Active, Cancelled, Cancelled, Cancelled]);
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "in");
    assert_eq!(scanned(&desk, summit, "code-AAAA-4"), "not_active");
}

#[test]
fn what_an_organizer_did_stays_until_the_state_changes_upstream() {
    let (office, upstream) = selling([ticket("AAAA-1", "Ada One"), ticket("AAAA-2", "Bob Two")]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    act(&desk, summit, "AAAA-1", TicketAction::Refund);
    act(&desk, summit, "AAAA-2", TicketAction::Cancel);
    upstream.put_all([ticket("AAAA-1", "Ada Uno"), ticket("AAAA-2", "Bob Due")]);
    upstream.state().digest = "sha256:2".to_owned();
    refresh(&desk).unwrap();
    assert_eq!(state(&desk, summit, "AAAA-1"), ShownState::Refunded);
    assert_eq!(scanned(&desk, summit, "code-AAAA-2"), "not_active");
    assert_eq!(series(&list(&desk, summit, Some("uno"))), ["AAAA-1"]);
    assert_eq!(series(&list(&desk, summit, Some("ada one"))), [""; 0]);
    upstream.put(SourceTicket {
        state: SourceState::Pending,
        ..ticket("AAAA-2", "Bob Due")
    });
    refresh(&desk).unwrap();
    upstream.put(ticket("AAAA-2", "Bob Due"));
    refresh(&desk).unwrap();
    assert_eq!(scanned(&desk, summit, "code-AAAA-2"), "in");
}

#[test]
fn a_ticket_that_is_gone_upstream_admits_no_more_and_is_still_known() {
    for tells_changes in [true, false] {
        let (office, upstream) = selling(crowd(5));
        upstream.state().tells_changes = tells_changes;
        let desk = office.open_synced();
        let summit = attached(&desk);
        assert_eq!(scanned(&desk, summit, "code-T0001-1"), "in");
        upstream.delete("T0001-1");
        upstream.delete("T0002-1");
        refresh(&desk).unwrap();
        assert_eq!(scanned(&desk, summit, "code-T0001-1"), "not_active");
        assert_eq!(scanned(&desk, summit, "code-T0002-1"), "not_active");
        assert_eq!(state(&desk, summit, "T0002-1"), ShownState::Cancelled);
        upstream.put(ticket("T0001-1", "Ada 0001"));
        refresh(&desk).unwrap();
        assert_eq!(scanned(&desk, summit, "code-T0001-1"), "already_used");
    }
}

#[test]
fn a_day_pass_is_good_on_its_days_and_a_shirt_opens_no_door() {
    let (office, upstream) = selling([]);
    let mut types = vec![
        kind("tuesday", "Day Pass Tuesday"),
        kind("shirt", "T-shirt"),
        kind("regular", "Regular"),
    ];
    types[0].days = vec!["tuesday".to_owned()];
    types[1].admits = false;
    upstream.state().types = types;
    let of = |reference, type_id: &str| SourceTicket {
        type_id: type_id.to_owned(),
        ..ticket(reference, "Ada")
    };
    upstream.put_all([
        of("AAAA-1", "tuesday"),
        of("AAAA-2", "shirt"),
        of("AAAA-3", "regular"),
        of("AAAA-4", "unheard-of"),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let scans = |desk: &Desk| {
        ["code-AAAA-1", "code-AAAA-2", "code-AAAA-3", "code-AAAA-4"]
            .map(|code| scanned(desk, summit, code))
    };
    assert_eq!(
        scans(&desk),
        ["wrong_day", "not_active", "in", "not_active"]
    );
    office.clock.set("2025-12-16T06:00:00Z");
    assert_eq!(scans(&desk), ["in", "not_active", "in", "not_active"]);
    // The event's own definition of a type takes precedence.
    let own = json!([{"id": "shirt", "name": "Shirt at the door"}, {"id": "tuesday", "days": ["monday"]}]);
    patch(&desk, summit, json!({"ticketTypes": own})).unwrap();
    assert_eq!(scans(&desk)[..2], ["wrong_day", "in"]);
    let windows = block_on(desk.events.windows(&ORGANIZER, summit, Some("regular"))).unwrap();
    assert_eq!(windows.len(), 2);
}

#[test]
fn a_ticket_is_good_only_within_its_own_time() {
    let at = |text: &str| Some(text.parse().unwrap());
    let (office, _) = selling([
        SourceTicket {
            valid_from: at("2025-12-15T08:00:00Z"),
            ..ticket("AAAA-1", "Ada")
        },
        SourceTicket {
            valid_until: at("2025-12-15T07:00:00Z"),
            ..ticket("AAAA-2", "Bob")
        },
        SourceTicket {
            valid_from: at("2025-12-20T00:00:00Z"),
            ..ticket("AAAA-3", "Cid")
        },
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let early = scan(&desk, summit, "code-AAAA-1").verdict;
    let early = serde_json::to_value(early).unwrap();
    assert_eq!(
        early["refused"],
        json!({"not_open": {"opensAt": "2025-12-15T08:00:00Z"}})
    );
    let never = scan(&desk, summit, "code-AAAA-3").verdict;
    let never = serde_json::to_value(never).unwrap();
    assert_eq!(
        never["refused"],
        json!({"not_open": {"opensAt": "2025-12-20T00:00:00Z"}}),
        "no door opens after it begins, but it has not expired"
    );
    office.clock.set("2025-12-15T07:00:00Z");
    assert_eq!(scanned(&desk, summit, "code-AAAA-2"), "expired");
    office.clock.set("2025-12-15T08:00:00Z");
    assert_eq!(scanned(&desk, summit, "code-AAAA-1"), "in");
}
