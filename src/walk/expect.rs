//! Holds a run against what its scenario expects.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::Walk;
use super::step::MessageId;
use super::view::MessageView;
use crate::base::{FrameId, NodeId};
use crate::proto::ethernet::mac_text;
use crate::scenario::{Anchor, Expect, Expected, Filter, RecordKind, Times, Variable, Which};
use crate::sim::outcome::Outcome;
use crate::stack::record::{Record, TcpState, TcpVars, TimerAction, What};

/// What became of an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line of the scenario file that the expectation stands on, from 1.
    pub line: usize,
    /// Whether it came true.
    pub ok: bool,
    /// What was expected, in words. It may hold text of the scenario file: not yet made safe for a terminal.
    pub expected: String,
    /// What was found, in words; not yet made safe for a terminal.
    pub found: String,
    /// The frames that have to do with it.
    pub frames: Vec<FrameId>,
}

/// What became of each expectation in the simulated `walk`, in their order.
pub fn check(walk: &Walk, expects: &[Expect]) -> Vec<Finding> {
    expects.iter().map(|expect| finding(walk, expect)).collect()
}

/// The frame that a note or a question of a scenario is about, if the run has it.
pub fn anchored(walk: &Walk, anchor: &Anchor) -> Option<FrameId> {
    let nth = (anchor.nth as usize).checked_sub(1)?;
    walk.matching(&anchor.filter).get(nth).copied()
}

fn finding(walk: &Walk, expect: &Expect) -> Finding {
    let looked = Looker { walk }.look(&expect.what);
    let expected = match &expect.because {
        Some(because) => format!("{because}: {}", looked.expected),
        None => looked.expected,
    };
    Finding {
        line: expect.line,
        ok: looked.ok,
        expected,
        found: looked.found,
        frames: looked.frames,
    }
}

/// What was found, and whether it is right.
struct Looked {
    ok: bool,
    expected: String,
    found: String,
    frames: Vec<FrameId>,
}

#[derive(Clone, Copy)]
struct Looker<'a> {
    walk: &'a Walk,
}

