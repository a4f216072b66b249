//! Layer 2 of a host: Ethernet frames and ARP.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::{Host, Transmit};
use crate::base::FrameId;
use crate::proto::arp::{ArpOperation, ArpPacket};
use crate::proto::ethernet::{
    BROADCAST, ETHER_TYPE_ARP, ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, ETHER_TYPE_VLAN, EthernetHeader,
    MIN_FRAME_LEN, MacAddr, mac_text,
};
use crate::stack::arp::{Due, Waiting};
use crate::stack::cx::Cx;
use crate::stack::ipv4::NextHop;
use crate::stack::record::{Info, Text, Unit, What};

const ETHERNET: &str = "IEEE 802.3 §3.2";
const ARP: &str = "RFC 826";

impl Host {
    /// A frame arrived. Its payload goes up if it is for this host and of a kind that it knows.
    pub(super) fn frame_arrives(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        let (header, payload) = match EthernetHeader::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => return discard(cx, 2, ETHERNET, error.to_string()),
        };
        let to_group = header.destination[0] & 1 != 0;
        if header.destination != self.mac && !to_group {
            return discard(cx, 2, ETHERNET, "not for this host's MAC address");
        }
        if header.destination[..2] == [0x33, 0x33] && !self.listens_to(header.destination) {
            let text = "for an IPv6 multicast group that this host is not in";
            return discard(cx, 2, "RFC 2464 §7", text);
        }
        if cx.log.is_on() {
            let unit = frame_unit(&header, bytes.len());
            cx.step(2, None, ETHERNET, What::Up(unit));
        }
        match header.ether_type {
            ETHER_TYPE_ARP => self.arp_arrives(cx, payload),
            ETHER_TYPE_IPV4 => self.packet_arrives(cx, payload, to_group),
            ETHER_TYPE_IPV6 => self.ipv6_packet_arrives(cx, payload, to_group),
            ETHER_TYPE_VLAN => discard(cx, 2, "IEEE 802.1Q §6.9", "tagged for a VLAN"),
            _ => discard(cx, 2, ETHERNET, "EtherType not known"),
        }
    }

    /// Whether the interface lets a frame to this IPv6 multicast group through. One without IPv6 is in none.
    fn listens_to(&self, group: MacAddr) -> bool {
        self.ipv6
            .is_some_and(|interface| interface.listens_to(group))
    }

    /// Packet reception (RFC 826): the sender's address is taken over if it was known or asked for, or if this host
    /// is the target; a request for this host is answered.
    fn arp_arrives(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        let packet = match ArpPacket::parse(bytes) {
            Ok(packet) => packet,
            Err(error) => return discard(cx, 2, ARP, error.to_string()),
        };
        if cx.log.is_on() {
            cx.step(2, None, ARP, What::Up(arp_unit(&packet)));
        }
        let Some(interface) = self.ipv4 else {
            return discard(cx, 2, ARP, "this host does not speak IPv4");
        };
        let own_ip = interface.ip;
        if packet.sender_ip == own_ip && packet.sender_mac != self.mac {
            let text = "another host claims this host's address";
            return discard(cx, 2, "RFC 5227 §2.4", text);
        }
        if packet.sender_mac[0] & 1 != 0 {
            return discard(
                cx,
                2,
                "RFC 1812 §3.3.2",
                "the sender's MAC address is a group's",
            );
        }
        let for_me = packet.target_ip == own_ip;
        let known = self.arp.has(packet.sender_ip);
        let neighbour = interface.is_on_link(packet.sender_ip);
        if neighbour && (for_me || known) {
            self.learn(cx, packet.sender_ip, packet.sender_mac);
        }
        if !for_me {
            let asked = "ARP request for another host";
            let text = if known { "nothing to answer" } else { asked };
            return discard(cx, 2, ARP, text);
        }
        if packet.operation == ArpOperation::Request {
            let reply = ArpPacket {
                operation: ArpOperation::Reply,
                sender_mac: self.mac,
                sender_ip: own_ip,
                target_mac: packet.sender_mac,
                target_ip: packet.sender_ip,
            };
            self.send_arp(cx, packet.sender_mac, &reply);
        }
    }

    /// Enters a MAC address into the cache and sends what waited for it.
    fn learn(&mut self, cx: &mut Cx<'_>, ip: Ipv4Addr, mac: MacAddr) {
        let news = self.arp.get(ip, cx.now) != Some(mac);
        let waiting = self.arp.learn(ip, mac, cx.now);
        if !news && waiting.is_empty() {
            return;
        }
        let what = What::NeighborLearned { ip: ip.into(), mac };
        let learned = cx.record(2, None, ARP, what);
        let arrival = cx.cause;
        for packet in waiting {
            if cx.log.is_on() {
                cx.cause = learned;
                let text = format!("the MAC address of {ip} is known: a waiting packet goes out");
                cx.record(2, None, "RFC 1122 §2.3.2.2", What::Decided(text.into()));
            }
            // The cause of the frame is the packet, as for every other one.
            cx.cause = packet.cause;
            self.send_frame(cx, mac, ETHER_TYPE_IPV4, packet.frame, packet.forwards);
        }
        cx.cause = arrival;
    }

    /// Hands a packet to the link, or to the queue of those that wait for a MAC address. `frame` has room for the
    /// Ethernet header in front; `forwards` is the frame that the packet came in, where a router sends it on.
    pub(super) fn send_packet(
        &mut self,
        cx: &mut Cx<'_>,
        hop: NextHop,
        frame: Vec<u8>,
        forwards: Option<FrameId>,
    ) {
        match hop {
            NextHop::Own => {}
            NextHop::Mac(mac) => self.send_frame(cx, mac, ETHER_TYPE_IPV4, frame, forwards),
            NextHop::Host(ip) => match self.arp.get(ip, cx.now) {
                Some(mac) => self.send_frame(cx, mac, ETHER_TYPE_IPV4, frame, forwards),
                None => self.wait_for_mac(cx, ip, frame, forwards),
            },
        }
    }

    fn wait_for_mac(
        &mut self,
        cx: &mut Cx<'_>,
        ip: Ipv4Addr,
        frame: Vec<u8>,
        forwards: Option<FrameId>,
    ) {
        let cause = cx.cause;
        let waiting = Waiting {
            frame,
            cause,
            forwards,
        };
        let enqueued = self.arp.enqueue(ip, waiting, cx.now);
        let what = What::NeighborQueued { ip: ip.into() };
        cx.step(2, None, "RFC 1122 §2.3.2.2", what);
        if enqueued.ask {
            self.send_arp_request(cx, ip);
        }
        if let Some(dropped) = enqueued.dropped {
            cx.cause = dropped.cause;
            discard(cx, 2, "RFC 1122 §2.3.2.2", "too many packets wait for ARP");
        }
        cx.cause = cause;
    }

    /// Asks again for those who have not answered, and gives up after some times.
    pub(super) fn ask_again(&mut self, cx: &mut Cx<'_>) {
        let outer = cx.cause;
        while let Some(due) = self.arp.take_due(cx.now) {
            match due {
                Due::Ask(ip, cause) => {
                    cx.cause = cause;
                    decide(
                        cx,
                        2,
                        "RFC 1122 §2.3.2.1",
                        "no ARP reply in a second: asked again",
                    );
                    self.send_arp_request(cx, ip);
                }
                Due::GiveUp(ip, waiting) => self.give_up_on(cx, ip, waiting),
            }
            cx.cause = outer;
        }
    }

    /// Nobody has answered: whoever sent the packets that wait is told.
    fn give_up_on(&mut self, cx: &mut Cx<'_>, ip: Ipv4Addr, waiting: VecDeque<Waiting>) {
        cx.cause = waiting.front().and_then(|packet| packet.cause);
        let text = format!("{ip} does not answer ARP");
        decide(cx, 2, "RFC 1122 §2.3.2.1", text);
        let decision = cx.cause;
        for packet in waiting {
            cx.cause = decision;
            self.next_hop_is_silent(cx, &packet.frame);
        }
    }

    fn send_arp_request(&mut self, cx: &mut Cx<'_>, ip: Ipv4Addr) {
        let Some(sender_ip) = self.ipv4() else {
            return;
        };
        let request = ArpPacket {
            operation: ArpOperation::Request,
            sender_mac: self.mac,
            sender_ip,
            target_mac: [0; 6],
            target_ip: ip,
        };
        self.send_arp(cx, BROADCAST, &request);
    }

    /// A request for this host's own address, from this host (RFC 5227 §2.3).
    pub(super) fn send_announcement(&mut self, cx: &mut Cx<'_>) {
        if let Some(ip) = self.ipv4() {
            decide(cx, 2, "RFC 5227 §2.3", "announces its own address");
            self.send_arp_request(cx, ip);
        }
    }

    fn send_arp(&mut self, cx: &mut Cx<'_>, destination: MacAddr, packet: &ArpPacket) {
        let outer = cx.cause;
        if cx.log.is_on() {
            cx.step(2, None, ARP, What::Down(arp_unit(packet)));
        }
        let mut frame = self.frame_with_room(ArpPacket::LEN);
        frame.extend_from_slice(&packet.emit());
        self.send_frame(cx, destination, ETHER_TYPE_ARP, frame, None);
        cx.cause = outer;
    }

    /// Fills in the Ethernet header and the padding, and queues the frame for the wire.
    pub(super) fn send_frame(
        &mut self,
        cx: &mut Cx<'_>,
        destination: MacAddr,
        kind: u16,
        mut frame: Vec<u8>,
        forwards: Option<FrameId>,
    ) {
        let header = EthernetHeader {
            destination,
            source: self.mac,
            ether_type: kind,
        };
        frame[..EthernetHeader::LEN].copy_from_slice(&header.emit());
        if frame.len() < MIN_FRAME_LEN {
            frame.resize(MIN_FRAME_LEN, 0);
        }
        let unit = cx.log.is_on().then(|| frame_unit(&header, frame.len()));
        let cause = unit.and_then(|unit| cx.record(2, None, ETHERNET, What::Down(unit)));
        self.out.push_back(Transmit {
            bytes: Arc::from(&*frame),
            cause,
            forwards,
        });
        self.workbench = frame;
    }

    /// A frame whose payload will be so long, with room for the Ethernet header in front.
    pub(super) fn frame_with_room(&mut self, payload_len: usize) -> Vec<u8> {
        let len = EthernetHeader::LEN + payload_len;
        let mut frame = std::mem::take(&mut self.workbench);
        frame.clear();
        frame.reserve(len.max(MIN_FRAME_LEN));
        frame.resize(EthernetHeader::LEN, 0);
        frame
    }
}

/// Records that something is thrown away.
pub(in crate::stack) fn discard(
    cx: &mut Cx<'_>,
    layer: u8,
    cite: &'static str,
    why: impl Into<Text>,
) {
    cx.step(layer, None, cite, What::Discarded(why.into()));
}

/// Records a decision, which becomes the cause of what follows.
pub(in crate::stack) fn decide(
    cx: &mut Cx<'_>,
    layer: u8,
    cite: &'static str,
    text: impl Into<Text>,
) {
    cx.step(layer, None, cite, What::Decided(text.into()));
}

fn frame_unit(header: &EthernetHeader, len: usize) -> Unit {
    Unit {
        protocol: "eth",
        len,
        info: Info::Frame {
            source: header.source,
            destination: header.destination,
            ether_type: header.ether_type,
        },
    }
}

fn arp_unit(packet: &ArpPacket) -> Unit {
    let (sender, target) = (packet.sender_ip, packet.target_ip);
    let info = match packet.operation {
        ArpOperation::Request => format!("who has {target}? tell {sender}"),
        ArpOperation::Reply => format!("{sender} is at {}", mac_text(packet.sender_mac)),
    };
    Unit {
        protocol: "arp",
        len: ArpPacket::LEN,
        info: info.into(),
    }
}
