//! 7 Why: why the step happens, what it changed, and the common mistake that it meets.

use super::{Cx, Depth, Effect, Pane};
use crate::tui::canvas::{Canvas, width, wrap};
use crate::tui::keys::Command;
use crate::tui::theme::Role;

/// How far the text is scrolled.
#[derive(Debug, Default)]
pub struct WhyPane {
    scroll: usize,
}

impl Pane for WhyPane {
    fn title(&self, cx: &Cx<'_>, columns: usize) -> String {
        let depth = match cx.depth {
            Depth::Short => "short > full > RFC",
            Depth::Full => "full > RFC > short",
            Depth::Rfc => "RFC > short > full",
        };
        if cx.zoom {
            "7 Why: short, full, RFC".to_owned()
        } else if columns >= 100 {
            format!("7 Why (e: {depth})")
        } else {
            match cx.depth {
                Depth::Short => "7 Why".to_owned(),
                Depth::Full => "7 Why: full".to_owned(),
                Depth::Rfc => "7 Why: RFC".to_owned(),
            }
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let columns = canvas.width().saturating_sub(2);
        let lines = lines(cx, columns);
        let height = canvas.height();
        let foot = foot(cx, columns, height, height.saturating_sub(lines.len()));
        let room = height.saturating_sub(foot.len());
        let start = self.scroll.min(lines.len().saturating_sub(room));
        let more = lines.len() > start + room;
        for (y, line) in (0..room).zip(&lines[start..]) {
            let is_cut = more && y + 1 == room;
            let line = if is_cut {
                // Where the text is all there is, a word of it is worth more than the hint.
                let mark = if columns < 60 { ".." } else { more_mark(cx) };
                cut(line, columns, mark).trim_start().to_owned()
            } else {
                line.clone()
            };
            canvas.put(1, y, &line, cx.theme.style(Role::Text));
        }
        for (i, line) in foot.iter().enumerate() {
            let y = room + i;
            canvas.put(1, y, &line.text, cx.theme.style(line.role));
            canvas.put_right(
                canvas.width() - 1,
                y,
                &line.right,
                cx.theme.style(Role::Text),
            );
        }
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let most = lines(cx, 20).len();
        self.scroll = match command {
            Command::Up => self.scroll.saturating_sub(1),
            Command::Down => (self.scroll + 1).min(most),
            _ => return None,
        };
        Some(Effect::Done)
    }
}

/// The text at the depth; all depths where the pane stands alone.
fn lines(cx: &Cx<'_>, columns: usize) -> Vec<String> {
    let why = &cx.scene.why;
    // The scenario's own words come first; what is true of every such step follows.
    let noted = format!("{} {}", why.note, why.short);
    let short = noted.trim_start();
    let texts: Vec<&str> = match cx.depth {
        _ if cx.zoom => vec![short, &why.full, &why.rfc],
        Depth::Short => vec![short],
        Depth::Full => vec![&why.note, &why.full],
        Depth::Rfc => vec![&why.rfc],
    };
    let mut lines = Vec::new();
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        if cx.zoom && !lines.is_empty() {
            lines.push(String::new());
        }
        // Paragraphs are kept; all else that is no plain character is written out.
        let words = text.lines();
        lines.extend(words.flat_map(|line| wrap(&cx.theme.safe(line), columns)));
    }
    lines
}

/// More follows, and how it is seen.
fn more_mark(cx: &Cx<'_>) -> &'static str {
    if cx.zoom { ".." } else { ".. (7 z: all)" }
}

/// The line with a mark (`..`) after the last word that leaves room for it: more follows.
fn cut(line: &str, columns: usize, mark: &str) -> String {
    let mut line = line;
    while width(line) + 1 + width(mark) > columns
        && let Some((before, _)) = line.rsplit_once(' ')
    {
        line = before;
    }
    format!("{line} {mark}")
}

/// A line at the foot: words on the left, and some on the right.
struct FootLine {
    text: String,
    role: Role,
    right: String,
}

/// So many lines have room for a line of each at the foot, whatever the text needs.
const ROOM_FOR_FOOT: usize = 5;

/// What changed, the common mistake and the source, in the `room` lines that the text leaves of `height`.
fn foot(cx: &Cx<'_>, columns: usize, height: usize, room: usize) -> Vec<FootLine> {
    let why = &cx.scene.why;
    let mut texts = Vec::new();
    if !why.changed.is_empty() {
        let text = format!("* changed: {}", cx.theme.safe(&why.changed));
        texts.push((text, Role::Changed));
    }
    if let Some(mistake) = why.misconception {
        let text = format!("Common mistake: \"{}\". {}", mistake.idea, mistake.fact);
        texts.push((text, Role::Text));
    }
    // Who asks for more of the text wants it first.
    let least = if height >= ROOM_FOR_FOOT && cx.depth == Depth::Short {
        texts.len()
    } else {
        0
    };
    let room = room.max(least);
    texts.truncate(room);
    // One line for each, and what is left for those that need another.
    let mut spare = room - texts.len();
    let mut lines = Vec::new();
    for (text, role) in texts {
        let mut wrapped = wrap(&text, columns);
        let shown = wrapped.len().min(1 + spare);
        spare -= shown.saturating_sub(1);
        if wrapped.len() > shown {
            wrapped.truncate(shown);
            if let Some(last) = wrapped.last_mut() {
                *last = cut(last, columns, more_mark(cx));
            }
        }
        lines.extend(wrapped.into_iter().map(|text| FootLine {
            text,
            role,
            right: String::new(),
        }));
    }
    put_source(&mut lines, source(cx, columns), columns, room);
    lines
}

fn source(cx: &Cx<'_>, columns: usize) -> String {
    // `RFC 9293 3.4`: the numbers alone say that they are paragraphs.
    let cite = cx
        .theme
        .safe(&cx.scene.why.cite.replace('§', ""))
        .into_owned();
    // There is nothing more after the RFC, nor where all is shown.
    let is_all = cx.zoom || cx.depth == Depth::Rfc;
    match (columns >= 100 || is_all, cite.is_empty()) {
        (true, _) => cite,
        (false, true) => "e more".to_owned(),
        (false, false) => format!("e more: {cite}"),
    }
}

/// Puts the source on the first line that has room for it, or on one of its own where there is one.
fn put_source(lines: &mut Vec<FootLine>, source: String, columns: usize, room: usize) {
    let has_room = |line: &&mut FootLine| width(&line.text) + 3 + width(&source) <= columns;
    if let Some(line) = lines.iter_mut().find(has_room) {
        line.right = source;
    } else if lines.len() < room {
        let line = FootLine {
            text: String::new(),
            role: Role::Text,
            right: source,
        };
        lines.insert(0, line);
    }
}
