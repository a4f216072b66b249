//! 8 Graphs: one direction of a connection over time, up to the step.
//!
//! ```text
//! ─8 Graphs 3/4: congestion window ── client:51000 > server:80 ── up/down graph  < > time  d other way
//!  ⠶ cwnd 28960 B  - ssthresh 14480 B  . in flight 27512 B
//!     30 kB┤          ⢀⠤⠒⠉│
//!          │       ⡠⠔⠁    │
//!     10 kB┤───────       │
//!        0 ┤              │
//!          0 s        0.5 s     1 s        1.5 s
//! ```

mod drawn;

use super::{Cx, Effect, Pane};
use crate::tui::canvas::{Canvas, width};
use crate::tui::keys::Command;
use crate::tui::plot::{Plot, Scale};
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::graph::{Graphs, Known};
use drawn::Kind;

/// Which graph, and how much of the time.
#[derive(Debug, Default)]
pub struct GraphsPane {
    kind: usize,
    /// Each shows a quarter of the time of the one before; 0 shows all.
    zoom: u32,
    /// What comes behind the step is drawn too.
    ahead: bool,
}

/// No shorter time is shown.
const LEAST: u64 = 1_000_000;
/// The columns of the numbers on the left, and of the axis.
const LEFT: usize = 9;

impl Pane for GraphsPane {
    fn title(&self, cx: &Cx<'_>, columns: usize) -> String {
        let kind = self.kind();
        let title = format!(
            "8 Graphs {}/{}: {}",
            self.kind + 1,
            Kind::ALL.len(),
            kind.name()
        );
        let Some(graphs) = cx.graphs else {
            return title;
        };
        let [from, to] = graphs.names.each_ref().map(|name| cx.theme.safe(name));
        let beside = graphs
            .beside
            .as_ref()
            .map_or_else(String::new, |(name, ..)| {
                format!(", o {}", cx.theme.safe(name))
            });
        let ahead = if self.ahead { "hide" } else { "show" };
        let pieces = [
            format!("{from} > {to}{beside}"),
            "up down graph".to_owned(),
            "< > time".to_owned(),
            format!("enter {ahead} what follows"),
            "d other way".to_owned(),
        ];
        pieces.into_iter().fold(title, |title, piece| {
            if width(&title) + width(&piece) + 6 > columns {
                title
            } else {
                format!("{title}   {piece}")
            }
        })
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let text = cx.theme.style(Role::Text);
        let Some(graphs) = cx.graphs else {
            canvas.put(1, 0, "(no connection at this step)", text);
            return;
        };
        let kind = self.kind();
        if let Some(why) = kind.unknown(graphs) {
            for (y, line) in crate::tui::canvas::wrap(why, canvas.width().saturating_sub(2))
                .iter()
                .enumerate()
            {
                canvas.put(1, y, line, text);
            }
            return;
        }
        let values = values(cx, graphs, kind, canvas.width().saturating_sub(1));
        for (y, line) in values.iter().enumerate() {
            canvas.put(1, y, line, text);
        }
        let top = values.len();
        let rows = canvas.height().saturating_sub(top + 1);
        let columns = canvas.width().saturating_sub(LEFT + 1);
        if rows < 2 || columns < 10 {
            return;
        }
        let time = self.time(graphs, columns);
        let known = if self.ahead { Known::ALL } else { graphs.known };
        let up = kind.scale(graphs, time, rows);
        let mut plot = Plot::new(columns, rows, cx.theme.ascii);
        drawn::draw(
            &mut plot,
            cx.theme,
            graphs,
            kind,
            &drawn::Frame { time, up, known },
        );
        if time.has(graphs.now.0) {
            let column = time.place(graphs.now.0);
            for row in 0..rows {
                plot.glyph(column, row, '│', cx.theme.style(Role::Strong), 0);
            }
        }
        put_up(cx, canvas, kind, up, top, rows);
        let dots = cx.theme.end(graphs.dir.index());
        plot.draw(canvas, LEFT, top, dots);
        put_times(cx, canvas, graphs, time, top + rows);
    }

