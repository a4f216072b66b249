//! The one table of protocols, and how one hands its payload to the next.
//!
//! To add a protocol: one file, and one line in the table here. Which protocol reads a payload is decided by the
//! claims: the first protocol of the table that claims what the layer below names (an EtherType, a port).

use super::dissect::{Dissector, Next, Span};
use super::stream::StreamProtocol;
use super::tree::FieldSpec;

/// Every protocol, lowest layer first. The order decides between two that claim the same.
pub static PROTOCOLS: &[&Protocol] = &[
    &super::frame::PROTOCOL,
    &super::ethernet::PROTOCOL,
    &super::sll::PROTOCOL,
    &super::null::PROTOCOL,
    &super::raw::PROTOCOL,
    &super::vlan::service::PROTOCOL,
    &super::vlan::PROTOCOL,
    &super::llc::PROTOCOL,
    &super::arp::PROTOCOL,
    &super::ipv4::PROTOCOL,
    &super::ipv6::PROTOCOL,
    &super::ipv6::extension::hop_by_hop::PROTOCOL,
    &super::ipv6::extension::routing::PROTOCOL,
    &super::ipv6::extension::fragment::PROTOCOL,
    &super::ipv6::extension::destination::PROTOCOL,
    &super::ipv6::extension::authentication::PROTOCOL,
    &super::icmp::PROTOCOL,
    &super::icmpv6::PROTOCOL,
    &super::udp::PROTOCOL,
    &super::tcp::PROTOCOL,
    &super::http::PROTOCOL,
    &super::websocket::PROTOCOL,
    &super::engineio::PROTOCOL,
    &super::socketio::PROTOCOL,
    &super::text::PROTOCOL,
    &super::data::PROTOCOL,
];

/// One protocol.
#[derive(Debug)]
pub struct Protocol {
    /// Wireshark's filter name, such as `tcp`.
    pub id: &'static str,
    /// The short name on the screen, such as `TCP`.
    pub short: &'static str,
    /// The full name, such as `Transmission Control Protocol`.
    pub name: &'static str,
    /// The OSI layer that it is taught as, 1 to 7.
    pub osi: u8,
    /// Where it is specified, such as `RFC 9293`.
    pub source: &'static str,
    /// Its fields.
    pub fields: &'static [&'static FieldSpec],
    /// What it claims.
    pub claims: &'static [Claim],
    /// How its bytes are read.
    pub reader: Reader,
}

impl PartialEq for Protocol {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// How a protocol's bytes are read.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// A packet at a time: reads one layer that lies in this span, and says what follows.
    Packet(fn(&mut Dissector<'_>, Span) -> Option<Next>),
    /// A byte stream: makes what reads both directions of a new conversation.
    Stream(fn() -> Box<dyn StreamProtocol>),
    /// Not by itself: the walk, or another protocol, makes its layer.
    Within,
    /// Not by itself: another protocol makes its layer, and in the messages of streams alone.
    WithinMessage,
}

/// What makes a protocol the one that reads a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A capture's link-layer header type.
    LinkType(u16),
    /// An Ethernet type.
    EtherType(u16),
    /// The payload of an IEEE 802.3 frame, which has a length in place of the type.
    Llc,
    /// An IP protocol number or IPv6 next header.
    IpProtocol(u8),
    /// A TCP port, on either side.
    TcpPort(u16),
    /// A UDP port, on either side.
    UdpPort(u16),
    /// A token of HTTP's `Upgrade` header.
    Upgrade(&'static str),
    /// The path of an HTTP request, without a slash at its end.
    HttpPath(&'static str),
    /// A parameter in the query of an HTTP request.
    HttpQuery(&'static str),
    /// The first bytes of a stream look like it (asked last).
    Heuristic,
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LinkType(n) => write!(f, "link type {n}"),
            Self::EtherType(n) => write!(f, "EtherType {n:#06x}"),
            Self::Llc => write!(f, "an IEEE 802.2 payload"),
            Self::IpProtocol(n) => write!(f, "IP protocol {n}"),
            Self::TcpPort(n) => write!(f, "TCP port {n}"),
            Self::UdpPort(n) => write!(f, "UDP port {n}"),
            Self::Upgrade(token) => write!(f, "an upgrade to {token}"),
            Self::HttpPath(path) => write!(f, "the HTTP path {path}"),
            Self::HttpQuery(name) => write!(f, "{name}= in the query of an HTTP request"),
            Self::Heuristic => write!(f, "the look of the bytes"),
        }
    }
}

/// The protocol with this Wireshark name.
pub fn protocol(id: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.id == id).copied()
}

/// The field with this Wireshark name.
pub fn field(id: &str) -> Option<&'static FieldSpec> {
    all_fields().find(|field| field.id == id)
}

