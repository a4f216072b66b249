//! An ARP packet for IPv4 over Ethernet as a type (RFC 826).

use std::net::Ipv4Addr;

use crate::proto::ethernet::MacAddr;
use crate::proto::wire::{WireError, split};

/// What an ARP packet is (`ar$op`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpOperation {
    /// Who has this address?
    Request,
    /// I have it.
    Reply,
}

/// An ARP packet for IPv4 over Ethernet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArpPacket {
    /// Request or reply.
    pub operation: ArpOperation,
    /// The sender's MAC address (`ar$sha`).
    pub sender_mac: MacAddr,
    /// The sender's IP address (`ar$spa`); 0.0.0.0 in a probe (RFC 5227 §1.1).
    pub sender_ip: Ipv4Addr,
    /// The target's MAC address (`ar$tha`); zeros in a request.
    pub target_mac: MacAddr,
    /// The target's IP address (`ar$tpa`).
    pub target_ip: Ipv4Addr,
}

/// Hardware type Ethernet, protocol type IPv4, and their lengths.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

impl ArpPacket {
    /// Its length in bytes.
    pub const LEN: usize = 28;

    /// Reads the packet; bytes that follow it are padding.
    ///
    /// # Errors
    /// The bytes are fewer than 28, or it is not a request or reply for IPv4 over Ethernet.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let (packet, _padding) = split::<{ Self::LEN }>("ARP", bytes)?;
        if packet[..6] != ETHERNET_IPV4 {
            return Err(malformed("not IPv4 over Ethernet"));
        }
        let operation = match u16::from_be_bytes([packet[6], packet[7]]) {
            1 => ArpOperation::Request,
            2 => ArpOperation::Reply,
            _ => return Err(malformed("neither request nor reply")),
        };
        let mac = |at: usize| std::array::from_fn(|i| packet[at + i]);
        let ip = |at: usize| Ipv4Addr::from(std::array::from_fn::<u8, 4, _>(|i| packet[at + i]));
        Ok(Self {
            operation,
            sender_mac: mac(8),
            sender_ip: ip(14),
            target_mac: mac(18),
            target_ip: ip(24),
        })
    }

    /// The packet as bytes.
    pub fn emit(&self) -> [u8; Self::LEN] {
        let mut packet = [0; Self::LEN];
        packet[..6].copy_from_slice(&ETHERNET_IPV4);
        packet[7] = match self.operation {
            ArpOperation::Request => 1,
            ArpOperation::Reply => 2,
        };
        packet[8..14].copy_from_slice(&self.sender_mac);
        packet[14..18].copy_from_slice(&self.sender_ip.octets());
        packet[18..24].copy_from_slice(&self.target_mac);
        packet[24..].copy_from_slice(&self.target_ip.octets());
        packet
    }
}

fn malformed(what: &'static str) -> WireError {
    WireError::Malformed { layer: "ARP", what }
}
