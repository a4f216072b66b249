//! Everything that the screen shows of one step, looked up in the walk: plain data, so that panes only draw.

use std::time::Duration;

use crate::base::Time;
use crate::teach::why::{self, Why};
use crate::walk::Walk;
use crate::walk::lesson::Lesson;
use crate::walk::states::States;
use crate::walk::step::{Grain, PhaseId, Step, StepId};
use crate::walk::view::{
    Ends, FrameView, Heading, Ladder, LayerRow, Map, MessageView, Numbers, Phase, Physical, Row,
    SeqSpace,
};

/// One step, with all that is drawn of it.
#[derive(Debug)]
pub struct Scene {
    /// The step's id.
    pub at: StepId,
    /// The step.
    pub step: Step,
    /// Its number among the steps of the grain, counted from 1.
    pub number: usize,
    /// How many steps of the grain there are.
    pub total: usize,
    /// The grain.
    pub grain: Grain,
    /// Since the first step.
    pub since_start: Duration,
    /// The top line.
    pub heading: Heading,
    /// The ladder.
    pub ladder: Ladder,
    /// The number of each of the ladder's rows among the steps of the grain.
    pub row_numbers: Vec<usize>,
    /// Both ends, if there is a connection.
    pub ends: Option<Ends>,
    /// The sequence space of both directions.
    pub seq: Option<[SeqSpace; 2]>,
    /// The state diagram.
    pub states: Option<States>,
    /// The map.
    pub map: Map,
    /// The layers, physical first.
    pub layers: Vec<LayerRow>,
    /// The frame.
    pub frame: Option<FrameView>,
    /// The frame was sent: what lower layers add to it is made, and is taken off again from here on.
    pub is_sent: bool,
    /// The messages that end in the frame; of a step without a frame its own.
    pub messages: Vec<MessageView>,
    /// The frame on the wire.
    pub physical: Option<Physical>,
    /// Why it happens.
    pub why: Why,
    /// What the scenario teaches.
    pub lesson: Lesson,
}

impl Scene {
    /// Looks up the step `at`; `None` if the walk has no steps.
    pub fn look_up(walk: &Walk, at: StepId, grain: Grain, numbers: Numbers) -> Option<Self> {
        let step = walk.step(at)?.clone();
        let frame = step.frame.and_then(|id| walk.frame(id));
        let ladder = walk.ladder(at, grain);
        let number_of = |row: &Row| walk.position(row.step, grain);
        Some(Self {
            at,
            number: walk.position(at, grain),
            total: walk.count(grain),
            grain,
            since_start: step.time.since(start(walk)),
            heading: heading(walk, at, grain),
            row_numbers: ladder.rows.iter().map(number_of).collect(),
            ladder,
            ends: walk.ends(at, grain, numbers),
            seq: walk.seq_space(at, grain, numbers),
            states: walk.states(at, grain),
            map: walk.map(at),
            layers: walk.layers(at),
            is_sent: step
                .frame
                .and_then(|id| walk.frame_step(id))
                .is_some_and(|sent| sent <= at),
            messages: messages(walk, &step, frame.as_ref()),
            physical: step.frame.and_then(|id| walk.physical(id)),
            frame,
            why: why::explain(walk, at, grain),
            lesson: walk.lesson().clone(),
            step,
        })
    }
}

/// The heading with the phases that have a step of the grain.
fn heading(walk: &Walk, at: StepId, grain: Grain) -> Heading {
    let mut heading = walk.heading(at);
    let stops = |phase: &Phase| {
        let first = StepId(phase.steps.start);
        let here = walk.step(first).is_some_and(|step| step.grain <= grain);
        here || walk
            .next(first, grain)
            .is_some_and(|next| next.0 < phase.steps.end)
    };
    let current = heading.current.0 as usize;
    let before = heading
        .phases
        .iter()
        .take(current)
        .filter(|phase| stops(phase))
        .count();
    heading.phases.retain(stops);
    heading.current = PhaseId(u32::try_from(before).unwrap_or(u32::MAX));
    heading
}

fn start(walk: &Walk) -> Time {
    walk.steps().first().map_or(Time::ZERO, |step| step.time)
}

/// The messages that end in the frame, and the step's own where it is not among them.
fn messages(walk: &Walk, step: &Step, frame: Option<&FrameView>) -> Vec<MessageView> {
    let mut ids = frame.map_or_else(Vec::new, |frame| frame.messages.clone());
    if let Some(own) = step.message
        && !ids.contains(&own)
    {
        ids.push(own);
    }
    ids.into_iter().filter_map(|id| walk.message(id)).collect()
}
