//! The lines around the panes: title, phases, rules and hints.

use ratatui::layout::Rect;

use super::canvas::{Canvas, fit, width};
use super::keys;
use super::plan::Plan;
use super::scene::Scene;
use super::theme::{Role, Theme};
use super::words;
use crate::walk::view::{Numbers, Source};

/// A piece of a line: the lower its rank, the later it goes as the width shrinks.
struct Piece {
    text: String,
    role: Role,
    rank: u8,
    /// Blanks before it where there is room.
    gap: usize,
}

/// The line on top: title, badge, step, what, when, numbers; help and quit where they stand here.
pub fn title(
    canvas: &mut Canvas<'_>,
    theme: &Theme,
    scene: &Scene,
    numbers: Numbers,
    hints: bool,
    extra: &str,
) {
    let pieces = title_pieces(theme, scene, numbers, canvas.width(), extra);
    let right = if hints {
        fixed_hints(canvas.width())
    } else {
        Vec::new()
    };
    let reserved: usize = right
        .iter()
        .map(|(key, word)| width(key) + width(word) + 3)
        .sum();
    let end = canvas.width().saturating_sub(reserved);
    put_pieces(canvas, theme, end, pieces);
    put_fixed(canvas, theme, 0, &right);
}

fn title_pieces(
    theme: &Theme,
    scene: &Scene,
    numbers: Numbers,
    columns: usize,
    extra: &str,
) -> Vec<Piece> {
    let piece = |text: String, role, rank, gap| Piece {
        text,
        role,
        rank,
        gap,
    };
    let title = own_title(scene).map(|title| theme.fit(title, (columns / 3).max(8)));
    let what = theme.fit(&scene.step.title, (columns / 3).max(10));
    let wide = columns >= 112;
    let numbers = match (numbers, wide) {
        (Numbers::Relative, false) => "rel",
        (Numbers::Raw, false) => "raw",
        (Numbers::Relative, true) => "rel seq (r)",
        (Numbers::Raw, true) => "raw seq (r)",
    };
    let time = words::span(scene.since_start);
    let time = if wide { format!("t {time}") } else { time };
    let badge = badge(scene, theme, (columns / 3).max(12));
    let mut pieces: Vec<Piece> = title
        .map(|title| piece(title, Role::Strong, 5, 1))
        .into_iter()
        .collect();
    pieces.extend([
        piece(badge, Role::Text, 4, 1 + usize::from(wide)),
        piece(
            format!("step {}/{}", scene.number, scene.total),
            Role::Strong,
            1,
            4,
        ),
        piece(what, Role::Text, 2, 2),
        piece(time, Role::Text, 3, 4),
        piece(numbers.to_owned(), Role::Text, 6, 4),
    ]);
    if !extra.is_empty() {
        pieces.push(piece(extra.to_owned(), Role::Changed, 0, 2));
    }
    pieces
}

/// `[SIM seed 42]`, `[LIVE tap0]` of an attached one, `[REAL ws.pcapng #2]`, `[LIVE eth0 #2]`; a long name is cut in
/// its middle, the number is not.
fn badge(scene: &Scene, theme: &Theme, columns: usize) -> String {
    let number = match scene.step.frame {
        Some(frame) => format!(" #{}]", frame.0 + 1),
        None => "]".to_owned(),
    };
    let (kind, name) = match &scene.heading.source {
        Source::Simulated { seed } => return format!("[SIM seed {seed}]"),
        Source::Capture { name } => ("[REAL ", name),
        Source::Live { interface } => ("[LIVE ", interface),
        Source::Attached { taps } => {
            return format!(
                "[LIVE {}]",
                theme.fit(taps, columns.saturating_sub(7).max(6))
            );
        }
    };
    let room = columns.saturating_sub(kind.len() + number.len()).max(6);
    // Of `client of http://10.0.0.2:80/` where that has no room: the peer.
    let name = match name.rsplit_once("://") {
        Some((_, peer)) if width(name) > room => peer.trim_end_matches('/'),
        _ => name,
    };
    format!("{kind}{}{number}", words::fit_name(&theme.safe(name), room))
}

/// The title, if it says more than the badge does.
fn own_title(scene: &Scene) -> Option<&str> {
    let title = scene.heading.title.as_str();
    match &scene.heading.source {
        Source::Capture { name } if name == title => None,
        Source::Live { interface } if interface == title => None,
        _ => Some(title),
    }
}

