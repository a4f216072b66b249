//! The Internet checksum (RFC 1071), and who may judge it.

use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;

use super::builder::LayerBuilder;

/// What is known of a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// Computed over bytes that are all there: what it should be.
    Computed(u16),
    /// Not to be judged: bytes are missing, or it was left to the hardware.
    Unverified,
    /// The sender left it out.
    NotPresent,
    /// The sender left it out where it must not.
    Illegal,
}

impl Sum {
    /// Whether `found` is not what it should be. 0 and 0xffff are the same number in one's complement.
    pub fn contradicts(self, found: u16) -> bool {
        let zero = |n| n == 0 || n == 0xffff;
        matches!(self, Self::Computed(right) if right != found && !(zero(right) && zero(found)))
    }
}

/// The checksum that `bytes` should have at `at`, where the sum of what precedes them is `pseudo`.
fn over(pseudo: Sum16BitWords, bytes: &[u8], at: usize) -> u16 {
    let (before, rest) = bytes.split_at(at.min(bytes.len()));
    let after = rest.get(2..).unwrap_or_default();
    pseudo
        .add_slice(before)
        .add_slice(after)
        .ones_complement()
        .to_be()
}

impl LayerBuilder<'_, '_> {
    /// The checksum that the first `len` bytes of the layer should have at `at`, without a pseudo-header.
    pub fn internet_sum(&mut self, at: usize, len: usize) -> Sum {
        if self.dissector().cx.checksum_not_ready || self.bytes().len() < len {
            return Sum::Unverified;
        }
        Sum::Computed(over(Sum16BitWords::new(), self.slice(0..len), at))
    }

    /// The checksum that the first `len` bytes of the layer should have at `at`, with the pseudo-header of the IP
    /// layer below (RFC 9293 §3.1, RFC 8200 §8.1).
    pub fn transport_sum(&mut self, protocol: u8, at: usize, len: usize) -> Sum {
        let d = self.dissector();
        let Some(addrs) = d.addrs.filter(|_| !d.fragment && !d.cx.checksum_not_ready) else {
            return Sum::Unverified;
        };
        if self.bytes().len() < len {
            return Sum::Unverified;
        }
        let length = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
        let mut sum = match (addrs.src, addrs.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => Sum16BitWords::new()
                .add_4bytes(src.octets())
                .add_4bytes(dst.octets()),
            (IpAddr::V6(src), IpAddr::V6(dst)) => Sum16BitWords::new()
                .add_16bytes(src.octets())
                .add_16bytes(dst.octets()),
            _ => return Sum::Unverified,
        };
        let pseudo = sum.add_4bytes(length).add_2bytes([0, protocol]);
        Sum::Computed(over(pseudo, self.slice(0..len), at))
    }
}
