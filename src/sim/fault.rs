//! What goes wrong on the links.
//!
//! Every frame that enters a link is shown to every [`Rule`], so that each one's count is its own; the first verdict
//! that is not [`Verdict::Pass`] wins.

use std::borrow::Cow;
use std::time::Duration;

use super::spec::{CorruptPlace, Effect, Fault, Match};
use crate::base::{FrameId, LinkId, LinkType, NodeId, Rng, Time};
use crate::proto::dissect::{FrameContext, dissect};
use crate::proto::tree::Dissection;
use crate::stack::record::Text;

/// A frame that enters a link.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'a> {
    /// The transmission that it is to be.
    pub frame: FrameId,
    /// When.
    pub time: Time,
    /// The link.
    pub link: LinkId,
    /// The node that sends it on this link.
    pub from: NodeId,
    /// Whether this is its first link (and not one behind a switch or a router).
    pub first_hop: bool,
    /// From the destination address to the end of the padding.
    pub bytes: &'a [u8],
}

/// How [`Verdict::text`] ends where a bit was flipped before the frame was sent: what is sent is not what the host formed.
pub const IN_MEMORY: &str = "in memory, before the FCS was made";

/// What is to happen to a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Pass,
    /// It is lost.
    Drop,
    /// It arrives later by so much.
    Delay(Duration),
    /// It is sent a second time.
    Duplicate,
    /// A bit of it is flipped.
    Corrupt {
        /// The byte of the frame.
        byte: usize,
        /// The bit of that byte, 0 the least significant.
        bit: u8,
        /// Where.
        place: CorruptPlace,
    },
}

impl Verdict {
    /// What was done, in words: `delayed by 40ms`.
    pub fn text(&self) -> Text {
        match self {
            Self::Pass => Cow::Borrowed("passed"),
            Self::Drop => Cow::Borrowed("dropped by a fault"),
            Self::Delay(by) => format!("delayed by {by:?}").into(),
            Self::Duplicate => Cow::Borrowed("duplicated"),
            Self::Corrupt {
                byte,
                bit,
                place: CorruptPlace::Wire,
            } => format!("bit {bit} of byte {byte} flipped on the wire").into(),
            Self::Corrupt {
                byte,
                bit,
                place: CorruptPlace::Memory,
            } => format!("bit {bit} of byte {byte} flipped {IN_MEMORY}").into(),
        }
    }
}

/// Something that decides over frames.
pub trait Rule: std::fmt::Debug {
    /// Looks at a frame that enters a link.
    fn judge(&mut self, frame: Passing) -> Verdict;
}

/// Shows `frame` to every rule. The first verdict that is not [`Verdict::Pass`] wins.
pub fn judge(rules: &mut [Box<dyn Rule>], frame: Passing) -> Verdict {
    let mut verdict = Verdict::Pass;
    for rule in rules {
        let this = rule.judge(frame);
        if verdict == Verdict::Pass {
            verdict = this;
        }
    }
    verdict
}

/// The rules of these faults, in their order. Each takes its chance from a stream of its own.
pub fn rules(faults: &[Fault], seed: u64) -> Vec<Box<dyn Rule>> {
    let rule = |(index, fault): (usize, &Fault)| -> Box<dyn Rule> {
        let (fault, rng) = (fault.clone(), Rng::new(seed, &format!("fault {index}")));
        Box::new(Counted {
            fault,
            rng,
            seen: 0,
            struck: 0,
        })
    };
    faults.iter().enumerate().map(rule).collect()
}

/// A frame by itself: what a filter can see of it.
fn dissected(bytes: &[u8]) -> Dissection {
    let known = FrameContext {
        fcs_len: Some(0),
        ..FrameContext::default()
    };
    dissect(LinkType::ETHERNET, bytes, &known)
}

/// A [`Fault`], and how many frames it has looked at.
#[derive(Debug)]
struct Counted {
    fault: Fault,
    rng: Rng,
    seen: u32,
    struck: u32,
}

