//! The event whose tickets are sold, and how Tito writes them.

use serde_json::{Map, Value, json};

use crate::Version;

/// One event of one account.
#[derive(Clone, Debug)]
pub struct Conference {
    pub account: &'static str,
    pub event: &'static str,
    pub releases: Vec<Release>,
    /// Oldest first.
    pub tickets: Vec<Ticket>,
}

/// A kind of ticket.
#[derive(Clone, Debug)]
pub struct Release {
    pub id: u32,
    pub slug: &'static str,
    pub title: &'static str,
    /// Names of activities.
    pub activities: Vec<&'static str>,
}

/// One ticket.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Such as `ABCD-1`.
    pub reference: String,
    /// The content of its QR code, such as `ti_p1000`.
    pub slug: String,
    /// `None` while it is not assigned.
    pub name: Option<String>,
    pub email: Option<String>,
    pub company: Option<String>,
    /// The `id` of its release.
    pub release: u32,
    pub state: TicketState,
}

/// The states that tickets have had since 2023.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketState {
    Complete,
    Incomplete,
    Unassigned,
    Void,
}

const MADE: &str = "2025-02-03T20:54:50.000Z";
/// The number of tickets in each generated registration.
const PER_REGISTRATION: usize = 4;
const FIRST_NAMES: [&str; 7] = ["Grace", "Alan", "Edsger", "Barbara", "Zoë", "李", "Øyvind"];
const LAST_NAMES: [&str; 5] = ["Hopper", "Turing", "Müller-Lüdenscheidt", "O'Brien", "Żółć"];

impl Conference {
    /// `acme/conf`, with this many tickets. The first five all differ: `ABCD-1` is Ada Lovelace's.
    pub fn sample(tickets: usize) -> Self {
        let release = |id, slug, title, activities: &[&'static str]| Release {
            id,
            slug,
            title,
            activities: activities.to_vec(),
        };
        let releases = vec![
            release(
                1,
                "business",
                "Business (In-Person)",
                &["on_site", "online_access"],
            ),
            release(
                2,
                "online",
                "Business (Online)",
                &["remote_sale", "online_access"],
            ),
            release(
                3,
                "speaker",
                "Speaker (In-Person)",
                &["on_site", "online_access"],
            ),
            release(
                4,
                "day-pass-monday",
                "Day Pass Monday",
                &["on_site", "seat-person-monday"],
            ),
            release(5, "social", "Social Event", &["social"]),
        ];
        Self {
            account: "acme",
            event: "conf",
            releases,
            tickets: (0..tickets).map(Ticket::sample).collect(),
        }
    }

    pub(crate) fn release(&self, id: u32) -> Option<&Release> {
        self.releases.iter().find(|release| release.id == id)
    }
}

impl Ticket {
    /// One of the sample's tickets by its position.
    fn sample(place: usize) -> Self {
        let ticket = |reference: String, name: String, email: String, release| Self {
            slug: format!("ti_p{place:07}"),
            reference,
            name: Some(name),
            email: Some(email),
            company: None,
            release,
            state: TicketState::Complete,
        };
        let named = |reference: &str, name: &str, email: &str, release| {
            ticket(
                reference.to_owned(),
                name.to_owned(),
                email.to_owned(),
                release,
            )
        };
        match place {
            0 => Self {
                company: Some("Analytical Engines".to_owned()),
                ..named("ABCD-1", "Ada Lovelace", "ada@example.org", 1)
            },
            1 => named("ABCD-2", "Remo Remote", "Remo@Example.org", 2),
            2 => Self {
                state: TicketState::Incomplete,
                ..named("ABCD-3", "Spea Ker", "s@example.org", 3)
            },
            3 => Self {
                name: None,
                email: None,
                state: TicketState::Unassigned,
                ..named("BCDE-1", "", "", 4)
            },
            4 => Self {
                state: TicketState::Void,
                ..named("BCDE-2", "Gone Away", "gone@example.org", 1)
            },
            _ => {
                let name = format!(
                    "{} {}",
                    FIRST_NAMES[place % FIRST_NAMES.len()],
                    LAST_NAMES[place % LAST_NAMES.len()]
                );
                let number = place % PER_REGISTRATION + 1;
                let reference = format!("{}-{number}", registration(place / PER_REGISTRATION));
                let release = [1, 1, 2, 3, 4][place % 5];
                ticket(reference, name, format!("t{place}@example.org"), release)
            }
        }
    }

