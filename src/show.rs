//! A walk as plain text and as JSON lines, for pipes, for screen readers, and for programs.

mod jsonl;
mod step;
mod text;

use std::io::{self, Write};
use std::ops::RangeInclusive;

use crate::base::FrameId;
use crate::base::text::safe;
use crate::proto::filter::Filter;
use crate::walk::Walk;
use crate::walk::step::{Grain, StepId};

pub use text::{endpoints, line};

/// What to show of a walk.
#[derive(Debug, Default)]
pub struct Options {
    /// How it is written.
    pub format: Format,
    /// Only frames that this selects, the messages that end in them among them.
    pub filter: Option<Filter>,
    /// These steps alone, each in full; counted from 1 among the steps of the grain.
    pub steps: Option<RangeInclusive<usize>>,
    /// How fine the steps are; frames, where it is not said.
    pub grain: Option<Grain>,
}

/// How a walk is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: a line a step, or a step in full.
    #[default]
    Text,
    /// For programs: a JSON object a frame, and one a message.
    Jsonl,
}

/// Writes the walk.
///
/// # Errors
/// Those of `out`.
pub fn show(walk: &Walk, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let chosen = chosen_steps(walk, options);
    match (options.format, &options.steps) {
        (Format::Text, None) => text::list(walk, options.grain(), &chosen, out),
        (Format::Text, Some(_)) => {
            for (number, at) in chosen {
                step::full(walk, at, number, options.grain(), out)?;
            }
            Ok(())
        }
        (Format::Jsonl, None) if options.grain.is_none() => {
            jsonl::frames(walk, options.filter.as_ref(), out)
        }
        (Format::Jsonl, _) => jsonl::steps(walk, &chosen, options.grain(), out),
    }
}

/// Writes one frame of a walk that grows: a line, or a JSON object and one for each message that ends in it.
///
/// # Errors
/// Those of `out`.
pub fn frame(walk: &Walk, id: FrameId, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => {
            let step = walk.frame_step(id).map(|at| (id.index() + 1, at));
            text::list(walk, Grain::Frame, step.as_slice(), out)
        }
        Format::Jsonl => jsonl::frame(walk, id, out),
    }
}

/// Writes the title and the text of the scenario's lesson.
///
/// # Errors
/// Those of `out`.
pub fn lesson(walk: &Walk, out: &mut dyn Write) -> io::Result<()> {
    let lesson = walk.lesson();
    writeln!(out, "{}", safe(&lesson.title))?;
    for paragraph in lesson.text.split("\n\n") {
        writeln!(out, "\n{}", safe(&paragraph.trim().replace('\n', " ")))?;
    }
    Ok(())
}

/// How many steps the walk has at this grain.
pub fn count_steps(walk: &Walk, grain: Grain) -> usize {
    walk.count(grain)
}

impl Options {
    fn grain(&self) -> Grain {
        self.grain.unwrap_or(Grain::Frame)
    }
}

/// The steps of a grain, each with its number, counted from 1.
fn steps_of(walk: &Walk, grain: Grain) -> impl Iterator<Item = (usize, StepId)> {
    let ids = std::iter::successors(walk.first(grain), move |at| walk.next(*at, grain));
    (1..).zip(ids)
}

fn chosen_steps(walk: &Walk, options: &Options) -> Vec<(usize, StepId)> {
    let frames = options.filter.as_ref().map(|filter| walk.matching(filter));
    let selected = |at: StepId| match &frames {
        None => true,
        Some(frames) => {
            let frame = walk.step(at).and_then(|step| step.frame);
            frame.is_some_and(|frame| frames.binary_search(&frame).is_ok())
        }
    };
    let wanted = |number: usize| {
        options
            .steps
            .as_ref()
            .is_none_or(|steps| steps.contains(&number))
    };
    steps_of(walk, options.grain())
        .filter(|(number, at)| wanted(*number) && selected(*at))
        .collect()
}
