//! Explains when and where a ticket is let in. `gatewit-api.md` §10.

use std::sync::Arc;

use gatewit_decision::{Facts, Place, Refusal, Station, decide, nearest};
use gatewit_domain::event::Event;
use gatewit_domain::facts::FoundFacts;
use gatewit_domain::id::TicketId;
use gatewit_domain::identifier::is_same;
use gatewit_domain::problem::ScannerCode;
use jiff::Timestamp;

use super::Admissions;
use crate::caller::Caller;
use crate::error::DeskError;
use crate::events::EventWindow;
use crate::live_events::LiveEvent;
use crate::turns::let_others_run;

/// When and where somebody asks whether a ticket is let in.
#[derive(Clone, Debug, Default)]
pub struct AskedAdmission {
    /// None: now.
    pub at: Option<Timestamp>,
    /// The id or the name of a scan point; None: none.
    pub scan_point: Option<String>,
    /// The id of a zone; None: the scan point's, or the event's first.
    pub zone: Option<String>,
}

/// Whether a ticket is let in at a moment and a place, why not, and when and where it is.
pub struct Explanation {
    /// The event of the ticket.
    pub event: Arc<LiveEvent>,
    /// The series of the ticket.
    pub ticket_series: String,
    /// The moment and the place that were asked about.
    pub asked: Admission,
    /// None: the ticket is let in then and there.
    pub refusal: Option<Refusal>,
    /// The nearest moment and place at which no rule refuses; None if there is none.
    pub nearest: Option<Admission>,
    /// When doors are open for the ticket.
    pub windows: Vec<EventWindow>,
}

/// When and where a ticket might be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The moment.
    pub at: Timestamp,
    /// The id of the scan point; None if the place is a zone.
    pub scan_point: Option<String>,
    /// The id of the zone.
    pub zone: String,
}

impl Admissions {
    /// Explains when and where a ticket is let in, for organizers and staff of its event. Decides by the rules of a scan,
    /// and writes nothing.
    pub async fn explain(
        &self,
        caller: &Caller,
        ticket: TicketId,
        asked: &AskedAdmission,
    ) -> Result<Explanation, DeskError> {
        let stored = self.tickets.with_id(ticket).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("ticket", ticket))?;
        let ticket = stored.value;
        let live = self.events.attended(caller, ticket.event_id)?;
        let place = find_place(asked, &live.event)?;
        let at = asked.at.unwrap_or_else(|| self.ports.now());
        let ticket_series = ticket.series.clone();
        let entries = self.read_entries(live.event.id, ticket.id).await?.entries;
        let windows = self.events.unkept_windows_of(&live, &ticket).await;
        let found = self.held(&live, ticket, entries, windows);
        let found = FoundFacts::new(&live.event, &live.facts, &found);
        let facts = found.at(at, station(&place));
        let windows = facts.own_windows().into_iter();
        let windows = windows.map(|window| EventWindow::of(&window, &live.event.calendar));
        Ok(Explanation {
            ticket_series,
            asked: Admission::new(at, &place, &live),
            refusal: decide(&facts).refusal,
            nearest: find_nearest(&facts, &live).await,
            windows: windows.collect(),
            event: Arc::clone(&live),
        })
    }
}

/// Searches for the nearest admission. An event may have many moments, so it gives way between them.
async fn find_nearest(facts: &Facts<'_>, live: &LiveEvent) -> Option<Admission> {
    let mut moments = nearest(facts);
    loop {
        if let Some(found) = moments.next()? {
            return Some(Admission::new(found.at, &found.place, live));
        }
        let_others_run().await;
    }
}

impl Admission {
    fn new(at: Timestamp, place: &Place, live: &LiveEvent) -> Self {
        Self {
            at,
            scan_point: place.scan_point.map(str::to_owned),
            zone: live.facts.zone_at(&station(place)).to_owned(),
        }
    }
}

/// A place without a scanner.
fn station<'a>(place: &Place<'a>) -> Station<'a> {
    Station {
        scanner: None,
        scan_point: place.scan_point,
        zone: place.zone,
    }
}

/// Finds the place that is asked about among those of the event.
fn find_place<'e>(asked: &AskedAdmission, event: &'e Event) -> Result<Place<'e>, DeskError> {
    let scan_point = asked.scan_point.as_deref().map(|name| {
        let points = || event.scan_points.iter();
        let exact = points().find(|point| point.id == name);
        let called =
            || points().find(|point| is_same(&point.id, name) || is_same(&point.name, name));
        exact.or_else(called).ok_or_else(|| {
            let words = format!("scanPoint: the event has no scan point \"{name}\"");
            DeskError::unacceptable(ScannerCode::UnknownScanPoint, words)
        })
    });
    let zone = asked.zone.as_deref().map(|id| {
        let called = || event.zones.iter().find(|zone| is_same(&zone.id, id));
        event.zone(id).or_else(called).ok_or_else(|| {
            let words = format!("zone: the event has no zone \"{id}\"");
            DeskError::unacceptable(ScannerCode::UnknownZone, words)
        })
    });
    Ok(Place {
        scan_point: scan_point.transpose()?.map(|point| &*point.id),
        zone: zone.transpose()?.map(|zone| &*zone.id),
    })
}
