//! `gatewit check-config`: what a configuration would change, before it is used.

use std::path::Path;

use crate::configuration::SUMMIT;
use crate::support::{Ended, Home, Process};

/// Checks the configuration of a home against its data directory.
fn check(home: &Home) -> Ended {
    let (file, plugins) = (home.path("event_config.yml"), home.path("plugins"));
    let arguments = [&file, Path::new("--plugins"), &plugins];
    Process::run("check-config", &home.path("data"), &arguments)
}

#[track_caller]
fn check_good(home: &Home, expected: &[&str]) {
    let ended = check(home);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines[1..], *expected, "{}", ended.stdout);
}

#[test]
fn what_a_configuration_would_change_is_printed_and_not_changed() {
    let home = Home::new();
    home.configure(SUMMIT);
    let added = ["  events.summit is added"];
    check_good(&home, &added);
    let clean = check(&home).stdout;
    assert!(
        clean.contains("compared with a clean data directory"),
        "{clean}"
    );
    assert!(!home.path("data").exists(), "nothing is touched");

    let server = home.start();
    let held = check(&home).stdout;
    let words = format!("since a server holds {}", home.path("data").display());
    assert!(held.contains(&words), "{held}");
    check_good(&home, &added);
    server.stop();

    check_good(&home, &["  nothing would change"]);
    home.configure(&SUMMIT.replace("T18:00", "T19:00"));
    for _ in 0..2 {
        check_good(&home, &["  events.summit: days changed"]);
    }
    let told = check(&home).stdout;
    let words = format!("compared with {}:", home.path("data").display());
    assert!(told.contains(&words), "{told}");
}

#[test]
fn a_mistake_in_a_configuration_is_named_and_the_status_is_not_zero() {
    let home = Home::new();
    home.configure(SUMMIT);
    home.start().stop();
    let mistakes = [
        (
            SUMMIT.replace("timezone", "timezon"),
            "line 5 column 5; did you mean `timezone`?",
        ),
        (
            SUMMIT.replace("T18:00", "T08:00"),
            "cannot set up event \"summit\" of the configuration: days[0] ends at",
        ),
        (
            format!("{SUMMIT}    check_in_strategy: NO_SUCH\n"),
            "there is no plugin of the strategy NO_SUCH",
        ),
        (
            format!("{SUMMIT}    ticket_sources: [crew]\n"),
            "ticket_sources: there is no source \"crew\"",
        ),
        (
            format!("{SUMMIT}sources:\n  tito: {{}}\n"),
            "TITO_TOKEN is not set",
        ),
    ];
    for (text, words) in mistakes {
        home.configure(&text);
        let ended = check(&home);
        assert_eq!(ended.code, Some(1), "{text}");
        assert!(ended.log.contains(words), "{words:?}: {}", ended.log);
        assert_eq!(ended.stdout, "");
    }
}
