//! Datagrams from fragments in every order.

use super::{Datagram, Defrag, MOST_OPEN};
use crate::base::FrameId;
use crate::walk::brief::{Fragment, Ip};

/// A fragment: its place in bytes, whether more follow, and its data, which stands at offset 34 of its frame.
fn push(
    defrag: &mut Defrag,
    frame: usize,
    id: u32,
    offset: usize,
    more: bool,
    data: &str,
) -> Option<Datagram> {
    let mut bytes = vec![0; 34];
    bytes.extend_from_slice(data.as_bytes());
    let ip = Ip {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: 17,
        start: 14,
        payload: 34..bytes.len(),
        wire_len: data.len(),
        fragment: None,
    };
    let fragment = Fragment { id, offset, more };
    defrag.push(FrameId::from_index(frame), &ip, fragment, &bytes)
}

#[test]
fn fragments_become_a_datagram() {
    let check = |fragments: &[(usize, bool, &str)], expected: Option<(&str, bool, bool)>| {
        let mut defrag = Defrag::default();
        let made = fragments
            .iter()
            .enumerate()
            .filter_map(|(frame, (at, more, data))| push(&mut defrag, frame, 1, *at, *more, data))
            .next();
        let made = made.map(|made| {
            let text = String::from_utf8(made.bytes).expect("text");
            let covered: usize = made.pieces.iter().map(|(_, _, range)| range.len()).sum();
            assert_eq!(covered, text.len(), "the pieces are all of it");
            (text, made.overlap, made.conflict)
        });
        let made = made
            .as_ref()
            .map(|(text, overlap, conflict)| (text.as_str(), *overlap, *conflict));
        assert_eq!(made, expected, "{fragments:?}");
    };
    check(
        &[(0, true, "abcdefgh"), (8, false, "ij")],
        Some(("abcdefghij", false, false)),
    );
    check(
        &[(8, false, "ij"), (0, true, "abcdefgh")],
        Some(("abcdefghij", false, false)),
    );
    check(&[(0, true, "abcdefgh"), (16, false, "q")], None);
    check(
        &[
            (0, true, "abcdefgh"),
            (0, true, "abcdefgh"),
            (8, false, "ij"),
        ],
        Some(("abcdefghij", true, false)),
    );
    check(
        &[
            (0, true, "abcdefgh"),
            (0, true, "XXXXXXXXYYYYYYYY"),
            (16, false, "q"),
        ],
        Some(("abcdefghYYYYYYYYq", true, true)),
    );
    check(&[(65_528, true, "too long!"), (0, true, "abcdefgh")], None);
}

#[test]
fn the_oldest_gives_way() {
    let mut defrag = Defrag::default();
    for id in 0..=MOST_OPEN as u32 {
        push(&mut defrag, 0, id, 0, true, "abcdefgh");
    }
    assert_eq!(defrag.open.len(), MOST_OPEN);
    assert!(
        push(&mut defrag, 1, 0, 8, false, "ij").is_none(),
        "given up"
    );
    assert!(
        push(&mut defrag, 1, 5, 8, false, "ij").is_some(),
        "still open"
    );
}
