//! A bulk that takes over the code of a withdrawn ticket: the withdrawn ticket has the code until the bulk is done.

use gatewit_domain::id::TicketId;
use gatewit_domain::source::SourceTicket;
use gatewit_domain::ticket::{TicketAction, TicketChange};

use super::*;
use crate::doors::scanned as scanned_at_desk;
use crate::office::refresh;
use crate::upstream::ticket;

const SHARED: &str = "SHARED";

/// A shop with a ticket whose code the bulk wants.
struct Former {
    shop: Shop,
    ticket: TicketId,
    code: String,
}

impl Former {
    /// One withdrawn ticket for each kind of code.
    fn all() -> [Self; 3] {
        let all = [
            Self::with_credential(),
            Self::with_id(),
            Self::of_source("AAAA-1", SHARED),
        ];
        for former in &all {
            former.act(TicketAction::Cancel).unwrap();
            former.check_unchanged();
        }
        all
    }

    fn with_credential() -> Self {
        let shop = Shop::open();
        let ticket = shop.issue_coded(SHARED).unwrap().ticket.id;
        let code = SHARED.to_owned();
        Self { shop, ticket, code }
    }

    /// The code is the ticket's id.
    fn with_id() -> Self {
        let shop = Shop::open();
        let ticket = shop.issue_coded("own").unwrap().ticket.id;
        let code = ticket.to_string();
        Self { shop, ticket, code }
    }

    fn of_source(reference: &str, code: &str) -> Self {
        let shop = Shop::open();
        shop.upstream.put(SourceTicket {
            codes: vec![code.to_owned()],
            ..ticket(reference, "Ada")
        });
        let change = event_change(json!({"ticketSources": ["box-office"]}));
        block_on(shop.desk.events.change(&ORGANIZER, shop.event, change)).unwrap();
        refresh(&shop.desk).unwrap();
        Self {
            ticket: TicketId::of_source(shop.event, &crate::office::name("box-office"), reference),
            code: code.to_owned(),
            shop,
        }
    }

    fn reopened(self) -> Self {
        let shop = self.shop.reopened();
        Self { shop, ..self }
    }

    fn act(&self, action: TicketAction) -> Result<(), DeskError> {
        let acted = self.shop.desk.tickets.act(&ORGANIZER, self.ticket, action);
        block_on(acted).map(|_| ())
    }

    /// Issues a bulk whose first ticket takes over the code, and whose other codes begin at a number.
    fn issuing_from(&self, first: usize) -> impl Future<Output = Issued> + use<> {
        let mut drafts: Vec<_> = (first..first + BULK).map(draft).collect();
        drafts[0].credential_code = Some(self.code.clone());
        let (desk, event) = (Arc::clone(&self.shop.desk), self.shop.event);
        async move {
            desk.tickets
                .issue_all(&ORGANIZER, event, drafts, None)
                .await
        }
    }

    fn issuing(&self) -> impl Future<Output = Issued> + use<> {
        self.issuing_from(0)
    }

    /// Returns the stored holders of all codes.
    fn holders(&self) -> [Vec<(String, String)>; 2] {
        ["ticket_codes", "credential_codes"].map(|table| self.shop.office.disk.table(table))
    }

    /// Checks that a scan of the code finds the withdrawn ticket.
    #[track_caller]
    fn check_unchanged(&self) {
        assert_eq!(self.shop.scanned(&self.code), "not_active", "{}", self.code);
        assert_eq!(self.scanned_at_desk(), self.at_desk("not_active"));
    }

    #[track_caller]
    fn check_not_reinstated(&self) {
        // A ticket may be reinstated although its id is the code of another.
        if self.code != self.ticket.to_string() {
            check_taken(self.act(TicketAction::Reinstate));
        }
    }

    /// Scans the code where only QR codes count.
    fn scanned_at_desk(&self) -> &'static str {
        scanned_at_desk(&self.shop.desk, self.shop.event, &self.code)
    }

    /// Where only QR codes count, those of tickets that have no source are signed.
    fn at_desk(&self, verdict: &'static str) -> &'static str {
        let ticket = block_on(self.shop.desk.tickets.get(&ORGANIZER, self.ticket)).unwrap();
        match ticket.ticket.origin {
            Some(_) => verdict,
            None => "invalid_signature",
        }
    }

    /// Lets other tasks run before and after each commit of the bulk.
    fn pause(&self) {
        self.shop.office.disk.pauses.store(true, Ordering::Relaxed);
    }

    /// Polls the bulk until some of its tickets are stored.
    fn begin<F: Future>(&self, bulk: &mut Pin<Box<F>>) {
        let before = self.shop.stored_ids().len();
        while self.shop.stored_ids().len() == before {
            assert!(poll(bulk).is_pending());
        }
    }
}

