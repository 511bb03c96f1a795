//! Issues tickets: all of a request or none, and once however often it is sent. `gatewit-api.md` §4, §5.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gatewit_domain::event::{Event, TicketType};
use gatewit_domain::id::{EventId, IssueId, TicketId};
use gatewit_domain::identifier::fold;
use gatewit_domain::problem::TicketCode;
use gatewit_domain::scan::IdempotencyKey;
use gatewit_domain::ticket::{Ticket, TicketDraft, TicketNumbers};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::codes::code_taken;
use super::issues::IssueLock;
use super::pieces::{KeyedRequest, Pieces, TICKETS_MAX};
use super::tokens::{known_type, sign_tickets};
use super::{ShownTicket, Tickets};
use crate::caller::Caller;
use crate::changes::{Changes, retry};
use crate::error::DeskError;
use crate::idempotency::{is_forgotten, organizer, used_for_another};
use crate::live_events::LiveEvent;
use crate::tables::{
    CallerKey, EVENT_DELETIONS, EventSeries, ISSUE_REQUESTS, IssueRequest, SERIES, Stored,
};
use crate::turns::{Turns, let_others_run};

/// The most tickets that one request may issue.
const ISSUE_MAX: usize = 50_000;
/// How many drafts are digested at once.
const DIGESTED_AT_ONCE: usize = 64;
/// The key of the series of booking references. It differs from every ticket type's: no type's id is empty.
const BOOKINGS: &str = "";

/// Whether a request asks for a single ticket or for a list, even a list of one.
#[derive(Clone, Copy, Serialize)]
enum Asked {
    One,
    Many,
}

impl Tickets {
    /// Issues one ticket; with an idempotency key, only once.
    pub async fn issue(
        &self,
        caller: &Caller,
        event: EventId,
        draft: TicketDraft,
        key: Option<&IdempotencyKey>,
    ) -> Result<ShownTicket, DeskError> {
        let drafts = vec![draft];
        let issued = self.issue_once(caller, event, Asked::One, drafts, key);
        Ok(issued.await?.remove(0))
    }

    /// Issues every ticket of the request or none; with an idempotency key, only once.
    pub async fn issue_all(
        &self,
        caller: &Caller,
        event: EventId,
        drafts: Vec<TicketDraft>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        self.issue_once(caller, event, Asked::Many, drafts, key)
            .await
    }

    /// Issues tickets unless the same request already did. Waits for a running request with the same key, and takes
    /// over if that one was dropped.
    async fn issue_once(
        &self,
        caller: &Caller,
        event: EventId,
        asked: Asked,
        drafts: Vec<TicketDraft>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        let live = self.events.managed(caller, event)?;
        let drafts = check_drafts(drafts).await?;
        let keyed = match key {
            Some(key) => Some(KeyedRequest {
                key: CallerKey(organizer(caller.sub()), key.clone()),
                request: fingerprint(event, asked, &drafts).await,
            }),
            None => None,
        };
        let key = keyed.as_ref().map(|keyed| &keyed.key);
        let lock = retry(|| self.try_begin(event, key)).await?;
        let stored = match key {
            Some(key) => ISSUE_REQUESTS.get(self.ports.store(), key).await?,
            None => None,
        };
        if let (Some(keyed), Some(first)) = (&keyed, &stored)
            && !is_forgotten(first.value.at, self.ports.now())
        {
            drop(lock);
            return self.issued_before(&live, keyed, &first.value).await;
        }
        self.issue_new(&live, drafts, &lock, keyed, stored).await
    }

