//! What a scenario teaches with its walk: the text before it, and notes at certain frames.

use std::collections::BTreeMap;

use super::Walk;
use super::select::Selector;
use super::step::StepId;
use crate::base::FrameId;
use crate::scenario::{Note, Scenario};
use crate::stack::record::What;

/// What a scenario teaches with its walk.
#[derive(Debug, Clone, Default)]
pub struct Lesson {
    /// What the walk is called.
    pub title: String,
    /// What the learner reads before it; an empty line between paragraphs.
    pub text: String,
    /// The notes, by the frame that they stand at.
    notes: BTreeMap<FrameId, Note>,
    /// Those whose frame has not come yet.
    waiting: Vec<Waiting>,
}

/// A note that waits for its frame.
#[derive(Debug, Clone)]
struct Waiting {
    note: Note,
    /// So many frames were looked at, and so many of them selected.
    looked: usize,
    selected: u32,
}

impl Walk {
    /// Takes what the scenario that it was simulated from teaches.
    pub fn with_lesson(mut self, scenario: &Scenario) -> Self {
        let waiting = |note: &Note| Waiting {
            note: note.clone(),
            looked: 0,
            selected: 0,
        };
        self.lesson = Lesson {
            title: scenario.title.clone(),
            text: scenario.lesson.clone(),
            notes: BTreeMap::new(),
            waiting: scenario.notes.iter().map(waiting).collect(),
        };
        self.find_notes();
        self
    }

    /// Finds the frames of the notes among those that came since the last time.
    pub(super) fn find_notes(&mut self) {
        for mut waiting in std::mem::take(&mut self.lesson.waiting) {
            match self.frame_of(&mut waiting) {
                Some(frame) => _ = self.lesson.notes.insert(frame, waiting.note),
                None => self.lesson.waiting.push(waiting),
            }
        }
    }

    fn frame_of(&self, waiting: &mut Waiting) -> Option<FrameId> {
        if self.finished {
            // What nothing follows any more may have made messages of frames that came long before.
            (waiting.looked, waiting.selected) = (0, 0);
        }
        let anchor = &waiting.note.at;
        let selector = Selector::new(&anchor.filter);
        let new = waiting.looked..self.frames();
        waiting.looked = new.end;
        let new = new
            .map(FrameId::from_index)
            .filter(|id| self.is_original(*id));
        for frame in new {
            waiting.selected += u32::from(self.selects(&selector, frame));
            if waiting.selected >= anchor.nth {
                return Some(frame);
            }
        }
        None
    }

    /// What the scenario teaches; empty for a capture.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The scenario's note at a step: at the sending of the frame that it is anchored to.
    pub fn note(&self, at: StepId) -> Option<&Note> {
        let step = self.step(at)?;
        let sends =
            |record: &crate::stack::record::Record| matches!(record.what, What::FrameSent(_));
        let is_sending = step
            .record
            .is_none_or(|id| self.record(id).is_some_and(sends));
        self.lesson.notes.get(&step.frame?).filter(|_| is_sending)
    }
}
