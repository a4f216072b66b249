//! A host as an interface of a router: what is not for it is left to the router, and what the router sends on goes out
//! of it.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use super::link::discard;
use super::{Host, HostConfig, ipv6, network};
use crate::base::{FrameId, RecordId};
use crate::proto::ethernet::EthernetHeader;
use crate::proto::ipv4::Ipv4Header;
use crate::proto::ipv6::Ipv6Header;
use crate::stack::cx::Cx;
use crate::stack::ipv4::NextHop;
use crate::stack::record::What;
use crate::stack::tcp::Unreachable;

/// A packet that an interface leaves to its router.
#[derive(Debug, Clone)]
pub(in crate::stack) struct Transit {
    /// The packet, from its IP header to its end.
    pub packet: Vec<u8>,
    /// Why.
    pub kind: TransitKind,
    /// The record that left it to the router.
    pub cause: Option<RecordId>,
}

/// Why a packet is left to the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) enum TransitKind {
    /// It came in and is not for this interface; `to_group`: in a frame to a group.
    Arrived { to_group: bool },
    /// The interface itself made it, for another network.
    Own,
    /// It could not be handed to its next hop.
    Stuck(Unreachable),
}

impl Host {
    /// An interface of a router.
    pub(in crate::stack) fn interface_of_router(config: HostConfig) -> Self {
        let mut host = Self::new(config);
        host.transit = Some(VecDeque::new());
        host
    }

    /// The next packet for the router.
    pub(in crate::stack) fn poll_transit(&mut self) -> Option<Transit> {
        self.transit.as_mut()?.pop_front()
    }

    /// The addresses of this link's networks, each with the length of its network's prefix; not the link-local one.
    pub(in crate::stack) fn networks(&self) -> impl Iterator<Item = (IpAddr, u8)> + use<> {
        let ipv4 = self.ipv4.map(|own| (IpAddr::V4(own.ip), own.prefix_len));
        let ipv6 = self.ipv6.map(|own| (IpAddr::V6(own.ip), own.prefix_len));
        ipv4.into_iter().chain(ipv6)
    }

    /// Whether it is an interface of a router.
    pub(super) fn is_of_router(&self) -> bool {
        self.transit.is_some()
    }

    /// The largest IP packet of the interface, in bytes.
    pub(in crate::stack) fn mtu(&self) -> u16 {
        self.mtu
    }

    /// Takes a packet for this interface that came in at another one.
    pub(in crate::stack) fn deliver(&mut self, cx: &mut Cx<'_>, packet: &[u8], to_group: bool) {
        self.as_one_call(cx, |host, cx| match version(packet) {
            6 => host.ipv6_packet_arrives(cx, packet, to_group),
            _ => host.packet_arrives(cx, packet, to_group),
        });
    }

    /// Sends a packet to `hop`, a host of this link. `forwards` is the frame that it came in.
    pub(in crate::stack) fn send_on(
        &mut self,
        cx: &mut Cx<'_>,
        hop: IpAddr,
        packet: &[u8],
        forwards: Option<FrameId>,
    ) {
        let outer = cx.cause;
        let mut frame = self.frame_with_room(packet.len());
        frame.extend_from_slice(packet);
        match hop {
            IpAddr::V4(hop) => self.send_ipv4_on(cx, hop, packet, frame, forwards),
            IpAddr::V6(hop) => {
                if let (true, Ok((header, payload))) =
                    (cx.log.is_on(), Ipv6Header::parse_quoted(packet))
                {
                    let unit = ipv6::packet_unit(&header, payload.len());
                    cx.step(3, None, "RFC 8200 §3", What::Down(unit));
                }
                self.send_to_neighbor(cx, NextHop::Host(hop), frame, forwards);
            }
        }
        cx.cause = outer;
    }

    fn send_ipv4_on(
        &mut self,
        cx: &mut Cx<'_>,
        hop: Ipv4Addr,
        packet: &[u8],
        frame: Vec<u8>,
        forwards: Option<FrameId>,
    ) {
        if let (true, Ok((header, payload))) = (cx.log.is_on(), Ipv4Header::parse_quoted(packet)) {
            let unit = network::packet_unit(&header, payload.len());
            cx.step(3, None, "RFC 791 §3.1", What::Down(unit));
        }
        self.send_packet(cx, NextHop::Host(hop), frame, forwards);
    }

    /// A packet arrived that is not for this host's address.
    pub(super) fn packet_for_others(&mut self, cx: &mut Cx<'_>, packet: &[u8], to_group: bool) {
        let kind = TransitKind::Arrived { to_group };
        if !self.leave_to_router(cx, packet, kind) {
            discard(cx, 3, "RFC 1122 §3.3.4.2", "not for this host's IP address");
        }
    }

    /// An IPv6 packet arrived that is not for this host's addresses.
    pub(super) fn ipv6_packet_for_others(
        &mut self,
        cx: &mut Cx<'_>,
        packet: &[u8],
        to_group: bool,
    ) {
        let kind = TransitKind::Arrived { to_group };
        if !self.leave_to_router(cx, packet, kind) {
            let text = "not for this host's IPv6 addresses";
            discard(cx, 3, "RFC 8200 §3", text);
        }
    }

    /// This host made an IPv6 packet for another network, and has no gateway.
    pub(super) fn no_ipv6_way(&mut self, cx: &mut Cx<'_>, packet: &[u8]) {
        if !self.leave_to_router(cx, packet, TransitKind::Own) {
            self.ipv6_undeliverable(cx, packet, Unreachable::Net);
        }
    }

    /// An IPv6 packet in a frame that could not be addressed, as its next hop does not answer.
    pub(super) fn ipv6_next_hop_is_silent(&mut self, cx: &mut Cx<'_>, frame: &[u8]) {
        let packet = &frame[EthernetHeader::LEN..];
        let own =
            Ipv6Header::parse_quoted(packet).is_ok_and(|(header, _)| self.owns_ipv6(header.source));
        let stuck = TransitKind::Stuck(Unreachable::Host);
        if own || !self.leave_to_router(cx, packet, stuck) {
            self.ipv6_undeliverable(cx, packet, Unreachable::Host);
        }
    }

    /// This host made a packet for another network, and has no gateway.
    pub(super) fn no_way(&mut self, cx: &mut Cx<'_>, packet: &[u8]) {
        if !self.leave_to_router(cx, packet, TransitKind::Own) {
            self.undeliverable(cx, packet, Unreachable::Net);
        }
    }

    /// A packet in a frame that could not be addressed, as its next hop does not answer.
    pub(super) fn next_hop_is_silent(&mut self, cx: &mut Cx<'_>, frame: &[u8]) {
        let packet = &frame[EthernetHeader::LEN..];
        let own = Ipv4Header::parse_quoted(packet)
            .is_ok_and(|(header, _)| Some(header.source) == self.ipv4());
        let stuck = TransitKind::Stuck(Unreachable::Host);
        if own || !self.leave_to_router(cx, packet, stuck) {
            self.undeliverable(cx, packet, Unreachable::Host);
        }
    }

    /// `false`: there is no router.
    fn leave_to_router(&mut self, cx: &Cx<'_>, packet: &[u8], kind: TransitKind) -> bool {
        let cause = cx.cause;
        let Some(transit) = &mut self.transit else {
            return false;
        };
        transit.push_back(Transit {
            packet: packet.to_vec(),
            kind,
            cause,
        });
        true
    }
}

/// The version of IP that a packet says it is of.
pub(in crate::stack) fn version(packet: &[u8]) -> u8 {
    packet.first().map_or(0, |first| first >> 4)
}
