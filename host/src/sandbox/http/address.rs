//! Which addresses a request may be sent to. Names are no guard: anybody can have a name lead to any address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Destination, Grants};

/// How an address is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Public,
    /// This machine or a private network: open where it is granted by address or network.
    Private,
    /// Never open: link-local, cloud metadata and what is no host.
    Never,
}

/// Where clouds answer with the credentials of the machine, beside the link-local ones.
const METADATA: [IpAddr; 4] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Why an address is not open.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub words: String,
    /// The grant that would open it; nothing where none does.
    pub grant: Option<String>,
}

/// Checks an address that a host stands for.
pub(super) fn check(grants: &Grants, destination: &Destination, address: IpAddr) -> Result<(), Denied> {
    let (plain, host) = (canonical(address), &destination.host);
    match class(plain) {
        Class::Public => Ok(()),
        Class::Private if grants.opens_private(destination, plain) => Ok(()),
        Class::Private => {
            let bits = if plain.is_ipv4() { 32 } else { 128 };
            Err(Denied {
                words: format!("`{host}` leads to {plain}, which is this machine or a private network"),
                grant: Some(format!("net={plain}/{bits}")),
            })
        }
        Class::Never => Err(Denied {
            words: format!("`{host}` leads to {plain}, which no grant opens: link-local, metadata or no host at all"),
            grant: None,
        }),
    }
}

/// Whether no grant opens an address.
pub(super) fn is_never_open(address: IpAddr) -> bool {
    class(canonical(address)) == Class::Never
}

/// The IPv4 address that an IPv6 address stands for, where it does: mapped, compatible, NAT64 or 6to4.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let segments = six.segments();
    let four = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] => four(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => four(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => four(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => address,
    }
}

fn class(address: IpAddr) -> Class {
    if METADATA.contains(&address) {
        return Class::Never;
    }
    match address {
        IpAddr::V4(address) => class_of_four(address),
        IpAddr::V6(address) => class_of_six(address),
    }
}

fn class_of_four(address: Ipv4Addr) -> Class {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        _ if address.is_link_local() || address.is_multicast() || address.is_broadcast() => Class::Never,
        // "This network", protocol assignments, documentation, 6to4 relays and reserved ones: no host is there.
        (0, ..) | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) | (240.., ..) => Class::Never,
        (100, 64..=127, _) | (198, 18 | 19, _) => Class::Private,
        _ if address.is_private() || address.is_loopback() => Class::Private,
        _ => Class::Public,
    }
}

fn class_of_six(address: Ipv6Addr) -> Class {
    let first = address.segments()[0];
    match first {
        _ if address.is_loopback() => Class::Private,
        _ if address.is_unspecified() || address.is_multicast() => Class::Never,
        0xfe80..=0xfebf => Class::Never,
        0xfc00..=0xfdff | 0xfec0..=0xfeff => Class::Private,
        // Teredo and ORCHID, documentation, local NAT64, discard: tunnels and no hosts.
        0x2001 if address.segments()[1] < 0x200 || address.segments()[1] == 0xdb8 => Class::Never,
        0x64 | 0x100 | 0x3fff | 0x5f00 => Class::Never,
        0x2000..=0x3fff => Class::Public,
        _ => Class::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Grant;

    fn check_class(text: &str, expected: Class) {
        assert_eq!(class(canonical(text.parse().unwrap())), expected, "{text}");
    }

    #[test]
    fn addresses_are_sorted_by_what_they_reach() {
        for text in [
            "93.184.216.34",
            "8.8.8.8",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            check_class(text, Class::Public);
        }
        for text in [
            "127.0.0.1",
            "127.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fd12::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "::ffff:0:127.0.0.1",
        ] {
            check_class(text, Class::Private);
        }
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.192",
            "168.63.129.16",
            "100.100.100.200",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "2001:0::1",
            "2001:db8::1",
        ] {
            check_class(text, Class::Never);
        }
    }

    #[test]
    fn a_name_does_not_open_a_private_address_and_a_network_does() {
        let grants = |list: &[&str]| {
            list.iter()
                .map(|text| text.parse::<Grant>().unwrap())
                .collect::<Grants>()
        };
        let inside: IpAddr = "10.1.2.3".parse().unwrap();
        let to = |host: &str| Destination::of_authority(host, true).unwrap();
        let denied = check(&grants(&["net=*"]), &to("intranet.example"), inside).unwrap_err();
        assert_eq!(denied.grant.as_deref(), Some("net=10.1.2.3/32"));
        assert_eq!(
            check(&grants(&["net=*", "net=10.0.0.0/8"]), &to("intranet.example"), inside),
            Ok(())
        );
        let metadata: IpAddr = "169.254.169.254".parse().unwrap();
        let all = grants(&[
            "net=*",
            "net=169.254.0.0/16",
            "net=http://169.254.169.254",
            "net=0.0.0.0/0",
        ]);
        assert_eq!(check(&all, &to("169.254.169.254"), metadata).unwrap_err().grant, None);
    }
}
