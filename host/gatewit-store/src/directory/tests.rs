//! Which data directories open, and the errors of those that do not.

use gatewit_domain::ports::{Key, Store, StoreLayout, Write as Change};
use tempfile::{TempDir, tempdir};

use super::*;
use crate::SledStore;

/// A data directory with rows in it, opened and closed twice, so that sled has created every kind of its files.
async fn filled() -> TempDir {
    let home = tempdir().unwrap();
    for round in 0..2 {
        let store = SledStore::open(home.path(), StoreLayout::plain()).unwrap();
        for n in 0..200 {
            let key = Key::new(format!("{round}/{n}"));
            let put = Change::Put(key, vec![b'x'; 5000].into());
            store.commit(vec![], vec![put]).await.unwrap();
        }
    }
    home
}

#[track_caller]
fn refusal(directory: &Path) -> String {
    match SledStore::open(directory, StoreLayout::plain()) {
        Ok(_) => panic!("{} must not open", directory.display()),
        Err(err) => err.to_string(),
    }
}

#[track_caller]
fn assert_damaged(home: &TempDir) {
    let directory = home.path().display();
    let expected = format!(
        "cannot open the database in {directory}: restore the directory from a backup, \
         or import the last export into an empty one"
    );
    assert_eq!(refusal(home.path()), expected);
}

#[test]
fn a_directory_in_use_is_refused_until_it_is_free() {
    let home = tempdir().unwrap();
    let store = SledStore::open(home.path(), StoreLayout::plain()).unwrap();
    let directory = home.path().display();
    let expected = format!("data directory {directory} is in use by another process");
    assert_eq!(refusal(home.path()), expected);
    drop(store);
    SledStore::open(home.path(), StoreLayout::plain()).unwrap();
}

#[test]
fn a_new_directory_is_for_its_user_alone_and_says_its_format() {
    let home = tempdir().unwrap();
    let directory = home.path().join("missing").join("gatewit");
    drop(SledStore::open(&directory, StoreLayout::plain()).unwrap());
    for created in [
        directory.as_path(),
        &directory.join("db"),
        &home.path().join("missing"),
    ] {
        let mode = fs::metadata(created).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", created.display());
    }
    let format = fs::read_to_string(directory.join("format")).unwrap();
    assert_eq!(format, "2\n");
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let home = tempdir().unwrap();
    fs::write(home.path().join("format"), "3\n").unwrap();
    let directory = home.path().display();
    let expected = format!(
        "data directory {directory} has format 3, but this gatewit knows formats up to 2: \
         run a newer gatewit"
    );
    assert_eq!(refusal(home.path()), expected);
    assert!(!home.path().join("db").exists());
}

#[test]
fn an_older_format_is_refused_with_the_way_to_move_on_and_left_alone() {
    let home = tempdir().unwrap();
    fs::write(home.path().join("format"), "1\n").unwrap();
    let directory = home.path().display();
    let expected = format!(
        "data directory {directory} has format 1, which this gatewit does not read: \
         export it with the gatewit that wrote it, then import into an empty directory"
    );
    assert_eq!(refusal(home.path()), expected);
    assert!(!home.path().join("db").exists());
}

#[test]
fn a_format_that_is_no_number_is_damage() {
    let home = tempdir().unwrap();
    fs::write(home.path().join("format"), "").unwrap();
    assert_damaged(&home);
}

#[test]
fn a_first_opening_that_was_cut_short_is_taken_up_again() {
    let home = tempdir().unwrap();
    drop(SledStore::open(home.path(), StoreLayout::plain()).unwrap());
    fs::remove_file(home.path().join("format")).unwrap();
    fs::write(home.path().join("format.part"), "").unwrap();
    drop(SledStore::open(home.path(), StoreLayout::plain()).unwrap());
    assert_eq!(
        fs::read_to_string(home.path().join("format")).unwrap(),
        "2\n"
    );
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let home = tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let lock = file.join("lock");
    assert_eq!(refusal(&file), format!("cannot open {}", lock.display()));
}

#[tokio::test]
async fn garbage_in_the_database_is_damage() {
    let home = filled().await;
    let database = home.path().join("db/db");
    let garbage: Vec<_> = (0..fs::metadata(&database).unwrap().len())
        .map(|n| (n * n / 7) as u8)
        .collect();
    fs::write(&database, garbage).unwrap();
    assert_damaged(&home);
}

#[tokio::test]
async fn a_database_cut_short_is_damage() {
    let home = filled().await;
    let database = File::options()
        .write(true)
        .open(home.path().join("db/db"))
        .unwrap();
    database.set_len(1 << 19).unwrap();
    assert_damaged(&home);
}

#[tokio::test]
async fn a_database_that_is_gone_is_damage() {
    let home = filled().await;
    fs::remove_dir_all(home.path().join("db")).unwrap();
    assert_damaged(&home);
}
