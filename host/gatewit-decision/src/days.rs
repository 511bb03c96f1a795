//! Which day a scan is for, among the windows of the ticket's holder.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::facts::{Day, Facts, TicketFacts, TicketType, Window};
use crate::refusal::Refusal;

/// Chooses the day that a scan is for: of those with open doors, one that has an entry left if there is any.
pub(crate) fn choose_day(
    facts: &Facts,
    ticket: &TicketFacts,
    kind: &TicketType,
    of_holder: &[Window],
    has_entry_left: impl Fn(usize) -> bool,
) -> Result<usize, Refusal> {
    let (now, days) = (facts.now, &facts.event.days);
    let windows = ticket.clamp_windows(of_holder);
    let has_open_window = |day: usize| {
        let mut windows = windows.iter();
        windows.any(|window| window.day == day && window.is_open(now))
    };
    let is_today = |day: &usize| days[*day].dates.contains(&now) || has_open_window(*day);
    let mut todays = (0..days.len()).filter(is_today).peekable();
    if todays.peek().is_some() && !todays.any(|day| kind.is_good_for(day)) {
        return Err(Refusal::WrongDay);
    }
    let open = (0..days.len()).filter(|&day| kind.is_good_for(day) && has_open_window(day));
    let in_turn = in_turn(open.collect(), days, now);
    let with_entry_left = in_turn.iter().find(|day| has_entry_left(**day));
    if let Some(day) = with_entry_left.or(in_turn.first()) {
        return Ok(*day);
    }
    // No window ever opens for this holder, so nothing has expired.
    if !of_holder.iter().any(|window| kind.is_good_for(window.day)) {
        return Err(Refusal::WrongDay);
    }
    let windows = windows.iter().filter(|window| kind.is_good_for(window.day));
    Err(closed(windows, ticket, now))
}

/// Sorts the days with open doors by priority. A running day, the first if several overlap, decides alone.
/// Otherwise late grace precedes early opening.
fn in_turn(open: Vec<usize>, days: &[Day], now: Timestamp) -> Vec<usize> {
    let (mut late, rest): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|&day| days[day].ends <= now);
    let (early, running): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|&day| now < days[day].starts);
    if let Some(first) = running.first() {
        return vec![*first];
    }
    late.sort_by_key(|&day| Reverse(days[day].ends));
    late.extend(early);
    late
}

/// Returns not open if a window opens later or the ticket becomes valid later, else expired.
fn closed<'w>(
    windows: impl Iterator<Item = &'w Window>,
    ticket: &TicketFacts,
    now: Timestamp,
) -> Refusal {
    let opens = windows.map(|window| window.opens);
    let next = opens.filter(|opens| *opens > now).min();
    match next.or_else(|| ticket.begins_after(now)) {
        Some(opens_at) => Refusal::NotOpen { opens_at },
        None => Refusal::Expired,
    }
}
