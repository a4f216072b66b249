//! Expectations.

use std::ops::Range;

use crate::base::NodeId;
use crate::scenario::format::{self, ExpectKind, State};
use crate::scenario::mistake::Mistake;
use crate::scenario::model::{Expect, Expected, Times};
use crate::scenario::read::At;
use crate::scenario::values::Number;
use crate::stack::record::TcpState;

use super::{Builder, tables};

type Count = At<Option<Number<0, 1_000_000>>>;

impl Builder<'_, '_> {
    pub(super) fn expects(&mut self) -> Vec<Expect> {
        let file = self.file;
        tables(&file.expect)
            .filter_map(|expect| self.one_expect(expect))
            .collect()
    }

    fn one_expect(&mut self, expect: &format::Expect) -> Option<Expect> {
        let before = self.reader.text.get(..expect.span.start)?;
        Some(Expect {
            because: expect.because.value.clone()?,
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            what: self.expected(&expect.what)?,
        })
    }

    fn expected(&mut self, what: &ExpectKind) -> Option<Expected> {
        Some(match what {
            ExpectKind::Frame(e) => {
                let from = self.node_if_given(&e.from);
                Expected::Frames {
                    times: self.times(&e.count, &e.at_least, &e.at_most)?,
                    filter: e.frame.value.clone()?,
                    from,
                    lost: e.lost.value?,
                }
            }
            ExpectKind::Message(e) => {
                let from = self.node_if_given(&e.from);
                Expected::Messages {
                    times: self.times(&e.count, &e.at_least, &e.at_most)?,
                    filter: e.message.value.clone()?,
                    from,
                }
            }
            ExpectKind::InOrder(e) => {
                if e.in_order.get()?.len() < 2 {
                    self.note(
                        &e.in_order.span,
                        "an order needs two filters or more",
                        "too few",
                    );
                }
                Expected::InOrder(tables(&e.in_order).cloned().collect())
            }
            ExpectKind::State(e) => Expected::EndState {
                node: self.tcp_host(&e.node)?,
                state: tcp_state(e.state.value?),
                nth: e.nth.value?.map(Number::narrow),
            },
            ExpectKind::Passes(e) => {
                if e.passes.get()?.is_empty() {
                    self.note(
                        &e.passes.span,
                        "which states?",
                        "an empty list is always true",
                    );
                }
                Expected::Passes {
                    node: self.tcp_host(&e.node)?,
                    states: tables(&e.passes).copied().map(tcp_state).collect(),
                    nth: e.nth.value?.map(Number::narrow),
                }
            }
            ExpectKind::Event(e) => {
                let node = self.node_if_given(&e.node);
                Expected::Events {
                    times: self.times(&e.count, &e.at_least, &e.at_most)?,
                    text: e.event.value.clone()?,
                    node,
                }
            }
            ExpectKind::Record(e) => {
                let node = self.node_if_given(&e.node);
                Expected::Records {
                    times: self.times(&e.count, &e.at_least, &e.at_most)?,
                    kind: e.record.value?,
                    text: e.text.value.clone()?,
                    node,
                }
            }
            ExpectKind::Between(e) => self.between(e)?,
            ExpectKind::Variable(e) => self.variable(e)?,
            ExpectKind::Unclear => return None,
        })
    }

    fn between(&mut self, e: &format::BetweenExpect) -> Option<Expected> {
        let (min, max) = (e.min.value?, e.max.value?);
        if min.is_none() && max.is_none() {
            self.note(
                &e.between.span,
                "how much time?",
                "needs `min`, `max` or both",
            );
        }
        if let (Some(least), Some(most)) = (min, max)
            && least > most
        {
            self.less(&e.max.span, &e.min.span);
        }
        let [from, to] = e.between.get()?;
        Some(Expected::Between {
            frames: Box::new([from.value.clone()?, to.value.clone()?]),
            min,
            max,
        })
    }

    fn variable(&mut self, e: &format::VariableExpect) -> Option<Expected> {
        let number = |at: &At<Option<Number<0, 4_294_967_295>>>| {
            at.value.map(|given| given.map(|n| n.narrow::<u32>()))
        };
        let (min, max) = (number(&e.min)?, number(&e.max)?);
        if min.is_none() && max.is_none() {
            let message = "how many bytes?";
            self.note(&e.variable.span, message, "needs `min`, `max` or both");
        }
        if let (Some(least), Some(most)) = (min, max)
            && least > most
        {
            self.less(&e.max.span, &e.min.span);
        }
        Some(Expected::Variable {
            variable: e.variable.value?,
            node: self.tcp_host(&e.node)?,
            which: e.value.value?,
            min,
            max,
        })
    }

    /// Notes that `max` is less than `min`.
    fn less(&mut self, max: &Range<usize>, min: &Range<usize>) {
        let mistake = Mistake::new(max.clone(), "`max` is less than `min`", "less");
        self.reader.note(mistake.also(min.clone(), "than this"));
    }

    fn tcp_host(&mut self, node: &At<String>) -> Option<NodeId> {
        self.host(node, "and a switch speaks no TCP")
    }

    fn times(&mut self, count: &Count, at_least: &Count, at_most: &Count) -> Option<Times> {
        let number = |at: &Count| at.value.map(|given| given.map(|n| n.narrow::<u32>()));
        match (number(count)?, number(at_least)?, number(at_most)?) {
            (Some(count), None, None) => Some(Times {
                at_least: count,
                at_most: Some(count),
            }),
            (Some(_), ..) => {
                let message = "`count` says it exactly: `at_least` and `at_most` do not go with it";
                self.note(&count.span, message, "leave out this, or them");
                None
            }
            (None, Some(least), Some(most)) if least > most => {
                let message = "`at_most` is less than `at_least`";
                let mistake = Mistake::new(at_most.span.clone(), message, "less");
                self.reader
                    .note(mistake.also(at_least.span.clone(), "than this"));
                None
            }
            (None, Some(0), None) => {
                self.note(
                    &at_least.span,
                    "`at_least = 0` is always true",
                    "can never fail",
                );
                None
            }
            (None, None, None) => Some(Times {
                at_least: 1,
                at_most: None,
            }),
            (None, least, at_most) => Some(Times {
                at_least: least.unwrap_or(0),
                at_most,
            }),
        }
    }
}

fn tcp_state(state: State) -> TcpState {
    match state {
        State::Closed => TcpState::Closed,
        State::Listen => TcpState::Listen,
        State::SynSent => TcpState::SynSent,
        State::SynReceived => TcpState::SynReceived,
        State::Established => TcpState::Established,
        State::FinWait1 => TcpState::FinWait1,
        State::FinWait2 => TcpState::FinWait2,
        State::CloseWait => TcpState::CloseWait,
        State::Closing => TcpState::Closing,
        State::LastAck => TcpState::LastAck,
        State::TimeWait => TcpState::TimeWait,
    }
}
