//! The IPv6 header and its extension headers as types (RFC 8200 §3 and §4).

use std::net::Ipv6Addr;

use crate::proto::wire::{WireError, split};

/// The next header that means hop-by-hop options (RFC 8200 §4.3).
pub const NEXT_HOP_BY_HOP: u8 = 0;
/// The next header that means a routing header (RFC 8200 §4.4).
pub const NEXT_ROUTING: u8 = 43;
/// The next header that means a fragment header (RFC 8200 §4.5).
pub const NEXT_FRAGMENT: u8 = 44;
/// The next header that means ICMPv6 (RFC 4443 §1).
pub const NEXT_ICMPV6: u8 = 58;
/// The next header that means that nothing follows (RFC 8200 §4.7).
pub const NEXT_NONE: u8 = 59;
/// The next header that means destination options (RFC 8200 §4.6).
pub const NEXT_DESTINATION_OPTIONS: u8 = 60;

/// The smallest MTU that a link for IPv6 may have (RFC 8200 §5).
pub const MIN_MTU: u16 = 1280;

/// All nodes of a link (RFC 4291 §2.7.1).
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The IPv6 header; its payload length is computed when it is emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ipv6Header {
    /// Differentiated services code point (RFC 2474), 6 bits.
    pub dscp: u8,
    /// Explicit congestion notification (RFC 3168), 2 bits.
    pub ecn: u8,
    /// Which packets belong to one flow, 20 bits; 0 where the sender does not say (RFC 6437).
    pub flow_label: u32,
    /// What follows the header.
    pub next_header: u8,
    /// How many routers the packet may still pass.
    pub hop_limit: u8,
    /// From whom.
    pub source: Ipv6Addr,
    /// To whom.
    pub destination: Ipv6Addr,
}

impl Ipv6Header {
    /// Its length in bytes.
    pub const LEN: usize = 40;

    /// Reads the header and cuts the payload to the payload length: what follows that is padding of the link.
    ///
    /// # Errors
    /// The bytes are too few for the header or for its payload length, or the version is not 6.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let (header, rest) = Self::parse_quoted(bytes)?;
        let len = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
        let payload = rest.get(..len).ok_or(WireError::Short {
            layer: "IPv6",
            needed: Self::LEN + len,
            actual: bytes.len(),
        })?;
        Ok((header, payload))
    }

    /// Reads the header alone, from bytes that may end behind it, such as those that an ICMPv6 error quotes.
    ///
    /// # Errors
    /// The bytes are too few for the header, or the version is not 6.
    pub fn parse_quoted(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let (head, rest) = split::<{ Self::LEN }>("IPv6", bytes)?;
        let first = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        if first >> 28 != 6 {
            return Err(malformed("version is not 6"));
        }
        let header = Self {
            dscp: (first >> 22) as u8 & 0x3f,
            ecn: (first >> 20) as u8 & 3,
            flow_label: first & 0xf_ffff,
            next_header: head[6],
            hop_limit: head[7],
            source: address(head, 8),
            destination: address(head, 24),
        };
        Ok((header, rest))
    }

    /// The header as bytes, for a payload of so many bytes.
    ///
    /// # Panics
    /// If the payload is more than 65535 bytes.
    pub fn emit(&self, payload_len: usize) -> [u8; Self::LEN] {
        let len = u16::try_from(payload_len).expect("a payload of at most 65535 bytes");
        let class = u32::from(self.dscp) << 2 | u32::from(self.ecn & 3);
        let first = 6 << 28 | class << 20 | self.flow_label & 0xf_ffff;
        let mut head = [0; Self::LEN];
        head[..4].copy_from_slice(&first.to_be_bytes());
        head[4..6].copy_from_slice(&len.to_be_bytes());
        head[6..8].copy_from_slice(&[self.next_header, self.hop_limit]);
        head[8..24].copy_from_slice(&self.source.octets());
        head[24..].copy_from_slice(&self.destination.octets());
        head
    }
}

