//! Resolves names once for each connection. The connection goes to the addresses that were judged here.

use std::collections::BTreeMap;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::outbound::address::{self, Reach};
use crate::outbound::grant::Grant;

/// Resolves a name to granted addresses, or fails.
pub(crate) struct GrantedAddresses {
    /// The kind of addresses that each host may have.
    reach_of: BTreeMap<String, Reach>,
}

impl GrantedAddresses {
    /// If a host is granted several times, the narrowest grant counts.
    pub(crate) fn new(grants: &[Grant]) -> Self {
        let mut reach_of = BTreeMap::new();
        for grant in grants {
            let host = grant.origin.host().to_owned();
            let reach = reach_of.entry(host).or_insert(grant.reach);
            if grant.reach == Reach::Internet {
                *reach = Reach::Internet;
            }
        }
        Self { reach_of }
    }
}

impl Resolve for GrantedAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach_of.get(name.as_str()).copied();
        let reach = reach.unwrap_or(Reach::Internet);
        Box::pin(async move {
            let addresses: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            let judged = addresses.iter().map(|address| address.ip());
            address::check(name.as_str(), judged, reach)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
