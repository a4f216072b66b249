//! The panes: one file each, one line each in the table.
//!
//! A pane draws from a read-only context, keeps its own state, takes the keys that it knows and answers with an effect;
//! [`super::app`] alone applies effects.

mod bytes;
mod ends;
mod fields;
mod graphs;
mod ladder;
mod layers;
mod map;
mod sequence;
mod states;
mod why;

use super::canvas::Canvas;
use super::keys::Command;
use super::overlay::Overlay;
use super::scene::Scene;
use super::select::{self, Chosen, Selection};
use super::theme::Theme;
use crate::walk::graph::Graphs;
use crate::walk::step::{Grain, StepId};
use crate::walk::view::{Mark, Numbers};

/// Which pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneId {
    Map,
    Ladder,
    Layers,
    Fields,
    Bytes,
    Ends,
    Seq,
    Why,
    Graphs,
    States,
}

impl PaneId {
    /// All, in the order of the Tab key.
    pub const ALL: [Self; 10] = [
        Self::Map,
        Self::Ladder,
        Self::Layers,
        Self::Fields,
        Self::Bytes,
        Self::Ends,
        Self::Seq,
        Self::Why,
        Self::Graphs,
        Self::States,
    ];

    /// Whether it is too wide to stand beside another one.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Graphs | Self::States)
    }

    /// The digit that shows it.
    pub fn digit(self) -> u8 {
        match self {
            Self::Map => 1,
            Self::Ladder => 2,
            Self::Layers => 3,
            Self::Fields | Self::Bytes => 4,
            Self::Ends => 5,
            Self::Seq => 6,
            Self::Why => 7,
            Self::Graphs => 8,
            Self::States => 9,
        }
    }
}

/// How much the why says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// A sentence or two.
    #[default]
    Short,
    /// All of it.
    Full,
    /// The specification's terms.
    Rfc,
}

/// What a pane draws from.
pub struct Cx<'a> {
    /// The step.
    pub scene: &'a Scene,
    /// The rows of the field tree.
    pub rows: &'a [select::Row<'a>],
    /// What is chosen in it, and where else those bytes are.
    pub chosen: Option<&'a Chosen>,
    /// The choice itself.
    pub selection: &'a Selection,
    /// The connection over time, where that is on the screen.
    pub graphs: Option<&'a Graphs>,
    /// The look.
    pub theme: &'a Theme,
    /// Relative or raw.
    pub numbers: Numbers,
    /// How much the why says.
    pub depth: Depth,
    /// The pane with the focus.
    pub focus: PaneId,
    /// The panes stand in the large form.
    pub large: bool,
    /// The pane with the focus stands alone.
    pub zoom: bool,
}

impl Cx<'_> {
    /// The step is at layer 1, and what goes over the wire is known.
    fn is_on_wire(&self) -> bool {
        let scene = self.scene;
        let is_sent = || {
            let row = scene.ladder.rows.iter().find(|row| row.step == scene.at);
            row.is_some_and(|row| matches!(row.mark, Mark::Arrow { .. }))
        };
        let at_wire = scene.step.layer == 1 || scene.grain == Grain::Layer && is_sent();
        at_wire && scene.physical.is_some()
    }
}

/// What a key that a pane took asks the screen to do.
#[derive(Debug)]
pub enum Effect {
    /// Nothing more.
    Done,
    /// Go to the step.
    Go(StepId),
    /// Choose this.
    Select(Selection),
    /// Give this pane the focus.
    Focus(PaneId),
    /// Choose this, and give the pane the focus.
    SelectAndFocus(Selection, PaneId),
    /// Lay this over the panes.
    Open(Overlay),
}

/// A pane.
pub trait Pane {
    /// Its title for the rule above it, with two blanks or more where the rule shows through.
    fn title(&self, cx: &Cx<'_>, width: usize) -> String;

    /// Draws it.
    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>);

    /// Takes a key, or leaves it (`None`).
    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let _ = (cx, command);
        None
    }
}

/// All panes, with their state.
#[derive(Debug, Default)]
pub struct Panes {
    map: map::MapPane,
    ladder: ladder::LadderPane,
    layers: layers::LayersPane,
    fields: fields::FieldsPane,
    bytes: bytes::BytesPane,
    ends: ends::EndsPane,
    seq: sequence::SeqPane,
    why: why::WhyPane,
    graphs: graphs::GraphsPane,
    states: states::StatesPane,
}

impl Panes {
    /// The pane, to draw it.
    pub fn get(&self, id: PaneId) -> &dyn Pane {
        match id {
            PaneId::Map => &self.map,
            PaneId::Ladder => &self.ladder,
            PaneId::Layers => &self.layers,
            PaneId::Fields => &self.fields,
            PaneId::Bytes => &self.bytes,
            PaneId::Ends => &self.ends,
            PaneId::Seq => &self.seq,
            PaneId::Why => &self.why,
            PaneId::Graphs => &self.graphs,
            PaneId::States => &self.states,
        }
    }

    /// The pane, to hand it a key.
    pub fn get_mut(&mut self, id: PaneId) -> &mut dyn Pane {
        match id {
            PaneId::Map => &mut self.map,
            PaneId::Ladder => &mut self.ladder,
            PaneId::Layers => &mut self.layers,
            PaneId::Fields => &mut self.fields,
            PaneId::Bytes => &mut self.bytes,
            PaneId::Ends => &mut self.ends,
            PaneId::Seq => &mut self.seq,
            PaneId::Why => &mut self.why,
            PaneId::Graphs => &mut self.graphs,
            PaneId::States => &mut self.states,
        }
    }
}
