//! The graphs: which lines each has, their glyphs, scales and words.

use super::time_label;
use crate::tui::plot::{DOTS, Plot, Scale, round_up};
use crate::tui::theme::{Role, Theme};
use crate::walk::graph::{Graphs, Known, Line, Point, Quantity, Series};

/// A graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sequence numbers.
    Sequence,
    /// Windows, and what is under way.
    Window,
    /// The congestion window.
    Congestion,
    /// Round trips and the time-out.
    RoundTrip,
}

/// A line of a graph that is no dots: its glyph, its name.
struct Other {
    quantity: Quantity,
    glyph: char,
    name: &'static str,
}

const fn other(quantity: Quantity, glyph: char, name: &'static str) -> Other {
    Other {
        quantity,
        glyph,
        name,
    }
}

/// What of the graph is seen.
pub struct Frame {
    /// The time across.
    pub time: Scale,
    /// The values up, by rows.
    pub up: Scale,
    /// How much is drawn.
    pub known: Known,
}

/// A line that is so much higher than the dots is not made room for.
const MOST: u64 = 4;

impl Kind {
    /// All, in the order of the keys.
    pub const ALL: [Self; 4] = [
        Self::Sequence,
        Self::Window,
        Self::Congestion,
        Self::RoundTrip,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequence => "time-sequence",
            Self::Window => "windows",
            Self::Congestion => "congestion window",
            Self::RoundTrip => "round trips",
        }
    }

    /// The line of dots, where there is one.
    fn dots(self) -> Option<(Quantity, &'static str)> {
        match self {
            Self::Sequence => None,
            Self::Window => Some((Quantity::Flight, "in flight")),
            Self::Congestion => Some((Quantity::Cwnd, "cwnd")),
            Self::RoundTrip => Some((Quantity::Srtt, "SRTT")),
        }
    }

    fn others(self) -> &'static [Other] {
        const SEQUENCE: [Other; 2] = [
            other(Quantity::SndUna, '.', "SND.UNA"),
            other(Quantity::WindowEdge, '-', "window to"),
        ];
        const WINDOW: [Other; 2] = [
            other(Quantity::SndWnd, '-', "SND.WND"),
            other(Quantity::RcvWnd, '.', "RCV.WND"),
        ];
        const CONGESTION: [Other; 2] = [
            other(Quantity::Ssthresh, '-', "ssthresh"),
            other(Quantity::Flight, '.', "in flight"),
        ];
        const ROUND_TRIP: [Other; 2] = [
            other(Quantity::Rtt, '+', "RTT"),
            other(Quantity::Rto, '-', "RTO"),
        ];
        match self {
            Self::Sequence => &SEQUENCE,
            Self::Window => &WINDOW,
            Self::Congestion => &CONGESTION,
            Self::RoundTrip => &ROUND_TRIP,
        }
    }

    /// Why there is nothing to draw, in a sentence.
    pub fn unknown(self, graphs: &Graphs) -> Option<&'static str> {
        let is_empty = |quantity| graphs.series.line(quantity).points().is_empty();
        match self {
            Self::Congestion if graphs.inferred => Some(
                "cwnd and ssthresh never leave the host, so a capture cannot tell them. What it can tell is how much \
                 was in flight: see the windows (up).",
            ),
            Self::RoundTrip if graphs.inferred && is_empty(Quantity::Rtt) => Some(
                "No segment of this direction was seen together with its acknowledgment: no round trip is known.",
            ),
            Self::Congestion if is_empty(Quantity::Cwnd) => {
                Some("This end has no congestion control, or sends nothing: there is no cwnd.")
            }
            _ => None,
        }
    }

    /// The glyphs, names and values at the step.
    pub fn values(self, graphs: &Graphs, ascii: bool) -> Vec<String> {
        let series = &graphs.series;
        let value = |series: &Series, known: Known, quantity| {
            let last = series.line(quantity).before(known.order).last();
            self.written(last.map(|point| point.value), graphs.inferred)
        };
        let dots = Plot::dots_key(ascii);
        let mut pieces = Vec::new();
        match self.dots() {
            Some((quantity, name)) => {
                let value = value(series, graphs.known, quantity);
                pieces.push(format!("{dots} {name} {value}"));
            }
            None => {
                let sent = series.sent.iter();
                let sent = sent.take_while(|sent| sent.frame.0 < graphs.known.frame);
                let highest = sent.map(|sent| sent.numbers.end).max();
                let highest = self.written(highest, graphs.inferred);
                pieces.push(format!("{dots} sent to {highest}"));
            }
        }
        for other in self.others() {
            let value = value(series, graphs.known, other.quantity);
            pieces.push(format!("{} {} {value}", other.glyph, other.name));
        }
        match self {
            Self::Sequence if graphs.inferred => pieces.push("R again s SACKed".to_owned()),
            Self::Sequence => pieces.push("R again X lost s SACKed".to_owned()),
            Self::RoundTrip if graphs.inferred => {
                pieces.push("(SRTT and RTO stay in the host)".to_owned());
            }
            Self::Window | Self::Congestion | Self::RoundTrip => {}
        }
        if let (Some((quantity, of)), Some((name, series, known))) = (self.over(), &graphs.beside) {
            let value = value(series, *known, quantity);
            pieces.push(format!("o {of} of {name} {value}"));
        }
        pieces
    }

    /// What is drawn of another connection that is laid over this one, and its name.
    fn over(self) -> Option<(Quantity, &'static str)> {
        match self {
            Self::Window => Some((Quantity::Flight, "in flight")),
            Self::Congestion => Some((Quantity::Cwnd, "cwnd")),
            Self::Sequence | Self::RoundTrip => None,
        }
    }

    /// A value with its unit, `~` where it is inferred, `-` where it is not known.
    fn written(self, value: Option<u64>, inferred: bool) -> String {
        let Some(value) = value else {
            return "-".to_owned();
        };
        let mark = if inferred { "~" } else { "" };
        match self {
            Self::Sequence => format!("{mark}{value}"),
            Self::Window | Self::Congestion => format!("{mark}{value} B"),
            Self::RoundTrip if value < 10_000_000 => format!("{mark}{:.3} ms", value as f64 / 1e6),
            Self::RoundTrip => format!("{mark}{:.1} ms", value as f64 / 1e6),
        }
    }

    /// A number of the axis up, which ends at `to`.
    pub fn label(self, value: u64, to: u64) -> String {
        use crate::tui::words::decimal;
        match self {
            Self::RoundTrip => time_label(value, to),
            _ if value == 0 => "0".to_owned(),
            _ if to >= 2_000_000 => decimal(value as f64 / 1e6, "MB"),
            _ if to >= 2000 => decimal(value as f64 / 1e3, "kB"),
            _ => format!("{value} B"),
        }
    }

    /// The axis up for what is seen in this time: of the whole walk, so that a step does not move it.
    pub fn scale(self, graphs: &Graphs, time: Scale, rows: usize) -> Scale {
        let series = &graphs.series;
        let (mut from, mut to) = (u64::MAX, 0);
        for sent in &series.sent {
            if self == Self::Sequence && time.has(sent.time.0) {
                from = from.min(sent.numbers.start);
                to = to.max(sent.numbers.end);
            }
        }
        if self == Self::Sequence {
            let una = series.line(Quantity::SndUna);
            let (least, most) = range(una, time).unwrap_or((from, to));
            (from, to) = (from.min(least), to.max(most));
        }
        if let Some((quantity, _)) = self.dots() {
            to = to.max(most(series.line(quantity), time));
        }
        if let (Some((quantity, _)), Some((_, beside, _))) = (self.over(), &graphs.beside) {
            to = to.max(most(beside.line(quantity), time));
        }
        let others = self.others().iter();
        let heights: Vec<u64> = others
            .map(|other| most(series.line(other.quantity), time))
            .collect();
        if to == 0 {
            to = heights
                .iter()
                .copied()
                .filter(|height| *height > 0)
                .min()
                .unwrap_or(0);
        }
        let limit = match self {
            Self::Sequence => to + (to - from.min(to)) / 2,
            _ => to.saturating_mul(MOST),
        };
        to = heights
            .into_iter()
            .filter(|height| *height <= limit)
            .fold(to, u64::max);
        // From nothing, where that wastes no room.
        if self != Self::Sequence || from < to / 3 {
            from = 0;
        }
        let from = from.min(to);
        let step = round_up((to - from).div_ceil(4).max(1));
        let from = from / step * step;
        Scale {
            from,
            to: to.max(from + 1).div_ceil(step.div_ceil(2)) * step.div_ceil(2),
            cells: rows,
        }
    }
}

