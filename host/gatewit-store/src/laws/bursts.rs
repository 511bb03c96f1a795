//! Random sequences of commits and reads, and a store's answers to them.
//!
//! Two stores that obey the laws answer every sequence the same.

use bytes::Bytes;
use gatewit_domain::ports::{Guard, Key, Store, Write};
use proptest::prelude::*;

use super::{check_fold, key};

/// Commits that arrive at once, in this order, then a scan.
#[derive(Clone, Debug)]
pub(crate) struct Burst {
    commits: Vec<(Vec<Guard>, Vec<Write>)>,
    prefix: Key,
    after: Option<Key>,
    limit: usize,
}

pub(crate) fn bursts() -> impl Strategy<Value = Vec<Burst>> {
    prop::collection::vec(burst(), 1..8)
}

/// All answers of the store to the bursts, and its contents afterwards.
pub(crate) async fn outcomes(store: &dyn Store, bursts: &[Burst]) -> Vec<String> {
    let mut outcomes = Vec::new();
    for burst in bursts {
        let commits = burst.commits.iter().cloned();
        let asked: Vec<_> = commits
            .map(|(guards, writes)| store.commit(guards, writes))
            .collect();
        for answer in in_order(asked).await {
            outcomes.push(match answer {
                Ok(commit) => format!("{commit:?}"),
                Err(err) => format!("{err}: {:?}", std::error::Error::source(&err)),
            });
        }
        let page = store.scan(&burst.prefix, burst.after.as_ref(), burst.limit);
        outcomes.push(format!("{:?}", page.await.unwrap()));
        outcomes.push(format!("{:?}", store.get(&burst.prefix).await.unwrap()));
    }
    let all = store.scan(&key(""), None, usize::MAX).await.unwrap();
    outcomes.push(format!("{all:?}"));
    check_fold(store).await;
    outcomes
}

/// Starts all commits in order before it waits for any.
async fn in_order<F: Future + Unpin>(mut asked: Vec<F>) -> Vec<F::Output> {
    let mut answers: Vec<_> = asked.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (asked, answer) in asked.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let std::task::Poll::Ready(ready) = std::pin::Pin::new(asked).poll(context)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    answers.into_iter().flatten().collect()
}

fn burst() -> impl Strategy<Value = Burst> {
    let commit = (
        prop::collection::vec(guard(), 0..3),
        prop::collection::vec(write(), 0..5),
    );
    let commits = prop::collection::vec(commit, 0..6);
    (
        commits,
        some_key(),
        prop::option::of(some_key()),
        0..6_usize,
    )
        .prop_map(|(commits, prefix, after, limit)| Burst {
            commits,
            prefix,
            after,
            limit,
        })
}

fn guard() -> impl Strategy<Value = Guard> {
    prop_oneof![
        some_key().prop_map(Guard::Absent),
        (some_key(), some_value()).prop_map(|(key, value)| Guard::Unchanged(key, value)),
        (some_key(), some_value()).prop_map(|(key, value)| Guard::Seen(key, value)),
        (some_key(), -2..5_i64).prop_map(|(key, limit)| Guard::Below(key, limit)),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (written_key(), some_value()).prop_map(|(key, value)| Write::Put(key, value)),
        1 => (written_key(), some_value()).prop_map(|(key, value)| Write::Insert(key, value)),
        2 => written_key().prop_map(Write::Delete),
        1 => (some_key(), some_value()).prop_map(|(key, value)| Write::Put(key, value)),
        3 => (a_book(), a_step()).prop_map(|(book, step)| Write::Append(book, step)),
        2 => (written_key(), -3..4_i64).prop_map(|(key, amount)| Write::Add(key, amount)),
    ]
}

/// Few keys, so that commits meet; each is the prefix of another or its neighbour.
const WRITTEN: [&[u8]; 11] = [
    b"",
    b"a",
    b"a/",
    b"a/1",
    b"a/1/2",
    b"a/1/2/3",
    b"a/\xff",
    b"a0",
    b"\xfe",
    b"\xff",
    b"\xff\xff",
];

/// Rows of sequences and what derives from them, and prefixes of both.
const FOLLOWING: [&[u8]; 9] = [
    b"log/x/0000000000000001",
    b"log/x/",
    b"s",
    b"counts/x",
    b"sums/x/one",
    b"sums/",
    b"steps/x/",
    b"steps/x/one",
    b"steps/x/one/0002",
];

fn written_key() -> impl Strategy<Value = Key> {
    prop::sample::select(WRITTEN.map(key).to_vec())
}

fn some_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        written_key(),
        prop::sample::select(FOLLOWING.map(key).to_vec())
    ]
}

fn a_book() -> impl Strategy<Value = Key> {
    prop::sample::select(vec![key("log/x/"), key("log/y/")])
}

fn a_step() -> impl Strategy<Value = Bytes> {
    let steps = ["one 1", "one 1", "one -1", "two 5", "nonsense"];
    prop::sample::select(steps.map(Bytes::from).to_vec())
}

fn some_value() -> impl Strategy<Value = Bytes> {
    let values = ["", "0", "1", "2", "-1", "9223372036854775807", "text"];
    prop::sample::select(values.map(Bytes::from).to_vec())
}
