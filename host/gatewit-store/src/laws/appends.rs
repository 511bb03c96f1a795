//! Sequences: the numbers of appended rows.

use gatewit_domain::ports::{Appended, Commit, Store, StoreError, Write};
use std::sync::Arc;
use tokio::task::JoinSet;

use super::{absent, add, append, commit, delete, key, put, rows};

pub(super) async fn sequences_follow_the_order_of_commits_without_gaps(store: &dyn Store) {
    let answers = tokio::join!(
        commit(store, [], [append("log/x/", "one 1")]),
        commit(
            store,
            [absent("taken"), absent("log/x/0000000000000001")],
            [append("log/x/", "one 2")]
        ),
        store.commit(
            vec![],
            vec![append("log/x/", "one 3"), append("log/x/", "no-number")]
        ),
        commit(
            store,
            [],
            [
                append("log/x/", "one 4"),
                put("other", "1"),
                append("log/x/", "one 5")
            ]
        ),
        store.commit(
            vec![],
            vec![
                append("log/x/", "one 6"),
                put("text", "one"),
                add("text", 1)
            ]
        ),
        commit(store, [], [append("log/x/", "one 7")]),
    );
    let done = |sequences: &[u64]| Commit::Done(sequences.to_vec());
    assert_eq!(answers.0, done(&[1]));
    assert_eq!(answers.1, Commit::Blocked(1));
    assert!(
        matches!(answers.2, Err(StoreError::Failed { .. })),
        "{:?}",
        answers.2
    );
    assert_eq!(answers.3, done(&[2, 3]));
    assert!(
        matches!(answers.4, Err(StoreError::Failed { .. })),
        "{:?}",
        answers.4
    );
    assert_eq!(answers.5, done(&[4]));
    let log = ["one 1", "one 4", "one 5", "one 7"].map(str::to_owned);
    let kept: Vec<_> = rows(store, "log/")
        .await
        .into_iter()
        .map(|(_, step)| step)
        .collect();
    assert_eq!(kept, log);
    let last = store.get(&Appended::key(&key("log/x/"), 4)).await.unwrap();
    assert_eq!(last, Some("one 7".into()));
}

pub(super) async fn each_prefix_counts_for_itself(store: &dyn Store) {
    // The keys of the last prefix lie among those of the first.
    for prefix in ["log/x/", "log/y/", "log/x/0"] {
        for sequence in 1..=3 {
            let answer = commit(store, [], [append(prefix, "one 1")]).await;
            assert_eq!(answer, Commit::Done(vec![sequence]), "{prefix}");
        }
    }
}

pub(super) async fn rows_of_a_sequence_are_appended_and_deleted_from_its_end(store: &dyn Store) {
    commit(
        store,
        [],
        [append("log/x/", "one 1"), append("log/x/", "one 2")],
    )
    .await;
    let (first, last) = ("log/x/0000000000000001", "log/x/0000000000000002");
    for write in [
        put(last, "one 3"),
        put("log/x/0000000000000003", "one 3"),
        Write::Insert(key("log/z"), "one 3".into()),
        add(last, 1),
        delete(first),
        append("other/", "one 1"),
        put("sums/x/one", "7"),
        add("counts/x", 1),
    ] {
        let answer = store.commit(vec![], vec![write.clone()]).await;
        assert!(
            matches!(answer, Err(StoreError::Failed { .. })),
            "{write:?}: {answer:?}"
        );
    }
    commit(
        store,
        [],
        [
            delete("log/x/0000000000000009"),
            delete(last),
            append("log/x/", "one 5"),
        ],
    )
    .await;
    assert_eq!(rows(store, "log/").await[1].1, "one 5");
    commit(store, [], [delete(last), delete(first)]).await;
    let derived = [
        "counts/x",
        "steps/x/one/0001",
        "steps/x/one/0002",
        "sums/x/one",
    ];
    assert_eq!(rows(store, "").await.len(), derived.len());
    commit(store, [], derived.map(delete)).await;
    assert_eq!(rows(store, "").await, []);
    let answer = commit(store, [], [append("log/x/", "one 1")]).await;
    assert_eq!(answer, Commit::Done(vec![1]));
}

pub(super) async fn a_sequence_is_deleted_in_several_commits(store: &dyn Store) {
    let appends = vec![append("log/x/", "one 1"); 600];
    commit(store, [], appends).await;
    let (mut log, mut derived) = (rows(store, "log/").await, Vec::new());
    for table in ["steps/", "sums/", "counts/"] {
        derived.extend(rows(store, table).await);
    }
    while !log.is_empty() {
        let piece = log.split_off(log.len().saturating_sub(256));
        let piece = piece.iter().rev();
        let mut deletes: Vec<_> = piece.map(|(name, _)| delete(name)).collect();
        // Some of the derived rows with the appended ones, some later.
        let beside = derived.split_off(derived.len().saturating_sub(150));
        deletes.extend(beside.iter().map(|(name, _)| delete(name)));
        commit(store, [], deletes).await;
        assert_eq!(rows(store, "log/").await, log);
    }
    let rest: Vec<_> = derived.iter().map(|(name, _)| delete(name)).collect();
    commit(store, [], rest).await;
    assert_eq!(rows(store, "").await, []);
    commit(store, [], [append("log/x/", "one 1")]).await;
    super::check_fold(store).await;
}

pub(super) async fn of_64_that_append_at_once_each_gets_a_number_of_its_own<S: Store + 'static>(
    store: Arc<S>,
) {
    let mut tasks = JoinSet::new();
    for member in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..10 {
                let step = append("log/x/", &format!("account-{member} 1"));
                match commit(&*store, [], [step]).await {
                    Commit::Done(sequences) => numbers.extend(sequences),
                    Commit::Blocked(_) => unreachable!("there is no guard"),
                }
            }
            assert!(numbers.is_sorted());
            numbers
        });
    }
    let mut numbers: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, Vec::from_iter(1..=640));
    super::check_fold(&*store).await;
}
