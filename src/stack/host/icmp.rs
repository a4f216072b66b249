//! ICMP of a host (RFC 792, RFC 1122 §3.2.2): echo, and errors in both directions.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::link::discard;
use super::packet::Payload;
use super::{Host, HostEventKind};
use crate::proto::icmp::{
    IcmpMessage, UNREACHABLE_FRAGMENTATION_NEEDED, UNREACHABLE_HOST, UNREACHABLE_NET,
    UNREACHABLE_PORT, UNREACHABLE_PROTOCOL,
};
use crate::proto::ipv4::{Ipv4Header, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP};
use crate::proto::ipv6::NEXT_ICMPV6;
use crate::stack::cx::Cx;
use crate::stack::record::{Unit, What};
use crate::stack::tcp::Unreachable;

/// How many bytes an error quotes at most, so that it is no longer than 576 (RFC 1812 §4.3.2.3).
const QUOTE_LEN: usize = 576 - Ipv4Header::LEN - IcmpMessage::HEADER_LEN;

/// The protocol and the type of an echo request.
const ECHO_REQUEST: (u8, u8) = (PROTOCOL_ICMP, 8);
/// The same over IPv6.
const ECHO_REQUEST_V6: (u8, u8) = (NEXT_ICMPV6, 128);

const ECHO: &str = "RFC 792, echo";
const ERRORS: &str = "RFC 1122 §3.2.2";

