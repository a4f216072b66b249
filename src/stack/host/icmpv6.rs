//! ICMPv6 of a host (RFC 4443): echo, and errors in both directions. Neighbor Discovery is in `discovery`.

use std::net::Ipv6Addr;

use super::link::discard;
use super::packet::Arrived;
use super::{Host, HostEventKind};
use crate::proto::icmpv6::{
    Icmpv6Message, PARAMETER_NEXT_HEADER, UNREACHABLE_ADDRESS, UNREACHABLE_NO_ROUTE,
    UNREACHABLE_PORT,
};
use crate::proto::ipv6::{Ipv6Header, MIN_MTU, NEXT_ICMPV6, upper_layer};
use crate::stack::cx::Cx;
use crate::stack::record::{Unit, What};
use crate::stack::tcp::Unreachable;

/// How many bytes an error quotes at most, so that its packet fits everywhere (RFC 4443 §2.4 c).
const QUOTE_LEN: usize = MIN_MTU as usize - Ipv6Header::LEN - Icmpv6Message::HEADER_LEN;

const ECHO: &str = "RFC 4443 §4";
const ERRORS: &str = "RFC 4443 §2.4";

impl Host {
    /// An ICMPv6 message arrived.
    pub(super) fn icmpv6_arrives(
        &mut self,
        cx: &mut Cx<'_>,
        ip: &Arrived<'_>,
        header: &Ipv6Header,
        bytes: &[u8],
    ) {
        let message = match Icmpv6Message::parse(header.source, header.destination, bytes) {
            Ok(message) => message,
            Err(error) => return discard(cx, 3, "RFC 4443 §2.1", error.to_string()),
        };
        if cx.log.is_on() {
            let unit = message_unit(&message, bytes.len());
            cx.step(3, None, cite_of(&message), What::Up(unit));
        }
        match message {
            Icmpv6Message::EchoRequest {
                identifier,
                sequence,
                data,
            } => {
                let reply = Icmpv6Message::EchoReply {
                    identifier,
                    sequence,
                    data,
                };
                self.answer_echo(cx, header, &reply);
            }
            Icmpv6Message::EchoReply {
                identifier,
                sequence,
                data,
            } => {
                let reply = HostEventKind::EchoReply {
                    from: ip.source,
                    identifier,
                    sequence,
                    len: data.len(),
                };
                self.tell(cx, reply);
            }
            Icmpv6Message::DestinationUnreachable { code, quoted } => {
                self.ipv6_undeliverable(cx, quoted, unreachable(code));
            }
            Icmpv6Message::PacketTooBig { mtu, quoted } => self.too_big(cx, mtu, quoted),
            Icmpv6Message::TimeExceeded { quoted, .. } => {
                self.ipv6_undeliverable(cx, quoted, Unreachable::TimeExceeded);
            }
            Icmpv6Message::ParameterProblem { code, quoted, .. } => {
                let why = if code == PARAMETER_NEXT_HEADER {
                    Unreachable::Protocol
                } else {
                    Unreachable::Other
                };
                self.ipv6_undeliverable(cx, quoted, why);
            }
            Icmpv6Message::NeighborSolicitation { target, source_mac } => {
                self.solicitation_arrives(cx, header, target, source_mac);
            }
            Icmpv6Message::NeighborAdvertisement(advertisement) => {
                self.advertisement_arrives(cx, header, &advertisement);
            }
            Icmpv6Message::Other { .. } => {
                discard(cx, 3, "RFC 4443 §2.4", "ICMPv6 type not known");
            }
        }
    }

    /// An echo request to a group is answered from an address of this host (RFC 4443 §4.2).
    fn answer_echo(&mut self, cx: &mut Cx<'_>, asked: &Ipv6Header, reply: &Icmpv6Message<'_>) {
        let Some(interface) = self.ipv6 else {
            return;
        };
        if asked.source.is_unspecified() {
            return discard(cx, 3, ECHO, "an echo request from nobody");
        }
        let source = if asked.destination.is_multicast() {
            interface.source_for(asked.source)
        } else {
            asked.destination
        };
        let header = self.ipv6_header(NEXT_ICMPV6, source, asked.source);
        self.send_icmpv6(cx, ECHO, &header, reply);
    }

