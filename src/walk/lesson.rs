//! What a scenario teaches with its walk: the text before it, and notes at certain frames.

use std::collections::BTreeMap;

use super::Walk;
use super::expect::anchored;
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
}

impl Walk {
    /// Takes what the scenario that it was simulated from teaches.
    pub fn with_lesson(mut self, scenario: &Scenario) -> Self {
        let at = |note: &Note| Some((anchored(&self, &note.at)?, note.clone()));
        self.lesson = Lesson {
            title: scenario.title.clone(),
            text: scenario.lesson.clone(),
            notes: scenario.notes.iter().filter_map(at).collect(),
        };
        self
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
