//! The states and variables of both ends of a connection, inferred from the segments that were seen.
//!
//! A capture does not show what a host thinks. It is taken that every segment arrived before the next one that was seen,
//! and that both ends keep to RFC 9293 §3.10. What cannot be known so is `None`.

use super::brief::Tcp;
use super::connection::Scale;
use crate::base::FrameId;
use crate::proto::stream::Dir;
use crate::stack::record::TcpState;

/// One end after a frame was sent and before it arrived. Numbers are raw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct End {
    pub state: Option<TcpState>,
    pub iss: Option<u32>,
    pub irs: Option<u32>,
    pub snd_una: Option<u32>,
    pub snd_nxt: Option<u32>,
    pub snd_wnd: Option<u32>,
    pub rcv_nxt: Option<u32>,
    pub rcv_wnd: Option<u32>,
    pub snd_mss: Option<u16>,
    pub scale: Scale,
    /// What the peer's windows were said to be shifted by.
    pub snd_scale: Scale,
    pub sack_permitted: bool,
    pub timestamps: bool,
    /// The state before this one.
    pub came_from: Option<TcpState>,
    /// A RST ended it.
    pub reset: bool,
    /// The sequence number of the FIN that it sent.
    fin: Option<u32>,
}

/// A segment as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub dir: Dir,
    pub tcp: Tcp,
    /// How its window is to be read.
    pub scale: Scale,
}

/// Both ends after each frame of the connection.
#[derive(Debug, Default)]
pub(super) struct Inferred {
    ends: [End; 2],
    under_way: Option<Segment>,
    history: Vec<(FrameId, [End; 2])>,
    /// No segment will follow, and the last one has arrived.
    finished: bool,
}

impl Inferred {
    /// Takes the next segment; `scale` says how its window is to be read.
    pub fn segment(&mut self, frame: FrameId, dir: Dir, tcp: &Tcp, scale: Scale) {
        // what is sent again at once did not arrive, as far as can be seen
        let again = |before: &Segment| before.dir == dir && before.tcp.seq == tcp.seq;
        let before = self.under_way.take();
        if let Some(before) = before.filter(|before| before.tcp.seg_len() == 0 || !again(before)) {
            self.arrive(&before);
        }
        let segment = Segment {
            dir,
            tcp: tcp.clone(),
            scale,
        };
        self.ends[dir.index()].send(&segment);
        self.under_way = Some(segment);
        self.history.push((frame, self.ends));
    }

    /// Both ends after `frame` was sent, or the last frame of the connection before it.
    pub fn at(&self, frame: FrameId) -> [End; 2] {
        let after = self.history.partition_point(|(sent, _)| *sent <= frame);
        after
            .checked_sub(1)
            .map_or([End::default(); 2], |index| self.history[index].1)
    }

    /// Says that no segment will follow: the last one is taken to have arrived.
    pub fn finish(&mut self) {
        if let Some(last) = self.under_way.take() {
            self.arrive(&last);
        }
        self.finished = true;
    }

    /// Both ends after the last segment has arrived, once none will follow.
    pub fn at_end(&self) -> Option<[End; 2]> {
        self.finished.then_some(self.ends)
    }

    fn arrive(&mut self, segment: &Segment) {
        self.ends[segment.dir.reverse().index()].arrive(segment);
    }
}

impl End {
    /// It sends a segment.
    pub fn send(&mut self, segment: &Segment) {
        let before = self.state;
        self.take_sent(segment);
        self.note_change(before);
    }

    /// A segment arrives at it.
    pub fn arrive(&mut self, segment: &Segment) {
        let before = self.state;
        self.take_arrived(segment);
        self.note_change(before);
    }

    /// Notes the state that it has left.
    fn note_change(&mut self, before: Option<TcpState>) {
        if self.state != before {
            self.came_from = before.or(match self.state {
                Some(TcpState::SynSent) => Some(TcpState::Closed),
                Some(TcpState::SynReceived) => Some(TcpState::Listen),
                _ => None,
            });
        }
    }

