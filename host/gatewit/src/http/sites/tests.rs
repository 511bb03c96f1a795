//! Which requests are accepted, depending on their page and host.

use axum::body::Body;

use super::*;

/// Makes a request: method, path, and headers as sent.
fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

fn sites() -> Sites {
    Sites {
        public_url: Some("https://tickets.example/gate".parse().unwrap()),
        allowed_hosts: "proxy.internal".parse().unwrap(),
        cors_origins: "https://desk.example".parse().unwrap(),
        listens_on: ListensOn::Loopback,
    }
}

/// Checks the result of a POST with these headers while authentication is off, on loopback.
#[track_caller]
fn check(headers: &[(&str, &str)], expected: Result<(), Foreign>) {
    let request = request("POST", "/api/v1/events", headers);
    assert_eq!(
        sites().check(&request, Authentication::Off),
        expected,
        "{headers:?}"
    );
}

#[test]
fn sec_fetch_site_decides_alone_where_it_is_sent() {
    for site in ["same-origin", "none"] {
        let foreign = ("origin", "https://evil.example");
        check(
            &[("host", "localhost"), ("sec-fetch-site", site), foreign],
            Ok(()),
        );
    }
    for site in ["cross-site", "same-site", "", "Same-Origin"] {
        let own = ("origin", "http://localhost");
        let headers = [("host", "localhost"), ("sec-fetch-site", site), own];
        check(&headers, Err(Foreign::Page));
        let allowed = ("origin", "https://desk.example");
        check(
            &[("host", "localhost"), ("sec-fetch-site", site), allowed],
            Ok(()),
        );
    }
    let twice = [
        ("host", "localhost"),
        ("sec-fetch-site", "none"),
        ("sec-fetch-site", "cross-site"),
    ];
    check(&twice, Err(Foreign::Page));
}

#[test]
fn without_it_the_origin_must_be_our_own_or_allowed() {
    let of = |origin| [("host", "localhost:9898"), ("origin", origin)];
    for origin in [
        "http://localhost:9898",
        "https://tickets.example",
        "https://desk.example",
    ] {
        check(&of(origin), Ok(()));
    }
    let others = [
        "http://localhost",
        "http://localhost:9899",
        "http://tickets.example",
        "https://desk.example.evil.example",
        "https://desk.example:8443",
        "null",
        "",
        "chrome-extension://abc",
    ];
    for origin in others {
        check(&of(origin), Err(Foreign::Page));
    }
    check(
        &[
            ("host", "proxy.internal"),
            ("origin", "https://proxy.internal"),
        ],
        Ok(()),
    );
}

#[test]
fn a_program_that_says_nothing_is_served_on_a_known_host() {
    for host in [
        "localhost:1",
        "127.0.0.1",
        "[::1]:9898",
        "tickets.example",
        "Proxy.Internal:80",
    ] {
        check(&[("host", host)], Ok(()));
    }
    check(&[], Err(Foreign::Sender));
}

#[test]
fn on_loopback_only_known_hosts_are_answered_while_authentication_is_off() {
    let foreign = [
        [("host", "evil.example")].as_slice(),
        &[("host", "127.0.0.1.evil.example:9898")],
        &[("host", "")],
        &[("host", "localhost"), ("host", "evil.example")],
    ];
    for headers in foreign {
        for (method, path) in [
            ("GET", "/"),
            ("POST", "/api/v1/events"),
            ("OPTIONS", "/docs"),
        ] {
            let request = request(method, path, headers);
            let checked = sites().check(&request, Authentication::Off);
            assert_eq!(checked, Err(Foreign::Host), "{method} {path} {headers:?}");
            let checked = sites().check(&request, Authentication::On);
            assert_eq!(checked, Ok(()), "{method} {path} {headers:?}");
        }
        let health = request("GET", "/healthcheck/alive", headers);
        assert_eq!(sites().check(&health, Authentication::Off), Ok(()));
    }
    let absolute = request("GET", "http://evil.example/", &[("host", "localhost")]);
    assert_eq!(
        sites().check(&absolute, Authentication::Off),
        Err(Foreign::Host)
    );
    assert_eq!(
        sites().check(&request("GET", "/", &[]), Authentication::Off),
        Ok(())
    );
}

#[test]
fn on_the_network_a_foreign_host_may_read_and_change_nothing_while_authentication_is_off() {
    let sites = Sites {
        listens_on: ListensOn::Network,
        ..sites()
    };
    let of = |method| request(method, "/api/v1/events", &[("host", "10.0.0.5:9898")]);
    assert_eq!(sites.check(&of("GET"), Authentication::Off), Ok(()));
    for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
        assert_eq!(
            sites.check(&of(method), Authentication::Off),
            Err(Foreign::Sender)
        );
        assert_eq!(sites.check(&of(method), Authentication::On), Ok(()));
    }
}
