//! What a router changes in a packet: the time to live, and its size where it is too big for a link.

use crate::proto::ipv4::{Ipv4Header, header_len};
use crate::proto::wire::checksum;
use crate::stack::ipv4::parts;

/// The packet with its time to live one less (RFC 1812 §5.3.1) and its checksum right. Options stay as they are.
pub(super) fn lower_ttl(packet: &[u8]) -> Vec<u8> {
    let mut lowered = packet.to_vec();
    let len = header_len(packet).min(lowered.len());
    let header = &mut lowered[..len];
    header[8] = header[8].saturating_sub(1);
    fill_in_checksum(header);
    lowered
}

/// The packet in fragments that are no longer than `mtu` (RFC 791 §3.2). It may be a fragment itself.
pub(super) fn fragments(packet: &[u8], mtu: u16) -> Vec<Vec<u8>> {
    let (head, payload) = packet.split_at(header_len(packet).min(packet.len()));
    let rest = [&head[..Ipv4Header::LEN], &copied_options(head)].concat();
    let field = u16::from_be_bytes([head[6], head[7]]);
    let (flags, offset) = (field & 0xe000, field & 0x1fff);
    let fragment = |(part, more): (std::ops::Range<usize>, bool)| {
        let mut header = if part.start == 0 { head } else { &rest }.to_vec();
        let header_len = header.len();
        header[0] = 0x40 | (header_len / 4) as u8;
        let len = (header_len + part.len()) as u16;
        header[2..4].copy_from_slice(&len.to_be_bytes());
        let more = flags | if more { MORE_FRAGMENTS } else { 0 };
        let field = more | (offset + (part.start / 8) as u16);
        header[6..8].copy_from_slice(&field.to_be_bytes());
        fill_in_checksum(&mut header);
        header.extend_from_slice(&payload[part]);
        header
    };
    let room = usize::from(mtu).saturating_sub(head.len());
    parts(payload.len(), room).map(fragment).collect()
}

const MORE_FRAGMENTS: u16 = 1 << 13;

/// The options that stand in each fragment: those with the copied flag (RFC 791 §3.1), padded to 32 bits.
fn copied_options(head: &[u8]) -> Vec<u8> {
    let mut options = &head[Ipv4Header::LEN..];
    let mut copied = Vec::new();
    while let Some(&kind) = options.first() {
        let len = match (kind, options.get(1)) {
            (0, _) => break,
            (1, _) => 1,
            (_, Some(&len)) if (2..=options.len()).contains(&usize::from(len)) => usize::from(len),
            _ => break,
        };
        if kind & 0x80 != 0 {
            copied.extend_from_slice(&options[..len]);
        }
        options = &options[len..];
    }
    copied.resize(copied.len().next_multiple_of(4), 0);
    copied
}

fn fill_in_checksum(header: &mut [u8]) {
    header[10..12].fill(0);
    let sum = checksum(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}
