//! Guards: the conditions under which a commit is applied.

use gatewit_domain::ports::{Commit, Guard, Store};

use super::{BLOCKED, DONE, absent, add, below, commit, delete, key, pairs, put, rows, unchanged};

pub(super) async fn an_absent_guard_blocks_while_the_key_has_a_value(store: &dyn Store) {
    let first = commit(store, [absent("a")], [put("a", "")]).await;
    let second = commit(store, [absent("a")], [put("a", "2")]).await;
    commit(store, [], [delete("a")]).await;
    let third = commit(store, [absent("a")], [put("a", "3")]).await;
    assert_eq!([first, second, third], [DONE, BLOCKED, DONE]);
    assert_eq!(rows(store, "").await, pairs([("a", "3")]));
}

pub(super) async fn an_unchanged_guard_holds_for_the_stored_value_alone(store: &dyn Store) {
    commit(store, [], [put("text", "old"), add("count", 5)]).await;
    let commits = [
        commit(store, [unchanged("text", "older")], []).await,
        commit(store, [unchanged("text", "")], []).await,
        commit(store, [unchanged("nothing", "")], []).await,
        commit(store, [unchanged("count", "5")], []).await,
        commit(store, [unchanged("text", "old")], [put("text", "new")]).await,
        commit(store, [unchanged("text", "old")], [put("text", "lost")]).await,
    ];
    assert_eq!(commits, [BLOCKED, BLOCKED, BLOCKED, DONE, DONE, BLOCKED]);
    let kept = pairs([("count", "5"), ("text", "new")]);
    assert_eq!(rows(store, "").await, kept);
}

pub(super) async fn a_below_guard_blocks_from_the_limit_on(store: &dyn Store) {
    let absent = [
        commit(store, [below("n", 1)], []).await,
        commit(store, [below("n", 0)], []).await,
        commit(store, [below("n", -1)], []).await,
    ];
    assert_eq!(absent, [DONE, BLOCKED, BLOCKED]);

    commit(store, [], [put("n", "2")]).await;
    let counted = [
        commit(store, [below("n", 3)], [add("n", 1)]).await,
        commit(store, [below("n", 3)], [add("n", 1)]).await,
        commit(store, [], [add("n", -1)]).await,
        commit(store, [below("n", 3)], [add("n", 1)]).await,
    ];
    assert_eq!(counted, [DONE, BLOCKED, DONE, DONE]);
    assert_eq!(rows(store, "").await, pairs([("n", "3")]));
}

pub(super) async fn a_seen_guard_blocks_once_the_value_has_changed(store: &dyn Store) {
    let seen = |value: &'static str| Guard::Seen(key("a"), value.into());
    commit(store, [], [put("a", "1")]).await;
    let answers = [
        commit(store, [seen("1")], [add("n", 1)]).await,
        commit(store, [seen("2")], [add("n", 1)]).await,
        commit(store, [], [put("a", "2")]).await,
        commit(store, [seen("1")], [add("n", 1)]).await,
        commit(store, [seen("2")], [delete("a")]).await,
        commit(store, [seen("2")], [add("n", 1)]).await,
    ];
    assert_eq!(answers, [DONE, BLOCKED, DONE, BLOCKED, DONE, BLOCKED]);
    assert_eq!(rows(store, "").await, pairs([("n", "1")]));
}

pub(super) async fn the_first_guard_that_does_not_hold_is_named(store: &dyn Store) {
    commit(store, [], [put("a", "1")]).await;
    let guards = [unchanged("a", "1"), absent("b"), below("a", 1), absent("a")];
    let answer = commit(store, guards, [put("b", "1")]).await;
    assert_eq!(answer, Commit::Blocked(2));
}

pub(super) async fn guards_speak_of_what_was_before_the_writes_beside_them(store: &dyn Store) {
    let guards = [absent("a"), below("n", 1)];
    let answer = commit(store, guards, [put("a", "1"), add("n", 9)]).await;
    assert_eq!(answer, DONE);
}

pub(super) async fn guards_see_the_commits_that_arrived_just_before(store: &dyn Store) {
    let answers = tokio::join!(
        commit(store, [absent("a")], [put("a", "1"), add("n", 1)]),
        commit(store, [absent("a")], [put("a", "2"), add("n", 1)]),
        commit(store, [unchanged("a", "1"), below("n", 2)], [delete("a")]),
        commit(store, [absent("a"), unchanged("n", "1")], [add("n", 1)]),
        commit(store, [below("n", 2)], [add("n", 1)]),
    );
    assert_eq!(answers, (DONE, BLOCKED, DONE, DONE, BLOCKED));
    assert_eq!(rows(store, "").await, pairs([("n", "2")]));
}

pub(super) async fn a_blocked_commit_applies_nothing(store: &dyn Store) {
    commit(store, [], [put("a", "1"), put("n", "1")]).await;
    let writes = [put("b", "2"), delete("a"), add("n", 1), put("a", "3")];
    let answer = commit(store, [absent("b"), absent("a")], writes).await;
    assert_eq!(answer, Commit::Blocked(1));
    assert_eq!(rows(store, "").await, pairs([("a", "1"), ("n", "1")]));
}
