//! Tickets as Tito lists them, in either version.

use std::collections::BTreeSet;

use gatewit_sdk::jiff::Timestamp;
use gatewit_sdk::{Id, Ticket, TicketState};
use serde::Deserialize;

use crate::releases::Release;

/// All states a ticket can be in. Tito leaves out void tickets and those of archived releases unless a request asks for
/// them.
pub const STATES: [&str; 5] = ["complete", "incomplete", "unassigned", "void", "archived"];

/// One ticket.
#[derive(Deserialize)]
pub struct TitoTicket {
    /// The registration's reference and a number, such as `ABCD-1`.
    reference: String,
    /// The content of the QR code, such as `ti_p8V…`.
    slug: Option<String>,
    release_id: Id,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    company_name: Option<String>,
    state: String,
    #[serde(default)]
    void: bool,
    updated_at: Option<Timestamp>,
}

impl TitoTicket {
    pub fn into_ticket(self, releases: &[Release], organizer_speakers: &[String]) -> Ticket {
        let mut releases = releases.iter();
        let release = releases.find(|release| release.is_called(&self.release_id.0));
        let mut attributes: BTreeSet<_> =
            release.into_iter().flat_map(Release::attributes).collect();
        let is_listed = |listed: &String| listed.eq_ignore_ascii_case(&self.reference);
        if attributes.contains("is_organizer") && organizer_speakers.iter().any(is_listed) {
            attributes.insert("is_speaker");
        }
        let order = self
            .reference
            .rsplit_once('-')
            .map_or(&*self.reference, |(order, _)| order);
        let codes = filled(&self.slug).into_iter().chain([&*self.reference]);
        let company = filled(&self.company_name);
        Ticket {
            order: order.to_owned(),
            codes: codes.map(str::to_owned).collect(),
            type_id: release
                .map_or(self.release_id.0.as_str(), Release::id)
                .to_owned(),
            variation: None,
            parent: None,
            sub_event: None,
            holder_name: self.holder_name(),
            email: filled(&self.email).map(str::to_owned),
            state: self.state(),
            valid_from: None,
            valid_until: None,
            attributes: attributes
                .into_iter()
                .map(|name| (name.to_owned(), true))
                .collect(),
            details: company
                .map(|company| ("company".to_owned(), company.to_owned()))
                .into_iter()
                .collect(),
            updated: self.updated_at.map(Timestamp::as_second),
            reference: self.reference,
        }
    }

    fn holder_name(&self) -> String {
        let whole = self.name.as_deref().map(|name| name.trim().to_owned());
        whole.unwrap_or_else(|| {
            let parts = [&self.first_name, &self.last_name]
                .into_iter()
                .filter_map(filled);
            parts.collect::<Vec<_>>().join(" ")
        })
    }

    /// Tito lists only sold tickets. Unanswered questions keep nobody out; a ticket that is not assigned yet has no
    /// known holder.
    fn state(&self) -> TicketState {
        match self.state.as_str() {
            _ if self.void => TicketState::Canceled,
            "void" => TicketState::Canceled,
            "complete" | "incomplete" => TicketState::Valid,
            _ => TicketState::Pending,
        }
    }
}

fn filled(text: &Option<String>) -> Option<&str> {
    let text = text.as_deref().map(str::trim);
    text.filter(|text| !text.is_empty())
}
