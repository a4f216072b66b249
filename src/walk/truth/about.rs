//! The frame that each record is about: it sends it, is done to it, or leads to it.

use crate::base::FrameId;
use crate::stack::record::{Record, What};

/// The frame of each record. What is handed down belongs to the first frame that it led to; everything else to the
/// frame that caused it.
#[derive(Debug, Default)]
pub(super) struct About {
    /// The frame that a record names, or that it was handed down for.
    own: Vec<Option<FrameId>>,
    /// The same, or else the frame of the record's cause.
    frames: Vec<Option<FrameId>>,
    /// Of each frame, a record that is not behind the first one about it.
    first: Vec<Option<usize>>,
}

impl About {
    /// How many records were taken.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// The frame of the record at `index`.
    pub fn frame_of(&self, index: usize) -> Option<FrameId> {
        self.frames.get(index).copied()?
    }

    /// A record that is not behind the first one about this frame.
    pub fn first_about(&self, frame: FrameId) -> Option<usize> {
        self.first.get(frame.index()).copied()?
    }

    /// Takes the records that came since the last time. Returns the first one that may have another frame than before.
    pub fn go_on(&mut self, records: &[Record], frames: usize) -> usize {
        let from = self.len();
        self.first.resize(frames, None);
        let new = &records[from..];
        self.own
            .extend(new.iter().map(|record| own_frame(&record.what)));
        let mut changed = from;
        for (index, record) in records.iter().enumerate().skip(from) {
            if let What::FrameSent(frame) = record.what {
                changed = changed.min(self.lead_back(records, index, frame));
            }
        }
        self.frames.truncate(changed);
        for (index, record) in records.iter().enumerate().skip(changed) {
            let frame = self.own[index].or_else(|| self.inherited(record));
            if let Some(frame) = frame {
                let first = self.first[frame.index()].get_or_insert(index);
                *first = index.min(*first);
            }
            self.frames.push(frame);
        }
        changed
    }

    /// A timer was started long before, when another frame came.
    fn inherited(&self, record: &Record) -> Option<FrameId> {
        let is_timer = matches!(record.what, What::Timer { .. });
        let cause = record.cause.filter(|_| !is_timer)?;
        self.frames[cause.index()]
    }

    /// Walks from the sending of a frame back along the causes that handed it down. Returns the first of them.
    fn lead_back(&mut self, records: &[Record], from: usize, frame: FrameId) -> usize {
        let mut first = from;
        let mut cause = records[from].cause;
        while let Some(id) = cause {
            let record = &records[id.index()];
            let goes_down = matches!(
                record.what,
                What::Down(_)
                    | What::AppCall(_)
                    | What::NeighborQueued { .. }
                    | What::Decided(_)
                    | What::Routed(_)
            );
            if !goes_down || self.own[id.index()].is_some() {
                break;
            }
            self.own[id.index()] = Some(frame);
            first = id.index();
            if matches!(record.what, What::AppCall(_) | What::NeighborQueued { .. }) {
                break;
            }
            cause = record.cause;
        }
        first
    }
}

fn own_frame(what: &What) -> Option<FrameId> {
    match what {
        What::FrameSent(frame)
        | What::FrameArrived(frame)
        | What::FrameDropped { frame, .. }
        | What::FrameFaulted { frame, .. }
        | What::SwitchForwarded { frame, .. } => Some(*frame),
        _ => None,
    }
}
