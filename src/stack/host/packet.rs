//! Packets of both versions of IP, as the layers above see them.

use std::net::IpAddr;

use crate::base::RecordId;
use crate::proto::ipv4::Ipv4Header;

/// A packet from this host to itself.
#[derive(Debug, Clone)]
pub(super) enum Packet {
    V4 {
        header: Ipv4Header,
        payload: Vec<u8>,
        cause: Option<RecordId>,
    },
    V6 {
        packet: Vec<u8>,
        cause: Option<RecordId>,
    },
}

/// What the layer above IP is told of a packet that arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// The ECN field.
    pub ecn: u8,
    /// Whether it was for more than this host.
    pub to_group: bool,
    /// What an error about it quotes.
    pub packet: Bytes<'a>,
}

/// What an error about a packet quotes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes<'a> {
    /// The IPv4 header; the payload follows.
    V4(&'a Ipv4Header),
    /// The whole packet.
    V6(&'a [u8]),
}
