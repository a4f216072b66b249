//! Arbitrary bytes, and frames bent out of shape, go through every link type: nothing panics, every field lies in its
//! buffer, and every value can be written.

use std::net::IpAddr;

use proptest::prelude::*;

use super::{Addrs, FrameContext, Span, dissect, dissect_ip_payload};
use crate::base::LinkType;
use crate::proto::frame::{FrameFacts, layer};
use crate::proto::tree::{Derived, Dissection, StopReason};

const LINK_TYPES: [u16; 10] = [0, 1, 12, 101, 108, 113, 228, 229, 276, 9999];

/// Whole frames of Ethernet, to be bent: ARP, and what follows the type of each other one.
const SEEDS: &[&str] = &[
    "ffffffffffff 02000000000a 0806 0001080006040001 02000000000a 0a000001 000000000000 0a000002",
    "02000000000b 02000000000a 0800 45000034 12344000 40060000 0a000001 0a000002 \
     c0010050 00000064 00000001 8018ffff 00000000 0101080a 00000001 00000002",
    "02000000000b 02000000000a 0800 48000030 12344000 40110000 0a000001 0a000002 \
     830b080a 00000300 00000000 82358236 000c0000 01020304",
    "02000000000b 02000000000a 8100 0001 0800 45000038 12340000 40010000 0a000001 0a000002 \
     03030000 00000000 45000030 00000000 40110000 c0a80001 c0a80002 00350035 00000000 01020304",
    "02000000000b 02000000000a 86dd 60000000 00203aff fd000000000000000000000000000001 \
     fd000000000000000000000000000002 86000000 40e80708 00001388 000003e8 \
     0101 02000000000a 0501 0000 000005dc",
    "02000000000b 02000000000a 86dd 60000000 00280040 fd000000000000000000000000000001 \
     fd000000000000000000000000000002 2c00050200000100 1100000100000001 82358236 000c0000 01020304",
    "02000000000b 02000000000a 0026 424203 0000000000800000000000000100000000800000000000000180010000",
];

fn seed(index: usize) -> Vec<u8> {
    let digits: Vec<u32> = SEEDS[index % SEEDS.len()]
        .chars()
        .filter_map(|c| c.to_digit(16))
        .collect();
    let byte = |pair: &[u32]| {
        pair.iter()
            .fold(0u8, |byte, digit| byte << 4 | *digit as u8)
    };
    digits.chunks(2).map(byte).collect()
}

/// Everything that holds of any dissection.
fn check(input: &[u8], dissection: &Dissection) -> Result<(), TestCaseError> {
    for layer in &dissection.layers {
        let buffer = dissection.buffer(input, layer.buffer).len();
        prop_assert!(layer.header.start <= layer.header.end && layer.header.end <= buffer);
        prop_assert!(layer.payload.start <= layer.payload.end && layer.payload.end <= buffer);
        for field in &layer.fields {
            let bytes = field.bytes();
            prop_assert!(bytes.start <= bytes.end, "{field:?}");
            prop_assert!(bytes.end <= buffer, "{field:?} of {buffer} bytes");
            prop_assert!(field.tshark_value().len() <= 4 * input.len() + 256);
            prop_assert!(field.text.len() <= 4 * input.len() + 256);
        }
    }
    for expert in &dissection.experts {
        prop_assert!(expert.layer < dissection.layers.len(), "{expert:?}");
    }
    // No more than a few fields a byte, whatever numbers the bytes hold.
    let fields: usize = dissection
        .layers
        .iter()
        .map(|layer| layer.fields.len())
        .sum();
    prop_assert!(
        fields <= 12 * input.len() + 64,
        "{fields} fields of {} bytes",
        input.len()
    );
    let facts = FrameFacts {
        len: input.len(),
        cap_len: input.len(),
        ..FrameFacts::default()
    };
    prop_assert!(!layer(&facts, dissection).fields.is_empty());
    Ok(())
}

fn contexts() -> impl Strategy<Value = FrameContext> {
    (any::<u16>(), proptest::option::of(0u8..8), any::<bool>()).prop_map(
        |(len, fcs_len, checksum_not_ready)| FrameContext {
            original_len: len.into(),
            fcs_len,
            checksum_not_ready,
        },
    )
}

