//! 3 Layers: what each of the seven layers adds, and where it stands in the frame. Enter on layer 1 shows the wire.

use std::ops::Range;

use super::{Cx, Effect, Pane, PaneId};
use crate::tui::canvas::{Canvas, width};
use crate::tui::keys::Command;
use crate::tui::overlay::Overlay;
use crate::tui::select::{self, Key, Selection};
use crate::tui::theme::Role;
use crate::walk::view::LayerRow;

/// The row that is chosen; the step's own where none is.
#[derive(Debug, Default)]
pub struct LayersPane {
    chosen: Option<usize>,
}

impl Pane for LayersPane {
    fn title(&self, _: &Cx<'_>, columns: usize) -> String {
        let long = "3 Layers on the wire, outermost first";
        if columns >= 48 {
            long.to_owned()
        } else {
            "3 Layers".to_owned()
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let here = self.row(cx);
        let lines = lines(cx, canvas.height(), here);
        if lines.is_empty() {
            canvas.put(1, 0, "(no frame at this step)", cx.theme.style(Role::Text));
            return;
        }
        let at = lines.iter().position(|line| line.has(here)).unwrap_or(0);
        let height = canvas.height();
        // The wire is the first to give way: the three above it carry the lesson.
        let start = (at + 2)
            .saturating_sub(height)
            .max(at.min(1))
            .min(lines.len().saturating_sub(height));
        for (y, line) in (0..height).zip(&lines[start..]) {
            let is_chosen = cx.focus == PaneId::Layers && line.has(here);
            match line {
                Line::Row(i) => draw_row(cx, canvas, y, &cx.scene.layers[*i], is_chosen),
                Line::Empty(rows) => {
                    let [from, to] = [rows.start, rows.end - 1].map(|i| cx.scene.layers[i].osi);
                    let range = if from == to {
                        from.to_string()
                    } else {
                        format!("{from}-{to}")
                    };
                    canvas.put(1, y, &format!("{range} (none)"), cx.theme.style(Role::Text));
                }
            }
        }
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let rows = &cx.scene.layers;
        let here = self.row(cx);
        rows.get(here)?;
        let to = match command {
            Command::Up => here.saturating_sub(1),
            Command::Down => (here + 1).min(rows.len() - 1),
            Command::Open if rows[here].osi == 1 => return Some(Effect::Open(Overlay::Physical)),
            Command::Open => return show_fields(cx, &rows[here]),
            _ => return None,
        };
        self.chosen = Some(to);
        Some(Effect::Done)
    }
}

impl LayersPane {
    /// The chosen row, the step's own, or the first.
    fn row(&self, cx: &Cx<'_>) -> usize {
        let rows = &cx.scene.layers;
        let current = || rows.iter().position(|row| row.current);
        let row = self.chosen.or_else(current).unwrap_or(0);
        row.min(rows.len().saturating_sub(1))
    }
}

/// Opens the layer in the fields.
fn show_fields(cx: &Cx<'_>, row: &LayerRow) -> Option<Effect> {
    let found = cx.rows.iter().rfind(|r| {
        let protocol = r.layer.protocol;
        let is_named = row.protocol.split(", ").any(|name| name == protocol.short);
        r.field.is_none() && protocol.osi == row.osi && is_named
    })?;
    let mut selection: Selection = cx.selection.clone();
    selection.byte = None;
    selection.key = Some(Key {
        field: None,
        ..found.key
    });
    selection.open.insert(found.key.protocol, true);
    Some(Effect::SelectAndFocus(selection, PaneId::Fields))
}

/// A row, or several that have nothing, in one line.
enum Line {
    Row(usize),
    Empty(Range<usize>),
}

impl Line {
    fn has(&self, row: usize) -> bool {
        match self {
            Self::Row(own) => *own == row,
            Self::Empty(rows) => rows.contains(&row),
        }
    }
}

/// The rows; where they do not fit, neighbours without a protocol are put together, and left out where `here` is none
/// of them and even so there is no room.
fn lines(cx: &Cx<'_>, height: usize, here: usize) -> Vec<Line> {
    let rows = &cx.scene.layers;
    let join = rows.len() > height;
    let mut lines: Vec<Line> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if !row.protocol.is_empty() || row.current {
            lines.push(Line::Row(i));
            continue;
        }
        match lines.last_mut() {
            Some(Line::Empty(rows)) if join => rows.end = i + 1,
            _ => lines.push(Line::Empty(i..i + 1)),
        }
    }
    // The wire gives way before them.
    if lines.len() > height + 1 {
        lines.retain(|line| matches!(line, Line::Row(_)) || line.has(here));
    }
    lines
}