fn most(line: &Line, time: Scale) -> u64 {
    range(line, time).map_or(0, |(_, most)| most)
}

/// The least and the most of a line in this time.
fn range(line: &Line, time: Scale) -> Option<(u64, u64)> {
    let points = line.points();
    let first = points.partition_point(|point| point.time.0 < time.from);
    let last = points.partition_point(|point| point.time.0 <= time.to);
    let seen = points[first.saturating_sub(1)..last].iter();
    seen.fold(None, |range, point| {
        let (least, most) = range.unwrap_or((point.value, point.value));
        Some((least.min(point.value), most.max(point.value)))
    })
}

/// Draws a graph.
pub fn draw(plot: &mut Plot, theme: &Theme, graphs: &Graphs, kind: Kind, frame: &Frame) {
    let series = &graphs.series;
    let end = graphs.now.0.max(graphs.span[0].0);
    let end = if frame.known == Known::ALL {
        graphs.span[1].0
    } else {
        end
    };
    if let Some((quantity, _)) = kind.dots() {
        let line = series.line(quantity).before(frame.known.order);
        draw_dots(plot, line, frame, end);
    }
    let style = theme.style(Role::Text);
    for (rank, other) in (1..).zip(kind.others()) {
        let line = series.line(other.quantity).before(frame.known.order);
        if other.quantity == Quantity::Rtt {
            for point in line {
                put(
                    plot,
                    frame,
                    (point.time.0, point.value),
                    ('+', theme.end(graphs.dir.index()), DOTS + 1),
                );
            }
        } else {
            draw_line(plot, line, frame, end, (other.glyph, style, rank));
        }
    }
    if kind == Kind::Sequence {
        draw_segments(plot, theme, graphs, frame);
    }
    if let (Some((quantity, _)), Some((_, beside, known))) = (kind.over(), &graphs.beside) {
        let order = if frame.known == Known::ALL {
            u32::MAX
        } else {
            known.order
        };
        let line = beside.line(quantity).before(order);
        let style = theme.end(1 - graphs.dir.index());
        draw_line(plot, line, frame, end, ('o', style, DOTS + 1));
    }
}

