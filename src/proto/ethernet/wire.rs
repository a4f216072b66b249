//! The Ethernet II header as a type (IEEE 802.3 §3.1).

use crate::proto::wire::{WireError, split};

/// A MAC address, as it stands on the wire.
pub type MacAddr = [u8; 6];

/// The MAC address of all hosts of a link.
pub const BROADCAST: MacAddr = [0xff; 6];

/// The EtherType of IPv4.
pub const ETHER_TYPE_IPV4: u16 = 0x0800;
/// The EtherType of ARP.
pub const ETHER_TYPE_ARP: u16 = 0x0806;
/// The EtherType of an 802.1Q tag.
pub const ETHER_TYPE_VLAN: u16 = 0x8100;
/// The EtherType of IPv6.
pub const ETHER_TYPE_IPV6: u16 = 0x86dd;

/// The shortest frame without its FCS; a shorter one is padded with zeros (IEEE 802.3 §3.2.8).
pub const MIN_FRAME_LEN: usize = 60;

/// The Ethernet II header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EthernetHeader {
    /// To whom.
    pub destination: MacAddr,
    /// From whom.
    pub source: MacAddr,
    /// What the payload is; a value up to 1500 is an 802.3 length.
    pub ether_type: u16,
}

impl EthernetHeader {
    /// Its length in bytes.
    pub const LEN: usize = 14;

    /// Reads the header; what follows it is the payload and, it may be, padding.
    ///
    /// # Errors
    /// The bytes are fewer than 14.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let (head, payload) = split::<{ Self::LEN }>("Ethernet", bytes)?;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = *head;
        let header = Self {
            destination: [a, b, c, d, e, f],
            source: [g, h, i, j, k, l],
            ether_type: u16::from_be_bytes([m, n]),
        };
        Ok((header, payload))
    }

    /// The header as bytes.
    pub fn emit(&self) -> [u8; Self::LEN] {
        let mut head = [0; Self::LEN];
        head[..6].copy_from_slice(&self.destination);
        head[6..12].copy_from_slice(&self.source);
        head[12..].copy_from_slice(&self.ether_type.to_be_bytes());
        head
    }
}

/// The usual way to write a MAC address: `02:00:00:00:00:01`.
pub fn mac_text(mac: MacAddr) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}