/// Writes the pieces that fit before column `end`, each with a blank before it and more where there is room.
fn put_pieces(canvas: &mut Canvas<'_>, theme: &Theme, end: usize, mut pieces: Vec<Piece>) {
    let needed =
        |pieces: &[Piece]| -> usize { pieces.iter().map(|piece| width(&piece.text) + 1).sum() };
    // The title gives way first: a short piece of it is as good.
    let over = needed(&pieces).saturating_sub(end);
    if let Some(title) = pieces
        .first_mut()
        .filter(|title| over > 0 && title.rank == 5)
    {
        title.text = fit(&title.text, width(&title.text).saturating_sub(over).max(12));
    }
    while needed(&pieces) > end && pieces.len() > 1 {
        let last = pieces.iter().map(|piece| piece.rank).max();
        pieces.retain(|piece| Some(piece.rank) != last);
    }
    let mut spare = end.saturating_sub(needed(&pieces));
    let mut x = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let more = if i == 0 {
            0
        } else {
            (piece.gap - 1).min(spare)
        };
        spare -= more;
        x += 1 + more;
        x = canvas.put_to(end, x, 0, &piece.text, theme.style(piece.role));
    }
}

/// Help and quit: the last that go.
fn fixed_hints(columns: usize) -> Vec<(String, String)> {
    let hint = |word: &str| {
        let found = keys::hints()
            .into_iter()
            .find(|(text, _)| text.ends_with(word));
        let (text, _) = found.unwrap_or_default();
        text.split_once(' ')
            .map_or((text.clone(), String::new()), |(key, word)| {
                (
                    key.to_owned(),
                    if columns < 16 {
                        String::new()
                    } else {
                        word.to_owned()
                    },
                )
            })
    };
    let both = vec![hint("help"), hint("quit")];
    if columns < 6 {
        both.into_iter().skip(1).collect()
    } else {
        both
    }
}

fn put_fixed(canvas: &mut Canvas<'_>, theme: &Theme, y: usize, hints: &[(String, String)]) {
    let mut end = canvas.width();
    for (key, word) in hints.iter().rev() {
        let text = if word.is_empty() {
            key.clone()
        } else {
            format!("{key} {word}")
        };
        canvas.put_right(end, y, &text, theme.style(Role::Text));
        let x = end.saturating_sub(width(&text));
        canvas.put_to(end, x, y, key, theme.style(Role::Strong));
        end = x.saturating_sub(2);
    }
}

/// The phases with a dash for their steps, and `@` where the step is.
pub fn phases(canvas: &mut Canvas<'_>, theme: &Theme, scene: &Scene) {
    let phases = &scene.heading.phases;
    let current = scene.heading.current.0 as usize;
    let names: Vec<String> = phases
        .iter()
        .map(|phase| theme.safe(&phase.name).into_owned())
        .collect();
    let words: usize = names.iter().map(|name| width(name) + 2).sum();
    let columns = canvas.width();
    if words + phases.len() * 3 > columns {
        return one_phase(canvas, theme, &names, current);
    }
    let steps: Vec<usize> = phases
        .iter()
        .map(|phase| phase.steps.len().max(1))
        .collect();
    let total: usize = steps.iter().sum();
    let spare = columns.saturating_sub(words + phases.len() * 3 + 1);
    let mut x = 0;
    for (i, name) in names.iter().enumerate() {
        let role = if i == current {
            Role::Strong
        } else {
            Role::Text
        };
        x = canvas.put(x, 0, &format!(" {name} "), theme.style(role));
        let dashes = 3 + spare * steps[i] / total.max(1);
        canvas.put(x, 0, &"-".repeat(dashes), theme.style(Role::Rule));
        if i == current {
            let done = (scene.at.0.saturating_sub(phases[i].steps.start)) as usize;
            let place = if steps[i] <= 1 {
                dashes / 2
            } else {
                done * (dashes - 1) / (steps[i] - 1)
            };
            canvas.put(x + place.min(dashes - 1), 0, "@", theme.style(Role::Strong));
        }
        x += dashes;
    }
}

/// Where not all phases have room: the one before, the current one, and the next.
fn one_phase(canvas: &mut Canvas<'_>, theme: &Theme, names: &[String], current: usize) {
    let Some(name) = names.get(current) else {
        return;
    };
    let text = format!(" {name} @ phase {}/{}", current + 1, names.len());
    let columns = canvas.width();
    canvas.put(0, 0, &fit(&text, columns), theme.style(Role::Strong));
}