fn draw_row(cx: &Cx<'_>, canvas: &mut Canvas<'_>, y: usize, row: &LayerRow, is_chosen: bool) {
    let role = match (is_chosen, row.current) {
        (true, _) => Role::Selected,
        (false, true) => Role::Strong,
        _ => Role::Text,
    };
    let style = cx.theme.style(role);
    let mark = if row.current || is_chosen { ">" } else { " " };
    let name = if row.protocol.is_empty() {
        row.osi_name
    } else {
        &row.protocol
    };
    let names = if canvas.width() >= 50 { 13 } else { 9 };
    let x = canvas.put(0, y, &format!("{mark}{} ", row.osi), style);
    canvas.put(x, y, &cx.theme.fit(name, names), style);
    let bar = bar_width(canvas.width());
    let unit_at = x + names + 1;
    let end = canvas
        .width()
        .saturating_sub(if bar > 0 { bar + 1 } else { 0 });
    let absent = select::absence(cx.scene).filter(|_| !select::is_there(cx.scene, row.osi));
    let unit = whole_parts(absent.unwrap_or(&row.unit), end.saturating_sub(unit_at));
    canvas.put(
        unit_at,
        y,
        &cx.theme.fit(&unit, end - unit_at.min(end)),
        style,
    );
    if bar > 0 && absent.is_none() {
        let text = bar_of(cx, row, bar);
        canvas.put(end + 1, y, &text, style);
    }
}

/// The unit in words; where it has no room, first the word `header` goes, and then part by part between commas.
fn whole_parts(unit: &str, columns: usize) -> String {
    let mut shown = unit.to_owned();
    if width(&shown) > columns {
        shown = shown.replace(" header +", " +");
    }
    while width(&shown) > columns
        && let Some((before, _)) = shown.rsplit_once(", ")
    {
        shown.truncate(before.len());
    }
    shown
}

fn bar_width(columns: usize) -> usize {
    if columns >= 50 { columns - 37 } else { 0 }
}

/// Where the layer stands in the frame: `    [ip        |tcp        ]`.
fn bar_of(cx: &Cx<'_>, row: &LayerRow, columns: usize) -> String {
    let total = cx
        .scene
        .layers
        .iter()
        .map(|row| row.range.end)
        .max()
        .unwrap_or(0);
    if row.range.is_empty() || total == 0 || (row.header.is_empty() && row.osi > 1) {
        return String::new();
    }
    // Equal shares, not true ones: of a long frame a header would be too short to see.
    let inner: Vec<&LayerRow> = cx
        .scene
        .layers
        .iter()
        .filter(|other| !other.range.is_empty() && !other.header.is_empty())
        .collect();
    let share = (columns - 2) / inner.len().max(1);
    let mut text = String::new();
    for (i, other) in inner.iter().enumerate() {
        let outside = other.header.start < row.header.start;
        let name = cut(
            &cx.theme.safe(&short_name(cx, other)),
            share.saturating_sub(1),
        );
        let cell = if outside {
            " ".repeat(share)
        } else {
            let border = if text.trim_end().is_empty() { '[' } else { '|' };
            let pad = share.saturating_sub(1 + width(&name));
            format!("{border}{name}{}", " ".repeat(pad))
        };
        text += &cell;
        if i + 1 == inner.len() {
            text.push(']');
        }
    }
    text
}

/// As much of the name as has room: here even a bit of it tells.
fn cut(name: &str, columns: usize) -> String {
    let mut used = 0;
    name.chars()
        .take_while(|c| {
            used += width(c.encode_utf8(&mut [0; 4]));
            used <= columns
        })
        .collect()
}

/// The name that filters use (`eth`, `ip`), where the layer is in the frame itself.
fn short_name(cx: &Cx<'_>, row: &LayerRow) -> String {
    let layers = cx
        .scene
        .frame
        .iter()
        .flat_map(|frame| &frame.dissection.layers);
    let found = layers
        .into_iter()
        .find(|layer| layer.header.start == row.header.start);
    found.map_or_else(
        || row.protocol.to_lowercase(),
        |layer| layer.protocol.id.to_owned(),
    )
}
