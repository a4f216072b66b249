//! 9 States: the state diagram of RFC 9293, figure 5, with both ends in it and the edges that the step took.

use ratatui::style::Style;

use super::{Cx, Pane};
use crate::stack::record::TcpState;
use crate::tui::canvas::{Canvas, fit, width};
use crate::tui::theme::Role;
use crate::walk::states::{Edge, States, Taken};

/// The pane's state: none.
#[derive(Debug, Default)]
pub struct StatesPane;

/// The columns and rows of the figure.
const SIZE: (usize, usize) = (79, 11);

/// Where each state stands: the column and the row of its bracket.
#[rustfmt::skip]
const NODES: [(TcpState, usize, usize); 11] = [
    (TcpState::Closed, 3, 1), (TcpState::SynSent, 22, 1), (TcpState::Established, 42, 1), (TcpState::CloseWait, 64, 1),
    (TcpState::Listen, 3, 4), (TcpState::SynReceived, 19, 4), (TcpState::LastAck, 65, 4),
    (TcpState::TimeWait, 3, 7), (TcpState::FinWait2, 22, 7), (TcpState::FinWait1, 42, 7),
    (TcpState::Closing, 42, 10),
];

/// An edge: its states, its way by its corners, and the arrow at the last one.
type Way = (TcpState, TcpState, &'static [(usize, usize)], char);

#[rustfmt::skip]
const WAYS: [Way; 20] = [
    (TcpState::Closed, TcpState::Listen, &[(5, 2), (5, 3)], 'v'),
    (TcpState::Listen, TcpState::Closed, &[(8, 3), (8, 2)], '^'),
    (TcpState::Closed, TcpState::SynSent, &[(12, 1), (20, 1)], '>'),
    (TcpState::SynSent, TcpState::Closed, &[(24, 2), (10, 2)], '^'),
    (TcpState::Listen, TcpState::SynSent, &[(11, 3), (22, 3), (22, 2)], '^'),
    (TcpState::Listen, TcpState::SynReceived, &[(12, 4), (17, 4)], '>'),
    (TcpState::SynSent, TcpState::SynReceived, &[(28, 2), (28, 3)], 'v'),
    (TcpState::SynSent, TcpState::Established, &[(33, 1), (40, 1)], '>'),
    (TcpState::SynReceived, TcpState::Established, &[(34, 4), (45, 4), (45, 2)], '^'),
    (TcpState::SynReceived, TcpState::FinWait1, &[(30, 5), (45, 5), (45, 6)], 'v'),
    (TcpState::Established, TcpState::FinWait1, &[(50, 2), (50, 6)], 'v'),
    (TcpState::Established, TcpState::CloseWait, &[(56, 1), (62, 1)], '>'),
    (TcpState::FinWait1, TcpState::FinWait2, &[(40, 7), (35, 7)], '<'),
    (TcpState::FinWait1, TcpState::Closing, &[(50, 8), (50, 9)], 'v'),
    (TcpState::FinWait1, TcpState::TimeWait, &[(45, 8), (45, 9), (11, 9), (11, 8)], '^'),
    (TcpState::FinWait2, TcpState::TimeWait, &[(20, 7), (15, 7)], '<'),
    (TcpState::CloseWait, TcpState::LastAck, &[(70, 2), (70, 3)], 'v'),
    (TcpState::Closing, TcpState::TimeWait, &[(40, 10), (7, 10), (7, 8)], '^'),
    (TcpState::LastAck, TcpState::Closed, &[(76, 4), (78, 4), (78, 0), (6, 0)], 'v'),
    (TcpState::TimeWait, TcpState::Closed, &[(1, 7), (0, 7), (0, 1), (1, 1)], '>'),
];

/// The letters that stand at the states of the client and the server.
const LETTERS: [&str; 2] = ["C", "S"];

impl Pane for StatesPane {
    fn title(&self, _: &Cx<'_>, columns: usize) -> String {
        let long =
            "9 States: where each end is   C client  S server   = the edge that this step took";
        if width(long) + 4 <= columns {
            long.to_owned()
        } else {
            "9 States   C client  S server".to_owned()
        }
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let text = cx.theme.style(Role::Text);
        let Some(states) = &cx.scene.states else {
            canvas.put(1, 0, "(no connection at this step)", text);
            return;
        };
        let (columns, rows) = SIZE;
        let has_room = canvas.width() > columns && canvas.height() >= rows;
        let top = if has_room {
            let left = 1 + (canvas.width() - columns - 1) / 2;
            draw_figure(cx, states, canvas, left);
            rows
        } else {
            0
        };
        let lines = canvas.height() - top;
        let words = words(cx, states, canvas.width().saturating_sub(2), lines);
        for (y, (line, style)) in words.iter().enumerate() {
            canvas.put(1, top + y, line, *style);
        }
    }
}

/// Of each end where it is and how it came there; side by side where that has room, and shortened where there is but one
/// line for both.
fn words(cx: &Cx<'_>, states: &States, columns: usize, lines: usize) -> Vec<(String, Style)> {
    let one_line = |said: [Said; 2]| {
        let [client, server] = [0, 1].map(|end| line_of(cx, states, end, said[end]));
        format!("{client}    {server}")
    };
    let is_now = |end: usize| states.taken[end].is_some_and(|taken| taken.now);
    let of_now = |said| [0, 1].map(|end| if is_now(end) { said } else { Said::State });
    let forms = [
        [Said::Action; 2],
        of_now(Said::Action),
        of_now(Said::Event),
        [Said::State; 2],
    ];
    let fits = |line: &String| width(line) <= columns;
    let style = cx.theme.style(Role::Text);
    let whole = one_line(forms[0]);
    if lines < 2 {
        let shortest = || fit(&one_line(forms[3]), columns);
        let line = forms.into_iter().map(one_line).find(fits);
        return vec![(line.unwrap_or_else(shortest), style)];
    }
    if columns >= 110 && fits(&whole) {
        return vec![(whole, style)];
    }
    let line = |end: usize| {
        let own = cx.theme.end(end);
        let style = if is_now(end) {
            own.patch(cx.theme.style(Role::Changed))
        } else {
            own
        };
        (fit(&line_of(cx, states, end, Said::Action), columns), style)
    };
    vec![line(0), line(1)]
}

/// How much is said of an end: its state, the event that brought it there, or what it did then, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    State,
    Event,
    Action,
}

