//! Layer 4 of a host: TCP segments and UDP datagrams between IP and their machines.

use std::net::{IpAddr, SocketAddr, SocketAddrV4};

use super::link::discard;
use super::{Host, HostEventKind};
use crate::proto::ipv4::{Ipv4Header, PROTOCOL_TCP, PROTOCOL_UDP};
use crate::proto::tcp::TcpHeader;
use crate::proto::udp::UdpHeader;
use crate::stack::cx::Cx;
use crate::stack::record::{Unit, What};
use crate::stack::tcp::{CE, Outgoing, Unreachable};
use crate::stack::udp::Datagram;

const UDP: &str = "RFC 768";

impl Host {
    /// A TCP segment arrived.
    pub(super) fn segment_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        ip: &Ipv4Header,
        bytes: &[u8],
        to_group: bool,
    ) {
        if to_group || Some(ip.destination) != self.ipv4() {
            return discard(cx, 4, "RFC 9293 §3.9.2.3", "a TCP segment to a group");
        }
        match TcpHeader::parse(ip.source, ip.destination, bytes) {
            Ok((header, text)) => {
                let (source, destination) = (ip.source.into(), ip.destination.into());
                let ce = ip.ecn == CE;
                self.tcp
                    .handle_segment(cx, source, destination, &header, text, ce);
            }
            Err(error) => discard(cx, 4, "RFC 9293 §3.1", error.to_string()),
        }
    }

    /// Puts a segment of this host's TCP into a packet.
    pub(super) fn send_tcp_segment(&mut self, cx: &mut Cx<'_>, outgoing: &Outgoing) {
        let (IpAddr::V4(local), IpAddr::V4(remote)) = (outgoing.local, outgoing.remote) else {
            return discard(cx, 3, "RFC 8200", "this host does not speak IPv6");
        };
        let bytes = outgoing.header.emit(local, remote, &outgoing.text);
        // DF, for path MTU discovery (RFC 1191 §3).
        self.send_ip(cx, PROTOCOL_TCP, remote, (true, outgoing.ecn), &bytes);
    }

    /// A UDP datagram arrived.
    pub(super) fn datagram_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        ip: &Ipv4Header,
        bytes: &[u8],
        to_group: bool,
    ) {
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
            return self.send_unreachable(cx, ip, bytes, to_group, Unreachable::Port);
        }
        let datagram = Datagram {
            from: SocketAddr::from((ip.source, header.source_port)),
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
        remote: SocketAddrV4,
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
        let Some(local) = self.ipv4() else {
            return discard(cx, 3, UDP, "this host does not speak IPv4");
        };
        let bytes = header.emit(local, *remote.ip(), payload);
        self.send_ip(cx, PROTOCOL_UDP, *remote.ip(), (false, 0), &bytes);
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