    /// A packet of this host was too big for a link on its way (RFC 8201 §4).
    fn too_big(&mut self, cx: &mut Cx<'_>, mtu: u32, quoted: &[u8]) {
        let Ok((header, _)) = Ipv6Header::parse_quoted(quoted) else {
            return discard(cx, 3, ERRORS, "the packet that the error quotes is no IPv6");
        };
        if mtu < u32::from(MIN_MTU) {
            let text = "no path of IPv6 is narrower than 1280 bytes";
            return discard(cx, 3, "RFC 8201 §4", text);
        }
        if !self.owns_ipv6(header.source) {
            let text = "the packet that the error quotes is not from here";
            return discard(cx, 3, ERRORS, text);
        }
        self.learn_path_mtu(cx, header.destination, mtu);
        let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
        self.ipv6_undeliverable(cx, quoted, Unreachable::TooBig { mtu });
    }

    /// A packet of this host, quoted from its IPv6 header on, could not be delivered: whoever sent it is told.
    pub(super) fn ipv6_undeliverable(&mut self, cx: &mut Cx<'_>, quoted: &[u8], why: Unreachable) {
        let Ok((header, _)) = Ipv6Header::parse_quoted(quoted) else {
            return discard(cx, 3, ERRORS, "the packet that the error quotes is no IPv6");
        };
        if !self.owns_ipv6(header.source) {
            let text = "the packet that the error quotes is not from here";
            return discard(cx, 3, ERRORS, text);
        }
        let ends = [header.source.into(), header.destination.into()];
        match upper_layer(quoted) {
            Some((protocol, rest)) => self.tell_sender(cx, ERRORS, protocol, ends, rest, why),
            None => discard(cx, 3, ERRORS, "the error quotes no first fragment"),
        }
    }

    /// An echo request.
    pub(super) fn send_icmpv6_echo(
        &mut self,
        cx: &mut Cx<'_>,
        to: Ipv6Addr,
        identifier: u16,
        sequence: u16,
        data: &[u8],
    ) {
        let Some(interface) = self.ipv6 else {
            return;
        };
        let request = Icmpv6Message::EchoRequest {
            identifier,
            sequence,
            data,
        };
        let header = self.ipv6_header(NEXT_ICMPV6, interface.source_for(to), to);
        self.send_icmpv6(cx, ECHO, &header, &request);
    }

    /// Tells the sender of a packet that nobody listens on the port.
    pub(super) fn send_ipv6_port_unreachable(
        &mut self,
        cx: &mut Cx<'_>,
        packet: &[u8],
        to_group: bool,
    ) {
        self.send_icmpv6_error(cx, "RFC 4443 §3.1", packet, to_group, |quoted| {
            Icmpv6Message::DestinationUnreachable {
                code: UNREACHABLE_PORT,
                quoted,
            }
        });
    }

    /// Tells the sender of a packet what is wrong with it. No error is sent about an error, to a group or to nobody (RFC
    /// 4443 §2.4 e).
    pub(super) fn send_icmpv6_error<'q>(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        packet: &'q [u8],
        to_group: bool,
        message: impl FnOnce(&'q [u8]) -> Icmpv6Message<'q>,
    ) {
        let (Some(interface), Ok((header, _))) = (self.ipv6, Ipv6Header::parse_quoted(packet))
        else {
            return;
        };
        if no_error_about(&header, packet, to_group).is_some() {
            return;
        }
        let source = if interface.owns(header.destination) {
            header.destination
        } else {
            interface.source_for(header.source)
        };
        let message = message(&packet[..packet.len().min(QUOTE_LEN)]);
        let header = self.ipv6_header(NEXT_ICMPV6, source, header.source);
        self.send_icmpv6(cx, cite, &header, &message);
    }

