//! A killed server, a failing disk or a taken code: nothing of an unfinished bulk remains.

use gatewit_desk::DeskError;

use super::{BULK, Shop, code, ids};

/// Returns the shop after a bulk was interrupted after this many commits; None if the bulk was finished.
fn interrupted(breaks_after: usize) -> Option<Shop> {
    let shop = Shop::open();
    shop.office.disk.mend(Some(breaks_after));
    let issued = shop.issue();
    (issued.is_err()).then_some(shop)
}

#[test]
fn a_bulk_interrupted_at_any_commit_is_absent_for_every_reader_and_issued_whole_by_a_retry() {
    let mut hidden = Vec::new();
    for breaks_after in 0.. {
        let Some(shop) = interrupted(breaks_after) else {
            break;
        };
        let shop = shop.reopened();
        hidden.push(shop.stored_ids().len());
        assert_eq!(shop.seen(), 0);
        let issued = ids(&shop.issue().unwrap());
        assert_eq!((issued.len(), shop.seen()), (BULK, BULK));
        shop.check_stored(BULK);
        let shop = shop.reopened();
        assert_eq!(ids(&shop.issue().unwrap()), issued);
        assert_eq!(shop.seen(), BULK);
    }
    // Two commits reserve numbers, one begins the issue, and the last piece also marks it as done.
    assert_eq!(hidden, [0, 0, 0, 0, 100, 200, 300]);
}

#[test]
fn a_bulk_interrupted_is_taken_back_without_a_retry_and_its_codes_are_free() {
    for breaks_after in 0.. {
        let Some(shop) = interrupted(breaks_after) else {
            break;
        };
        let shop = shop.reopened();
        shop.take_back().unwrap();
        shop.check_stored(0);
        assert_eq!(shop.seen(), 0);
        shop.issue_coded(&code(0)).unwrap();
        assert_eq!(shop.scanned(&code(0)), "in");
        shop.check_stored(1);
    }
}

#[test]
fn taking_back_that_is_interrupted_at_any_commit_goes_on() {
    for breaks_after in 0.. {
        let shop = interrupted(5).unwrap().reopened();
        shop.office.disk.mend(Some(breaks_after));
        let is_taken_back = shop.take_back().is_ok();
        assert!(is_taken_back || breaks_after < 20);
        let shop = shop.reopened();
        assert_eq!(shop.seen(), 0);
        shop.take_back().unwrap();
        shop.check_stored(0);
        if is_taken_back {
            break;
        }
    }
}

#[test]
fn a_bulk_that_the_store_fails_is_taken_back_once_the_store_works_again() {
    for by_retry in [true, false] {
        let shop = interrupted(5).unwrap();
        assert_eq!(shop.stored_ids().len(), 200);
        shop.office.disk.mend(None);
        assert_eq!(shop.seen(), 0);
        if by_retry {
            assert_eq!(shop.issue().unwrap().len(), BULK);
            shop.check_stored(BULK);
        } else {
            shop.take_back().unwrap();
            shop.check_stored(0);
        }
    }
}

#[test]
fn a_code_that_is_taken_spoils_the_bulk_in_whichever_piece_it_comes() {
    for number in [0, 150, BULK - 1] {
        let shop = Shop::open();
        shop.issue_coded(&code(number)).unwrap();
        match shop.issue() {
            Err(DeskError::Conflict(problem)) => {
                assert_eq!(problem.code.as_str(), "credential_code_taken");
                let words = format!("\"{}\"", code(number));
                assert!(problem.message.contains(&words), "{problem}");
            }
            issued => panic!("{:?}", issued.map(|issued| issued.len())),
        }
        // The failed request rolled back by itself, without the background task.
        shop.check_stored(1);
        let other = code((number + 1) % BULK);
        shop.issue_coded(&other).unwrap();
        assert_eq!(shop.scanned(&other), "in");
    }
}
