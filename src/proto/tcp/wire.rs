//! The TCP header as a type (RFC 9293 §3.1).

mod options;

use std::fmt;
use std::net::IpAddr;

use crate::proto::ipv4::PROTOCOL_TCP;
use crate::proto::wire::{WireError, pseudo_checksum, split};

pub use options::TcpOption;

/// The control bits of a TCP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push: give the data to the application now.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment field counts.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x20);
    /// ECN-echo (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Self = Self(0x80);

    /// Whether all of `flags` are set.
    pub fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl std::ops::BitOr for TcpFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for TcpFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The names of the bits that are set, such as `SYN, ACK`.
impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
        let set = (0..8).filter(|bit| self.0 & 1 << bit != 0);
        for (i, bit) in set.enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            f.write_str(NAMES[bit])?;
        }
        Ok(())
    }
}

/// The TCP header; data offset and checksum are computed when it is emitted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TcpHeader {
    /// From which port.
    pub source_port: u16,
    /// To which port.
    pub destination_port: u16,
    /// SEG.SEQ: the number of the first byte of data, or of the SYN.
    pub sequence_number: u32,
    /// SEG.ACK: the next number that the sender expects; counts with ACK only.
    pub acknowledgment_number: u32,
    /// The control bits.
    pub flags: TcpFlags,
    /// SEG.WND as it stands there, not scaled.
    pub window: u16,
    /// SEG.UP; counts with URG only.
    pub urgent_pointer: u16,
    /// The options in their order, NOPs included; padding at the end is not listed.
    pub options: Vec<TcpOption>,
}

impl TcpHeader {
    /// The length of the header without options, in bytes.
    pub const LEN: usize = 20;

    /// Reads a segment: its header and its data.
    ///
    /// # Errors
    /// The bytes are too few for the header, its data offset is below 5, or the checksum is wrong.
    pub fn parse(
        source: impl Into<IpAddr>,
        destination: impl Into<IpAddr>,
        bytes: &[u8],
    ) -> Result<(Self, &[u8]), WireError> {
        let (header, payload) = Self::parse_unchecked(bytes)?;
        if pseudo_checksum(source.into(), destination.into(), PROTOCOL_TCP, bytes) != 0 {
            let found = u16::from_be_bytes([bytes[16], bytes[17]]);
            return Err(WireError::Checksum {
                layer: "TCP",
                found,
            });
        }
        Ok((header, payload))
    }

    /// Like [`TcpHeader::parse`], without a look at the checksum.
    ///
    /// # Errors
    /// The bytes are too few for the header, or its data offset is below 5.
    pub fn parse_unchecked(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let (head, _) = split::<{ Self::LEN }>("TCP", bytes)?;
        let header_len = usize::from(head[12] >> 4) * 4;
        if header_len < Self::LEN {
            return Err(WireError::Malformed {
                layer: "TCP",
                what: "data offset below 5",
            });
        }
        let options = bytes.get(Self::LEN..header_len).ok_or(WireError::Short {
            layer: "TCP",
            needed: header_len,
            actual: bytes.len(),
        })?;
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let long = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
        let header = Self {
            source_port: word(0),
            destination_port: word(2),
            sequence_number: long(4),
            acknowledgment_number: long(8),
            flags: TcpFlags(head[13]),
            window: word(14),
            urgent_pointer: word(18),
            options: TcpOption::parse_all(options),
        };
        Ok((header, &bytes[header_len..]))
    }

    /// The length of the header with its options and their padding, in bytes.
    pub fn header_len(&self) -> usize {
        Self::LEN + TcpOption::emitted_len(&self.options)
    }

    /// Header and data as bytes, checksum included. Options that end at no multiple of four bytes are padded with
    /// zeros (RFC 9293 §3.1).
    ///
    /// # Panics
    /// If the options are more than 40 bytes.
    pub fn emit(
        &self,
        source: impl Into<IpAddr>,
        destination: impl Into<IpAddr>,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.header_len() + payload.len());
        self.emit_to(&mut bytes, source.into(), destination.into(), payload);
        bytes
    }

    /// Like [`TcpHeader::emit`], behind what is in `bytes` already.
    pub fn emit_to(
        &self,
        bytes: &mut Vec<u8>,
        source: IpAddr,
        destination: IpAddr,
        payload: &[u8],
    ) {
        let (start, header_len) = (bytes.len(), self.header_len());
        assert!(header_len <= 60, "TCP options of at most 40 bytes");
        bytes.extend_from_slice(&self.source_port.to_be_bytes());
        bytes.extend_from_slice(&self.destination_port.to_be_bytes());
        bytes.extend_from_slice(&self.sequence_number.to_be_bytes());
        bytes.extend_from_slice(&self.acknowledgment_number.to_be_bytes());
        bytes.extend_from_slice(&[(header_len as u8 / 4) << 4, self.flags.0]);
        bytes.extend_from_slice(&self.window.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&self.urgent_pointer.to_be_bytes());
        TcpOption::emit_all(&self.options, bytes);
        bytes.resize(start + header_len, 0);
        bytes.extend_from_slice(payload);
        let segment = &mut bytes[start..];
        let sum = pseudo_checksum(source, destination, PROTOCOL_TCP, segment);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{TcpFlags, TcpHeader, TcpOption};
    use std::net::Ipv4Addr;

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    #[test]
    fn emitted_is_parsed_back() {
        let header = TcpHeader {
            source_port: 40000,
            destination_port: 80,
            sequence_number: 0xfffffff0,
            acknowledgment_number: 7,
            flags: TcpFlags::SYN | TcpFlags::ACK,
            window: 64240,
            urgent_pointer: 0,
            options: vec![
                TcpOption::Mss(1460),
                TcpOption::SackPermitted,
                TcpOption::Timestamps {
                    value: 1,
                    echo_reply: 2,
                },
                TcpOption::Nop,
                TcpOption::WindowScale(7),
                TcpOption::Sack(vec![(1, 2)]),
                TcpOption::Unknown {
                    kind: 253,
                    data: vec![1, 2, 3],
                },
            ],
        };
        let bytes = header.emit(A, B, b"hello");
        assert_eq!(
            TcpHeader::parse(A, B, &bytes),
            Ok((header, b"hello".as_slice()))
        );
        let mut wrong = bytes;
        wrong[20] ^= 1;
        assert!(TcpHeader::parse(A, B, &wrong).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(bytes in proptest::collection::vec(0u8.., 0..100)) {
            let _ = TcpHeader::parse_unchecked(&bytes);
            let _ = TcpHeader::parse(A, B, &bytes);
            let _ = crate::proto::ipv4::Ipv4Header::parse(&bytes);
            let _ = crate::proto::ipv4::Ipv4Header::parse_quoted(&bytes);
            let _ = crate::proto::icmp::IcmpMessage::parse(&bytes);
            let _ = crate::proto::udp::UdpHeader::parse(A, B, &bytes);
            let _ = crate::proto::arp::ArpPacket::parse(&bytes);
            let _ = crate::proto::ethernet::EthernetHeader::parse(&bytes);
        }
    }
}
