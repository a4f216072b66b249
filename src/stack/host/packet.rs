//! Packets of both versions of IP, as the layers above see them.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::base::RecordId;
use crate::proto::ipv4::Ipv4Header;
use crate::proto::tcp::TcpHeader;

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

/// What a packet that is to be sent carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Bytes(&'a [u8]),
    /// A segment that is written only where it goes into its packet: its header, its two ends, its data.
    Segment(&'a TcpHeader, [IpAddr; 2], &'a [u8]),
}

impl<'a> Payload<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Segment(header, _, text) => header.header_len() + text.len(),
        }
    }

    /// Writes it behind what is in `packet` already.
    pub(super) fn emit_to(self, packet: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => packet.extend_from_slice(bytes),
            Self::Segment(header, [from, to], text) => header.emit_to(packet, from, to, text),
        }
    }

    pub(super) fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bytes(bytes) => bytes.into(),
            Self::Segment(header, [from, to], text) => header.emit(from, to, text).into(),
        }
    }
}

/// What an error about a packet quotes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes<'a> {
    /// The IPv4 header; the payload follows.
    V4(&'a Ipv4Header),
    /// The whole packet.
    V6(&'a [u8]),
}
