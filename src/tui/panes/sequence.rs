//! 6 Sequence space: what each end has sent, how far it is acknowledged, and what became of the rest.

use super::{Cx, Pane};
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::theme::Role;
use crate::tui::words;
use crate::walk::view::{Numbers, SeqKind, SeqRun, SeqSpace, SeqState};

/// The pane's state: none.
#[derive(Debug, Default)]
pub struct SeqPane;

impl Pane for SeqPane {
    fn title(&self, cx: &Cx<'_>, _: usize) -> String {
        match cx.numbers {
            Numbers::Relative => "6 Sequence space (r raw)".to_owned(),
            Numbers::Raw => "6 Sequence space, raw (r relative)".to_owned(),
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let Some(spaces) = &cx.scene.seq else {
            canvas.put(
                1,
                0,
                "(no connection at this step)",
                cx.theme.style(Role::Text),
            );
            return;
        };
        let names = words::both_names(&cx.scene.ladder.lanes);
        let rows = (canvas.height() / 2).clamp(1, 5);
        for (end, space) in spaces.iter().enumerate() {
            let name = format!("{}>{}", names[end], names[1 - end]);
            let name = if width(&name) <= AT - 2 {
                name
            } else {
                ROLES[end].to_owned()
            };
            draw_space(cx, canvas, end * rows, (end + 1) * rows, &name, space, end);
        }
    }
}

/// The directions where the names are too long.
const ROLES: [&str; 2] = ["client>server", "server>client"];

/// The column where the numbers begin.
const AT: usize = 16;

/// One direction, in the lines from `top` up to `bottom`.
fn draw_space(
    cx: &Cx<'_>,
    canvas: &mut Canvas<'_>,
    top: usize,
    bottom: usize,
    name: &str,
    space: &SeqSpace,
    end: usize,
) {
    let style = cx.theme.end(end);
    let plain = cx.theme.style(Role::Text);
    let room = canvas.width().saturating_sub(AT + 1);
    let bar = Bar::new(space, room);
    canvas.put_to(AT - 1, 1, top, &cx.theme.fit(name, AT - 2), style);
    for (x, number) in &bar.numbers {
        canvas.put(AT + x, top, number, plain);
    }
    if top + 1 < bottom {
        canvas.put(3, top + 1, "sent", plain);
        canvas.put(AT, top + 1, &bar.text, style);
        if bar.is_current {
            let x = AT + width(&bar.text) + 1;
            canvas.put(x, top + 1, "*", cx.theme.style(Role::Changed));
        }
        let legend = legend(space);
        let used = AT + width(&bar.text) + 4 + width(legend);
        if end == 0 && !space.runs.is_empty() && used < canvas.width() {
            canvas.put_right(canvas.width() - 1, top + 1, legend, plain);
        }
    }
    if top + 2 < bottom {
        canvas.put(3, top + 2, "acked", plain);
        canvas.put(AT, top + 2, &fit(&acked(space, &bar), room), plain);
    }
    if top + 3 < bottom {
        canvas.put(3, top + 3, "window", plain);
        let edge = space
            .window_end
            .map_or_else(|| "-".to_owned(), |edge| format!("up to {edge}"));
        canvas.put(AT, top + 3, &edge, plain);
    }
    if top + 4 < bottom {
        canvas.put(3, top + 4, "arrived", plain);
        let next = space
            .rcv_nxt
            .map_or_else(|| "-".to_owned(), |next| format!("before {next}"));
        canvas.put(AT, top + 4, &next, plain);
    }
}

/// What the letters mean that stand there.
fn legend(space: &SeqSpace) -> &'static str {
    let has = |state| space.runs.iter().any(|run| run.state == state);
    if has(SeqState::Lost) {
        "x=lost"
    } else if has(SeqState::Gap) {
        "?=not seen"
    } else if has(SeqState::Sacked) {
        "+=behind a hole"
    } else if space.runs.iter().any(|run| run.kind == SeqKind::Data) {
        "= acked, - sent"
    } else {
        "S=SYN"
    }
}

