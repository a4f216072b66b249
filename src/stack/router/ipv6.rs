//! IPv6 through a router (RFC 8200): the hop limit goes down by one, nothing is cut, and senders are told by ICMPv6 (RFC
//! 4443) why a packet came no further.

use super::{Router, route_text};
use crate::base::FrameId;
use crate::proto::ipv6::Ipv6Header;
use crate::stack::cx::Cx;
use crate::stack::host::icmpv6::no_error_about;
use crate::stack::host::link::{decide, discard};
use crate::stack::host::{Transit, TransitKind};
use crate::stack::ipv4::NextHop;
use crate::stack::record::What;
use crate::stack::tcp::Unreachable;

/// The place of the hop limit in the header.
const HOP_LIMIT_AT: usize = 7;

/// A packet that passes.
struct Passing<'a> {
    bytes: &'a [u8],
    header: Ipv6Header,
    payload: &'a [u8],
    to_group: bool,
}

impl Router {
    /// Takes an IPv6 packet that an interface leaves to the router.
    pub(super) fn take_ipv6(&mut self, cx: &mut Cx<'_>, transit: &Transit, frame: Option<FrameId>) {
        let Ok((header, payload)) = Ipv6Header::parse_quoted(&transit.packet) else {
            return;
        };
        let packet = Passing {
            bytes: &transit.packet,
            header,
            payload,
            to_group: matches!(transit.kind, TransitKind::Arrived { to_group: true }),
        };
        match transit.kind {
            TransitKind::Arrived { to_group } => match self.ipv6_owner(&packet) {
                Some(own) => self.interfaces[own].deliver(cx, packet.bytes, to_group),
                None => self.forward_ipv6(cx, &packet, frame),
            },
            TransitKind::Own => self.send_own_ipv6(cx, &packet),
            TransitKind::Stuck(why) => self.complain_ipv6(cx, &packet, why),
        }
    }

    /// The interface that the packet is for. A link-local address belongs to one link alone, whose interface has looked
    /// at it already.
    fn ipv6_owner(&self, packet: &Passing<'_>) -> Option<usize> {
        let to = packet.header.destination;
        let mut interfaces = self.interfaces.iter();
        interfaces.position(|it| {
            let own = it.ipv6();
            !to.is_unicast_link_local() && own.is_some_and(|own| own.ip == to)
        })
    }

    /// Forwards a packet, or tells its sender why not.
    fn forward_ipv6(&mut self, cx: &mut Cx<'_>, packet: &Passing<'_>, frame: Option<FrameId>) {
        if let Some((cite, why)) = self.ipv6_never_forwarded(packet) {
            return discard(cx, 3, cite, why);
        }
        let header = &packet.header;
        let to = header.destination;
        let Some(way) = self.routes.way(to.into()) else {
            discard(cx, 3, "RFC 4443 §3.1", format!("no route leads to {to}"));
            return self.complain_ipv6(cx, packet, Unreachable::Net);
        };
        if header.hop_limit <= 1 {
            let text = "its hop limit is used up: not sent on";
            discard(cx, 3, "RFC 8200 §3", text);
            return self.complain_ipv6(cx, packet, Unreachable::TimeExceeded);
        }
        let mtu = self.interfaces[way.interface].mtu();
        if packet.bytes.len() > usize::from(mtu) {
            if cx.log.is_on() {
                let len = packet.bytes.len();
                let text = format!(
                    "{len} bytes, but the next link takes {mtu}, and no router cuts IPv6 packets"
                );
                discard(cx, 3, "RFC 8200 §5", text);
            }
            return self.complain_ipv6(cx, packet, Unreachable::TooBig { mtu });
        }
        if cx.log.is_on() {
            let text = route_text(to.into(), &way, "hop limit", header.hop_limit);
            cx.step(3, None, "RFC 8200 §3", What::Routed(text.into()));
        }
        let mut lowered = packet.bytes.to_vec();
        lowered[HOP_LIMIT_AT] -= 1;
        self.interfaces[way.interface].send_on(cx, way.hop, &lowered, frame);
    }

    /// A packet of the router itself. Its source may cut it.
    fn send_own_ipv6(&mut self, cx: &mut Cx<'_>, packet: &Passing<'_>) {
        let to = packet.header.destination;
        let way = self.routes.way(to.into());
        match way.map(|way| (way.interface, way.hop)) {
            Some((interface, std::net::IpAddr::V6(hop))) => {
                let (header, payload) = (&packet.header, packet.payload);
                let interface = &mut self.interfaces[interface];
                interface.send_ipv6_to(cx, NextHop::Host(hop), header, payload);
            }
            _ => discard(cx, 3, "RFC 4443 §3.1", format!("no route leads to {to}")),
        }
    }

    /// Why a packet may not be forwarded, whatever the routes say, and no error is sent about it.
    fn ipv6_never_forwarded(&self, packet: &Passing<'_>) -> Option<(&'static str, &'static str)> {
        let (from, to) = (packet.header.source, packet.header.destination);
        let is_own = |it: &crate::stack::host::Host| it.ipv6().is_some_and(|own| own.ip == from);
        if to.is_multicast() {
            Some(("RFC 4291 §2.7", "multicast is not routed here"))
        } else if packet.to_group {
            Some(("RFC 1812 §5.3.4", "came in a frame to a group"))
        } else if to.is_unicast_link_local() || from.is_unicast_link_local() {
            Some((
                "RFC 4291 §2.5.6",
                "a link-local address is of its link alone: not sent on",
            ))
        } else if to.is_loopback() || to.is_unspecified() {
            Some(("RFC 4291 §2.5.3", "the destination is no host of a network"))
        } else if from.is_loopback()
            || from.is_unspecified()
            || from.is_multicast()
            || self.interfaces.iter().any(is_own)
        {
            Some((
                "RFC 4291 §2.5.2",
                "the source is no host of another network",
            ))
        } else {
            None
        }
    }

    /// Tells the sender of a packet why it came no further, by ICMPv6, if that is allowed and switched on.
    fn complain_ipv6(&mut self, cx: &mut Cx<'_>, packet: &Passing<'_>, why: Unreachable) {
        if !self.icmp_errors {
            let text = "the sender is not told: ICMP errors are switched off";
            return decide(cx, 3, "RFC 2923 §2.1", text);
        }
        if let Some(text) = no_error_about(&packet.header, packet.bytes, packet.to_group) {
            return decide(cx, 3, "RFC 4443 §2.4", text);
        }
        // What a host needs for path MTU discovery is not held back (as in Linux).
        let is_limited = !matches!(why, Unreachable::TooBig { .. });
        if is_limited && !self.limit.allows(cx.now) {
            let text = "too many ICMP errors: none sent";
            return decide(cx, 3, "RFC 4443 §2.4", text);
        }
        let to = packet.header.source;
        let Some(way) = self.routes.way(to.into()) else {
            return decide(cx, 3, "RFC 4443 §2.2", "no way back to its sender");
        };
        // It comes from the interface that it goes out of.
        self.interfaces[way.interface].send_ipv6_error(cx, packet.bytes, why);
    }
}

#[cfg(test)]
mod tests;
