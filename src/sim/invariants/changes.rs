//! What must hold of a connection's variables.

use std::fmt;

use super::Invariant;
use crate::base::Time;
use crate::sim::spec::Host;
use crate::stack::record::TcpState::{self, *};
use crate::stack::record::TcpVars;
use crate::stack::tcp::{Seq, TcpConfig};

/// The variables of one end of a connection after something changed one of them.
#[derive(Debug)]
pub struct Change<'a> {
    /// Before; `None` at the first look.
    pub before: Option<&'a TcpVars>,
    /// After.
    pub now: &'a TcpVars,
    /// The variables of the other end, once either knows the other's initial number.
    pub peer: Option<&'a TcpVars>,
    /// The host and its switches.
    pub host: &'a Host,
    /// The right edge of the receive window that was furthest to the right so far.
    pub right_edge: Option<Seq>,
    /// When.
    pub time: Time,
    /// What has happened in the event; nothing yet while it lasts.
    pub event: Happened,
}

/// What an event has brought to a connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct Happened {
    /// Whether it has sent something.
    pub sent: bool,
    /// Whether the retransmission timer has expired.
    pub timed_out: bool,
    /// Whether a timer has expired that has something sent.
    pub sends: bool,
    /// The retransmission time-out before, in nanoseconds.
    pub rto: Option<u64>,
    /// The RCV.NXT that the peer was told last.
    pub told: Option<u32>,
}

/// The timers that have something sent when they expire.
pub(super) const SENDING: [&str; 3] = ["retransmission", "persist", "delayed ACK"];

impl Change<'_> {
    fn una(&self) -> Seq {
        Seq(self.now.snd_una.unwrap_or_default())
    }

    fn nxt(&self) -> Seq {
        Seq(self.now.snd_nxt.unwrap_or_default())
    }

    fn outstanding(&self) -> bool {
        self.una() != self.nxt() && self.now.state != Closed
    }

    fn runs(&self, name: &str) -> bool {
        self.until(name).is_some()
    }

    /// When a timer will expire.
    fn until(&self, name: &str) -> Option<Time> {
        let mut timers = self.now.timers.iter();
        timers.find(|&&(timer, _)| timer == name).map(|&(_, at)| at)
    }

    /// Whether a variable, a sequence number, is where it was or beyond.
    fn never_back(&self, of: impl Fn(&TcpVars) -> Option<u32>) -> bool {
        match (self.before.and_then(&of), of(self.now)) {
            (Some(before), Some(now)) => Seq(before).le(Seq(now)),
            _ => true,
        }
    }

    /// Whether data or a FIN went out for the first time in this change, and no window probe.
    fn sent_new(&self) -> bool {
        let open = |vars: &TcpVars| !matches!(vars.state, SynSent | SynReceived | Listen | Closed);
        let before = self.before.filter(|before| open(before) && open(self.now));
        before.is_some_and(|before| before.snd_nxt != self.now.snd_nxt) && !self.runs("persist")
    }

    /// How far a window that is told in units of its scale may seem to move back (RFC 7323 §2.4).
    fn unit(&self) -> u32 {
        (1 << self.now.rcv_wind_shift.unwrap_or(0)) - 1
    }

    fn waiting_bytes(&self) -> u32 {
        let runs = self.now.out_of_order.iter();
        let kept: u32 = runs.map(|&(start, end)| Seq(end) - Seq(start)).sum();
        self.now.unread.unwrap_or(0) + kept
    }

    /// Whether something waits to be sent in a state in which it may be.
    fn wants_to_send(&self) -> bool {
        let may = matches!(
            self.now.state,
            Established | CloseWait | FinWait1 | Closing | LastAck
        );
        let fin_is_due = matches!(self.now.state, FinWait1 | Closing | LastAck);
        may && (self.now.unsent.unwrap_or(0) > 0 || fin_is_due)
    }
}

/// The variables after the change, their numbers counted from the initial ones.
impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        vars_in_words(self.now, f)?;
        if let Some(before) = self.before {
            f.write_str("; before ")?;
            vars_in_words(before, f)?;
        }
        Ok(())
    }
}

