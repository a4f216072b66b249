//! The variables of one end, each a row: its RFC's name and how its value is written.

use crate::base::Time;
use crate::stack::record::TcpVars;
use crate::walk::truth::EndNow;
use crate::walk::view::Numbers;

/// A variable.
pub(in crate::walk) struct Row {
    /// The RFC's name for it.
    pub name: &'static str,
    value: Value,
    /// What a change of it says, the changes of others do not say.
    telling: Telling,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Always,
    /// Where it had a value before.
    Changed,
    Never,
}

/// How the value is found and written; `None` is not known.
enum Value {
    State,
    /// A number, a size, a word.
    Plain(fn(&TcpVars) -> Option<String>),
    /// A sequence number of the end's own, counted from ISS.
    Own(fn(&TcpVars) -> Option<u32>),
    /// One of the peer's, counted from IRS.
    Peers(fn(&TcpVars) -> Option<u32>),
    OwnRuns(fn(&TcpVars) -> &[(u32, u32)]),
    PeersRuns(fn(&TcpVars) -> &[(u32, u32)]),
    /// A span of nanoseconds.
    Span(fn(&TcpVars) -> Option<u64>),
    /// How long the timer of this name has to run.
    Timer(&'static str),
}

use Telling::{Always, Changed, Never};
use Value::{Own, OwnRuns, Peers, PeersRuns, Plain, Span, State, Timer};

const fn row(name: &'static str, telling: Telling, value: Value) -> Row {
    Row {
        name,
        value,
        telling,
    }
}

/// All, the state first, the most telling next.
#[rustfmt::skip]
pub(in crate::walk) static ROWS: &[Row] = &[
    row("state", Always, State),
    row("ISN", Always, Plain(|vars| vars.iss.map(|iss| format!("{iss:08x}")))),
    row("SND.UNA", Always, Own(|vars| vars.snd_una)),
    row("SND.NXT", Always, Own(|vars| vars.snd_nxt)),
    row("RCV.NXT", Always, Peers(|vars| vars.rcv_nxt)),
    row("SND.WND", Always, Plain(|vars| text(vars.snd_wnd))),
    row("RCV.WND", Always, Plain(|vars| text(vars.rcv_wnd))),
    row("cwnd", Always, Plain(|vars| text(vars.cwnd))),
    row("ssthresh", Always, Plain(|vars| text(vars.ssthresh))),
    row("congestion", Changed, Plain(|vars| text(vars.recovery.or(vars.growth)))),
    row("pipe", Never, Plain(|vars| text(vars.pipe))),
    row("recover", Changed, Own(|vars| vars.recover)),
    row("SACKed", Always, OwnRuns(|vars| &vars.sacked)),
    row("out of order", Always, PeersRuns(|vars| &vars.out_of_order)),
    row("RTO", Never, Span(|vars| vars.rto)),
    row("retransmission", Never, Timer("retransmission")),
    row("delayed ACK", Never, Timer("delayed ACK")),
    row("persist", Never, Timer("persist")),
    row("RTT", Never, Span(|vars| vars.rtt)),
    row("SRTT", Never, Span(|vars| vars.srtt)),
    row("RTTVAR", Never, Span(|vars| vars.rttvar)),
    row("unsent", Never, Plain(|vars| text(vars.unsent))),
    row("unread", Never, Plain(|vars| text(vars.unread))),
    row("SND.MSS", Never, Plain(|vars| text(vars.snd_mss))),
    row("Snd.Wind.Shift", Never, Plain(|vars| text(vars.snd_wind_shift))),
    row("Rcv.Wind.Shift", Never, Plain(|vars| text(vars.rcv_wind_shift))),
    row("SACK permitted", Never, Plain(|vars| agreed(vars, vars.sack_permitted))),
    row("Snd.TS.OK", Never, Plain(|vars| agreed(vars, vars.timestamps))),
    row("ECN", Changed, Plain(ecn)),
    row("W_max", Never, Plain(|vars| text(vars.w_max))),
    row("RCV.UP", Always, Peers(|vars| vars.rcv_up)),
    row("TIME-WAIT", Never, Timer("TIME-WAIT")),
    row("keep-alive", Never, Timer("keep-alive")),
    row("user time-out", Never, Timer("user time-out")),
    row("FIN-WAIT-2", Never, Timer("FIN-WAIT-2")),
    row("reordering", Never, Timer("reordering")),
    row("loss probe", Never, Timer("tail loss probe")),
];

impl Row {
    /// The value at an end at a moment; `-` where it is not known.
    pub fn text(&self, end: &EndNow, numbers: Numbers, now: Time) -> String {
        self.known(end, numbers, now)
            .unwrap_or_else(|| "-".to_owned())
    }

    /// Whether an end's value is another one. A timer that runs on is the same; the state of another connection is not.
    pub fn differs(&self, before: &EndNow, now: &EndNow) -> bool {
        if self.is_state() && now.of.is_some() && now.is_after(before) {
            return true;
        }
        let value = |end| self.known(end, Numbers::Relative, Time::ZERO);
        value(before) != value(now)
    }

    /// Whether this is the state.
    pub fn is_state(&self) -> bool {
        matches!(self.value, State)
    }

    /// Whether a change from `old` says what the other rows do not.
    pub fn is_telling(&self, old: &str) -> bool {
        match self.telling {
            Always => true,
            Changed => old != "-",
            Never => false,
        }
    }

    fn known(&self, end: &EndNow, numbers: Numbers, now: Time) -> Option<String> {
        if self.is_state() {
            return end.state.map(|state| state.name().to_owned());
        }
        let vars = end.vars.as_ref()?;
        let own = |number: u32| counted(number, vars.iss, numbers);
        let peers = |number: u32| counted(number, vars.irs, numbers);
        match self.value {
            State => None,
            Plain(value) => value(vars),
            Own(value) => value(vars).and_then(own),
            Peers(value) => value(vars).and_then(peers),
            OwnRuns(value) => runs(value(vars), own),
            PeersRuns(value) => runs(value(vars), peers),
            Span(value) => value(vars).map(span),
            Timer(name) => {
                let running = vars.timers.iter().find(|(timer, _)| *timer == name)?;
                Some(span(running.1.0.saturating_sub(now.0)))
            }
        }
    }
}

fn counted(number: u32, first: Option<u32>, numbers: Numbers) -> Option<String> {
    match numbers {
        Numbers::Raw => Some(number.to_string()),
        Numbers::Relative => first.map(|first| number.wrapping_sub(first).to_string()),
    }
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// Whether the handshake agreed on something.
fn agreed(vars: &TcpVars, yes: bool) -> Option<String> {
    vars.irs.map(|_| if yes { "yes" } else { "no" }.to_owned())
}

fn ecn(vars: &TcpVars) -> Option<String> {
    match vars.ecn_says {
        Some(says) => Some(format!("yes, {says}")),
        None => vars.ecn.then(|| "yes".to_owned()),
    }
}

fn runs(runs: &[(u32, u32)], counted: impl Fn(u32) -> Option<String>) -> Option<String> {
    let run = |&(from, to): &(u32, u32)| Some(format!("{}-{}", counted(from)?, counted(to)?));
    let runs: Vec<String> = runs.iter().filter_map(run).collect();
    (!runs.is_empty()).then(|| runs.join(", "))
}

/// A span of nanoseconds in milliseconds.
fn span(nanos: u64) -> String {
    format!("{:.1} ms", nanos as f64 / 1e6)
}
