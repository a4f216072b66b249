//! The IPv4 header as a type (RFC 791 §3.1).

use std::net::Ipv4Addr;

use etherparse::Ipv4HeaderSlice;

use crate::proto::wire::{WireError, checksum};

/// The protocol number of ICMP.
pub const PROTOCOL_ICMP: u8 = 1;
/// The protocol number of TCP.
pub const PROTOCOL_TCP: u8 = 6;
/// The protocol number of UDP.
pub const PROTOCOL_UDP: u8 = 17;

/// The IPv4 header without options; lengths and checksum are computed when it is emitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ipv4Header {
    /// Differentiated services code point (RFC 2474), 6 bits.
    pub dscp: u8,
    /// Explicit congestion notification (RFC 3168), 2 bits.
    pub ecn: u8,
    /// Which fragments belong together.
    pub identification: u16,
    /// DF: no router may fragment the packet.
    pub dont_fragment: bool,
    /// MF: more fragments follow.
    pub more_fragments: bool,
    /// Where the fragment belongs in the datagram, in bytes (a multiple of 8).
    pub fragment_offset: u16,
    /// How many routers the packet may still pass.
    pub ttl: u8,
    /// What the payload is.
    pub protocol: u8,
    /// From whom.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
}

impl Ipv4Header {
    /// The length of the header without options, in bytes.
    pub const LEN: usize = 20;

    /// Reads the header and cuts the payload to the total length: what follows that is padding of the link.
    /// Options are skipped.
    ///
    /// # Errors
    /// The bytes are too few for the header or for its total length, the version or a length is wrong, or the header
    /// checksum is.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let head =
            Ipv4HeaderSlice::from_slice(bytes).map_err(|error| header_error(error, bytes))?;
        let (header_len, total) = (head.slice().len(), usize::from(head.total_len()));
        if total < header_len {
            return Err(malformed("total length below the header's own length"));
        }
        let payload = bytes.get(header_len..total).ok_or(WireError::Short {
            layer: "IPv4",
            needed: total,
            actual: bytes.len(),
        })?;
        if checksum(head.slice()) != 0 {
            let found = head.header_checksum();
            return Err(WireError::Checksum {
                layer: "IPv4",
                found,
            });
        }
        Ok((Self::from_slice(&head), payload))
    }

    /// Reads the header alone, from bytes that may end behind it and whose checksum may be wrong, such as those that
    /// an ICMP error quotes.
    ///
    /// # Errors
    /// The bytes are too few for the header, or the version or the header length is wrong.
    pub fn parse_quoted(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let head =
            Ipv4HeaderSlice::from_slice(bytes).map_err(|error| header_error(error, bytes))?;
        Ok((Self::from_slice(&head), &bytes[head.slice().len()..]))
    }

    fn from_slice(head: &Ipv4HeaderSlice<'_>) -> Self {
        Self {
            dscp: head.dcp().value(),
            ecn: head.ecn().value(),
            identification: head.identification(),
            dont_fragment: head.dont_fragment(),
            more_fragments: head.more_fragments(),
            fragment_offset: head.fragments_offset().value() << 3,
            ttl: head.ttl(),
            protocol: head.protocol().0,
            source: head.source_addr(),
            destination: head.destination_addr(),
        }
    }

    /// Whether this is a part of a datagram and not the whole.
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }

    /// The header as bytes, for a payload of so many bytes, checksum included.
    ///
    /// # Panics
    /// If header and payload are more than 65535 bytes together.
    pub fn emit(&self, payload_len: usize) -> [u8; Self::LEN] {
        let total =
            u16::try_from(Self::LEN + payload_len).expect("a packet of at most 65535 bytes");
        let flags = u16::from(self.dont_fragment) << 14 | u16::from(self.more_fragments) << 13;
        let mut head = [0; Self::LEN];
        head[0] = 0x45;
        head[1] = self.dscp << 2 | self.ecn & 3;
        head[2..4].copy_from_slice(&total.to_be_bytes());
        head[4..6].copy_from_slice(&self.identification.to_be_bytes());
        head[6..8].copy_from_slice(&(flags | self.fragment_offset >> 3).to_be_bytes());
        head[8] = self.ttl;
        head[9] = self.protocol;
        head[12..16].copy_from_slice(&self.source.octets());
        head[16..].copy_from_slice(&self.destination.octets());
        let sum = checksum(&head);
        head[10..12].copy_from_slice(&sum.to_be_bytes());
        head
    }
}

/// The length of the header that `packet` begins with, options included, as its own first byte says.
pub fn header_len(packet: &[u8]) -> usize {
    packet.first().map_or(0, |byte| usize::from(byte & 15) * 4)
}

fn header_error(error: etherparse::err::ipv4::HeaderSliceError, bytes: &[u8]) -> WireError {
    match error {
        etherparse::err::ipv4::HeaderSliceError::Len(error) => WireError::Short {
            layer: "IPv4",
            needed: error.required_len,
            actual: bytes.len(),
        },
        etherparse::err::ipv4::HeaderSliceError::Content(_) => {
            malformed("version is not 4, or header length below 20 bytes")
        }
    }
}

fn malformed(what: &'static str) -> WireError {
    WireError::Malformed {
        layer: "IPv4",
        what,
    }
}
