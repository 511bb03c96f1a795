//! Files that come, go and change while other things happen to their plugins.

use super::*;

#[tokio::test]
async fn a_misnamed_file_that_is_gone_takes_nothing_of_the_plugin_of_its_strategy() {
    let house = House::of(&[("early-vip", &good()), ("early_vip", &good())]).await;
    let rule = rule("EARLY_VIP", json!({}));
    house.ask(&rule).await.unwrap();
    fs::remove_file(plugin_path(house.directory.path(), "early_vip")).unwrap();
    house.engine.look("early_vip").await;
    assert_eq!(house.engine.plugins().len(), 1);
    house.ask(&rule).await.unwrap();
}

#[tokio::test]
async fn components_of_plugins_that_load_at_once_are_all_kept() {
    let components: Vec<_> = (0..8)
        .map(|more| {
            let mut component = good();
            (0..more).for_each(|_| component = renewed(&component));
            (format!("early-{more}"), component)
        })
        .collect();
    let plugins: Vec<_> = components
        .iter()
        .map(|(name, bytes)| (&**name, &**bytes))
        .collect();
    let house = House::of(&plugins).await;
    let kept = fs::read_dir(house.directory.path().join("kept")).unwrap();
    assert_eq!(kept.count(), components.len());
}

#[tokio::test(start_paused = true)]
async fn an_upload_over_a_file_that_goes_stays() {
    let house = early(&good()).await;
    upload(&house, renewed(&good()), false).await.unwrap();
    let served = digest(&house);
    fs::remove_file(plugin_path(house.directory.path(), "early")).unwrap();
    house.engine.look("early").await;
    let row = house.row("early");
    assert_eq!((row.digest, row.error), (Some(served), None));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_comes_back_undoes_no_roll_back() {
    let house = early(&good()).await;
    let first = digest(&house);
    let path = plugin_path(house.directory.path(), "early");
    house.replace("early", &renewed(&good())).await;
    house.engine.roll_back("early", "olga").await.unwrap();
    fs::remove_file(&path).unwrap();
    house.engine.look("early").await;
    house.replace("early", &renewed(&good())).await;
    assert_eq!(digest(&house), first);
}

#[tokio::test]
async fn a_file_that_is_still_being_written_is_not_judged() {
    let house = early(&good()).await;
    let before = house.row("early");
    let component = renewed(&good());
    let half = &component[..component.len() / 2];
    house.replace("early", half).await;
    assert_eq!(house.row("early"), before);
    let path = plugin_path(house.directory.path(), "early");
    let written = File::options().write(true).open(&path).unwrap();
    written
        .set_modified(SystemTime::now() - Duration::from_secs(3))
        .unwrap();
    house.engine.look("early").await;
    assert!(house.row("early").error.unwrap().contains("cut short"));
    house.replace("early", &component).await;
    assert_eq!(house.row("early").generation, 2);
}

#[tokio::test]
async fn a_plugin_in_use_is_removed_only_by_force() {
    let house = early(&good()).await;
    *house.keeper.users.lock().unwrap() = vec!["event \"summit\"".to_owned()];
    let refused = house.engine.remove("early", false, "olga").await;
    assert!(
        matches!(&refused, Err(LibraryError::InUse(words)) if words.contains("event \"summit\"")),
        "{refused:?}"
    );
    house.engine.remove("early", true, "olga").await.unwrap();
    assert_eq!(house.engine.plugins(), []);
}

#[tokio::test]
async fn a_roll_back_that_cannot_be_kept_is_tried_again() {
    let house = early(&good()).await;
    let first = digest(&house);
    let rules = [
        rule("EARLY", json!({"a": 1})),
        rule("EARLY", json!({"a": 2})),
    ];
    let types: Vec<_> = (0..9).map(|number| format!("long-{number}")).collect();
    for rule in &rules {
        for kind in &types {
            house.engine.windows(rule, &holder_of(kind)).await.unwrap();
        }
    }
    let calendars = rules.map(|rule| DoorRule::clone(&rule));
    upload(&house, fails_later(), false).await.unwrap();
    let second = digest(&house);
    let [one, two] = calendars.map(Arc::new);
    house.keeper.is_full.store(true, Ordering::Relaxed);
    for (rule, kind) in [&one, &two]
        .into_iter()
        .flat_map(|rule| types[..3].iter().map(move |kind| (rule, kind)))
    {
        house.engine.windows(rule, &holder_of(kind)).await.unwrap();
    }
    house.engine.look("early").await;
    assert_eq!(digest(&house), second);
    house.keeper.is_full.store(false, Ordering::Relaxed);
    for (rule, kind) in [&one, &two]
        .into_iter()
        .flat_map(|rule| types[3..].iter().map(move |kind| (rule, kind)))
    {
        house.engine.windows(rule, &holder_of(kind)).await.unwrap();
    }
    house.engine.look("early").await;
    assert_eq!(digest(&house), first);
}

#[tokio::test]
async fn a_kept_component_that_cannot_be_compiled_for_the_moment_is_not_forgotten() {
    let house = early(&good()).await;
    upload(&house, renewed(&good()), false).await.unwrap();
    let serving = digest(&house);
    let house = house
        .restart_with(Compiler::Child("/nowhere".into(), vec![]))
        .await;
    assert_eq!(house.engine.serving_digest("early"), None);
    let house = house.restart().await;
    assert_eq!(digest(&house), serving);
    assert!(!history(&house).contains(&("start".to_owned(), PluginAction::RolledBack)));
}
