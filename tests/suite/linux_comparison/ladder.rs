//! What passed on a wire, as rows that can be compared: numbers relative to each end's first, times as classes.

use std::fmt;
use std::time::Duration;

use layerwalk::base::{NodeId, Time};
use layerwalk::proto::ipv4::{Ipv4Header, PROTOCOL_TCP};
use layerwalk::proto::tcp::{TcpFlags, TcpHeader, TcpOption};
use layerwalk::sim::outcome::{Outcome, Transmission};
use layerwalk::sim::spec::Spec;

/// Between this and [`TIMER`] something was waited for; before it, nothing was.
const WAITED: Duration = Duration::from_millis(32);
/// From here on it was a retransmission time-out, or a probe: what Linux waits for at least 200 ms.
const TIMER: Duration = Duration::from_millis(170);

/// What a host may take to answer: what comes within it comes together.
const MOMENT: Duration = Duration::from_millis(5);

/// The segments on a wire, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(pub Vec<Row>);

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whether it goes from left to right.
    pub to_right: bool,
    pub flags: String,
    pub seq: u32,
    pub ack: Option<u32>,
    pub len: usize,
    pub window: Window,
    pub options: String,
    pub when: When,
    pub lost: bool,
}

/// The window, as far as it can be compared: later ones depend on how a host counts its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Of a SYN, exactly.
    Exact(u16),
    Closed,
    Open,
}

/// How long after this host last sent or received something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    AtOnce,
    Later,
    Timer,
}

impl Ladder {
    /// The segments of TCP that an outcome tells of.
    pub fn of(outcome: &Outcome, spec: &Spec) -> Self {
        let left = spec.links[0].ends[0];
        let delay = spec.links[0].delay;
        let segments = outcome
            .frames
            .iter()
            .filter_map(|frame| Segment::of(frame, delay));
        let mut segments: Vec<Segment> = segments.collect();
        in_order(&mut segments, left);
        let base = |from: NodeId| {
            let is_syn = |segment: &&Segment| {
                segment.from == from && segment.header.flags.has(TcpFlags::SYN)
            };
            let syn = segments.iter().find(is_syn);
            syn.map_or(0, |segment| segment.header.sequence_number)
        };
        let bases = spec.links[0].ends.map(base);
        let row = |at: usize| segments[at].row(left, bases, since_last(&segments, at));
        Self((0..segments.len()).map(row).collect())
    }
}

/// A segment and its way.
struct Segment {
    from: NodeId,
    sent: Time,
    /// When it arrived, or would have.
    arrived: Time,
    lost: bool,
    header: TcpHeader,
    len: usize,
}

impl Segment {
    fn of(frame: &Transmission, delay: Duration) -> Option<Self> {
        const ETHERNET: usize = 14;
        let packet = frame.bytes.get(ETHERNET..)?;
        let (ip, segment) = Ipv4Header::parse(packet).ok()?;
        if ip.protocol != PROTOCOL_TCP {
            return None;
        }
        let (header, text) = TcpHeader::parse(ip.source, ip.destination, segment).ok()?;
        Some(Self {
            from: frame.from,
            sent: frame.sent_at,
            arrived: frame.arrived_at.unwrap_or(frame.sent_at + delay),
            lost: frame.arrived_at.is_none(),
            len: text.len(),
            header,
        })
    }

    fn row(&self, left: NodeId, bases: [u32; 2], since: Option<Duration>) -> Row {
        let to_right = self.from == left;
        let [own, other] = if to_right {
            bases
        } else {
            [bases[1], bases[0]]
        };
        let header = &self.header;
        let window = match header.window {
            window if header.flags.has(TcpFlags::SYN) => Window::Exact(window),
            0 => Window::Closed,
            _ => Window::Open,
        };
        let options = header.options.iter().map(|option| describe(option, other));
        let has_ack = header.flags.has(TcpFlags::ACK);
        Row {
            to_right,
            flags: header.flags.to_string().replace(' ', ""),
            seq: header.sequence_number.wrapping_sub(own),
            ack: has_ack.then(|| header.acknowledgment_number.wrapping_sub(other)),
            len: self.len,
            window,
            options: options.collect::<Vec<_>>().join(","),
            when: match since {
                Some(since) if since >= TIMER => When::Timer,
                Some(since) if since >= WAITED => When::Later,
                _ => When::AtOnce,
            },
            lost: self.lost,
        }
    }
}

/// Where two segments cross on the wire, the one from the left comes first: which was sent a moment earlier is chance.
/// What is sent when the other one is as good as there does not cross it: that, too, would be chance.
fn in_order(segments: &mut [Segment], left: NodeId) {
    for _ in 0..segments.len() {
        for at in 1..segments.len() {
            let [first, second] = &segments[at - 1..=at] else {
                continue;
            };
            if second.from == left && first.from != left && second.sent + MOMENT < first.arrived {
                segments.swap(at - 1, at);
            }
        }
    }
}

/// How long before a segment its sender last sent or received one.
fn since_last(segments: &[Segment], at: usize) -> Option<Duration> {
    let segment = &segments[at];
    let others = segments
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != at);
    let times = others.filter_map(|(_, other)| match other.from == segment.from {
        true => Some(other.sent),
        false => (!other.lost).then_some(other.arrived),
    });
    let before = times.filter(|time| *time <= segment.sent).max()?;
    Some(segment.sent.since(before))
}

/// An option; of what changes with the clock only whether there is an echo.
fn describe(option: &TcpOption, base: u32) -> String {
    match option {
        TcpOption::Nop => "NOP".into(),
        TcpOption::Mss(mss) => format!("MSS {mss}"),
        TcpOption::WindowScale(shift) => format!("WS {shift}"),
        TcpOption::SackPermitted => "SACK ok".into(),
        TcpOption::Sack(blocks) => {
            let block = |&(from, to): &(u32, u32)| {
                format!("{}-{}", from.wrapping_sub(base), to.wrapping_sub(base))
            };
            let blocks: Vec<String> = blocks.iter().map(block).collect();
            format!("SACK {}", blocks.join(" "))
        }
        TcpOption::Timestamps { echo_reply: 0, .. } => "TS, no echo".into(),
        TcpOption::Timestamps { .. } => "TS".into(),
        TcpOption::Unknown { kind, .. } => format!("option {kind}"),
    }
}

/// One row a line.
impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// The segment as tcpdump would write it, more or less: `. > SYN seq=0 win=64240 <MSS 1460>`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.when {
            When::AtOnce => ' ',
            When::Later => '~',
            When::Timer => 'T',
        };
        let arrow = match (self.to_right, self.lost) {
            (true, false) => "──>",
            (true, true) => "─x ",
            (false, false) => "<──",
            (false, true) => " x─",
        };
        write!(f, "{when} {arrow} {} seq={}", self.flags, self.seq)?;
        if let Some(ack) = self.ack {
            write!(f, " ack={ack}")?;
        }
        if self.len > 0 {
            write!(f, " len={}", self.len)?;
        }
        match self.window {
            Window::Exact(window) => write!(f, " win={window}")?,
            Window::Closed => f.write_str(" win=0")?,
            Window::Open => {}
        }
        if !self.options.is_empty() {
            write!(f, " <{}>", self.options)?;
        }
        Ok(())
    }
}