    fn handle(&mut self, cx: &Cx<'_>, command: Command) -> Option<Effect> {
        let kinds = Kind::ALL.len();
        match command {
            Command::Up => self.kind = (self.kind + kinds - 1) % kinds,
            Command::Down => self.kind = (self.kind + 1) % kinds,
            Command::Left => self.zoom = self.zoom.saturating_sub(1),
            Command::Right => {
                let [from, to] = cx.graphs?.span;
                if shown_span(to.0 - from.0, self.zoom) > LEAST {
                    self.zoom += 1;
                }
            }
            Command::Open => self.ahead = !self.ahead,
            _ => return None,
        }
        Some(Effect::Done)
    }
}

impl GraphsPane {
    fn kind(&self) -> Kind {
        Kind::ALL[self.kind % Kind::ALL.len()]
    }

    /// The time that is shown: all, or a part around the step. The part moves in halves, so that most steps move
    /// nothing.
    fn time(&self, graphs: &Graphs, cells: usize) -> Scale {
        let [from, to] = graphs.span.map(|time| time.0);
        let all = (to - from).max(LEAST);
        let shown = shown_span(all, self.zoom);
        let half = (shown / 2).max(1);
        let now = graphs.now.0.clamp(from, from + all) - from;
        let start = (now / half * half).saturating_sub(shown / 4);
        let start = from + start.min(all - shown);
        Scale {
            from: start,
            to: start + shown,
            cells,
        }
    }
}

fn shown_span(all: u64, zoom: u32) -> u64 {
    all.checked_shr(zoom * 2)
        .unwrap_or(0)
        .clamp(LEAST.min(all.max(1)), all.max(1))
}

/// The glyphs and the values at the step, in as many lines as they need.
fn values(cx: &Cx<'_>, graphs: &Graphs, kind: Kind, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in kind.values(graphs, cx.theme.ascii) {
        let piece = cx.theme.fit(&piece, columns);
        match lines.last_mut() {
            Some(line) if width(line) + 2 + width(&piece) <= columns => {
                *line += "  ";
                *line += &piece;
            }
            _ => lines.push(piece),
        }
    }
    lines
}

/// The numbers on the left, each in the row of its value.
fn put_up(cx: &Cx<'_>, canvas: &mut Canvas<'_>, kind: Kind, up: Scale, top: usize, rows: usize) {
    let rule = cx.theme.style(Role::Rule);
    for row in 0..rows {
        canvas.put(LEFT - 1, top + row, "│", rule);
    }
    let ticks = up.ticks((rows / 2).clamp(1, 8));
    let unit = up.to;
    for tick in ticks {
        let y = top + rows - 1 - up.place(tick);
        let label = kind.label(tick, unit);
        canvas.put_right(LEFT - 1, y, &label, cx.theme.style(Role::Text));
        canvas.put(LEFT - 1, y, "┤", rule);
    }
}

/// The times below, each under its column.
fn put_times(cx: &Cx<'_>, canvas: &mut Canvas<'_>, graphs: &Graphs, time: Scale, y: usize) {
    let since = |at: u64| at.saturating_sub(graphs.start.0);
    let axis = Scale {
        from: since(time.from),
        to: since(time.to),
        cells: time.cells,
    };
    let mut free = 0;
    for tick in axis.ticks((time.cells / 12).max(1)) {
        let label = time_label(tick, axis.to);
        let x = (LEFT + axis.place(tick)).saturating_sub(width(&label) / 2);
        let x = x.min(canvas.width().saturating_sub(width(&label)));
        if x >= free {
            free = canvas.put(x, y, &label, cx.theme.style(Role::Text)) + 1;
        }
    }
}

/// A time of an axis that ends at `to`, in its unit.
fn time_label(nanos: u64, to: u64) -> String {
    if to >= 2_000_000_000 {
        words::decimal(nanos as f64 / 1e9, "s")
    } else {
        words::decimal(nanos as f64 / 1e6, "ms")
    }
}