proptest! {
    #[test]
    fn arbitrary_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        link in 0..LINK_TYPES.len(),
        cx in contexts(),
    ) {
        let dissection = dissect(LinkType(LINK_TYPES[link]), &bytes, &cx);
        check(&bytes, &dissection)?;
    }

    #[test]
    fn bent_frames(
        index in 0..SEEDS.len(),
        link in 0..LINK_TYPES.len(),
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 0..8),
        cut in any::<u16>(),
        more in proptest::collection::vec(any::<u8>(), 0..40),
        cx in contexts(),
    ) {
        let mut frame = seed(index);
        frame.truncate(frame.len() - usize::from(cut % 4 == 0) * (usize::from(cut) % frame.len()));
        frame.extend(more);
        for (at, value) in changes {
            let at = usize::from(at) % frame.len().max(1);
            if let Some(byte) = frame.get_mut(at) {
                *byte = value;
            }
        }
        // The other links see the packet after the MAC addresses, or all of it.
        let link_type = LINK_TYPES[link];
        let start = if link_type == 1 { 0 } else { frame.len().min(14) };
        check(&frame[start..], &dissect(LinkType(link_type), &frame[start..], &cx))?;
    }

    #[test]
    fn reassembled_payloads(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        next_header in any::<u8>(),
        v6 in any::<bool>(),
    ) {
        let addr: IpAddr = if v6 { [1; 16].into() } else { [1; 4].into() };
        let derived = Derived { name: "Reassembled", bytes: bytes.clone(), pieces: Vec::new() };
        let mut dissection = Dissection { derived: vec![derived], ..Dissection::default() };
        let addrs = Addrs { src: addr, dst: addr };
        dissect_ip_payload(&mut dissection, 1, next_header, addrs, &FrameContext::default());
        prop_assert_eq!(&dissection.derived[0].bytes, &bytes);
        prop_assert!(dissection.layers.iter().all(|layer| layer.buffer == 1));
        check(&bytes, &dissection)?;
    }
}

#[test]
fn every_cut_of_a_segment_is_told() {
    let frame = seed(1);
    for len in 15..66 {
        let cx = FrameContext {
            original_len: frame.len() as u32,
            ..FrameContext::default()
        };
        let dissection = dissect(LinkType::ETHERNET, &frame[..len], &cx);
        let stop = dissection.stop.as_ref().map(|stop| &stop.reason);
        // Bytes 14 to 34 are the IP header, the segment's header ends at 66.
        assert!(
            matches!(stop, Some(StopReason::Truncated { .. })),
            "{len}: {stop:?}"
        );
    }
    assert_eq!(
        dissect(LinkType::ETHERNET, &frame, &FrameContext::default()).stop,
        None
    );
}

#[test]
fn spans_narrow_and_never_turn_over() {
    let span = Span {
        start: 10,
        end: 20,
        whole: 30,
    };
    assert_eq!(
        span.skip(4),
        Span {
            start: 14,
            end: 20,
            whole: 30
        }
    );
    assert_eq!(
        span.skip(usize::MAX),
        Span {
            start: 20,
            end: 20,
            whole: 30
        }
    );
    assert_eq!(
        span.limit(5),
        Span {
            start: 10,
            end: 15,
            whole: 15
        }
    );
    assert_eq!(
        span.limit(15),
        Span {
            start: 10,
            end: 20,
            whole: 25
        }
    );
    assert!(span.is_cut() && !span.limit(5).is_cut());
}

#[test]
fn offloaded_checksums_are_not_judged() {
    let cx = FrameContext {
        checksum_not_ready: true,
        ..FrameContext::default()
    };
    let frame = seed(1);
    let status = |cx| {
        let dissection = dissect(LinkType::ETHERNET, &frame, &cx);
        dissection
            .field("tcp.checksum.status")
            .map(|field| field.tshark_value())
    };
    assert_eq!(status(cx).as_deref(), Some("2"));
    assert_eq!(status(FrameContext::default()).as_deref(), Some("0"));
}