type Mark = (char, ratatui::style::Style, u8);

fn put(plot: &mut Plot, frame: &Frame, (time, value): (u64, u64), (glyph, style, rank): Mark) {
    if frame.time.has(time) && frame.up.has(value) {
        plot.glyph(
            frame.time.place(time),
            frame.up.place(value),
            glyph,
            style,
            rank,
        );
    }
}

/// What was sent, and what became of it.
fn draw_segments(plot: &mut Plot, theme: &Theme, graphs: &Graphs, frame: &Frame) {
    let time = frame.time.with_cells(plot.dot_columns());
    let up = frame.up.with_cells(plot.dot_rows());
    let lost = theme.style(Role::Error);
    let sent = graphs.series.sent.iter();
    for sent in sent.take_while(|sent| sent.frame.0 < frame.known.frame) {
        if !time.has(sent.time.0) || sent.numbers.start > up.to || sent.numbers.end < up.from {
            continue;
        }
        let middle = (sent.time.0, sent.numbers.start.midpoint(sent.numbers.end));
        if sent.lost.is_some_and(|lost| lost < frame.known.lost) {
            put(plot, frame, middle, ('X', lost, DOTS + 5));
        } else if sent.again {
            put(
                plot,
                frame,
                middle,
                ('R', theme.style(Role::Changed), DOTS + 4),
            );
        }
        let (bottom, top) = (up.place(sent.numbers.start), up.place(sent.numbers.end));
        for y in bottom..=top {
            plot.dot(time.place(sent.time.0), y);
        }
    }
    let sacked = graphs.series.sacked.iter();
    for sacked in sacked.take_while(|sacked| sacked.order < frame.known.order) {
        if !frame.time.has(sacked.time.0) || sacked.numbers.end < up.from {
            continue;
        }
        let column = frame.time.place(sacked.time.0);
        for row in frame.up.place(sacked.numbers.start)..=frame.up.place(sacked.numbers.end) {
            plot.glyph(column, row, 's', theme.style(Role::Right), DOTS + 3);
        }
    }
}

