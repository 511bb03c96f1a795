//! Finds circles among arrows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::modules::{Arrow, Module};

/// Returns the shortest circle, if there is any: each arrow begins where the one before ends.
pub fn shortest_circle(arrows: &BTreeSet<Arrow>) -> Option<Vec<Arrow>> {
    let starts: BTreeSet<&Module> = arrows.iter().map(|arrow| &arrow.from).collect();
    let circles = starts
        .into_iter()
        .filter_map(|start| circle_through(arrows, start));
    circles.min_by_key(Vec::len)
}

/// Returns the shortest way from a module back to itself.
fn circle_through(arrows: &BTreeSet<Arrow>, start: &Module) -> Option<Vec<Arrow>> {
    let mut came_by = BTreeMap::<&Module, &Arrow>::new();
    let mut next = VecDeque::from([start]);
    while let Some(module) = next.pop_front() {
        for arrow in arrows.iter().filter(|arrow| arrow.from == *module) {
            if came_by.contains_key(&arrow.to) {
                continue;
            }
            came_by.insert(&arrow.to, arrow);
            next.push_back(&arrow.to);
        }
    }
    let mut circle = vec![(*came_by.get(start)?).clone()];
    while circle[circle.len() - 1].from != *start {
        let last = &circle[circle.len() - 1];
        circle.push(came_by[&last.from].clone());
    }
    circle.reverse();
    Some(circle)
}
