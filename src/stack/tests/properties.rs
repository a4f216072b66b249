//! Whatever the wire does: streams arrive whole and in order, or both ends say why not.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::pair::{A, B, Family, Fate, Pair};
use crate::stack::record::{ConnId, TcpState};
use crate::stack::tcp::{CongestionAlgorithm, Event, TcpConfig};

/// A number for each frame decides its fate; `severity` of 256 are not left alone.
fn fate(choice: u8, severity: u8) -> Fate {
    if choice >= severity {
        return Fate::Whole;
    }
    match choice % 4 {
        0 | 1 => Fate::Lost,
        2 => Fate::Twice,
        _ => Fate::Late(Duration::from_millis(1 + u64::from(choice) * 7)),
    }
}

/// The switches that a case tries out.
fn configs() -> impl Strategy<Value = TcpConfig> {
    let buffers = prop_oneof![Just(600u32), Just(5000), Just(65_536)];
    let mss = prop_oneof![Just(None), (100u16..2000).prop_map(Some)];
    let delays = prop_oneof![Just(None), (0u64..700).prop_map(Some)];
    let offers = (any::<bool>(), any::<bool>(), any::<bool>());
    let sizes = (buffers, mss, 500u32..20_000);
    let waiting = (any::<bool>(), delays);
    let patience = (any::<bool>(), any::<bool>(), any::<bool>());
    let parts = (offers, sizes, waiting, patience, recoveries());
    parts.prop_map(
        |(offers, sizes, (nagle, delayed_ack), (alive, user, cookies), recovery)| TcpConfig {
            sack: offers.0,
            timestamps: offers.1,
            window_scaling: offers.2,
            receive_buffer: sizes.0,
            mss: sizes.1,
            send_buffer: sizes.2,
            nagle,
            keep_alive: alive.then_some(Duration::from_secs(20)),
            user_timeout: user.then_some(Duration::from_secs(200)),
            syn_cookies: cookies,
            ecn: alive,
            backlog: usize::from(!cookies),
            delayed_ack: delayed_ack.map(Duration::from_millis),
            ..recovery
        },
    )
}

/// Congestion control and loss recovery.
fn recoveries() -> impl Strategy<Value = TcpConfig> {
    let algorithms = prop_oneof![
        Just(CongestionAlgorithm::Reno),
        Just(CongestionAlgorithm::Cubic),
        Just(CongestionAlgorithm::None)
    ];
    let switches = (any::<bool>(), any::<bool>(), any::<bool>());
    (algorithms, 1u32..20, switches).prop_map(|(congestion, initial_window, switches)| TcpConfig {
        congestion,
        initial_window,
        rack: switches.2,
        limited_transmit: switches.0,
        restart_after_idle: switches.1,
        ..TcpConfig::default()
    })
}

/// One end of the conversation: what it still has to write and what it has read.
struct End {
    conn: Option<ConnId>,
    to_write: Vec<u8>,
    written: usize,
    read: Vec<u8>,
    shut: bool,
}

impl End {
    fn new(to_write: Vec<u8>) -> Self {
        Self {
            conn: None,
            to_write,
            written: 0,
            read: Vec::new(),
            shut: false,
        }
    }

    /// Reads at most `max`, writes what there is room for, and ends its side when all is written.
    fn go_on(&mut self, pair: &mut Pair, side: usize, max: usize) {
        let Some(conn) = self.conn else { return };
        self.read
            .extend(pair.call(side, |host, cx| host.receive(cx, conn, max)));
        if self.written < self.to_write.len() {
            self.written += pair.send(side, conn, &self.to_write[self.written..]);
        }
        let may_end = matches!(
            pair.state(side, conn),
            TcpState::Established | TcpState::CloseWait
        );
        if self.written == self.to_write.len() && !self.shut && may_end {
            pair.call(side, |host, cx| host.shutdown(cx, conn));
            self.shut = true;
        }
    }
}

/// Mostly small, so that many cases run; some long enough that the window moves.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0usize..12_000, 1 => 12_000usize..150_000]
}

fn failed(events: &[Event]) -> bool {
    events.iter().any(|event| {
        matches!(
            event,
            Event::Reset(_) | Event::TimedOut(_) | Event::Unreachable(..) | Event::Refused(_)
        )
    })
}

/// How many cases are tried.
const CASES: u32 = 48;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn streams_arrive_whole(
        seed in 0u64..,
        choices in vec(any::<u8>(), 1..200),
        severity in prop_oneof![Just(0u8), Just(20), Just(80), Just(140)],
        tcp in [configs(), configs()],
        sizes in [sizes(), sizes()],
        max_read in 1usize..20_000,
        family in prop_oneof![Just(Family::V4), Just(Family::V6)],
    ) {
        // Much that is much disturbed takes longer than is waited for.
        let disturbed = choices.iter().filter(|&&choice| choice < severity).count();
        let most = if disturbed * 8 > choices.len() { 12_000 } else { usize::MAX };
        let sizes = sizes.map(|size| size.min(most));
        let mut pair = Pair::of(family, seed);
        let [tcp_a, tcp_b] = tcp;
        pair.config(A, tcp_a);
        pair.config(B, tcp_b);
        pair.wire(move |n, _, _| fate(choices[n % choices.len()], severity));
        let stream = |from: usize, len: usize| -> Vec<u8> {
            (0..len).map(|i| (i * 7 + i / 251 + from) as u8).collect()
        };
        let mut ends = [End::new(stream(A, sizes[A])), End::new(stream(B, sizes[B]))];
        pair.listen(B, 80);
        ends[A].conn = Some(pair.connect(A, 80));
        for _ in 0..50_000 {
            if ends[B].conn.is_none() {
                ends[B].conn = pair.tcp_events(B).iter().find_map(|event| match event {
                    Event::Accepted { conn, .. } => Some(*conn),
                    _ => None,
                });
            }
            for side in [A, B] {
                ends[side].go_on(&mut pair, side, max_read);
            }
            pair.run_for(Duration::from_millis(200));
            let whole = |side: usize| ends[side].read == ends[1 - side].to_write;
            let over = |side: usize| ends[side].conn.is_some_and(|conn| {
                matches!(pair.state(side, conn), TcpState::Closed | TcpState::TimeWait)
            });
            if whole(A) && whole(B) && over(A) && over(B) {
                break;
            }
        }
        let failures = [A, B].map(|side| failed(&pair.tcp_events(side)));
        for side in [A, B] {
            prop_assert!(
                ends[1 - side].to_write.starts_with(&ends[side].read),
                "what was read is a beginning of what was written"
            );
            let whole = ends[side].read == ends[1 - side].to_write;
            prop_assert!(
                whole || failures[A] || failures[B],
                "side {side} got {} of {} bytes and nobody said why:\n{}",
                ends[side].read.len(), ends[1 - side].to_write.len(), pair.transcript()
            );
        }
        if severity == 0 {
            prop_assert_eq!(failures, [false, false]);
        }
    }
}
