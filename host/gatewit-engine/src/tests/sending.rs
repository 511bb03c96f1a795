//! What backends may send, and how they and the server cope with bad upstreams, over real sockets on loopback.

use std::time::Duration;

use gatewit_domain::ports::TicketSource;
use gatewit_domain::source::SourceFault;

use super::backends::{house, source_settings};
use super::upstream::Upstream;
use super::*;
use crate::{Grant, Reach, SourceLimits, SourceSettings};

/// Sends a GET with these headers through a backend, and returns status and body, or the plugin's error text.
async fn get(house: &House, url: &str, headers: Value, grants: &[Grant]) -> Result<String, String> {
    let settings = json!({
        "do": "send", "url": url, "headers": headers, "token": "secret://OWN_TOKEN",
    });
    send(house, source_settings(settings, grants.to_vec())).await
}

async fn send(house: &House, settings: SourceSettings) -> Result<String, String> {
    match house.engine.source(settings).find("1").await {
        Ok(tickets) => {
            let details = tickets[0].details.iter();
            let values: Vec<_> = details.map(|(_, value)| value.as_str()).collect();
            Ok(values.join(" "))
        }
        Err(SourceFault::Unexpected(words)) => {
            let words = words.verbatim();
            assert!(!words.contains("s3cr3t"), "{words}");
            Err(words.to_owned())
        }
        Err(fault) => panic!("{fault}"),
    }
}

fn not_granted(words: &str) -> Result<String, String> {
    Err(format!("Error::NotGranted({words:?})"))
}

/// A grant for small bodies only, with this time limit.
async fn get_within(
    house: &House,
    url: &str,
    grant: &Grant,
    request_timeout: Duration,
) -> Result<String, String> {
    let settings = json!({ "do": "send", "url": url });
    let limits = SourceLimits {
        request_timeout,
        response_bytes: 50_000,
        ..SourceLimits::default()
    };
    let settings = source_settings(settings, vec![grant.clone()]);
    send(house, SourceSettings { limits, ..settings }).await
}

#[tokio::test]
async fn an_answer_comes_back_whole_from_a_granted_origin_and_from_no_other() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grants = [Grant::of_base_url(&upstream.url("/api/v1")).unwrap()];
    let get = async |url: &str| get(&house, url, json!({}), &grants).await;
    assert_eq!(
        get(&upstream.url("/hello")).await,
        Ok("200 5 hello".to_owned())
    );
    assert_eq!(
        get(&upstream.url("/gzip")).await,
        Ok("200 5 hello".to_owned())
    );
    assert_eq!(
        get(&upstream.url("/nothing")).await,
        Ok("404 4 none".to_owned())
    );
    assert_eq!(
        get(&upstream.url("/large")).await,
        Ok("200 20971520 xxxxxxxxxx".to_owned())
    );
    let stranger = Upstream::start().await;
    assert_eq!(
        get(&stranger.url("/hello")).await,
        not_granted(&format!("http://{} is not granted", stranger.address))
    );
    assert_eq!(stranger.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_followed_under_the_same_rules() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grants = [Grant::of_base_url(&upstream.url("/")).unwrap()];
    let follow = async |target: &str| {
        let url = upstream.url(&format!("/to?{target}"));
        get(&house, &url, json!({}), &grants).await
    };
    assert_eq!(follow("/hello").await, Ok("200 5 hello".to_owned()));
    assert_eq!(follow("/to?/hello").await, Ok("200 5 hello".to_owned()));
    for target in [
        "http://169.254.169.254/latest/meta-data",
        "http://169.254.169.254:80/",
    ] {
        let expected = not_granted("http://169.254.169.254 is not granted");
        assert_eq!(follow(target).await, expected);
    }
    assert_eq!(
        follow("file:///etc/passwd").await,
        Err("Error::Other(\"not an http or https URL with a host and without a user: its scheme is another\")".to_owned())
    );
    let around = upstream.requests().len();
    let looping = follow(&"/to?".repeat(9)).await;
    assert_eq!(
        looping,
        Err("Error::Other(\"it redirects more than 5 times\")".to_owned())
    );
    assert_eq!(upstream.requests().len() - around, 6);
}

#[tokio::test]
async fn a_redirect_to_a_granted_address_of_a_cloud_is_refused_all_the_same() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grants = [
        Grant::of_base_url(&upstream.url("/")).unwrap(),
        Grant {
            reach: Reach::PrivateNetworks,
            ..Grant::of_host("http://169.254.169.254").unwrap()
        },
    ];
    let url = upstream.url("/to?http://169.254.169.254/latest");
    assert_eq!(
        get(&house, &url, json!({}), &grants).await,
        not_granted("169.254.169.254 has the address 169.254.169.254, which is not granted")
    );
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_not_reached_unless_that_is_granted() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let url = format!("http://localhost:{}/hello", upstream.address.port());
    let granted = Grant::of_base_url(&url).unwrap();
    let public_only = Grant {
        reach: Reach::Internet,
        ..granted.clone()
    };
    let refused = get(&house, &url, json!({}), &[public_only]).await;
    let words = refused.unwrap_err();
    assert!(
        words.starts_with("Error::NotGranted(\"localhost has the address "),
        "{words}"
    );
    assert_eq!(upstream.connections(), 0);
    let reached = get(&house, &url, json!({}), &[granted]).await;
    assert_eq!(reached, Ok("200 5 hello".to_owned()));
}

