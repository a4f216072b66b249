//! The machine alone: what one segment does in each state.

mod challenge;
mod shrink;

use super::{Connection, Endpoint, Event, Opening, Outgoing, SecretKey, Seq, TcpConfig};
use crate::base::{NodeId, Time};
use crate::proto::tcp::{TcpFlags, TcpHeader, TcpOption};
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, Log, TcpState};
use std::net::SocketAddr;
use std::time::Duration;

const LOCAL: ([u8; 4], u16) = ([10, 0, 0, 1], 7000);
const REMOTE: ([u8; 4], u16) = ([10, 0, 0, 2], 80);
/// The peer's initial sequence number, so that it goes around soon.
const IRS: u32 = u32::MAX - 2;

const SYN: TcpFlags = TcpFlags::SYN;
const ACK: TcpFlags = TcpFlags::ACK;
const FIN: TcpFlags = TcpFlags::FIN;
const RST: TcpFlags = TcpFlags::RST;

/// A connection, and a peer that is a list of segments.
struct Machine {
    conn: Connection,
    log: Log,
    now: Time,
    events: Vec<Event>,
}

fn opening(config: TcpConfig) -> Opening {
    Opening {
        id: ConnId(0),
        local: LOCAL.into(),
        remote: REMOTE.into(),
        config,
        link_mss: 1460,
        path_mtu: None,
        secret: SecretKey([7; 16]),
        iss: None,
    }
}

fn cx(log: &mut Log, now: Time) -> Cx<'_> {
    Cx {
        now,
        node: NodeId(0),
        cause: None,
        log,
    }
}

/// No options, so that a segment is its numbers.
fn plain() -> TcpConfig {
    TcpConfig {
        window_scaling: false,
        sack: false,
        timestamps: false,
        receive_buffer: 4000,
        ..TcpConfig::default()
    }
}

fn header(flags: TcpFlags, seq: Seq, ack: Seq) -> TcpHeader {
    TcpHeader {
        source_port: REMOTE.1,
        destination_port: LOCAL.1,
        sequence_number: seq.0,
        acknowledgment_number: ack.0,
        flags,
        window: 3000,
        ..TcpHeader::default()
    }
}

impl Machine {
    fn connect(config: TcpConfig) -> Self {
        let mut log = Log::new();
        let conn = Connection::connect(&mut cx(&mut log, Time::ZERO), opening(config));
        Self::around(conn, log)
    }

    fn accept(config: TcpConfig, syn: &TcpHeader) -> Self {
        let mut log = Log::new();
        let conn = Connection::accept(&mut cx(&mut log, Time::ZERO), opening(config), syn, &[]);
        Self::around(conn, log)
    }

    fn around(conn: Connection, log: Log) -> Self {
        let now = Time::ZERO;
        let events = Vec::new();
        let mut machine = Self {
            conn,
            log,
            now,
            events,
        };
        machine.sent();
        machine
    }

    /// A connection in this state, with nothing to send and nothing to read.
    fn in_state(state: TcpState) -> Self {
        let passive = || Self::accept(plain(), &header(SYN, Seq(IRS), Seq(0)));
        let mut machine = match state {
            TcpState::SynSent => return Self::connect(plain()),
            TcpState::SynReceived => return passive(),
            _ => Self::connect(plain()),
        };
        machine.arrives(SYN | ACK, 0, 0, 0);
        match state {
            TcpState::Established => {}
            TcpState::FinWait1 => machine.close(),
            TcpState::FinWait2 => {
                machine.close();
                machine.arrives(ACK, 0, 0, 0);
            }
            TcpState::Closing => {
                machine.close();
                machine.arrives(FIN | ACK, 0, -1, 0);
            }
            TcpState::TimeWait => {
                machine.close();
                machine.arrives(FIN | ACK, 0, 0, 0);
            }
            TcpState::CloseWait => {
                machine.arrives(FIN | ACK, 0, 0, 0);
            }
            TcpState::LastAck => {
                machine.arrives(FIN | ACK, 0, 0, 0);
                machine.close();
            }
            other => panic!("not a state to begin with: {other:?}"),
        }
        machine.sent();
        assert_eq!(machine.conn.state(), state);
        machine
    }

