//! Neighbor Discovery of a host (RFC 4861): what ARP is for IPv4, done with ICMPv6.
//!
//! Who has an address is asked of its solicited-node group, in which only a few hosts are, so the others do not even
//! read the question. Each message has to come with a hop limit of 255: one that a router has passed on is refused, so
//! nobody from outside the link can lie about its addresses.
//!
//! Left out: routers are not discovered (they are configured), redirects are not followed.

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use super::Host;
use super::link::{decide, discard};
use crate::base::FrameId;
use crate::proto::ethernet::{ETHER_TYPE_IPV6, EthernetHeader, MacAddr};
use crate::proto::icmpv6::{Icmpv6Message, NeighborAdvertisement};
use crate::proto::ipv6::{ALL_NODES, Ipv6Header, NEXT_ICMPV6, solicited_node};
use crate::stack::arp::Waiting;
use crate::stack::cx::Cx;
use crate::stack::ipv4::NextHop;
use crate::stack::ipv6::{Due, Learned};
use crate::stack::record::What;

/// The hop limit of every message of Neighbor Discovery (RFC 4861 §3.1).
const HOP_LIMIT: u8 = 255;

const RESOLUTION: &str = "RFC 4861 §7.2.2";
const SOLICITATION: &str = "RFC 4861 §7.2.3";
const ADVERTISEMENT: &str = "RFC 4861 §7.2.4";

