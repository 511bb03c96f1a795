//! A bulk while it is written: what others see and do meanwhile, and what happens if its request is dropped.

use super::*;

/// Returns a shop where other tasks run before and after each commit of the bulk.
fn shop() -> Shop {
    let shop = Shop::open();
    shop.office.disk.pauses.store(true, Ordering::Relaxed);
    shop
}

#[test]
fn no_reader_sees_a_part_of_a_bulk_that_is_being_written() {
    let (shop, key) = (shop(), key());
    let mut bulk = Box::pin(shop.issuing(Some(&key)));
    let (mut seen, mut stored) = (Vec::new(), BTreeSet::new());
    while poll(&mut bulk).is_pending() {
        stored.insert(shop.stored_ids().len());
        seen.push(shop.seen());
    }
    assert_eq!(stored, [0, 100, 200, 300, BULK].into());
    assert!(seen.is_sorted() && seen.contains(&0), "{seen:?}");
    assert_eq!(shop.seen(), BULK);
}

#[test]
fn a_code_of_a_bulk_that_is_being_written_is_taken() {
    let (shop, key) = (shop(), key());
    let mut bulk = Box::pin(shop.issuing(Some(&key)));
    while shop.stored_ids().is_empty() {
        assert!(poll(&mut bulk).is_pending());
    }
    match shop.issue_coded(&code(0)) {
        Err(DeskError::Conflict(problem)) => {
            assert_eq!(problem.code.as_str(), "credential_code_taken")
        }
        issued => panic!("{:?}", issued.map(|issued| issued.ticket.id)),
    }
    // A code that the bulk has yet to write is still free; taking it makes the bulk fail.
    shop.issue_coded(&code(BULK - 1)).unwrap();
    let issued = block_on(bulk);
    assert!(matches!(issued, Err(DeskError::Conflict(_))));
    shop.check_stored(1);
    shop.issue_coded(&code(0)).unwrap();
}

#[test]
fn a_bulk_whose_end_nobody_was_told_of_is_the_answer_to_its_retry() {
    let (shop, key) = (shop(), key());
    let mut bulk = Box::pin(shop.issuing(Some(&key)));
    while shop.stored_ids().len() < BULK {
        assert!(poll(&mut bulk).is_pending());
    }
    assert_eq!(shop.seen(), 0);
    drop(bulk);
    let stored = shop.stored_ids();
    assert_eq!(ids(&shop.issue().unwrap()), stored);
    assert_eq!(shop.seen(), BULK);
    shop.check_stored(BULK);
}

#[test]
fn a_bulk_that_is_repeated_after_its_days_moved_is_signed_anew_many_tickets_at_a_time() {
    let shop = shop();
    shop.issue().unwrap();
    let days = json!([{"startDateTime": "2025-12-16T09:00:00+03:00", "endDateTime": "2025-12-16T18:00:00+03:00"}]);
    let change = event_change(json!({"days": days}));
    block_on(shop.desk.events.change(&ORGANIZER, shop.event, change)).unwrap();
    shop.office.disk.mend(None);
    assert_eq!(shop.issue().unwrap().len(), BULK);
    let commits = shop.office.disk.commits();
    assert!((1..=BULK / 10).contains(&commits), "{commits} commits");
}

#[test]
fn a_page_that_is_read_while_a_bulk_is_finished_holds_no_part_of_it() {
    for text in [None, Some("Grace")] {
        let (shop, key) = (shop(), key());
        let mut bulk = Box::pin(shop.issuing(Some(&key)));
        while shop.stored_ids().len() < BULK {
            assert!(poll(&mut bulk).is_pending());
        }
        let query = TicketQuery {
            text: text.map(str::to_owned),
            limit: 100,
            ..TicketQuery::default()
        };
        let page = shop.desk.tickets.list(&ORGANIZER, shop.event, query);
        let mut page = Box::pin(page);
        for _ in 0..4 {
            assert!(poll(&mut page).is_pending());
        }
        block_on(bulk).unwrap();
        assert_eq!(block_on(page).unwrap().tickets.len(), 0);
        assert_eq!(shop.seen(), BULK);
    }
}

#[test]
fn the_same_request_twice_at_once_issues_once() {
    let (shop, key) = (shop(), key());
    let mut first = Box::pin(shop.issuing(Some(&key)));
    let mut second = Box::pin(shop.issuing(Some(&key)));
    let (mut issued, mut again) = (Poll::Pending, Poll::Pending);
    while issued.is_pending() || again.is_pending() {
        if issued.is_pending() {
            issued = poll(&mut first);
        }
        if again.is_pending() {
            again = poll(&mut second);
        }
    }
    let (Poll::Ready(Ok(issued)), Poll::Ready(Ok(again))) = (issued, again) else {
        panic!("both are answered");
    };
    assert_eq!(ids(&issued), ids(&again));
    shop.check_stored(BULK);
}

#[test]
fn a_request_that_is_gone_at_any_time_is_taken_over_by_its_retry() {
    for gone_after in 0.. {
        let (shop, key) = (shop(), key());
        let mut bulk = Box::pin(shop.issuing(Some(&key)));
        let is_done = (0..gone_after).any(|_| poll(&mut bulk).is_ready());
        drop(bulk);
        let issued = shop.issue().unwrap();
        assert_eq!((issued.len(), shop.seen()), (BULK, BULK));
        shop.check_stored(BULK);
        if is_done {
            assert!(gone_after > 10);
            break;
        }
    }
}

#[test]
fn a_request_that_is_gone_at_any_time_is_taken_back_in_the_background() {
    for gone_after in 0.. {
        let shop = shop();
        let mut bulk = Box::pin(shop.issuing(None));
        let is_done = (0..gone_after).any(|_| poll(&mut bulk).is_ready());
        drop(bulk);
        shop.take_back().unwrap();
        let seen = shop.seen();
        shop.check_stored(seen);
        if is_done {
            assert_eq!(seen, BULK);
            break;
        }
    }
}

#[test]
fn a_bulk_that_goes_on_is_not_taken_back() {
    let (shop, key) = (shop(), key());
    let mut bulk = Box::pin(shop.issuing(Some(&key)));
    let issued = loop {
        shop.take_back().unwrap();
        if let Poll::Ready(issued) = poll(&mut bulk) {
            break issued;
        }
    };
    assert_eq!(issued.unwrap().len(), BULK);
    shop.check_stored(BULK);
}

#[test]
fn tickets_of_many_bytes_are_written_a_few_at_a_time() {
    let shop = Shop::open();
    let details: serde_json::Map<_, _> = (0..60)
        .map(|number| (format!("detail-{number}"), json!("x".repeat(1_000))))
        .collect();
    let draft = json!({"ticketTypeId": "vip", "attendeeName": "Grace", "details": details});
    let draft: TicketDraft = serde_json::from_value(draft).unwrap();
    shop.office.disk.mend(None);
    let issued = shop
        .desk
        .tickets
        .issue_all(&ORGANIZER, shop.event, vec![draft; 12], None);
    assert_eq!(block_on(issued).unwrap().len(), 12);
    // Two commits reserve numbers, one begins the issue, and each of the others holds four tickets of about 60 KiB.
    assert_eq!(shop.office.disk.commits(), 2 + 1 + 3);
}
