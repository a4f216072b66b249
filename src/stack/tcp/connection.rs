//! One end of one connection: segments in, segments out, next timer.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use super::config::TcpConfig;
use super::congestion::Congestion;
use super::ecn::Ecn;
use super::isn::SecretKey;
use super::options::{Options, default_mss};
use super::rack::Rack;
use super::receive::Receive;
use super::recovery::Recovery;
use super::rto::Rto;
use super::segment::Segment;
use super::send::Send;
use super::seq::Seq;
use super::timers::Timers;
use super::{Event, Outgoing, Unreachable};
use crate::base::{RecordId, Time};
use crate::proto::tcp::TcpHeader;
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, Opened, SteadyVars, TcpState, TcpVars, Text, What};

/// One end of one connection: the Transmission Control Block and what is done with it.
///
/// The order of calls: `connect` or `accept` makes it; `handle_segment` for each segment that arrives for it,
/// `handle_timeout` when the time of `poll_timeout` has come, `handle_unreachable` for ICMP errors; the application's
/// verbs at any time; and after each of these calls `poll_transmit` and `poll_event` until they return nothing.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(super) id: ConnId,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) config: TcpConfig,
    /// The largest segment that the link lets through, in bytes of data without options.
    pub(super) link_mss: u16,
    /// The largest packet that the path to the peer is known to carry, where that is less than the link's.
    pub(super) path_mtu: Option<u16>,
    pub(super) state: TcpState,
    /// Whether it came from LISTEN.
    pub(super) passive: bool,
    pub(super) snd: Send,
    pub(super) rcv: Receive,
    /// Timestamps, while they are offered and once they are agreed (`Snd.TS.OK`, RFC 7323 §3.2).
    pub(super) timestamps: Option<Timestamps>,
    pub(super) sack_permitted: bool,
    pub(super) window_scaling: bool,
    pub(super) rto: Rto,
    pub(super) timers: Timers,
    /// The time-out of the persist timer, backed off; `None` while it has not expired.
    pub(super) persist: Option<std::time::Duration>,
    /// An acknowledgment is due now. (One that may wait has its timer running instead.)
    pub(super) ack_due: bool,
    /// When a segment that was not taken was answered last, of those whose answers are limited.
    pub(super) last_challenge: Option<Time>,
    /// Bytes that came in order since the last acknowledgment went out.
    pub(super) unacked_text: u32,
    /// The longest segment that came, in bytes of data.
    pub(super) longest_text: u32,
    /// The Nagle algorithm holds data back, which is recorded once.
    pub(super) nagle_holds: bool,
    /// When the peer was heard of last.
    pub(super) heard: Time,
    /// Keep-alive probes since then.
    pub(super) probes: u32,
    /// The SND.UNA from which on the user time-out counts.
    pub(super) user_una: Seq,
    pub(super) ecn: Ecn,
    /// RCV.UP, in urgent mode: the number behind the urgent data.
    pub(super) rcv_up: Option<Seq>,
    pub(super) congestion: Congestion,
    pub(super) recovery: Recovery,
    pub(super) rack: Rack,
    /// When data were sent last (RFC 5681 §4.1).
    pub(super) last_data_sent: Option<Time>,
    /// When SND.UNA moved last, or a closed window opened: R2 is not counted from before.
    pub(super) r2_from: Time,
    /// How often our SYN, or SYN, ACK, was sent again (RFC 6298 §5.7, RFC 6928 §2).
    pub(super) syn_retransmissions: u32,
    /// It has not been in ESTABLISHED.
    pub(super) never_established: bool,
    /// What ICMP reported last.
    pub(super) soft_error: Option<Unreachable>,
    /// The application called CLOSE: nobody reads what comes.
    pub(super) reader_gone: bool,
    /// The application found the send buffer full and waits for room.
    pub(super) writer_waits: bool,
    out: VecDeque<Outgoing>,
    events: VecDeque<(Event, Option<RecordId>)>,
    last_vars: Option<Arc<TcpVars>>,
}

/// The timestamps variables (RFC 7323 §3.2, §4.3).
#[derive(Debug, Clone, Copy)]
pub(super) struct Timestamps {
    /// What is added to the millisecond clock.
    pub offset: u32,
    /// TS.Recent.
    pub recent: u32,
    /// Last.ACK.sent.
    pub last_ack_sent: Seq,
}

