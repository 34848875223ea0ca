//! The client: the address that a connection or a request counts for, behind the proxies that the configuration trusts.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hyper::HeaderMap;
use hyper::header::HeaderName;

use crate::network::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The bits of an IPv6 address that name a network: its host can choose all others.
const NETWORK_BITS: u128 = !0 << 64;

/// One address; of IPv6 the network of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Peer {
    /// The peer of an address.
    pub fn of(address: IpAddr) -> Peer {
        Peer(match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK_BITS))
            }
            address => address,
        })
    }

    /// The other side of a connection, unless it is this machine or a trusted proxy.
    pub fn connected(address: IpAddr, proxies: &[Network]) -> Option<Peer> {
        (!is_proxy(address, proxies)).then(|| Peer::of(address))
    }

    /// The client of a request: the other side of its connection, or, where that is a proxy, the last
    /// address of `X-Forwarded-For` that is none. `None` where the proxy does not tell.
    pub fn of_request(address: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Option<Peer> {
        if !is_proxy(address, proxies) {
            return Some(Peer::of(address));
        }
        for line in headers.get_all(FORWARDED_FOR).iter().rev() {
            for entry in line.to_str().ok()?.rsplit(',') {
                // Everything to the left of an entry that cannot be read may be forged.
                let address = read(entry.trim())?;
                if !is_proxy(address, proxies) {
                    return Some(Peer::of(address));
                }
            }
        }
        None
    }
}

fn is_proxy(address: IpAddr, proxies: &[Network]) -> bool {
    address.to_canonical().is_loopback() || proxies.iter().any(|proxy| proxy.contains(address))
}

/// An address, also with a port, and in brackets.
fn read(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse().ok();
    address.or_else(|| Some(entry.parse::<std::net::SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_host_part_of_an_ipv6_address_does_not_count() {
        let peer = |text| Peer::of(address(text));
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
        assert_eq!(peer("::ffff:203.0.113.7"), peer("203.0.113.7"));
        assert_ne!(peer("203.0.113.7"), peer("203.0.113.8"));
    }

    #[test]
    fn only_a_proxy_is_asked_for_whom_it_speaks() {
        let proxies = [Network::read("10.0.0.0/8").unwrap()];
        for (from, forwarded, expected) in [
            ("203.0.113.7", &["198.51.100.1"][..], Some("203.0.113.7")),
            ("127.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("10.1.1.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("10.1.1.1", &["1.2.3.4, 198.51.100.1, 10.2.2.2"], Some("198.51.100.1")),
            ("10.1.1.1", &["1.2.3.4", "198.51.100.1"], Some("198.51.100.1")),
            ("10.1.1.1", &["198.51.100.1:4711"], Some("198.51.100.1")),
            ("10.1.1.1", &["[2001:db8::1]:4711"], Some("2001:db8::1")),
            ("10.1.1.1", &["1.2.3.4, unknown"], None),
            ("10.1.1.1", &["10.2.2.2"], None),
            ("127.0.0.1", &[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
            }
            let found = Peer::of_request(address(from), &headers, &proxies);
            assert_eq!(found, expected.map(|text| Peer::of(address(text))), "{from} {forwarded:?}");
        }
    }

    #[test]
    fn proxies_have_no_limit_of_their_own() {
        let proxies = [Network::read("10.0.0.0/8").unwrap()];
        for exempt in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"] {
            assert_eq!(Peer::connected(address(exempt), &proxies), None, "{exempt}");
        }
        assert!(Peer::connected(address("203.0.113.7"), &proxies).is_some());
    }
}