/// A line of dots: in each column from the least to the most that it was there.
fn draw_dots(plot: &mut Plot, points: &[Point], frame: &Frame, end: u64) {
    let time = frame.time.with_cells(plot.dot_columns());
    let up = frame.up.with_cells(plot.dot_rows());
    for (x, least, most) in columns(points, time, end) {
        for y in up.place(least)..=up.place(most) {
            plot.dot(x, y);
        }
    }
}

/// A line of glyphs: in each column where it was last. Where it ends above what is seen, `^` says so.
fn draw_line(plot: &mut Plot, points: &[Point], frame: &Frame, end: u64, mark: Mark) {
    let (glyph, style, rank) = mark;
    let mut points_left = points.iter().peekable();
    let mut value = None;
    let mut last = None;
    for (column, ..) in columns(points, frame.time, end) {
        while let Some(point) = points_left.next_if(|point| {
            let is_seen = point.time.0 <= frame.time.to;
            is_seen && (point.time.0 < frame.time.from || frame.time.place(point.time.0) <= column)
        }) {
            value = Some(point.value);
        }
        last = value.map(|value| (column, value));
        if let Some(value) = value.filter(|value| frame.up.has(*value)) {
            plot.glyph(column, frame.up.place(value), glyph, style, rank);
        }
    }
    if let Some((column, _)) = last.filter(|(_, value)| *value > frame.up.to) {
        plot.glyph(column, frame.up.cells.saturating_sub(1), '^', style, rank);
    }
}

/// Of each column in which the line has a value, up to the time `end`, the least and the most.
fn columns(points: &[Point], time: Scale, end: u64) -> Vec<(usize, u64, u64)> {
    let mut columns: Vec<(usize, u64, u64)> = Vec::new();
    let hold = |columns: &mut Vec<(usize, u64, u64)>, to: usize, value: u64| {
        let from = columns.last().map_or(0, |(x, ..)| x + 1);
        columns.extend((from..=to).map(|x| (x, value, value)));
    };
    let mut value = None;
    for point in points {
        if point.time.0 > time.to || point.time.0 > end {
            break;
        }
        if point.time.0 >= time.from {
            let x = time.place(point.time.0);
            if let Some(value) = value {
                hold(&mut columns, x, value);
            }
            match columns.last_mut() {
                Some((last, least, most)) if *last == x => {
                    (*least, *most) = ((*least).min(point.value), (*most).max(point.value));
                }
                _ => columns.push((x, point.value, point.value)),
            }
        }
        value = Some(point.value);
    }
    if let Some(value) = value.filter(|_| end >= time.from) {
        hold(&mut columns, time.place(end), value);
    }
    columns
}
