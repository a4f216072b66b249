//! Layer 3 of a host: IPv4 packets.

use std::net::Ipv4Addr;

use super::Host;
use super::link::discard;
use super::packet::{Arrived, Bytes, Packet, Payload};
use crate::proto::ipv4::{Ipv4Header, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, header_len};
use crate::stack::cx::Cx;
use crate::stack::ipv4::{NextHop, parts};
use crate::stack::reassembly::{Fragment, Piece};
use crate::stack::record::{Info, Unit, What};
use crate::stack::tcp::Unreachable;

const IPV4: &str = "RFC 791 §3.1";

impl Host {
    /// A packet arrived. It goes up if it is whole, right, and for this host.
    pub(super) fn packet_arrives(&mut self, cx: &mut Cx<'_>, bytes: &[u8], to_group: bool) {
        let (header, payload) = match Ipv4Header::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => return discard(cx, 3, "RFC 1122 §3.2.1", error.to_string()),
        };
        let Some(interface) = self.ipv4 else {
            return discard(cx, 3, IPV4, "this host does not speak IPv4");
        };
        if !interface.is_mine(header.destination) {
            let len = bytes.len().min(header_len(bytes) + payload.len());
            return self.packet_for_others(cx, &bytes[..len], to_group);
        }
        if header.source.is_multicast() || interface.is_broadcast(header.source) {
            return discard(cx, 3, "RFC 1122 §3.2.1.3", "the source is no host");
        }
        if cx.log.is_on() {
            let unit = packet_unit(&header, payload.len());
            cx.step(3, None, IPV4, What::Up(unit));
        }
        if !header.is_fragment() {
            return self.packet_for_me(cx, &header, payload, to_group);
        }
        let (source, destination) = (header.source, header.destination);
        let key = (source, destination, header.protocol, header.identification);
        let piece = Piece {
            start: usize::from(header.fragment_offset),
            more: header.more_fragments,
            payload,
            most: usize::from(u16::MAX) - Ipv4Header::LEN,
            header,
        };
        match self.reassembly.take_in(key, piece, cx.now) {
            Fragment::Kept => decide_fragment(cx, "fragment kept: others are missing"),
            Fragment::Refused(why) => discard(cx, 3, "RFC 791 §3.2", why),
            Fragment::Whole(header, payload) => {
                let header = Ipv4Header {
                    more_fragments: false,
                    ..header
                };
                decide_fragment(cx, "last missing fragment: the datagram is whole");
                self.packet_for_me(cx, &header, &payload, to_group);
            }
        }
    }

    /// A whole packet for this host goes up to the layer above.
    pub(super) fn packet_for_me(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv4Header,
        payload: &[u8],
        to_group: bool,
    ) {
        let ip = Arrived {
            source: header.source.into(),
            destination: header.destination.into(),
            ecn: header.ecn,
            to_group,
            packet: Bytes::V4(header),
        };
        match header.protocol {
            PROTOCOL_ICMP => self.icmp_arrives(cx, header, payload, to_group),
            PROTOCOL_TCP => self.segment_arrives(cx, &ip, payload),
            PROTOCOL_UDP => self.datagram_arrives(cx, &ip, payload),
            _ => {
                discard(cx, 3, "RFC 1122 §3.2.2.1", "protocol not known");
                self.send_unreachable(cx, header, payload, to_group, Unreachable::Protocol);
            }
        }
    }

    /// Forms a packet, in fragments if it is larger than the MTU and may be, and hands it to the link. `marks` are DF
    /// and the ECN field.
    pub(super) fn send_ip(
        &mut self,
        cx: &mut Cx<'_>,
        protocol: u8,
        to: Ipv4Addr,
        marks: (bool, u8),
        payload: Payload<'_>,
    ) {
        match self.ipv4 {
            Some(own) => self.send_ip_between(cx, protocol, [own.ip, to], marks, payload),
            None => discard(cx, 3, IPV4, "this host does not speak IPv4"),
        }
    }

    /// Like [`Host::send_ip`], from any address.
    pub(super) fn send_ip_between(
        &mut self,
        cx: &mut Cx<'_>,
        protocol: u8,
        [source, to]: [Ipv4Addr; 2],
        marks: (bool, u8),
        payload: Payload<'_>,
    ) {
        let Some(interface) = self.ipv4 else {
            return discard(cx, 3, IPV4, "this host does not speak IPv4");
        };
        let (dont_fragment, ecn) = marks;
        let header = Ipv4Header {
            dscp: 0,
            ecn,
            identification: self.identification,
            dont_fragment,
            more_fragments: false,
            fragment_offset: 0,
            ttl: self.ttl,
            protocol,
            source,
            destination: to,
        };
        self.identification = self.identification.wrapping_add(1);
        let Some(hop) = interface.next_hop(to) else {
            let packet = [&header.emit(payload.len())[..], &payload.bytes()].concat();
            return self.no_way(cx, &packet);
        };
        let room = usize::from(self.mtu) - Ipv4Header::LEN;
        if payload.len() <= room || hop == NextHop::Own {
            self.send_part(cx, hop, &header, payload);
        } else if dont_fragment {
            discard(cx, 3, "RFC 791 §3.2", "larger than the MTU, and DF is set");
        } else {
            let bytes = payload.bytes();
            for (part, more_fragments) in parts(bytes.len(), room) {
                let fragment = Ipv4Header {
                    fragment_offset: part.start as u16,
                    more_fragments,
                    ..header
                };
                self.send_part(cx, hop, &fragment, Payload::Bytes(&bytes[part]));
            }
        }
    }

    fn send_part(
        &mut self,
        cx: &mut Cx<'_>,
        hop: NextHop,
        header: &Ipv4Header,
        payload: Payload<'_>,
    ) {
        let outer = cx.cause;
        if cx.log.is_on() {
            let unit = packet_unit(header, payload.len());
            cx.step(3, None, IPV4, What::Down(unit));
        }
        if hop == NextHop::Own {
            let (header, payload, cause) = (header.clone(), payload.bytes().into_owned(), cx.cause);
            self.loopback.push_back(Packet::V4 {
                header,
                payload,
                cause,
            });
        } else {
            let mut frame = self.frame_with_room(Ipv4Header::LEN + payload.len());
            frame.extend_from_slice(&header.emit(payload.len()));
            payload.emit_to(&mut frame);
            self.send_packet(cx, hop, frame, None);
        }
        cx.cause = outer;
    }

    /// Gives up on datagrams whose missing fragments did not come.
    pub(super) fn expire_fragments(&mut self, cx: &mut Cx<'_>) {
        let outer = cx.cause;
        while let Some(expired) = self.reassembly.take_expired(cx.now) {
            discard(
                cx,
                3,
                "RFC 1122 §3.3.2",
                "missing fragments did not come in time",
            );
            if let Some((header, payload)) = expired.first {
                self.send_time_exceeded(cx, &header, &payload);
            }
            cx.cause = outer;
        }
    }
}

fn decide_fragment(cx: &mut Cx<'_>, text: &'static str) {
    super::link::decide(cx, 3, "RFC 791 §3.2", text);
}

pub(super) fn packet_unit(header: &Ipv4Header, payload_len: usize) -> Unit {
    let mut info = Info::Packet {
        source: header.source,
        destination: header.destination,
        protocol: header.protocol,
        ttl: header.ttl,
    };
    if header.is_fragment() {
        let start = usize::from(header.fragment_offset);
        info = format!("{info}, bytes {start} to {}", start + payload_len).into();
    }
    Unit {
        protocol: "ip",
        len: Ipv4Header::LEN + payload_len,
        info,
    }
}
