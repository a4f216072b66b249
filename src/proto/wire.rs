//! What the typed headers share: the error of `parse`, and the Internet checksum.

use std::net::IpAddr;

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

/// The Internet checksum of `bytes` and the pseudo-header in front of them, that of IPv4 (RFC 9293 §3.1, RFC 768) or
/// that of IPv6 (RFC 8200 §8.1). Its length takes 16 bits there and 32 bits here, which makes no difference to the sum.
pub fn pseudo_checksum(source: IpAddr, destination: IpAddr, protocol: u8, bytes: &[u8]) -> u16 {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let sum = add_address(Sum16BitWords::new(), source);
    add_address(sum, destination)
        .add_2bytes([0, protocol])
        .add_4bytes(len.to_be_bytes())
        .add_slice(bytes)
        .ones_complement()
        .to_be()
}

fn add_address(mut sum: Sum16BitWords, address: IpAddr) -> Sum16BitWords {
    match address {
        IpAddr::V4(ip) => sum.add_4bytes(ip.octets()),
        IpAddr::V6(ip) => sum.add_16bytes(ip.octets()),
    }
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
