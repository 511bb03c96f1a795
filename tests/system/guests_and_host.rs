//! Compares a rule that guests and the host implement separately: what an e-mail address is. The host asks IDNA, which
//! is too large for a guest.

use gatewit_domain::email;
use gatewit_sdk::addresses;

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