    /// A half close, so that the reader stays.
    fn close(&mut self) {
        let mut cx = cx(&mut self.log, self.now);
        self.conn.shutdown(&mut cx);
        self.sent();
    }

    fn rcv_nxt(&self) -> Seq {
        Seq(self.conn.vars().rcv_nxt.unwrap_or(IRS))
    }

    fn snd_nxt(&self) -> Seq {
        Seq(self.conn.vars().snd_nxt.expect("known"))
    }

    /// A segment arrives; its SEQ is counted from RCV.NXT (before the SYN: from the peer's ISN), its ACK from
    /// SND.NXT. Returns what is sent, each a line whose numbers are counted likewise.
    fn arrives(&mut self, flags: TcpFlags, seq: i32, ack: i32, len: usize) -> Vec<String> {
        let (rcv_nxt, snd_nxt) = (self.rcv_nxt(), self.snd_nxt());
        let header = header(flags, rcv_nxt + seq as u32, snd_nxt + ack as u32);
        let text = vec![b'x'; len];
        self.conn
            .handle_segment(&mut cx(&mut self.log, self.now), &header, &text);
        let line = |out: Outgoing| {
            let header = out.header;
            let seq = (Seq(header.sequence_number) - snd_nxt) as i32;
            let mut line = format!("{} {seq:+}", header.flags);
            if header.flags.has(ACK) {
                let ack = (Seq(header.acknowledgment_number) - rcv_nxt) as i32;
                line += &format!(" {ack:+}");
            }
            line
        };
        self.sent().into_iter().map(line).collect()
    }

    fn sent(&mut self) -> Vec<Outgoing> {
        while let Some((event, _)) = self.conn.poll_event() {
            self.events.push(event);
        }
        std::iter::from_fn(|| self.conn.poll_transmit()).collect()
    }

    fn wait(&mut self, span: Duration) -> Vec<Outgoing> {
        self.now += span;
        self.conn.handle_timeout(&mut cx(&mut self.log, self.now));
        self.sent()
    }
}

/// What a segment does: in each of `states`, it is answered by `answer` (nothing if empty) and leads to `next` (`None`:
/// the state stays).
#[track_caller]
fn check(
    states: &[TcpState],
    (flags, seq, ack, len): (TcpFlags, i32, i32, usize),
    answer: &str,
    next: Option<TcpState>,
) {
    for &state in states {
        let mut machine = Machine::in_state(state);
        let answers = machine.arrives(flags, seq, ack, len);
        assert_eq!(answers.join("; "), answer, "in {}", state.name());
        assert_eq!(
            machine.conn.state(),
            next.unwrap_or(state),
            "from {}",
            state.name()
        );
    }
}

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent,
    TimeWait,
};

/// The states in which both SYNs are known.
const SYNCHRONIZED: [TcpState; 7] = [
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
];

#[test]
fn in_syn_sent() {
    let only = &[SynSent];
    // First, the ACK bit: what was not sent cannot be acknowledged.
    check(only, (ACK, 0, 1, 0), "RST +1", None);
    check(only, (ACK, 0, -1, 0), "RST -1", None);
    check(only, (RST | ACK, 0, 1, 0), "", None);
    // Second, the RST bit: only with an acceptable ACK.
    check(only, (RST | ACK, 0, 0, 0), "", Some(Closed));
    check(only, (RST, 0, 0, 0), "", None);
    // Fourth, the SYN bit.
    check(only, (SYN | ACK, 0, 0, 0), "ACK +0 +1", Some(Established));
    check(only, (SYN, 0, 0, 0), "SYN, ACK -1 +1", Some(SynReceived));
    check(
        only,
        (SYN | ACK | FIN, 0, 0, 3),
        "ACK +0 +5",
        Some(CloseWait),
    );
    // Fifth, neither.
    check(only, (ACK, 0, 0, 0), "", None);
    check(only, (FIN, 0, 0, 0), "", None);
}

