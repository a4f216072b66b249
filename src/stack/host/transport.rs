//! Layer 4 of a host: TCP segments and UDP datagrams between IP and their machines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::link::discard;
use super::packet::{Arrived, Bytes, Payload};
use super::{Host, HostEventKind};
use crate::proto::ipv4::{PROTOCOL_TCP, PROTOCOL_UDP};
use crate::proto::ipv6::Ipv6Header;
use crate::proto::tcp::TcpHeader;
use crate::proto::udp::UdpHeader;
use crate::stack::cx::Cx;
use crate::stack::ipv4::NextHop;
use crate::stack::record::{Unit, What};
use crate::stack::tcp::{CE, Endpoint, NOT_ECT, Outgoing, Unreachable, unit};
use crate::stack::udp::Datagram;

const UDP: &str = "RFC 768";

impl Host {
    /// A TCP segment arrived.
    pub(super) fn segment_arrives(&mut self, cx: &mut Cx<'_>, ip: &Arrived<'_>, bytes: &[u8]) {
        let Arrived {
            source,
            destination,
            ..
        } = *ip;
        if ip.to_group || !self.owns(destination) {
            return discard(cx, 4, "RFC 9293 §3.9.2.3", "a TCP segment to a group");
        }
        let (header, text) = match TcpHeader::parse(source, destination, bytes) {
            Ok(parsed) => parsed,
            Err(error) => return discard(cx, 4, "RFC 9293 §3.1", error.to_string()),
        };
        let local = SocketAddr::new(destination, header.destination_port);
        let remote = SocketAddr::new(source, header.source_port);
        // Over IPv6, a neighbour that answers is confirmed by it.
        let by_neighbor = source.is_ipv6();
        let progress = |tcp: &Endpoint| by_neighbor.then(|| tcp.progress(local, remote))?;
        let before = progress(&self.tcp);
        let ce = ip.ecn == CE;
        self.tcp
            .handle_segment(cx, source, destination, &header, text, ce);
        let after = progress(&self.tcp);
        if before.is_some() && after.is_some() && before != after {
            self.confirm_neighbor(cx, source);
        }
    }

    /// A connection with `remote` goes forward, which proves that packets reach the next hop (RFC 4861 §7.3.1).
    fn confirm_neighbor(&mut self, cx: &Cx<'_>, remote: IpAddr) {
        if let (IpAddr::V6(ip), Some(interface)) = (remote, self.ipv6)
            && let Some(NextHop::Host(hop)) = interface.next_hop(ip)
        {
            self.neighbors.confirm(hop, cx.now);
        }
    }

    /// Puts a segment of this host's TCP into a packet.
    pub(super) fn send_tcp_segment(&mut self, cx: &mut Cx<'_>, outgoing: &Outgoing) {
        let Outgoing {
            local,
            remote,
            ecn,
            ref header,
            ..
        } = *outgoing;
        let payload = Payload::Segment(header, [local, remote], &outgoing.text);
        match (local, remote) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let local = SocketAddr::new(local, header.source_port);
                let remote = SocketAddr::new(remote, header.destination_port);
                let header = Ipv6Header {
                    ecn,
                    flow_label: self.secret.flow_label(local, remote),
                    ..self.ipv6_header(PROTOCOL_TCP, source, destination)
                };
                self.send_ipv6(cx, &header, &payload.bytes());
            }
            // DF, for path MTU discovery (RFC 1191 §3).
            (_, IpAddr::V4(to)) => self.send_ip(cx, PROTOCOL_TCP, to, (true, ecn), payload),
            (IpAddr::V4(_), IpAddr::V6(_)) => {}
        }
    }

    /// Puts a segment that a program made up into a packet that says it comes from `source`, as a raw socket with its
    /// own IP header does. This host's TCP knows nothing of it.
    pub(super) fn send_made_up(
        &mut self,
        cx: &mut Cx<'_>,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        header: &TcpHeader,
        text: &[u8],
    ) {
        if cx.log.is_on() {
            let made = unit(header, text.len());
            cx.step(4, None, "RFC 9293 §3.1", What::Down(made));
        }
        let payload = Payload::Segment(header, [source.into(), destination.into()], text);
        let ends = [source, destination];
        self.send_ip_between(cx, PROTOCOL_TCP, ends, (true, NOT_ECT), payload);
    }

    /// A UDP datagram arrived.
    pub(super) fn datagram_arrives(&mut self, cx: &mut Cx<'_>, ip: &Arrived<'_>, bytes: &[u8]) {
        let (header, payload) = match UdpHeader::parse(ip.source, ip.destination, bytes) {
            Ok(parsed) => parsed,
            Err(error) => return discard(cx, 4, UDP, error.to_string()),
        };
        if cx.log.is_on() {
            let unit = datagram_unit(&header, payload.len());
            cx.step(4, None, UDP, What::Up(unit));
        }
        let port = header.destination_port;
        if !self.udp.is_bound(port) {
            discard(cx, 4, "RFC 1122 §4.1.3.1", "nobody has bound the port");
            return match ip.packet {
                Bytes::V4(header) => {
                    self.send_unreachable(cx, header, bytes, ip.to_group, Unreachable::Port);
                }
                Bytes::V6(packet) => self.send_ipv6_port_unreachable(cx, packet, ip.to_group),
            };
        }
        let datagram = Datagram {
            from: SocketAddr::new(ip.source, header.source_port),
            bytes: payload.to_vec(),
        };
        if self.udp.deliver(port, datagram) {
            self.tell(cx, HostEventKind::UdpReadable { port });
        } else {
            discard(cx, 4, UDP, "too many datagrams wait to be read");
        }
    }

    /// Sends a UDP datagram.
    pub(super) fn send_datagram(
        &mut self,
        cx: &mut Cx<'_>,
        port: u16,
        local: IpAddr,
        remote: SocketAddr,
        payload: &[u8],
    ) {
        let outer = cx.cause;
        let header = UdpHeader {
            source_port: port,
            destination_port: remote.port(),
        };
        if cx.log.is_on() {
            let unit = datagram_unit(&header, payload.len());
            cx.step(4, None, UDP, What::Down(unit));
        }
        let bytes = header.emit(local, remote.ip(), payload);
        match (local, remote.ip()) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let local = SocketAddr::new(local, port);
                let header = Ipv6Header {
                    flow_label: self.secret.flow_label(local, remote),
                    ..self.ipv6_header(PROTOCOL_UDP, source, destination)
                };
                self.send_ipv6(cx, &header, &bytes);
            }
            (_, IpAddr::V4(to)) => {
                let payload = Payload::Bytes(&bytes);
                self.send_ip(cx, PROTOCOL_UDP, to, (false, 0), payload);
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => {}
        }
        cx.cause = outer;
    }
}

fn datagram_unit(header: &UdpHeader, payload_len: usize) -> Unit {
    let (from, to) = (header.source_port, header.destination_port);
    Unit {
        protocol: "udp",
        len: UdpHeader::LEN + payload_len,
        info: format!("port {from} to {to}, {payload_len} bytes").into(),
    }
}