    /// The texts that a search looks at.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let optional = [&self.name, &self.email, &self.company];
        let optional = optional.into_iter().filter_map(Option::as_deref);
        optional.chain([self.reference.as_str(), self.slug.as_str()])
    }

    pub(crate) fn state_name(&self) -> &'static str {
        match self.state {
            TicketState::Complete => "complete",
            TicketState::Incomplete => "incomplete",
            TicketState::Unassigned => "unassigned",
            TicketState::Void => "void",
        }
    }

    pub(crate) fn json(&self, id: usize, version: Version, release: &Release) -> Value {
        let (first, last) = match &self.name {
            Some(name) => name.split_once(' ').unwrap_or((name, "")),
            None => ("", ""),
        };
        let part = |part: &str| self.name.as_ref().map(|_| part.to_owned());
        let json = json!({
            "id": 1000 + id, "slug": self.slug, "company_name": self.company, "email": self.email, "metadata": null,
            "first_name": part(first), "last_name": part(last), "name": self.name, "number": id + 1,
            "phone_number": null, "price": 100.0, "reference": self.reference, "state": self.state_name(),
            "test_mode": false, "registration_id": 100 + id, "release_archived": false, "avatar_url": null,
            "void": self.state == TicketState::Void, "changes_locked": false, "consented_at": null,
            "discount_code_used": null, "tag_names": [], "created_at": MADE, "updated_at": MADE,
        });
        let own = match version {
            Version::V3_0 => json!({
                "release_id": release.slug, "release_slug": release.slug, "release_title": release.title,
                "registration_name": "Bea Buyer", "registration_email": "buyer@example.org", "view": "extended",
                "responses": {}, "upgrade_ids": [],
            }),
            Version::V3_1 => json!({
                "_type": "ticket", "release_id": release.id, "assigned": self.name.is_some(), "show_qr_code": true,
                "qr_url": format!("https://qr.tito.io/tickets/{}", self.slug), "qr_code_disabled": false,
            }),
        };
        merged(json, own)
    }
}

impl Release {
    pub(crate) fn json(&self, version: Version, with_activities: bool) -> Value {
        let json = json!({
            "id": self.id, "slug": self.slug, "title": self.title, "price": 100.0, "quantity": null,
            "state_name": "on_sale", "archived": false, "secret": false, "metadata": {}, "position": self.id,
            "not_a_ticket": false, "sold_out": false, "off_sale": false,
        });
        let mut own = match version {
            Version::V3_0 => json!({"view": "extended"}),
            Version::V3_1 => json!({"_type": "release"}),
        };
        if with_activities {
            let activities = self.activities.iter().zip(1..);
            own["activities"] = activities.map(|(name, id)| activity(name, id)).collect();
        }
        merged(json, own)
    }
}

fn activity(name: &str, id: u32) -> Value {
    json!({
        "_type": "activity", "id": id, "name": name, "capacity": null, "date": null, "start_time": "09:00",
        "end_time": "18:00", "start_at": null, "end_at": null, "sold_out": false, "show_to_attendee": true,
    })
}

fn merged(mut json: Value, own: Value) -> Value {
    if let (Some(json), Value::Object(own)) = (json.as_object_mut(), own) {
        json.extend::<Map<String, Value>>(own);
    }
    json
}

/// Four capital letters, unique for each number: `FAAA`, `FAAB`.
fn registration(number: usize) -> String {
    let digits = [26 * 26 * 26, 26 * 26, 26, 1].map(|weight| number / weight % 26);
    let [first, rest @ ..] = digits;
    let letter = |digit: usize| char::from(b'A' + u8::try_from(digit % 26).unwrap_or_default());
    // The sample's own registrations begin with A and B.
    let first = letter(first + 5);
    std::iter::once(first).chain(rest.map(letter)).collect()
}
