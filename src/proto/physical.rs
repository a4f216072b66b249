//! The physical layer of Ethernet (IEEE 802.3): what really goes over the wire around a frame, bit by bit.
//!
//! ```text
//! | preamble 7 x 0x55 | SFD 0xd5 | frame, at least 60 octets | FCS 4 | gap of 12 octets' time |
//! ```
//!
//! Octets go out one after the other, each with its least significant bit first (§3.3). Bits are written here as one
//! 0 or 1 an element, in the order of the wire. Pure functions, for the world and for people who look.

/// The octets that let the receiver find the beat (IEEE 802.3 §3.2.1).
pub const PREAMBLE: [u8; 7] = [0x55; 7];
/// The start frame delimiter: its last two bits are both 1, the first such pair (IEEE 802.3 §3.2.2).
pub const SFD: u8 = 0xd5;
/// Octets of preamble and start frame delimiter.
pub const LEAD_LEN: usize = 8;
/// Octets of the frame check sequence (IEEE 802.3 §3.2.9).
pub const FCS_LEN: usize = 4;
/// The least octets of a frame, without its FCS: `minFrameSize` is 512 bits with it (IEEE 802.3 §4.4.2).
pub const MIN_FRAME_LEN: usize = 60;
/// Octets' time of silence between two frames: `interPacketGap` is 96 bits (IEEE 802.3 §4.4.2).
pub const GAP_LEN: usize = 12;
/// What the CRC of a whole frame with its right FCS always is, whatever the frame.
pub const RESIDUE: u32 = 0x2144_df1c;

/// The frame with the zero octets behind it that bring it to the least length (IEEE 802.3 §4.2.3.3).
pub fn padded(frame: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut frame = frame.into();
    if frame.len() < MIN_FRAME_LEN {
        frame.resize(MIN_FRAME_LEN, 0);
    }
    frame
}

/// The frame check sequence as a number, its least significant bit the one that is sent first (the coefficient of
/// x³¹, IEEE 802.3 §3.2.9).
pub fn fcs(frame: &[u8]) -> u32 {
    crc32fast::hash(frame)
}

/// The frame check sequence as the four octets on the wire.
pub fn fcs_octets(frame: &[u8]) -> [u8; FCS_LEN] {
    fcs(frame).to_le_bytes()
}

/// Whether a frame and the FCS behind it fit together.
pub fn fcs_fits(frame_and_fcs: &[u8]) -> bool {
    crc32fast::hash(frame_and_fcs) == RESIDUE
}

/// Everything that is sent for a frame: preamble, start frame delimiter, the frame (padded), FCS.
pub fn octets(frame: &[u8]) -> Vec<u8> {
    let frame = padded(frame);
    let mut octets = Vec::with_capacity(LEAD_LEN + frame.len() + FCS_LEN);
    octets.extend(PREAMBLE);
    octets.push(SFD);
    octets.extend(&frame);
    octets.extend(fcs_octets(&frame));
    octets
}

/// Bits from the first of the preamble to the last of the FCS of a frame of `len` octets.
pub fn bits_on_wire(len: usize) -> u64 {
    8 * (LEAD_LEN + len.max(MIN_FRAME_LEN) + FCS_LEN) as u64
}

/// The bits of octets in the order of the wire: of each octet the least significant first.
pub fn to_bits(octets: &[u8]) -> Vec<u8> {
    octets
        .iter()
        .flat_map(|octet| (0..8).map(move |bit| octet >> bit & 1))
        .collect()
}

/// The octets of bits in the order of the wire. Bits behind the last whole octet are left out.
pub fn from_bits(bits: &[u8]) -> Vec<u8> {
    let octet = |bits: &[u8]| (0..8).fold(0, |octet, bit| octet | (bits[bit] & 1) << bit);
    bits.chunks_exact(8).map(octet).collect()
}

/// The levels on the wire in Manchester code, two for each bit (IEEE 802.3 §7.3.1.1): a 0 is high then low, a 1 is
/// low then high. 10 Mbit/s Ethernet speaks it.
pub fn manchester(bits: &[u8]) -> Vec<u8> {
    bits.iter()
        .flat_map(|bit| [1 - (bit & 1), bit & 1])
        .collect()
}

/// The bits that Manchester levels stand for, or the index of the first bit that has no change in its middle (a code
/// violation).
pub fn from_manchester(levels: &[u8]) -> Result<Vec<u8>, usize> {
    let bit = |(index, pair): (usize, &[u8])| match pair {
        [1, 0] => Ok(0),
        [0, 1] => Ok(1),
        _ => Err(index),
    };
    levels.chunks(2).enumerate().map(bit).collect()
}

