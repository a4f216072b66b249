//! 5 Ends: the variables of both ends of the connection, `*` before what the step changed.

use super::{Cx, Effect, Pane};
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::keys::Command;
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::view::Ends;

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
        let start = self
            .scroll
            .min(ends.rows.len().saturating_sub(canvas.height()));
        for (y, row) in (0..canvas.height()).zip(&ends.rows[start..]) {
            let name = fit(row.name, columns[0].saturating_sub(2));
            canvas.put(1, y, &name, cx.theme.style(Role::Text));
            for end in 0..2 {
                let right = if end == 0 {
                    columns[1] - 2
                } else {
                    canvas.width()
                };
                let room = right.saturating_sub(columns[end]);
                let value = value(cx, ends, &row.values[end], room);
                let style = cx.theme.end(end);
                if row.changed[end] {
                    let changed = style.patch(cx.theme.style(Role::Changed));
                    canvas.put(columns[end] - 1, y, &format!("*{value}"), changed);
                } else {
                    canvas.put(columns[end], y, &value, style);
                }
            }
        }
        let more = ends.rows.len().saturating_sub(start + canvas.height());
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
        let rows = cx.scene.ends.as_ref()?.rows.len();
        self.scroll = match command {
            Command::Up => self.scroll.min(rows).saturating_sub(1),
            Command::Down => (self.scroll + 1).min(rows.saturating_sub(1)),
            _ => return None,
        };
        Some(Effect::Done)
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

fn value(cx: &Cx<'_>, ends: &Ends, value: &str, room: usize) -> String {
    let value = cx.theme.safe(value);
    let inferred = ends.inferred && value != "-" && !value.starts_with('~');
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
