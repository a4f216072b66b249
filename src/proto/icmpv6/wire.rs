//! ICMPv6 messages as a type (RFC 4443), with Neighbor Discovery's solicitation and advertisement (RFC 4861 §4.3, §4.4).

use std::net::Ipv6Addr;

use crate::proto::ethernet::MacAddr;
use crate::proto::ipv6::NEXT_ICMPV6;
use crate::proto::wire::{WireError, pseudo_checksum, split};

/// An ICMPv6 message: its head, whose meaning depends on the type, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Icmpv6Message<'a> {
    /// Type 1: the packet quoted could not be delivered.
    DestinationUnreachable {
        /// Why: one of the `UNREACHABLE_…` codes.
        code: u8,
        /// As much of the packet as fits, from its IPv6 header on.
        quoted: &'a [u8],
    },
    /// Type 2: the packet was larger than the next link takes.
    PacketTooBig {
        /// The MTU of that link.
        mtu: u32,
        /// As much of the packet as fits, from its IPv6 header on.
        quoted: &'a [u8],
    },
    /// Type 3: the packet's hop limit (code 0), or the time to reassemble it (code 1), ran out.
    TimeExceeded {
        /// Which of the two.
        code: u8,
        /// As much of the packet as fits, from its IPv6 header on.
        quoted: &'a [u8],
    },
    /// Type 4: something in the packet's headers is wrong or not known.
    ParameterProblem {
        /// What: one of the `PARAMETER_…` codes.
        code: u8,
        /// Where in the packet, in bytes from its beginning.
        pointer: u32,
        /// As much of the packet as fits, from its IPv6 header on.
        quoted: &'a [u8],
    },
    /// Type 128: please send this back.
    EchoRequest {
        /// Which sender of echo requests.
        identifier: u16,
        /// Which of its requests.
        sequence: u16,
        /// Whatever it likes.
        data: &'a [u8],
    },
    /// Type 129: here it is.
    EchoReply {
        /// The request's.
        identifier: u16,
        /// The request's.
        sequence: u16,
        /// The request's.
        data: &'a [u8],
    },
    /// Type 135: who has the target address?
    NeighborSolicitation {
        /// The address that is asked for.
        target: Ipv6Addr,
        /// The sender's MAC address, if it tells (the source link-layer address option).
        source_mac: Option<MacAddr>,
    },
    /// Type 136: I have it.
    NeighborAdvertisement(NeighborAdvertisement),
    /// Any other type, kept as it is.
    Other {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
        /// The four bytes that follow the checksum.
        rest: [u8; 4],
        /// What follows.
        data: &'a [u8],
    },
}

/// A Neighbor Advertisement (RFC 4861 §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighborAdvertisement {
    /// R: the sender is a router.
    pub router: bool,
    /// S: it answers a solicitation.
    pub solicited: bool,
    /// O: it may take the place of what is known.
    pub override_flag: bool,
    /// Whose MAC address is told.
    pub target: Ipv6Addr,
    /// The MAC address (the target link-layer address option).
    pub target_mac: Option<MacAddr>,
}

/// Code of [`Icmpv6Message::DestinationUnreachable`]: no route to the destination.
pub const UNREACHABLE_NO_ROUTE: u8 = 0;
/// Code of [`Icmpv6Message::DestinationUnreachable`]: there is a route, but the address is not reached.
pub const UNREACHABLE_ADDRESS: u8 = 3;
/// Code of [`Icmpv6Message::DestinationUnreachable`]: nobody listens on the port.
pub const UNREACHABLE_PORT: u8 = 4;
/// Code of [`Icmpv6Message::ParameterProblem`]: a field of a header has a wrong value.
pub const PARAMETER_FIELD: u8 = 0;
/// Code of [`Icmpv6Message::ParameterProblem`]: a next header that the host does not know.
pub const PARAMETER_NEXT_HEADER: u8 = 1;
/// Code of [`Icmpv6Message::ParameterProblem`]: an option that the host does not know.
pub const PARAMETER_OPTION: u8 = 2;

/// The option that holds the sender's MAC address (RFC 4861 §4.6.1).
const OPTION_SOURCE_MAC: u8 = 1;
/// The option that holds the target's MAC address (RFC 4861 §4.6.1).
const OPTION_TARGET_MAC: u8 = 2;

impl<'a> Icmpv6Message<'a> {
    /// The length of the head in bytes.
    pub const HEADER_LEN: usize = 8;