#[test]
fn in_syn_received() {
    let only = &[SynReceived];
    check(only, (ACK, 0, 0, 0), "", Some(Established));
    check(only, (ACK, 0, 0, 5), "ACK +0 +5", Some(Established));
    check(only, (ACK | FIN, 0, 0, 0), "ACK +0 +1", Some(CloseWait));
    check(only, (ACK, 0, 1, 0), "RST +1", None);
    check(only, (ACK, 0, -1, 0), "RST -1", None);
    check(only, (RST, 0, 0, 0), "", Some(Closed));
    check(only, (RST, 10, 0, 0), "ACK +0 +0", None);
    // A SYN within the window: back to LISTEN.
    check(only, (SYN, 10, 0, 0), "", Some(Closed));
    // The same SYN again, right behind the first: not yet a sign of loss.
    check(only, (SYN, -1, 0, 0), "", None);
}

#[test]
fn the_same_syn_again_is_answered_once_the_answer_may_be_lost() {
    let mut machine = Machine::in_state(SynReceived);
    machine.now += Duration::from_millis(900);
    assert_eq!(machine.arrives(SYN, -1, 0, 0), ["SYN, ACK -1 +0"]);
}

#[test]
fn first_check_the_sequence_number() {
    // Behind the window, before it: answered by an acknowledgment, but not a RST.
    for seq in [-100, 5000] {
        check(&SYNCHRONIZED, (ACK, seq, 0, 1), "ACK +0 +0", None);
        check(&SYNCHRONIZED, (SYN, seq, 0, 0), "ACK +0 +0", None);
        check(&SYNCHRONIZED, (RST, seq, 0, 0), "", None);
    }
    // Of a segment that begins before the window, what is new is taken.
    check(&[Established, FinWait2], (ACK, -3, 0, 5), "ACK +0 +2", None);
    // What lies beyond the window is cut off.
    check(&[Established], (ACK, 3990, 0, 20), "ACK +0 +0", None);
    check(&[Established], (ACK, 0, 0, 5000), "ACK +0 +4000", None);
}

#[test]
fn second_check_the_rst_bit() {
    check(&SYNCHRONIZED, (RST, 0, 0, 0), "", Some(Closed));
    check(&SYNCHRONIZED, (RST, 1, 0, 0), "ACK +0 +0", None);
    let told = |state| {
        let mut machine = Machine::in_state(state);
        machine.arrives(RST, 0, 0, 0);
        machine.events.pop()
    };
    let id = ConnId(0);
    for state in [Established, FinWait1, FinWait2, CloseWait] {
        assert_eq!(told(state), Some(Event::Reset(id)));
    }
    for state in [Closing, LastAck, TimeWait] {
        assert_eq!(told(state), Some(Event::Closed(id)));
    }
    assert_eq!(told(SynReceived), None);
}

#[test]
fn fourth_check_the_syn_bit() {
    check(&SYNCHRONIZED, (SYN, 0, 0, 0), "ACK +0 +0", None);
    check(&SYNCHRONIZED, (SYN | ACK, 7, 0, 0), "ACK +0 +0", None);
}

#[test]
fn fifth_check_the_ack_field() {
    check(&SYNCHRONIZED, (TcpFlags(0), 0, 0, 4), "", None);
    // Not sent yet.
    check(&SYNCHRONIZED, (ACK, 0, 1, 0), "ACK +0 +0", None);
    // Older than any window that the peer has offered (RFC 5961).
    check(&[Established], (ACK, 0, -3002, 0), "ACK +0 +0", None);
    // A duplicate is ignored.
    check(&[Established, CloseWait], (ACK, 0, 0, 0), "", None);
    // Our FIN is acknowledged.
    check(&[FinWait1], (ACK, 0, 0, 0), "", Some(FinWait2));
    check(&[Closing], (ACK, 0, 0, 0), "", Some(TimeWait));
    check(&[LastAck], (ACK, 0, 0, 0), "", Some(Closed));
}

#[test]
fn seventh_process_the_segment_text() {
    check(
        &[Established, FinWait1, FinWait2],
        (ACK, 0, -1, 4),
        "ACK +0 +4",
        None,
    );
    check(&[Established, FinWait2], (ACK, 5, 0, 4), "ACK +0 +0", None);
    // Behind the peer's FIN there is no text.
    check(&[CloseWait], (ACK, 0, 0, 4), "", None);
}