#[track_caller]
fn check_taken<T>(outcome: Result<T, DeskError>) {
    match outcome {
        Err(DeskError::Conflict(problem)) => {
            assert_eq!(problem.code.as_str(), "credential_code_taken")
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the code is not taken"),
    }
}

#[test]
fn a_code_belongs_to_its_former_holder_again_after_a_bulk_failed() {
    for former in Former::all() {
        former.shop.issue_coded(&code(BULK - 1)).unwrap();
        let before = former.holders();
        for _ in 0..2 {
            check_taken(block_on(former.issuing()));
            former.check_unchanged();
            assert_eq!(former.holders(), before);
        }
        former.act(TicketAction::Reinstate).unwrap();
        assert_eq!(former.shop.scanned(&former.code), "in");
    }
}

#[test]
fn a_code_belongs_to_its_former_holder_after_a_bulk_was_interrupted_at_any_commit() {
    for kind in 0..Former::all().len() {
        for breaks_after in 0.. {
            let former = Former::all().into_iter().nth(kind).unwrap();
            let before = former.holders();
            former.shop.office.disk.mend(Some(breaks_after));
            let issued = block_on(former.issuing());
            let former = former.reopened();
            if issued.is_ok() {
                assert_eq!(former.shop.scanned(&former.code), "in");
                break;
            }
            former.check_unchanged();
            former.shop.take_back().unwrap();
            former.check_unchanged();
            assert_eq!(former.holders(), before);
        }
    }
}

#[test]
fn a_code_belongs_to_its_former_holder_until_the_bulk_is_done_and_then_to_the_bulk() {
    for former in Former::all() {
        former.pause();
        let mut bulk = Box::pin(former.issuing());
        let mut scanned = Vec::new();
        while poll(&mut bulk).is_pending() {
            scanned.push(former.shop.scanned(&former.code));
        }
        scanned.push(former.shop.scanned(&former.code));
        scanned.push(former.shop.scanned(&former.code));
        scanned.dedup();
        assert_eq!(scanned, ["not_active", "in", "already_used"]);
        former.check_not_reinstated();
        assert_eq!(former.scanned_at_desk(), "invalid_signature");
    }
}

#[test]
fn a_withdrawn_ticket_whose_code_a_bulk_takes_over_is_reinstated_only_if_the_bulk_fails() {
    for former in Former::all() {
        former.pause();
        let mut bulk = Box::pin(former.issuing());
        former.begin(&mut bulk);
        former.check_not_reinstated();
        former.check_unchanged();
        drop(bulk);
        former.shop.take_back().unwrap();
        former.act(TicketAction::Reinstate).unwrap();
        assert_eq!(former.shop.scanned(&former.code), "in");
        check_taken(block_on(former.issuing()));
    }
}

#[test]
fn a_code_that_bulks_took_over_one_after_another_belongs_to_the_last_that_was_done() {
    for former in Former::all() {
        let bulks = [false, true, false].into_iter().zip((0..).step_by(BULK));
        let mut holder = former.ticket;
        for (is_done, first) in bulks {
            if !is_done {
                former.shop.issue_coded(&code(first + BULK - 1)).unwrap();
            }
            match block_on(former.issuing_from(first)) {
                Ok(issued) => holder = issued[0].ticket.id,
                refused => check_taken(refused),
            }
            let withdraw = TicketAction::Cancel;
            block_on(former.shop.desk.tickets.act(&ORGANIZER, holder, withdraw)).unwrap();
            assert_eq!(former.shop.scanned(&former.code), "not_active");
        }
        // The failed bulk left the code to the ticket of the one before, which may still be reinstated.
        let reinstate = TicketAction::Reinstate;
        block_on(former.shop.desk.tickets.act(&ORGANIZER, holder, reinstate)).unwrap();
        former.check_not_reinstated();
    }
}

#[test]
fn a_former_holder_that_gave_its_code_away_meanwhile_does_not_get_it_again() {
    let former = Former::all().into_iter().next().unwrap();
    former.pause();
    let mut bulk = Box::pin(former.issuing());
    former.begin(&mut bulk);
    former.check_unchanged();
    let change = TicketChange {
        credential_code: Some(Some("other".to_owned())),
        ..TicketChange::default()
    };
    block_on(
        former
            .shop
            .desk
            .tickets
            .change(&ORGANIZER, former.ticket, change),
    )
    .unwrap();
    assert_eq!(former.shop.scanned(SHARED), "not_found");
    drop(bulk);
    former.shop.take_back().unwrap();
    assert_eq!(former.shop.scanned(SHARED), "not_found");
    former.shop.issue_coded(SHARED).unwrap();
    assert_eq!(former.shop.scanned(SHARED), "in");
}

#[test]
fn a_ticket_that_is_found_by_another_spelling_of_its_code_is_found_until_a_bulk_is_done() {
    for (code, is_withdrawn) in [("AAAA-1", true), ("aaaa-1", false)] {
        let former = Former {
            code: code.to_owned(),
            ..Former::of_source("AAAA-1", "AAAA-1")
        };
        let found = match is_withdrawn {
            true => "not_active",
            false => "already_used",
        };
        if is_withdrawn {
            former.act(TicketAction::Cancel).unwrap();
        }
        former.shop.scanned("aaaa-1");
        former.pause();
        let mut bulk = Box::pin(former.issuing());
        former.begin(&mut bulk);
        assert_eq!(former.shop.scanned("aaaa-1"), found);
        drop(bulk);
        former.shop.take_back().unwrap();
        assert_eq!(former.shop.scanned("aaaa-1"), found);
    }
}
