//! ICMP messages as a type (RFC 792).

use crate::proto::wire::{WireError, checksum, split};

/// An ICMP message: its head, whose meaning depends on the type, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IcmpMessage<'a> {
    /// Type 8: please send this back.
    EchoRequest {
        /// Which sender of echo requests.
        identifier: u16,
        /// Which of its requests.
        sequence: u16,
        /// Whatever it likes.
        data: &'a [u8],
    },
    /// Type 0: here it is.
    EchoReply {
        /// The request's.
        identifier: u16,
        /// The request's.
        sequence: u16,
        /// The request's.
        data: &'a [u8],
    },
    /// Type 3: the packet quoted could not be delivered.
    DestinationUnreachable {
        /// Why: one of the `UNREACHABLE_…` codes.
        code: u8,
        /// With [`UNREACHABLE_FRAGMENTATION_NEEDED`], the MTU of the next hop (RFC 1191 §4); else 0.
        next_hop_mtu: u16,
        /// The packet's IP header and the beginning of its payload.
        quoted: &'a [u8],
    },
    /// Type 11: the packet's time to live (code 0), or the time to reassemble it (code 1), ran out.
    TimeExceeded {
        /// Which of the two.
        code: u8,
        /// The packet's IP header and the beginning of its payload.
        quoted: &'a [u8],
    },
    /// Type 12: a field of the packet's header is wrong.
    ParameterProblem {
        /// 0: `pointer` says which byte.
        code: u8,
        /// The byte in the quoted header.
        pointer: u8,
        /// The packet's IP header and the beginning of its payload.
        quoted: &'a [u8],
    },
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

/// Code of [`IcmpMessage::DestinationUnreachable`]: no way to the network.
pub const UNREACHABLE_NET: u8 = 0;
/// Code of [`IcmpMessage::DestinationUnreachable`]: no way to the host.
pub const UNREACHABLE_HOST: u8 = 1;
/// Code of [`IcmpMessage::DestinationUnreachable`]: the host does not know the protocol.
pub const UNREACHABLE_PROTOCOL: u8 = 2;
/// Code of [`IcmpMessage::DestinationUnreachable`]: nobody listens on the port.
pub const UNREACHABLE_PORT: u8 = 3;
/// Code of [`IcmpMessage::DestinationUnreachable`]: too big for the next hop, and DF forbids to fragment it.
pub const UNREACHABLE_FRAGMENTATION_NEEDED: u8 = 4;

impl<'a> IcmpMessage<'a> {
    /// The length of the head in bytes.
    pub const HEADER_LEN: usize = 8;

    /// Reads a message.
    ///
    /// # Errors
    /// The bytes are fewer than 8, or the checksum is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (head, data) = split::<8>("ICMP", bytes)?;
        let [kind, code, c, d, rest @ ..] = *head;
        if checksum(bytes) != 0 {
            let found = u16::from_be_bytes([c, d]);
            return Err(WireError::Checksum {
                layer: "ICMP",
                found,
            });
        }
        let first = u16::from_be_bytes([rest[0], rest[1]]);
        let second = u16::from_be_bytes([rest[2], rest[3]]);
        Ok(match (kind, code) {
            (0, 0) => Self::EchoReply {
                identifier: first,
                sequence: second,
                data,
            },
            (8, 0) => Self::EchoRequest {
                identifier: first,
                sequence: second,
                data,
            },
            (3, _) => Self::DestinationUnreachable {
                code,
                next_hop_mtu: second,
                quoted: data,
            },
            (11, _) => Self::TimeExceeded { code, quoted: data },
            (12, _) => Self::ParameterProblem {
                code,
                pointer: rest[0],
                quoted: data,
            },
            _ => Self::Other {
                kind,
                code,
                rest,
                data,
            },
        })
    }

    /// The message as bytes, checksum included.
    pub fn emit(&self) -> Vec<u8> {
        let (kind, code, rest, data) = self.parts();
        let mut bytes = Vec::with_capacity(Self::HEADER_LEN + data.len());
        bytes.extend_from_slice(&[kind, code, 0, 0]);
        bytes.extend_from_slice(&rest);
        bytes.extend_from_slice(data);
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// Type, code, the rest of the head, and what follows.
    fn parts(&self) -> (u8, u8, [u8; 4], &'a [u8]) {
        let words = |first: u16, second: u16| {
            let ([a, b], [c, d]) = (first.to_be_bytes(), second.to_be_bytes());
            [a, b, c, d]
        };
        match *self {
            Self::EchoReply {
                identifier,
                sequence,
                data,
            } => (0, 0, words(identifier, sequence), data),
            Self::EchoRequest {
                identifier,
                sequence,
                data,
            } => (8, 0, words(identifier, sequence), data),
            Self::DestinationUnreachable {
                code,
                next_hop_mtu,
                quoted,
            } => (3, code, words(0, next_hop_mtu), quoted),
            Self::TimeExceeded { code, quoted } => (11, code, [0; 4], quoted),
            Self::ParameterProblem {
                code,
                pointer,
                quoted,
            } => (12, code, [pointer, 0, 0, 0], quoted),
            Self::Other {
                kind,
                code,
                rest,
                data,
            } => (kind, code, rest, data),
        }
    }
}
