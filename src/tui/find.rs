//! Finding a step: by text in its title and its fields, or by a display filter.

use crate::base::FrameId;
use crate::proto::filter::Filter;
use crate::proto::tree::Dissection;
use crate::walk::Walk;
use crate::walk::select::Selector;
use crate::walk::step::{Grain, StepId};

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
}

/// A search that is under way: step by step from where it began, once around; that step itself last.
#[derive(Debug)]
pub struct Search {
    grain: Grain,
    forward: bool,
    /// Where it began.
    from: StepId,
    at: StepId,
    /// How many steps of the grain there are, and how many of them were looked at.
    all: usize,
    done: usize,
    /// The frame that was looked at last, and whether it has what is looked for: its next layers have it too.
    last: Option<(FrameId, bool)>,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// This step has it.
    Found(StepId),
    /// No step has it.
    Nowhere,
    /// There are steps that were not looked at yet.
    GoesOn,
}

impl Search {
    /// A search from a step on, or back.
    pub fn new(walk: &Walk, from: StepId, grain: Grain, forward: bool) -> Self {
        Self {
            grain,
            forward,
            from,
            at: from,
            all: walk.count(grain),
            done: 0,
            last: None,
        }
    }

    /// Where it began.
    pub fn from(&self) -> StepId {
        self.from
    }

    /// Whether it goes forward.
    pub fn is_forward(&self) -> bool {
        self.forward
    }

    /// How much is done, in percent.
    pub fn percent(&self) -> usize {
        self.done * 100 / self.all.max(1)
    }

    /// Looks at the next steps: at so many at most.
    pub fn go_on(&mut self, query: &Query, walk: &Walk, most: usize) -> Progress {
        let selector = match query {
            Query::Filter(filter) => Some(Selector::new(filter)),
            Query::Text(..) => None,
        };
        for _ in 0..most {
            if self.done >= self.all {
                return Progress::Nowhere;
            }
            self.done += 1;
            let next = match self.forward {
                true => walk.next(self.at, self.grain).or(walk.first(self.grain)),
                false => walk.back(self.at, self.grain).or(walk.last(self.grain)),
            };
            let Some(next) = next else {
                return Progress::Nowhere;
            };
            self.at = next;
            if self.has(query, selector.as_ref(), walk, next) {
                return Progress::Found(next);
            }
        }
        Progress::GoesOn
    }

    fn has(
        &mut self,
        query: &Query,
        selector: Option<&Selector<'_>>,
        walk: &Walk,
        at: StepId,
    ) -> bool {
        let Some(step) = walk.step(at) else {
            return false;
        };
        let in_title = match query {
            Query::Text(text, _) => has_text(&step.title, text),
            Query::Filter(_) => false,
        };
        let Some(frame) = step.frame.filter(|_| !in_title) else {
            return in_title;
        };
        if let Some((last, has)) = self.last
            && last == frame
        {
            return has;
        }
        let has = match (query, selector) {
            (Query::Text(text, _), _) => says(walk, frame, text),
            (_, Some(selector)) => walk.selects(selector, frame),
            _ => false,
        };
        self.last = Some((frame, has));
        has
    }
}

/// Whether a field of the frame, or of a message that is whole with it, has `text`.
fn says(walk: &Walk, frame: FrameId, text: &str) -> bool {
    let Some(frame) = walk.frame(frame) else {
        return false;
    };
    let messages = frame.messages.iter().filter_map(|id| walk.message(*id));
    has(&frame.dissection, text) || messages.into_iter().any(|it| has(&it.dissection, text))
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
    fields.any(|field| has_text(&field.text, text) || has_text(field.spec.label, text))
}

/// Whether `text` is in `whole`, in any case. `text` is in small letters.
fn has_text(whole: &str, text: &str) -> bool {
    if !(whole.is_ascii() && text.is_ascii()) {
        return whole.to_lowercase().contains(text);
    }
    let (whole, text) = (whole.as_bytes(), text.as_bytes());
    let mut places = whole.windows(text.len().max(1));
    text.is_empty() || places.any(|place| place.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::{Progress, Query, Search};
    use crate::walk::Walk;
    use crate::walk::step::{Grain, StepId};
    use crate::{scenario, sim};

    /// Where a search ends, if it looks at so many steps at a time.
    fn found(walk: &Walk, text: &str, from: StepId, forward: bool, most: usize) -> Option<StepId> {
        let query = Query::new(text);
        let mut search = Search::new(walk, from, Grain::Frame, forward);
        loop {
            match search.go_on(&query, walk, most) {
                Progress::Found(step) => return Some(step),
                Progress::Nowhere => return None,
                Progress::GoesOn => assert!(search.percent() <= 100),
            }
        }
    }

    #[test]
    fn a_search_goes_once_around_however_often_it_is_interrupted() {
        let scenario = scenario::find("websocket").expect("a built-in scenario");
        let walk = Walk::from_outcome("websocket", 1, sim::run(&scenario.spec(None)));
        let mut stops: Vec<StepId> = Vec::new();
        let mut at = walk.first(Grain::Frame);
        while let Some(step) = at {
            stops.push(step);
            at = walk.next(step, Grain::Frame);
        }
        for text in [
            "tcp.flags.syn == 1",
            "websocket",
            "tcp.window_size > 0",
            "ack",
            "nobody",
        ] {
            let query = Query::new(text);
            let has = |step: StepId| {
                // Alone: a search of one step that begins behind it and goes back.
                let behind = walk.next(step, Grain::Frame).unwrap_or(StepId(0));
                let mut search = Search::new(&walk, behind, Grain::Frame, false);
                search.go_on(&query, &walk, 1) == Progress::Found(step)
            };
            let all: Vec<StepId> = stops.iter().copied().filter(|step| has(*step)).collect();
            assert_eq!(all.is_empty(), text == "nobody", "{text}");
            for from in stops.iter().copied() {
                let next = all.iter().copied().find(|step| *step > from);
                let next = next.or(all.first().copied());
                let back = all.iter().rev().copied().find(|step| *step < from);
                let back = back.or(all.last().copied());
                for most in [1, 3, 1000] {
                    assert_eq!(found(&walk, text, from, true, most), next, "{text}");
                    assert_eq!(found(&walk, text, from, false, most), back, "{text}");
                }
            }
        }
    }

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
