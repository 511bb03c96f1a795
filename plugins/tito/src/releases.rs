//! Releases as Tito lists them, and the meaning of their titles and activities. `fact-check-in.md` §3.2.

use gatewit_sdk::{Id, TicketType, day_pass_days, is_day_pass};
use serde::Deserialize;

/// Attributes by a word in the title.
const OF_TITLES: [(&str, &str); 5] = [
    ("speaker", "is_speaker"),
    ("organiser", "is_organizer"),
    ("organizer", "is_organizer"),
    ("sponsor", "is_sponsor"),
    ("volunteer", "is_volunteer"),
];
/// Attributes by activity.
const OF_ACTIVITIES: [(&str, &str); 3] = [
    ("remote_sale", "is_remote"),
    ("on_site", "is_onsite"),
    ("online_access", "online_access"),
];
/// The prefix of activities that are a seat on a day.
const SEAT: &str = "seat-person-";

/// A kind of ticket: Tito calls it a release.
#[derive(Deserialize)]
pub struct Release {
    id: Id,
    slug: Option<String>,
    title: String,
    #[serde(default)]
    activities: Vec<Activity>,
    #[serde(default)]
    not_a_ticket: bool,
}

/// An activity that a release gives access to.
#[derive(Deserialize)]
struct Activity {
    name: String,
    /// Its date, such as `2025-12-15`.
    date: Option<String>,
}

impl Release {
    pub fn id(&self) -> &str {
        &self.id.0
    }

    /// Whether a ticket refers to it by this text. Version 3.0 also writes slugs where 3.1 writes ids.
    pub fn is_called(&self, id: &str) -> bool {
        self.id.0 == id || self.slug.as_deref() == Some(id)
    }

    pub fn ticket_type(&self) -> TicketType {
        let activities = self.activities.iter();
        TicketType {
            id: self.id.0.clone(),
            name: self.title.clone(),
            category: None,
            activities: activities.map(|activity| activity.name.clone()).collect(),
            admits: !self.not_a_ticket,
            days: self.days(),
            day_pass: is_day_pass(&self.title),
        }
    }

    /// The attributes that all its tickets have.
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> {
        let title = self.title.to_lowercase();
        let of_title = OF_TITLES
            .into_iter()
            .filter(move |(word, _)| title.contains(word));
        let of_activities = OF_ACTIVITIES.into_iter().filter(|(name, _)| self.has(name));
        of_title
            .chain(of_activities)
            .map(|(_, attribute)| attribute)
    }

    fn has(&self, activity: &str) -> bool {
        self.activities.iter().any(|own| own.name == activity)
    }

    /// The days of a pass for one day or several: those in its title, else those of its seats, else the dates of its
    /// activities. Seats alone do not make it such a pass: a ticket for all days has a seat on each.
    fn days(&self) -> Vec<String> {
        let is_pass = is_day_pass(&self.title) || self.title.to_lowercase().contains("day pass");
        if !is_pass {
            return Vec::new();
        }
        let seats = self
            .activities
            .iter()
            .filter_map(|activity| activity.name.strip_prefix(SEAT));
        let dates = self
            .activities
            .iter()
            .filter_map(|activity| activity.date.as_deref());
        let ways: [Vec<String>; 3] = [
            day_pass_days(&self.title),
            seats.map(str::to_owned).collect(),
            dates.map(str::to_owned).collect(),
        ];
        let mut days = ways
            .into_iter()
            .find(|days| !days.is_empty())
            .unwrap_or_default();
        days.dedup();
        days
    }
}
