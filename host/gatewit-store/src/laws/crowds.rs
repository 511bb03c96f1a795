//! Laws about many commits at once.

use std::sync::Arc;

use gatewit_domain::ports::{Commit, Guard, Store, Write};
use tokio::task::JoinSet;

use super::{absent, add, below, commit, key, put, rows, unchanged, value};

const CROWD: usize = 64;

/// Commits `ROUNDS` times on each of 64 tasks at once, and returns how many commits were done.
async fn crowd(
    store: &Arc<impl Store + 'static>,
    rounds: usize,
    make: impl Fn(usize, usize) -> (Vec<Guard>, Vec<Write>) + Copy + Send + 'static,
) -> usize {
    let mut tasks = JoinSet::new();
    for member in 0..CROWD {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut done = 0;
            for round in 0..rounds {
                let (guards, writes) = make(member, round);
                done +=
                    usize::from(commit(&*store, guards, writes).await == Commit::Done(Vec::new()));
            }
            done
        });
    }
    tasks.join_all().await.into_iter().sum()
}

pub(super) async fn of_64_commits_for_one_absent_key_one_wins<S: Store + 'static>(store: Arc<S>) {
    let done = crowd(&store, 10, |member, round| {
        let name = format!("key/{round}");
        let guards = vec![absent(&name)];
        let writes = vec![put(&name, &member.to_string()), add("wins", 1)];
        (guards, writes)
    });
    assert_eq!(done.await, 10);
    assert_eq!(value(&*store, "wins").await.as_deref(), Some("10"));
    assert_eq!(rows(&*store, "key/").await.len(), 10);
}

pub(super) async fn of_two_commits_that_write_what_the_other_wants_absent_one_wins<
    S: Store + 'static,
>(
    store: Arc<S>,
) {
    let done = crowd(&store, 10, |member, round| {
        let (pair, side) = (member / 2, member % 2);
        let name = |side| format!("key/{round}/{pair}/{side}");
        let guards = vec![absent(&name(1 - side))];
        (guards, vec![put(name(side), ""), add("wins", 1)])
    });
    assert_eq!(done.await, CROWD / 2 * 10);
    assert_eq!(rows(&*store, "key/").await.len(), CROWD / 2 * 10);
}

pub(super) async fn several_reads_see_one_moment<S: Store + 'static>(store: Arc<S>) {
    // Of several tables, in memory and not.
    let names = ["a/1", "pair/1", "other/1", "text", "a/2"];
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for round in 0..200 {
            let writes = names.map(|name| put(name, &round.to_string()));
            commit(&*writer, [], writes).await;
        }
    });
    let keys = names.map(key);
    while !writing.is_finished() {
        let values = store.get_many(&keys).await.unwrap();
        assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
}

pub(super) async fn of_64_changes_of_one_value_one_wins<S: Store + 'static>(store: Arc<S>) {
    commit(&*store, [], [put("a", "0")]).await;
    let done = crowd(&store, 10, |_, round| {
        let next = (round + 1).to_string();
        let guards = vec![unchanged("a", &round.to_string())];
        (guards, vec![put("a", &next), add("wins", 1)])
    });
    let done = done.await.to_string();
    assert_eq!(value(&*store, "a").await, Some(done.clone()));
    assert_eq!(value(&*store, "wins").await, Some(done));
}

pub(super) async fn counters_lose_no_addition<S: Store + 'static>(store: Arc<S>) {
    let done = crowd(&store, 20, |member, round| {
        let amount = (member * round) as i64;
        (vec![], vec![add("n", 1), add("sum", amount), add("n", 1)])
    });
    assert_eq!(done.await, CROWD * 20);
    assert_eq!(value(&*store, "n").await.as_deref(), Some("2560"));
    let sum = (0..64).sum::<i64>() * (0..20).sum::<i64>();
    assert_eq!(value(&*store, "sum").await, Some(sum.to_string()));
}

pub(super) async fn a_limit_is_reached_and_never_passed<S: Store + 'static>(store: Arc<S>) {
    let done = crowd(&store, 5, |_, _| {
        (vec![below("inside", 100)], vec![add("inside", 1)])
    });
    assert_eq!(done.await, 100);
    assert_eq!(value(&*store, "inside").await.as_deref(), Some("100"));
}

pub(super) async fn a_scan_sees_a_commit_whole_or_not_at_all<S: Store + 'static>(store: Arc<S>) {
    let names: Vec<_> = (0..50).map(|n| format!("pair/{n:02}")).collect();
    let mut writing = JoinSet::new();
    for member in 0..4 {
        let (store, names) = (Arc::clone(&store), names.clone());
        writing.spawn(async move {
            for round in 0..50 {
                let value = format!("{member}.{round}");
                let writes: Vec<_> = names.iter().map(|name| put(name, &value)).collect();
                commit(&*store, [], writes).await;
            }
        });
    }
    while !writing.is_empty() {
        let rows = store.scan(&key("pair/"), None, 99).await.unwrap();
        let is_whole = rows.is_empty() || rows.len() == names.len();
        assert!(
            is_whole && rows.iter().all(|(_, value)| value == &rows[0].1),
            "{rows:?}"
        );
        tokio::task::yield_now().await;
        while let Some(written) = writing.try_join_next() {
            written.unwrap();
        }
    }
}
