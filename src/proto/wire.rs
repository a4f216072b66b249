//! What the typed headers share: the error of `parse`, and the Internet checksum.

use std::net::IpAddr;

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
    complement(sum(bytes))
}

/// The Internet checksum of `bytes` and the pseudo-header in front of them, that of IPv4 (RFC 9293 §3.1, RFC 768) or
/// that of IPv6 (RFC 8200 §8.1). Its length takes 16 bits there and 32 bits here, which makes no difference to the sum.
pub fn pseudo_checksum(source: IpAddr, destination: IpAddr, protocol: u8, bytes: &[u8]) -> u16 {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let pseudo_header = address_sum(source)
        + address_sum(destination)
        + sum(&[0, protocol])
        + sum(&len.to_be_bytes());
    complement(pseudo_header + sum(bytes))
}

fn address_sum(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(ip) => sum(&ip.octets()),
        IpAddr::V6(ip) => sum(&ip.octets()),
    }
}

/// The sum of `bytes` as words of 32 bits, to be folded to 16. Whose octets come first in a word does not matter as
/// long as all sums agree on it (RFC 1071 §2(B)): it is this machine's order, in which many words are added at a time.
fn sum(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = u64::from_ne_bytes(last);
    let (mut low, mut high) = (last & 0xffff_ffff, last >> 32);
    for octets in pairs {
        let two_words = u64::from_ne_bytes(*octets);
        low += two_words & 0xffff_ffff;
        high += two_words >> 32;
    }
    low + high
}

/// Folds a sum to 16 bits, carries added in again; its complement is the checksum.
fn complement(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !u16::from_be(sum as u16)
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

    proptest::proptest! {
        /// RFC 1071 §1 word by word.
        #[test]
        fn checksum_of_any_bytes(bytes in proptest::collection::vec(0u8.., 0..100)) {
            let mut sum = 0;
            for pair in bytes.chunks(2) {
                sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
                sum = (sum & 0xffff) + (sum >> 16);
            }
            assert_eq!(u32::from(checksum(&bytes)), !sum & 0xffff);
        }
    }
}
