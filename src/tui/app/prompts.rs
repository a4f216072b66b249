//! What takes keys before the commands do: prompts in the last line, and overlays.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{App, Prompt, Request};
use crate::tui::copy;
use crate::tui::find::{Progress, Query, Search};
use crate::tui::keys::Command;
use crate::tui::overlay::{self, Overlay};

/// How many steps are searched before the screen is drawn anew and keys are heard.
const AT_ONCE: usize = 2000;

impl App<'_> {
    pub(super) fn prompt_key(&mut self, event: &KeyEvent) -> Option<Request> {
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

    pub(super) fn find(&mut self, forward: bool) {
        if self.query.is_none() {
            return self.say("nothing to find yet: / first");
        }
        self.search = Some(Search::new(&self.walk, self.at, self.grain, forward));
        self.search_on();
    }

    /// Whether a search is under way: [`App::search_on`] goes on with it.
    pub fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Goes on with the search for a moment, and says how far it is.
    pub fn search_on(&mut self) {
        let (Some(mut search), Some(query)) = (self.search.take(), &self.query) else {
            return;
        };
        let text = query.describe();
        match search.go_on(query, &self.walk, AT_ONCE) {
            Progress::GoesOn => {
                let percent = search.percent();
                self.message = format!("{text}: {percent} % searched; Esc ends it");
                self.search = Some(search);
            }
            Progress::Nowhere => self.message = query.not_found(),
            Progress::Found(to) => {
                let turned = (to <= search.from()) == search.is_forward();
                self.go(to);
                let turned = if turned { " (from the other end)" } else { "" };
                self.message = format!("{text}{turned}");
            }
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

    pub(super) fn overlay_key(
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
            Overlay::Help | Overlay::Lesson | Overlay::Trace | Overlay::Physical => None,
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
