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
    /// Text, in small letters; and where it looks like a display filter, what is wrong with that.
    Text(String, Option<String>),
}

impl Query {
    /// A display filter where `text` is one, else text in any case.
    pub fn new(text: &str) -> Self {
        match Filter::compile(text) {
            Ok(filter) => Self::Filter(filter),
            Err(error) => {
                let error = is_filter_like(text).then(|| match &error.suggestion {
                    Some(nearest) => format!("did you mean `{nearest}`? {error}"),
                    None => error.to_string(),
                });
                Self::Text(text.to_lowercase(), error)
            }
        }
    }

    /// What to say where nothing has it: of a mistyped filter its mistake.
    pub fn not_found(&self) -> String {
        match self {
            Self::Text(_, Some(error)) => format!("no filter: {error}"),
            _ => format!("not found: {}", self.describe()),
        }
    }

    /// What is looked for, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Filter(filter) => format!("filter {}", filter.text()),
            Self::Text(text, _) => format!("\"{text}\""),
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
            Self::Text(text, _) => step.title.to_lowercase().contains(text),
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
            Self::Text(text, _) => all.iter().any(|dissection| has(dissection, text)),
        }
    }
}

/// Whether it has an operator, or is a dotted name: then it may have been meant as a display filter.
fn is_filter_like(text: &str) -> bool {
    const OPERATORS: [&str; 8] = ["==", "!=", "<", ">", "&&", "||", "~", " contains "];
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let is_dotted = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.contains('.')
        && text.chars().all(is_name);
    is_dotted || OPERATORS.iter().any(|operator| text.contains(operator))
}

/// Whether the text of a field or its label has `text`.
fn has(dissection: &Dissection, text: &str) -> bool {
    let mut fields = dissection.layers.iter().flat_map(|layer| &layer.fields);
    fields.any(|field| {
        field.text.to_lowercase().contains(text) || field.spec.label.to_lowercase().contains(text)
    })
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn a_mistyped_filter_is_told_its_mistake() {
        for (text, expected) in [
            ("tcp.flgs.syn == 1", "tcp.flags.syn"),
            ("tcp.sec", "no filter"),
            ("tcp.port == == 1", "no filter"),
            ("hello", "not found: \"hello\""),
            ("10.0.0.2", "not found: \"10.0.0.2\""),
        ] {
            let told = Query::new(text).not_found();
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