impl Host {
    /// An ICMP message arrived.
    pub(super) fn icmp_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv4Header,
        bytes: &[u8],
        to_group: bool,
    ) {
        let message = match IcmpMessage::parse(bytes) {
            Ok(message) => message,
            Err(error) => return discard(cx, 3, ERRORS, error.to_string()),
        };
        if cx.log.is_on() {
            let unit = message_unit(&message, bytes.len());
            cx.step(3, None, "RFC 792", What::Up(unit));
        }
        match message {
            IcmpMessage::EchoRequest { .. } if to_group => {
                discard(cx, 3, "RFC 1122 §3.2.2.6", "echo request to a group");
            }
            IcmpMessage::EchoRequest {
                identifier,
                sequence,
                data,
            } => {
                let reply = IcmpMessage::EchoReply {
                    identifier,
                    sequence,
                    data,
                };
                self.send_icmp(cx, ECHO, header.source, &reply);
            }
            IcmpMessage::EchoReply {
                identifier,
                sequence,
                data,
            } => {
                let reply = HostEventKind::EchoReply {
                    from: header.source.into(),
                    identifier,
                    sequence,
                    len: data.len(),
                };
                self.tell(cx, reply);
            }
            IcmpMessage::DestinationUnreachable {
                code,
                next_hop_mtu,
                quoted,
            } => self.undeliverable(cx, quoted, unreachable(code, next_hop_mtu)),
            IcmpMessage::TimeExceeded { quoted, .. } => {
                self.undeliverable(cx, quoted, Unreachable::TimeExceeded);
            }
            IcmpMessage::ParameterProblem { quoted, .. } => {
                self.undeliverable(cx, quoted, Unreachable::Other);
            }
            IcmpMessage::Other { .. } => discard(cx, 3, ERRORS, "ICMP type not known"),
        }
    }

    /// A packet of this host, quoted from its IP header on, could not be delivered: whoever sent it is told.
    pub(super) fn undeliverable(&mut self, cx: &mut Cx<'_>, quoted: &[u8], why: Unreachable) {
        let Ok((header, rest)) = Ipv4Header::parse_quoted(quoted) else {
            return discard(cx, 3, ERRORS, "the packet that the error quotes is no IPv4");
        };
        if Some(header.source) != self.ipv4() {
            return discard(
                cx,
                3,
                ERRORS,
                "the packet that the error quotes is not from here",
            );
        }
        let ends = [header.source.into(), header.destination.into()];
        self.tell_sender(cx, ERRORS, header.protocol, ends, rest, why);
    }

    /// Tells whoever sent a packet that it could not be delivered: `rest` is what the error quotes behind the headers of
    /// IP, over either version of it.
    pub(super) fn tell_sender(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        protocol: u8,
        [source, destination]: [IpAddr; 2],
        rest: &[u8],
        why: Unreachable,
    ) {
        let Some(&[a, b, c, d, e, f, g, h]) = rest.first_chunk::<8>() else {
            let text = "the error quotes less than 8 bytes of the packet";
            return discard(cx, 3, cite, text);
        };
        let first = u16::from_be_bytes([a, b]);
        let second = u16::from_be_bytes([c, d]);
        let remote = SocketAddr::new(destination, second);
        match protocol {
            PROTOCOL_TCP => {
                let local = SocketAddr::new(source, first);
                let seq = u32::from_be_bytes([e, f, g, h]);
                self.tcp
                    .handle_unreachable(cx, local, remote, why, Some(seq));
            }
            PROTOCOL_UDP if self.udp.is_bound(first) => {
                let port = first;
                self.tell(cx, HostEventKind::UdpUnreachable { port, remote, why });
            }
            PROTOCOL_ICMP | NEXT_ICMPV6
                if matches!((protocol, a), ECHO_REQUEST | ECHO_REQUEST_V6) =>
            {
                let lost = HostEventKind::EchoUnreachable {
                    to: destination,
                    identifier: u16::from_be_bytes([e, f]),
                    sequence: u16::from_be_bytes([g, h]),
                    why,
                };
                self.tell(cx, lost);
            }
            _ => discard(cx, 3, cite, "nobody waits for what the error quotes"),
        }
    }

    /// An echo request.
    pub(super) fn send_echo_request(
        &mut self,
        cx: &mut Cx<'_>,
        to: Ipv4Addr,
        identifier: u16,
        sequence: u16,
        data: &[u8],
    ) {
        let request = IcmpMessage::EchoRequest {
            identifier,
            sequence,
            data,
        };
        self.send_icmp(cx, ECHO, to, &request);
    }

    /// Tells the sender of a packet that it could not be delivered here.
    pub(super) fn send_unreachable(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv4Header,
        payload: &[u8],
        to_group: bool,
        why: Unreachable,
    ) {
        let code = match why {
            Unreachable::Protocol => UNREACHABLE_PROTOCOL,
            _ => UNREACHABLE_PORT,
        };
        if self.may_complain(header, payload, to_group) {
            let message = IcmpMessage::DestinationUnreachable {
                code,
                next_hop_mtu: 0,
                quoted: &quote(header, payload),
            };
            self.send_icmp(cx, "RFC 1122 §3.2.2.1", header.source, &message);
        }
    }

    /// Tells the sender of fragments that others did not come in time.
    pub(super) fn send_time_exceeded(
        &mut self,
        cx: &mut Cx<'_>,
        header: &Ipv4Header,
        payload: &[u8],
    ) {
        if self.may_complain(header, payload, false) {
            let message = IcmpMessage::TimeExceeded {
                code: 1,
                quoted: &quote(header, payload),
            };
            self.send_icmp(cx, "RFC 1122 §3.3.2", header.source, &message);
        }
    }

    fn may_complain(&self, header: &Ipv4Header, payload: &[u8], to_group: bool) -> bool {
        let to_me = Some(header.destination) == self.ipv4();
        to_me && no_error_about(header, payload, to_group).is_none()
    }

    /// Tells the sender of a packet, given from its IP header on, why a router cannot send it on.
    pub(in crate::stack) fn send_error(
        &mut self,
        cx: &mut Cx<'_>,
        packet: &[u8],
        to: Ipv4Addr,
        why: Unreachable,
    ) {
        let quoted = &packet[..packet.len().min(QUOTE_LEN)];
        let unreachable = |code, next_hop_mtu| IcmpMessage::DestinationUnreachable {
            code,
            next_hop_mtu,
            quoted,
        };
        let (cite, message) = match why {
            Unreachable::TimeExceeded => (
                "RFC 1812 §5.3.1",
                IcmpMessage::TimeExceeded { code: 0, quoted },
            ),
            Unreachable::TooBig { mtu } => (
                "RFC 1191 §4",
                unreachable(UNREACHABLE_FRAGMENTATION_NEEDED, mtu),
            ),
            Unreachable::Net => ("RFC 1812 §5.2.7.1", unreachable(UNREACHABLE_NET, 0)),
            _ => ("RFC 1812 §5.2.7.1", unreachable(UNREACHABLE_HOST, 0)),
        };
        self.as_one_call(cx, |host, cx| host.send_icmp(cx, cite, to, &message));
    }

    fn send_icmp(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        to: Ipv4Addr,
        message: &IcmpMessage<'_>,
    ) {
        let outer = cx.cause;
        let bytes = message.emit();
        if cx.log.is_on() {
            let unit = message_unit(message, bytes.len());
            cx.step(3, None, cite, What::Down(unit));
        }
        self.send_ip(cx, PROTOCOL_ICMP, to, (false, 0), Payload::Bytes(&bytes));
        cx.cause = outer;
    }
}