#[test]
fn eighth_check_the_fin_bit() {
    check(
        &[Established],
        (FIN | ACK, 0, 0, 0),
        "ACK +0 +1",
        Some(CloseWait),
    );
    check(
        &[Established],
        (FIN | ACK, 0, 0, 9),
        "ACK +0 +10",
        Some(CloseWait),
    );
    check(
        &[FinWait1],
        (FIN | ACK, 0, -1, 0),
        "ACK +0 +1",
        Some(Closing),
    );
    check(
        &[FinWait1],
        (FIN | ACK, 0, 0, 0),
        "ACK +0 +1",
        Some(TimeWait),
    );
    check(
        &[FinWait2],
        (FIN | ACK, 0, 0, 0),
        "ACK +0 +1",
        Some(TimeWait),
    );
    // The peer's FIN again: our acknowledgment was lost.
    check(
        &[CloseWait, Closing, LastAck, TimeWait],
        (FIN | ACK, -1, -1, 0),
        "ACK +0 +0",
        None,
    );
}

#[test]
fn a_fin_ahead_of_missing_data_waits_for_them() {
    let mut machine = Machine::in_state(Established);
    assert_eq!(machine.arrives(FIN | ACK, 5, 0, 5), ["ACK +0 +0"]);
    assert_eq!(machine.conn.state(), Established);
    assert_eq!(machine.arrives(ACK, 0, 0, 5), ["ACK +0 +11"]);
    assert_eq!(machine.conn.state(), CloseWait);
}

#[test]
fn time_wait_lasts_two_lifetimes_from_the_last_fin() {
    let mut machine = Machine::in_state(TimeWait);
    machine.wait(Duration::from_secs(100));
    machine.arrives(FIN | ACK, -1, 0, 0);
    assert_eq!(
        machine.conn.poll_timeout(),
        Some(machine.now + Duration::from_secs(240))
    );
    machine.wait(Duration::from_secs(240));
    assert_eq!(machine.conn.state(), Closed);
    assert_eq!(machine.events.last(), Some(&Event::Closed(ConnId(0))));
}

#[test]
fn old_timestamps_are_refused() {
    let stamped = |value, seq: Seq, ack| TcpHeader {
        options: vec![TcpOption::Timestamps {
            value,
            echo_reply: 0,
        }],
        ..header(if seq == Seq(IRS) { SYN | ACK } else { ACK }, seq, ack)
    };
    let mut machine = Machine::connect(TcpConfig {
        timestamps: true,
        ..plain()
    });
    let ack = machine.snd_nxt();
    let mut arrives = |value, seq: Seq, text: &[u8]| {
        let header = stamped(value, seq, ack);
        let mut cx = cx(&mut machine.log, machine.now);
        machine.conn.handle_segment(&mut cx, &header, text);
        machine.conn.readable()
    };
    // The clock goes around between the second and the third.
    arrives(u32::MAX - 5, Seq(IRS), b"");
    assert_eq!(arrives(u32::MAX - 1, Seq(IRS) + 1, b"ab"), 2);
    assert_eq!(arrives(3, Seq(IRS) + 3, b"cd"), 4);
    assert_eq!(arrives(u32::MAX, Seq(IRS) + 5, b"ef"), 4);
    assert_eq!(arrives(3, Seq(IRS) + 5, b"ef"), 6);
}

#[test]
fn round_trips_are_not_measured_by_what_was_sent_twice() {
    let mut machine = Machine::in_state(Established);
    let before = machine.conn.vars().srtt;
    let sent = machine
        .conn
        .send(&mut cx(&mut machine.log, machine.now), b"x");
    assert_eq!((sent, machine.sent().len()), (1, 1));
    assert_eq!(machine.wait(Duration::from_secs(1)).len(), 1);
    let backed_off = machine.conn.vars().rto;
    machine.now += Duration::from_millis(30);
    machine.arrives(ACK, 0, 0, 0);
    let vars = machine.conn.vars();
    assert_eq!((vars.srtt, vars.rto), (before, backed_off));
    assert_eq!(backed_off, Some(2_000_000_000));
}

#[test]
fn data_are_given_up_after_r2() {
    let mut machine = Machine::in_state(Established);
    machine
        .conn
        .send(&mut cx(&mut machine.log, machine.now), b"x");
    assert_eq!(machine.sent().len(), 1);
    let mut times = Vec::new();
    while let Some(at) = machine.conn.poll_timeout() {
        let sent = machine.wait(at - machine.now);
        times.extend(sent.iter().map(|_| machine.now.as_millis() / 1000));
    }
    assert_eq!(times, [1, 3, 7, 15, 31, 63]);
    assert_eq!(machine.now.as_millis() / 1000, 123);
    assert_eq!(machine.events.last(), Some(&Event::TimedOut(ConnId(0))));
}

