//! The rules as tables: the decision for a ticket, at a moment, with its earlier entries.

mod case;

use case::{Case, case, nairobi};

use gatewit_decision::Window;

use super::*;
use crate::plugin::CallError;
use crate::scanner::{Place, Revocation};
use crate::source::SourceState;
use crate::ticket::TicketState;
use crate::window::StrategyName;

#[test]
fn windows_are_half_open() {
    case("once").check("2025-12-19T17:59:59", "not_open");
    case("once").check("2025-12-19T18:00:00", "in on 0");
    case("once").check("2025-12-20T02:29:59", "in on 0");
    case("once").check("2025-12-20T02:30:00", "not_open");
    case("once").check("2025-12-21T20:29:59", "in on 2");
    case("once").check("2025-12-21T20:30:00", "expired");
}

#[test]
fn not_open_says_when_the_next_doors_of_the_ticket_open() {
    let decide = |type_id: &str, now: &str| {
        case(type_id)
            .decide(nairobi(now), |held| Lookup::Ticket(Box::new(held)))
            .refusal
    };
    let opens_at = |time| {
        Some(Refusal::NotOpen {
            opens_at: nairobi(time),
        })
    };
    assert_eq!(
        decide("once", "2025-12-18T12:00:00"),
        opens_at("2025-12-19T18:00:00")
    );
    assert_eq!(
        decide("sunday", "2025-12-18T12:00:00"),
        opens_at("2025-12-21T08:00:00")
    );
}

#[test]
fn a_ticket_is_good_on_its_own_days_only() {
    case("sunday").check("2025-12-19T21:00:00", "wrong_day");
    case("sunday").check("2025-12-20T12:00:00", "wrong_day");
    case("sunday").check("2025-12-21T12:00:00", "in on 2");
    case("sunday").check("2025-12-21T07:00:00", "not_open");
    case("sunday").check("2025-12-22T12:00:00", "expired");
}

#[test]
fn each_day_is_entered_once() {
    case("once")
        .entered(0, &["2025-12-19T18:30:00"])
        .check("2025-12-19T19:00:00", "already_used on 0");
    case("once")
        .entered(0, &["2025-12-19T18:30:00"])
        .check("2025-12-20T11:00:00", "in on 1");
    let used = case("once").entered(0, &["2025-12-19T18:30:00"]);
    used.entered(1, &["2025-12-20T11:00:00"])
        .check("2025-12-20T15:00:00", "already_used on 1");
}

#[test]
fn already_used_tells_the_latest_entry() {
    let past = [
        "2025-12-20T11:00:00",
        "2025-12-20T12:00:00",
        "2025-12-20T13:00:00",
    ];
    let decision = case("thrice")
        .entered(1, &past)
        .decide(nairobi("2025-12-20T15:00:00"), |held| {
            Lookup::Ticket(Box::new(held))
        });
    let latest = Refusal::AlreadyUsed {
        at: nairobi("2025-12-20T13:00:00"),
        location: Some("Gate A".to_owned()),
    };
    assert_eq!(decision.refusal, Some(latest));
}

#[test]
fn reentry_counts_total_entries_of_the_day() {
    let past = [
        "2025-12-20T11:00:00",
        "2025-12-20T12:00:00",
        "2025-12-20T13:00:00",
    ];
    case("thrice")
        .entered(1, &past[..2])
        .check("2025-12-20T15:00:00", "in on 1");
    case("thrice")
        .entered(1, &past)
        .check("2025-12-20T15:00:00", "already_used on 1");
    case("thrice")
        .entered(1, &past)
        .check("2025-12-21T12:00:00", "in on 2");
    case("always")
        .entered(1, &past)
        .check("2025-12-20T15:00:00", "in on 1");
}

/// Friday ends at 02:00 and Saturday starts at 10:00. The doors of both are open all night in between.
fn overlapping(type_id: &str) -> Case {
    let mut case = case(type_id);
    let mut windows = case.windows.unwrap();
    windows[0].closes = nairobi("2025-12-20T11:00:00");
    windows[1].opens = nairobi("2025-12-20T00:00:00");
    case.windows = Ok(windows);
    case
}

#[test]
fn a_running_day_decides_alone() {
    overlapping("once").check("2025-12-20T01:00:00", "in on 0");
    let used = overlapping("once").entered(0, &["2025-12-19T21:00:00"]);
    used.check("2025-12-20T01:00:00", "already_used on 0");
    overlapping("once").check("2025-12-20T10:30:00", "in on 1");
    let used = overlapping("once").entered(1, &["2025-12-20T09:00:00"]);
    used.check("2025-12-20T10:30:00", "already_used on 1");
}

#[test]
fn of_two_running_days_the_first_decides_alone() {
    let overlapping = || {
        let mut case = case("once");
        case.event.calendar.days[1].starts = nairobi("2025-12-20T01:00:00");
        case
    };
    overlapping().check("2025-12-20T01:30:00", "in on 0");
    let used = overlapping().entered(0, &["2025-12-19T21:00:00"]);
    used.check("2025-12-20T01:30:00", "already_used on 0");
}

