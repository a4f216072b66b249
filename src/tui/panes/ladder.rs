//! 2 Ladder: both ends as lanes, time going down; what is to come is blank.

use std::time::Duration;

use super::{Cx, Effect, Pane, PaneId};
use crate::proto::stream::Dir;
use crate::tui::canvas::{Canvas, width};
use crate::tui::keys::Command;
use crate::tui::overlay::Overlay;
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::step::Grain;
use crate::walk::view::{Lane, Mark, Row};

/// The ladder's state: none; it follows the step.
#[derive(Debug, Default)]
pub struct LadderPane;

impl Pane for LadderPane {
    fn title(&self, cx: &Cx<'_>, columns: usize) -> String {
        let on_wire = cx.is_on_wire() && columns >= 40;
        let hint = if on_wire { "  enter: the bits" } else { "" };
        format!("2 Ladder{hint}")
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        if canvas.width() < 42 {
            return draw_list(cx, canvas);
        }
        let lanes = Lanes::new(cx, canvas.width());
        let mut top = 0;
        if canvas.height() >= 3 {
            draw_heads(cx, canvas, &lanes);
            top = 2;
        }
        if canvas.height() >= 13 {
            lanes.bars(cx, canvas, top, "│");
            top += 1;
        }
        for (y, i) in (top..canvas.height()).zip(window(cx, canvas.height() - top)) {
            draw_row(cx, canvas, &lanes, y, i);
        }
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let here = current(cx);
        let rows = &cx.scene.ladder.rows;
        match command {
            Command::Up => Some(Effect::Go(rows.get(here?.checked_sub(1)?)?.step)),
            Command::Down => Some(Effect::Go(rows.get(here? + 1)?.step)),
            Command::Open if cx.is_on_wire() => Some(Effect::Open(Overlay::Physical)),
            Command::Open => Some(Effect::Focus(PaneId::Fields)),
            _ => None,
        }
    }
}

/// The row of the step: the last one that is not after it.
fn current(cx: &Cx<'_>) -> Option<usize> {
    cx.scene
        .ladder
        .rows
        .iter()
        .rposition(|row| row.step <= cx.scene.at)
}

/// The rows that are shown in `height` lines: those before the step, itself, and some room for what comes.
fn window(cx: &Cx<'_>, height: usize) -> std::ops::Range<usize> {
    let total = cx.scene.ladder.rows.len();
    let ahead = (height / 3).max(1);
    let wanted = current(cx).map_or(0, |here| (here + 1 + ahead).saturating_sub(height));
    let start = wanted.min(total.saturating_sub(height));
    start..(start + height).min(total)
}

/// Where the lanes stand.
struct Lanes {
    left: usize,
    right: usize,
}

impl Lanes {
    fn new(cx: &Cx<'_>, columns: usize) -> Self {
        let digits = cx.scene.total.max(10).to_string().len();
        // Wide screens: the step's time in full behind the lanes; else its short form.
        let (left, time) = if columns >= 58 {
            (8 + digits, 15)
        } else {
            (digits + 4, 7)
        };
        Self {
            left,
            right: columns.saturating_sub(time + 1).max(left + 10),
        }
    }

    fn bars(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>, y: usize, glyph: &str) {
        canvas.put(self.left, y, glyph, cx.theme.end(0));
        canvas.put(self.right, y, glyph, cx.theme.end(1));
    }
}

/// Name and port above each lane, and below it the state.
fn draw_heads(cx: &Cx<'_>, canvas: &mut Canvas<'_>, lanes: &Lanes) {
    let middle = (lanes.left + lanes.right) / 2;
    for (end, lane) in cx.scene.ladder.lanes.iter().enumerate() {
        let style = cx.theme.end(end);
        let state_style = if lane.changed {
            style.patch(cx.theme.style(Role::Changed))
        } else {
            style
        };
        let lines = [
            (words::lane_name(lane), style),
            (words::lane_state(lane), state_style),
        ];
        for (y, (text, style)) in lines.into_iter().enumerate() {
            // The `*` stands out to the left, so that a change moves no word.
            let star = usize::from(y == 1 && lane.changed);
            if end == 0 {
                let start = lanes.left.saturating_sub(3);
                let text = fit_lane(cx, &text, y, middle.saturating_sub(start + 1));
                canvas.put_to(middle, lanes.left.saturating_sub(3 + star), y, &text, style);
                continue;
            }
            let text = fit_lane(cx, &text, y, canvas.width() - middle);
            let columns = width(&text).min(canvas.width()) - star;
            let start = (lanes.right + 1).saturating_sub(columns / 2);
            let start = start.min(canvas.width() - columns).max(middle + star) - star;
            canvas.put(start, y, &text, style);
        }
    }
}

