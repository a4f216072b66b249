//! The screen's state, and the one place where keys and effects change it.

mod commands;
mod draw;
mod prompts;

use std::collections::BTreeMap;

use super::find::{Query, Search};
use super::overlay;
use super::panes::{Depth, PaneId, Panes};
use super::scene::Scene;
use super::select::Selection;
use super::theme::Theme;
use crate::capture::packet::Packet;
use crate::sim::outcome::Piece;
use crate::walk::Walk;
use crate::walk::graph;
use crate::walk::step::{Grain, StepId};
use crate::walk::view::Numbers;

/// A built-in walk, as the catalogue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it shows, in a sentence or two.
    pub summary: String,
}

/// What the loop around the screen has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// End.
    Quit,
    /// Stop the process, as Ctrl-Z does.
    Suspend,
    /// Hand this text to the terminal's clipboard.
    Copy(String),
    /// Turn the reports of the mouse on or off.
    Mouse(bool),
    /// Open the built-in walk of this name.
    Open(String),
}

/// The digits typed so far, and what was shown before they showed panes.
#[derive(Debug, Clone, Copy)]
struct Typed {
    number: u32,
    focus: PaneId,
    side: PaneId,
    wide: Option<PaneId>,
}

/// What the next keys are for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Prompt {
    /// Commands.
    #[default]
    None,
    /// The text to find.
    Find(String),
    /// The letter of a mark to set.
    Mark,
    /// The letter of a mark to go to.
    ToMark,
    /// What to copy.
    Copy,
}

/// What still comes while a walk is shown.
#[derive(Debug)]
pub enum Coming {
    /// A packet of a live capture.
    Packet(Packet),
    /// A piece of a world that runs.
    Piece(Box<Piece>),
}

/// A walk that is the screen's own, or one that is only looked at.
#[derive(Debug)]
pub enum Held<'w> {
    /// Its own: something can be added.
    Own(Box<Walk>),
    /// Looked at.
    Lent(&'w Walk),
}

impl From<Walk> for Held<'_> {
    fn from(walk: Walk) -> Self {
        Self::Own(Box::new(walk))
    }
}

impl<'w> From<&'w Walk> for Held<'w> {
    fn from(walk: &'w Walk) -> Self {
        Self::Lent(walk)
    }
}

impl std::ops::Deref for Held<'_> {
    type Target = Walk;

    fn deref(&self) -> &Walk {
        match self {
            Self::Own(walk) => walk,
            Self::Lent(walk) => walk,
        }
    }
}

/// The screen.
#[derive(Debug)]
pub struct App<'w> {
    walk: Held<'w>,
    at: StepId,
    grain: Grain,
    numbers: Numbers,
    depth: Depth,
    focus: PaneId,
    side: PaneId,
    /// The pane that stands in the place of several, because it is wide.
    wide: Option<PaneId>,
    zoom: bool,
    graph: graph::Choice,
    selection: Selection,
    panes: Panes,
    theme: Theme,
    open: Option<overlay::Open>,
    catalogue: Vec<CatalogueEntry>,
    prompt: Prompt,
    /// The number typed so far.
    count: Option<Typed>,
    query: Option<Query>,
    /// A search that takes longer than one key may.
    search: Option<Search>,
    marks: BTreeMap<char, StepId>,
    message: String,
    autoplay: Option<u8>,
    blank: bool,
    mouse: bool,
    /// Live: the cursor goes along with what comes, until the user goes back.
    follows: bool,
    /// Live: steps that were there when the user last looked at the end.
    seen: usize,
    /// Live: pieces that came, and are not in the walk yet.
    piece: Option<Piece>,
    size: (u16, u16),
    scene: Option<Scene>,
}

impl<'w> App<'w> {
    /// The screen on this walk, at its first step of a frame.
    pub fn new(walk: impl Into<Held<'w>>, theme: Theme, catalogue: Vec<CatalogueEntry>) -> Self {
        let walk = walk.into();
        let at = walk.first(Grain::Frame).unwrap_or(StepId(0));
        let mut app = Self {
            walk,
            at,
            grain: Grain::Frame,
            numbers: Numbers::default(),
            depth: Depth::default(),
            focus: PaneId::Ladder,
            side: PaneId::Ends,
            wide: None,
            zoom: false,
            graph: graph::Choice::default(),
            selection: Selection::default(),
            panes: Panes::default(),
            theme,
            open: None,
            catalogue,
            prompt: Prompt::None,
            count: None,
            query: None,
            search: None,
            marks: BTreeMap::new(),
            message: String::new(),
            autoplay: None,
            blank: false,
            mouse: false,
            follows: false,
            seen: 0,
            piece: None,
            size: (80, 24),
            scene: None,
        };
        app.refresh();
        app
    }

