//! Finding a step: by text in its title and its fields, or by a display filter.

use crate::proto::filter::Filter;
use crate::proto::tree::Dissection;
use crate::walk::Walk;
use crate::walk::step::{Grain, Step, StepId};

/// What is looked for.
#[derive(Debug)]
pub enum Query {
    /// Frames that a display filter selects.
    Filter(Filter),
    /// Text, in small letters.
    Text(String),
}

impl Query {
    /// A display filter where `text` is one, else text in any case.
    pub fn new(text: &str) -> Self {
        match Filter::compile(text) {
            Ok(filter) => Self::Filter(filter),
            Err(_) => Self::Text(text.to_lowercase()),
        }
    }

    /// What is looked for, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Filter(filter) => format!("filter {}", filter.text()),
            Self::Text(text) => format!("\"{text}\""),
        }
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
        let in_title = match self {
            Self::Text(text) => step.title.to_lowercase().contains(text),
            Self::Filter(_) => false,
        };
        if in_title {
            return true;
        }
        let Some(frame) = step.frame.and_then(|id| walk.frame(id)) else {
            return false;
        };
        let messages = frame.messages.iter().filter_map(|id| walk.message(*id));
        let messages: Vec<_> = messages.collect();
        let mut all = vec![&frame.dissection];
        all.extend(messages.iter().map(|message| &message.dissection));
        match self {
            Self::Filter(filter) => filter.matches(&all),
            Self::Text(text) => all.iter().any(|dissection| has(dissection, text)),
        }
    }
}

/// Whether the text of a field or its label has `text`.
fn has(dissection: &Dissection, text: &str) -> bool {
    let mut fields = dissection.layers.iter().flat_map(|layer| &layer.fields);
    fields.any(|field| {
        field.text.to_lowercase().contains(text) || field.spec.label.to_lowercase().contains(text)
    })
}
