//! Derived rows: what follows from appended ones.

use gatewit_domain::ports::{Commit, Store, StoreError};

use super::{
    BLOCKED, absent, append, below, check_fold, commit, key, pairs, rows, unchanged, value,
};

pub(super) async fn derived_rows_are_the_fold_of_the_appended_rows(store: &dyn Store) {
    for (book, step) in [
        ("x", "one 1"),
        ("x", "one 2"),
        ("y", "one 5"),
        ("x", "two 7"),
        ("x", "one -3"),
    ] {
        commit(store, [], [append(&format!("log/{book}/"), step)]).await;
        check_fold(store).await;
    }
    let several = ["two 1", "two 1", "three 3", "two -9"].map(|step| append("log/x/", step));
    commit(store, [], several).await;
    check_fold(store).await;
    assert_eq!(
        rows(store, "sums/").await,
        pairs([("sums/x/three", "3"), ("sums/y/one", "5")])
    );
    let (prefix, after) = (key("steps/x/"), key("steps/x/one/0002"));
    let page = store.scan(&prefix, Some(&after), 2).await.unwrap();
    assert_eq!(page.len(), 2);
}

pub(super) async fn guards_on_derived_rows_decide_like_any(store: &dyn Store) {
    let answers = tokio::join!(
        commit(store, [absent("sums/x/one")], [append("log/x/", "one 1")]),
        commit(store, [absent("sums/x/one")], [append("log/x/", "one 1")]),
        commit(
            store,
            [unchanged("sums/x/one", "1")],
            [append("log/x/", "one 1")]
        ),
        commit(
            store,
            [unchanged("sums/x/one", "1")],
            [append("log/x/", "one 1")]
        ),
        commit(store, [below("counts/x", 3)], [append("log/x/", "one -2")]),
        commit(store, [below("counts/x", 3)], [append("log/x/", "one 1")]),
        commit(store, [absent("sums/x/one")], [append("log/x/", "one 9")]),
    );
    let done = |sequence| Commit::Done(vec![sequence]);
    let expected = (
        done(1),
        BLOCKED,
        done(2),
        BLOCKED,
        done(3),
        BLOCKED,
        done(4),
    );
    assert_eq!(answers, expected);
    assert_eq!(value(store, "sums/x/one").await.as_deref(), Some("9"));
    check_fold(store).await;
}

pub(super) async fn a_row_that_nothing_derives_from_fails_its_commit_and_no_other(
    store: &dyn Store,
) {
    let answers = tokio::join!(
        commit(store, [], [append("log/x/", "one 1")]),
        store.commit(
            vec![],
            vec![append("log/x/", "one 2"), append("log/x/", "nonsense")]
        ),
        commit(store, [], [append("log/x/", "one 3")]),
    );
    assert!(
        matches!(answers.1, Err(StoreError::Failed { .. })),
        "{:?}",
        answers.1
    );
    assert_eq!(
        (answers.0, answers.2),
        (Commit::Done(vec![1]), Commit::Done(vec![2]))
    );
    assert_eq!(value(store, "sums/x/one").await.as_deref(), Some("4"));
    check_fold(store).await;
}