    /// Reads a message.
    ///
    /// # Errors
    /// The bytes are too few, the checksum is wrong, or a message of Neighbor Discovery has a code or options that it
    /// cannot have (RFC 4861 §7.1).
    pub fn parse(
        source: Ipv6Addr,
        destination: Ipv6Addr,
        bytes: &'a [u8],
    ) -> Result<Self, WireError> {
        let (head, data) = split::<8>("ICMPv6", bytes)?;
        let [kind, code, c, d, rest @ ..] = *head;
        if pseudo_checksum(source.into(), destination.into(), NEXT_ICMPV6, bytes) != 0 {
            return Err(WireError::Checksum {
                layer: "ICMPv6",
                found: u16::from_be_bytes([c, d]),
            });
        }
        let long = u32::from_be_bytes(rest);
        let (identifier, sequence) = ((long >> 16) as u16, long as u16);
        Ok(match (kind, code) {
            (1, _) => Self::DestinationUnreachable { code, quoted: data },
            (2, _) => Self::PacketTooBig {
                mtu: long,
                quoted: data,
            },
            (3, _) => Self::TimeExceeded { code, quoted: data },
            (4, _) => Self::ParameterProblem {
                code,
                pointer: long,
                quoted: data,
            },
            (128, 0) => Self::EchoRequest {
                identifier,
                sequence,
                data,
            },
            (129, 0) => Self::EchoReply {
                identifier,
                sequence,
                data,
            },
            (135 | 136, 1..) => return Err(malformed("a code other than 0 in Neighbor Discovery")),
            (135, 0) => {
                let (target, source_mac) = parse_discovery(data, OPTION_SOURCE_MAC)?;
                Self::NeighborSolicitation { target, source_mac }
            }
            (136, 0) => {
                let (target, target_mac) = parse_discovery(data, OPTION_TARGET_MAC)?;
                Self::NeighborAdvertisement(NeighborAdvertisement {
                    router: rest[0] & 0x80 != 0,
                    solicited: rest[0] & 0x40 != 0,
                    override_flag: rest[0] & 0x20 != 0,
                    target,
                    target_mac,
                })
            }
            _ => Self::Other {
                kind,
                code,
                rest,
                data,
            },
        })
    }