/// Variables in one line, their numbers counted from the initial ones.
pub(super) fn vars_in_words(vars: &TcpVars, f: &mut impl fmt::Write) -> fmt::Result {
    let (iss, irs) = (vars.iss.unwrap_or(0), vars.irs.unwrap_or(0));
    let from = |base: u32, number: Option<u32>| number.unwrap_or(0).wrapping_sub(base);
    write!(
        f,
        "{}, SND.UNA {} .NXT {} .WND {}, MSS {}, unsent {}, cwnd {}, pipe {}, RCV.NXT {} .WND {}, unread {}",
        vars.state.name(),
        from(iss, vars.snd_una),
        from(iss, vars.snd_nxt),
        vars.snd_wnd.unwrap_or(0),
        vars.snd_mss.unwrap_or(0),
        vars.unsent.unwrap_or(0),
        vars.cwnd.unwrap_or(0),
        vars.pipe.unwrap_or(0),
        from(irs, vars.rcv_nxt),
        vars.rcv_wnd.unwrap_or(0),
        vars.unread.unwrap_or(0),
    )?;
    for &(start, end) in &vars.out_of_order {
        write!(
            f,
            ", kept {} to {}",
            from(irs, Some(start)),
            from(irs, Some(end))
        )?;
    }
    for (timer, at) in &vars.timers {
        write!(f, ", {timer} until {at} s")?;
    }
    Ok(())
}

