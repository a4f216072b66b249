//! 5 Ends: the variables of both ends of the connection, `*` before what the step changed.

use super::{Cx, Effect, Pane};
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::keys::Command;
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::view::{Ends, EndsRow, Numbers, SeqKind, SeqRun, SeqSpace, SeqState};

/// How far it is scrolled.
#[derive(Debug, Default)]
pub struct EndsPane {
    scroll: usize,
}

impl Pane for EndsPane {
    fn title(&self, cx: &Cx<'_>, width_: usize) -> String {
        let Some(ends) = &cx.scene.ends else {
            return "5 Ends".to_owned();
        };
        let columns = columns(width_);
        let names = if ends.names[0] == ends.names[1] {
            words::both_names(&cx.scene.ladder.lanes)
        } else {
            ends.names
                .clone()
                .map(|name| words::short_name(&name).to_owned())
        };
        let room = columns[1] - columns[0] - 3;
        let [client, server] = names.map(|name| words::fit_name(&cx.theme.safe(&name), room));
        // The rule has one column before the title, as the rows have one before the name.
        let mut title = "5 Ends".to_owned();
        for (name, column) in [(client, columns[0]), (server, columns[1])] {
            let pad = column.saturating_sub(width(&title) + 1).max(2);
            title += &" ".repeat(pad);
            title += &name;
        }
        title
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let Some(ends) = &cx.scene.ends else {
            canvas.put(
                1,
                0,
                "(no connection at this step)",
                cx.theme.style(Role::Text),
            );
            return;
        };
        let columns = columns(canvas.width());
        let rows = rows(cx, ends, canvas.height());
        let start = self.scroll.min(rows.len().saturating_sub(canvas.height()));
        for (y, row) in (0..canvas.height()).zip(&rows[start..]) {
            let name = fit(row.name, columns[0].saturating_sub(2));
            canvas.put(1, y, &name, cx.theme.style(Role::Text));
            for end in 0..2 {
                let right = if end == 0 {
                    columns[1] - 2
                } else {
                    canvas.width()
                };
                let room = right.saturating_sub(columns[end]);
                let value = value(cx, ends.inferred[end], &row.values[end], room);
                let style = cx.theme.end(end);
                if row.changed[end] {
                    let changed = style.patch(cx.theme.style(Role::Changed));
                    canvas.put(columns[end] - 1, y, &format!("*{value}"), changed);
                } else {
                    canvas.put(columns[end], y, &value, style);
                }
            }
        }
        let more = rows.len().saturating_sub(start + canvas.height());
        if more > 0 && canvas.width() > 20 && cx.focus == super::PaneId::Ends {
            let y = canvas.height().saturating_sub(1);
            canvas.put_right(
                canvas.width(),
                y,
                &format!("+{more} v"),
                cx.theme.style(Role::Strong),
            );
        }
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        // Of few rows some are two in one: a bound that is never too small.
        let rows = cx.scene.ends.as_ref()?.rows.len() + 1;
        self.scroll = match command {
            Command::Up => self.scroll.min(rows).saturating_sub(1),
            Command::Down => (self.scroll + 1).min(rows.saturating_sub(1)),
            _ => return None,
        };
        Some(Effect::Done)
    }
}

/// The rows; where not all have room the most telling ones first: what is sent in one row, what is under way, and the
/// window that the end itself offers.
fn rows(cx: &Cx<'_>, ends: &Ends, height: usize) -> Vec<EndsRow> {
    let find = |name: &str| ends.rows.iter().find(|row| row.name == name);
    let (Some(una), Some(nxt)) = (find("SND.UNA"), find("SND.NXT")) else {
        return ends.rows.clone();
    };
    if ends.rows.len() <= height || cx.numbers == Numbers::Raw {
        return ends.rows.clone();
    }
    let both = EndsRow {
        name: "SND.UNA/NXT",
        values: [0, 1].map(|end| match (&*una.values[end], &*nxt.values[end]) {
            ("-", "-") => "-".to_owned(),
            (una, nxt) => format!("{una}/{nxt}"),
        }),
        changed: [0, 1].map(|end| una.changed[end] || nxt.changed[end]),
    };
    let mut first: Vec<EndsRow> = ["state", "ISN"]
        .into_iter()
        .filter_map(find)
        .cloned()
        .collect();
    first.push(both);
    first.extend(find("RCV.NXT").cloned());
    if !cx.large {
        first.extend(cx.scene.seq.as_ref().map(not_acked));
    }
    if let Some(window) = find("RCV.WND") {
        first.push(EndsRow {
            name: "window",
            ..window.clone()
        });
    }
    let shown = ["state", "ISN", "SND.UNA", "SND.NXT", "RCV.NXT", "RCV.WND"];
    let rest = ends.rows.iter().filter(|row| !shown.contains(&row.name));
    first.extend(rest.cloned());
    first
}

/// What each end has sent and nobody has acknowledged: `[S]`, `[57]`, `[20+F]`.
fn not_acked(spaces: &[SeqSpace; 2]) -> EndsRow {
    let open = |run: &&SeqRun| {
        matches!(
            run.state,
            SeqState::Sent | SeqState::Lost | SeqState::Sacked
        )
    };
    let text = |space: &SeqSpace| {
        let runs = || space.runs.iter().filter(open);
        let has = |kind| runs().any(|run| run.kind == kind);
        let data = runs().filter(|run| run.kind == SeqKind::Data);
        let bytes: u64 = data
            .map(|run| u64::from(run.range.end.wrapping_sub(run.range.start)))
            .sum();
        let parts = [
            has(SeqKind::Syn).then(|| "S".to_owned()),
            (bytes > 0).then(|| bytes.to_string()),
            has(SeqKind::Fin).then(|| "F".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            "-".to_owned()
        } else {
            format!("[{}]", parts.join("+"))
        }
    };
    EndsRow {
        name: "not acked",
        values: [0, 1].map(|end| text(&spaces[end])),
        changed: [0, 1].map(|end| spaces[end].runs.iter().filter(open).any(|run| run.current)),
    }
}

/// The columns of the client's and the server's values; the one before each is for `*`.
fn columns(columns: usize) -> [usize; 2] {
    let name = if columns >= 50 {
        17
    } else {
        (columns / 3 + 1).clamp(7, 13)
    };
    [name, name + (columns.saturating_sub(name) / 2).max(4) + 1]
}

fn value(cx: &Cx<'_>, inferred: bool, value: &str, room: usize) -> String {
    let value = cx.theme.safe(value);
    let inferred = inferred && value != "-" && !value.starts_with('~');
    let text = if inferred {
        format!("~{value}")
    } else {
        value.into_owned()
    };
    if width(&text) > room {
        // The states that are longer than their column have well-known short forms.
        let short = text
            .replace("SYN-RECEIVED", "SYN-RCVD")
            .replace("ESTABLISHED", "ESTAB");
        return fit(&short, room);
    }
    text
}