    fn take_sent(&mut self, segment: &Segment) {
        let tcp = &segment.tcp;
        let flags = tcp.flags;
        let end = self;
        if flags.syn {
            end.iss = Some(tcp.seq);
            end.state = Some(if flags.ack {
                TcpState::SynReceived
            } else {
                TcpState::SynSent
            });
            end.snd_una.get_or_insert(tcp.seq);
        } else if !flags.rst {
            end.state.get_or_insert(TcpState::Established);
        }
        if flags.fin {
            end.fin = Some(tcp.seq.wrapping_add(tcp.wire_len as u32));
            end.state = Some(match end.state {
                Some(TcpState::CloseWait) => TcpState::LastAck,
                Some(TcpState::Established | TcpState::SynReceived) | None => TcpState::FinWait1,
                Some(state) => state,
            });
        }
        if flags.rst {
            end.state = Some(TcpState::Closed);
            end.reset = true;
        }
        advance(&mut end.snd_nxt, tcp.seq.wrapping_add(tcp.seg_len()));
        if flags.ack && !flags.rst {
            advance(&mut end.rcv_nxt, tcp.ack);
        }
        if !flags.rst {
            end.rcv_wnd = Some(segment.scale.apply(tcp.window));
        }
    }

    fn take_arrived(&mut self, segment: &Segment) {
        let tcp = &segment.tcp;
        let flags = tcp.flags;
        let end = self;
        if flags.rst {
            end.state = Some(TcpState::Closed);
            end.reset = true;
            return;
        }
        if flags.syn {
            end.irs = Some(tcp.seq);
            end.rcv_nxt = Some(tcp.seq.wrapping_add(1));
            end.snd_mss = tcp.mss;
            end.sack_permitted = tcp.sack_permitted;
            end.timestamps = tcp.timestamps;
            end.state = Some(match (end.state, flags.ack) {
                (Some(TcpState::SynSent), true) => TcpState::Established,
                (Some(TcpState::SynSent) | None, false) => TcpState::SynReceived,
                (state, _) => state.unwrap_or(TcpState::Established),
            });
        }
        end.snd_wnd = Some(segment.scale.apply(tcp.window));
        if flags.ack {
            end.acknowledged(tcp.ack);
        }
        end.receive(tcp);
    }

    /// RFC 9293 §3.10.7.4, fifth: what an acceptable ACK does to the state.
    fn acknowledged(&mut self, ack: u32) {
        advance(&mut self.snd_una, ack);
        let fin_acked = self.fin.is_some_and(|fin| is_after(ack, fin));
        self.state = match self.state {
            Some(TcpState::SynReceived) => Some(TcpState::Established),
            Some(TcpState::FinWait1) if fin_acked => Some(TcpState::FinWait2),
            Some(TcpState::Closing) if fin_acked => Some(TcpState::TimeWait),
            Some(TcpState::LastAck) if fin_acked => Some(TcpState::Closed),
            state => state,
        };
    }

    /// RFC 9293 §3.10.7.4, seventh and eighth: text and FIN.
    fn receive(&mut self, tcp: &Tcp) {
        let next = tcp.seq.wrapping_add(tcp.seg_len());
        let in_order = self
            .rcv_nxt
            .is_none_or(|rcv_nxt| !is_after(tcp.seq, rcv_nxt));
        if !in_order {
            return;
        }
        advance(&mut self.rcv_nxt, next);
        if !tcp.flags.fin {
            return;
        }
        self.state = match self.state {
            Some(TcpState::SynReceived | TcpState::Established) => Some(TcpState::CloseWait),
            Some(TcpState::FinWait1) => Some(TcpState::Closing),
            Some(TcpState::FinWait2) => Some(TcpState::TimeWait),
            state => state,
        };
    }
}

/// Moves a number forward in sequence space, never back.
fn advance(number: &mut Option<u32>, to: u32) {
    if number.is_none_or(|number| is_after(to, number)) {
        *number = Some(to);
    }
}

/// Whether `a` comes after `b` in sequence space (RFC 9293 §3.4).
pub(super) fn is_after(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}