/// Whether something holds of a change.
pub type OnChange = fn(&Change<'_>) -> bool;

/// The right edge of the receive window: what the peer may fill up to.
pub(super) fn right_edge(vars: &TcpVars) -> Option<Seq> {
    Some(Seq(vars.rcv_nxt?) + vars.rcv_wnd?)
}

/// After each change.
pub const CHANGES: &[Invariant<OnChange>] = &[
    Invariant {
        says: "ISS =< SND.UNA =< SND.NXT",
        cite: "RFC 9293 §3.4",
        holds: |c| Seq(c.now.iss.unwrap_or_default()).le(c.una()) && c.una().le(c.nxt()),
    },
    Invariant {
        says: "SND.UNA and SND.NXT never go back",
        cite: "RFC 9293 §3.10.7.4",
        holds: |c| c.never_back(|vars| vars.snd_una) && c.never_back(|vars| vars.snd_nxt),
    },
    Invariant {
        says: "nothing new is sent beyond SND.UNA + SND.WND, but for a window probe",
        cite: "RFC 9293 §3.8.6",
        holds: |c| !c.sent_new() || c.nxt() - c.una() <= c.now.snd_wnd.unwrap_or(0),
    },
    Invariant {
        says: "nothing new is sent beyond cwnd, but for the two segments of limited transmit",
        cite: "RFC 5681 §3.1, RFC 3042 §2",
        holds: |c| {
            let limited = 2 * u32::from(c.now.snd_mss.unwrap_or(0)) + 1;
            let most = c.now.cwnd.unwrap_or(u32::MAX).saturating_add(limited);
            !c.sent_new() || c.now.pipe.unwrap_or(0) <= most
        },
    },
    Invariant {
        says: "cwnd is never below one segment",
        cite: "RFC 5681 §3.1",
        holds: |c| c.now.cwnd.unwrap_or(u32::MAX) >= u32::from(c.now.snd_mss.unwrap_or(0)),
    },
    Invariant {
        says: "what is acknowledged has come: SND.UNA =< RCV.NXT of the peer",
        cite: "RFC 9293 §3.4",
        holds: |c| match c
            .peer
            .and_then(|peer| peer.rcv_nxt.filter(|_| peer.irs == c.now.iss))
        {
            Some(came) => c.una().le(Seq(came)),
            None => true,
        },
    },
    Invariant {
        says: "what has come was sent: RCV.NXT =< SND.NXT of the peer",
        cite: "RFC 9293 §3.4",
        holds: |c| match c.peer.and_then(|peer| peer.snd_nxt).zip(c.now.rcv_nxt) {
            Some((sent, came)) => Seq(came).le(Seq(sent)),
            None => true,
        },
    },
    Invariant {
        says: "RCV.NXT never goes back",
        cite: "RFC 9293 §3.10.7.4",
        holds: |c| c.never_back(|vars| vars.rcv_nxt),
    },
    Invariant {
        says: "the right edge of the receive window never moves left",
        cite: "RFC 9293 §3.8.6 (SHLD-14)",
        holds: |c| match c.right_edge.zip(right_edge(c.now)) {
            Some((before, now)) => before.le(now + c.unit()),
            None => true,
        },
    },
    Invariant {
        says: "what came out of order lies behind RCV.NXT in runs that do not touch, within the receive window",
        cite: "RFC 9293 §3.4",
        holds: |c| {
            let mut last = Seq(c.now.rcv_nxt.unwrap_or_default());
            let in_order = c.now.out_of_order.iter().all(|&(start, end)| {
                let right = last.lt(Seq(start)) && Seq(start).lt(Seq(end));
                last = Seq(end);
                right
            });
            let furthest = c
                .right_edge
                .map(|edge| edge.max(right_edge(c.now).unwrap_or(edge)));
            in_order && furthest.is_none_or(|edge| last.le(edge + c.unit()))
        },
    },
    Invariant {
        says: "what came and was not read fits the receive buffer",
        cite: "RFC 9293 §3.8.6.2.2",
        holds: |c| c.waiting_bytes() <= c.host.tcp.receive_buffer,
    },
    Invariant {
        says: "what was written and is not acknowledged fits the send buffer",
        cite: "RFC 9293 §3.9.1.2",
        holds: |c| {
            let syn_and_fin = 2;
            let kept = (c.nxt() - c.una()).saturating_add(c.now.unsent.unwrap_or(0));
            c.now.state == Closed || kept <= c.host.tcp.send_buffer.saturating_add(syn_and_fin)
        },
    },
    Invariant {
        says: "while anything is outstanding the retransmission timer or the persist timer runs",
        cite: "RFC 6298 §5.1",
        holds: |c| !c.outstanding() || c.runs("retransmission") || c.runs("persist"),
    },
    Invariant {
        says: "the retransmission timer runs only while something is outstanding",
        cite: "RFC 6298 §5.2",
        holds: |c| c.outstanding() || !c.runs("retransmission"),
    },
    Invariant {
        says: "TIME-WAIT begins with two maximum segment lifetimes",
        cite: "RFC 9293 §3.4.2",
        holds: |c| {
            let begins = c.now.state == TimeWait && c.before.is_some_and(|b| b.state != TimeWait);
            match c.until("TIME-WAIT").filter(|_| begins) {
                Some(at) => at == c.time + c.host.tcp.msl * 2,
                None => true,
            }
        },
    },
    Invariant {
        says: "no timer runs in CLOSED",
        cite: "RFC 9293 §3.10.7.1",
        holds: |c| c.now.state != Closed || c.now.timers.is_empty(),
    },
];

/// At the end of each event.
pub const EVENTS: &[Invariant<OnChange>] = &[
    Invariant {
        says: "what waits to be sent, with nothing outstanding, has a timer that will send it",
        cite: "RFC 9293 §3.8.6.1",
        holds: |c| c.outstanding() || !c.wants_to_send() || !c.now.timers.is_empty(),
    },
    Invariant {
        says: "the TIME-WAIT timer runs exactly in TIME-WAIT",
        cite: "RFC 9293 §3.6.1",
        holds: |c| (c.now.state == TimeWait) == c.runs("TIME-WAIT"),
    },
    Invariant {
        says: "when a timer expires that is there to have something sent, something is sent, or the connection is over",
        cite: "RFC 9293 §3.10.8",
        holds: |c| !c.event.sends || c.event.sent || c.now.state == Closed,
    },
    Invariant {
        says: "each time-out of the retransmission timer doubles the next, up to the longest",
        cite: "RFC 6298 §5.5",
        holds: |c| {
            // With the window closed it is the probes that come less and less often.
            let applies = c.event.timed_out && c.now.state != Closed && c.now.snd_wnd > Some(0);
            let longest = c.host.tcp.rto_max.as_nanos() as u64;
            let doubled = c.event.rto.map(|rto| (rto * 2).min(longest));
            !applies || c.now.rto == doubled
        },
    },
    Invariant {
        says: "what has come in order is acknowledged at once, or by the timer of a delayed ACK within 500 ms",
        cite: "RFC 9293 §3.8.6.3 (MUST-40)",
        holds: |c| {
            let soon = |at: Time| at <= c.time + TcpConfig::DELAYED_ACK_MAX;
            let is_told = c.event.told == c.now.rcv_nxt;
            is_told || c.now.state == Closed || c.until("delayed ACK").is_some_and(soon)
        },
    },
    Invariant {
        says: "the persist timer and the retransmission timer do not run both",
        cite: "RFC 9293 §3.8.6.1",
        holds: |c| !(c.runs("persist") && c.runs("retransmission")),
    },
];

/// The edges of the state diagram (RFC 9293 §3.3.2, figure 5), with those into CLOSED that the text adds: a reset, an
/// abort, a time-out.
pub const EDGES: &[(TcpState, &[TcpState])] = &[
    (Closed, &[SynSent]),
    (Listen, &[SynReceived]),
    (SynSent, &[SynReceived, Established, Closed]),
    (SynReceived, &[Established, FinWait1, Closed]),
    (Established, &[FinWait1, CloseWait, Closed]),
    (FinWait1, &[FinWait2, Closing, TimeWait, Closed]),
    (FinWait2, &[TimeWait, Closed]),
    (CloseWait, &[LastAck, Closed]),
    (Closing, &[TimeWait, Closed]),
    (LastAck, &[Closed]),
    (TimeWait, &[Closed]),
];
