//! 4 Bytes: the frame and what was made of it, with the chosen bytes lit everywhere.

use std::ops::Range;

use super::{Cx, Effect, Pane};
use crate::base::text;
use crate::tui::canvas::{Canvas, width};
use crate::tui::keys::Command;
use crate::tui::overlay::Overlay;
use crate::tui::select::{self, Section, Selection};
use crate::tui::theme::Role;
use crate::tui::words;

/// The state of the bytes: none of their own; the choice is shared with the fields.
#[derive(Debug, Default)]
pub struct BytesPane;

impl Pane for BytesPane {
    fn title(&self, cx: &Cx<'_>, width: usize) -> String {
        if cx.large || cx.focus == super::PaneId::Bytes {
            "4 Bytes".to_owned()
        } else {
            layers_in_short(cx, width)
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let sections = select::sections(cx.scene);
        if sections.is_empty() {
            let text = match select::absence(cx.scene) {
                Some(why) => format!("(no bytes here: {why})"),
                None => "(no bytes at this step)".to_owned(),
            };
            canvas.put(1, 0, &text, cx.theme.style(Role::Text));
            return;
        }
        let per_row = per_row(canvas.width());
        let lines = lines(cx, &sections, per_row);
        let info = info(cx, canvas);
        let room = canvas.height().saturating_sub(info.len());
        let start = start(&lines, room);
        let mut end = (0, 0);
        for (y, line) in (0..room).zip(&lines[start..]) {
            end = (y + 1, draw_line(cx, canvas, y, line, &sections, per_row));
        }
        // The words about the choice stand below the last row.
        let blank = usize::from(end.0 + info.len() < canvas.height());
        for (i, line) in info.iter().enumerate() {
            canvas.put(1, end.0 + blank + i, line, cx.theme.style(Role::Text));
        }
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let step: isize = match command {
            Command::Left => -1,
            Command::Right => 1,
            Command::Up => -8,
            Command::Down => 8,
            Command::Open => return Some(Effect::Open(Overlay::Trace)),
            _ => return None,
        };
        let chosen = cx.chosen?;
        let (dissection, input) = chosen.part.of(cx.scene)?;
        let len = dissection.buffer(input, chosen.buffer).len();
        let from = cx.selection.byte.unwrap_or(chosen.bytes().start);
        let step = if step.abs() > 1 && cx.large {
            step * 2
        } else {
            step
        };
        let sections = select::sections(cx.scene);
        let is_own = |s: &&Section<'_>| s.part == chosen.part && s.buffer == chosen.buffer;
        let first = sections.iter().find(is_own)?.from;
        let to = from.checked_add_signed(step)?.min(len.checked_sub(1)?);
        let to = to.max(first);
        let mut selection = Selection {
            byte: Some(to),
            ..cx.selection.clone()
        };
        if let Some(key) = select::key_at(cx.scene, chosen.part, chosen.buffer, to) {
            selection.open.insert(key.protocol, true);
            selection.key = Some(key);
        }
        Some(Effect::Select(selection))
    }
}

/// `3 Layers: [TCP 40] IP 20 Eth 14`: the headers in the frame, innermost first; the chosen one is always there. The
/// word gives way before a layer does.
fn layers_in_short(cx: &Cx<'_>, columns: usize) -> String {
    let chosen = cx.chosen.and_then(|chosen| cx.rows.get(chosen.row));
    let mut words: Vec<(String, bool)> = Vec::new();
    let mut last = "";
    for (_, nth, layer) in select::layers(cx.scene) {
        let id = layer.protocol.id;
        let is_chosen = chosen.is_some_and(|row| row.key.protocol == id && row.key.nth == nth);
        let len = match layer.header.len() {
            // What a header carries is named only where it is chosen, and once.
            0 if !is_chosen => continue,
            0 if last == id => {
                words.last_mut().into_iter().for_each(|word| word.1 = true);
                continue;
            }
            0 => layer.payload.len(),
            len => len,
        };
        words.push((format!("{} {len}", brief_name(layer)), is_chosen));
        last = id;
    }
    words.reverse();
    let shown = |(word, is_chosen): &(String, bool)| match is_chosen {
        true => format!(" [{word}]"),
        false => format!(" {word}"),
    };
    let total = |words: &[(String, bool)]| words.iter().map(|w| width(&shown(w))).sum::<usize>();
    let fits = |head: &str| head.len() + 1 + total(&words) <= columns;
    let head = match words.is_empty() {
        true => "3 Layers",
        false if fits("3 Layers:") => "3 Layers:",
        false => "3",
    };
    let room = columns.saturating_sub(head.len() + 1);
    while total(&words) > room && words.first().is_some_and(|(_, is_chosen)| !is_chosen) {
        words.remove(0);
    }
    while total(&words) > room && words.len() > 1 {
        words.pop();
    }
    head.to_owned() + &words.iter().map(shown).collect::<String>()
}

/// The name of a layer where there is room for a word of two or three letters.
fn brief_name(layer: &crate::proto::tree::Layer) -> &'static str {
    match layer.protocol.id {
        "eth" => "Eth",
        "ip" => "IP",
        "websocket" => "WS",
        _ => layer.protocol.short,
    }
}

