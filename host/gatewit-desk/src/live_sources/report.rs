//! Logs what is odd about a source's tickets, after each sync. Names come from the plugin and are not logged.

use std::sync::atomic::Ordering;

use gatewit_domain::attendees::SourceSet;
use gatewit_domain::source::SourceName;

use super::LiveSource;

impl LiveSource {
    /// Logs what is odd about its tickets.
    pub fn report(&self) {
        let Some(set) = self.set() else {
            return;
        };
        report_set(&self.name, &set);
        if set.without_codes() > 0 && !self.told_without_codes.swap(true, Ordering::Relaxed) {
            report_without_codes(&self.name, set.without_codes());
        }
    }
}

fn report_without_codes(name: &SourceName, tickets: usize) {
    tracing::warn!(
        source.name = %name, tickets,
        "{tickets} tickets of ticket source {name} have no code of their own, so their references open the doors, and \
         anyone who knows or guesses one comes in; give each a code that cannot be guessed (in a guest list, the column code)"
    );
}

/// Logs tickets that open no door, or more doors than the name of their type suggests.
fn report_set(name: &SourceName, set: &SourceSet) {
    let unlisted = set.unlisted_types();
    if unlisted > 0 {
        tracing::warn!(
            source.name = %name, tickets = unlisted,
            "{unlisted} tickets of ticket source {name} are of types that it does not list: they open the doors only of \
             events whose ticketTypes name the type"
        );
    }
    let shared = set.shared_codes();
    if shared > 0 {
        tracing::warn!(
            source.name = %name, tickets = shared,
            "{shared} tickets of ticket source {name} bear a code that another of its tickets bears too: a scan of it \
             finds that one"
        );
    }
    let dayless = set.dayless_day_passes().count();
    if dayless > 0 {
        tracing::warn!(
            source.name = %name, types = dayless,
            "{dayless} types of ticket source {name} call themselves day passes and name no day, so they are good for \
             every day; the warnings of its events name them"
        );
    }
}