/// Why no error may be sent about a packet (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7); `None`: one may.
pub(in crate::stack) fn no_error_about(
    header: &Ipv4Header,
    payload: &[u8],
    to_group: bool,
) -> Option<&'static str> {
    let source = header.source;
    let is_one = !source.is_unspecified()
        && !source.is_loopback()
        && !source.is_multicast()
        && !source.is_broadcast();
    let to_one = !header.destination.is_multicast() && !header.destination.is_broadcast();
    // Echo, router discovery, timestamp, information and address mask: the queries and their answers.
    let is_query = matches!(payload.first(), Some(0 | 8..=10 | 13..=18));
    if header.protocol == PROTOCOL_ICMP && !is_query {
        Some("no ICMP error about an ICMP error")
    } else if header.fragment_offset != 0 {
        Some("no ICMP error about a fragment that is not the first")
    } else if to_group || !to_one {
        Some("no ICMP error about a packet to a group")
    } else if !is_one {
        Some("no ICMP error to a source that is no host")
    } else {
        None
    }
}

/// What an error quotes: the header (without options) and the beginning of what follows it.
fn quote(header: &Ipv4Header, payload: &[u8]) -> Vec<u8> {
    let mut quoted = header.emit(payload.len()).to_vec();
    quoted.extend_from_slice(payload);
    quoted.truncate(QUOTE_LEN);
    quoted
}

fn unreachable(code: u8, next_hop_mtu: u16) -> Unreachable {
    match code {
        UNREACHABLE_NET => Unreachable::Net,
        UNREACHABLE_HOST => Unreachable::Host,
        UNREACHABLE_PROTOCOL => Unreachable::Protocol,
        UNREACHABLE_PORT => Unreachable::Port,
        UNREACHABLE_FRAGMENTATION_NEEDED => Unreachable::TooBig { mtu: next_hop_mtu },
        _ => Unreachable::Other,
    }
}

fn message_unit(message: &IcmpMessage<'_>, len: usize) -> Unit {
    let info = match message {
        IcmpMessage::EchoRequest {
            identifier,
            sequence,
            ..
        } => format!("echo request, id {identifier}, seq {sequence}"),
        IcmpMessage::EchoReply {
            identifier,
            sequence,
            ..
        } => format!("echo reply, id {identifier}, seq {sequence}"),
        IcmpMessage::DestinationUnreachable {
            code: UNREACHABLE_FRAGMENTATION_NEEDED,
            next_hop_mtu,
            ..
        } => format!("fragmentation needed, next hop has MTU {next_hop_mtu}"),
        IcmpMessage::DestinationUnreachable { code, .. } => {
            format!("destination unreachable, code {code}")
        }
        IcmpMessage::TimeExceeded { code, .. } => format!("time exceeded, code {code}"),
        IcmpMessage::ParameterProblem { pointer, .. } => {
            format!("parameter problem at byte {pointer}")
        }
        IcmpMessage::Other { kind, code, .. } => format!("type {kind}, code {code}"),
    };
    Unit {
        protocol: "icmp",
        len,
        info: info.into(),
    }
}
