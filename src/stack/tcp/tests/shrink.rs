//! A peer that takes back a window which was filled already (RFC 9293 §3.8.6).

use std::time::Duration;

use super::{ACK, Machine, TcpState, cx, header};
use crate::base::Time;
use crate::proto::tcp::TcpHeader;

/// Segments of the size that is assumed of a peer that names none.
const MSS: usize = 536;

impl Machine {
    /// An acknowledgment of `acked` bytes of ours with this window; what is sent then, each as where in our stream it
    /// begins and how long it is.
    fn answered(&mut self, acked: usize, window: u16) -> Vec<(u32, usize)> {
        let first = self.conn.vars().iss.expect("known") + 1;
        let ack = super::Seq(first) + acked as u32;
        let header = TcpHeader {
            window,
            ..header(ACK, self.rcv_nxt(), ack)
        };
        let mut cx = cx(&mut self.log, self.now);
        self.conn.handle_segment(&mut cx, &header, &[]);
        self.segments()
    }

    /// Waits for the next timer.
    fn next_timer(&mut self) -> Vec<(u32, usize)> {
        let at = self.conn.poll_timeout().expect("a timer runs");
        self.now = at;
        self.conn.handle_timeout(&mut cx(&mut self.log, at));
        self.segments()
    }

    fn segments(&mut self) -> Vec<(u32, usize)> {
        let first = self.conn.vars().iss.expect("known") + 1;
        let place = |out: super::Outgoing| {
            let seq = out.header.sequence_number.wrapping_sub(first);
            (seq, out.text.len())
        };
        self.sent().into_iter().map(place).collect()
    }

    /// Five segments are under way.
    fn with_five_segments() -> Self {
        let mut machine = Self::in_state(TcpState::Established);
        let bytes = [b'x'; 5 * MSS];
        machine
            .conn
            .send(&mut cx(&mut machine.log, machine.now), &bytes);
        assert_eq!(machine.segments().len(), 5);
        machine
    }
}

#[test]
fn to_zero_it_is_probed_for_as_long_as_the_peer_answers() {
    let mut machine = Machine::with_five_segments();
    machine.answered(MSS, 0);
    let hour = Time::ZERO + Duration::from_secs(3600);
    while machine.now < hour {
        let probe = machine.next_timer();
        assert_eq!(probe, [(MSS as u32, 1)], "at {:?}", machine.now);
        machine.now += Duration::from_millis(10);
        assert_eq!(machine.answered(MSS, 0), []);
    }
    assert_eq!(machine.conn.state(), TcpState::Established);
    assert!(
        machine
            .events
            .iter()
            .all(|event| !matches!(event, super::Event::TimedOut(_)))
    );
    // It opens: what the probe carried first, then the rest as it was cut before.
    let rest = machine.answered(MSS, 3000);
    assert_eq!(rest[..2], [(MSS as u32, 1), (MSS as u32 + 1, MSS - 1)]);
    assert_eq!(rest.iter().map(|&(_, len)| len).sum::<usize>(), 4 * MSS);
    machine.answered(5 * MSS, 3000);
    assert_eq!(machine.conn.vars().pipe, Some(0));
}

#[test]
fn to_zero_it_is_not_probed_for_ever_if_nobody_answers() {
    let mut machine = Machine::with_five_segments();
    machine.answered(MSS, 0);
    while machine.conn.poll_timeout().is_some() {
        machine.next_timer();
        assert!(machine.now < Time::ZERO + Duration::from_secs(400));
    }
    assert_eq!(machine.conn.state(), TcpState::Closed);
}

#[test]
fn in_part_no_more_is_sent_again_than_is_left() {
    let mut machine = Machine::with_five_segments();
    machine.answered(MSS, 100);
    assert_eq!(machine.next_timer(), [(MSS as u32, 100)]);
    // Slowly, a hundred bytes every 40 seconds, much longer than R2 in all: each of them is progress.
    let mut acked = MSS;
    while acked + 100 < 5 * MSS {
        acked += 100;
        let deadline = machine.now + Duration::from_secs(40);
        let mut sent = Vec::new();
        while machine.conn.poll_timeout().is_some_and(|at| at <= deadline) {
            sent.extend(machine.next_timer());
        }
        machine.now = deadline;
        sent.extend(machine.answered(acked, 100));
        let edge = acked as u32 + 100;
        assert!(
            sent.iter().all(|&(seq, len)| seq + len as u32 <= edge),
            "{sent:?}"
        );
        assert_eq!(machine.conn.state(), TcpState::Established);
    }
    assert!(machine.now > Time::ZERO + Duration::from_secs(600));
}
