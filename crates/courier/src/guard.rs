//! Whom the courier does not call: the inner network. A firm's setting must not become a way to its own servers or to
//! the metadata of a cloud. A name is resolved once, every address is checked, and only a checked one is connected to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// The error of the resolver for a forbidden address.
#[derive(Debug)]
pub struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address belongs to an inner network")
    }
}

impl std::error::Error for Forbidden {}

/// Not an address of the open Internet: loopback, private, link-local (metadata of clouds), multicast, reserved, and
/// all of these wrapped in IPv6.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let wrapped = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // ::, ::1, and IPv4 in its mapped and its oldest form.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => wrapped(high, low),
        // Translators: 64:ff9b::/96 and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => wrapped(high, low),
        // Local translators, discard, Teredo and its neighbours, documentation.
        [0x64, 0xff9b, 1, ..] | [0x100, 0, 0, 0, ..] | [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => true,
        // Unique local, link-local, site-local, multicast.
        [first, ..] => first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || first & 0xffc0 == 0xfec0 || first & 0xff00 == 0xff00,
    }
}

/// Every address of the list may be called, or none is.
pub fn check(found: Vec<SocketAddr>, private_allowed: bool) -> Result<Vec<SocketAddr>, Forbidden> {
    match !private_allowed && found.iter().any(|address| is_private(address.ip())) {
        true => Err(Forbidden),
        false => Ok(found),
    }
}

/// Addresses of a mail server, checked. Blocks.
pub fn resolve(host: &str, port: u16, private_allowed: bool) -> Result<Vec<SocketAddr>, crate::Trouble> {
    let found: Vec<SocketAddr> =
        (host, port).to_socket_addrs().map_err(|error| crate::Trouble::not_sent(format!("the name cannot be resolved: {error}")))?.collect();
    if found.is_empty() {
        return Err(crate::Trouble::not_sent("the name has no address"));
    }
    check(found, private_allowed).map_err(|forbidden| crate::Trouble::never(forbidden.to_string()))
}

/// The resolver of the HTTP client.
#[derive(Debug)]
pub struct Resolver {
    /// Inner addresses may be called.
    pub private_allowed: bool,
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let private_allowed = self.private_allowed;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let checked = check(found, private_allowed)?;
            Ok(Box::new(checked.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_network_is_not_called_in_any_spelling() {
        for text in [
            "127.0.0.1",
            "127.8.8.8",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn the_open_internet_is_called() {
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.3.1", "2a02:6b8::1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_name_with_one_inner_address_is_not_called_at_all() {
        let both = vec!["8.8.8.8:80".parse().unwrap(), "127.0.0.1:80".parse().unwrap()];
        assert!(check(both.clone(), false).is_err());
        assert_eq!(check(both, true).unwrap().len(), 2);
    }
}