/// All fields of all protocols, in the order of the table.
pub fn all_fields() -> impl Iterator<Item = &'static FieldSpec> {
    PROTOCOLS
        .iter()
        .flat_map(|protocol| protocol.fields.iter().copied())
}

/// The first protocol that makes this claim.
pub fn claimed_by(claim: Claim) -> Option<&'static Protocol> {
    PROTOCOLS
        .iter()
        .find(|protocol| protocol.claims.contains(&claim))
        .copied()
}

/// The protocol of what is asked for at this path with this query: by the path, or else by a parameter.
pub fn claimed_by_target(path: &str, query: &str) -> Option<&'static Protocol> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let by = |claimed: &dyn Fn(&Claim) -> bool| {
        let mut protocols = PROTOCOLS.iter().copied();
        protocols.find(|protocol| protocol.claims.iter().any(claimed))
    };
    let names: Vec<&str> = query
        .split('&')
        .filter_map(|parameter| parameter.split('=').next())
        .collect();
    by(&|claim| matches!(claim, Claim::HttpPath(own) if *own == path))
        .or_else(|| by(&|claim| matches!(claim, Claim::HttpQuery(own) if names.contains(own))))
}

/// What reads the stream of a TCP connection between these two ports, by the lower port first: servers' ports are.
pub fn stream_reader(ports: [u16; 2]) -> Option<fn() -> Box<dyn StreamProtocol>> {
    let [a, b] = ports;
    let claimed = [a.min(b), a.max(b)].map(|port| claimed_by(Claim::TcpPort(port)));
    claimed
        .into_iter()
        .flatten()
        .find_map(|protocol| match protocol.reader {
            Reader::Stream(make) => Some(make),
            _ => None,
        })
}

/// Declares the fields of a protocol: a static [`FieldSpec`] for each, and `FIELDS`, the list of them all.
///
/// `NAME = "id", "label", Kind;`, with `, stateful` before the semicolon where the value needs more than the frame.
macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr $(, $stateful:ident)?;)*) => {
        $(
            pub(super) static $name: $crate::proto::tree::FieldSpec = $crate::proto::tree::FieldSpec {
                id: $id,
                label: $label,
                kind: {
                    #[allow(unused_imports)]
                    use $crate::proto::tree::Kind::*;
                    $kind
                },
                stateful: fields!(@ $($stateful)?),
            };
        )*
        /// The protocol's fields.
        static FIELDS: &[&$crate::proto::tree::FieldSpec] = &[$(&$name),*];
    };
    (@) => { false };
    (@ stateful) => { true };
}
pub(crate) use fields;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn names_are_given_once_and_belong_to_their_protocol() {
        let mut seen = BTreeSet::new();
        for protocol in super::PROTOCOLS {
            assert!(seen.insert(protocol.id), "{} twice", protocol.id);
            for field in protocol.fields {
                let family = protocol.id.split('.').next().unwrap_or(protocol.id);
                assert!(
                    field.id.starts_with(family),
                    "{} in {}",
                    field.id,
                    protocol.id
                );
                assert!(seen.insert(field.id), "{} twice", field.id);
                assert!(!field.label.is_empty());
            }
        }
    }
}
