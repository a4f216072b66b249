//! Finding a step: by text in its title and its fields, or by a display filter.

use crate::proto::tree::Dissection;
use crate::walk::Walk;
use crate::walk::step::{Grain, Step, StepId};

/// What is looked for.
#[derive(Debug)]
pub struct Query {
    text: String,
}

impl Query {
    /// A display filter where `text` is one, else text in any case.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_lowercase(),
        }
    }

    /// What is looked for, in words.
    pub fn describe(&self) -> String {
        format!("\"{}\"", self.text)
    }

    /// The next step of the grain after `at` (or before it) that has it, once around; `at` itself last.
    pub fn find(&self, walk: &Walk, at: StepId, grain: Grain, forward: bool) -> Option<StepId> {
        let steps = walk.steps();
        let stops: Vec<StepId> = (0u32..)
            .zip(steps)
            .filter(|(_, step)| step.grain <= grain)
            .map(|(id, _)| StepId(id))
            .collect();
        let after = stops.partition_point(|id| *id <= at);
        let before = stops.partition_point(|id| *id < at);
        let mut order: Vec<StepId> = if forward {
            stops[after..]
                .iter()
                .chain(&stops[..after])
                .copied()
                .collect()
        } else {
            stops[before..]
                .iter()
                .chain(&stops[..before])
                .copied()
                .collect()
        };
        if !forward {
            order.reverse();
        }
        order
            .into_iter()
            .find(|id| walk.step(*id).is_some_and(|step| self.matches(walk, step)))
    }

    fn matches(&self, walk: &Walk, step: &Step) -> bool {
        if step.title.to_lowercase().contains(&self.text) {
            return true;
        }
        let Some(frame) = step.frame.and_then(|id| walk.frame(id)) else {
            return false;
        };
        let messages = frame.messages.iter().filter_map(|id| walk.message(*id));
        self.is_in(&frame.dissection) || messages.into_iter().any(|m| self.is_in(&m.dissection))
    }

    /// In the text of a field, or in its name.
    fn is_in(&self, dissection: &Dissection) -> bool {
        dissection
            .layers
            .iter()
            .flat_map(|layer| &layer.fields)
            .any(|field| {
                field.text.to_lowercase().contains(&self.text)
                    || field.spec.id == self.text
                    || field.spec.label.to_lowercase().contains(&self.text)
            })
    }
}
