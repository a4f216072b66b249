//! The UDP header as a type (RFC 768).

use std::net::IpAddr;

use crate::proto::ipv4::PROTOCOL_UDP;
use crate::proto::wire::{WireError, pseudo_checksum, split};

/// The UDP header; length and checksum are computed when it is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpHeader {
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub destination_port: u16,
}

impl UdpHeader {
    /// Its length in bytes.
    pub const LEN: usize = 8;

    /// Reads a datagram and cuts its payload to its length.
    ///
    /// # Errors
    /// The bytes are too few for the header or for its length, or a checksum is there and wrong.
    pub fn parse(
        source: impl Into<IpAddr>,
        destination: impl Into<IpAddr>,
        bytes: &[u8],
    ) -> Result<(Self, &[u8]), WireError> {
        let (source, destination) = (source.into(), destination.into());
        let (head, _) = split::<{ Self::LEN }>("UDP", bytes)?;
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let (len, found) = (usize::from(word(4)), word(6));
        let datagram = bytes.get(..len).ok_or(WireError::Short {
            layer: "UDP",
            needed: len,
            actual: bytes.len(),
        })?;
        let payload = datagram.get(Self::LEN..).ok_or(WireError::Malformed {
            layer: "UDP",
            what: "length below the header's own length",
        })?;
        // Zero means that the sender computed none, which over IPv6 it has to (RFC 8200 §8.1).
        let is_there = found != 0 || source.is_ipv6();
        if is_there && pseudo_checksum(source, destination, PROTOCOL_UDP, datagram) != 0 {
            return Err(WireError::Checksum {
                layer: "UDP",
                found,
            });
        }
        let header = Self {
            source_port: word(0),
            destination_port: word(2),
        };
        Ok((header, payload))
    }

    /// Header and payload as bytes, checksum included.
    ///
    /// # Panics
    /// If both are more than 65535 bytes together.
    pub fn emit(
        &self,
        source: impl Into<IpAddr>,
        destination: impl Into<IpAddr>,
        payload: &[u8],
    ) -> Vec<u8> {
        let len = u16::try_from(Self::LEN + payload.len()).expect("at most 65535 bytes");
        let mut bytes = Vec::with_capacity(usize::from(len));
        bytes.extend_from_slice(&self.source_port.to_be_bytes());
        bytes.extend_from_slice(&self.destination_port.to_be_bytes());
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(payload);
        // A computed zero is sent as all ones, because zero means none.
        let sum = match pseudo_checksum(source.into(), destination.into(), PROTOCOL_UDP, &bytes) {
            0 => 0xffff,
            sum => sum,
        };
        bytes[6..8].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}