    /// The message as bytes, checksum included.
    pub fn emit(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
        let (kind, code, rest, data) = self.head();
        let mut bytes = Vec::with_capacity(Self::HEADER_LEN + data.len() + 24);
        bytes.extend_from_slice(&[kind, code, 0, 0]);
        bytes.extend_from_slice(&rest);
        bytes.extend_from_slice(data);
        match *self {
            Self::NeighborSolicitation { target, source_mac } => {
                emit_discovery(&mut bytes, target, OPTION_SOURCE_MAC, source_mac);
            }
            Self::NeighborAdvertisement(na) => {
                emit_discovery(&mut bytes, na.target, OPTION_TARGET_MAC, na.target_mac);
            }
            _ => {}
        }
        let sum = pseudo_checksum(source.into(), destination.into(), NEXT_ICMPV6, &bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// Whether it is an error: no error is sent about one (RFC 4443 §2.1, §2.4).
    pub fn is_error(kind: u8) -> bool {
        kind < 128
    }

    /// Type, code, the rest of the head, and the bytes that follow as they are.
    fn head(&self) -> (u8, u8, [u8; 4], &'a [u8]) {
        let echo = |identifier: u16, sequence: u16| {
            (u32::from(identifier) << 16 | u32::from(sequence)).to_be_bytes()
        };
        match *self {
            Self::DestinationUnreachable { code, quoted } => (1, code, [0; 4], quoted),
            Self::PacketTooBig { mtu, quoted } => (2, 0, mtu.to_be_bytes(), quoted),
            Self::TimeExceeded { code, quoted } => (3, code, [0; 4], quoted),
            Self::ParameterProblem {
                code,
                pointer,
                quoted,
            } => (4, code, pointer.to_be_bytes(), quoted),
            Self::EchoRequest {
                identifier,
                sequence,
                data,
            } => (128, 0, echo(identifier, sequence), data),
            Self::EchoReply {
                identifier,
                sequence,
                data,
            } => (129, 0, echo(identifier, sequence), data),
            Self::NeighborSolicitation { .. } => (135, 0, [0; 4], &[]),
            Self::NeighborAdvertisement(na) => {
                let flags = [
                    (na.router, 0x80),
                    (na.solicited, 0x40),
                    (na.override_flag, 0x20),
                ];
                let set = flags.iter().filter(|(set, _)| *set).map(|(_, bit)| *bit);
                (136, 0, [set.sum(), 0, 0, 0], &[])
            }
            Self::Other {
                kind,
                code,
                rest,
                data,
            } => (kind, code, rest, data),
        }
    }
}

/// The target address, and the MAC address in the option of this type.
fn parse_discovery(bytes: &[u8], wanted: u8) -> Result<(Ipv6Addr, Option<MacAddr>), WireError> {
    let (target, mut options) = split::<16>("ICMPv6 target address", bytes)?;
    let mut mac = None;
    while let [kind, len, ..] = *options {
        let len = usize::from(len) * 8;
        if len == 0 {
            return Err(malformed("an option without length"));
        }
        let (option, rest) = options
            .split_at_checked(len)
            .ok_or(malformed("an option that reaches beyond the message"))?;
        if kind == wanted {
            mac = option[2..].first_chunk::<6>().copied();
        }
        options = rest;
    }
    if options.is_empty() {
        Ok((Ipv6Addr::from(*target), mac))
    } else {
        Err(malformed("an option that reaches beyond the message"))
    }
}

fn emit_discovery(bytes: &mut Vec<u8>, target: Ipv6Addr, kind: u8, mac: Option<MacAddr>) {
    bytes.extend_from_slice(&target.octets());
    if let Some(mac) = mac {
        bytes.extend_from_slice(&[kind, 1]);
        bytes.extend_from_slice(&mac);
    }
}

fn malformed(what: &'static str) -> WireError {
    WireError::Malformed {
        layer: "ICMPv6",
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::{Icmpv6Message, NeighborAdvertisement};
    use std::net::Ipv6Addr;

    const A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    const B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

    fn check(message: &Icmpv6Message<'_>) {
        let mut bytes = message.emit(A, B);
        assert_eq!(Icmpv6Message::parse(A, B, &bytes).as_ref(), Ok(message));
        // The pseudo-header counts: to somebody else the checksum is wrong.
        assert!(Icmpv6Message::parse(A, A, &bytes).is_err());
        bytes[4] ^= 1;
        assert!(Icmpv6Message::parse(A, B, &bytes).is_err());
    }

    #[test]
    fn emitted_is_parsed_back() {
        let quoted = b"quoted".as_slice();
        let (code, data) = (1, b"data".as_slice());
        let (identifier, sequence) = (7, 9);
        check(&Icmpv6Message::DestinationUnreachable { code, quoted });
        check(&Icmpv6Message::PacketTooBig {
            mtu: 70_000,
            quoted,
        });
        check(&Icmpv6Message::TimeExceeded { code, quoted });
        let pointer = 40;
        check(&Icmpv6Message::ParameterProblem {
            code,
            pointer,
            quoted,
        });
        check(&Icmpv6Message::EchoRequest {
            identifier,
            sequence,
            data,
        });
        check(&Icmpv6Message::EchoReply {
            identifier,
            sequence,
            data,
        });
        for source_mac in [None, Some([1, 2, 3, 4, 5, 6])] {
            check(&Icmpv6Message::NeighborSolicitation {
                target: B,
                source_mac,
            });
        }
        let rest = [1, 2, 3, 4];
        check(&Icmpv6Message::Other {
            kind: 143,
            code: 0,
            rest,
            data,
        });
        for flags in 0..8u8 {
            check(&Icmpv6Message::NeighborAdvertisement(
                NeighborAdvertisement {
                    router: flags & 1 != 0,
                    solicited: flags & 2 != 0,
                    override_flag: flags & 4 != 0,
                    target: B,
                    target_mac: Some([1, 2, 3, 4, 5, 6]),
                },
            ));
        }
    }

    #[test]
    fn discovery_with_broken_options_is_refused() {
        let target = B.octets();
        let refused = |options: &[u8]| {
            let data = [&target, options].concat();
            let (kind, code, rest) = (135, 0, [0; 4]);
            let bytes = Icmpv6Message::Other {
                kind,
                code,
                rest,
                data: &data,
            }
            .emit(A, B);
            Icmpv6Message::parse(A, B, &bytes).is_err()
        };
        assert!(!refused(&[]));
        assert!(!refused(&[14, 1, 0, 0, 0, 0, 0, 0]));
        assert!(refused(&[1, 0, 0, 0, 0, 0, 0, 0]));
        assert!(refused(&[1, 2, 0, 0, 0, 0, 0, 0]));
        assert!(refused(&[1]));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(
            kind in 0u8..,
            rest: [u8; 4],
            data in proptest::collection::vec(0u8.., 0..80),
        ) {
            let code = rest[0] & 1;
            let bytes = Icmpv6Message::Other { kind, code, rest, data: &data }.emit(A, B);
            let _ = Icmpv6Message::parse(A, B, &bytes);
            let _ = Icmpv6Message::parse(A, B, &data);
        }
    }
}