    /// Tells the sender of a packet, given from its IPv6 header on, why a router cannot send it on.
    pub(in crate::stack) fn send_ipv6_error(
        &mut self,
        cx: &mut Cx<'_>,
        packet: &[u8],
        why: Unreachable,
    ) {
        let cite = match why {
            Unreachable::TimeExceeded => "RFC 4443 §3.3",
            Unreachable::TooBig { .. } => "RFC 4443 §3.2",
            _ => "RFC 4443 §3.1",
        };
        self.as_one_call(cx, |host, cx| {
            host.send_icmpv6_error(cx, cite, packet, false, |quoted| match why {
                Unreachable::TimeExceeded => Icmpv6Message::TimeExceeded { code: 0, quoted },
                Unreachable::TooBig { mtu } => Icmpv6Message::PacketTooBig {
                    mtu: mtu.into(),
                    quoted,
                },
                Unreachable::Net => Icmpv6Message::DestinationUnreachable {
                    code: UNREACHABLE_NO_ROUTE,
                    quoted,
                },
                _ => Icmpv6Message::DestinationUnreachable {
                    code: UNREACHABLE_ADDRESS,
                    quoted,
                },
            });
        });
    }

    pub(super) fn send_icmpv6(
        &mut self,
        cx: &mut Cx<'_>,
        cite: &'static str,
        header: &Ipv6Header,
        message: &Icmpv6Message<'_>,
    ) {
        let outer = cx.cause;
        let bytes = message.emit(header.source, header.destination);
        if cx.log.is_on() {
            let unit = message_unit(message, bytes.len());
            cx.step(3, None, cite, What::Down(unit));
        }
        self.send_ipv6(cx, header, &bytes);
        cx.cause = outer;
    }

    /// Whether `ip` is an IPv6 address of this host.
    pub(super) fn owns_ipv6(&self, ip: Ipv6Addr) -> bool {
        self.ipv6.is_some_and(|interface| interface.owns(ip))
    }
}

/// Why no error may be sent about a packet (RFC 4443 §2.4 e); `None`: one may.
pub(in crate::stack) fn no_error_about(
    header: &Ipv6Header,
    packet: &[u8],
    to_group: bool,
) -> Option<&'static str> {
    let is_error = match upper_layer(packet) {
        Some((NEXT_ICMPV6, rest)) => rest
            .first()
            .is_none_or(|&kind| Icmpv6Message::is_error(kind)),
        _ => false,
    };
    if is_error {
        Some("no error is sent about an error")
    } else if to_group {
        Some("no error is sent about what went to a group")
    } else if header.source.is_unspecified() || header.source.is_multicast() {
        Some("no error is sent to a source that is no single host")
    } else {
        None
    }
}

fn unreachable(code: u8) -> Unreachable {
    match code {
        UNREACHABLE_NO_ROUTE => Unreachable::Net,
        UNREACHABLE_ADDRESS => Unreachable::Host,
        UNREACHABLE_PORT => Unreachable::Port,
        _ => Unreachable::Other,
    }
}

/// The paragraph of a message that arrived.
fn cite_of(message: &Icmpv6Message<'_>) -> &'static str {
    match message {
        Icmpv6Message::NeighborSolicitation { .. } => "RFC 4861 §7.2.3",
        Icmpv6Message::NeighborAdvertisement(_) => "RFC 4861 §7.2.5",
        _ => "RFC 4443 §2.1",
    }
}

fn message_unit(message: &Icmpv6Message<'_>, len: usize) -> Unit {
    let info = match message {
        Icmpv6Message::EchoRequest {
            identifier,
            sequence,
            ..
        } => format!("echo request, id {identifier}, seq {sequence}"),
        Icmpv6Message::EchoReply {
            identifier,
            sequence,
            ..
        } => format!("echo reply, id {identifier}, seq {sequence}"),
        Icmpv6Message::DestinationUnreachable { code, .. } => {
            format!("destination unreachable, code {code}")
        }
        Icmpv6Message::PacketTooBig { mtu, .. } => format!("packet too big, MTU {mtu}"),
        Icmpv6Message::TimeExceeded { code, .. } => format!("time exceeded, code {code}"),
        Icmpv6Message::ParameterProblem { pointer, .. } => {
            format!("parameter problem at byte {pointer}")
        }
        Icmpv6Message::NeighborSolicitation { target, .. } => {
            format!("neighbor solicitation: who has {target}?")
        }
        Icmpv6Message::NeighborAdvertisement(na) => {
            format!("neighbor advertisement: {} is here", na.target)
        }
        Icmpv6Message::Other { kind, code, .. } => format!("type {kind}, code {code}"),
    };
    Unit {
        protocol: "icmpv6",
        len,
        info: info.into(),
    }
}
