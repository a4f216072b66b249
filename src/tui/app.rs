//! The screen's state, and the one place where keys and effects change it.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::bars;
use super::canvas::Canvas;
use super::copy;
use super::find::Query;
use super::keys::{self, Command};
use super::overlay::{self, Overlay};
use super::panes::{Cx, Depth, Effect, PaneId, Panes};
use super::plan::{Plan, Wish, plan};
use super::scene::Scene;
use super::select::{self, Chosen, Selection};
use super::theme::{self, Ground, Role, Theme};
use crate::capture::packet::Packet;
use crate::walk::Walk;
use crate::walk::step::{Grain, StepId};
use crate::walk::view::Numbers;

/// A built-in walk, as the catalogue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
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

/// A walk that is the screen's own, or one that is only looked at.
#[derive(Debug)]
pub enum Held<'w> {
    /// Its own: packets can be added.
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
    zoom: bool,
    selection: Selection,
    panes: Panes,
    theme: Theme,
    open: Option<overlay::Open>,
    catalogue: Vec<CatalogueEntry>,
    prompt: Prompt,
    /// The number typed so far, and the focus and side before its digits showed panes.
    count: Option<(u32, PaneId, PaneId)>,
    query: Option<Query>,
    marks: BTreeMap<char, StepId>,
    message: String,
    autoplay: Option<u8>,
    blank: bool,
    mouse: bool,
    /// Live: the cursor goes along with what comes, until the user goes back.
    follows: bool,
    /// Live: steps that were there when the user last looked at the end.
    seen: usize,
    size: (u16, u16),
    scene: Option<Scene>,
}