#[test]
fn late_grace_comes_before_an_early_opening_while_an_entry_is_left() {
    overlapping("once").check("2025-12-20T03:00:00", "in on 0");
    let used = overlapping("once").entered(0, &["2025-12-19T21:00:00"]);
    used.check("2025-12-20T03:00:00", "in on 1");
    let used = overlapping("once").entered(0, &["2025-12-19T21:00:00"]);
    used.entered(1, &["2025-12-20T03:00:00"])
        .check("2025-12-20T04:00:00", "already_used on 0");
}

#[test]
fn a_running_day_whose_doors_are_closed_leaves_the_choice_to_the_others() {
    let mut case = case("once");
    let mut windows = case.windows.unwrap();
    windows[1].closes = nairobi("2025-12-20T12:00:00");
    windows[2].opens = nairobi("2025-12-20T14:00:00");
    case.windows = Ok(windows);
    case.check("2025-12-20T15:00:00", "in on 2");
}

#[test]
fn several_windows_may_open_one_day() {
    let split = || {
        let mut case = case("once");
        let mut windows = case.windows.unwrap();
        windows.push(Window {
            day: 1,
            opens: nairobi("2025-12-20T23:00:00"),
            closes: nairobi("2025-12-20T23:30:00"),
        });
        case.windows = Ok(windows);
        case
    };
    split().check("2025-12-20T22:45:00", "not_open");
    split().check("2025-12-20T23:15:00", "in on 1");
    split()
        .entered(1, &["2025-12-20T12:00:00"])
        .check("2025-12-20T23:15:00", "already_used on 1");
}

#[track_caller]
fn check_not_active(case: Case, expected: Inactive) {
    let now = nairobi("2025-12-20T12:00:00");
    let decision = case.decide(now, |held| Lookup::Ticket(Box::new(held)));
    let why = expected;
    assert_eq!(decision.refusal, Some(Refusal::NotActive { why }));
}

#[test]
fn a_ticket_must_be_active_and_of_a_type_that_admits() {
    use Inactive::{
        AdmitsNobody, Blocked, Cancelled, Refunded, SourceDetached, UnknownType, Unpaid,
    };
    check_not_active(case("shirt"), AdmitsNobody);
    let in_state = |state| {
        let mut case = case("once");
        case.ticket.state = state;
        case
    };
    check_not_active(in_state(TicketState::Cancelled), Cancelled);
    check_not_active(in_state(TicketState::Refunded), Refunded);
    check_not_active(in_state(TicketState::Pending), Unpaid);
    let mut gone = case("once");
    gone.event.ticket_types.retain(|kind| kind.id != "once");
    check_not_active(gone, UnknownType);
    let of_source = |state| in_state(TicketState::Cancelled).sold_elsewhere(None, None, state);
    check_not_active(of_source(Some(SourceState::Blocked)), Blocked);
    check_not_active(of_source(Some(SourceState::Canceled)), Cancelled);
    check_not_active(of_source(None), Cancelled);
    let mut detached = of_source(Some(SourceState::Valid));
    detached.event.ticket_sources.clear();
    check_not_active(detached, SourceDetached);
    // The ticket's own state is checked before its type.
    let mut shirt = case("shirt");
    shirt.ticket.state = TicketState::Refunded;
    check_not_active(shirt, Refunded);
}

#[test]
fn a_failed_strategy_lets_nobody_in() {
    let mut case = case("once");
    case.windows = Err(StrategyError::Failed {
        strategy: StrategyName::default(),
        error: CallError::CutOff,
    });
    case.check("2025-12-20T12:00:00", "strategy_failed");
}

#[test]
fn a_strategy_without_windows_lets_nobody_in() {
    let mut case = case("once");
    case.windows = Ok(Vec::new());
    case.check("2025-12-20T12:00:00", "wrong_day");
}

#[test]
fn a_holder_to_whom_no_door_ever_opens_is_there_on_the_wrong_day() {
    // The strategy opens only Friday's doors.
    let fridays = |type_id| {
        let mut case = case(type_id);
        case.windows.as_mut().unwrap().truncate(1);
        case
    };
    for now in [
        "2025-12-18T12:00:00",
        "2025-12-21T12:00:00",
        "2025-12-23T12:00:00",
    ] {
        fridays("sunday").check(now, "wrong_day");
    }
    fridays("once").check("2025-12-18T12:00:00", "not_open");
    fridays("once").check("2025-12-21T12:00:00", "expired");
    // A validity time of the ticket does not open one either.
    let valid = Some(SourceState::Valid);
    let to_come = fridays("sunday").sold_elsewhere(Some("2025-12-25T00:00:00"), None, valid);
    to_come.check("2025-12-21T12:00:00", "wrong_day");
}