#[test]
fn sixth_check_the_urg_bit() {
    let mut machine = Machine::in_state(Established);
    let (seq, ack) = (machine.rcv_nxt(), machine.snd_nxt());
    let urgent = TcpHeader {
        urgent_pointer: 2,
        ..header(ACK | TcpFlags::URG, seq, ack)
    };
    let mut cx = cx(&mut machine.log, machine.now);
    machine.conn.handle_segment(&mut cx, &urgent, b"!!text");
    assert_eq!(machine.conn.vars().rcv_up, Some((seq + 2).0));
    // In line with all other data, and over once it is read.
    assert_eq!(machine.conn.receive(&mut cx, 1), b"!");
    assert!(machine.conn.vars().rcv_up.is_some());
    assert_eq!(machine.conn.receive(&mut cx, 2), b"!t");
    assert_eq!(machine.conn.vars().rcv_up, None);
    machine.sent();
    let urgent = Event::Urgent(ConnId(0));
    assert_eq!(
        machine
            .events
            .iter()
            .filter(|&&event| event == urgent)
            .count(),
        1
    );
}

/// A SYN in TIME-WAIT that the endpoint hands on: what is answered.
#[test]
fn an_old_syn_does_not_reopen() {
    let machine = Machine::in_state(TimeWait);
    let nxt = machine.rcv_nxt();
    for (flags, seq, reopens) in [
        (SYN, nxt, true),
        (SYN, nxt + 1000, true),
        (SYN, nxt - 1, false),
        (SYN | ACK, nxt + 1, false),
        (SYN | RST, nxt + 1, false),
        (ACK, nxt + 1, false),
    ] {
        let header = header(flags, seq, Seq(0));
        let seg = super::segment::Segment::new(&header, &[]);
        assert_eq!(
            machine.conn.is_reopened_by(&seg),
            reopens,
            "{flags} {seq:?}"
        );
    }
    let header = header(SYN, nxt, Seq(0));
    let seg = super::segment::Segment::new(&header, &[]);
    assert!(!Machine::in_state(Established).conn.is_reopened_by(&seg));
}

/// CLOSED and LISTEN, where no connection is: what the endpoint answers.
#[test]
fn in_closed_and_in_listen() {
    let answer = |listening: bool, flags, len: usize| {
        let (config, secret) = (TcpConfig::default(), SecretKey([7; 16]));
        let mut endpoint = Endpoint::new(config, 1500, secret);
        let mut log = Log::new();
        let mut cx = cx(&mut log, Time::ZERO);
        let [local, remote]: [SocketAddr; 2] = [LOCAL.into(), REMOTE.into()];
        if listening {
            endpoint.listen(&mut cx, local.ip(), local.port()).unwrap();
        }
        let header = header(flags, Seq(500), Seq(900));
        let text = vec![0; len];
        endpoint.handle_segment(&mut cx, remote.ip(), local.ip(), &header, &text, false);
        endpoint.poll_transmit().map_or(String::new(), |out| {
            let header = out.header;
            let seq = match header.flags.has(SYN) {
                true => "ISS".to_owned(),
                false => header.sequence_number.to_string(),
            };
            format!("{} {seq} {}", header.flags, header.acknowledgment_number)
        })
    };
    for (flags, len, in_closed, in_listen) in [
        (RST, 0, "", ""),
        (RST | ACK, 0, "", ""),
        (SYN, 0, "RST, ACK 0 501", "SYN, ACK ISS 501"),
        (SYN | ACK, 0, "RST 900 0", "RST 900 0"),
        (ACK, 7, "RST 900 0", "RST 900 0"),
        (FIN, 7, "RST, ACK 0 508", ""),
        (TcpFlags(0), 0, "RST, ACK 0 500", ""),
    ] {
        assert_eq!(answer(false, flags, len), in_closed, "{flags} in CLOSED");
        assert_eq!(answer(true, flags, len), in_listen, "{flags} in LISTEN");
    }
}
