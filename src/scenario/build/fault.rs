//! What goes wrong on the links.

use std::ops::Range;

use crate::base::{LinkId, NodeId, Time};
use crate::proto::filter::Filter;
use crate::proto::registry;
use crate::scenario::format;
use crate::scenario::mistake::{Mistake, quote};
use crate::scenario::values::{Number, Percent};
use crate::sim::spec;

use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn faults(&mut self) -> Vec<spec::Fault> {
        let file = self.file;
        tables(&file.fault)
            .filter_map(|fault| self.one_fault(fault))
            .collect()
    }

    fn one_fault(&mut self, fault: &format::Fault) -> Option<spec::Fault> {
        let link = self.fault_link(fault);
        let node = self.node_if_given(&fault.from);
        let when = match fault.when.given() {
            Some(filter) => self.frame_filter(filter, &fault.when.span)?,
            None => spec::Match::Any,
        };
        let all = fault.all.value?;
        if all && fault.count.given().is_some() {
            self.note(
                &fault.count.span,
                "`count` and `all` do not go together",
                "all are struck",
            );
        }
        let chance = fault.chance.value?.map(Percent::of_one);
        let count = fault.count.value?.map(Number::narrow);
        let (after, until) = (fault.after.value?, fault.until.value?);
        if until.is_some_and(|until| until <= after) {
            let message = "`until` is not later than `after`";
            self.note(&fault.until.span, message, "no frame is struck");
        }
        // By chance and for a while all are meant, where nothing else is said; otherwise one.
        let is_one = chance.is_none() && until.is_none() && !all;
        let count = count.or(is_one.then_some(1));
        Some(spec::Fault {
            when,
            during: Time::ZERO + after..until.map_or(Time::MAX, |until| Time::ZERO + until),
            from: fault.nth.value?.narrow(),
            count,
            every: fault.every.value?.narrow(),
            chance,
            link,
            node,
            effect: effect(&fault.effect)?,
        })
    }

    fn fault_link(&mut self, fault: &format::Fault) -> Option<LinkId> {
        let [a, b] = fault.link.given()?;
        let (a, b) = (self.node(a), self.node(b));
        let (a, b) = (a?, b?);
        let is_it = |ends: &[NodeId; 2]| ends.contains(&a) && ends.contains(&b) && a != b;
        let found = self.links.iter().position(is_it).map(LinkId::from_index);
        if found.is_none() {
            let (a, b) = (quote(self.name(a)), quote(self.name(b)));
            let message = format!("there is no link between {a} and {b}");
            self.note(&fault.link.span, message, "no such [[link]]");
        }
        found
    }

    /// The match of a fault. A link sees one frame and remembers none, so its filter may not ask for more.
    fn frame_filter(&mut self, filter: &Filter, span: &Range<usize>) -> Option<spec::Match> {
        if let [field, ..] = filter.stateful_fields()[..] {
            let message = format!("`{field}` cannot be told from one frame alone");
            let mistake = Mistake::new(span.clone(), message, "a fault sees one frame at a time");
            let raw = field.starts_with("tcp.").then(|| format!("{field}_raw"));
            let raw = raw.filter(|raw| registry::field(raw).is_some());
            self.reader
                .note(mistake.help(raw.map(|raw| format!("`{raw}` can"))));
            return None;
        }
        Some(spec::Match::Filter(Box::new(filter.clone())))
    }
}

fn effect(effect: &format::FaultEffect) -> Option<spec::Effect> {
    Some(match effect {
        format::FaultEffect::Drop(_) => spec::Effect::Drop,
        format::FaultEffect::Delay(delay) => spec::Effect::Delay(delay.by.value?),
        format::FaultEffect::Duplicate(_) => spec::Effect::Duplicate,
        format::FaultEffect::Corrupt(corrupt) => spec::Effect::Corrupt {
            byte: corrupt.byte.value?.map(Number::narrow),
            bit: corrupt.bit.value?.map(Number::narrow),
            place: match corrupt.place.value? {
                format::CorruptPlace::Wire => spec::CorruptPlace::Wire,
                format::CorruptPlace::Memory => spec::CorruptPlace::Memory,
            },
        },
        format::FaultEffect::Unclear => return None,
    })
}