/// What a new connection needs to know.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its id.
    pub id: ConnId,
    /// The address at this end.
    pub local: SocketAddr,
    /// The address of the peer.
    pub remote: SocketAddr,
    /// The switches.
    pub config: TcpConfig,
    /// The largest segment that the link lets through, in bytes of data without options: MTU less 40.
    pub link_mss: u16,
    /// The largest packet that the path to the peer is known to carry (RFC 1191 §3), where that is less than the link's.
    pub path_mtu: Option<u16>,
    /// Where its initial numbers come from.
    pub secret: SecretKey,
    /// The initial sequence number, where it is not for the secret key to make.
    pub iss: Option<Seq>,
}

impl Connection {
    /// An active OPEN (RFC 9293 §3.10.1): sends a SYN and enters SYN-SENT.
    pub fn connect(cx: &mut Cx<'_>, opening: Opening) -> Self {
        let mut conn = Self::new(cx, opening, false);
        conn.as_one_call(cx, |conn, cx| {
            conn.enter(cx, TcpState::SynSent, "RFC 9293 §3.10.1");
            conn.send_syn(cx);
        });
        conn
    }

    /// A SYN arrived for a listener (RFC 9293 §3.10.7.2): answers with SYN, ACK and enters SYN-RECEIVED.
    pub fn accept(cx: &mut Cx<'_>, opening: Opening, header: &TcpHeader, text: &[u8]) -> Self {
        let mut conn = Self::new(cx, opening, true);
        conn.state = TcpState::Listen;
        conn.as_one_call(cx, |conn, cx| {
            conn.record_arrival(cx, header, text.len());
            conn.arrives_in_listen(cx, &Segment::new(header, text));
        });
        conn
    }

    pub(super) fn new(cx: &mut Cx<'_>, opening: Opening, passive: bool) -> Self {
        let Opening {
            id,
            local,
            remote,
            config,
            link_mss,
            path_mtu,
            secret,
            iss,
        } = opening;
        let usual = || usual_iss(&config, &secret, id, cx.now, [local, remote]);
        let iss = iss.unwrap_or_else(usual);
        let active = !passive;
        let what = What::ConnOpened(Box::new(Opened {
            local,
            remote,
            active,
        }));
        let cite = if passive {
            "RFC 9293 §3.10.7.2"
        } else {
            "RFC 9293 §3.10.1"
        };
        cx.record(4, Some(id), cite, what);
        Self {
            id,
            local,
            remote,
            link_mss,
            path_mtu,
            state: TcpState::Closed,
            passive,
            snd: Send::new(iss, &config, default_mss(remote.ip())),
            rcv: Receive::new(&config),
            timestamps: config.timestamps.then(|| Timestamps {
                offset: secret.timestamp_offset(local, remote),
                recent: 0,
                last_ack_sent: Seq(0),
            }),
            sack_permitted: config.sack,
            window_scaling: config.window_scaling,
            rto: Rto::new(&config),
            timers: Timers::default(),
            persist: None,
            ack_due: false,
            last_challenge: None,
            unacked_text: 0,
            longest_text: 0,
            nagle_holds: false,
            heard: cx.now,
            probes: 0,
            user_una: iss,
            ecn: Ecn::new(iss),
            rcv_up: None,
            congestion: Congestion::new(
                config.congestion,
                default_mss(remote.ip()),
                config.initial_window,
            ),
            recovery: Recovery::default(),
            rack: Rack::default(),
            last_data_sent: None,
            r2_from: Time::ZERO,
            syn_retransmissions: 0,
            never_established: true,
            soft_error: None,
            reader_gone: false,
            writer_waits: false,
            out: VecDeque::new(),
            events: VecDeque::new(),
            last_vars: None,
            config,
        }
    }

    /// A segment of this connection arrived: SEGMENT ARRIVES (RFC 9293 §3.10.7).
    pub fn handle_segment(&mut self, cx: &mut Cx<'_>, header: &TcpHeader, text: &[u8]) {
        self.handle_marked_segment(cx, header, text, false);
    }

    /// Like [`Connection::handle_segment`]; `ce` says that its packet came with Congestion Experienced (RFC 3168 §5).
    pub fn handle_marked_segment(
        &mut self,
        cx: &mut Cx<'_>,
        header: &TcpHeader,
        text: &[u8],
        ce: bool,
    ) {
        self.as_one_call(cx, |conn, cx| {
            conn.record_arrival(cx, header, text.len());
            conn.heard = cx.now;
            let seg = Segment {
                ce,
                ..Segment::new(header, text)
            };
            conn.segment_arrives(cx, &seg);
            conn.restart_keep_alive(cx);
        });
    }

