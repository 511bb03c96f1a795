//! Finds the client's address behind trusted proxies. `gatewit-api.md` §2.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-For` is trusted (`GATEWIT_TRUSTED_PROXIES`). Default: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Finds the client behind trusted proxies: the rightmost address that is not one of theirs.
    ///
    /// Entries further left come from that client and prove nothing.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let chains = headers.get_all("x-forwarded-for").iter().rev();
        let hops = chains.flat_map(|chain| chain.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            // Stop at an unreadable entry: the proxy that passed it on stands for its clients.
            let Some(address) = parse_hop(hop.trim()) else {
                break;
            };
            client = address;
            if !self.trust(client) {
                break;
            }
        }
        client
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Parses addresses and networks such as `10.0.0.0/8`, separated by commas or spaces.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        let networks = parts.map(|part| {
            let network = part.parse::<IpNet>().ok();
            let network = network.or_else(|| Some(part.parse::<IpAddr>().ok()?.into()));
            network.ok_or_else(|| {
                format!("\"{part}\" is neither an address nor a network such as 10.0.0.0/8")
            })
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// Reads one entry of the header; some proxies add the port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.as_ref().map(IpAddr::to_canonical)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(trusted: &str, peer: &str, forwarded: &[&'static str], client: &str) {
        let mut headers = HeaderMap::new();
        for chain in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(chain));
        }
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let found = trusted.client(peer.parse().unwrap(), &headers);
        assert_eq!(found, client.parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_says() {
        check("", "192.0.2.1", &["203.0.113.7"], "192.0.2.1");
        check("10.0.0.0/8", "192.0.2.1", &["203.0.113.7"], "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_the_rightmost_stranger_is_the_client() {
        let trusted = "10.0.0.0/8, 192.0.2.1";
        check(trusted, "192.0.2.1", &["203.0.113.7"], "203.0.113.7");
        check(
            trusted,
            "192.0.2.1",
            &["1.1.1.1, 203.0.113.7, 10.1.2.3"],
            "203.0.113.7",
        );
        check(
            trusted,
            "192.0.2.1",
            &["1.1.1.1", "203.0.113.7", "10.1.2.3"],
            "203.0.113.7",
        );
        check(trusted, "192.0.2.1", &["10.9.9.9, 10.1.2.3"], "10.9.9.9");
        check(trusted, "192.0.2.1", &[], "192.0.2.1");
    }

    #[test]
    fn an_entry_that_cannot_be_read_leaves_the_proxy_that_passed_it_on() {
        check(
            "10.0.0.0/8",
            "10.0.0.1",
            &["203.0.113.7, unknown, 10.0.0.2"],
            "10.0.0.2",
        );
        check("10.0.0.0/8", "10.0.0.1", &[""], "10.0.0.1");
    }

    #[test]
    fn ports_and_both_kinds_of_addresses_are_read() {
        check("::1", "::1", &["[2001:db8::1]:443"], "2001:db8::1");
        check(
            "127.0.0.1",
            "::ffff:127.0.0.1",
            &["203.0.113.7:5123"],
            "203.0.113.7",
        );
        check(
            "2001:db8::/32",
            "2001:db8::1",
            &["::ffff:203.0.113.7"],
            "203.0.113.7",
        );
    }

    #[test]
    fn what_is_no_address_is_named() {
        let refused = "10.0.0.1,proxy.internal".parse::<TrustedProxies>();
        let words = "\"proxy.internal\" is neither an address nor a network such as 10.0.0.0/8";
        assert_eq!(refused, Err(words.to_owned()));
    }
}