/// The rules across and down, with the crossings that belong to them.
pub fn rules(canvas: &mut Canvas<'_>, theme: &Theme, plan: &Plan) {
    let style = theme.style(Role::Rule);
    for &(y, from, to) in &plan.rules {
        let line = "─".repeat(usize::from(to - from));
        canvas.put(usize::from(from), usize::from(y), &line, style);
    }
    for &(x, from, to) in &plan.walls {
        for y in from..=to {
            let on = |x: u16| {
                plan.rules
                    .iter()
                    .any(|&(ry, a, b)| ry == y && a <= x && x < b)
            };
            let (left, right) = (x > 0 && on(x - 1), on(x + 1));
            let glyph = match (left, right, y > from, y < to) {
                (true, true, false, _) => "┬",
                (true, true, true, false) => "┴",
                (true, true, true, true) => "┼",
                (true, false, ..) => "┤",
                (false, true, ..) => "├",
                (false, false, ..) => "│",
            };
            canvas.put(usize::from(x), usize::from(y), glyph, style);
        }
    }
}

/// A title on the rule above the pane at `area`; the rule shows where it has two blanks or more.
pub fn pane_title(canvas: &mut Canvas<'_>, theme: &Theme, area: Rect, text: &str, has_focus: bool) {
    let Some(y) = area.y.checked_sub(1) else {
        return;
    };
    let lead = if area.x == 0 { 2 } else { 1 };
    let (mut x, y) = (usize::from(area.x) + lead, usize::from(y));
    let end = usize::from(area.x + area.width);
    let role = if has_focus { Role::Focus } else { Role::Strong };
    if has_focus {
        canvas.put(x - 1, y, ">", theme.style(Role::Strong));
    }
    for (i, part) in text.split("  ").enumerate() {
        if i > 0 {
            x += 2;
        }
        let blanks = part.len() - part.trim_start().len();
        let part = part.trim_start();
        x += blanks;
        let role = if i == 0 { role } else { Role::Text };
        x = canvas.put_to(end, x, y, part, theme.style(role));
    }
}

/// Words in place of the hints; help and quit stay.
pub fn message(canvas: &mut Canvas<'_>, theme: &Theme, text: &str, with_fixed: bool) {
    let fixed = if with_fixed {
        fixed_hints(canvas.width())
    } else {
        Vec::new()
    };
    let needed = width(&theme.safe(text)) + 2;
    let reserved: usize = fixed
        .iter()
        .map(|(key, word)| width(key) + width(word) + 3)
        .sum();
    // What is said needs the line for itself where it is long; the next key brings the hints back.
    let has_room = needed + reserved <= canvas.width();
    let (fixed, reserved) = if has_room {
        (fixed, reserved)
    } else {
        (Vec::new(), 0)
    };
    let room = canvas.width().saturating_sub(reserved + 2);
    canvas.put(1, 0, &theme.fit(text, room), theme.style(Role::Strong));
    put_fixed(canvas, theme, 0, &fixed);
}

/// The line of hints: those that fit, in the order of the table, help and quit on the right.
pub fn hints(canvas: &mut Canvas<'_>, theme: &Theme, with_fixed: bool) {
    let columns = canvas.width();
    let fixed = if with_fixed {
        fixed_hints(columns)
    } else {
        Vec::new()
    };
    let reserved: usize = fixed
        .iter()
        .map(|(key, word)| width(key) + width(word) + 3)
        .sum();
    let room = columns.saturating_sub(reserved + 1);
    let mut hints = keys::hints();
    hints.retain(|(_, rank)| *rank > 1);
    while hints.iter().map(|(text, _)| width(text) + 2).sum::<usize>() > room && !hints.is_empty() {
        let last = hints.iter().map(|(_, rank)| *rank).max();
        hints.retain(|(_, rank)| Some(*rank) != last);
    }
    let mut x = 1;
    for (text, _) in &hints {
        let (key, word) = text.rsplit_once(' ').unwrap_or((text, ""));
        x = canvas.put(x, 0, key, theme.style(Role::Strong));
        x = canvas.put(x + 1, 0, word, theme.style(Role::Text)) + 2;
    }
    put_fixed(canvas, theme, 0, &fixed);
}
