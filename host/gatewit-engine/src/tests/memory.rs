//! The memory of plugins written with our SDK.

use wasmtime::component::Component;

use super::*;

const PAGE_BYTES: u64 = 64 << 10;

/// An engine whose plugin may have no more memory than it begins with.
async fn house_that_never_grows(name: &str, component: &[u8]) -> House {
    let compiled = Component::new(&wasmtime::Engine::default(), component).unwrap();
    let required = compiled.resources_required().unwrap();
    let bytes = required.max_initial_memory_size.unwrap() * PAGE_BYTES;
    let mut limits = PluginLimits::default();
    limits.guest.memory_bytes = bytes.try_into().unwrap();
    House::with_limits(&[(name, component)], limits).await
}

#[tokio::test]
async fn a_strategy_of_ours_answers_without_asking_for_memory() {
    let component = built("plugins/hours-before.wasm");
    let house = house_that_never_grows("hours-before", &component).await;
    let answer = house.ask(&rule("HOURS_BEFORE", json!({}))).await;
    assert_eq!(
        windows_of(answer),
        ["0 2025-12-15T04:00:00Z 2025-12-15T15:30:00Z"]
    );
}

#[tokio::test]
async fn what_a_guest_keeps_in_memory_stays_as_it_is_while_that_grows() {
    let component = built("test-guests/mischief.wasm");
    let answer = House::of(&[("mischief", &component)])
        .await
        .ask(&mischief("hoard"))
        .await;
    assert_eq!(
        windows_of(answer),
        ["0 2025-12-15T06:00:00Z 2025-12-15T15:00:00Z"]
    );
    let house = house_that_never_grows("mischief", &component).await;
    let refused = house.ask(&mischief("hoard")).await.unwrap_err();
    assert!(refused.to_string().contains("it needed more than"));
}