/// The line under what was sent: how far it is acknowledged.
fn acked(space: &SeqSpace, bar: &Bar) -> String {
    let Some(una) = space.una else {
        return "-".to_owned();
    };
    match bar.column(una) {
        Some(0) | None if space.runs.is_empty() => "  (nothing sent)".to_owned(),
        Some(0) => ":  (nothing yet)".to_owned(),
        Some(column) => format!("{}^ ack={una}", "=".repeat(column)),
        None => format!("^ ack={una}"),
    }
}

/// What was sent as one line: `[S|==129==|--57--]`, and the column of each border.
#[derive(Debug, Default)]
struct Bar {
    text: String,
    /// Sequence numbers at their columns, as many as have room.
    numbers: Vec<(usize, String)>,
    /// Each border: the number, and its column.
    borders: Vec<(u32, usize)>,
    is_current: bool,
}

impl Bar {
    fn new(space: &SeqSpace, room: usize) -> Self {
        let mut first = 0;
        loop {
            let runs = &space.runs[first..];
            let bar = Self::of(runs, first > 0);
            if width(&bar.text) <= room || runs.len() <= 1 {
                return bar;
            }
            first += 1;
        }
    }

    fn of(runs: &[SeqRun], cut: bool) -> Self {
        let mut bar = Self {
            is_current: runs.iter().any(|run| run.current),
            ..Self::default()
        };
        let Some(first) = runs.first() else {
            return bar;
        };
        bar.text.push_str(if cut { "..[" } else { "[" });
        bar.borders.push((first.range.start, width(&bar.text) - 1));
        for (i, run) in runs.iter().enumerate() {
            bar.text.push_str(&cells(run));
            bar.borders.push((run.range.end, width(&bar.text)));
            bar.text.push(if i + 1 == runs.len() { ']' } else { '|' });
        }
        let mut free = 0;
        for &(number, column) in &bar.borders {
            let text = number.to_string();
            if column >= free {
                free = column + text.len() + 1;
                bar.numbers.push((column, text));
            }
        }
        bar
    }

    fn column(&self, number: u32) -> Option<usize> {
        self.borders
            .iter()
            .find(|(border, _)| *border == number)
            .map(|(_, column)| *column)
    }
}

/// A run: `S`, `F`, or its length on a line that says what became of it.
fn cells(run: &SeqRun) -> String {
    let line = match run.state {
        SeqState::Sent => '-',
        SeqState::Lost => 'x',
        SeqState::Acked => '=',
        SeqState::Sacked => '+',
        SeqState::Gap => '?',
    };
    match run.kind {
        SeqKind::Syn if run.state == SeqState::Lost => "Sx".to_owned(),
        SeqKind::Fin if run.state == SeqState::Lost => "Fx".to_owned(),
        SeqKind::Syn => "S".to_owned(),
        SeqKind::Fin => "F".to_owned(),
        SeqKind::Data => {
            format!(
                "{line}{}{line}",
                run.range.end.wrapping_sub(run.range.start)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(range: std::ops::Range<u32>, kind: SeqKind, state: SeqState) -> SeqRun {
        SeqRun {
            range,
            kind,
            state,
            current: false,
        }
    }

    #[test]
    fn runs_are_drawn_in_their_order_with_their_borders() {
        let runs = vec![
            run(0..1, SeqKind::Syn, SeqState::Acked),
            run(1..130, SeqKind::Data, SeqState::Acked),
            run(130..187, SeqKind::Data, SeqState::Lost),
        ];
        let space = SeqSpace {
            isn: None,
            una: Some(130),
            nxt: Some(187),
            rcv_nxt: Some(130),
            window_end: None,
            runs,
        };
        let bar = Bar::new(&space, 40);
        assert_eq!(bar.text, "[S|=129=|x57x]");
        assert_eq!(bar.column(130), Some(8));
        assert_eq!(acked(&space, &bar), "========^ ack=130");
        assert_eq!(
            Bar::new(&space, 12).text,
            "..[=129=|x57x]".replace("=129=|", "")
        );
    }
}
