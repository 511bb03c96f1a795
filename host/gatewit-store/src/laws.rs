//! The laws that every store must obey, one function each, named after the law.
//!
//! Knows the port, and not how a store works.

mod accounts;
mod appends;
mod bursts;
mod crowds;
mod derived;
mod guards;
mod scans;
mod writes;

use std::sync::Arc;

use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Key, Store, StoreLayout, Write};

pub(crate) use accounts::{check_fold, layout};
pub(crate) use bursts::{bursts, outcomes};

/// Checks every law, each on a store of its own: first with ordinary tables, then with resident ones and sequences.
pub(crate) async fn check_all<S: Store + 'static>(make: impl Fn(StoreLayout) -> S) {
    check_ordinary(|| make(StoreLayout::plain())).await;
    check_ordinary(|| make(layout())).await;
    check_sequences(|| make(layout())).await;
}

async fn check_sequences<S: Store + 'static>(make: impl Fn() -> S) {
    appends::sequences_follow_the_order_of_commits_without_gaps(&make()).await;
    appends::each_prefix_counts_for_itself(&make()).await;
    appends::rows_of_a_sequence_are_appended_and_deleted_from_its_end(&make()).await;
    appends::a_sequence_is_deleted_in_several_commits(&make()).await;
    appends::of_64_that_append_at_once_each_gets_a_number_of_its_own(Arc::new(make())).await;

    derived::derived_rows_are_the_fold_of_the_appended_rows(&make()).await;
    derived::guards_on_derived_rows_decide_like_any(&make()).await;
    derived::a_row_that_nothing_derives_from_fails_its_commit_and_no_other(&make()).await;
}

async fn check_ordinary<S: Store + 'static>(make: impl Fn() -> S) {
    guards::an_absent_guard_blocks_while_the_key_has_a_value(&make()).await;
    guards::an_unchanged_guard_holds_for_the_stored_value_alone(&make()).await;
    guards::a_below_guard_blocks_from_the_limit_on(&make()).await;
    guards::a_seen_guard_blocks_once_the_value_has_changed(&make()).await;
    guards::the_first_guard_that_does_not_hold_is_named(&make()).await;
    guards::guards_speak_of_what_was_before_the_writes_beside_them(&make()).await;
    guards::guards_see_the_commits_that_arrived_just_before(&make()).await;
    guards::a_blocked_commit_applies_nothing(&make()).await;

    writes::writes_to_one_key_apply_in_the_order_given(&make()).await;
    writes::an_addition_counts_from_zero_in_decimal(&make()).await;
    writes::an_addition_that_cannot_be_fails_its_commit_and_no_other(&make()).await;
    writes::an_empty_value_is_a_value(&make()).await;
    writes::a_commit_may_be_empty(&make()).await;
    writes::deleting_what_is_not_there_is_done(&make()).await;
    writes::an_insert_sets_the_value_of_a_new_key(&make()).await;
    writes::an_insert_of_a_commit_that_fails_promises_nothing(&make()).await;
    writes::keys_up_to_a_kibibyte_are_kept(&make()).await;
    writes::values_up_to_a_mebibyte_are_kept(&make()).await;

    scans::a_scan_is_in_the_order_of_the_bytes_of_its_keys(&make()).await;
    scans::a_prefix_ends_where_its_bytes_end(&make()).await;
    scans::pages_follow_one_another_without_gap_or_overlap(&make()).await;
    scans::a_scan_begins_after_any_key(&make()).await;

    crowds::of_64_commits_for_one_absent_key_one_wins(Arc::new(make())).await;
    crowds::of_two_commits_that_write_what_the_other_wants_absent_one_wins(Arc::new(make())).await;
    crowds::of_64_changes_of_one_value_one_wins(Arc::new(make())).await;
    crowds::counters_lose_no_addition(Arc::new(make())).await;
    crowds::a_limit_is_reached_and_never_passed(Arc::new(make())).await;
    crowds::several_reads_see_one_moment(Arc::new(make())).await;
    crowds::a_scan_sees_a_commit_whole_or_not_at_all(Arc::new(make())).await;
}

const DONE: Commit = Commit::Done(Vec::new());
const BLOCKED: Commit = Commit::Blocked(0);

fn key(key: impl AsRef<[u8]>) -> Key {
    Key::new(Bytes::copy_from_slice(key.as_ref()))
}

fn put(name: impl AsRef<[u8]>, value: &str) -> Write {
    Write::Put(key(name), Bytes::copy_from_slice(value.as_bytes()))
}

fn delete(name: &str) -> Write {
    Write::Delete(key(name))
}

fn add(name: &str, amount: i64) -> Write {
    Write::Add(key(name), amount)
}

fn append(prefix: &str, value: &str) -> Write {
    Write::Append(key(prefix), Bytes::copy_from_slice(value.as_bytes()))
}

fn absent(name: &str) -> Guard {
    Guard::Absent(key(name))
}

fn unchanged(name: &str, value: &str) -> Guard {
    Guard::Unchanged(key(name), Bytes::copy_from_slice(value.as_bytes()))
}

fn below(name: &str, limit: i64) -> Guard {
    Guard::Below(key(name), limit)
}

/// Commits, and expects that it succeeds.
#[track_caller]
fn commit(
    store: &dyn Store,
    guards: impl Into<Vec<Guard>>,
    writes: impl Into<Vec<Write>>,
) -> impl Future<Output = Commit> {
    let commit = store.commit(guards.into(), writes.into());
    async { commit.await.unwrap() }
}

/// Everything under a prefix, as text.
async fn rows(store: &dyn Store, prefix: &str) -> Vec<(String, String)> {
    let rows = store.scan(&key(prefix), None, usize::MAX).await.unwrap();
    rows.into_iter()
        .map(|(key, value)| (text(key.as_bytes()), text(&value)))
        .collect()
}

async fn value(store: &dyn Store, name: &str) -> Option<String> {
    let value = store.get(&key(name)).await.unwrap();
    value.map(|value| text(&value))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec()
}
