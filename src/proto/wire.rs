//! What the typed headers share: the error of `parse`, and the Internet checksum.

use std::net::Ipv4Addr;

use etherparse::checksum::Sum16BitWords;

/// Why bytes are no header of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end before the header does.
    #[error("{layer}: {needed} bytes needed, {actual} are there")]
    Short {
        /// The protocol.
        layer: &'static str,
        /// How many bytes the header, or the length in it, asks for.
        needed: usize,
        /// How many there are.
        actual: usize,
    },
    /// The checksum does not fit the bytes.
    #[error("{layer} checksum wrong: {found:#06x}")]
    Checksum {
        /// The protocol.
        layer: &'static str,
        /// The checksum in the header.
        found: u16,
    },
    /// A field has a value that it cannot have.
    #[error("{layer}: {what}")]
    Malformed {
        /// The protocol.
        layer: &'static str,
        /// Which field, and what is wrong with it.
        what: &'static str,
    },
}

/// The first `N` bytes and the rest, or the error that names the `layer`.
pub(super) fn split<'a, const N: usize>(
    layer: &'static str,
    bytes: &'a [u8],
) -> Result<(&'a [u8; N], &'a [u8]), WireError> {
    bytes.split_first_chunk::<N>().ok_or(WireError::Short {
        layer,
        needed: N,
        actual: bytes.len(),
    })
}

/// The Internet checksum of `bytes` (RFC 1071); 0 over bytes that hold their own right checksum.
pub fn checksum(bytes: &[u8]) -> u16 {
    Sum16BitWords::new()
        .add_slice(bytes)
        .ones_complement()
        .to_be()
}

/// The Internet checksum of `bytes` and the IPv4 pseudo-header in front of them (RFC 9293 §3.1, RFC 768).
pub fn pseudo_checksum(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, bytes: &[u8]) -> u16 {
    let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    Sum16BitWords::new()
        .add_4bytes(source.octets())
        .add_4bytes(destination.octets())
        .add_2bytes([0, protocol])
        .add_2bytes(len.to_be_bytes())
        .add_slice(bytes)
        .ones_complement()
        .to_be()
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn checksum_of_the_rfc() {
        // RFC 1071 §3's example: the sum is ddf2, the checksum its complement.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&bytes), !0xddf2);
    }
}
