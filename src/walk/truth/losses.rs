//! The frames that did not arrive.

use rustc_hash::FxHashMap;

use crate::base::FrameId;
use crate::sim::outcome::Transmission;

/// The losses. A frame that a switch sent on is lost where all of those that it became are lost.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// The record by which a frame was lost itself.
    dropped: Vec<Option<usize>>,
    /// The same, or the last of the records by which all those that it became were lost.
    lost: Vec<Option<usize>>,
    became: FxHashMap<FrameId, Vec<FrameId>>,
}

impl Losses {
    /// The record by which a frame was lost.
    pub fn of(&self, frame: FrameId) -> Option<usize> {
        self.lost.get(frame.index()).copied()?
    }

    /// Takes the frames that came since the last time.
    pub fn add_frames(&mut self, frames: &[Transmission]) {
        let from = self.lost.len();
        self.dropped.resize(frames.len(), None);
        self.lost.resize(frames.len(), None);
        for id in (from..frames.len()).map(FrameId::from_index) {
            if let Some(original) = sent_on(frames, id) {
                self.became.entry(original).or_default().push(id);
                self.update(frames, original);
            }
        }
    }

    /// A frame was lost by the record at `index`.
    pub fn lose(&mut self, frames: &[Transmission], frame: FrameId, index: usize) {
        if let Some(dropped) = self.dropped.get_mut(frame.index()) {
            *dropped = Some(index);
            self.update(frames, frame);
        }
    }

    /// Finds out anew whether the frame is lost, and those that it was before.
    fn update(&mut self, frames: &[Transmission], frame: FrameId) {
        let mut next = Some(frame);
        while let Some(frame) = next {
            let became = self.became.get(&frame).map_or(&[][..], Vec::as_slice);
            let all = became.iter().map(|frame| self.of(*frame));
            let all = all.collect::<Option<Vec<usize>>>();
            let last = all.and_then(|all| all.into_iter().max());
            self.lost[frame.index()] = last.or(self.dropped[frame.index()]);
            next = sent_on(frames, frame);
        }
    }
}

/// The frame that a switch or a router sent on as this one.
fn sent_on(frames: &[Transmission], frame: FrameId) -> Option<FrameId> {
    let frame = &frames[frame.index()];
    let original = frame.repeats?;
    (frames[original.index()].from != frame.from).then_some(original)
}