fn line_of(cx: &Cx<'_>, states: &States, end: usize, said: Said) -> String {
    let name = cx.theme.safe(&states.names[end]);
    let mark = if states.inferred[end] { "~" } else { "" };
    let state = states.at[end].map_or("-", TcpState::name);
    let came = states.taken[end].map_or_else(String::new, |taken| came_from(taken, mark, said));
    format!("{} {name}: {mark}{state}{came}", LETTERS[end])
}

fn came_from(taken: Taken, mark: &str, said: Said) -> String {
    let Edge {
        from,
        event,
        action,
        ..
    } = taken.edge;
    let now = if taken.now { "* now" } else { "" };
    match said {
        Said::State if taken.now => "*".to_owned(),
        Said::State => String::new(),
        Said::Action if action != "none" => {
            format!("{now} from {mark}{}: {event} / {action}", from.name())
        }
        Said::Event | Said::Action => format!("{now} from {mark}{}: {event}", from.name()),
    }
}

fn draw_figure(cx: &Cx<'_>, states: &States, canvas: &mut Canvas<'_>, left: usize) {
    let rule = cx.theme.style(Role::Rule);
    for way in &WAYS {
        draw_way(canvas, left, way, false, rule);
    }
    for (end, letter) in LETTERS.into_iter().enumerate() {
        let Some(taken) = states.taken[end].filter(|taken| taken.now) else {
            continue;
        };
        let style = cx.theme.end(end).patch(cx.theme.style(Role::Changed));
        let is_taken = |way: &&Way| (way.0, way.1) == (taken.edge.from, taken.edge.to);
        if let Some(way) = WAYS.iter().find(is_taken) {
            draw_way(canvas, left, way, true, style);
            let corners = way.2;
            let [a, b] = [corners[corners.len() / 2 - 1], corners[corners.len() / 2]];
            let (x, y) = (a.0.midpoint(b.0), a.1.midpoint(b.1));
            canvas.put(left + x, y, letter, style);
        }
    }
    for (state, x, y) in NODES {
        let here = [0, 1].map(|end| states.at[end] == Some(state));
        let inferred = [0, 1].map(|end| states.inferred[end] && here[end]);
        let mark = if inferred.contains(&true) { "~" } else { "" };
        let name = format!("[{mark}{}]", state.name());
        let style = match here {
            [false, false] => cx.theme.style(Role::Text),
            _ => cx.theme.style(Role::Selected),
        };
        let end = canvas.put(left + x, y, &name, style);
        for (i, letter) in LETTERS.into_iter().enumerate() {
            let column = if i == 0 { left + x - 1 } else { end };
            let style = cx.theme.end(i).patch(cx.theme.style(Role::Strong));
            canvas.put(column, y, if here[i] { letter } else { " " }, style);
        }
    }
}

