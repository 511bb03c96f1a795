//! Writes: the values that a commit leaves.

use bytes::Bytes;
use gatewit_domain::ports::{Commit, Guard, Store, StoreError, Write};

use super::{add, below, commit, delete, key, pairs, put, rows, unchanged, value};

pub(super) async fn writes_to_one_key_apply_in_the_order_given(store: &dyn Store) {
    let writes = [
        put("kept", "1"),
        put("kept", "2"),
        put("gone", "1"),
        delete("gone"),
        delete("back"),
        put("back", "1"),
        put("sum", "40"),
        add("sum", 1),
        add("sum", 1),
        add("fresh", 5),
        delete("fresh"),
        add("fresh", 2),
        add("text", 7),
        put("text", "seven"),
    ];
    commit(store, [], writes).await;
    let kept = [
        ("back", "1"),
        ("fresh", "2"),
        ("kept", "2"),
        ("sum", "42"),
        ("text", "seven"),
    ];
    assert_eq!(rows(store, "").await, pairs(kept));
}

pub(super) async fn an_addition_counts_from_zero_in_decimal(store: &dyn Store) {
    let limits = [add("max", i64::MAX), add("min", i64::MIN), add("none", 0)];
    commit(store, [], limits).await;
    commit(store, [], [add("n", 7), put("set", "12")]).await;
    commit(store, [], [add("n", -10), add("set", 3)]).await;
    let kept = [
        ("max", "9223372036854775807"),
        ("min", "-9223372036854775808"),
        ("n", "-3"),
        ("none", "0"),
        ("set", "15"),
    ];
    assert_eq!(rows(store, "").await, pairs(kept));
}

pub(super) async fn an_addition_that_cannot_be_fails_its_commit_and_no_other(store: &dyn Store) {
    let held = [put("text", "one"), put("empty", ""), add("max", i64::MAX)];
    commit(store, [], held).await;
    let faults = tokio::join!(
        store.commit(vec![], vec![put("a", "1"), add("text", 1)]),
        store.commit(vec![], vec![add("n", 1), add("empty", 1)]),
        store.commit(vec![], vec![add("n", 1), add("max", 1)]),
        store.commit(vec![], vec![put("n", "x"), add("n", 1)]),
        store.commit(vec![below("text", 1)], vec![add("n", 1)]),
        commit(store, [], [add("n", 1)]),
    );
    for fault in [faults.0, faults.1, faults.2, faults.3, faults.4] {
        assert!(matches!(fault, Err(StoreError::Failed { .. })), "{fault:?}");
    }
    assert_eq!(faults.5, Commit::Done(Vec::new()));
    let max = ("max", "9223372036854775807");
    let kept = pairs([("empty", ""), max, ("n", "1"), ("text", "one")]);
    assert_eq!(rows(store, "").await, kept);
}

pub(super) async fn an_empty_value_is_a_value(store: &dyn Store) {
    commit(store, [], [put("a", "")]).await;
    assert_eq!(value(store, "a").await.as_deref(), Some(""));
    assert_eq!(value(store, "b").await, None);
    assert_eq!(rows(store, "").await, pairs([("a", "")]));
}

pub(super) async fn a_commit_may_be_empty(store: &dyn Store) {
    assert_eq!(commit(store, [], []).await, Commit::Done(Vec::new()));
    assert_eq!(rows(store, "").await, []);
}

pub(super) async fn deleting_what_is_not_there_is_done(store: &dyn Store) {
    assert_eq!(
        commit(store, [], [delete("a")]).await,
        Commit::Done(Vec::new())
    );
    assert_eq!(rows(store, "").await, []);
}

pub(super) async fn an_insert_sets_the_value_of_a_new_key(store: &dyn Store) {
    let insert = |name: &str, value: &'static str| Write::Insert(key(name), value.into());
    commit(
        store,
        [],
        [
            insert("a", "1"),
            insert("b", "1"),
            insert("c", "1"),
            add("c", 1),
        ],
    )
    .await;
    commit(store, [], [delete("a"), put("b", "2")]).await;
    commit(
        store,
        [],
        [
            insert("a", "3"),
            put("d", "4"),
            delete("d"),
            insert("d", "5"),
        ],
    )
    .await;
    let kept = pairs([("a", "3"), ("b", "2"), ("c", "2"), ("d", "5")]);
    assert_eq!(rows(store, "").await, kept);
}

pub(super) async fn an_insert_of_a_commit_that_fails_promises_nothing(store: &dyn Store) {
    commit(store, [], [put("a", "1"), put("text", "one")]).await;
    let insert = Write::Insert(key("a"), "2".into());
    let answers = tokio::join!(
        store.commit(vec![], vec![insert, add("text", 1)]),
        commit(store, [unchanged("a", "1")], [add("n", 1)]),
    );
    assert!(answers.0.is_err(), "{:?}", answers.0);
    assert!(answers.1.is_done());
    let kept = pairs([("a", "1"), ("n", "1"), ("text", "one")]);
    assert_eq!(rows(store, "").await, kept);
}

pub(super) async fn keys_up_to_a_kibibyte_are_kept(store: &dyn Store) {
    let name = |size: usize, end: u8| {
        let mut name = b"row/".to_vec();
        name.extend((4..size - 1).map(|at| (at % 7) as u8 + b'/'));
        name.push(end);
        key(name)
    };
    let names: Vec<_> = [16, 255, 256, 512, 1023, 1024]
        .into_iter()
        .flat_map(|size| [name(size, 1), name(size, 2)])
        .collect();
    for (position, name) in names.iter().enumerate() {
        let put = Write::Put(name.clone(), position.to_string().into());
        commit(store, [Guard::Absent(name.clone())], [put]).await;
    }
    let kept = store.get_many(&names).await.unwrap();
    let expected: Vec<_> = (0..names.len())
        .map(|position| Some(position.to_string().into()))
        .collect();
    assert_eq!(kept, expected);
    let page = store.scan(&key("row/"), None, 99).await.unwrap();
    assert!(page.is_sorted() && page.len() == names.len());
}

pub(super) async fn values_up_to_a_mebibyte_are_kept(store: &dyn Store) {
    let sizes = [1 << 20, 1 << 10, 8 << 10, 100 << 10, 128 << 10, 1 << 20];
    let large = |size: usize| Bytes::from_iter((0..size).map(|at| (at * size / 7) as u8));
    for (position, size) in sizes.into_iter().enumerate() {
        let name = key(format!("value/{position}"));
        commit(store, [], [Write::Put(name, large(size))]).await;
    }
    // Small neighbours, so that a store that keeps values together writes them again.
    for count in 0..40 {
        commit(store, [], [put("value/count", &count.to_string())]).await;
    }
    for (position, size) in sizes.into_iter().enumerate() {
        let kept = store.get(&key(format!("value/{position}"))).await.unwrap();
        assert!(kept == Some(large(size)), "{size} bytes come back the same");
    }
}
