//! Comparison of references, orders and type ids: one fold for identity, uniqueness, look-up and search.
//!
//! Not for codes, which are secrets of ticketing systems and are compared exactly.

use std::borrow::Cow;

pub(crate) use gatewit_text::identifier::is_outer;
pub use gatewit_text::identifier::{fold, is_same};

/// The orders that a text may mean, folded, starting with the text as written. People write a mark before an order, and
/// a ticket's number after it: `#MH9CG`, `MH9CG-1`.
pub fn order_meanings(text: &str) -> Vec<String> {
    let written = fold(text);
    let unmarked = without_mark(&written);
    let marked_or_not = [Some(&*written), unmarked].into_iter().flatten();
    let numberless = marked_or_not.clone().filter_map(without_position);
    let meanings = marked_or_not.chain(numberless).map(fold);
    // Tickets without an order do not belong together.
    let orders = meanings.filter(|order| !order.is_empty());
    orders.map(Cow::into_owned).collect()
}

/// Removes the mark before an order or a reference; None if there is none.
pub fn without_mark(text: &str) -> Option<&str> {
    text.strip_prefix('#')
}

/// Returns the order if a ticket's number follows it.
fn without_position(text: &str) -> Option<&str> {
    let (order, position) = text.rsplit_once('-')?;
    let is_number = !position.is_empty() && position.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_may_have_a_mark_before_it_and_a_position_after_it() {
        for (text, meanings) in [
            ("mh9cg", &["MH9CG"][..]),
            (" # mh9cg", &["# MH9CG", "MH9CG"]),
            ("\u{ff03}A\u{2013}1", &["#A-1", "A-1", "#A", "A"]),
            ("2027-001-1", &["2027-001-1", "2027-001"]),
            ("#", &["#"]),
            ("-1", &["-1"]),
            ("#-1", &["#-1", "-1", "#"]),
            ("A-", &["A-"]),
            ("A-x", &["A-X"]),
            (" ", &[]),
        ] {
            assert_eq!(order_meanings(text), meanings, "{text:?}");
        }
    }
}
