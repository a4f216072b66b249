//! 4 Fields: the layers of the frame and of the messages in it, and their fields.

use super::{Cx, Effect, Pane};
use crate::proto::tree::{Dissection, Severity, StopReason};
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::keys::Command;
use crate::tui::overlay::Overlay;
use crate::tui::select::{self, Part, Row, Selection};
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::view::Numbers;

/// The state of the fields: none of their own; what is chosen and open is shared with the bytes.
#[derive(Debug, Default)]
pub struct FieldsPane;

impl Pane for FieldsPane {
    fn title(&self, cx: &Cx<'_>, columns: usize) -> String {
        let Some(frame) = &cx.scene.frame else {
            return "4 Fields".to_owned();
        };
        if select::absence(cx.scene).is_some() {
            return "4 Fields".to_owned();
        }
        let len = frame.bytes.len();
        let cut = match frame.original_len as usize {
            whole if whole > len => format!(" of {whole}"),
            _ => String::new(),
        };
        let size = format!("{len}{cut} B");
        let room = columns.saturating_sub(size.len() + 15);
        match direction(cx, room) {
            Some(ends) => format!("4 Fields: {ends}, {size}"),
            None => format!("4 Fields: {size}"),
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        if cx.rows.is_empty() {
            let text = match (&cx.scene.frame, select::absence(cx.scene)) {
                (None, _) => "(no frame at this step)".to_owned(),
                (_, Some(why)) => format!("(the layers below: {why})"),
                (Some(_), None) => "(nothing was understood of these bytes)".to_owned(),
            };
            canvas.put(2, 0, &text, cx.theme.style(Role::Text));
            return;
        }
        let notes = notes(cx);
        let here = cx.chosen.map_or(0, |chosen| chosen.row);
        let total = cx.rows.len() + notes.len();
        let start = scroll(here, end_of_layer(cx, here), total, canvas.height());
        for (y, i) in (0..canvas.height()).zip(start..total) {
            match cx.rows.get(i) {
                Some(_) => draw_row(cx, canvas, y, i, i == here),
                None => {
                    let (text, role) = &notes[i - cx.rows.len()];
                    canvas.put(
                        2,
                        y,
                        &cx.theme.fit(text, canvas.width() - 2),
                        cx.theme.style(*role),
                    );
                }
            }
        }
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let here = cx.chosen?.row;
        let to = match command {
            Command::Up => here.saturating_sub(1),
            Command::Down => (here + 1).min(cx.rows.len().checked_sub(1)?),
            Command::Open if cx.is_on_wire() => return Some(Effect::Open(Overlay::Physical)),
            Command::Open => return Some(open(cx, &cx.rows[here])),
            _ => return None,
        };
        let mut selection = pinned(cx);
        selection.key = Some(cx.rows[to].key);
        Some(Effect::Select(selection))
    }
}

/// The choice with the layers that are open now held open, so that choosing another one closes none of them.
fn pinned(cx: &Cx<'_>) -> Selection {
    Selection {
        byte: None,
        ..cx.selection.clone()
    }
}

/// Opens or closes a layer, and shows all of one that is open by itself; follows a field down to the wire.
fn open(cx: &Cx<'_>, row: &Row<'_>) -> Effect {
    if row.field.is_some() {
        return Effect::Open(Overlay::Trace);
    }
    let mut selection = pinned(cx);
    selection.key = Some(row.key);
    let by_itself = row.open && !selection.open.contains_key(row.key.protocol);
    selection
        .open
        .insert(row.key.protocol, by_itself || !row.open);
    Effect::Select(selection)
}

/// The row after the last of the layer that the row `here` is in.
fn end_of_layer(cx: &Cx<'_>, here: usize) -> usize {
    let after = cx.rows.iter().skip(here + 1);
    let next = after.clone().position(|row| row.field.is_none());
    next.map_or(cx.rows.len(), |next| here + 1 + next)
}

/// The first row shown: the top while the chosen row is near it, else two rows before the chosen one, and earlier where
/// its layer ends at `end` before the last line.
fn scroll(here: usize, end: usize, total: usize, height: usize) -> usize {
    if here + 3 < height {
        return 0;
    }
    here.saturating_sub(2.min(height.saturating_sub(1)))
        .min(end.max(here + 1).saturating_sub(height))
        .min(total.saturating_sub(height.min(total)))
}

/// `server>client`, in at most `columns` columns.
fn direction(cx: &Cx<'_>, columns: usize) -> Option<String> {
    use crate::walk::view::Mark;
    let ladder = &cx.scene.ladder;
    let row = ladder.rows.iter().find(|row| row.step == cx.scene.at)?;
    let Mark::Arrow { dir, .. } = row.mark else {
        return None;
    };
    let names = words::both_names(&ladder.lanes);
    let names = names.map(|name| cx.theme.safe(&name).into_owned());
    let shorter = names.iter().map(|name| width(name)).min().unwrap_or(0);
    let half = columns.saturating_sub(1) / 2;
    // What one does not need is the other's.
    let room = half.max(columns.saturating_sub(1 + shorter.min(half)));
    let names = names.map(|name| words::fit_name(&name, room));
    Some(format!(
        "{}>{}",
        names[dir.index()],
        names[dir.reverse().index()]
    ))
}

fn draw_row(cx: &Cx<'_>, canvas: &mut Canvas<'_>, y: usize, i: usize, is_chosen: bool) {
    let row = &cx.rows[i];
    let columns = canvas.width();
    let style = cx.theme.style(if is_chosen {
        Role::Selected
    } else {
        Role::Text
    });
    let text = match row.field {
        None => heading(cx, row),
        Some(_) => field_line(cx, i, columns.saturating_sub(2)),
    };
    let mark = match (row.field, row.open) {
        (None, true) => "v",
        (None, false) => "+",
        _ => " ",
    };
    let line = if is_chosen {
        format!(">{mark}")
    } else {
        format!("{mark} ")
    };
    let x = canvas.put(0, y, &line, style);
    let after = canvas.put(x, y, &fit(&text, columns.saturating_sub(x)), style);
    if is_chosen {
        canvas.patch(after, columns, y, style);
    }
}

/// Name and length: of the header, or of what it holds where it has none; and what it was made from.
fn heading(cx: &Cx<'_>, row: &Row<'_>) -> String {
    let layer = row.layer;
    let len = if layer.header.is_empty() {
        layer.payload.len()
    } else {
        layer.header.len()
    };
    let derived = layer.buffer.checked_sub(1).and_then(|i| {
        let (dissection, _) = row.part.of(cx.scene)?;
        dissection
            .derived
            .get(i)
            .map(|derived| derived.name.to_lowercase())
    });
    let of = match (derived, row.part) {
        (Some(name), _) => format!(" ({name})"),
        (None, Part::Message(i)) if cx.scene.messages.len() > 1 => format!(" (message {})", i + 1),
        _ => String::new(),
    };
    format!("{}, {}{of}", layer.protocol.name, words::bytes(len))
}

/// Label, value, and the number written the other way.
fn field_line(cx: &Cx<'_>, i: usize, columns: usize) -> String {
    let row = &cx.rows[i];
    let Some(field) = row.field else {
        return String::new();
    };
    let wide = columns >= 54;
    let label = own_label(cx, i, label(field.spec.label));
    let indent = 2 + 2 * usize::from(field.depth.min(8));
    let labels = if wide { 23 } else { 18 };
    let room = labels + 2 - indent.min(labels);
    let label = shorten(&label, room.saturating_sub(1).max(4));
    let pad = " ".repeat(room.saturating_sub(width(&label)).max(1));
    let room = columns.saturating_sub(indent + width(&label) + width(&pad));
    let value = cx.theme.safe(&field.text);
    let value = match (row.twin, cx.numbers) {
        (None, _) => number_first(&value, room),
        (Some(twin), numbers) => {
            let name = if numbers == Numbers::Relative {
                "raw"
            } else {
                "relative"
            };
            let other = cx.theme.safe(&twin.text);
            let both = if wide {
                format!("{value}  ({name} {other})")
            } else {
                format!("{value}  {name} {other}")
            };
            // Part of the other number says nothing, and a key shows it.
            match width(&both) <= room {
                true => both,
                false => format!("{value}  {name}: r"),
            }
        }
    };
    let derived = if field.generated && row.twin.is_none() {
        "["
    } else {
        ""
    };
    let end = if derived.is_empty() { "" } else { "]" };
    format!("{:indent$}{label}{pad}{derived}{value}{end}", "")
}

/// A value that is cut, such as `Normal Closure (1000)`, with its number before its name.
fn number_first(value: &str, room: usize) -> String {
    let is_number = |number: &&str| number.bytes().all(|byte| byte.is_ascii_digit());
    let parts = value
        .strip_suffix(')')
        .and_then(|value| value.rsplit_once(" ("));
    match parts.filter(|(_, number)| is_number(number)) {
        Some((name, number)) if width(value) > room => format!("{number} {name}"),
        _ => value.to_owned(),
    }
}

/// A label without what the field that it is a part of says before it: below `Request URI`, of `Request URI path` the
/// last word.
fn own_label(cx: &Cx<'_>, i: usize, label: &'static str) -> String {
    let depth = cx.rows[i].field.map_or(0, |field| field.depth);
    let before = cx.rows[..i].iter().rev().map_while(|row| row.field);
    let mut above = before.skip_while(|field| field.depth >= depth);
    let rest = above
        .next()
        .and_then(|above| label.strip_prefix(above.spec.label))
        .filter(|rest| rest.starts_with(' '));
    match rest.map(str::trim_start) {
        Some(rest) => rest[..1].to_uppercase() + &rest[1..],
        None => label.to_owned(),
    }
}

/// A label without what the twin beside it says anyway.
fn label(label: &'static str) -> &'static str {
    let end = [" (raw", " (relative"]
        .iter()
        .filter_map(|end| label.find(end))
        .min();
    &label[..end.unwrap_or(label.len())]
}

/// As many whole words of the label as have room, or else its beginning.
fn shorten(label: &str, room: usize) -> String {
    let mut words = label;
    while width(words) > room {
        match words.rsplit_once(' ') {
            Some((before, _)) => words = before,
            None => return fit(label, room),
        }
    }
    words.to_owned()
}

/// What was found wrong or odd, and what stopped the reading.
fn notes(cx: &Cx<'_>) -> Vec<(String, Role)> {
    let mut notes = Vec::new();
    if let Some(why) = select::absence(cx.scene) {
        // What was found may be about what is not there.
        return vec![(format!("(the layers below: {why})"), Role::Text)];
    }
    let parts = std::iter::once(Part::Frame).chain((0..cx.scene.messages.len()).map(Part::Message));
    for part in parts {
        if let Some((dissection, _)) = part.of(cx.scene) {
            push_notes(&mut notes, dissection);
        }
    }
    notes
}

fn push_notes(notes: &mut Vec<(String, Role)>, dissection: &Dissection) {
    for expert in &dissection.experts {
        let (mark, role) = match expert.severity {
            Severity::Chat => continue,
            Severity::Note => ("note:", Role::Text),
            Severity::Warn => ("! warning:", Role::Error),
            Severity::Error => ("! error:", Role::Error),
        };
        notes.push((format!("{mark} {}", expert.text), role));
    }
    if let Some(stop) = &dissection.stop {
        let why = match &stop.reason {
            StopReason::Truncated { needed, available } => {
                format!("cut short: {needed} bytes needed, {available} there")
            }
            StopReason::Malformed(what) => what.clone(),
            StopReason::Unknown(what) => format!("left as bytes: {what}"),
        };
        notes.push((
            format!("! {} at byte {}: {why}", stop.protocol, stop.offset),
            Role::Error,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::scroll;

    #[test]
    fn the_chosen_row_is_always_shown() {
        assert_eq!(scroll(5, 12, 12, 6), 3);
        assert_eq!(scroll(5, 12, 12, 12), 0);
        assert_eq!(scroll(10, 11, 14, 6), 5);
        for total in 1..40 {
            for height in 1..20 {
                for here in 0..total {
                    for end in here + 1..=total {
                        let start = scroll(here, end, total, height);
                        assert!(
                            (start..start + height).contains(&here),
                            "{here} {end} {total} {height}"
                        );
                    }
                }
            }
        }
    }
}