    /// The walk.
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// The step.
    pub fn at(&self) -> StepId {
        self.at
    }

    /// The scene, if the walk has any step.
    pub fn scene(&self) -> Option<&Scene> {
        self.scene.as_ref()
    }

    /// Goes to a step, or to the nearest before it of the grain.
    pub fn go(&mut self, at: StepId) {
        let last = self.walk.steps().len().saturating_sub(1);
        let at = StepId(at.0.min(u32::try_from(last).unwrap_or(u32::MAX)));
        let at = match self.walk.step(at) {
            Some(step) if step.grain <= self.grain => at,
            Some(_) => {
                let near = self
                    .walk
                    .next(at, self.grain)
                    .or(self.walk.back(at, self.grain));
                near.unwrap_or(at)
            }
            None => at,
        };
        if at != self.at {
            self.selection.byte = None;
            self.at = at;
        }
        self.refresh();
    }

    /// Shows the steps of this grain.
    pub fn set_grain(&mut self, grain: Grain) {
        self.grain = grain;
        self.go(self.at);
    }

    /// Shows sequence numbers in this way.
    pub fn set_numbers(&mut self, numbers: Numbers) {
        self.numbers = numbers;
        self.refresh();
    }

    /// The cursor goes along with what comes.
    pub fn follow(&mut self) {
        self.follows = true;
        self.seen = self.walk.steps().len();
    }

    /// Takes what came.
    pub fn push(&mut self, coming: Coming) {
        let Held::Own(walk) = &mut self.walk else {
            return;
        };
        match (coming, &mut self.piece) {
            (Coming::Packet(packet), _) => walk.push_packet(packet),
            (Coming::Piece(next), Some(piece)) => piece.join(*next),
            (Coming::Piece(first), none) => *none = Some(*first),
        }
    }

    /// How many records came that are not in the walk yet.
    pub fn waiting(&self) -> usize {
        let piece = self.piece.as_ref();
        piece.map_or(0, |piece| piece.records.len())
    }

    /// Nothing will come any more.
    pub fn finish(&mut self) {
        if let Held::Own(walk) = &mut self.walk {
            walk.finish();
        }
        self.pushed();
    }

    /// After something came: goes along with it, or counts it.
    pub fn pushed(&mut self) {
        self.append();
        if self.follows
            && let Some(last) = self.walk.last(self.grain)
        {
            self.seen = self.walk.steps().len();
            self.go(last);
        } else {
            self.refresh();
        }
    }

    /// Adds the pieces that came to the walk.
    fn append(&mut self) {
        let (Held::Own(walk), Some(piece)) = (&mut self.walk, self.piece.take()) else {
            return;
        };
        let limit = piece.cut_short;
        walk.append(piece);
        if let Some(limit) = limit {
            walk.finish();
            self.say(format!("{limit}: what follows is not shown"));
        }
    }

    /// Replaces the walk.
    pub fn replace(&mut self, walk: Walk) {
        let theme = self.theme;
        let catalogue = std::mem::take(&mut self.catalogue);
        let mouse = self.mouse;
        *self = Self {
            mouse,
            ..Self::new(walk, theme, catalogue)
        };
    }

    /// Shows `text` in place of the hints until the next key.
    pub fn say(&mut self, text: impl Into<String>) {
        self.message = text.into();
    }

    /// Whether digits were typed last, which may be the number of a step.
    pub fn is_counting(&self) -> bool {
        self.count.is_some()
    }

    /// Nothing was typed for a while: the digits so far showed panes, and the next one begins a number of its own.
    pub fn pause(&mut self) {
        self.count = None;
    }

    /// Seconds between steps, while autoplay is on.
    pub fn autoplay(&self) -> Option<u8> {
        self.autoplay
    }

    /// A tick of autoplay: the next step, and off at the end.
    pub fn tick(&mut self) {
        match self.walk.next(self.at, self.grain) {
            Some(next) => self.go(next),
            None => self.autoplay = None,
        }
    }

    /// Changes the look.
    #[cfg(test)]
    pub fn set_theme(&mut self, theme: Theme) {
        self.theme = theme;
    }

    /// Changes what can be opened.
    #[cfg(test)]
    pub fn set_catalogue(&mut self, catalogue: Vec<CatalogueEntry>) {
        self.catalogue = catalogue;
    }

    /// Shows a scene made by hand.
    #[cfg(test)]
    pub fn show(&mut self, scene: Scene) {
        self.at = scene.at;
        self.scene = Some(scene);
    }

    fn refresh(&mut self) {
        self.scene = Scene::look_up(&self.walk, self.at, self.grain, self.numbers);
    }
}