#[tokio::test]
async fn a_secret_leaves_in_headers_towards_its_own_origin_and_nowhere_else() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let elsewhere = Upstream::start().await;
    let grants = [
        Grant::of_base_url(&upstream.url("/")).unwrap(),
        Grant::of_host(&elsewhere.url("/")).unwrap(),
    ];
    let headers = json!({ "Authorization": "Token secret://OWN_TOKEN", "Accept": "text/plain" });
    let get = async |url: String| get(&house, &url, headers.clone(), &grants).await;
    let ok = Ok("200 5 hello".to_owned());

    assert_eq!(get(upstream.url("/hello")).await, ok);
    let head = upstream.requests().pop().unwrap();
    assert!(
        head.contains("authorization: token s3cr3t-own\r\n"),
        "{head}"
    );

    assert_eq!(get(upstream.url("/to?/hello?secret://OWN_TOKEN")).await, ok);
    let head = upstream.requests().pop().unwrap();
    assert!(
        head.contains("authorization: token s3cr3t-own\r\n"),
        "{head}"
    );
    assert!(head.starts_with("get /hello?secret://own_token "), "{head}");

    let url = upstream.url(&format!("/to?{}", elsewhere.url("/hello")));
    assert_eq!(get(url).await, ok);
    let head = elsewhere.requests().pop().unwrap();
    assert!(head.contains("accept: text/plain\r\n"), "{head}");
    assert!(!head.contains("authorization"), "{head}");

    let there_and_back = elsewhere.url(&format!("/to?{}", upstream.url("/hello")));
    let url = upstream.url(&format!("/to?{there_and_back}"));
    assert_eq!(get(url).await, ok);
    let head = upstream.requests().pop().unwrap();
    assert!(!head.contains("authorization"), "{head}");

    let refused = get(elsewhere.url("/hello")).await;
    let words = format!("no secret goes to http://{}", elsewhere.address);
    assert_eq!(refused, not_granted(&words));
    assert!(
        elsewhere
            .requests()
            .iter()
            .all(|head| !head.contains("s3cr3t"))
    );
}

#[tokio::test]
async fn a_backend_that_names_another_sources_secret_gets_nothing() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grants = [Grant::of_base_url(&upstream.url("/")).unwrap()];
    let headers = json!({ "Authorization": "secret://OWN_TOKEN secret://OTHER_TOKEN" });
    assert_eq!(
        get(&house, &upstream.url("/hello"), headers, &grants).await,
        not_granted("the source's settings name no secret \"OTHER_TOKEN\"")
    );
    assert_eq!(upstream.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_upstream_that_is_slow_lies_or_never_ends_harms_nobody() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grant = Grant::of_base_url(&upstream.url("/")).unwrap();
    let get = async |path: &str, patience| {
        let url = upstream.url(path);
        get_within(&house, &url, &grant, patience).await
    };
    for path in ["/silent", "/stuck"] {
        let timed_out = Err("Error::TimedOut".to_owned());
        assert_eq!(get(path, Duration::from_millis(300)).await, timed_out);
    }
    let get = async |path: &str| get(path, Duration::from_secs(30)).await;
    let too_large = Err("Error::TooLarge(50000)".to_owned());
    assert_eq!(get("/giant").await, too_large);
    assert_eq!(get("/endless").await, too_large);
    assert_eq!(get("/bomb").await, too_large);
    assert_eq!(get("/more").await, Ok("200 5 hello".to_owned()));
    for path in ["/short", "/headers"] {
        let broken = get(path).await.unwrap_err();
        let expected = format!("Error::Unreachable(\"http://{}: ", upstream.address);
        assert!(broken.starts_with(&expected), "{broken}");
    }
    assert_eq!(get("/hello").await, Ok("200 5 hello".to_owned()));
}

#[tokio::test]
async fn an_upstream_that_is_down_is_told_without_its_url() {
    let house = house().await;
    let vacant = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = vacant.local_addr().unwrap();
    drop(vacant);
    let url = format!("http://{address}/orders?email=ann@example.org");
    let grants = [Grant::of_base_url(&url).unwrap()];
    assert_eq!(
        get(&house, &url, json!({}), &grants).await,
        Err(format!(
            "Error::Unreachable(\"http://{address}: Connection refused (os error 111)\")"
        ))
    );
}

#[tokio::test]
async fn connections_are_kept_from_one_run_of_a_source_to_the_next() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grant = Grant::of_base_url(&upstream.url("/")).unwrap();
    let settings = json!({ "do": "send", "url": upstream.url("/hello") });
    let source = house.engine.source(source_settings(settings, vec![grant]));
    for _ in 0..5 {
        assert_eq!(source.find("1").await.unwrap().len(), 1);
    }
    assert_eq!((upstream.requests().len(), upstream.connections()), (5, 1));
}

#[tokio::test]
async fn a_run_sends_so_many_requests_and_no_more() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grant = Grant::of_base_url(&upstream.url("/")).unwrap();
    let settings = json!({ "do": "send-for-ever", "url": upstream.url("/hello") });
    let limits = SourceLimits {
        requests_per_run: 7,
        ..SourceLimits::default()
    };
    let settings = source_settings(settings, vec![grant]);
    let ended = send(&house, SourceSettings { limits, ..settings }).await;
    assert_eq!(ended, not_granted("a run may send 7 requests and no more"));
    assert_eq!(upstream.requests().len(), 7);
}

#[tokio::test]
async fn nothing_is_sent_while_settings_are_checked() {
    let (house, upstream) = (house().await, Upstream::start().await);
    let grant = Grant::of_base_url(&upstream.url("/")).unwrap();
    let settings = json!({ "do": "send", "url": upstream.url("/hello") });
    let source = house.engine.source(source_settings(settings, vec![grant]));
    let Err(SourceFault::BadSettings(words)) = source.check_settings().await else {
        panic!("it was sent");
    };
    assert!(words.verbatim().contains("NotGranted"), "{words:?}");
    assert_eq!(upstream.connections(), 0);
}