    /// The time of [`Connection::poll_timeout`] has come: TIMEOUTS (RFC 9293 §3.10.8).
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        while self.timers.next().is_some_and(|at| at <= cx.now) {
            self.as_one_call(cx, |conn, cx| {
                if let Some(timer) = conn.timers.take_expired(cx, conn.id) {
                    conn.timer_expired(cx, timer);
                }
            });
        }
    }

    /// The next segment to send.
    pub fn poll_transmit(&mut self) -> Option<Outgoing> {
        self.out.pop_front()
    }

    /// What the application should know, and the record that is the cause of it.
    pub fn poll_event(&mut self) -> Option<(Event, Option<RecordId>)> {
        self.events.pop_front()
    }

    /// When [`Connection::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.next()
    }

    /// Its id.
    pub fn id(&self) -> ConnId {
        self.id
    }

    /// The address at this end.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The address of the peer.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// Its state.
    pub fn state(&self) -> TcpState {
        self.state
    }

    /// How many bytes may be read now.
    pub fn readable(&self) -> usize {
        self.rcv.readable()
    }

    /// How far it has gone: SND.UNA and RCV.NXT.
    pub fn progress(&self) -> (Seq, Seq) {
        (self.snd.una, self.rcv.nxt)
    }

    /// Its variables.
    pub fn vars(&self) -> TcpVars {
        let nanos = |span: std::time::Duration| span.as_nanos() as u64;
        let syn_seen = self.rcv.synchronized;
        TcpVars {
            steady: self.shared_steady_vars(),
            snd_una: Some(self.snd.una.0),
            snd_nxt: Some(self.snd.nxt.0),
            snd_wnd: syn_seen.then_some(self.snd.wnd),
            rcv_nxt: syn_seen.then_some(self.rcv.nxt.0),
            rcv_wnd: self.rcv_wnd(),
            rtt: self.rto.rtt().map(nanos),
            srtt: self.rto.srtt().map(nanos),
            rttvar: self.rto.rttvar().map(nanos),
            rto: Some(nanos(self.rto.get())),
            cwnd: self.limit(self.congestion.cwnd()),
            pipe: Some(self.in_flight()),
            unsent: Some(self.snd.unsent()),
            unread: Some(self.rcv.readable() as u32),
            timers: self.timers.running(),
        }
    }

    /// Those that seldom change: the ones that were recorded last, if they are the same.
    fn shared_steady_vars(&self) -> Arc<SteadyVars> {
        let now = self.steady_vars();
        match self.last_vars.as_ref().map(|vars| &vars.steady) {
            Some(last) if **last == now => Arc::clone(last),
            _ => Arc::new(now),
        }
    }

    fn steady_vars(&self) -> SteadyVars {
        let syn_seen = self.rcv.synchronized;
        let begun = !self.never_established;
        SteadyVars {
            local: self.local,
            remote: self.remote,
            state: self.state,
            iss: Some(self.snd.iss.0),
            irs: syn_seen.then_some(self.rcv.irs.0),
            snd_mss: Some(self.snd.mss),
            snd_wind_shift: (syn_seen && self.window_scaling).then_some(self.snd.wind_shift),
            rcv_wind_shift: (syn_seen && self.window_scaling).then_some(self.rcv.wind_shift),
            sack_permitted: syn_seen && self.sack_permitted,
            timestamps: syn_seen && self.timestamps.is_some(),
            ssthresh: self.limit(self.congestion.ssthresh()),
            growth: (begun && self.congestion.limits()).then(|| self.congestion.growth()),
            w_max: self.congestion.w_max(),
            recovery: self.recovery.name(),
            recover: self.recovery.recover().map(|seq| seq.0),
            ecn: syn_seen && self.ecn.on,
            ecn_says: self.ecn.says(),
            rcv_up: self.rcv_up.map(|up| up.0),
            sacked: self.snd.sacked().map(|(l, r)| (l.0, r.0)).collect(),
            out_of_order: self.rcv.out_of_order().map(|(l, r)| (l.0, r.0)).collect(),
        }
    }

    /// A limit of the congestion control, once there is one.
    fn limit(&self, bytes: u32) -> Option<u32> {
        (!self.never_established && bytes != u32::MAX).then_some(bytes)
    }

    /// RCV.WND as it was advertised: by the SYN before anything came.
    fn rcv_wnd(&self) -> Option<u32> {
        match self.state {
            _ if self.rcv.synchronized => Some(self.rcv.advertised(self.state)),
            TcpState::SynSent => Some(self.rcv.syn_window(self.own_mss()).into()),
            _ => None,
        }
    }

    /// Runs `body` as one call from outside: what it asked for is sent, what changed is recorded, and the cause that
    /// the caller had is put back.
    pub(super) fn as_one_call<T>(
        &mut self,
        cx: &mut Cx<'_>,
        body: impl FnOnce(&mut Self, &mut Cx<'_>) -> T,
    ) -> T {
        let outer = cx.cause;
        let result = body(self, cx);
        self.record_vars(cx);
        self.output(cx);
        self.watch_peer(cx);
        self.record_vars(cx);
        cx.cause = outer;
        result
    }

    /// The options that go with every segment but a SYN or a RST.
    pub(super) fn usual_options(&self, now: Time) -> Options {
        let timestamps = self.timestamps.map(|ts| (ts.value(now), ts.recent));
        // 40 bytes of options hold four blocks, or three beside the timestamps (RFC 2018 §3).
        let most = if timestamps.is_some() { 3 } else { 4 };
        let sack = if self.sack_permitted {
            self.rcv.sack_blocks(most)
        } else {
            Vec::new()
        };
        Options {
            timestamps,
            sack,
            ..Options::default()
        }
    }

    /// The bytes that options take in every segment.
    pub(super) fn option_len(&self) -> u16 {
        if self.timestamps.is_some() { 12 } else { 0 }
    }

    /// Changes the state.
    pub(super) fn enter(&mut self, cx: &mut Cx<'_>, to: TcpState, cite: &'static str) {
        let from = std::mem::replace(&mut self.state, to);
        if from != to {
            cx.step(4, Some(self.id), cite, What::TcpState { from, to });
        }
    }

    /// Deletes the TCB: no timer runs, nothing is sent any more. What was received may still be read.
    pub(super) fn delete(&mut self, cx: &mut Cx<'_>, cite: &'static str) {
        self.timers.stop_all(cx, self.id);
        self.snd.discard();
        self.recovery = Recovery::default();
        self.ack_due = false;
        self.enter(cx, TcpState::Closed, cite);
    }

    /// The host loses its power: the TCB is gone, and nobody is told (RFC 9293 §3.5.1).
    pub(super) fn forget(&mut self, cx: &mut Cx<'_>) {
        self.as_one_call(cx, |conn, cx| conn.delete(cx, "RFC 9293 §3.5.1"));
        self.rcv.discard();
        self.out.clear();
        self.events.clear();
    }

    /// Tells the application.
    pub(super) fn tell(&mut self, cx: &Cx<'_>, event: Event) {
        self.events.push_back((event, cx.cause));
    }

    /// Records a decision, which becomes the cause of what follows.
    pub(super) fn decide(&self, cx: &mut Cx<'_>, cite: &'static str, text: impl Into<Text>) {
        cx.step(4, Some(self.id), cite, What::Decided(text.into()));
    }

    /// Records that a segment or a part of it is thrown away.
    pub(super) fn discard(&self, cx: &mut Cx<'_>, cite: &'static str, why: impl Into<Text>) {
        cx.step(4, Some(self.id), cite, What::Discarded(why.into()));
    }

    pub(super) fn push_out(&mut self, outgoing: Outgoing) {
        self.out.push_back(outgoing);
    }

    /// Records a snapshot of the variables if one of them changed.
    pub(super) fn record_vars(&mut self, cx: &mut Cx<'_>) {
        if !cx.log.is_on() {
            return;
        }
        let vars = self.vars();
        if self.last_vars.as_deref() != Some(&vars) {
            let vars = Arc::new(vars);
            let what = What::TcpVars(Arc::clone(&vars));
            cx.record(4, Some(self.id), "RFC 9293 §3.3.1", what);
            self.last_vars = Some(vars);
        }
    }
}

/// The initial sequence number of a connection that has no reason for another one.
pub(super) fn usual_iss(
    config: &TcpConfig,
    secret: &SecretKey,
    id: ConnId,
    now: Time,
    [local, remote]: [SocketAddr; 2],
) -> Seq {
    match config.isn {
        Some(first) => Seq(first.wrapping_add(config.isn_step.wrapping_mul(id.0))),
        None => secret.isn(now, local, remote),
    }
}

impl Timestamps {
    /// TSval now: a millisecond clock (RFC 7323 §5.4).
    pub fn value(&self, now: Time) -> u32 {
        (now.as_millis() as u32).wrapping_add(self.offset)
    }
}
