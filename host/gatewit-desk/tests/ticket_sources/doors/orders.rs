//! Check-in by order, however it is spelled and however an older version filed it.

use gatewit_desk::{Desk, DeskError};
use gatewit_domain::id::EventId;
use gatewit_domain::scan::{ManualCheckIn, Verdict};
use gatewit_domain::source::SourceTicket;

use super::{ORGANIZER, attached, selling};
use crate::upstream::ticket;
use crate::world::block_on;

fn on(order: &str, reference: &str) -> SourceTicket {
    SourceTicket {
        order: order.to_owned(),
        ..ticket(reference, "Ada Lovelace")
    }
}

/// Checks in an order, and returns the series of the admitted tickets.
fn check_in(desk: &Desk, event: EventId, order: &str) -> Result<Vec<String>, DeskError> {
    let found =
        ManualCheckIn::parse(None, Some(order.to_owned())).map_err(DeskError::Unacceptable)?;
    let answers = block_on(
        desk.admissions
            .check_in_manually(&ORGANIZER, event, &found, None),
    )?;
    let outcomes = answers.into_iter().map(|answered| answered.outcome);
    let admitted = outcomes.filter(|outcome| outcome.verdict == Verdict::ADMITTED);
    Ok(admitted
        .filter_map(|outcome| Some(outcome.ticket?.series))
        .collect())
}

#[test]
fn an_order_is_found_without_case_and_with_any_dash() {
    let (office, _) = selling([
        on("Evt-a3\u{2013}x", "T1"),
        on("EVT-A3-X", "T2"),
        on("EVT-A3", "T3"),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    let mut admitted = check_in(&desk, summit, " evt\u{2011}A3-x\r\n").unwrap();
    admitted.sort_unstable();
    assert_eq!(admitted, ["T1", "T2"]);
    assert_eq!(check_in(&desk, summit, "]Q1evt-a3\0").unwrap(), ["T3"]);
    for unknown in ["evt-a", "evta3", ""] {
        let refused = check_in(&desk, summit, unknown).unwrap_err();
        assert!(matches!(refused, DeskError::Unacceptable(_)), "{refused}");
    }
}

#[test]
fn a_mark_before_an_order_and_a_position_behind_a_known_one_are_understood() {
    for order in ["#MH9CG", "mh9cg-1", "#mh9cg\u{2013}1", " # MH9CG"] {
        let (office, _) = selling([on("MH9CG", "MH9CG-1")]);
        let desk = office.open_synced();
        let summit = attached(&desk);
        assert_eq!(check_in(&desk, summit, order).unwrap(), ["MH9CG-1"]);
    }
    let (office, _) = selling([
        on("EVT-A3F4B21C", "T1"),
        on("2027", "T2"),
        on("2027-001", "T3"),
        on("", "T4"),
    ]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    assert_eq!(check_in(&desk, summit, "#EVT-A3F4B21C").unwrap(), ["T1"]);
    assert_eq!(check_in(&desk, summit, "2027-001").unwrap(), ["T3"]);
    assert_eq!(check_in(&desk, summit, "2027-002").unwrap(), ["T2"]);
    for unknown in ["#", "-1", "#2028", "2027-x", "2027-001-1-2", "##2027"] {
        let refused = check_in(&desk, summit, unknown).unwrap_err();
        assert!(refused.to_string().contains("has no ticket"), "{refused}");
    }
}

#[test]
fn an_order_that_is_too_long_for_a_code_is_unknown() {
    let (office, _) = selling([]);
    let desk = office.open_synced();
    let summit = attached(&desk);
    office.disk.tables_read();
    let refused = check_in(&desk, summit, &"x".repeat(1 << 20)).unwrap_err();
    assert_eq!(refused.to_string(), "order: a code has at most 4096 bytes");
    assert!(office.disk.tables_read().is_empty());
}