/// What a receiver makes of bits: the octets between the start frame delimiter and the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The frame, padding included, FCS not.
    pub frame: Vec<u8>,
    /// The FCS that came, as octets.
    pub fcs: [u8; FCS_LEN],
    /// Whether it fits the frame.
    pub fits: bool,
}

/// Reads bits as a receiver does: looks for the first `1 1` of the start frame delimiter after the alternating bits,
/// and takes the octets that follow. `None`: no delimiter, or too short for an FCS.
pub fn receive(bits: &[u8]) -> Option<Received> {
    let start = bits.windows(2).position(|pair| pair == [1, 1])? + 2;
    let octets = from_bits(&bits[start..]);
    let (frame, &fcs) = octets.split_last_chunk()?;
    let fits = fcs_fits(&octets);
    Some(Received {
        frame: frame.to_vec(),
        fcs,
        fits,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An ARP request, without padding.
    const ARP: &[u8] =
        b"\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01\
        \x02\x00\x00\x00\x00\x01\x0a\x00\x00\x02\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x09";

    #[test]
    fn crc_is_the_one_of_ieee_802_3() {
        // The check value of CRC-32 (ISO-HDLC) in every catalogue.
        assert_eq!(fcs(b"123456789"), 0xcbf4_3926);
        assert_eq!(fcs_octets(b"123456789"), [0x26, 0x39, 0xf4, 0xcb]);
        assert_eq!(fcs(&[]), 0);
    }

    #[test]
    fn residue_bit_by_bit_as_the_standard_divides() {
        // The shift register of §3.2.9, fed with the bits in wire order; it ends with 0xc704dd7b for any right frame.
        let mut frame = padded(ARP);
        frame.extend(fcs_octets(&padded(ARP)));
        let register = to_bits(&frame).iter().fold(u32::MAX, |register, &bit| {
            let feedback = (register >> 31) as u8 ^ bit;
            register << 1 ^ if feedback == 1 { 0x04c1_1db7 } else { 0 }
        });
        assert_eq!(register, 0xc704_dd7b);
        assert!(fcs_fits(&frame));
    }

    #[test]
    fn a_short_frame_on_the_wire() {
        let octets = octets(ARP);
        assert_eq!(octets.len(), 72);
        assert_eq!(
            octets[..8],
            [0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5]
        );
        assert_eq!(octets[8..50], *ARP);
        assert!(octets[50..68].iter().all(|&octet| octet == 0));
        assert_eq!(bits_on_wire(ARP.len()), 576);
        assert_eq!(bits_on_wire(1514), 8 * 1526);
    }

    #[test]
    fn bits_in_wire_order() {
        assert_eq!(to_bits(&[0x55]), [1, 0, 1, 0, 1, 0, 1, 0]);
        assert_eq!(to_bits(&[SFD]), [1, 0, 1, 0, 1, 0, 1, 1]);
        assert_eq!(
            to_bits(&[0x02, 0x01]),
            [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(manchester(&[0, 1, 1]), [1, 0, 0, 1, 0, 1]);
        assert_eq!(from_manchester(&[1, 0, 0, 1, 1, 1]), Err(2));
        assert_eq!(from_manchester(&[1, 0, 0]), Err(1));
    }

    #[test]
    fn nothing_to_receive() {
        assert_eq!(receive(&[]), None);
        assert_eq!(receive(&[1, 0, 1, 0]), None);
        assert_eq!(receive(&[1, 1, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_received(frame in proptest::collection::vec(any::<u8>(), 0..1600)) {
            let levels = manchester(&to_bits(&octets(&frame)));
            let received = receive(&from_manchester(&levels).unwrap()).unwrap();
            prop_assert_eq!(received.fcs, fcs_octets(&padded(&frame[..])));
            prop_assert_eq!(received.frame, padded(&frame[..]));
            prop_assert!(received.fits);
        }

        #[test]
        fn one_flipped_bit_is_always_caught(
            frame in proptest::collection::vec(any::<u8>(), 60..1514),
            bit in any::<prop::sample::Index>(),
        ) {
            let mut bits = to_bits(&octets(&frame));
            let index = 8 * LEAD_LEN + bit.index(bits.len() - 8 * LEAD_LEN);
            bits[index] ^= 1;
            prop_assert!(!receive(&bits).unwrap().fits);
        }

        #[test]
        fn arbitrary_bits_never_panic(bits in proptest::collection::vec(0u8..2, 0..300)) {
            let _ = (receive(&bits), from_manchester(&bits), from_bits(&bits));
        }
    }
}