    /// Begins an issue; None if the same request had begun one, which is over now.
    async fn try_begin(
        &self,
        event: EventId,
        request: Option<&CallerKey>,
    ) -> Result<Option<IssueLock<'_>>, DeskError> {
        let id = IssueId::new(self.ports.now());
        match self.issues.begin(event, id, request.cloned()) {
            Ok(lock) => Ok(Some(lock)),
            Err(other) => {
                // If the lock is free and the issue is still in progress, its request was dropped.
                if let Some(lock) = self.issues.wait_for(other).await {
                    self.roll_back(&lock).await?;
                }
                Ok(None)
            }
        }
    }

    /// Returns the current state of what an earlier request issued.
    async fn issued_before(
        &self,
        live: &Arc<LiveEvent>,
        keyed: &KeyedRequest,
        first: &IssueRequest,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        if first.request != keyed.request {
            return Err(used_for_another());
        }
        let mut issued = Vec::new();
        let mut pages = self.pages_of(first.into());
        while let Some(tickets) = pages.next().await? {
            let tickets = tickets.into_iter().map(|stored| stored.value).collect();
            issued.extend(self.shown_many(live, tickets).await?);
            let_others_run().await;
        }
        Ok(issued)
    }

    /// Issues tickets. If that fails, rolls back what was written of them.
    async fn issue_new(
        &self,
        live: &Arc<LiveEvent>,
        drafts: Vec<TicketDraft>,
        lock: &IssueLock<'_>,
        keyed: Option<KeyedRequest>,
        stored: Option<Stored<IssueRequest>>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        let at = self.ports.now();
        let pieces = Pieces::new(self, live, lock, at, keyed, stored);
        let issued = self.issue_in_pieces(live, drafts, at, pieces).await;
        if issued.is_err()
            && lock.is_hidden()
            && let Err(error) = self.roll_back(lock).await
        {
            let issue = lock.issue.id;
            tracing::warn!(issue.id = %issue, "cannot take back issue {issue} yet, and will try again: {error}");
        }
        issued
    }

    async fn issue_in_pieces(
        &self,
        live: &Arc<LiveEvent>,
        drafts: Vec<TicketDraft>,
        at: Timestamp,
        mut pieces: Pieces<'_>,
    ) -> Result<Vec<ShownTicket>, DeskError> {
        live.published_key()?;
        let drafts = of_known_types(&live.event, drafts).await?;
        let event = live.event.id;
        let tickets = self.number(event, drafts, pieces.issue(), at).await?;
        let mut tokens = Vec::with_capacity(tickets.len());
        for some in tickets.chunks(TICKETS_MAX) {
            let signed = sign_tickets(live, some.iter()).await?;
            for (ticket, tokens) in some.iter().zip(&signed) {
                pieces.add(ticket, tokens).await?;
            }
            tokens.extend(signed);
        }
        self.index(live.event.id, &tickets).await;
        if let Err(error) = pieces.finish().await {
            self.unindex(live.event.id, &tickets);
            return Err(error);
        }
        self.events.warm_holders(live, &tickets).await;
        let mut shown = Vec::with_capacity(tickets.len());
        let mut turns = Turns::default();
        for (ticket, tokens) in tickets.into_iter().zip(tokens) {
            turns.step().await;
            shown.push(self.show_ticket(live, ticket, &[], Some(tokens)));
        }
        Ok(shown)
    }

    /// Assigns each draft the next number of its type and one for a booking reference. If the request fails later, the
    /// numbers stay unused.
    async fn number(
        &self,
        event: EventId,
        drafts: Vec<(&TicketType, TicketDraft)>,
        issue: IssueId,
        at: Timestamp,
    ) -> Result<Vec<Ticket>, DeskError> {
        let mut wanted = HashMap::from([(BOOKINGS, drafts.len() as u64)]);
        for (kind, _) in &drafts {
            *wanted.entry(&kind.id).or_default() += 1;
        }
        let mut next = HashMap::new();
        for (type_id, count) in wanted {
            let first = self.reserve(event, type_id, count).await?;
            next.insert(type_id.to_owned(), first);
        }
        // Tickets are listed by id, but ids of the same moment are unordered.
        let mut ids: Vec<_> = drafts.iter().map(|_| TicketId::new(at)).collect();
        ids.sort_unstable();
        let mut take = |series: &str| {
            let number = next.entry(series.to_owned()).or_default();
            *number += 1;
            *number - 1
        };
        let mut tickets = Vec::with_capacity(drafts.len());
        let mut turns = Turns::default();
        for ((kind, draft), id) in drafts.into_iter().zip(ids) {
            turns.step().await;
            let numbers = TicketNumbers {
                series: take(&kind.id),
                booking: take(BOOKINGS),
            };
            tickets.push(Ticket {
                issue: Some(issue),
                ..Ticket::issue(id, draft, kind, numbers, event, at)
            });
        }
        Ok(tickets)
    }

    /// Reserves `count` numbers of a type's series and returns the first. Types equal in upper case share a series.
    async fn reserve(&self, event: EventId, type_id: &str, count: u64) -> Result<u64, DeskError> {
        let key = EventSeries(event, type_id.to_uppercase());
        retry(|| self.try_reserve(&key, count)).await
    }

    async fn try_reserve(&self, key: &EventSeries, count: u64) -> Result<Option<u64>, DeskError> {
        self.events.live(key.0)?;
        let stored = SERIES.get(self.ports.store(), key).await?;
        let last = stored.as_ref().map_or(0, |stored| stored.value);
        let guards = vec![
            EVENT_DELETIONS.absent(&key.0),
            SERIES.as_read(key, stored.as_ref()),
        ];
        let writes = vec![SERIES.put(key, &(last + count))];
        let reserving = Changes { guards, writes };
        let is_done = reserving.commit(self.ports.store()).await?;
        Ok(is_done.then_some(last + 1))
    }
}

