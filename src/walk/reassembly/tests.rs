//! Streams from segments in every order.

use proptest::prelude::*;

use super::{Run, Stream};
use crate::base::FrameId;

/// Segments of a test: each is a frame whose bytes are its data.
struct Wire {
    isn: u32,
    stream: Stream,
    frames: Vec<Vec<u8>>,
}

impl Wire {
    fn new(isn: u32) -> Self {
        let mut stream = Stream::default();
        stream.start_at(isn.wrapping_add(1));
        Self {
            isn,
            stream,
            frames: Vec::new(),
        }
    }

    /// A segment whose data starts at this offset of the stream.
    fn segment(&mut self, offset: u32, data: &[u8]) {
        let frame = FrameId::from_index(self.frames.len());
        self.frames.push(data.to_vec());
        let frames = &self.frames;
        let seq = self.isn.wrapping_add(1).wrapping_add(offset);
        self.stream
            .insert(seq, data.len() as u32, frame, 0, |run, range, at| {
                let old = &bytes_of(frames, run)[(range.start - run.start) as usize..];
                let len = (range.end - range.start) as usize;
                old[..len] == data[at as usize..at as usize + len]
            });
    }

    fn ack(&mut self, offset: u32) {
        self.stream
            .acknowledge(self.isn.wrapping_add(1).wrapping_add(offset));
        while self.stream.skip_acked().is_some() {}
    }

    /// The stream as text, a gap as dots.
    fn text(&self) -> String {
        let runs = self.stream.runs.iter();
        let bytes = runs.flat_map(|run| match run.source {
            Some(_) => bytes_of(&self.frames, run).to_vec(),
            None => vec![b'.'; run.len as usize],
        });
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
    }
}

fn bytes_of<'a>(frames: &'a [Vec<u8>], run: &Run) -> &'a [u8] {
    let (frame, at) = run.source.expect("no gap");
    &frames[frame.index()][at as usize..at as usize + run.len as usize]
}

/// What a line of a test does: a segment at an offset, or an ACK of everything before it.
enum Line<'a> {
    Data(u32, &'a str),
    Ack(u32),
}
use Line::{Ack, Data};

#[test]
fn segments_become_a_stream() {
    let check = |what: &str, lines: &[Line<'_>], expected: &str, conflicts: u32| {
        // once in the midst of the number space, once across its end
        for isn in [1000, u32::MAX - 3] {
            let mut wire = Wire::new(isn);
            for line in lines {
                match line {
                    Data(offset, text) => wire.segment(*offset, text.as_bytes()),
                    Ack(offset) => wire.ack(*offset),
                }
            }
            assert_eq!(wire.text(), expected, "{what}, ISN {isn}");
            assert_eq!(wire.stream.conflicts, conflicts, "{what}, ISN {isn}");
        }
    };
    check("in order", &[Data(0, "ab"), Data(2, "cd")], "abcd", 0);
    check(
        "out of order",
        &[Data(2, "cd"), Data(4, "ef"), Data(0, "ab")],
        "abcdef",
        0,
    );
    check(
        "twice",
        &[Data(0, "ab"), Data(0, "ab"), Data(2, "c")],
        "abc",
        0,
    );
    check(
        "overlap at the front",
        &[Data(0, "abc"), Data(1, "bcd")],
        "abcd",
        0,
    );
    check(
        "overlap over a hole",
        &[Data(2, "c"), Data(0, "abcde")],
        "abcde",
        0,
    );
    check(
        "the first bytes stay",
        &[Data(0, "abc"), Data(1, "XYd")],
        "abcd",
        1,
    );
    check(
        "also of early ones",
        &[Data(2, "cd"), Data(0, "abXYe")],
        "abcde",
        1,
    );
    check(
        "a hole is waited for",
        &[Data(0, "ab"), Data(4, "ef")],
        "ab",
        0,
    );
    check(
        "not acknowledged: no gap",
        &[Data(0, "ab"), Data(4, "ef"), Ack(2)],
        "ab",
        0,
    );
    check(
        "acknowledged: a gap",
        &[Data(0, "ab"), Data(4, "ef"), Ack(6)],
        "ab..ef",
        0,
    );
    check(
        "acknowledged before it goes on",
        &[Data(0, "ab"), Ack(4), Data(4, "ef"), Ack(6)],
        "ab..ef",
        0,
    );
    check(
        "too late for the gap",
        &[Data(2, "cd"), Ack(4), Data(0, "ab")],
        "..cd",
        0,
    );
    check("nothing behind the gap", &[Data(0, "ab"), Ack(9)], "ab", 0);
    check(
        "far outside",
        &[Data(0, "ab"), Data(0x5000_0000, "zz"), Data(2, "c")],
        "abc",
        0,
    );
}

#[test]
fn a_fin_closes_when_all_before_it_is_there() {
    let mut wire = Wire::new(7);
    wire.segment(2, b"cd");
    wire.stream.finish_at(7 + 1 + 4);
    assert!(!wire.stream.is_closed());
    wire.segment(0, b"ab");
    assert!(wire.stream.is_closed());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However a stream is cut, reordered, repeated and lost, what comes out is the stream, or a gap where nothing came.
    #[test]
    fn any_segments_give_back_the_stream(
        isn: u32,
        len in 1usize..400,
        cuts in proptest::collection::vec((0usize..400, 1usize..80), 1..60),
    ) {
        let sent: Vec<u8> = (0..len).map(|at| b'a' + (at % 26) as u8).collect();
        let mut wire = Wire::new(isn);
        let mut came = vec![false; len];
        for (start, size) in cuts {
            let start = start.min(len - 1);
            let end = (start + size).min(len);
            wire.segment(start as u32, &sent[start..end]);
            came[start..end].fill(true);
        }
        while wire.stream.skip().is_some() {}
        let expected: String = sent
            .iter()
            .zip(&came)
            .map(|(byte, came)| if *came { *byte as char } else { '.' })
            .collect();
        // nothing is known of what may follow the last byte that came
        prop_assert_eq!(wire.text(), expected.trim_end_matches('.'));
        prop_assert_eq!(wire.stream.conflicts, 0);
        let runs = &wire.stream.runs;
        prop_assert!(runs.windows(2).all(|pair| pair[0].end() == pair[1].start));
    }
}
