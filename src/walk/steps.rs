//! The steps, and how one finds the next of a grain, a phase, a pair of hosts.

mod capture;
pub(super) mod sim;
pub(super) mod told;

use super::step::{Grain, PhaseId, Step, StepId};
use super::view::Phase;
use sim::Now;

/// Two hosts that talk to each other, counted from 0 over the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PairId(pub u32);

/// The append-only list of steps, with an index for each question that is asked of it.
#[derive(Debug, Default)]
pub(super) struct Steps {
    list: Vec<Step>,
    /// The steps of each grain alone or coarser: message, frame. (Every step is one of grain layer.)
    coarser: [Vec<StepId>; 2],
    phases: Vec<Phase>,
    /// The last phase has no step of the message grain yet.
    phase_is_new: bool,
    /// The pair whose ladder shows the step, in the order of the steps.
    pairs: Vec<Option<PairId>>,
    /// The steps of each pair, by grain: of it or a coarser one.
    of_pair: Vec<[Vec<StepId>; 3]>,
    /// Of a simulation, what its first step began with.
    began: Option<Now>,
}

impl Steps {
    pub fn list(&self) -> &[Step] {
        &self.list
    }

    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Appends a step to the phase of this name: the last one, or else a new one. `step.phase` is filled in here, and
    /// the first frame of a phase is one of the message grain.
    pub fn push(&mut self, mut step: Step, phase: &str, pair: Option<PairId>) -> StepId {
        let id = StepId(u32::try_from(self.list.len()).expect("fewer than 2^32 steps"));
        step.phase = self.enter_phase(phase, id);
        if self.phase_is_new && step.grain == Grain::Frame {
            step.grain = Grain::Message;
        }
        self.phase_is_new &= step.grain != Grain::Message;
        for (index, grain) in [Grain::Message, Grain::Frame].into_iter().enumerate() {
            if step.grain <= grain {
                self.coarser[index].push(id);
            }
        }
        if let Some(pair) = pair {
            let index = pair.0 as usize;
            if self.of_pair.len() <= index {
                self.of_pair.resize_with(index + 1, Default::default);
            }
            for list in &mut self.of_pair[index][step.grain as usize..] {
                list.push(id);
            }
        }
        self.pairs.push(pair);
        self.list.push(step);
        id
    }

    /// Takes the steps from this one on away.
    fn cut(&mut self, from: StepId) {
        let end = from.0 as usize;
        self.list.truncate(end);
        self.pairs.truncate(end);
        let of_pair = self.of_pair.iter_mut().flatten();
        for list in self.coarser.iter_mut().chain(of_pair) {
            list.truncate(list.partition_point(|step| *step < from));
        }
        self.phases.retain(|phase| phase.steps.start < from.0);
        self.phase_is_new = false;
        if let Some(last) = self.phases.last_mut() {
            last.steps.end = from.0;
            let mut steps = self.list[last.steps.start as usize..].iter();
            self.phase_is_new = !steps.any(|step| step.grain == Grain::Message);
        }
    }

    /// Makes the step one of the message grain: a message turned out to begin there.
    pub fn make_message(&mut self, id: StepId) {
        self.make_coarser(id, Grain::Message);
    }

    /// Makes the step one of this grain, if it is of a finer one.
    pub fn make_coarser(&mut self, id: StepId, grain: Grain) {
        let step = &mut self.list[id.0 as usize];
        let before = step.grain as usize;
        if before <= grain as usize {
            return;
        }
        step.grain = grain;
        let gained = grain as usize..before;
        for list in &mut self.coarser[gained.clone()] {
            insert_sorted(list, id);
        }
        if let Some(pair) = self.pairs[id.0 as usize] {
            for list in &mut self.of_pair[pair.0 as usize][gained] {
                insert_sorted(list, id);
            }
        }
    }

    /// The step, to note what was learned of it later.
    pub fn get_mut(&mut self, id: StepId) -> &mut Step {
        &mut self.list[id.0 as usize]
    }

    fn enter_phase(&mut self, name: &str, step: StepId) -> PhaseId {
        match self.phases.last_mut() {
            Some(last) if last.name == name => last.steps.end = step.0 + 1,
            _ => {
                self.phase_is_new = true;
                self.phases.push(Phase {
                    name: name.to_owned(),
                    steps: step.0..step.0 + 1,
                });
            }
        }
        PhaseId(u32::try_from(self.phases.len() - 1).expect("fewer phases than steps"))
    }

    /// The first step of this grain or a coarser one.
    pub fn first(&self, grain: Grain) -> Option<StepId> {
        match self.index(grain) {
            Some(index) => index.first().copied(),
            None => (!self.list.is_empty()).then_some(StepId(0)),
        }
    }

    /// The last step of this grain or a coarser one.
    pub fn last(&self, grain: Grain) -> Option<StepId> {
        match self.index(grain) {
            Some(index) => index.last().copied(),
            None => Some(StepId(u32::try_from(self.list.len().checked_sub(1)?).ok()?)),
        }
    }

    /// The next step after `at` of this grain or a coarser one.
    pub fn next(&self, at: StepId, grain: Grain) -> Option<StepId> {
        match self.index(grain) {
            Some(index) => index
                .get(index.partition_point(|&step| step <= at))
                .copied(),
            None => Some(StepId(at.0.checked_add(1)?))
                .filter(|step| (step.0 as usize) < self.list.len()),
        }
    }

    /// The last step before `at` of this grain or a coarser one.
    pub fn back(&self, at: StepId, grain: Grain) -> Option<StepId> {
        match self.index(grain) {
            Some(index) => index
                .get(index.partition_point(|&step| step < at).checked_sub(1)?)
                .copied(),
            None => {
                at.0.checked_sub(1)
                    .map(StepId)
                    .filter(|_| !self.list.is_empty())
            }
        }
    }

    /// How many steps of this grain or a coarser one stand before `end`.
    pub fn before(&self, end: StepId, grain: Grain) -> usize {
        match self.index(grain) {
            Some(index) => index.partition_point(|&step| step < end),
            None => self.list.len().min(end.0 as usize),
        }
    }

    fn index(&self, grain: Grain) -> Option<&[StepId]> {
        match grain {
            Grain::Message => Some(&self.coarser[0]),
            Grain::Frame => Some(&self.coarser[1]),
            Grain::Layer => None,
        }
    }

    /// The pair whose ladder is shown at the step: its own, else the nearest before it, else the first after it.
    pub fn pair_at(&self, at: StepId) -> Option<PairId> {
        let index = (at.0 as usize).min(self.pairs.len().checked_sub(1)?);
        let before = self.pairs[..=index].iter().rev().find_map(|pair| *pair);
        before.or_else(|| self.pairs[index..].iter().find_map(|pair| *pair))
    }

    /// The steps of a pair of hosts, of this grain or a coarser one.
    pub fn of_pair(&self, pair: PairId, grain: Grain) -> &[StepId] {
        self.of_pair
            .get(pair.0 as usize)
            .map_or(&[], |lists| &lists[grain as usize])
    }
}

fn insert_sorted(list: &mut Vec<StepId>, id: StepId) {
    if let Err(place) = list.binary_search(&id) {
        list.insert(place, id);
    }
}