/// The fragment header (RFC 8200 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentHeader {
    /// What follows this header in the whole packet.
    pub next_header: u8,
    /// Where the fragment belongs in the part that was cut, in bytes (a multiple of 8).
    pub offset: u16,
    /// M: more fragments follow.
    pub more: bool,
    /// Which fragments belong together.
    pub identification: u32,
}

impl FragmentHeader {
    /// Its length in bytes.
    pub const LEN: usize = 8;

    /// Reads the header; what follows it is the fragment.
    ///
    /// # Errors
    /// The bytes are fewer than 8.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let (head, rest) = split::<{ Self::LEN }>("IPv6 fragment header", bytes)?;
        let field = u16::from_be_bytes([head[2], head[3]]);
        let header = Self {
            next_header: head[0],
            offset: field & 0xfff8,
            more: field & 1 != 0,
            identification: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        };
        Ok((header, rest))
    }

    /// The header as bytes.
    pub fn emit(&self) -> [u8; Self::LEN] {
        let mut head = [0; Self::LEN];
        head[0] = self.next_header;
        head[2..4].copy_from_slice(&(self.offset & 0xfff8 | u16::from(self.more)).to_be_bytes());
        head[4..].copy_from_slice(&self.identification.to_be_bytes());
        head
    }
}

/// An extension header that tells its own length: options (RFC 8200 §4.3, §4.6) or a routing header (§4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtensionHeader<'a> {
    /// What follows it.
    pub next_header: u8,
    /// What stands behind its first two bytes.
    pub body: &'a [u8],
}

impl<'a> ExtensionHeader<'a> {
    /// Reads the header; and what follows it.
    ///
    /// # Errors
    /// The bytes are too few for it.
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), WireError> {
        let (head, _) = split::<8>("IPv6 extension header", bytes)?;
        let len = (usize::from(head[1]) + 1) * 8;
        let (all, rest) = bytes.split_at_checked(len).ok_or(WireError::Short {
            layer: "IPv6 extension header",
            needed: len,
            actual: bytes.len(),
        })?;
        let header = Self {
            next_header: head[0],
            body: &all[2..],
        };
        Ok((header, rest))
    }

    /// The options in the body: where each begins there, and its type. What does not end within the body is left out.
    pub fn options(&self) -> impl Iterator<Item = (usize, u8)> + 'a {
        let body = self.body;
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at;
            let kind = *body.get(start)?;
            // Pad1 is a single byte; every other option tells its length (RFC 8200 §4.2).
            let len = if kind == 0 {
                1
            } else {
                2 + usize::from(*body.get(start + 1)?)
            };
            at = start + len;
            (at <= body.len()).then_some((start, kind))
        })
    }
}

/// What the extension headers of a packet lead to: its protocol and its bytes, as many as are there. `None` where they
/// are cut off, or in a fragment that is not the first.
pub fn upper_layer(packet: &[u8]) -> Option<(u8, &[u8])> {
    let (header, mut rest) = Ipv6Header::parse_quoted(packet).ok()?;
    let mut next = header.next_header;
    loop {
        match next {
            NEXT_HOP_BY_HOP | NEXT_ROUTING | NEXT_DESTINATION_OPTIONS => {
                let (extension, behind) = ExtensionHeader::parse(rest).ok()?;
                (next, rest) = (extension.next_header, behind);
            }
            NEXT_FRAGMENT => {
                let (fragment, behind) = FragmentHeader::parse(rest).ok()?;
                if fragment.offset != 0 {
                    return None;
                }
                (next, rest) = (fragment.next_header, behind);
            }
            _ => return Some((next, rest)),
        }
    }
}

/// The link-local address that is made from a MAC address: fe80::/64 and the modified EUI-64 (RFC 4291 §2.5.1,
/// RFC 2464 §4 and §5).
pub fn link_local(mac: [u8; 6]) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac;
    let id = [a ^ 0x02, b, c, 0xff, 0xfe, d, e, f];
    let mut octets = [0; 16];
    octets[..2].copy_from_slice(&[0xfe, 0x80]);
    octets[8..].copy_from_slice(&id);
    octets.into()
}