#[test]
fn a_ticket_whose_own_time_is_to_come_is_not_expired() {
    let good = |from, until| case("once").sold_elsewhere(from, until, Some(SourceState::Valid));
    let decide = |case: Case, now| {
        case.decide(nairobi(now), |held| Lookup::Ticket(Box::new(held)))
            .refusal
    };
    let opens_at = |time| {
        Some(Refusal::NotOpen {
            opens_at: nairobi(time),
        })
    };
    // Saturday evening, while Saturday's doors are open.
    let evening = || good(Some("2025-12-20T18:00:00"), None);
    assert_eq!(
        decide(evening(), "2025-12-20T12:00:00"),
        opens_at("2025-12-20T18:00:00")
    );
    evening().check("2025-12-20T18:00:00", "in on 1");
    // After the last doors have closed, and valid only from a moment when they are closed.
    let afterwards = || good(Some("2025-12-25T00:00:00"), None);
    assert_eq!(
        decide(afterwards(), "2025-12-20T12:00:00"),
        opens_at("2025-12-25T00:00:00")
    );
    afterwards().check("2025-12-25T00:00:00", "expired");
    let night = || good(Some("2025-12-20T23:00:00"), Some("2025-12-21T01:00:00"));
    assert_eq!(
        decide(night(), "2025-12-20T12:00:00"),
        opens_at("2025-12-20T23:00:00")
    );
    night().check("2025-12-21T00:00:00", "expired");
    // A validity that ends before it begins never applies.
    let never = good(Some("2025-12-25T00:00:00"), Some("2025-12-24T00:00:00"));
    never.check("2025-12-20T12:00:00", "expired");
}

#[test]
fn a_scan_point_accepts_its_ticket_types_after_all_else() {
    let backstage = |type_id: &str| {
        let mut case = case(type_id);
        case.scanner.place.scan_point = Some("backstage".to_owned());
        case
    };
    let now = "2025-12-20T12:00:00";
    backstage("always").check(now, "in on 1");
    backstage("once").check(now, "ticket_type_not_accepted on 1");
    backstage("once")
        .entered_zone("lounge", 1, &["2025-12-20T11:00:00"])
        .check(now, "already_used on 1");
}

#[test]
fn an_inner_zone_has_entries_of_its_own_and_ways_in_share_theirs() {
    let at = |zone: Option<&str>, point: Option<&str>| {
        let mut case = case("once");
        case.scanner.place = Place {
            scan_point: point.map(ToOwned::to_owned),
            zone: zone.map(ToOwned::to_owned),
        };
        case
    };
    let entered = ["2025-12-20T11:00:00"];
    let now = "2025-12-20T12:00:00";
    for outer in [None, Some("venue"), Some("garden"), Some("torn down")] {
        let used = at(outer, None).entered(1, &entered);
        used.check(now, "already_used on 1");
        let used = at(outer, None).entered_zone("garden", 1, &entered);
        used.check(now, "already_used on 1");
        let inside = at(outer, None).entered_zone("lounge", 1, &entered);
        inside.check(now, "in on 1");
        // An entry under a zone's former id still counts.
        let used = at(outer, None).entered_zone("main hall", 1, &entered);
        used.check(now, "already_used on 1");
        // An entry in a removed inner zone counts nowhere else.
        let inside = at(outer, None).entered_zone("cellar", 1, &entered);
        inside.check(now, "in on 1");
    }
    let lounge = || at(Some("lounge"), None);
    lounge().entered(1, &entered).check(now, "in on 1");
    let used = lounge().entered_zone("lounge", 1, &entered);
    used.check(now, "already_used on 1");
    // The zone that a scanner is bound to takes precedence over its scan point's.
    let used = at(Some("venue"), Some("backstage")).entered(1, &entered);
    used.check(now, "already_used on 1");
}

#[test]
fn the_scanner_is_judged_first() {
    let now = nairobi("2025-12-20T12:00:00");
    let mut revoked = case("once");
    revoked.scanner.revocation = Some(Revocation {
        at: now,
        reason: "lost".to_owned(),
        replaced_by: None,
    });
    assert_eq!(
        revoked.decide(now, |_| Lookup::Forged).refusal,
        Some(Refusal::ScannerRevoked { replaced_by: None })
    );
    let mut stolen = case("once");
    stolen.claimed_fingerprint = "fingerprint-2";
    assert_eq!(
        stolen.decide(now, |_| Lookup::Forged).refusal,
        Some(Refusal::ScannerMismatch)
    );
}

#[test]
fn what_is_no_ticket_of_the_event_is_refused_by_name() {
    let now = nairobi("2025-12-20T12:00:00");
    let decide = |found| case("once").decide(now, |_| found).refusal;
    assert_eq!(decide(Lookup::Forged), Some(Refusal::InvalidSignature));
    assert_eq!(decide(Lookup::Nothing), Some(Refusal::NotFound));
    assert_eq!(decide(Lookup::Elsewhere), Some(Refusal::WrongEvent));
}
