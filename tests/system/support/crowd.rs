//! A crowd at the door: many devices scanning at once, which remember all that they were told.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::door::{statistics, text, verdict, with};
use super::{Answer, Door};

/// How many scans are under way at once.
const AT_ONCE: usize = 48;
/// How many pages of tickets are read at most.
const PAGES_MAX: usize = 1_000;
/// How many refusals a device may cause while each has a record of its own.
const REFUSALS_MAX: usize = 400;
const CHECKER: &str = "the device that checks entries";

pub const ADMITTED: &str = "VALID";
pub const DUPLICATE: &str = "DUPLICATE already_used";
/// A scan that the store could not keep.
pub const NOT_KEPT: &str = "503 store_unavailable, Retry-After: 1";

/// Holders of one ticket each, with one entry each.
#[derive(Default)]
pub struct Crowd {
    pub holders: Vec<Holder>,
    /// Scans that got no answer, as the server was gone.
    unanswered: usize,
}

/// Someone with a ticket.
pub struct Holder {
    /// The request that scans it.
    scan: Value,
    /// What every answer said, in the order of their arrival.
    pub told: Vec<String>,
}

/// An event of one day that is under way, whatever the machine's clock says.
pub fn today() -> Value {
    let hours_from_now = |hours| (Timestamp::now() + SignedDuration::from_hours(hours)).to_string();
    json!({
        "name": "Summit",
        "days": [{"startDateTime": hours_from_now(-1), "endDateTime": hours_from_now(24)}],
        "ticketTypes": [{"id": "vip"}],
    })
}

impl Crowd {
    /// Lets newcomers join, each with a new ticket.
    pub async fn join(&mut self, door: &Door, count: usize) {
        let draft = json!({"ticketTypeId": "vip", "attendeeName": "John Doe"});
        let drafts = json!({"tickets": vec![draft; count]});
        let issued = door.organizer.post(&door.tickets(), drafts).await.data(201);
        let issued = issued.as_array().expect("several tickets are an array");
        assert_eq!(issued.len(), count);
        let scans = issued
            .iter()
            .map(|ticket| door.body(&text(&ticket["jwtToken"])));
        self.holders.extend(scans.map(|scan| Holder {
            scan,
            told: Vec::new(),
        }));
    }

    /// Names each holder's scan, so that sending it again does nothing twice.
    pub fn name_scans(&mut self) {
        for (index, holder) in self.holders.iter_mut().enumerate() {
            holder.scan["scanId"] = format!("scan-{index}").into();
        }
    }

    /// Scans holders in the order given, many at once, until the server is gone.
    ///
    /// Calls `heard` after each answer with how many there were.
    pub async fn scan(
        &mut self,
        door: &Door,
        order: impl IntoIterator<Item = usize>,
        mut heard: impl FnMut(usize),
    ) {
        let is_gone = Cell::new(false);
        let order = order.into_iter().take_while(|_| !is_gone.get());
        let scans = order.map(|index| {
            let scanner = json!({
                "scannerId": door.scanner_id,
                "deviceFingerprint": door.fingerprint,
            });
            let scan = with(&self.holders[index].scan, scanner);
            let answer = door.scanner.try_post("/api/v1/check-in/validate", scan);
            async move { (index, answer.await) }
        });
        let mut scans = stream::iter(scans).buffer_unordered(AT_ONCE);
        let mut answers = Vec::new();
        let mut unanswered = 0;
        while let Some((index, answer)) = scans.next().await {
            if let Some(answer) = answer {
                answers.push((index, words(&answer)));
                heard(answers.len());
            } else {
                unanswered += 1;
                is_gone.set(true);
            }
        }
        drop(scans);
        self.unanswered += unanswered;
        for (index, words) in answers {
            self.holders[index].told.push(words);
        }
    }

    /// Scans everybody once; the server must answer each.
    pub async fn scan_all(&mut self, door: &Door) {
        self.scan_answered(door, 0..self.holders.len()).await;
    }

    async fn scan_answered(&mut self, door: &Door, order: impl IntoIterator<Item = usize>) {
        let unanswered = self.unanswered;
        self.scan(door, order, |_| {}).await;
        assert_eq!(self.unanswered, unanswered, "the server answers");
    }

