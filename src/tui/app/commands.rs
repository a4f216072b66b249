//! Keys and commands: the one place where effects are applied.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use ratatui::layout::Rect;

use super::{App, Prompt, Request, Typed};
use crate::tui::keys::{self, Command};
use crate::tui::overlay::{self, Overlay};
use crate::tui::panes::{Depth, Effect, PaneId};
use crate::tui::theme::{self, Ground};
use crate::walk::step::{Grain, StepId};
use crate::walk::view::Numbers;

/// Seconds between steps that autoplay offers.
const PACES: [u8; 3] = [4, 2, 1];

impl App<'_> {
    /// Remembers the size of the screen.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
    }

    /// Takes a key. Only a press and its repetitions act.
    pub fn key(&mut self, event: &KeyEvent) -> Option<Request> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let had_message = !std::mem::take(&mut self.message).is_empty();
        let binding = keys::find(event);
        let command = binding.map(|binding| binding.command);
        if command == Some(Command::Kill) {
            return Some(Request::Quit);
        }
        // Whatever is pressed ends a search; Esc does nothing else.
        if self.search.take().is_some() && command == Some(Command::Leave) {
            self.say("the search was ended");
            return None;
        }
        if self.blank {
            self.blank = false;
            return None;
        }
        if self.prompt != Prompt::None {
            return self.prompt_key(event);
        }
        if let Some(open) = self.open.take() {
            return self.overlay_key(open, event, command);
        }
        // Esc takes away what was said, and only then leaves.
        if had_message && command == Some(Command::Leave) {
            return None;
        }
        if self.digit(event) {
            return None;
        }
        let count = self.count.take();
        if let (Some(Command::Last), Some(typed)) = (command, count) {
            (self.focus, self.side, self.wide) = (typed.focus, typed.side, typed.wide);
            self.go_to_number(typed.number);
            return None;
        }
        self.command(command?)
    }

    /// Does what a command asks for.
    pub fn command(&mut self, command: Command) -> Option<Request> {
        let before = self.at;
        let request = self.apply_command(command);
        if self.at < before && self.seen > 0 {
            self.follows = false;
        }
        request
    }

    fn apply_command(&mut self, command: Command) -> Option<Request> {
        match command {
            Command::Next => self.go_if(self.walk.next(self.at, self.grain)),
            Command::Back => self.go_if(self.walk.back(self.at, self.grain)),
            Command::PhaseNext => self.go_if(self.walk.next_phase(self.at)),
            Command::PhaseBack => self.phase_back(),
            Command::SameEndNext => {
                self.go_if(self.walk.next_of_endpoint(self.at, self.grain));
            }
            Command::SameEndBack => {
                self.go_if(self.walk.previous_of_endpoint(self.at, self.grain));
            }
            Command::First => self.go_if(self.walk.first(self.grain)),
            Command::Last => self.go_last(),
            Command::Finer => self.change_grain(1),
            Command::Coarser => self.change_grain(-1),
            Command::PaneNext => self.next_pane(1),
            Command::PaneBack => self.next_pane(-1),
            Command::Pane(digit) => self.show_pane(digit),
            Command::Zoom => self.zoom = !self.zoom,
            Command::Up | Command::Down | Command::Open => self.pane_command(self.focus, command),
            Command::Left | Command::Right if self.focus == PaneId::Graphs => {
                self.pane_command(PaneId::Graphs, command);
            }
            Command::Left | Command::Right => self.pane_command(PaneId::Bytes, command),
            Command::OtherWay => self.choose_graph(|app| app.graph.reverse = !app.graph.reverse),
            Command::Hold => self.choose_graph(Self::hold_next),
            Command::LayOver => self.choose_graph(Self::lay_next_over),
            Command::Find => self.prompt = Prompt::Find(String::new()),
            Command::FindNext => self.find(true),
            Command::FindBack => self.find(false),
            Command::Mark => self.prompt = Prompt::Mark,
            Command::ToMark => self.prompt = Prompt::ToMark,
            Command::Copy => self.prompt = Prompt::Copy,
            Command::Numbers => self.set_numbers(match self.numbers {
                Numbers::Relative => Numbers::Raw,
                Numbers::Raw => Numbers::Relative,
            }),
            Command::Depth => self.next_depth(),
            Command::Autoplay => self.next_pace(),
            Command::Blank => self.blank = true,
            Command::Projector => self.theme.projector = !self.theme.projector,
            Command::Theme => self.next_theme(),
            Command::Mouse => return Some(self.toggle_mouse()),
            Command::Lesson => self.open = Some(overlay::Open::new(Overlay::Lesson)),
            Command::Catalogue => self.open = Some(overlay::Open::new(Overlay::Catalogue)),
            Command::Palette => self.open = Some(overlay::Open::new(Overlay::Palette)),
            Command::Help => self.open = Some(overlay::Open::new(Overlay::Help)),
            Command::Suspend => return Some(Request::Suspend),
            Command::Leave | Command::Quit if self.zoom => self.zoom = false,
            Command::Leave | Command::Quit | Command::Kill => return Some(Request::Quit),
        }
        None
    }

    fn go_if(&mut self, to: Option<StepId>) {
        match to {
            Some(to) => self.go(to),
            None => self.say("no further step there"),
        }
    }

    fn phase_back(&mut self) {
        // The first step of a phase may be finer than the grain: then the walk would stay where it is.
        let to = self.walk.previous_phase(self.at);
        let before = self.at;
        self.go_if(to);
        if self.at >= before
            && let Some(to) = to.and_then(|to| self.walk.previous_phase(to))
        {
            self.go(to);
        }
    }

    fn go_last(&mut self) {
        if self.seen > 0 {
            self.follows = true;
            self.seen = self.walk.steps().len();
        }
        self.go_if(self.walk.last(self.grain));
    }

    /// Goes to the step with this number among those of the grain.
    fn go_to_number(&mut self, number: u32) {
        let wanted = (number.max(1) - 1) as usize;
        let mut stops = (0u32..)
            .zip(self.walk.steps())
            .filter(|(_, step)| step.grain <= self.grain);
        match stops.nth(wanted).map(|(id, _)| StepId(id)) {
            Some(to) => self.go(to),
            None => self.say(format!("there is no step {number}")),
        }
    }

    fn change_grain(&mut self, by: i8) {
        let grains = [Grain::Message, Grain::Frame, Grain::Layer];
        let here = grains
            .iter()
            .position(|grain| *grain == self.grain)
            .unwrap_or(1);
        let to = here
            .saturating_add_signed(isize::from(by))
            .min(grains.len() - 1);
        self.set_grain(grains[to]);
        self.say(match grains[to] {
            Grain::Message => "steps are messages (+ finer)",
            Grain::Frame => "steps are frames (+ finer, - coarser)",
            Grain::Layer => "steps are layers (- coarser)",
        });
    }

    /// A digit shows its pane, and may be the beginning of the number of a step.
    fn digit(&mut self, event: &KeyEvent) -> bool {
        let KeyCode::Char(c) = event.code else {
            return false;
        };
        let Some(digit) = c.to_digit(10) else {
            return false;
        };
        if !event.modifiers.is_empty() {
            return false;
        }
        let typed = self.count.unwrap_or(Typed {
            number: 0,
            focus: self.focus,
            side: self.side,
            wide: self.wide,
        });
        self.count = Some(Typed {
            number: typed.number.saturating_mul(10).saturating_add(digit),
            ..typed
        });
        if let Some(binding) = keys::find(event) {
            self.command(binding.command);
        }
        true
    }

    fn show_pane(&mut self, digit: u8) {
        let again = self.focus.digit() == digit && self.focus == PaneId::Fields;
        let found = PaneId::ALL.into_iter().find(|id| id.digit() == digit);
        self.focus_on(if again {
            PaneId::Bytes
        } else {
            found.unwrap_or(self.focus)
        });
    }

    /// Gives a pane the focus; one that is not shown takes the place beside the ladder.
    fn focus_on(&mut self, id: PaneId) {
        let plan = self.plan(Rect::new(0, 0, self.size.0, self.size.1));
        let is_shown = plan.panes.iter().any(|(shown, _)| *shown == id);
        self.focus = id;
        if id.is_wide() {
            self.wide = Some(id);
        } else if self.zoom || !is_shown {
            self.wide = None;
        }
        if matches!(
            id,
            PaneId::Map | PaneId::Layers | PaneId::Ends | PaneId::Seq
        ) {
            self.side = id;
        }
    }

    /// The next pane of those on the screen; of all where one is shown at a time.
    fn next_pane(&mut self, by: isize) {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let plan = self.plan(area);
        let shown: Vec<PaneId> = match plan.panes.len() {
            0..=2 => PaneId::ALL.to_vec(),
            _ => plan.panes.iter().map(|(id, _)| *id).collect(),
        };
        let len = shown.len() as isize;
        let here = shown.iter().position(|id| *id == self.focus).unwrap_or(0) as isize;
        self.focus_on(shown[(here + by).rem_euclid(len) as usize]);
    }

    fn pane_command(&mut self, id: PaneId, command: Command) {
        let large = self.plan(Rect::new(0, 0, self.size.0, self.size.1)).large;
        let mut panes = std::mem::take(&mut self.panes);
        let effect = self
            .with_cx(large, |cx| panes.get_mut(id).handle(cx, command))
            .flatten();
        self.panes = panes;
        match effect {
            None | Some(Effect::Done) => {}
            Some(Effect::Go(to)) => self.go(to),
            Some(Effect::Select(selection)) => self.selection = selection,
            Some(Effect::Focus(id)) => self.focus_on(id),
            Some(Effect::SelectAndFocus(selection, id)) => {
                self.selection = selection;
                self.focus_on(id);
            }
            Some(Effect::Open(what)) => self.open = Some(overlay::Open::new(what)),
        }
    }

    /// Changes what the graphs show, and shows them.
    fn choose_graph(&mut self, change: impl FnOnce(&mut Self)) {
        self.focus_on(PaneId::Graphs);
        change(self);
    }

    fn hold_next(&mut self) {
        self.graph.held = self.walk.next_connection(self.graph.held);
        self.say(match self.graph.held {
            Some(flow) => format!(
                "the graphs stay at TCP connection {} (f the next)",
                flow.0 + 1
            ),
            None => "the graphs follow the step's own connection".to_owned(),
        });
    }

    /// The next connection but the one that is shown, which stays: else both would be the same one at another step.
    fn lay_next_over(&mut self) {
        let shown = self.walk.graphs(self.at, self.grain, self.graph);
        let shown = shown.map(|graphs| graphs.flow);
        let mut next = self.walk.next_connection(self.graph.beside);
        if next.is_some() && next == shown {
            next = self.walk.next_connection(next);
        }
        self.graph.beside = next;
        self.graph.held = next.and(shown);
        self.say(match next {
            Some(_) => "o another connection, in the graphs of windows and cwnd (o the next)",
            None if self.walk.next_connection(shown).is_none()
                && self.walk.next_connection(None) == shown =>
            {
                "there is no other connection to lay over this one"
            }
            None => "no other connection is laid over",
        });
    }

    fn next_depth(&mut self) {
        self.depth = match self.depth {
            Depth::Short => Depth::Full,
            Depth::Full => Depth::Rfc,
            Depth::Rfc => Depth::Short,
        };
    }

    fn next_pace(&mut self) {
        self.autoplay = match self.autoplay {
            None => Some(PACES[0]),
            Some(pace) => PACES.into_iter().find(|next| *next < pace),
        };
        self.say(match self.autoplay {
            Some(pace) => format!("autoplay: a step every {pace} s (p faster, then off)"),
            None => "autoplay is off".to_owned(),
        });
    }

    fn next_theme(&mut self) {
        let theme = &mut self.theme;
        let name = match (theme.depth, theme.ground) {
            (theme::Depth::None, _) => "no colour, as NO_COLOR asks",
            (_, Ground::Dark) => {
                theme.ground = Ground::Light;
                "for a light background"
            }
            (_, Ground::Light) => {
                theme.ground = Ground::Dark;
                "for a dark background"
            }
        };
        self.say(format!("theme: {name}"));
    }

    fn toggle_mouse(&mut self) -> Request {
        self.mouse = !self.mouse;
        let text = if self.mouse {
            "mouse on: wheel steps, click chooses a pane"
        } else {
            "mouse off"
        };
        self.say(text);
        Request::Mouse(self.mouse)
    }

    /// A click gives the pane there the focus.
    pub fn click(&mut self, x: u16, y: u16) {
        if self.open.is_some() {
            return;
        }
        let plan = self.plan(Rect::new(0, 0, self.size.0, self.size.1));
        let hit = plan
            .panes
            .iter()
            .find(|(_, rect)| rect.contains((x, y).into()));
        if let Some((id, _)) = hit {
            self.focus_on(*id);
        }
    }
}
