//! What a scenario file says beside the world that is run: what is expected of it, and what is taught with it.

use std::time::Duration;

use crate::base::NodeId;
use crate::stack::record::TcpState;

pub use super::format::{Idea, RecordKind, Variable, Which};
pub use crate::proto::filter::Filter;

/// An explanation at a frame.
#[derive(Debug, Clone)]
pub struct Note {
    /// The frame.
    pub at: Anchor,
    /// What is to be said, in the terms of a course.
    pub text: String,
    /// The same without terms.
    pub friend: Option<String>,
    /// The same in the words of the RFC.
    pub engineer: Option<String>,
    /// The paragraph.
    pub cite: Option<String>,
    /// The mistaken idea that it meets.
    pub idea: Option<Idea>,
}

/// A question asked before a frame is shown.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The frame.
    pub before: Anchor,
    /// The question.
    pub question: String,
    /// The right answer.
    pub right: String,
    /// The wrong answers, at least one.
    pub wrong: Vec<WrongAnswer>,
    /// Why the right answer is right.
    pub because: String,
}

/// A wrong answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongAnswer {
    /// The answer.
    pub answer: String,
    /// The mistaken idea that leads to it.
    pub idea: Option<Idea>,
    /// What is said to whoever gives it.
    pub because: Option<String>,
}

/// A frame by what it is: the `nth` that fits the filter, of those that hosts send.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The filter.
    pub filter: Filter,
    /// Which one, counted from 1.
    pub nth: u32,
}

/// An expert finding that is meant.
#[derive(Debug, Clone)]
pub struct Expert {
    /// A part of its text.
    pub finding: String,
    /// Only in these frames.
    pub at: Option<Filter>,
    /// Whether Wireshark alone finds it.
    pub wireshark: bool,
    /// Why it is meant.
    pub reason: String,
}

/// An invariant that is meant to break.
#[derive(Debug, Clone)]
pub struct Breaks {
    /// A part of its text.
    pub invariant: String,
    /// Why it is meant.
    pub reason: String,
}

/// Something that must be true of the run.
#[derive(Debug, Clone)]
pub struct Expect {
    /// What it shows, in words.
    pub because: Option<String>,
    /// The line of the file that it stands on, from 1.
    pub line: usize,
    /// What is expected.
    pub what: Expected,
}

/// What is expected of a run.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Frames that hosts send; one that a switch sends on is not counted again.
    Frames {
        /// Which.
        filter: Filter,
        /// Only those of this sender.
        from: Option<NodeId>,
        /// Only those that are lost, or only those that are not.
        lost: Option<bool>,
        /// How often.
        times: Times,
    },
    /// Messages of an application.
    Messages {
        /// Which.
        filter: Filter,
        /// Only those of this sender.
        from: Option<NodeId>,
        /// How often.
        times: Times,
    },
    /// Frames one after the other, as [`Expected::Frames`]; others may come between them.
    InOrder(Vec<Filter>),
    /// The state in which the node's TCP connection ends.
    EndState {
        /// The node.
        node: NodeId,
        /// The state.
        state: TcpState,
        /// Which of the node's connections, counted from 1; else its last.
        nth: Option<u32>,
    },
    /// States that the node's TCP connection passes through, without others between.
    Passes {
        /// The node.
        node: NodeId,
        /// The states.
        states: Vec<TcpState>,
        /// Which of the node's connections, counted from 1; else its last.
        nth: Option<u32>,
    },
    /// Something that the stack tells a program.
    Events {
        /// A part of its text.
        text: String,
        /// Only at this node.
        node: Option<NodeId>,
        /// How often.
        times: Times,
    },
    /// Something else that happens.
    Records {
        /// What kind of thing.
        kind: RecordKind,
        /// A part of its text.
        text: String,
        /// Only at this node.
        node: Option<NodeId>,
        /// How often.
        times: Times,
    },
    /// The time from the first frame that fits one filter to the first after it that fits another.
    Between {
        /// The two filters.
        frames: Box<[Filter; 2]>,
        /// At least so much.
        min: Option<Duration>,
        /// At most so much.
        max: Option<Duration>,
    },
    /// How far a variable of the node's last TCP connection goes.
    Variable {
        /// Which.
        variable: Variable,
        /// The node.
        node: NodeId,
        /// Which of its values.
        which: Which,
        /// At least so many bytes.
        min: Option<u32>,
        /// At most so many bytes.
        max: Option<u32>,
    },
}

/// How often something is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// At least.
    pub at_least: u32,
    /// At most.
    pub at_most: Option<u32>,
}

impl Times {
    /// Whether so many are right.
    pub fn fits(self, found: usize) -> bool {
        let most = self.at_most.is_none_or(|most| found <= most as usize);
        found >= self.at_least as usize && most
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.at_least, self.at_most) {
            (least, Some(most)) if least == most => write!(f, "{least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "at least {least}"),
        }
    }
}