/// Seconds between steps that autoplay offers.
const PACES: [u8; 3] = [4, 2, 1];

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
            zoom: false,
            selection: Selection::default(),
            panes: Panes::default(),
            theme,
            open: None,
            catalogue,
            prompt: Prompt::None,
            count: None,
            query: None,
            marks: BTreeMap::new(),
            message: String::new(),
            autoplay: None,
            blank: false,
            mouse: false,
            follows: false,
            seen: 0,
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

    /// The cursor goes along with the packets that come.
    pub fn follow(&mut self) {
        self.follows = true;
        self.seen = self.walk.steps().len();
    }

    /// Takes a packet of a live capture.
    pub fn push(&mut self, packet: Packet) {
        if let Held::Own(walk) = &mut self.walk {
            walk.push_packet(packet);
        }
    }

    /// After packets came: goes along with them, or counts them.
    pub fn pushed(&mut self) {
        if self.follows
            && let Some(last) = self.walk.last(self.grain)
        {
            self.seen = self.walk.steps().len();
            self.go(last);
        } else {
            self.refresh();
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

/// Drawing.
impl App<'_> {
    /// Draws the whole screen.
    pub fn draw(&self, buffer: &mut Buffer) {
        if !self.blank {
            self.draw_screen(buffer);
        }
        self.theme.finish(buffer);
    }

    fn plan(&self, area: Rect) -> Plan {
        let wish = Wish {
            focus: self.focus,
            side: self.side,
            zoom: self.zoom,
        };
        plan(area.width, area.height, wish)
    }

    fn draw_screen(&self, buffer: &mut Buffer) {
        let area = buffer.area;
        let plan = self.plan(area);
        let Some(scene) = &self.scene else {
            return self.draw_empty(buffer, &plan);
        };
        let hints_on_top = plan.hints_on_top;
        let extra = self.extra();
        let mut top = Canvas::new(buffer, plan.title);
        bars::title(
            &mut top,
            &self.theme,
            scene,
            self.numbers,
            hints_on_top,
            &extra,
        );
        bars::phases(&mut Canvas::new(buffer, plan.phases), &self.theme, scene);
        self.with_cx(plan.large, |cx| match &self.open {
            Some(open) => self.draw_overlay(buffer, &plan, open, Some(cx)),
            None => self.draw_panes(buffer, &plan, cx),
        });
        self.draw_footer(buffer, &plan);
    }

    /// What the title says beside the step: new steps of a live capture, autoplay.
    fn extra(&self) -> String {
        let new = self.walk.steps().len().saturating_sub(self.seen);
        match self.autoplay {
            _ if !self.follows && self.seen > 0 && new > 0 => format!("+{new} new (G)"),
            Some(pace) => format!("auto {pace} s"),
            None => String::new(),
        }
    }

    fn draw_empty(&self, buffer: &mut Buffer, plan: &Plan) {
        let area = buffer.area;
        let mut canvas = Canvas::new(buffer, area);
        let text = " no frames yet";
        canvas.put(0, 0, text, self.theme.style(Role::Strong));
        if let Some(open) = &self.open {
            self.draw_overlay(buffer, plan, open, None);
        }
        self.draw_footer(buffer, plan);
    }

    fn draw_panes(&self, buffer: &mut Buffer, plan: &Plan, cx: &Cx<'_>) {
        let area = buffer.area;
        bars::rules(&mut Canvas::new(buffer, area), &self.theme, plan);
        for &(id, rect) in &plan.panes {
            let pane = self.panes.get(id);
            let has_rule = plan.rules.iter().any(|&(y, ..)| y + 1 == rect.y);
            if has_rule {
                let title = pane.title(cx, usize::from(rect.width));
                let mut canvas = Canvas::new(buffer, area);
                bars::pane_title(&mut canvas, &self.theme, rect, &title, id == self.focus);
            }
            pane.draw(cx, &mut Canvas::new(buffer, rect));
        }
    }

    fn draw_overlay(
        &self,
        buffer: &mut Buffer,
        plan: &Plan,
        open: &overlay::Open,
        cx: Option<&Cx<'_>>,
    ) {
        let area = buffer.area;
        let (top, end) = overlay_rows(area, plan);
        let rule = Rect::new(0, top, area.width, 1);
        let line = "─".repeat(usize::from(area.width));
        Canvas::new(buffer, rule).put(0, 0, &line, self.theme.style(Role::Rule));
        let title = self
            .theme
            .fit(&open.title(), usize::from(area.width).saturating_sub(4));
        Canvas::new(buffer, rule).put(2, 0, &title, self.theme.style(Role::Focus));
        let body = Rect::new(0, top + 1, area.width, end.saturating_sub(top + 1));
        let mut canvas = Canvas::new(buffer, body);
        open.draw(cx, &self.theme, &self.catalogue, &mut canvas);
    }

    fn draw_footer(&self, buffer: &mut Buffer, plan: &Plan) {
        if plan.footer.is_empty() {
            return;
        }
        let mut canvas = Canvas::new(buffer, plan.footer);
        let text = match &self.prompt {
            Prompt::None if self.message.is_empty() => {
                return bars::hints(&mut canvas, &self.theme, !plan.hints_on_top);
            }
            Prompt::None => self.message.clone(),
            Prompt::Find(text) => format!("/{text}_"),
            Prompt::Mark => "mark: a letter".to_owned(),
            Prompt::ToMark => {
                let letters: Vec<String> = self.marks.keys().map(char::to_string).collect();
                format!("go to mark: {}", letters.join(" "))
            }
            Prompt::Copy => "copy: f field  h hex  d display filter".to_owned(),
        };
        let columns = canvas.width().saturating_sub(1);
        canvas.put(
            1,
            0,
            &self.theme.fit(&text, columns),
            self.theme.style(Role::Strong),
        );
    }

    /// Runs `f` with what panes draw from; not at all if the walk has no step.
    fn with_cx<R>(&self, large: bool, f: impl FnOnce(&Cx<'_>) -> R) -> Option<R> {
        let scene = self.scene.as_ref()?;
        let rows = select::rows(scene, &self.selection, self.numbers);
        let chosen = Chosen::look_up(&self.walk, scene, &rows, &self.selection);
        Some(f(&Cx {
            scene,
            rows: &rows,
            chosen: chosen.as_ref(),
            selection: &self.selection,
            theme: &self.theme,
            numbers: self.numbers,
            depth: self.depth,
            focus: self.focus,
            large,
        }))
    }
}

/// The rows of an overlay: its rule, and the one after its last.
fn overlay_rows(area: Rect, plan: &Plan) -> (u16, u16) {
    let top = plan.title.height + plan.phases.height;
    let end = if plan.footer.is_empty() {
        area.height
    } else {
        plan.footer.y
    };
    (top.min(area.height), end.max(top))
}

/// Keys.
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
        self.message.clear();
        let binding = keys::find(event);
        let command = binding.map(|binding| binding.command);
        if command == Some(Command::Kill) {
            return Some(Request::Quit);
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
        if self.digit(event) {
            return None;
        }
        let count = self.count.take();
        if let (Some(Command::Last), Some((number, focus, side))) = (command, count) {
            (self.focus, self.side) = (focus, side);
            self.go_to_number(number);
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
            Command::Left | Command::Right => self.pane_command(PaneId::Bytes, command),
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
        let (number, focus, side) = self.count.unwrap_or((0, self.focus, self.side));
        self.count = Some((number.saturating_mul(10).saturating_add(digit), focus, side));
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
        self.focus = id;
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

/// Prompts and overlays.
impl App<'_> {
    fn prompt_key(&mut self, event: &KeyEvent) -> Option<Request> {
        let prompt = std::mem::take(&mut self.prompt);
        let letter = match event.code {
            KeyCode::Char(c) if !event.modifiers.contains(KeyModifiers::CONTROL) => Some(c),
            _ => None,
        };
        match (prompt, letter) {
            (Prompt::Find(text), _) => self.find_key(text, event, letter),
            (Prompt::Mark, Some(c)) => {
                self.marks.insert(c, self.at);
                self.say(format!("marked {c}; '{c} comes back here"));
            }
            (Prompt::ToMark, Some(c)) => match self.marks.get(&c) {
                Some(&to) => self.go(to),
                None => self.say(format!("no mark {c}")),
            },
            (Prompt::Copy, Some(c)) => return self.copy(c),
            (Prompt::Mark | Prompt::ToMark | Prompt::Copy | Prompt::None, _) => {}
        }
        None
    }

    fn find_key(&mut self, mut text: String, event: &KeyEvent, letter: Option<char>) {
        match event.code {
            KeyCode::Enter => {
                if !text.is_empty() {
                    self.query = Some(Query::new(&text));
                }
                self.find(true);
            }
            KeyCode::Esc => {}
            KeyCode::Backspace => {
                text.pop();
                self.prompt = Prompt::Find(text);
            }
            _ => {
                text.extend(letter);
                self.prompt = Prompt::Find(text);
            }
        }
    }

    fn find(&mut self, forward: bool) {
        let Some(query) = &self.query else {
            return self.say("nothing to find yet: / first");
        };
        let found = query.find(&self.walk, self.at, self.grain, forward);
        let text = query.describe();
        match found {
            Some(to) => {
                let turned = (to <= self.at) == forward;
                self.go(to);
                self.say(if turned {
                    format!("{text} (from the other end)")
                } else {
                    text
                });
            }
            None => self.say(format!("not found: {text}")),
        }
    }

    fn copy(&mut self, what: char) -> Option<Request> {
        let text = self.with_cx(false, |cx| match what {
            'f' | 'y' => copy::field(cx),
            'h' => copy::hex(cx),
            'd' => copy::filter(cx),
            _ => None,
        });
        match text.flatten() {
            Some(text) => {
                self.say(format!("copied: {text}"));
                Some(Request::Copy(text))
            }
            None => {
                self.say("nothing to copy");
                None
            }
        }
    }

    fn overlay_key(
        &mut self,
        mut open: overlay::Open,
        event: &KeyEvent,
        command: Option<Command>,
    ) -> Option<Request> {
        if open.what == Overlay::Palette {
            match event.code {
                KeyCode::Char(c) if event.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
                    open.input.push(c);
                    open.at = 0;
                    self.open = Some(open);
                    return None;
                }
                KeyCode::Backspace => {
                    open.input.pop();
                    self.open = Some(open);
                    return None;
                }
                _ => {}
            }
        }
        match command {
            Some(Command::Leave | Command::Quit) => None,
            Some(Command::Help) if open.what == Overlay::Help => None,
            Some(Command::Open) => self.overlay_enter(&open),
            Some(Command::Suspend) => {
                self.open = Some(open);
                Some(Request::Suspend)
            }
            Some(command) => {
                self.overlay_move(open, command);
                None
            }
            None => {
                self.open = Some(open);
                None
            }
        }
    }

    fn overlay_enter(&mut self, open: &overlay::Open) -> Option<Request> {
        match open.what {
            Overlay::Palette => {
                let command = open.matches().nth(open.at).map(|binding| binding.command)?;
                self.command(command)
            }
            Overlay::Catalogue => self
                .catalogue
                .get(open.at)
                .map(|entry| Request::Open(entry.name.clone())),
            Overlay::Help | Overlay::Trace | Overlay::Physical => None,
        }
    }

    /// Moves within the overlay; steps go on under those that show the step.
    fn overlay_move(&mut self, mut open: overlay::Open, command: Command) {
        let of_step = matches!(open.what, Overlay::Trace | Overlay::Physical);
        if of_step && !matches!(command, Command::Up | Command::Down) {
            let moves = matches!(
                command,
                Command::Next
                    | Command::Back
                    | Command::Left
                    | Command::Right
                    | Command::First
                    | Command::Last
                    | Command::PhaseBack
                    | Command::PhaseNext
                    | Command::Numbers
            );
            if moves {
                self.command(command);
            }
            self.open = Some(open);
            return;
        }
        let page = usize::from(self.size.1.saturating_sub(6)).max(1);
        let (width, large) = (usize::from(self.size.0), self.size.0 >= 118);
        let lines = self
            .with_cx(large, |cx| {
                open.lines(Some(cx), &self.catalogue, width).len()
            })
            .unwrap_or_else(|| open.lines(None, &self.catalogue, width).len());
        let most = match open.is_list() {
            true => lines.saturating_sub(1),
            false => lines.saturating_sub(page.min(lines)),
        };
        open.at = match command {
            Command::Up => open.at.saturating_sub(1),
            Command::Down => open.at + 1,
            Command::Back => open.at.saturating_sub(page),
            Command::Next => open.at + page,
            Command::First => 0,
            Command::Last => most,
            _ => open.at,
        }
        .min(most);
        self.open = Some(open);
    }
}