/// Draws an edge from corner to corner, with its arrow at the last one.
fn draw_way(canvas: &mut Canvas<'_>, left: usize, way: &Way, is_taken: bool, style: Style) {
    let (_, _, corners, arrow) = way;
    let [across, down] = if is_taken { ['=', '#'] } else { ['─', '│'] };
    let mut buffer = [0; 4];
    let mut put = |(x, y): (usize, usize), c: char| {
        canvas.put(left + x, y, c.encode_utf8(&mut buffer), style);
    };
    for pair in corners.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        for x in x0.min(x1)..=x0.max(x1) {
            for y in y0.min(y1)..=y0.max(y1) {
                put((x, y), if y0 == y1 { across } else { down });
            }
        }
    }
    for three in corners.windows(3) {
        let corner = corner(three[0], three[1], three[2]);
        put(three[1], if is_taken { down } else { corner });
    }
    // A way that leaves its state up or down, and goes on along the row, begins with a corner.
    let leaves = NODES.iter().find(|node| node.0 == way.0).map(|node| node.2);
    if let (Some(y), [first, second, ..]) = (leaves, *corners)
        && y != first.1
        && first.1 == second.1
    {
        let corner = corner((first.0, y), *first, *second);
        put(*first, if is_taken { down } else { corner });
    }
    if let Some(last) = corners.last() {
        put(*last, *arrow);
    }
}

/// The corner between the way to it and the way from it.
fn corner(from: (usize, usize), at: (usize, usize), to: (usize, usize)) -> char {
    let is_left = from.0.min(to.0) < at.0;
    let is_up = from.1.min(to.1) < at.1;
    match (is_left, is_up) {
        (true, true) => '┘',
        (true, false) => '┐',
        (false, true) => '└',
        (false, false) => '┌',
    }
}

#[cfg(test)]
mod tests {
    use super::{NODES, SIZE, WAYS};
    use crate::walk::states::EDGES;

    #[test]
    fn every_edge_of_the_figure_is_drawn_within_it_and_over_no_state() {
        for edge in EDGES {
            let ways = WAYS
                .iter()
                .filter(|way| (way.0, way.1) == (edge.from, edge.to));
            assert_eq!(ways.count(), 1, "{edge:?}");
        }
        assert_eq!(WAYS.len(), EDGES.len());
        for (from, to, way, _) in WAYS {
            for pair in way.windows(2) {
                let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
                assert!(x0 == x1 || y0 == y1, "{from:?} {to:?}: {pair:?}");
                assert!(x0.max(x1) < SIZE.0 && y0.max(y1) < SIZE.1);
                for (state, x, y) in NODES {
                    let covers = y0.min(y1) <= y
                        && y <= y0.max(y1)
                        && x0.min(x1) < x + state.name().len() + 2
                        && x <= x0.max(x1);
                    assert!(!covers, "{from:?} {to:?} covers {state:?}");
                }
            }
        }
    }
}