fn per_row(columns: usize) -> usize {
    match columns {
        0..=15 => 1,
        16..=30 => 4,
        31..=55 => 8,
        _ => 16,
    }
}

/// One line: a section's name, or a row of its bytes.
enum Line {
    Name(usize),
    Row {
        section: usize,
        start: usize,
        lit: Vec<Range<usize>>,
    },
}

fn lines(cx: &Cx<'_>, sections: &[Section<'_>], per_row: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (i, section) in sections.iter().enumerate() {
        if sections.len() > 1 || section.from > 0 {
            lines.push(Line::Name(i));
        }
        let lit = cx
            .chosen
            .map_or_else(Vec::new, |chosen| select::lit(cx.scene, chosen, section));
        let first = section.from - section.from % per_row;
        for start in (first..section.bytes.len()).step_by(per_row) {
            lines.push(Line::Row {
                section: i,
                start,
                lit: lit.clone(),
            });
        }
    }
    lines
}

impl Line {
    fn is_lit(&self, per_row: usize) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Row { start, lit, .. } => lit
                .iter()
                .any(|range| range.start < start + per_row && *start < range.end),
        }
    }
}

/// The first line shown: all from the top if they fit, else one line before the first that is lit.
fn start(lines: &[Line], room: usize) -> usize {
    let per_row = match lines {
        [.., Line::Row { start: a, .. }, Line::Row { start: b, .. }] if b > a => b - a,
        _ => 16,
    };
    let first_lit = lines
        .iter()
        .position(|line| line.is_lit(per_row))
        .unwrap_or(0);
    if first_lit + 2 < room {
        return 0;
    }
    first_lit
        .saturating_sub(1)
        .min(lines.len().saturating_sub(room))
}

