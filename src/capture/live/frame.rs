//! A frame as the kernel hands it over, and the packet that it was on the wire.

use crate::base::Time;
use crate::capture::packet::{Direction, Packet};

/// The checksums are left to the hardware (`tp_status` in Linux's `if_packet.h`).
const TP_STATUS_CSUM_NOT_READY: u32 = 1 << 3;
/// The frame had a VLAN tag, which is in the auxiliary data.
const TP_STATUS_VLAN_VALID: u32 = 1 << 4;
/// The auxiliary data tells the tag's EtherType too.
const TP_STATUS_VLAN_TPID_VALID: u32 = 1 << 6;

/// `sll_pkttype` of what this host sent.
const PACKET_OUTGOING: u8 = 4;
/// Where a VLAN tag stands: after both Ethernet addresses.
const VLAN_OFFSET: usize = 12;
const VLAN_TAG_LEN: usize = 4;
/// EtherType of an 802.1Q tag.
const TPID_8021Q: u16 = 0x8100;

/// What the kernel says about a frame that was received.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Bytes of it in the buffer.
    pub captured: usize,
    /// Bytes that it has.
    pub len: usize,
    pub time: Time,
    pub aux: Aux,
    /// Frames that the socket had dropped when this one came, since it was opened.
    pub drops: u32,
    pub packet_type: u8,
    pub hardware_type: u16,
    pub protocol: u16,
    pub address: [u8; 8],
    pub address_len: u8,
}

/// The auxiliary data (`tpacket_auxdata`).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Aux {
    pub status: u32,
    pub vlan_tci: u16,
    pub vlan_tpid: u16,
}

impl Frame {
    /// The packet, whose bytes are at the start of `buffer`. At most the buffer's length is kept.
    pub(super) fn packet(&self, buffer: &[u8], cooked: bool) -> Packet {
        let mut bytes = buffer[..self.captured].to_vec();
        if cooked {
            bytes.splice(..0, self.cooked_header());
        } else if let Some(tag) = self.vlan_tag()
            && bytes.len() >= VLAN_OFFSET
        {
            bytes.splice(VLAN_OFFSET..VLAN_OFFSET, tag);
        }
        let added = bytes.len() - self.captured;
        bytes.truncate(buffer.len());
        Packet {
            time: self.time,
            interface: 0,
            bytes: bytes.into(),
            original_len: u32::try_from(self.len + added).unwrap_or(u32::MAX),
            direction: Some(match self.packet_type {
                PACKET_OUTGOING => Direction::Outbound,
                _ => Direction::Inbound,
            }),
            checksum_not_ready: self.aux.status & TP_STATUS_CSUM_NOT_READY != 0,
            dropped: 0,
            comments: Vec::new(),
        }
    }

    /// The tag that the kernel took out of the frame.
    fn vlan_tag(&self) -> Option<[u8; VLAN_TAG_LEN]> {
        if self.aux.status & TP_STATUS_VLAN_VALID == 0 {
            return None;
        }
        let tpid = match self.aux.status & TP_STATUS_VLAN_TPID_VALID {
            0 => TPID_8021Q,
            _ => self.aux.vlan_tpid,
        };
        let (tpid, tci) = (tpid.to_be_bytes(), self.aux.vlan_tci.to_be_bytes());
        Some([tpid[0], tpid[1], tci[0], tci[1]])
    }

    /// The header of a Linux cooked capture (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html>).
    fn cooked_header(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(16);
        header.extend(u16::from(self.packet_type).to_be_bytes());
        header.extend(self.hardware_type.to_be_bytes());
        header.extend(u16::from(self.address_len).to_be_bytes());
        header.extend(self.address);
        header.extend(self.protocol.to_be_bytes());
        header
    }
}