/// The name of a lane, its port kept; or in the second line its state.
fn fit_lane(cx: &Cx<'_>, text: &str, line: usize, columns: usize) -> String {
    if line == 0 {
        words::fit_name(&cx.theme.safe(text), columns)
    } else {
        cx.theme.fit(text, columns)
    }
}

fn draw_row(cx: &Cx<'_>, canvas: &mut Canvas<'_>, lanes: &Lanes, y: usize, i: usize) {
    let row = &cx.scene.ladder.rows[i];
    let digits = cx.scene.total.max(10).to_string().len();
    let number = cx.scene.row_numbers[i].to_string();
    let is_current = current(cx) == Some(i);
    let role = if is_current { Role::Strong } else { Role::Text };
    canvas.put_right(1 + digits, y, &number, cx.theme.style(role));
    if row.step > cx.scene.at {
        return lanes.bars(cx, canvas, y, ":");
    }
    if is_current {
        canvas.put(0, y, ">", cx.theme.style(Role::Strong));
    }
    lanes.bars(cx, canvas, y, "│");
    draw_mark(cx, canvas, lanes, y, row, is_current);
    let time = time(row.since_start, canvas.width() >= 58);
    canvas.put_right(canvas.width(), y, &time, cx.theme.style(role));
}

fn time(since_start: Duration, long: bool) -> String {
    if long {
        format!("{} ", words::span(since_start))
    } else {
        format!("{} ", words::short_span(since_start))
    }
}

fn draw_mark(
    cx: &Cx<'_>,
    canvas: &mut Canvas<'_>,
    lanes: &Lanes,
    y: usize,
    row: &Row,
    is_current: bool,
) {
    let strong = |style: ratatui::style::Style| {
        if is_current {
            style.patch(cx.theme.style(Role::Strong))
        } else {
            style
        }
    };
    let inner = lanes.right - lanes.left - 1;
    let at = lanes.left + 1;
    match row.mark {
        Mark::Arrow { dir, lost } => {
            let (start, end) = match dir {
                Dir::ToServer => ("├", "│"),
                Dir::ToClient => ("│", "┤"),
            };
            canvas.put(lanes.left, y, start, cx.theme.end(0));
            canvas.put(lanes.right, y, end, cx.theme.end(1));
            let style = strong(cx.theme.end(dir.index()));
            let label = label(cx, row, label_room(inner, lost));
            let arrow = arrow(&label, inner, dir, lost);
            canvas.put(at, y, &arrow, style);
            if lost && let Some(x) = arrow.chars().position(|c| c == 'X') {
                let x = at + width(&arrow.chars().take(x).collect::<String>());
                canvas.patch(x, x + 1, y, cx.theme.style(Role::Error));
            }
        }
        Mark::AtEnd { end } => {
            let label = label(cx, row, inner.saturating_sub(3));
            let style = strong(cx.theme.end(end.index()));
            match end {
                Dir::ToServer => {
                    canvas.put(at, y, &format!("o {label}"), style);
                }
                Dir::ToClient => canvas.put_right(lanes.right, y, &format!("{label} o"), style),
            }
        }
        Mark::Between => {
            let label = label(cx, row, inner.saturating_sub(2));
            let x = at + (inner.saturating_sub(width(&label))) / 2;
            canvas.put(x, y, &label, strong(cx.theme.style(Role::Text)));
        }
    }
}

/// The row's words, safe, in at most `room` columns; before them the layer, among the steps of the layers, and the port
/// of a connection other than the one that the lanes are of.
fn label(cx: &Cx<'_>, row: &Row, room: usize) -> String {
    let mut before = String::new();
    if cx.scene.grain == Grain::Layer {
        let on_wire = matches!(row.mark, Mark::Arrow { .. });
        before = format!("L{} ", if on_wire { 1 } else { row.layer });
    }
    if let Some(port) = other_port(&cx.scene.ladder.lanes, row) {
        before += &format!(":{port} ");
    }
    let label = cx.theme.safe(&row.label);
    let label = words::fit_row(&label, room.saturating_sub(width(&before)));
    before + &label
}

