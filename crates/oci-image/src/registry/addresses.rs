//! Which addresses may be connected to, held where the connection is made: after the name has
//! been resolved, so that a name which changes between look and leap gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::registry::access::{Access, Addresses};

/// A name or address that may not be connected to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{0} has no public address, and none other may be reached from here")]
    NotPublic(String),
    #[error("{0} is the host of the proxy, and is not reached as anything else from here")]
    Proxy(String),
}

/// Resolves names to the addresses that may be connected to.
pub(crate) struct Guard {
    addresses: Addresses,
    /// Hosts that may be anywhere: the proxies that the operator named.
    proxies: Vec<String>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let may_be_anywhere = self.addresses == Addresses::Any || self.proxies.contains(&host);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0))
                .await?
                .filter(|it| may_be_anywhere || is_public(it.ip()))
                .collect();
            if found.is_empty() {
                return Err(Refused::NotPublic(host).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl Guard {
    /// The one that holds what `access` says.
    pub(crate) fn of(access: &Access) -> Self {
        Self { addresses: access.addresses, proxies: access.proxies.hosts() }
    }

    /// Whether a URL may be asked for, by what it says itself: an address in the place of a name
    /// does not pass the resolver, and the name of a proxy passes it for the proxy's sake alone.
    pub(crate) fn allow(&self, url: &Url) -> Result<(), Refused> {
        let address = match url.host() {
            _ if self.addresses == Addresses::Any => return Ok(()),
            Some(host) if self.proxies.contains(&host.to_string()) => {
                return Err(Refused::Proxy(host.to_string()));
            }
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if is_public(address) { Ok(()) } else { Err(Refused::NotPublic(address.to_string())) }
    }
}

/// Whether an address is of the public Internet (IANA's special-purpose address registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b); // RFC 6598
    let protocols = (a, b, c) == (192, 0, 0); // RFC 6890
    let benchmarks = a == 198 && (b == 18 || b == 19); // RFC 2544
    let relay = (a, b, c) == (192, 88, 99); // 6to4 relay, RFC 7526
    !(a == 0
        || a >= 240
        || shared
        || protocols
        || benchmarks
        || relay
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local() // cloud metadata lives here
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // 2000::/3 is the only space that is given out; Teredo and 6to4 carry any IPv4 address.
    let global = segments[0] & 0xe000 == 0x2000;
    let tunnel = segments[0] == 0x2002 || (segments[0] == 0x2001 && segments[1] == 0);
    let documentation = segments[0] == 0x2001 && segments[1] == 0xdb8;
    global && !tunnel && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_not_public() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "2001:db8::1",
            "64:ff9b::7f00:1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for text in ["8.8.8.8", "140.82.112.3", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_looked_at_too() {
        let guard = |addresses| Guard::of(&Access { addresses, ..Access::default() });
        let url: Url = "http://169.254.169.254/latest".parse().unwrap();
        assert!(guard(Addresses::Public).allow(&url).is_err());
        assert!(guard(Addresses::Any).allow(&url).is_ok());
        let url: Url = "http://0x7f000001/".parse().unwrap();
        assert!(guard(Addresses::Public).allow(&url).is_err());
    }
}