impl Rule for Counted {
    fn judge(&mut self, frame: Passing) -> Verdict {
        if !self.looks_at(frame) {
            return Verdict::Pass;
        }
        self.seen = self.seen.saturating_add(1);
        if self.strikes() {
            self.verdict(frame)
        } else {
            Verdict::Pass
        }
    }
}

impl Counted {
    fn looks_at(&self, frame: Passing) -> bool {
        let on_link = self
            .fault
            .link
            .map_or(frame.first_hop, |link| link == frame.link);
        on_link
            && self.fault.during.contains(&frame.time)
            && self.fault.node.is_none_or(|node| node == frame.from)
            && match &self.fault.when {
                Match::Any => true,
                Match::Frame(id) => *id == frame.frame,
                Match::Filter(filter) => filter.matches(&[&dissected(frame.bytes)]),
            }
    }

    /// Whether the frame that was counted last is struck.
    fn strikes(&mut self) -> bool {
        let Some(behind) = self.seen.checked_sub(self.fault.from.max(1)) else {
            return false;
        };
        let its_turn = behind % self.fault.every.max(1) == 0
            && self.fault.count.is_none_or(|count| self.struck < count);
        let strikes = its_turn && self.fault.chance.is_none_or(|p| self.rng.chance(p));
        self.struck = self.struck.saturating_add(strikes.into());
        strikes
    }

    fn verdict(&mut self, frame: Passing) -> Verdict {
        match self.fault.effect {
            Effect::Drop => Verdict::Drop,
            Effect::Delay(by) => Verdict::Delay(by),
            Effect::Duplicate => Verdict::Duplicate,
            Effect::Corrupt { byte, bit, place } => {
                self.corrupt(frame.bytes.len(), byte, bit, place)
            }
        }
    }