/// The port by which a row's connection differs from that of the lanes.
fn other_port(lanes: &[Lane; 2], row: &Row) -> Option<u16> {
    let ports = row.ports?;
    let differs = |end: &usize| lanes[*end].port().is_some_and(|port| port != ports[*end]);
    [0, 1].into_iter().find(differs).map(|end| ports[end])
}

/// The columns that an arrow of `inner` columns has for words.
fn label_room(inner: usize, lost: bool) -> usize {
    inner.saturating_sub(width(lead(inner)) + if lost { 7 } else { 1 })
}

/// The line before the words.
fn lead(inner: usize) -> &'static str {
    if inner > 30 { "───" } else { "──" }
}

/// An arrow of `inner` columns with its words on it: `──SYN seq=0────>`, or one that does not arrive: `──SYN──X lost`.
fn arrow(label: &str, inner: usize, dir: Dir, lost: bool) -> String {
    let lead = lead(inner);
    let room = label_room(inner, lost);
    let label = words::fit_row(label, room);
    let line = "─".repeat(room - width(&label).min(room));
    match (dir, lost) {
        (Dir::ToServer, false) => format!("{lead}{label}{line}>"),
        (Dir::ToClient, false) => {
            let lead = &lead[..lead.len() - "─".len()];
            format!("<{lead}{label}{line}─")
        }
        (Dir::ToServer, true) => {
            format!("{lead}{label}─X lost{}", " ".repeat(width(&line)))
        }
        (Dir::ToClient, true) => {
            format!("{}lost X─{label}{lead}", " ".repeat(width(&line)))
        }
    }
}

/// Where two lanes have no room: one line a step.
fn draw_list(cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
    let [client, server] = words::both_names(&cx.scene.ladder.lanes);
    for (y, i) in (0..canvas.height()).zip(window(cx, canvas.height())) {
        let row = &cx.scene.ladder.rows[i];
        let is_current = current(cx) == Some(i);
        let marker = if is_current { ">" } else { " " };
        let number = cx.scene.row_numbers[i];
        let mut text = format!("{marker}{number:>3} ");
        if row.step <= cx.scene.at {
            let (who, role) = match row.mark {
                Mark::Arrow {
                    dir: Dir::ToServer, ..
                } => (format!("{client}>{server} "), 0),
                Mark::Arrow {
                    dir: Dir::ToClient, ..
                } => (format!("{server}>{client} "), 1),
                Mark::AtEnd { end: Dir::ToServer } => (format!("{client} "), 0),
                Mark::AtEnd { end: Dir::ToClient } => (format!("{server} "), 1),
                Mark::Between => (String::new(), 2),
            };
            text += &who;
            text += &label(cx, row, canvas.width());
            if matches!(row.mark, Mark::Arrow { lost: true, .. }) {
                text += " X lost";
            }
            let style = if role < 2 {
                cx.theme.end(role)
            } else {
                cx.theme.style(Role::Text)
            };
            let style = if is_current {
                style.patch(cx.theme.style(Role::Strong))
            } else {
                style
            };
            canvas.put(0, y, &cx.theme.fit(&text, canvas.width()), style);
        } else {
            canvas.put(0, y, &text, cx.theme.style(Role::Text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_fills_its_columns_and_keeps_its_head() {
        for (label, inner, dir, lost, expected) in [
            (
                "SYN seq=0",
                25,
                Dir::ToServer,
                false,
                "──SYN seq=0─────────────>",
            ),
            (
                "SYN,ACK seq=0 ack=1",
                25,
                Dir::ToClient,
                false,
                "<─SYN,ACK seq=0 ack=1────",
            ),
            (
                "SYN seq=0",
                25,
                Dir::ToServer,
                true,
                "──SYN seq=0─X lost       ",
            ),
            ("SYN,ACK", 18, Dir::ToClient, true, "  lost X─SYN,ACK──"),
            (
                "a long label indeed",
                14,
                Dir::ToServer,
                false,
                "──a long la..>",
            ),
        ] {
            assert_eq!(arrow(label, inner, dir, lost), expected);
            assert_eq!(width(expected), inner);
        }
    }
}