/// Draws one line and returns the column after it.
fn draw_line(
    cx: &Cx<'_>,
    canvas: &mut Canvas<'_>,
    y: usize,
    line: &Line,
    sections: &[Section<'_>],
    per_row: usize,
) -> usize {
    match line {
        Line::Name(i) => {
            let section = &sections[*i];
            let mut text = format!("{}, {}", section.name, words::bytes(section.bytes.len()));
            if let Some(why) = select::absence(cx.scene).filter(|_| section.from > 0) {
                text = format!("{}: first {} {why}", section.name, section.from);
            }
            canvas.put(1, y, &cx.theme.safe(&text), cx.theme.style(Role::Strong))
        }
        Line::Row {
            section,
            start,
            lit,
        } => {
            let Section { bytes, from, .. } = sections[*section];
            let row = &bytes[*start..bytes.len().min(start + per_row)];
            // What is not there is left blank, so that nothing moves when it comes.
            let absent = from.saturating_sub(*start).min(row.len());
            draw_bytes(cx, canvas, y, *start, row, absent, per_row, lit)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of bytes and its place")]
fn draw_bytes(
    cx: &Cx<'_>,
    canvas: &mut Canvas<'_>,
    y: usize,
    start: usize,
    row: &[u8],
    absent: usize,
    per_row: usize,
    lit: &[Range<usize>],
) -> usize {
    let is_lit = |at: usize| lit.iter().any(|range| range.contains(&at));
    let mut x = canvas.put(1, y, &format!("{start:04x}  "), cx.theme.style(Role::Text));
    for (i, byte) in row.iter().enumerate() {
        let at = start + i;
        if i == 8 {
            x += 1;
        }
        let style = cx.theme.style(if is_lit(at) {
            Role::Selected
        } else {
            Role::Text
        });
        if i < absent {
            x += 3;
            continue;
        }
        canvas.put(x, y, &format!("{byte:02x}"), style);
        // Brackets take the blanks around the run, so that they move no byte.
        if is_lit(at) && (at == 0 || !is_lit(at - 1)) {
            canvas.put(x - 1, y, "[", cx.theme.style(Role::Strong));
        }
        let ends = is_lit(at) && !is_lit(at + 1);
        if ends {
            canvas.put(x + 2, y, "]", cx.theme.style(Role::Strong));
        } else if is_lit(at) && i + 1 < row.len() {
            canvas.patch(x + 2, x + 3 + usize::from(i == 7), y, style);
        }
        x += 3;
    }
    let text_at = 7 + per_row * 3 + 2;
    if canvas.width() >= text_at + per_row {
        let text: String = row
            .iter()
            .enumerate()
            .map(|(i, b)| match b {
                _ if i < absent => ' ',
                0x20..0x7f => char::from(*b),
                _ => '.',
            })
            .collect();
        canvas.put(text_at, y, &text, cx.theme.style(Role::Text));
        for i in (0..row.len()).filter(|i| is_lit(start + i)) {
            canvas.patch(
                text_at + i,
                text_at + i + 1,
                y,
                cx.theme.style(Role::Selected),
            );
        }
    }
    x
}

/// Where the choice is, and its bits.
fn info(cx: &Cx<'_>, canvas: &Canvas<'_>) -> Vec<String> {
    let Some(chosen) = cx.chosen else {
        return Vec::new();
    };
    let Some((dissection, input)) = chosen.part.of(cx.scene) else {
        return Vec::new();
    };
    let range = chosen.bytes();
    let bytes = dissection
        .buffer(input, chosen.buffer)
        .get(range.clone())
        .unwrap_or_default();
    if bytes.is_empty() {
        return vec!["derived: no bytes of its own".to_owned()];
    }
    let bits = chosen.bits.len();
    let mut place = format!("offset {}, {}", range.start, words::bytes(bytes.len()));
    if !bits.is_multiple_of(8) {
        place = format!("offset {}, {bits} of {} bits", range.start, bytes.len() * 8);
    } else if bytes.len() > 1 && bytes.len() <= 8 && canvas.width() >= 40 {
        place += ", big-endian";
    }
    let room = (canvas.width().saturating_sub(1) / 9).max(1);
    if canvas.height() < 9 || bytes.len() > room * 2 {
        if bytes.len() == 1 {
            place = format!(
                "{place}: {}",
                bits_of(chosen.bits.clone(), range.start, bytes[0], 0)
            );
        }
        return vec![text_of(&place, bytes, canvas.width())];
    }
    let mut out = vec![text_of(&place, bytes, canvas.width())];
    for (i, chunk) in bytes.chunks(room).enumerate() {
        out.push(
            chunk
                .iter()
                .map(|byte| format!("{byte:02x}       "))
                .collect(),
        );
        let at = i * room;
        let bits = chunk
            .iter()
            .enumerate()
            .map(|(j, byte)| bits_of(chosen.bits.clone(), range.start, *byte, at + j));
        out.push(bits.collect::<Vec<_>>().join(" "));
    }
    out
}

/// The place, and the bytes as text where they are some.
fn text_of(place: &str, bytes: &[u8], columns: usize) -> String {
    let is_text = bytes
        .iter()
        .all(|b| (0x20..0x7f).contains(b) || b"\r\n\t".contains(b));
    let text = text::safe_bytes(bytes);
    if is_text && width(place) + width(&text) + 6 <= columns {
        format!("{place}  \"{text}\"")
    } else {
        place.to_owned()
    }
}

/// Eight bits, with a point for each that is not chosen.
fn bits_of(chosen: Range<usize>, start: usize, byte: u8, index: usize) -> String {
    (0..8)
        .map(|bit| match byte >> (7 - bit) & 1 {
            _ if !chosen.contains(&((start + index) * 8 + bit)) => '.',
            0 => '0',
            _ => '1',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::bits_of;

    #[test]
    fn bits_outside_the_field_are_points() {
        assert_eq!(bits_of(12..16, 1, 0xa5, 0), "....0101");
        assert_eq!(bits_of(8..24, 1, 0x12, 1), "00010010");
    }
}
