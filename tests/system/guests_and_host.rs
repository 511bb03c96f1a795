//! Compares rules that guests and the host implement separately, since they share no code.

use gatewit_domain::{email, identifier as host, scanned};
use gatewit_sdk::{addresses, identifier as guest, scanned as guest_scanned};

#[test]
fn guests_fold_identifiers_as_the_host_does() {
    for letter in '\0'..'\u{30000}' {
        let text = format!(" a{letter}\u{308}1 ");
        assert_eq!(guest::fold(&text), host::fold(&text), "{text:?}");
        assert_eq!(guest::is_dash(letter), host::is_dash(letter), "{letter:?}");
    }
}

#[test]
fn guests_clean_codes_as_the_host_does() {
    for letter in '\0'..'\u{30000}' {
        for text in [
            format!("{letter}]Q1 {letter}A{letter}1{letter}"),
            format!("]{letter}1A"),
            format!("]Q{letter}A"),
        ] {
            assert_eq!(
                guest_scanned::clean(&text),
                scanned::clean(&text),
                "{text:?}"
            );
        }
    }
    for text in ["", "]", "]Q1", "]zA\u{1d}A", "]Q1]Q1 A", "A]Q1"] {
        assert_eq!(guest_scanned::clean(text), scanned::clean(text), "{text:?}");
    }
}

#[test]
fn guests_find_the_addresses_in_a_text_that_the_host_finds() {
    for text in [
        "",
        "ada",
        "ada@example.org",
        " Ada@Example.ORG\u{200b}",
        "Lovelace, Ada <ada@example.org>",
        "Ada <ada@example.org>; b@example.org",
        "ada@example.org, b@example.org c@example.org",
        "ada@example.org\r\nb@example.org",
        "ada@example.org; nobody",
        "Ada, ada@example.org",
        "mailto:ada@example.org?subject=x",
        "<MAILTO:ada@example.org>",
        "a b@example.org",
        "a@b@example.org",
        "ada@localhost",
        "ada@.example.org",
        "ada@example..org",
        "ada.@example.org",
        "a..da@example.org",
        "ada@exam_ple.org",
        "o'brien+x@example.org",
        "\"ada\"@example.org",
        "jürgen@müller.example",
        "ada@xn--mller-kva.example",
        "ada@例え。example",
        &format!("{}@example.org", "a".repeat(250)),
    ] {
        let read = email::EmailAddress::parse_all(text);
        let found = read.and_then(|_| email::split(text)).ok();
        assert_eq!(addresses::read(text), found, "{text:?}");
    }
}
