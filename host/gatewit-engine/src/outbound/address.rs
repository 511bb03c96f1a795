//! Decides which IP addresses may be reached. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of host behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressKind {
    /// A host on the internet.
    Public,
    /// This machine or its private network: reached only if that is granted.
    Private,
    /// No host that runs a ticketing system, such as a cloud's metadata service or a whole network: never reached.
    Special,
}

impl AddressKind {
    /// The kind of an address. An address that contains an IPv4 address has the kind of that.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    let is_shared = |[a, b, ..]: [u8; 4]| a == 100 && b & 0b1100_0000 == 64;
    let is_special = |octets: [u8; 4]| {
        matches!(
            octets,
            [0, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [192, 88, 99, _] | [224..=255, ..]
        )
    };
    if address.is_loopback() || address.is_private() || is_shared(address.octets()) {
        AddressKind::Private
    } else if address.is_link_local() || address.is_documentation() || is_special(address.octets())
    {
        AddressKind::Special
    } else {
        AddressKind::Public
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    let segments = address.segments();
    match segments {
        _ if address.is_loopback() || address.is_unique_local() => AddressKind::Private,
        // Mapped (::ffff:a.b.c.d), compatible (::a.b.c.d) and translated (64:ff9b::a.b.c.d): IPv4 written as IPv6.
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            let [.., high, low] = segments;
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            of_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Tunnels to IPv4 addresses, and addresses for documentation.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] => AddressKind::Special,
        // All assigned addresses are in 2000::/3.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Special,
    }
}

/// A host has an address that may not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} has the address {address}, which is not granted")]
pub(crate) struct ForbiddenAddress {
    host: String,
    address: IpAddr,
}

/// Checks that all addresses of a host may be reached. One that may not is reason enough to distrust the others.
pub(crate) fn check(
    host: &str,
    addresses: impl IntoIterator<Item = IpAddr>,
    reach: Reach,
) -> Result<(), ForbiddenAddress> {
    let forbidden = addresses
        .into_iter()
        .find(|address| !reach.includes(*address));
    match forbidden {
        Some(address) => Err(ForbiddenAddress {
            host: host.to_owned(),
            address,
        }),
        None => Ok(()),
    }
}

/// The kinds of addresses that a grant covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only, whatever the host's name resolves to.
    Internet,
    /// This machine and its private networks too.
    PrivateNetworks,
}

impl Reach {
    fn includes(self, address: IpAddr) -> bool {
        match AddressKind::of(address) {
            AddressKind::Public => true,
            AddressKind::Private => self == Self::PrivateNetworks,
            AddressKind::Special => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_kind(kind: AddressKind, addresses: &[&str]) {
        for address in addresses {
            let parsed = address.parse().unwrap();
            assert_eq!(AddressKind::of(parsed), kind, "{address}");
        }
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        check_kind(
            AddressKind::Public,
            &[
                "1.1.1.1",
                "100.63.255.255",
                "172.32.0.1",
                "192.169.0.1",
                "223.255.255.255",
                "2606:4700::1111",
                "::ffff:1.1.1.1",
                "64:ff9b::1.1.1.1",
            ],
        );
        check_kind(
            AddressKind::Private,
            &[
                "127.0.0.1",
                "127.255.0.9",
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "::1",
                "fc00::1",
                "fdff::1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::127.0.0.1",
                "64:ff9b::192.168.0.1",
            ],
        );
        check_kind(
            AddressKind::Special,
            &[
                "0.0.0.0",
                "0.1.2.3",
                "169.254.169.254",
                "192.0.0.192",
                "192.0.2.1",
                "198.18.0.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::ffff:169.254.169.254",
                "64:ff9b::169.254.169.254",
                "64:ff9b:1::1",
                "fe80::1",
                "fec0::1",
                "ff02::1",
                "2001:db8::1",
                "2001:0:4136::1",
                "2002:7f00:1::",
                "100::1",
            ],
        );
    }

    #[test]
    fn a_host_is_reached_only_if_all_its_addresses_may_be() {
        let [public, private, special] =
            ["1.1.1.1", "10.0.0.1", "169.254.169.254"].map(|address| address.parse().unwrap());
        let check = |addresses: &[IpAddr], reach| {
            check("pretix.eu", addresses.iter().copied(), reach).map_err(|err| err.to_string())
        };
        assert_eq!(check(&[public], Reach::Internet), Ok(()));
        assert_eq!(
            check(&[public, private], Reach::Internet),
            Err("pretix.eu has the address 10.0.0.1, which is not granted".to_owned())
        );
        assert_eq!(check(&[private, public], Reach::PrivateNetworks), Ok(()));
        assert_eq!(
            check(&[private, special], Reach::PrivateNetworks),
            Err("pretix.eu has the address 169.254.169.254, which is not granted".to_owned())
        );
    }
}
