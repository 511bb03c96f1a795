use super::*;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measure() {
    let house = House::of(&[
        ("hours-before", &built("plugins/hours-before.wasm")),
        ("tiny", &guests::strategy(guests::ANSWER)),
    ]);
    let h = holder("vip");
    for name in ["hours-before", "tiny"] {
        let rule = rule(&name.to_ascii_uppercase().replace('-', "_"), json!({}));
        let slot = house.engine.slot_of_plugin(name);
        let generation = slot.content().serving.clone().unwrap();
        let best = |label: &str, f: &mut dyn FnMut()| {
            let mut best = std::time::Duration::MAX;
            for _ in 0..20 {
                let t = Instant::now();
                for _ in 0..2_000 {
                    f();
                }
                best = best.min(t.elapsed() / 2_000);
            }
            println!("{name} {label}: {best:?}");
        };
        best("instantiate", &mut || {
            generation.strategy.instantiate().unwrap();
        });
        best("windows", &mut || {
            generation.strategy.windows(&rule, &h).unwrap();
        });
        best("describe", &mut || {
            generation.strategy.describe().unwrap();
        });
    }
    let rule = rule("HOURS_BEFORE", json!({}));
    house.ask(&rule).await.unwrap();
    let mut best = std::time::Duration::MAX;
    for _ in 0..20 {
        let t = Instant::now();
        for _ in 0..50_000 {
            house.engine.windows(&rule, &h).await.unwrap();
        }
        best = best.min(t.elapsed() / 50_000);
    }
    println!("kept hit: {best:?}");
    let t = Instant::now();
    for i in 0..5_000 {
        house
            .engine
            .windows(&rule, &holder(&format!("t{i}")))
            .await
            .unwrap();
    }
    println!("miss through engine: {:?}", t.elapsed() / 5_000);
}
