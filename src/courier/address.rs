//! Which addresses may be posted to. An endpoint is named by whoever has a key, and posted to from inside the house: what
//! only the house can reach, and what answers to whoever stands beside it, must not be reached by naming it.
//!
//! What is asked is the address that is connected to, not the name: a name may lead anywhere, and elsewhere the next
//! moment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Networks that may be reached though they are nobody's on the public internet; by configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Vec<IpNet>);

impl Allowed {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether one of these networks holds the address.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address may be posted to.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.holds(address) || is_public(address)
    }
}

/// Whether an address is one of the public internet's, by the special-purpose registries of IANA (RFC 6890), and no
/// cloud's way to ask a machine's own keys.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, ..) => true,
        (100, 64..=127, _) => true, // Shared by carriers; some clouds' metadata.
        (169, 254, _) => true,
        (172, 16..=31, _) => true,
        (192, 0, 0 | 2) | (192, 88, 99) | (192, 168, _) => true,
        (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        (224..=255, ..) => true,
        // Azure answers here to whoever runs on it, though the address is a public one.
        (168, 63, 129) => d == 16,
        _ => false, // Everything else is somebody's on the internet.
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let tail = || {
        let [.., g, h] = segments;
        let ([a, b], [c, d]) = (g.to_be_bytes(), h.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // An IPv4 address in another coat is judged as what it is: mapped, and behind the translator of RFC 6052.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(tail()),
        [0x2002, b, c, ..] => {
            let ([w, x], [y, z]) = (b.to_be_bytes(), c.to_be_bytes());
            is_public_v4(Ipv4Addr::new(w, x, y, z))
        }
        // Documentation, benchmarks, Teredo and the rest of the block for protocols.
        [0x2001, 0x0db8, ..] | [0x2001, 0..=0x01ff, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // Only these are given out at all.
        [0x2000..=0x3fff, ..] => true,
        _ => false, // Loopback, unspecified, link-local, unique local, multicast, and what is not given out.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_the_public_internet_is_not_reached() {
        let check =
            |address: &str, expected: bool| assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(private, false);
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "168.63.129.17",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "203.0.114.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "240e::1",
        ] {
            check(public, true);
        }
    }

    #[test]
    fn what_the_house_allows_is_reached_and_nothing_beside_it() {
        let allowed = Allowed::new(vec!["127.0.0.1/32".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let admits = |address: &str| allowed.admits(address.parse().unwrap());
        assert!(admits("127.0.0.1") && admits("fd00::7") && admits("8.8.8.8"));
        assert!(!admits("127.0.0.2") && !admits("10.0.0.1") && !admits("fe80::1"));
        assert!(!Allowed::default().admits("127.0.0.1".parse().unwrap()));
    }
}
