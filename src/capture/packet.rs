//! What a capture is made of, whatever it was read from.

use std::sync::Arc;

use crate::base::{LinkType, Time};

/// One captured packet (a frame, with its link-layer header).
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// When, since the Unix epoch; [`Time::ZERO`] if the file gives no time (pcapng's simple packets).
    pub time: Time,
    /// The interface, an index into [`Capture::interfaces`].
    pub interface: u32,
    /// The bytes that were captured.
    pub bytes: Arc<[u8]>,
    /// The length on the wire, which is more than `bytes.len()` where a snapshot length cut it.
    pub original_len: u32,
    /// Which way it went, where the capture says so.
    pub direction: Option<Direction>,
    /// The checksums were left to the hardware (or the packet never left the host): a wrong one is no damage.
    pub checksum_not_ready: bool,
    /// Packets that the capturing host lost between the one before and this one, as far as the capture says.
    pub dropped: u64,
    /// Comments on the packet.
    pub comments: Vec<String>,
}

/// Which way a packet went at the capturing interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It came in.
    Inbound,
    /// It went out.
    Outbound,
}

/// An interface that packets were captured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `eth0`, where known.
    pub name: Option<String>,
    /// Its link-layer header type.
    pub link_type: LinkType,
    /// Bytes kept of each packet; 0: all.
    pub snap_len: u32,
    /// Bytes of frame check sequence at the end of each frame, where the file says so.
    pub fcs_len: Option<u8>,
    /// Comments on the interface.
    pub comments: Vec<String>,
}

/// A name that the capture gives to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedName {
    /// The address.
    pub addr: std::net::IpAddr,
    /// Its names.
    pub names: Vec<String>,
}

/// Secrets with which the capture can be decrypted, kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The kind, as pcapng numbers it (`0x544c534b`: a TLS key log).
    pub kind: u32,
    /// The secrets.
    pub data: Vec<u8>,
}

/// A whole capture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capture {
    /// The interfaces.
    pub interfaces: Vec<Interface>,
    /// The packets, in the order of the file.
    pub packets: Vec<Packet>,
    /// Names for addresses.
    pub names: Vec<ResolvedName>,
    /// Decryption secrets.
    pub secrets: Vec<Secrets>,
    /// Comments on the whole capture (the section).
    pub comments: Vec<String>,
    /// What could not be read, in words, with its packet number and byte offset. The capture is what could be read.
    pub damage: Option<String>,
}