/// The solicited-node multicast address of `ip`: ff02::1:ff00:0/104 and its last 24 bits (RFC 4291 §2.7.1).
pub fn solicited_node(ip: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = ip.octets();
    let mut octets = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0).octets();
    octets[13..].copy_from_slice(&[a, b, c]);
    octets.into()
}

/// The MAC address that a multicast goes to: 33:33 and its last 32 bits (RFC 2464 §7).
pub fn multicast_mac(ip: Ipv6Addr) -> [u8; 6] {
    let [.., a, b, c, d] = ip.octets();
    [0x33, 0x33, a, b, c, d]
}

fn address<const N: usize>(bytes: &[u8; N], at: usize) -> Ipv6Addr {
    Ipv6Addr::from(std::array::from_fn::<u8, 16, _>(|i| bytes[at + i]))
}

fn malformed(what: &'static str) -> WireError {
    WireError::Malformed {
        layer: "IPv6",
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        ExtensionHeader, FragmentHeader, Ipv6Header, link_local, multicast_mac, solicited_node,
    };

    fn header() -> Ipv6Header {
        Ipv6Header {
            dscp: 46,
            ecn: 2,
            flow_label: 0xa_bcde,
            next_header: 6,
            hop_limit: 64,
            source: "2001:db8::1".parse().unwrap(),
            destination: "2001:db8::2".parse().unwrap(),
        }
    }

    #[test]
    fn emitted_is_parsed_back() {
        let mut bytes = header().emit(3).to_vec();
        assert_eq!(bytes[..4], [0x6b, 0xaa, 0xbc, 0xde]);
        bytes.extend_from_slice(b"abc and padding");
        let parsed = Ipv6Header::parse(&bytes);
        assert_eq!(parsed, Ok((header(), b"abc".as_slice())));
        assert!(Ipv6Header::parse(&bytes[..42]).is_err());
        bytes[0] = 0x45;
        assert!(Ipv6Header::parse(&bytes).is_err());
    }

    #[test]
    fn addresses_that_follow_from_others() {
        let check = |found: std::net::Ipv6Addr, text: &str| assert_eq!(found.to_string(), text);
        check(link_local([2, 0, 0, 0, 0, 1]), "fe80::ff:fe00:1");
        check(
            link_local([0, 0x1b, 0x21, 1, 2, 3]),
            "fe80::21b:21ff:fe01:203",
        );
        let group = solicited_node("2001:db8::12:3456".parse().unwrap());
        check(group, "ff02::1:ff12:3456");
        assert_eq!(multicast_mac(group), [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
    }

    #[test]
    fn options_are_walked_through() {
        let bytes = [17, 0, 0, 1, 1, 0, 5, 0, 9];
        let (header, rest) = ExtensionHeader::parse(&bytes).unwrap();
        assert_eq!((header.next_header, rest), (17, [9].as_slice()));
        let options: Vec<_> = header.options().collect();
        assert_eq!(options, [(0, 0), (1, 1), (4, 5)]);
        let cut = ExtensionHeader {
            next_header: 17,
            body: &[5, 4, 0],
        };
        assert_eq!(cut.options().count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn fragment_headers_go_there_and_back(
            next_header in 0u8..,
            offset in 0u16..8192,
            more: bool,
            identification in 0u32..,
        ) {
            let header = FragmentHeader { next_header, offset: offset * 8, more, identification };
            let bytes = header.emit();
            proptest::prop_assert_eq!(FragmentHeader::parse(&bytes), Ok((header, &[][..])));
        }

        #[test]
        fn any_bytes_parse_or_are_refused(bytes in proptest::collection::vec(0u8.., 0..100)) {
            let _ = Ipv6Header::parse(&bytes);
            let _ = FragmentHeader::parse(&bytes);
            let _ = super::upper_layer(&bytes);
            if let Ok((header, _)) = ExtensionHeader::parse(&bytes) {
                proptest::prop_assert!(header.options().count() <= header.body.len());
            }
        }
    }
}
