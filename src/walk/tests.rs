//! The walk of every capture that is at hand.

mod attached;
mod conversations;
mod graphs;
mod simulated;
mod tshark;

use std::path::{Path, PathBuf};

use super::Walk;
use super::step::{Grain, MessageId, StepId};
use super::view::{Numbers, Place};
use crate::base::FrameId;
use crate::proto::tree::{Derived, Origin, Piece};

/// The folder of captures to test against, if it is there.
pub(super) fn captures() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(root) = here
        .ancestors()
        .map(|dir| dir.join("shared/captures"))
        .find(|dir| dir.is_dir())
    else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for folder in ["generated", "zeek"] {
        let entries = std::fs::read_dir(root.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        files.extend(entries.map(|entry| entry.path()));
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "pcap"));
    files.sort();
    files
}

pub(super) fn open(path: &Path) -> Walk {
    let capture = crate::capture::file::read(path).expect("a capture that can be read");
    Walk::from_capture(
        &path.file_name().unwrap_or_default().to_string_lossy(),
        capture,
    )
}

/// Everything that is drawn at a step, as text.
fn drawn(walk: &Walk, at: StepId) -> String {
    let mut text = String::new();
    for grain in [Grain::Message, Grain::Frame, Grain::Layer] {
        text += &format!("{:?}\n", walk.ladder(at, grain));
    }
    for numbers in [Numbers::Relative, Numbers::Raw] {
        text += &format!(
            "{:?}\n{:?}\n",
            walk.ends(at, Grain::Frame, numbers),
            walk.seq_space(at, Grain::Frame, numbers)
        );
    }
    let views = (
        walk.heading(at),
        walk.map(at),
        walk.layers(at),
        walk.changes(at, Grain::Frame),
    );
    format!("{text}{views:?}")
}

/// Traces every byte of every message down to its frames, and from there up again: it must come back to where it was.
fn trace_comes_back(walk: &Walk) {
    for id in (0..walk.messages()).map(|id| MessageId(id as u32)) {
        let message = walk.message(id).expect("a message");
        for buffer in 0..=message.dissection.derived.len() {
            let bytes = message.dissection.buffer(&message.bytes, buffer);
            for at in [0, bytes.len() / 2, bytes.len().saturating_sub(1)] {
                let Some(byte) = bytes.get(at) else { continue };
                let down = walk.trace_message(id, buffer, at..at + 1);
                assert_eq!(down.levels[0].bytes, [*byte]);
                let frames = down.levels.iter().filter_map(|level| match level.place {
                    Place::Frame(frame) => Some((frame, level.range.clone())),
                    _ => None,
                });
                let mut frames: Vec<_> = frames.collect();
                if message
                    .dissection
                    .derived
                    .get(buffer.wrapping_sub(1))
                    .is_some_and(is_not_whole)
                {
                    continue;
                }
                assert_eq!(frames.len(), 1, "one byte is in one frame");
                let (frame, range) = frames.remove(0);
                let up = walk.trace_frame(frame, range);
                let here = up.levels.iter().find(|level| {
                    level.place == Place::Message(id, buffer) && level.range == (at..at + 1)
                });
                assert!(here.is_some(), "{:?} {buffer} {at}: {up:?}", message.info);
                let bits = up
                    .levels
                    .iter()
                    .find(|level| matches!(level.place, Place::Bits(_)));
                if let Some(bits) = bits {
                    assert_eq!(bits.range.len(), 8);
                    let wire = bits.bytes.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
                    let sent = up
                        .levels
                        .iter()
                        .find(|l| matches!(l.place, Place::Frame(_)));
                    assert_eq!(sent.map(|level| &level.bytes[..]), Some(&[wire][..]));
                }
            }
        }
    }
}

/// Inflated data has no byte-for-byte origin, and what earlier frames brought of a message is not this one's.
fn is_not_whole(derived: &Derived) -> bool {
    let is_made = |piece: &Piece| matches!(piece.origin, Origin::Made(..));
    derived.pieces.iter().any(is_made)
        || derived.pieces.iter().map(|piece| piece.len).sum::<usize>() < derived.bytes.len()
}

#[test]
fn traces_of_every_capture_come_back() {
    for path in captures() {
        trace_comes_back(&open(&path));
    }
}

#[test]
fn every_capture_is_walked_forward_and_back() {
    for path in captures() {
        let walk = open(&path);
        for grain in [Grain::Message, Grain::Frame, Grain::Layer] {
            let mut forward = Vec::new();
            let mut at = walk.first(grain);
            while let Some(step) = at {
                forward.push(step);
                at = walk.next(step, grain);
            }
            let mut back = Vec::new();
            let mut at = walk.last(grain);
            while let Some(step) = at {
                back.push(step);
                at = walk.back(step, grain);
            }
            back.reverse();
            assert_eq!(forward, back, "{}", path.display());
            assert!(!forward.is_empty(), "{}", path.display());
        }
        let some = walk.steps().len().min(24);
        let forward: Vec<String> = (0..some)
            .map(|at| drawn(&walk, StepId(at as u32)))
            .collect();
        for (at, text) in forward.iter().enumerate().rev() {
            assert_eq!(*text, drawn(&walk, StepId(at as u32)));
        }
        for frame in 0..walk.frames() {
            let id = FrameId::from_index(frame);
            let view = walk.frame(id).expect("a frame");
            let step = walk.frame_step(id).expect("a step of the frame");
            assert_eq!(walk.steps()[step.0 as usize].frame, Some(id));
            walk.trace_frame(id, 0..view.bytes.len());
        }
        for message in 0..walk.messages() {
            let view = walk.message(MessageId(message as u32)).expect("a message");
            assert_eq!(view.stream.end - view.stream.start, view.bytes.len() as u64);
            for part in &view.parts {
                let frame = walk.frame(part.frame).expect("a frame");
                let here = part.start..part.start + part.range.len();
                assert_eq!(view.bytes[here], frame.bytes[part.range.clone()]);
            }
        }
    }
}

#[test]
fn a_gap_in_a_capture_is_a_step_of_its_own() {
    for path in captures()
        .iter()
        .filter(|path| path.ends_with("http__entity_gap.pcap"))
    {
        let walk = open(path);
        let gaps = walk
            .steps()
            .iter()
            .filter(|step| step.title.starts_with("gap: "));
        assert_eq!(gaps.count(), 1);
        let notes: Vec<String> = walk
            .flows()
            .into_iter()
            .flat_map(|flow| flow.notes)
            .collect();
        assert!(
            notes.iter().any(|note| note.contains("missing")),
            "{notes:?}"
        );
    }
}

#[test]
fn the_index_of_the_grains_counts_what_the_list_counts() {
    for path in captures() {
        let walk = open(&path);
        for grain in [Grain::Message, Grain::Frame, Grain::Layer] {
            let mut counted = 0;
            for (index, step) in walk.steps().iter().enumerate() {
                counted += usize::from(step.grain <= grain);
                let at = StepId(index as u32);
                assert_eq!(
                    walk.position(at, grain),
                    counted,
                    "{path:?} {at:?} {grain:?}"
                );
            }
            assert_eq!(walk.count(grain), counted, "{path:?} {grain:?}");
        }
    }
}