impl Host {
    /// A solicitation arrived (RFC 4861 §7.2.3): the asker is remembered, and answered if the address is this host's.
    pub(super) fn solicitation_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv6Header,
        target: Ipv6Addr,
        source_mac: Option<MacAddr>,
    ) {
        let is_probe = header.source.is_unspecified();
        let wrong = if header.hop_limit != HOP_LIMIT {
            Some("the hop limit is not 255: a router may have passed it on")
        } else if target.is_multicast() {
            Some("the target is a group")
        } else if is_probe && (source_mac.is_some() || !header.destination.is_multicast()) {
            Some("from ::, yet with a MAC address or not to the solicited-node group")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return discard(cx, 3, "RFC 4861 §7.1.1", wrong);
        }
        if !self.owns_ipv6(target) {
            return discard(
                cx,
                3,
                SOLICITATION,
                "solicitation for another host's address",
            );
        }
        if let Some(mac) = source_mac.filter(|mac| mac[0] & 1 == 0)
            && let Some(learned) = self.neighbors.solicited_by(header.source, mac)
        {
            self.learn_neighbor(cx, SOLICITATION, header.source, learned);
        }
        // Whoever tests the address for duplicates has none to be answered at (RFC 4861 §7.2.4).
        let to = if is_probe { ALL_NODES } else { header.source };
        let text = "the address is this host's: answered";
        decide(cx, 3, ADVERTISEMENT, text);
        self.send_advertisement(cx, target, to, !is_probe);
    }

    /// An advertisement arrived (RFC 4861 §7.2.5).
    pub(super) fn advertisement_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv6Header,
        advertisement: &NeighborAdvertisement,
    ) {
        let wrong = if header.hop_limit != HOP_LIMIT {
            Some("the hop limit is not 255: a router may have passed it on")
        } else if advertisement.target.is_multicast() {
            Some("the target is a group")
        } else if header.destination.is_multicast() && advertisement.solicited {
            Some("an answer to a group")
        } else if advertisement.target_mac.is_some_and(|mac| mac[0] & 1 != 0) {
            Some("the target's MAC address is a group's")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return discard(cx, 3, "RFC 4861 §7.1.2", wrong);
        }
        if self.owns_ipv6(advertisement.target) {
            let text = "another host claims this host's address";
            return discard(cx, 3, "RFC 4862 §5.4.4", text);
        }
        match self.neighbors.advertised(advertisement, cx.now) {
            Some(learned) => {
                self.learn_neighbor(cx, "RFC 4861 §7.2.5", advertisement.target, learned);
            }
            None => discard(
                cx,
                3,
                "RFC 4861 §7.2.5",
                "nobody has asked for it, or it tells nothing new",
            ),
        }
    }

    /// What was learned is recorded, and what waited for it is sent.
    fn learn_neighbor(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        ip: Ipv6Addr,
        learned: Learned,
    ) {
        let Learned { mac, news, waiting } = learned;
        if !news && waiting.is_empty() {
            return;
        }
        let what = What::NeighborLearned { ip: ip.into(), mac };
        let learned = cx.record(3, None, cite, what);
        let arrival = cx.cause;
        for packet in waiting {
            // Its proof that it is reached is still to come, where it was only heard of.
            self.neighbors.next_mac(ip, cx.now);
            if cx.log.is_on() {
                cx.cause = learned;
                let text = format!("the MAC address of {ip} is known: a waiting packet goes out");
                cx.record(3, None, RESOLUTION, What::Decided(text.into()));
            }
            // The cause of the frame is the packet, as for every other one.
            cx.cause = packet.cause;
            self.send_frame(cx, mac, ETHER_TYPE_IPV6, packet.frame, packet.forwards);
        }
        cx.cause = arrival;
    }

    /// Hands a packet to the link, or to the queue of those that wait for a MAC address. `frame` has room for the
    /// Ethernet header in front; `forwards` is the frame that the packet came in, where a router sends it on.
    pub(super) fn send_to_neighbor(
        &mut self,
        cx: &mut Cx<'_>,
        hop: NextHop<Ipv6Addr>,
        frame: Vec<u8>,
        forwards: Option<FrameId>,
    ) {
        let ip = match hop {
            NextHop::Own => return,
            NextHop::Mac(mac) => return self.send_frame(cx, mac, ETHER_TYPE_IPV6, frame, forwards),
            NextHop::Host(ip) => ip,
        };
        if let Some(mac) = self.neighbors.next_mac(ip, cx.now) {
            return self.send_frame(cx, mac, ETHER_TYPE_IPV6, frame, forwards);
        }
        let cause = cx.cause;
        let source = self.asker(&frame, ip);
        let waiting = Waiting {
            frame,
            cause,
            forwards,
        };
        let enqueued = self.neighbors.enqueue(ip, waiting, cx.now);
        let what = What::NeighborQueued { ip: ip.into() };
        cx.step(3, None, RESOLUTION, what);
        if enqueued.ask {
            self.send_solicitation(cx, ip, source, None);
        }
        if enqueued.dropped.is_some() {
            discard(cx, 3, RESOLUTION, "too many packets wait for a MAC address");
        }
        cx.cause = cause;
    }

    /// What the neighbor cache has to do by now.
    pub(super) fn ask_neighbors_again(&mut self, cx: &mut Cx<'_>) {
        while let Some(due) = self.neighbors.take_due(cx.now) {
            let outer = cx.cause;
            match due {
                Due::Ask(ip, packet) => {
                    cx.cause = packet.cause.or(outer);
                    decide(
                        cx,
                        3,
                        RESOLUTION,
                        "no advertisement in a second: asked again",
                    );
                    let source = self.asker(&packet.frame, ip);
                    self.send_solicitation(cx, ip, source, None);
                }
                Due::Probe(ip, mac) => {
                    let text = format!("no proof that {ip} is still there: it is asked directly");
                    decide(cx, 3, "RFC 4861 §7.3.3", text);
                    if let Some(interface) = self.ipv6 {
                        self.send_solicitation(cx, ip, interface.source_for(ip), Some(mac));
                    }
                }
                Due::GiveUp(ip, waiting) => self.give_up_on_neighbor(cx, ip, waiting),
                Due::Forget(ip) => {
                    let text =
                        format!("{ip} does not answer any more: its MAC address is forgotten");
                    decide(cx, 3, "RFC 4861 §7.3.3", text);
                }
            }
            cx.cause = outer;
        }
    }

    /// Nobody has answered: whoever sent the packets that wait is told.
    fn give_up_on_neighbor(&mut self, cx: &mut Cx<'_>, ip: Ipv6Addr, waiting: VecDeque<Waiting>) {
        cx.cause = waiting.front().and_then(|packet| packet.cause);
        let text = format!("{ip} does not answer Neighbor Discovery");
        decide(cx, 3, RESOLUTION, text);
        let decision = cx.cause;
        for packet in waiting {
            cx.cause = decision;
            self.ipv6_next_hop_is_silent(cx, &packet.frame);
        }
    }

    /// The address that is to ask for a neighbour's: that of the packet in the frame, which waits for it (RFC 4861
    /// §7.2.2), or where that is sent on for another host, the one that this host would send from.
    fn asker(&self, frame: &[u8], neighbour: Ipv6Addr) -> Ipv6Addr {
        let source = source_of(frame);
        match self.ipv6 {
            Some(interface) if !interface.owns(source) => interface.source_for(neighbour),
            _ => source,
        }
    }

    /// Asks for the MAC address of `target`: its solicited-node group, or itself at the MAC address that it had.
    fn send_solicitation(
        &mut self,
        cx: &mut Cx<'_>,
        target: Ipv6Addr,
        source: Ipv6Addr,
        directly: Option<MacAddr>,
    ) {
        let to = match directly {
            Some(_) => target,
            None => solicited_node(target),
        };
        let message = Icmpv6Message::NeighborSolicitation {
            target,
            source_mac: Some(self.mac),
        };
        let header = Ipv6Header {
            hop_limit: HOP_LIMIT,
            ..self.ipv6_header(NEXT_ICMPV6, source, to)
        };
        self.send_icmpv6(cx, RESOLUTION, &header, &message);
    }

    /// Tells the MAC address of this host's address `target`.
    fn send_advertisement(
        &mut self,
        cx: &mut Cx<'_>,
        target: Ipv6Addr,
        to: Ipv6Addr,
        solicited: bool,
    ) {
        let message = Icmpv6Message::NeighborAdvertisement(NeighborAdvertisement {
            router: self.is_of_router(),
            solicited,
            override_flag: true,
            target,
            target_mac: Some(self.mac),
        });
        let header = Ipv6Header {
            hop_limit: HOP_LIMIT,
            ..self.ipv6_header(NEXT_ICMPV6, target, to)
        };
        self.send_icmpv6(cx, ADVERTISEMENT, &header, &message);
    }

    /// Tells all nodes of the link the MAC address of this host's addresses, without being asked (RFC 4861 §7.2.6).
    pub(super) fn advertise_unasked(&mut self, cx: &mut Cx<'_>) {
        let Some(interface) = self.ipv6 else {
            return;
        };
        decide(cx, 3, "RFC 4861 §7.2.6", "announces its own addresses");
        for ip in interface.addresses() {
            self.send_advertisement(cx, ip, ALL_NODES, false);
        }
    }
}

/// The source address of the packet in a frame.
fn source_of(frame: &[u8]) -> Ipv6Addr {
    let packet = frame.get(EthernetHeader::LEN..).unwrap_or_default();
    Ipv6Header::parse_quoted(packet).map_or(Ipv6Addr::UNSPECIFIED, |(header, _)| header.source)
}