impl Looker<'_> {
    fn look(self, expected: &Expected) -> Looked {
        match expected {
            Expected::Frames {
                filter,
                from,
                lost,
                times,
            } => self.frames(filter, *from, *lost, *times),
            Expected::Messages {
                filter,
                from,
                times,
            } => self.messages(filter, *from, *times),
            Expected::InOrder(filters) => self.in_order(filters),
            Expected::EndState { node, state, nth } => self.end_state(*node, *state, *nth),
            Expected::Passes { node, states, nth } => self.passes(*node, states, *nth),
            Expected::Events { text, node, times } => {
                let event = |what: &What| match what {
                    What::AppEvent(event) => Some(event.to_string()),
                    _ => None,
                };
                self.records("event", text, *node, *times, event)
            }
            Expected::Records {
                kind,
                text,
                node,
                times,
            } => self.records(kind.word(), text, *node, *times, |what| {
                text_of(*kind, what)
            }),
            Expected::Between { frames, min, max } => self.between(frames, *min, *max),
            Expected::Variable {
                variable,
                node,
                which,
                min,
                max,
            } => self.variable(*variable, *node, *which, [*min, *max]),
        }
    }

    fn frames(
        self,
        filter: &Filter,
        from: Option<NodeId>,
        lost: Option<bool>,
        times: Times,
    ) -> Looked {
        let frames = self.walk.matching(filter);
        let is_right = |&id: &FrameId| {
            let sent = self
                .outcome()
                .and_then(|outcome| outcome.frames.get(id.index()));
            sent.is_some_and(|sent| {
                from.is_none_or(|from| sent.from == from)
                    && lost.is_none_or(|lost| sent.arrived_at.is_none() == lost)
            })
        };
        let frames: Vec<FrameId> = frames.into_iter().filter(is_right).collect();
        let which = match lost {
            Some(true) => "lost frames ",
            Some(false) => "frames not lost ",
            None => "frames ",
        };
        let expected = format!("{times} {which}{}{}", filter.text(), self.of(from));
        Looked {
            ok: times.fits(frames.len()),
            expected,
            found: numbers(self.walk, &frames),
            frames,
        }
    }

    fn messages(self, filter: &Filter, from: Option<NodeId>, times: Times) -> Looked {
        let all = (0..self.walk.messages()).map(|index| MessageId(index as u32));
        let found: Vec<MessageView> = all
            .filter_map(|id| self.walk.message(id))
            .filter(|message| filter.matches(&[&message.dissection]))
            .filter(|message| from.is_none() || self.sender(message) == from)
            .collect();
        let frames = found
            .iter()
            .flat_map(|message| message.parts.iter().map(|part| part.frame));
        let frames: Vec<FrameId> = frames.collect();
        let expected = format!("{times} messages {}{}", filter.text(), self.of(from));
        Looked {
            ok: times.fits(found.len()),
            expected,
            found: match found.len() {
                0 => "none".into(),
                count => format!("{count}, in {}", numbers(self.walk, &frames)),
            },
            frames,
        }
    }

    fn in_order(self, filters: &[Filter]) -> Looked {
        let mut frames: Vec<FrameId> = Vec::new();
        let mut missing = None;
        for filter in filters {
            let after = |id: &FrameId| frames.last().is_none_or(|last| id > last);
            match self.walk.matching(filter).into_iter().find(after) {
                Some(frame) => frames.push(frame),
                None => {
                    missing = Some(filter);
                    break;
                }
            }
        }
        let texts: Vec<&str> = filters.iter().map(Filter::text).collect();
        Looked {
            ok: missing.is_none(),
            expected: texts.join(", then "),
            found: match missing {
                None => numbers(self.walk, &frames),
                Some(filter) => {
                    format!("{}, then no {}", numbers(self.walk, &frames), filter.text())
                }
            },
            frames,
        }
    }

    fn end_state(self, node: NodeId, state: TcpState, nth: Option<u32>) -> Looked {
        let states = self.states(node, nth);
        let name = self.name_of_connection(node, nth);
        let last = states.last().map_or("no connection", |state| state.name());
        // The state in which a run was cut short is not the one in which it ends.
        let cut_short = self.outcome().and_then(|outcome| outcome.cut_short);
        Looked {
            ok: states.last() == Some(&state) && cut_short.is_none(),
            expected: format!("{name} ends in {}", state.name()),
            found: match cut_short {
                Some(limit) => format!("{last}, and the run was cut short: {limit}"),
                None => last.into(),
            },
            frames: Vec::new(),
        }
    }

    fn passes(self, node: NodeId, states: &[TcpState], nth: Option<u32>) -> Looked {
        let all = self.states(node, nth);
        let list = |states: &[TcpState]| {
            let names: Vec<&str> = states.iter().map(|state| state.name()).collect();
            names.join(" > ")
        };
        Looked {
            ok: !states.is_empty() && all.windows(states.len()).any(|window| window == states),
            expected: format!(
                "{} passes {}",
                self.name_of_connection(node, nth),
                list(states)
            ),
            found: if all.is_empty() {
                "no connection".into()
            } else {
                list(&all)
            },
            frames: Vec::new(),
        }
    }

    fn name_of_connection(self, node: NodeId, nth: Option<u32>) -> String {
        match nth {
            Some(nth) => format!("connection {nth} of {}", self.name(node)),
            None => self.name(node),
        }
    }

    /// The states of the node's connection, the last where it is not said which one, in order.
    fn states(self, node: NodeId, nth: Option<u32>) -> Vec<TcpState> {
        states_of(self.records_of(node, nth))
    }

    /// The records of the node's connection, the last where it is not said which one.
    fn records_of<'a>(self, node: NodeId, nth: Option<u32>) -> impl Iterator<Item = &'a Record>
    where
        Self: 'a,
    {
        let walk = self.walk;
        let own = move || {
            let records = walk.records().iter();
            records.filter(move |record| record.node == Some(node))
        };
        let opened = |record: &&Record| matches!(record.what, What::ConnOpened(_));
        let found = match nth {
            Some(nth) => own().filter(opened).nth(nth as usize - 1),
            None => own().rfind(opened),
        };
        let conn = found.and_then(|opened| opened.conn);
        own().filter(move |record| conn.is_some() && record.conn == conn)
    }

    fn records(
        self,
        kind: &str,
        text: &str,
        node: Option<NodeId>,
        times: Times,
        text_of: impl Fn(&What) -> Option<String>,
    ) -> Looked {
        let records = self.walk.records().iter();
        let here = records.filter(|record| node.is_none() || record.node == node);
        let found: Vec<String> = here
            .filter_map(|record| text_of(&record.what))
            .filter(|found| found.contains(text))
            .collect();
        let at = node.map_or(String::new(), |node| format!(" at {}", self.name(node)));
        let wanted = if text.is_empty() {
            String::new()
        } else {
            format!(" {text:?}")
        };
        Looked {
            ok: times.fits(found.len()),
            expected: format!("{times} {kind}{wanted}{at}"),
            found: match &found[..] {
                [] => "none".into(),
                [only] => format!("{only:?}"),
                [first, ..] => format!("{}, the first {first:?}", found.len()),
            },
            frames: Vec::new(),
        }
    }

    fn between(
        self,
        [from, to]: &[Filter; 2],
        min: Option<Duration>,
        max: Option<Duration>,
    ) -> Looked {
        let limits = match (min, max) {
            (Some(min), Some(max)) => format!("{min:?} to {max:?}"),
            (Some(min), None) => format!("at least {min:?}"),
            (None, Some(max)) => format!("at most {max:?}"),
            (None, None) => "any time".into(),
        };
        let expected = format!("{limits} from {} to {}", from.text(), to.text());
        let first = self.walk.matching(from).first().copied();
        let after = |id: &FrameId| first.is_some_and(|first| *id > first);
        let second = self.walk.matching(to).into_iter().find(after);
        let time = |id: FrameId| self.walk.frame(id).map(|frame| frame.time);
        let span = match (first.and_then(time), second.and_then(time)) {
            (Some(from), Some(to)) => Some(to.since(from)),
            _ => None,
        };
        let fits =
            |span: Duration| min.is_none_or(|min| span >= min) && max.is_none_or(|max| span <= max);
        let frames: Vec<FrameId> = first.into_iter().chain(second).collect();
        Looked {
            ok: span.is_some_and(fits),
            expected,
            found: match span {
                Some(span) => format!("{span:?}, {}", numbers(self.walk, &frames)),
                None if first.is_none() => format!("no {}", from.text()),
                None => format!("{}, then no {}", numbers(self.walk, &frames), to.text()),
            },
            frames,
        }
    }

    fn variable(
        self,
        variable: Variable,
        node: NodeId,
        which: Which,
        [min, max]: [Option<u32>; 2],
    ) -> Looked {
        let values = self
            .records_of(node, None)
            .filter_map(|record| match &record.what {
                What::TcpVars(vars) => value_of(variable, vars),
                _ => None,
            });
        let found = match which {
            Which::First => values.into_iter().next(),
            Which::Largest => values.max(),
            Which::Smallest => values.min(),
            Which::Last => values.last(),
        };
        let limits = match (min, max) {
            (Some(min), Some(max)) => format!("is {min} to {max} bytes"),
            (Some(min), None) => format!("is at least {min} bytes"),
            (None, Some(max)) => format!("is at most {max} bytes"),
            (None, None) => "is known".into(),
        };
        let (which, variable, name) = (which.word(), variable.word(), self.name(node));
        Looked {
            ok: found.is_some_and(|value| {
                min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
            }),
            expected: format!("the {which} {variable} of {name} {limits}"),
            found: found.map_or("none".into(), |value| format!("{value} bytes")),
            frames: Vec::new(),
        }
    }

    fn outcome(&self) -> Option<&Outcome> {
        self.walk.outcome()
    }

    /// The node that sent a message: the one that put its first frame on a link.
    fn sender(self, message: &MessageView) -> Option<NodeId> {
        let frame = message.parts.first()?.frame;
        let outcome = self.walk.outcome()?;
        Some(outcome.frames.get(frame.index())?.from)
    }

    fn name(self, node: NodeId) -> String {
        let outcome = self.walk.outcome();
        let node = outcome.and_then(|outcome| outcome.nodes.get(node.index()));
        node.map_or("?".into(), |node| node.name.clone())
    }

    fn of(self, from: Option<NodeId>) -> String {
        from.map_or(String::new(), |from| format!(" from {}", self.name(from)))
    }
}

