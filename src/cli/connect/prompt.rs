//! A line to type on, below what is printed: nothing that is printed goes through what is being typed.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::thread;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use futures_util::StreamExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use unicode_width::UnicodeWidthChar as _;

use crate::base::text::is_unsafe;

/// What stands before what is typed.
const SIGN: &str = "> ";

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A line is done.
    Line(String),
    /// There will be no more: Ctrl-C, Ctrl-D, or the terminal is gone.
    End,
}

/// The lines of standard input, where it is a pipe or a file: commands that were written before.
pub fn piped() -> Option<UnboundedReceiver<String>> {
    // a terminal, or /dev/null, has none
    let kind = std::fs::metadata("/dev/stdin").ok()?.file_type();
    if !(kind.is_fifo() || kind.is_file() || kind.is_socket()) {
        return None;
    }
    let (sender, lines) = unbounded_channel();
    // it may wait for ever, and is left alone then
    thread::spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        for line in lines {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    Some(lines)
}

/// The line, on a terminal in raw mode as long as this lives.
pub struct Prompt {
    keys: EventStream,
    line: Line,
}

impl Prompt {
    /// A prompt, if that is `wanted` and a person is there.
    pub fn open(wanted: bool) -> Option<Self> {
        let has_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        if !wanted || !has_terminal || terminal::enable_raw_mode().is_err() {
            return None;
        }
        let prompt = Self {
            keys: EventStream::new(),
            line: Line::default(),
        };
        // Where it cannot be drawn, it is not needed.
        prompt.draw().ok();
        Some(prompt)
    }

    /// What is typed next. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Typed {
        loop {
            let typed = match self.keys.next().await {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    self.line.press(key)
                }
                Some(Ok(Event::Paste(text))) => {
                    text.chars().for_each(|c| self.line.insert(c));
                    None
                }
                Some(Ok(_)) => None,
                Some(Err(_)) | None => Some(Typed::End),
            };
            self.draw().ok();
            if let Some(typed) = typed {
                return typed;
            }
        }
    }

    /// Prints a line above the one that is being typed.
    ///
    /// # Errors
    /// If the reader is gone.
    pub fn print_above(&self, line: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        write!(out, "\r\x1b[K{line}\r\n")?;
        drop(out);
        self.draw()
    }

    fn draw(&self) -> io::Result<()> {
        let columns = terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let (shown, cursor) = self.line.window(columns.saturating_sub(SIGN.len() + 1));
        let column = SIGN.len() + cursor + 1;
        let mut out = io::stdout().lock();
        write!(out, "\r\x1b[K{SIGN}{shown}\x1b[{column}G")?;
        out.flush()
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        // The terminal is given back as far as it can be.
        let mut out = io::stdout().lock();
        let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
        let _ = terminal::disable_raw_mode();
    }
}

/// What is being typed, and what was typed before.
#[derive(Debug, Default)]
struct Line {
    text: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// How far back in the history it looks; 0: at what is new.
    back: usize,
}

impl Line {
    fn press(&mut self, key: KeyEvent) -> Option<Typed> {
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if with_control => return Some(Typed::End),
            KeyCode::Char('d') if with_control && self.text.is_empty() => return Some(Typed::End),
            KeyCode::Char('u') if with_control => {
                self.text.drain(..std::mem::take(&mut self.cursor));
            }
            KeyCode::Char('k') if with_control => self.text.truncate(self.cursor),
            KeyCode::Char('w') if with_control => self.erase_word(),
            KeyCode::Char('a') if with_control => self.cursor = 0,
            KeyCode::Char('e') if with_control => self.cursor = self.text.len(),
            KeyCode::Char(c) if !with_control => self.insert(c),
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Up => self.recall(self.back + 1),
            KeyCode::Down => self.recall(self.back.saturating_sub(1)),
            KeyCode::Enter => return Some(Typed::Line(self.take())),
            _ => {}
        }
        None
    }

    fn insert(&mut self, c: char) {
        if !is_unsafe(c) {
            self.text.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    fn erase_word(&mut self) {
        let before = &self.text[..self.cursor];
        let word_end = before
            .iter()
            .rposition(|c| *c != ' ')
            .map_or(0, |at| at + 1);
        let start = before[..word_end]
            .iter()
            .rposition(|c| *c == ' ')
            .map_or(0, |at| at + 1);
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    fn recall(&mut self, back: usize) {
        if back > self.history.len() {
            return;
        }
        self.back = back;
        let text = match back {
            0 => "",
            back => &self.history[self.history.len() - back],
        };
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    fn take(&mut self) -> String {
        let text: String = std::mem::take(&mut self.text).into_iter().collect();
        self.cursor = 0;
        self.back = 0;
        if !text.trim().is_empty() && self.history.last() != Some(&text) {
            self.history.push(text.clone());
        }
        text
    }

    /// The part that is shown on so many columns, the cursor in it, and the cursor's column.
    fn window(&self, columns: usize) -> (String, usize) {
        let width = |c: &char| c.width().unwrap_or(0);
        let mut start = 0;
        let mut cursor: usize = self.text[..self.cursor].iter().map(width).sum();
        while cursor > columns && start < self.cursor {
            cursor -= width(&self.text[start]);
            start += 1;
        }
        let mut left = columns;
        let shown = self.text[start..].iter().take_while(|c| {
            let fits = width(c) <= left;
            left = left.saturating_sub(width(c));
            fits
        });
        (shown.collect(), cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &mut Line, text: &str) {
        text.chars().for_each(|c| line.insert(c));
    }

    fn press(line: &mut Line, code: KeyCode) -> Option<Typed> {
        line.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn control(line: &mut Line, c: char) -> Option<Typed> {
        line.press(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
    }

    #[test]
    fn a_line_is_edited_and_recalled() {
        let mut line = Line::default();
        typed(&mut line, "emit a\x1b");
        press(&mut line, KeyCode::Left);
        press(&mut line, KeyCode::Backspace);
        typed(&mut line, " é");
        assert_eq!(
            press(&mut line, KeyCode::Enter),
            Some(Typed::Line("emit éa".into()))
        );
        typed(&mut line, "one two  ");
        control(&mut line, 'w');
        assert_eq!(line.text.iter().collect::<String>(), "one ");
        press(&mut line, KeyCode::Home);
        press(&mut line, KeyCode::Delete);
        control(&mut line, 'k');
        assert_eq!(line.text, []);
        press(&mut line, KeyCode::Up);
        assert_eq!(line.text.iter().collect::<String>(), "emit éa");
        press(&mut line, KeyCode::Up);
        press(&mut line, KeyCode::Down);
        assert_eq!(line.text, []);
        assert_eq!(control(&mut line, 'd'), Some(Typed::End));
    }

    #[test]
    fn a_long_line_moves_under_the_cursor() {
        let mut line = Line::default();
        typed(&mut line, "0123456789");
        assert_eq!(line.window(20), ("0123456789".into(), 10));
        assert_eq!(line.window(4), ("6789".into(), 4));
        press(&mut line, KeyCode::Home);
        assert_eq!(line.window(4), ("0123".into(), 0));
        line = Line::default();
        typed(&mut line, "日本語");
        assert_eq!(line.window(4), ("本語".into(), 4));
    }
}
