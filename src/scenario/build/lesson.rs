//! Notes and questions.

use crate::proto::filter::Filter;
use crate::scenario::format::{self, Idea};
use crate::scenario::mistake::{Mistake, quote};
use crate::scenario::model::{Anchor, Ask, Breaks, Expert, Note, WrongAnswer};
use crate::scenario::read::At;
use crate::scenario::values::Number;
use crate::sim::invariants;

use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn notes(&mut self) -> Vec<Note> {
        tables(&self.file.note).filter_map(note).collect()
    }

    pub(super) fn asks(&mut self) -> Vec<Ask> {
        let file = self.file;
        tables(&file.ask)
            .filter_map(|ask| self.one_ask(ask))
            .collect()
    }

    pub(super) fn experts(&mut self) -> Vec<Expert> {
        let expert = |expert: &format::Expert| {
            Some(Expert {
                finding: expert.finding.value.clone()?,
                at: expert.at.value.clone()?,
                wireshark: expert.wireshark.value?,
                reason: expert.reason.value.clone()?,
            })
        };
        tables(&self.file.expert).filter_map(expert).collect()
    }

    pub(super) fn breaks(&mut self) -> Vec<Breaks> {
        let file = self.file;
        tables(&file.breaks)
            .filter_map(|breaks| self.one_breaks(breaks))
            .collect()
    }

    fn one_breaks(&mut self, breaks: &format::Breaks) -> Option<Breaks> {
        let invariant = breaks.invariant.get()?;
        if invariant.is_empty() || !invariants::all().any(|says| says.contains(&**invariant)) {
            let message = format!("no invariant says {}", quote(invariant));
            let label = "no part of any rule in `src/sim/invariants/`";
            self.note(&breaks.invariant.span, message, label);
        }
        Some(Breaks {
            invariant: invariant.clone(),
            reason: breaks.reason.value.clone()?,
        })
    }

    fn one_ask(&mut self, ask: &format::Ask) -> Option<Ask> {
        if ask.wrong.get()?.is_empty() {
            let message = "a question needs a wrong answer to choose from, too";
            self.note(&ask.question.span, message, "needs `wrong`");
        }
        let right = ask.right.get()?;
        for wrong in tables(&ask.wrong).filter(|wrong| wrong.answer.get() == Some(right)) {
            let mistake = Mistake::new(
                wrong.answer.span.clone(),
                "this answer is the right one",
                "",
            );
            self.reader
                .note(mistake.also(ask.right.span.clone(), "the right one"));
        }
        Some(Ask {
            before: anchor(&ask.before, &ask.nth)?,
            question: ask.question.value.clone()?,
            right: right.clone(),
            wrong: tables(&ask.wrong).filter_map(wrong_answer).collect(),
            because: ask.because.value.clone()?,
        })
    }
}

fn note(note: &format::Note) -> Option<Note> {
    Some(Note {
        at: anchor(&note.at, &note.nth)?,
        text: note.text.value.clone()?,
        friend: note.friend.value.clone()?,
        engineer: note.engineer.value.clone()?,
        cite: note.cite.value.clone()?,
        idea: note.idea.value?,
    })
}

fn wrong_answer(wrong: &format::WrongAnswer) -> Option<WrongAnswer> {
    let idea: Option<Idea> = wrong.idea.value?;
    Some(WrongAnswer {
        answer: wrong.answer.value.clone()?,
        idea,
        because: wrong.because.value.clone()?,
    })
}

fn anchor(filter: &At<Filter>, nth: &At<Number<1, 1_000_000>>) -> Option<Anchor> {
    Some(Anchor {
        filter: filter.value.clone()?,
        nth: nth.value?.narrow(),
    })
}