    /// How often these words were told.
    pub fn count(&self, words: &str) -> usize {
        let told = self.holders.iter().flat_map(|holder| &holder.told);
        told.filter(|told| *told == words).count()
    }

    /// Scans everybody until refused: whoever is known to have entered is not let in again, anyone else once.
    pub async fn check_entries(&mut self, door: &Door) {
        let known: Vec<bool> = self.holders.iter().map(Holder::is_in).collect();
        let everybody: Vec<_> = (0..self.holders.len()).collect();
        for some in everybody.chunks(REFUSALS_MAX) {
            let device = Door::link(&door.organizer, &door.event_id, CHECKER, json!({})).await;
            self.scan_answered(&device, some.iter().copied()).await;
        }
        let mut let_in = Vec::new();
        for (index, holder) in self.holders.iter().enumerate() {
            if holder.told.last().is_none_or(|told| told != DUPLICATE) {
                assert!(!known[index], "{:?}", holder.told);
                let_in.push(index);
            }
        }
        self.scan_answered(door, let_in).await;
        for Holder { told, .. } in &self.holders {
            assert_eq!(told.last().map(String::as_str), Some(DUPLICATE), "{told:?}");
            let entries = told.iter().filter(|told| *told == ADMITTED);
            assert!(entries.count() <= 1, "{told:?}");
        }
    }

    /// Checks every scanner's counts and the record of scans, once everybody is in.
    pub async fn check_counts(&self, door: &Door) {
        let (admitted, refused) = recorded(door).await;
        assert_eq!(admitted.len(), self.holders.len());
        assert_eq!(admitted.len(), tickets_used(door).await);
        let tickets = admitted.iter().map(|scan| text(&scan["ticketInstanceId"]));
        let tickets: HashSet<_> = tickets.collect();
        assert_eq!(tickets.len(), admitted.len(), "nobody is in twice");
        let told = self.count(DUPLICATE);
        // A scan without an answer may have been recorded or not.
        let told = told..=told + self.unanswered;
        assert!(told.contains(&refused.len()), "{told:?}: {}", refused.len());
    }
}

impl Holder {
    /// Whether some answer said that the ticket was used.
    fn is_in(&self) -> bool {
        self.told
            .iter()
            .any(|told| told == ADMITTED || told == DUPLICATE)
    }
}

fn words(answer: &Answer) -> String {
    if answer.status == 200 {
        return verdict(answer);
    }
    let code = text(&answer.body["error"]["code"]);
    match &answer.retry_after {
        Some(seconds) => format!("{} {code}, Retry-After: {seconds}", answer.status),
        None => format!("{} {code}", answer.status),
    }
}

/// Checks that each scanner's counts are those of the record, and tells what was admitted and what was refused.
pub async fn recorded(door: &Door) -> (Vec<Value>, Vec<Value>) {
    let record = door.record().await;
    let mut counts = HashMap::<_, [usize; 2]>::new();
    for scan in &record {
        let scanner = counts.entry(text(&scan["scannerId"])).or_default();
        scanner[usize::from(scan["outcome"] == "refused")] += 1;
    }
    for (scanner, [admitted, refused]) in counts {
        let counted = door.organizer.get(&statistics(&scanner)).await.data(200);
        assert_eq!(counted["successfulScans"], admitted);
        assert_eq!(counted["failedScans"], refused);
        assert_eq!(counted["totalScans"], admitted + refused);
    }
    let is_admitted = |scan: &Value| scan["outcome"] == "admitted";
    record.into_iter().partition(is_admitted)
}

/// How many of the event's tickets have an entry.
pub async fn tickets_used(door: &Door) -> usize {
    let (mut used, mut cursor) = (0, String::new());
    for _ in 0..PAGES_MAX {
        let path = format!("{}?state=USED&limit=200{cursor}", door.tickets());
        let page = door.organizer.get(&path).await.data(200);
        used += page["tickets"].as_array().expect("an array").len();
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return used,
        }
    }
    panic!("the list of tickets does not end");
}