/// Checks and cleans each draft by itself, and checks that no two have the same code.
async fn check_drafts(drafts: Vec<TicketDraft>) -> Result<Vec<TicketDraft>, DeskError> {
    if drafts.is_empty() || drafts.len() > ISSUE_MAX {
        let words = format!("tickets must hold 1 to {ISSUE_MAX} tickets");
        return Err(DeskError::unacceptable(TicketCode::Invalid, words));
    }
    let mut codes = BTreeSet::new();
    let mut checked = Vec::with_capacity(drafts.len());
    let mut turns = Turns::default();
    for (index, draft) in drafts.into_iter().enumerate() {
        turns.step().await;
        let draft = draft.check().map_err(|problem| {
            DeskError::unacceptable(problem.code, format!("ticket {index}: {problem}"))
        })?;
        if let Some(code) = &draft.credential_code
            && !codes.insert(code.clone())
        {
            return Err(code_taken(code));
        }
        checked.push(draft);
    }
    Ok(checked)
}

/// Finds the type of each draft among the event's.
async fn of_known_types(
    event: &Event,
    drafts: Vec<TicketDraft>,
) -> Result<Vec<(&TicketType, TicketDraft)>, DeskError> {
    let mut typed = Vec::with_capacity(drafts.len());
    let mut turns = Turns::default();
    for draft in drafts {
        turns.step().await;
        typed.push((known_type(event, &draft.ticket_type_id)?, draft));
    }
    Ok(typed)
}

/// Returns a digest of checked drafts that distinguishes issuing requests under the same idempotency key.
async fn fingerprint(event: EventId, asked: Asked, drafts: &[TicketDraft]) -> String {
    let mut digest = Sha256::new_with_prefix(json!([event, asked]).to_string());
    for some in drafts.chunks(DIGESTED_AT_ONCE) {
        let compared: Vec<_> = some.iter().map(compared).collect();
        digest.update(json!(compared).to_string());
        let_others_run().await;
    }
    format!("{:x}", digest.finalize())
}

/// Returns a draft whose identifiers are folded.
fn compared(draft: &TicketDraft) -> TicketDraft {
    let reference = draft.booking_reference.as_deref().map(fold);
    TicketDraft {
        ticket_type_id: fold(&draft.ticket_type_id).into_owned(),
        booking_reference: reference.map(Cow::into_owned),
        ..draft.clone()
    }
}
