//! Layer 3 of a host: IPv6 packets and their extension headers.
//!
//! Simplified: no router is discovered and no address made from a prefix that one advertises, no address is tested for
//! duplicates (RFC 4862), and membership in groups is not reported (MLD, RFC 3810). A learner sees no Router
//! Solicitation, no solicitation from `::` and no report when a host begins; switches that flood multicasts do not miss
//! the reports. Errors are not limited in their rate (RFC 4443 §2.4 f). What a fragmented packet's first fragment quotes
//! in an error has lost the extension headers in front of its fragment header.

use std::net::Ipv6Addr;

use super::link::{decide, discard};
use super::packet::{Arrived, Bytes, Packet};
use super::{Host, MOST_PATHS};
use crate::proto::icmpv6::{
    Icmpv6Message, PARAMETER_FIELD, PARAMETER_NEXT_HEADER, PARAMETER_OPTION,
};
use crate::proto::ipv4::{PROTOCOL_TCP, PROTOCOL_UDP};
use crate::proto::ipv6::{
    ExtensionHeader, FragmentHeader, Ipv6Header, MIN_MTU, NEXT_DESTINATION_OPTIONS, NEXT_FRAGMENT,
    NEXT_HOP_BY_HOP, NEXT_ICMPV6, NEXT_NONE, NEXT_ROUTING,
};
use crate::stack::cx::Cx;
use crate::stack::ipv4::NextHop;
use crate::stack::reassembly::{Fragment, Piece};
use crate::stack::record::{Unit, What};

const IPV6: &str = "RFC 8200 §3";
const EXTENSIONS: &str = "RFC 8200 §4";
const FRAGMENTS: &str = "RFC 8200 §4.5";

/// The place of the next header in the IPv6 header.
const NEXT_HEADER_AT: usize = 6;