    /// Chooses what was left open: a byte behind the Ethernet header, a bit of it. A byte behind the end is the last.
    fn corrupt(
        &mut self,
        len: usize,
        byte: Option<usize>,
        bit: Option<u8>,
        place: CorruptPlace,
    ) -> Verdict {
        const HEADER: usize = 14;
        let Some(last) = len.checked_sub(1) else {
            return Verdict::Pass;
        };
        let choices = len.saturating_sub(HEADER).max(1) as u64;
        let byte = byte
            .unwrap_or_else(|| HEADER + self.rng.below(choices) as usize)
            .min(last);
        let bit = bit.unwrap_or_else(|| self.rng.below(8) as u8) & 7;
        Verdict::Corrupt { byte, bit, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing(frame: u32) -> Passing<'static> {
        Passing {
            frame: FrameId(frame),
            time: Time(frame.into()),
            link: LinkId(0),
            from: NodeId(0),
            first_hop: true,
            bytes: &[0; 60],
        }
    }

    /// Which of twelve frames are struck, counted from 1.
    fn struck(fault: Fault) -> Vec<u32> {
        let mut rules = rules(&[fault], 42);
        (1..=12)
            .filter(|&n| judge(&mut rules, passing(n - 1)) != Verdict::Pass)
            .collect()
    }

    #[test]
    fn counts() {
        let cases: [(u32, Option<u32>, u32, &[u32]); 8] = [
            (1, Some(1), 1, &[1]),
            (4, Some(1), 1, &[4]),
            (1, Some(3), 1, &[1, 2, 3]),
            (10, None, 1, &[10, 11, 12]),
            (1, None, 5, &[1, 6, 11]),
            (3, Some(2), 4, &[3, 7]),
            (1, Some(0), 1, &[]),
            (0, Some(1), 0, &[1]),
        ];
        for (from, count, every, expected) in cases {
            let once = Fault::once(Match::Any, Effect::Drop);
            let fault = Fault {
                from,
                count,
                every,
                ..once
            };
            assert_eq!(
                struck(fault),
                expected,
                "from {from} count {count:?} every {every}"
            );
        }
        assert_eq!(
            struck(Fault::once(Match::Frame(FrameId(6)), Effect::Drop)),
            [7]
        );
    }

    #[test]
    fn by_chance() {
        let fault = |chance, count| Fault {
            chance: Some(chance),
            count,
            ..Fault::once(Match::Any, Effect::Drop)
        };
        let struck = |fault: Fault, seed| -> Vec<u32> {
            let mut rules = rules(&[fault], seed);
            let is_struck = |n: &u32| judge(&mut rules, passing(*n)) != Verdict::Pass;
            (0..2000).filter(is_struck).collect()
        };
        assert_eq!(struck(fault(0.0, None), 1).len(), 0);
        assert_eq!(struck(fault(1.0, None), 1).len(), 2000);
        assert_eq!(struck(fault(0.5, Some(3)), 1).len(), 3);
        let some = struck(fault(0.05, None), 1);
        assert!((70..130).contains(&some.len()), "{}", some.len());
        assert_eq!(some, struck(fault(0.05, None), 1));
        assert_ne!(some, struck(fault(0.05, None), 2));
    }

    #[test]
    fn when_it_looks() {
        let all = Fault {
            count: None,
            during: Time(3)..Time(6),
            ..Fault::once(Match::Any, Effect::Drop)
        };
        assert_eq!(struck(all.clone()), [4, 5, 6]);
        let second = Fault { from: 2, ..all };
        assert_eq!(struck(second), [5, 6], "what came before is not counted");
    }

    #[test]
    fn where_it_looks() {
        let once = Fault::once(Match::Any, Effect::Drop);
        let on_link = Fault {
            link: Some(LinkId(1)),
            ..once.clone()
        };
        let from_node = Fault {
            node: Some(NodeId(1)),
            ..once.clone()
        };
        let here = passing(0);
        let second_hop = Passing {
            first_hop: false,
            link: LinkId(1),
            ..here
        };
        let other_node = Passing {
            from: NodeId(1),
            ..here
        };
        let cases = [
            (&once, here, true),
            (&once, second_hop, false),
            (&on_link, here, false),
            (&on_link, second_hop, true),
            (&from_node, here, false),
            (&from_node, other_node, true),
        ];
        for (index, (fault, frame, expected)) in cases.into_iter().enumerate() {
            let struck = judge(&mut rules(std::slice::from_ref(fault), 1), frame) == Verdict::Drop;
            assert_eq!(struck, expected, "case {index}");
        }
    }

    #[test]
    fn first_verdict_wins_and_all_count() {
        let first = Fault::once(Match::Any, Effect::Drop);
        let second = Fault {
            from: 2,
            ..Fault::once(Match::Any, Effect::Duplicate)
        };
        let mut rules = rules(&[first.clone(), first, second], 1);
        let verdicts: Vec<_> = (0..3).map(|n| judge(&mut rules, passing(n))).collect();
        assert_eq!(verdicts, [Verdict::Drop, Verdict::Duplicate, Verdict::Pass]);
    }

    #[test]
    fn corruption_stays_in_the_frame_and_is_fixed_by_the_seed() {
        let effect = |byte, bit| Effect::Corrupt {
            byte,
            bit,
            place: CorruptPlace::Wire,
        };
        let fault = |byte, bit| Fault {
            count: None,
            ..Fault::once(Match::Any, effect(byte, bit))
        };
        let run = |fault: Fault, seed| -> Vec<(usize, u8)> {
            let mut rules = rules(&[fault], seed);
            let flip = |n| match judge(&mut rules, passing(n)) {
                Verdict::Corrupt { byte, bit, .. } => (byte, bit),
                other => panic!("{other:?}"),
            };
            (0..50).map(flip).collect()
        };
        let chosen = run(fault(None, None), 1);
        assert!(
            chosen
                .iter()
                .all(|&(byte, bit)| (14..60).contains(&byte) && bit < 8)
        );
        assert_eq!(chosen, run(fault(None, None), 1));
        assert_ne!(chosen, run(fault(None, None), 2));
        assert_eq!(run(fault(Some(20), Some(3)), 1)[0], (20, 3));
        assert_eq!(run(fault(Some(99), Some(11)), 1)[0], (59, 3));
    }
}
