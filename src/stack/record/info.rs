//! The line about a data unit that crosses a layer.

use std::fmt;
use std::net::Ipv4Addr;

use super::Text;
use crate::proto::ethernet::{ETHER_TYPE_ARP, ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, MacAddr, mac_text};
use crate::proto::ipv4::{PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP};
use crate::proto::tcp::TcpFlags;

/// One line about a data unit. Of the units that are in every frame it keeps what the line tells, and makes the line
/// when it is shown: a run has many times more records than anyone reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Info {
    /// Any other unit, in words.
    Text(Text),
    /// An Ethernet frame: `02:00:00:00:00:01 to 02:00:00:00:00:02, IPv4`.
    Frame {
        /// The source.
        source: MacAddr,
        /// The destination.
        destination: MacAddr,
        /// What is inside.
        ether_type: u16,
    },
    /// A whole IPv4 packet: `10.0.0.1 to 10.0.0.2, TCP, TTL 64`.
    Packet {
        /// The source.
        source: Ipv4Addr,
        /// The destination.
        destination: Ipv4Addr,
        /// What is inside.
        protocol: u8,
        /// The time to live.
        ttl: u8,
    },
    /// A TCP segment: `[PSH, ACK] seq 1, ack 1, 129 bytes`.
    Segment {
        /// The control bits.
        flags: TcpFlags,
        /// The sequence number, as it is to be shown: most often counted from the ISN.
        seq: u32,
        /// The acknowledgment number, likewise; shown with ACK only.
        ack: u32,
        /// Bytes of data.
        len: u32,
    },
}

impl<T: Into<Text>> From<T> for Info {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Frame {
                source,
                destination,
                ether_type,
            } => {
                write!(f, "{} to {}, ", mac_text(*source), mac_text(*destination))?;
                match *ether_type {
                    ETHER_TYPE_ARP => f.write_str("ARP"),
                    ETHER_TYPE_IPV4 => f.write_str("IPv4"),
                    ETHER_TYPE_IPV6 => f.write_str("IPv6"),
                    other => write!(f, "type {other:#06x}"),
                }
            }
            Self::Packet {
                source,
                destination,
                protocol,
                ttl,
            } => {
                write!(f, "{source} to {destination}, ")?;
                match *protocol {
                    PROTOCOL_ICMP => f.write_str("ICMP")?,
                    PROTOCOL_TCP => f.write_str("TCP")?,
                    PROTOCOL_UDP => f.write_str("UDP")?,
                    other => write!(f, "protocol {other}")?,
                }
                write!(f, ", TTL {ttl}")
            }
            Self::Segment {
                flags,
                seq,
                ack,
                len,
            } => {
                write!(f, "[{flags}] seq {seq}")?;
                if flags.has(TcpFlags::ACK) {
                    write!(f, ", ack {ack}")?;
                }
                match len {
                    0 => Ok(()),
                    1 => f.write_str(", 1 byte"),
                    len => write!(f, ", {len} bytes"),
                }
            }
        }
    }
}