impl Host {
    /// A packet arrived. It goes up if it is whole, right, and for this host.
    pub(super) fn ipv6_packet_arrives(&mut self, cx: &mut Cx<'_>, bytes: &[u8], to_group: bool) {
        let Some(interface) = self.ipv6 else {
            return discard(cx, 3, IPV6, "this host does not speak IPv6");
        };
        let (header, payload) = match Ipv6Header::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => return discard(cx, 3, IPV6, error.to_string()),
        };
        if !interface.is_mine(header.destination) {
            let packet = &bytes[..Ipv6Header::LEN + payload.len()];
            return self.ipv6_packet_for_others(cx, packet, to_group);
        }
        if header.source.is_multicast() || header.source.is_loopback() {
            return discard(cx, 3, "RFC 4291 §2.7", "the source is no host");
        }
        if cx.log.is_on() {
            let unit = packet_unit(&header, payload.len());
            cx.step(3, None, IPV6, What::Up(unit));
        }
        let packet = &bytes[..Ipv6Header::LEN + payload.len()];
        self.ipv6_packet_for_me(cx, packet, to_group, false);
    }

    /// A packet for this host, from its header on: the extension headers are gone through in their order, and what
    /// follows them goes up to the layer above. `was_cut`: it was put together from fragments.
    pub(super) fn ipv6_packet_for_me(
        &mut self,
        cx: &mut Cx<'_>,
        packet: &[u8],
        to_group: bool,
        was_cut: bool,
    ) {
        let Ok((header, _)) = Ipv6Header::parse_quoted(packet) else {
            return;
        };
        let ip = Arrived {
            source: header.source.into(),
            destination: header.destination.into(),
            ecn: header.ecn,
            to_group: to_group || header.destination.is_multicast(),
            packet: Bytes::V6(packet),
        };
        let (mut next, mut next_at, mut at) = (header.next_header, NEXT_HEADER_AT, Ipv6Header::LEN);
        while let NEXT_HOP_BY_HOP | NEXT_ROUTING | NEXT_DESTINATION_OPTIONS = next {
            // Hop-by-hop options stand right behind the header or nowhere (RFC 8200 §4.1).
            if next == NEXT_HOP_BY_HOP && at != Ipv6Header::LEN {
                return self.parameter_problem(cx, &ip, PARAMETER_NEXT_HEADER, next_at);
            }
            let (extension, rest) = match ExtensionHeader::parse(&packet[at..]) {
                Ok(parsed) => parsed,
                Err(error) => return discard(cx, 3, EXTENSIONS, error.to_string()),
            };
            if !self.takes_extension(cx, &ip, next, &extension, at) {
                return;
            }
            (next, next_at, at) = (extension.next_header, at, packet.len() - rest.len());
        }
        let payload = &packet[at..];
        match next {
            NEXT_FRAGMENT if was_cut => discard(cx, 3, FRAGMENTS, "a fragment of a fragment"),
            NEXT_FRAGMENT => self.fragment_arrives(cx, &ip, &header, payload),
            NEXT_ICMPV6 if was_cut && matches!(payload.first(), Some(133..=137)) => {
                discard(cx, 3, "RFC 6980 §5", "Neighbor Discovery in fragments");
            }
            NEXT_ICMPV6 => self.icmpv6_arrives(cx, &ip, &header, payload),
            PROTOCOL_TCP => self.segment_arrives(cx, &ip, payload),
            PROTOCOL_UDP => self.datagram_arrives(cx, &ip, payload),
            NEXT_NONE => discard(cx, 3, "RFC 8200 §4.7", "nothing follows the headers"),
            _ => self.parameter_problem(cx, &ip, PARAMETER_NEXT_HEADER, next_at),
        }
    }

    /// Whether the packet goes on behind this extension header, which is at this place.
    fn takes_extension(
        &mut self,
        cx: &mut Cx<'_>,
        ip: &Arrived<'_>,
        kind: u8,
        extension: &ExtensionHeader<'_>,
        at: usize,
    ) -> bool {
        if kind == NEXT_ROUTING {
            // Segments left: it wants to go on, by a type of routing that this host does not know.
            let is_done = extension.body.get(1) == Some(&0);
            if !is_done {
                self.parameter_problem(cx, ip, PARAMETER_FIELD, at + 2);
            }
            return is_done;
        }
        // Pad1, PadN and the router alert are known. What to do with another one its two highest bits say.
        let unknown = |&(_, option): &(usize, u8)| !matches!(option, 0 | 1 | 5) && option >> 6 != 0;
        let Some((place, option)) = extension.options().find(unknown) else {
            return true;
        };
        if option >> 6 == 2 || option >> 6 == 3 && !ip.to_group {
            self.parameter_problem(cx, ip, PARAMETER_OPTION, at + 2 + place);
        } else {
            discard(
                cx,
                3,
                "RFC 8200 §4.2",
                "an option that this host does not know",
            );
        }
        false
    }

    /// A fragment arrived: it waits for the others.
    fn fragment_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        ip: &Arrived<'_>,
        header: &Ipv6Header,
        bytes: &[u8],
    ) {
        let (fragment, payload) = match FragmentHeader::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => return discard(cx, 3, FRAGMENTS, error.to_string()),
        };
        let start = usize::from(fragment.offset);
        if fragment.more && !payload.len().is_multiple_of(8) {
            return self.parameter_problem(cx, ip, PARAMETER_FIELD, 4);
        }
        if start + payload.len() > usize::from(u16::MAX) {
            let at = packet_len(ip) - bytes.len() + 2;
            return self.parameter_problem(cx, ip, PARAMETER_FIELD, at);
        }
        if start == 0 && !fragment.more {
            // The only one (RFC 6946): nothing to wait for.
            return self.whole_arrives(cx, header, &fragment, payload, ip.to_group);
        }
        let key = (header.source, header.destination, fragment.identification);
        let piece = Piece {
            header: (header.clone(), fragment),
            start,
            more: fragment.more,
            payload,
            most: usize::from(u16::MAX),
        };
        match self.ipv6_reassembly.take_in(key, piece, cx.now) {
            Fragment::Kept => decide(cx, 3, FRAGMENTS, "fragment kept: others are missing"),
            Fragment::Refused(why) => discard(cx, 3, FRAGMENTS, why),
            Fragment::Whole((header, fragment), payload) => {
                decide(
                    cx,
                    3,
                    FRAGMENTS,
                    "last missing fragment: the packet is whole",
                );
                self.whole_arrives(cx, &header, &fragment, &payload, ip.to_group);
            }
        }
    }

    /// A packet is whole again: as if it had come without a fragment header.
    fn whole_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv6Header,
        fragment: &FragmentHeader,
        payload: &[u8],
        to_group: bool,
    ) {
        let header = Ipv6Header {
            next_header: fragment.next_header,
            ..header.clone()
        };
        let packet = [&header.emit(payload.len())[..], payload].concat();
        self.ipv6_packet_for_me(cx, &packet, to_group, true);
    }

    /// The sender is told where its packet is not understood.
    fn parameter_problem(&mut self, cx: &mut Cx<'_>, ip: &Arrived<'_>, code: u8, at: usize) {
        let text = match code {
            PARAMETER_NEXT_HEADER => "next header not known",
            PARAMETER_OPTION => "an option that this host does not know",
            _ => "a field of a header has a wrong value",
        };
        discard(cx, 3, "RFC 4443 §3.4", text);
        let Bytes::V6(packet) = ip.packet else {
            return;
        };
        // About unknown options senders to a group are told, too (RFC 4443 §2.4 e).
        let to_group = ip.to_group && code != PARAMETER_OPTION;
        self.send_icmpv6_error(cx, "RFC 4443 §3.4", packet, to_group, |quoted| {
            let pointer = at as u32;
            Icmpv6Message::ParameterProblem {
                code,
                pointer,
                quoted,
            }
        });
    }

    /// The header of a packet from this host, before anything special.
    pub(super) fn ipv6_header(
        &self,
        next_header: u8,
        source: Ipv6Addr,
        destination: Ipv6Addr,
    ) -> Ipv6Header {
        Ipv6Header {
            dscp: 0,
            ecn: 0,
            flow_label: 0,
            next_header,
            hop_limit: self.ttl,
            source,
            destination,
        }
    }

    /// Hands a packet to the link, in fragments if it is larger than its path takes. TCP sees to that itself, and is
    /// never cut.
    pub(super) fn send_ipv6(&mut self, cx: &mut Cx<'_>, header: &Ipv6Header, payload: &[u8]) {
        let hop = self
            .ipv6
            .and_then(|interface| interface.next_hop(header.destination));
        let Some(hop) = hop else {
            let quoted = [&header.emit(payload.len())[..], payload].concat();
            return self.no_ipv6_way(cx, &quoted);
        };
        self.send_ipv6_to(cx, hop, header, payload);
    }

    /// Hands a packet of this host to a host of the link, in fragments if it is larger than its path takes.
    pub(in crate::stack) fn send_ipv6_to(
        &mut self,
        cx: &mut Cx<'_>,
        hop: NextHop<Ipv6Addr>,
        header: &Ipv6Header,
        payload: &[u8],
    ) {
        let is_tcp = header.next_header == PROTOCOL_TCP;
        let path = self.path_mtu.get(&header.destination).copied();
        let mtu = path.filter(|_| !is_tcp).unwrap_or(self.mtu);
        let room = usize::from(mtu) - Ipv6Header::LEN;
        if payload.len() <= room || hop == NextHop::Own {
            return self.send_ipv6_part(cx, hop, header, &[], payload);
        }
        if is_tcp {
            return discard(cx, 3, "RFC 8200 §5", "larger than the MTU of the link");
        }
        let identification = self.ipv6_identification;
        self.ipv6_identification = identification.wrapping_add(1);
        // All fragments but the last are multiples of 8 bytes long.
        let step = (room - FragmentHeader::LEN) / 8 * 8;
        let outer = cx.cause;
        decide(
            cx,
            3,
            FRAGMENTS,
            "larger than the MTU: it is sent in fragments",
        );
        for (i, part) in payload.chunks(step).enumerate() {
            let offset = i * step;
            let fragment = FragmentHeader {
                next_header: header.next_header,
                offset: offset as u16,
                more: offset + part.len() < payload.len(),
                identification,
            };
            let header = Ipv6Header {
                next_header: NEXT_FRAGMENT,
                ..header.clone()
            };
            self.send_ipv6_part(cx, hop, &header, &fragment.emit(), part);
        }
        cx.cause = outer;
    }

    /// Sends a packet that fits: its header, its extension headers, and what follows them.
    fn send_ipv6_part(
        &mut self,
        cx: &mut Cx<'_>,
        hop: NextHop<Ipv6Addr>,
        header: &Ipv6Header,
        extensions: &[u8],
        payload: &[u8],
    ) {
        let outer = cx.cause;
        let len = extensions.len() + payload.len();
        if cx.log.is_on() {
            let unit = packet_unit(header, len);
            cx.step(3, None, IPV6, What::Down(unit));
        }
        let mut frame = self.frame_with_room(Ipv6Header::LEN + len);
        let head_len = frame.len();
        frame.extend_from_slice(&header.emit(len));
        frame.extend_from_slice(extensions);
        frame.extend_from_slice(payload);
        if hop == NextHop::Own {
            let packet = frame.split_off(head_len);
            let cause = cx.cause;
            self.loopback.push_back(Packet::V6 { packet, cause });
        } else {
            self.send_to_neighbor(cx, hop, frame, None);
        }
        cx.cause = outer;
    }

    /// A router has said how large a packet to `to` may be (RFC 8201 §4).
    pub(super) fn learn_path_mtu(&mut self, cx: &mut Cx<'_>, to: Ipv6Addr, mtu: u32) {
        let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
        let known = self.path_mtu.get(&to).copied().unwrap_or(self.mtu);
        if mtu < MIN_MTU {
            return discard(
                cx,
                3,
                "RFC 8201 §4",
                "no path of IPv6 is narrower than 1280 bytes",
            );
        }
        if mtu < known {
            if self.path_mtu.len() >= MOST_PATHS && !self.path_mtu.contains_key(&to) {
                self.path_mtu.pop_first();
            }
            self.path_mtu.insert(to, mtu);
            let text = format!("the path to {to} takes packets of {mtu} bytes");
            decide(cx, 3, "RFC 8201 §4", text);
        }
    }

    /// Gives up on packets whose missing fragments did not come.
    pub(super) fn expire_ipv6_fragments(&mut self, cx: &mut Cx<'_>) {
        let outer = cx.cause;
        while let Some(expired) = self.ipv6_reassembly.take_expired(cx.now) {
            let text = "missing fragments did not come in time";
            discard(cx, 3, FRAGMENTS, text);
            if let Some(((header, fragment), payload)) = expired.first {
                let len = FragmentHeader::LEN + payload.len();
                let packet = [&header.emit(len)[..], &fragment.emit(), &payload].concat();
                let to_group = header.destination.is_multicast();
                self.send_icmpv6_error(cx, "RFC 4443 §3.3", &packet, to_group, |quoted| {
                    Icmpv6Message::TimeExceeded { code: 1, quoted }
                });
            }
            cx.cause = outer;
        }
    }
}

fn packet_len(ip: &Arrived<'_>) -> usize {
    match ip.packet {
        Bytes::V6(packet) => packet.len(),
        Bytes::V4(_) => 0,
    }
}

pub(super) fn packet_unit(header: &Ipv6Header, payload_len: usize) -> Unit {
    let protocol = match header.next_header {
        NEXT_ICMPV6 => "ICMPv6".to_owned(),
        PROTOCOL_TCP => "TCP".to_owned(),
        PROTOCOL_UDP => "UDP".to_owned(),
        NEXT_FRAGMENT => "fragment".to_owned(),
        other => format!("next header {other}"),
    };
    let (from, to, hops) = (header.source, header.destination, header.hop_limit);
    Unit {
        protocol: "ipv6",
        len: Ipv6Header::LEN + payload_len,
        info: format!("{from} to {to}, {protocol}, hop limit {hops}").into(),
    }
}