/// The first state, and each one that was changed to.
fn states_of<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<TcpState> {
    let mut states = Vec::new();
    for record in records {
        if let What::TcpState { from, to } = record.what {
            if states.is_empty() {
                states.push(from);
            }
            states.push(to);
        }
    }
    states
}

/// The variable, in bytes, where it is known.
fn value_of(variable: Variable, vars: &TcpVars) -> Option<u32> {
    match variable {
        Variable::Cwnd => vars.cwnd,
        Variable::Ssthresh => vars.ssthresh,
        Variable::Pipe => vars.pipe,
        Variable::OutOfOrder => {
            let runs = vars.out_of_order.iter();
            Some(runs.map(|(from, to)| to.wrapping_sub(*from)).sum())
        }
    }
}

/// The text of a record, if it is of this kind.
fn text_of(kind: RecordKind, what: &What) -> Option<String> {
    Some(match (kind, what) {
        (RecordKind::AppCall, What::AppCall(text))
        | (RecordKind::Log, What::Log(text))
        | (RecordKind::Discarded, What::Discarded(text))
        | (RecordKind::Decided, What::Decided(text))
        | (RecordKind::Routed, What::Routed(text))
        | (RecordKind::FrameDropped, What::FrameDropped { why: text, .. })
        | (RecordKind::FrameFaulted, What::FrameFaulted { what: text, .. }) => text.to_string(),
        (
            RecordKind::TimerExpired,
            What::Timer {
                name,
                action: TimerAction::Expired,
            },
        ) => (*name).to_owned(),
        (RecordKind::ArpLearned, What::NeighborLearned { ip, mac }) if ip.is_ipv4() => {
            format!("{ip} {}", mac_text(*mac))
        }
        (RecordKind::NeighborLearned, What::NeighborLearned { ip, mac }) if ip.is_ipv6() => {
            format!("{ip} {}", mac_text(*mac))
        }
        (RecordKind::ArpQueued, What::NeighborQueued { ip }) if ip.is_ipv4() => ip.to_string(),
        (RecordKind::NeighborQueued, What::NeighborQueued { ip }) if ip.is_ipv6() => ip.to_string(),
        (RecordKind::HostDown, What::HostDown) | (RecordKind::HostUp, What::HostUp) => {
            String::new()
        }
        (RecordKind::SwitchLearned, What::SwitchLearned { mac, .. }) => mac_text(*mac),
        (RecordKind::SwitchFlooded, What::SwitchForwarded { flooded: true, .. }) => String::new(),
        _ => return None,
    })
}

/// Frame numbers as people see them.
fn numbers(walk: &Walk, frames: &[FrameId]) -> String {
    const SHOWN: usize = 8;
    let numbers: Vec<String> = frames
        .iter()
        .take(SHOWN)
        .map(|id| walk.number(*id).to_string())
        .collect();
    let more = if frames.len() > SHOWN { ", …" } else { "" };
    match frames.len() {
        0 => "none".into(),
        1 => format!("frame {}", numbers[0]),
        count => format!("{count} frames: {}{more}", numbers.join(", ")),
    }
}
