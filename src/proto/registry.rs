//! The one table of protocols, and how one hands its payload to the next.
//!
//! To add a protocol: one file, and one line in the table here.

use super::tree::FieldSpec;

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
}

impl PartialEq for Protocol {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What makes a protocol the one that reads a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A capture's link-layer header type.
    LinkType(u16),
    /// An Ethernet type.
    EtherType(u16),
    /// An IP protocol number or IPv6 next header.
    IpProtocol(u8),
    /// A TCP port, on either side.
    TcpPort(u16),
    /// A UDP port, on either side.
    UdpPort(u16),
    /// A token of HTTP's `Upgrade` header.
    Upgrade(&'static str),
    /// The first bytes of a stream look like it (asked last).
    Heuristic,
}
