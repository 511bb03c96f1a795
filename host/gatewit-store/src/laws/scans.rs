//! Which rows a scan returns, and in which order.

use gatewit_domain::ports::{Key, Store};

use super::{commit, key, put, rows, text};

async fn names(store: &dyn Store, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Key> {
    let after = after.map(key);
    let rows = store.scan(&key(prefix), after.as_ref(), limit).await;
    rows.unwrap().into_iter().map(|(key, _)| key).collect()
}

fn keys<const N: usize>(names: [&[u8]; N]) -> Vec<Key> {
    names.map(key).to_vec()
}

async fn fill(store: &dyn Store, names: &[&[u8]]) {
    let writes: Vec<_> = names.iter().map(|name| put(name, "v")).collect();
    commit(store, [], writes).await;
}

pub(super) async fn a_scan_is_in_the_order_of_the_bytes_of_its_keys(store: &dyn Store) {
    let names: [&[u8]; 7] = [b"b", b"a10", b"a", b"a\xff", b"B", b"a\0", b"a9"];
    fill(store, &names).await;
    let sorted = keys([b"B", b"a", b"a\0", b"a10", b"a9", b"a\xff", b"b"]);
    assert_eq!(self::names(store, b"", None, 99).await, sorted);
}

pub(super) async fn a_prefix_ends_where_its_bytes_end(store: &dyn Store) {
    let rows: [&[u8]; 10] = [
        b"a",
        b"a.",
        b"a/",
        b"a/1",
        b"a/\xff\xff",
        b"a0",
        b"b",
        b"\xfe",
        b"\xff",
        b"\xff\xff\x01",
    ];
    fill(store, &rows).await;
    let slash = keys([b"a/", b"a/1", b"a/\xff\xff"]);
    assert_eq!(names(store, b"a/", None, 99).await, slash);
    let last = keys([b"\xff", b"\xff\xff\x01"]);
    assert_eq!(names(store, b"\xff", None, 99).await, last);
    let deep = keys([b"\xff\xff\x01"]);
    assert_eq!(names(store, b"\xff\xff", None, 99).await, deep);
    assert_eq!(names(store, b"a/2", None, 99).await, []);
    assert_eq!(names(store, b"\xff\xff\xff", None, 99).await, []);
    assert_eq!(names(store, b"", None, 99).await, keys(rows));
}

pub(super) async fn pages_follow_one_another_without_gap_or_overlap(store: &dyn Store) {
    let expected: Vec<_> = (0..100).map(|n| format!("row/{n:03}")).collect();
    let writes: Vec<_> = expected.iter().map(|name| put(name, "v")).collect();
    commit(store, [], writes).await;
    commit(store, [], [put("row", "v"), put("row0", "v")]).await;

    let (prefix, mut after, mut seen) = (key("row/"), None, Vec::new());
    loop {
        let page = store.scan(&prefix, after.as_ref(), 7).await.unwrap();
        seen.extend(page.iter().map(|(key, _)| text(key.as_bytes())));
        after = page.last().map(|(key, _)| key.clone());
        if page.len() < 7 {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(rows(store, "row/").await.len(), 100);
}

pub(super) async fn a_scan_begins_after_any_key(store: &dyn Store) {
    fill(store, &[b"a", b"p", b"p1", b"p3", b"q"]).await;
    let all = keys([b"p", b"p1", b"p3"]);
    assert_eq!(names(store, b"p", Some(b""), 99).await, all);
    assert_eq!(names(store, b"p", Some(b"a"), 99).await, all);
    let rest = keys([b"p1", b"p3"]);
    assert_eq!(names(store, b"p", Some(b"p"), 99).await, rest);
    assert_eq!(names(store, b"p", Some(b"p"), 1).await, keys([b"p1"]));
    assert_eq!(names(store, b"p", Some(b"p2"), 99).await, keys([b"p3"]));
    assert_eq!(names(store, b"p", Some(b"p3"), 99).await, []);
    assert_eq!(names(store, b"p", Some(b"q"), 99).await, []);
    assert_eq!(names(store, b"p", None, 0).await, []);
}
