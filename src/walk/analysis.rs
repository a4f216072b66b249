//! What a TCP segment is for beside what its header says: sent again, a duplicate ACK, a probe.
//!
//! It is told from the segments before it alone, so it holds for a capture as for a simulation.

use super::brief::Tcp;
use super::infer::is_after;
use super::view::Role;
use crate::proto::stream::Dir;

/// RFC 5681 §3.2: so many duplicate ACKs are taken as the sign of a loss.
const DUPLICATE_ACKS: u32 = 3;

/// What is remembered of the segments of a connection.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    sides: [Side; 2],
}

/// What one end sent so far. Numbers are raw.
#[derive(Debug, Default)]
struct Side {
    /// The number after the highest that it sent.
    next: Option<u32>,
    /// The highest acknowledgment that it sent.
    acked: Option<u32>,
    /// The window that it advertised last, as it stood in the header.
    window: Option<u16>,
    /// The number after its FIN.
    fin: Option<u32>,
    /// It sent a SYN without ACK, and nothing yet that acknowledges the answer.
    opening: bool,
    /// How many duplicate ACKs it sent one after the other.
    duplicate_acks: u32,
    /// The end of what it has behind a hole, as its SACK blocks said last (RFC 2018).
    sacked: Option<u32>,
    /// The peer sent a RST, and it has not begun anew since.
    was_reset: bool,
    /// Its last segment asked whether the peer is still there.
    kept_alive: bool,
    recovery: Option<Recovery>,
}

/// An end sends again what the peer told that it misses, until what was sent before is acknowledged.
#[derive(Debug, Clone, Copy)]
struct Recovery {
    /// The number up to which it recovers (`recover` of RFC 6582).
    until: u32,
    /// The number after the last that was sent again. What is sent a second time waits for the timer.
    resent: u32,
    /// The timer ran out.
    timed_out: bool,
}

impl Analysis {
    /// Takes the next segment. `is_new` says that it brought bytes that were not seen before.
    pub fn segment(&mut self, dir: Dir, tcp: &Tcp, is_new: bool) -> Option<Role> {
        let role = self.role(dir, tcp, is_new);
        self.note(dir, tcp, role);
        role
    }

    fn role(&self, dir: Dir, tcp: &Tcp, is_new: bool) -> Option<Role> {
        let (own, peer) = (&self.sides[dir.index()], &self.sides[dir.reverse().index()]);
        let next = own.next.filter(|_| !tcp.flags.rst)?;
        if tcp.flags.ack && !tcp.flags.syn && !tcp.flags.fin {
            let role = plain_role(own, peer, tcp, next);
            if role.is_some() {
                return role;
            }
        }
        if tcp.flags.syn && tcp.flags.ack && own.opening && peer.next == Some(tcp.ack) {
            return Some(Role::CrossedSynAck);
        }
        let end = tcp.seq.wrapping_add(tcp.seg_len());
        (tcp.seg_len() > 0 && !is_after(end, next)).then(|| again_role(own, peer, tcp, is_new))
    }

    fn note(&mut self, dir: Dir, tcp: &Tcp, role: Option<Role>) {
        if tcp.flags.rst {
            self.sides[dir.reverse().index()].was_reset = true;
            return;
        }
        let own = &mut self.sides[dir.index()];
        if tcp.flags.syn && own.was_reset {
            // What it began before is over, and its numbers with it.
            *own = Side::default();
        }
        let end = tcp.seq.wrapping_add(tcp.seg_len());
        own.next = highest(own.next, end);
        own.window = Some(tcp.window);
        if tcp.flags.fin {
            own.fin = Some(end);
        }
        own.kept_alive = role == Some(Role::KeepAlive);
        own.opening = match (tcp.flags.syn, tcp.flags.ack) {
            (true, false) => true,
            (_, true) => false,
            (false, false) => own.opening,
        };
        let sends_again = matches!(role, Some(Role::FastRetransmission | Role::Retransmission));
        if let (true, Some(next)) = (sends_again, own.next) {
            let until = own.recovery.map_or(next, |recovery| recovery.until);
            let timed_out = role == Some(Role::Retransmission);
            own.recovery = Some(Recovery {
                until,
                resent: end,
                timed_out,
            });
        }
        if tcp.flags.ack {
            self.acknowledge(dir, tcp, role);
        }
    }

    fn acknowledge(&mut self, dir: Dir, tcp: &Tcp, role: Option<Role>) {
        let own = &mut self.sides[dir.index()];
        let advances = own.acked.is_none_or(|acked| is_after(tcp.ack, acked));
        own.acked = highest(own.acked, tcp.ack);
        if role == Some(Role::DuplicateAck) {
            own.duplicate_acks += 1;
        } else if advances {
            own.duplicate_acks = 0;
        }
        let edge = tcp.sack.map(|(_, right)| right);
        own.sacked = match edge.filter(|right| is_after(*right, tcp.ack)) {
            Some(edge) => Some(edge),
            None => own.sacked.filter(|edge| is_after(*edge, tcp.ack)),
        };
        let sender = &mut self.sides[dir.reverse().index()];
        sender.recovery = sender
            .recovery
            .filter(|recovery| is_after(recovery.until, tcp.ack));
    }
}

/// The role of a segment that has ACK and neither SYN nor FIN, and is no retransmission of data.
fn plain_role(own: &Side, peer: &Side, tcp: &Tcp, next: u32) -> Option<Role> {
    let old = tcp.seq == next.wrapping_sub(1);
    if peer.window == Some(0) && tcp.wire_len <= 1 && (old || tcp.wire_len == 1) {
        return Some(Role::WindowProbe);
    }
    // RFC 9293 §3.8.4: a number that the peer acknowledged already makes it answer
    if old && tcp.wire_len <= 1 && peer.acked == Some(next) {
        return Some(Role::KeepAlive);
    }
    if tcp.wire_len > 0 || tcp.seq != next {
        return None;
    }
    if own.opening && peer.next == Some(tcp.ack) && peer.acked == Some(next) {
        return Some(Role::HandshakeAck);
    }
    let takes_fin = peer.fin == Some(tcp.ack);
    if takes_fin || own.acked != Some(tcp.ack) {
        return takes_fin.then_some(Role::FinAck);
    }
    let outstanding = peer.next.is_some_and(|sent| is_after(sent, tcp.ack));
    let same_window = own.window == Some(tcp.window);
    // RFC 5681 §2, and RFC 6675 §2 where SACK tells what arrived
    if outstanding && tcp.window > 0 && (same_window || tcp.sack.is_some()) {
        return Some(Role::DuplicateAck);
    }
    if own.window.is_some_and(|window| window < tcp.window) {
        return Some(Role::WindowUpdate);
    }
    (peer.kept_alive && !outstanding).then_some(Role::KeepAliveAck)
}

/// The role of a segment all of whose numbers were sent before.
fn again_role(own: &Side, peer: &Side, tcp: &Tcp, is_new: bool) -> Role {
    let end = tcp.seq.wrapping_add(tcp.seg_len());
    if !is_new && peer.acked.is_some_and(|acked| !is_after(end, acked)) {
        return Role::NeedlessRetransmission;
    }
    let is_fast = match own.recovery {
        Some(recovery) => !recovery.timed_out && !is_after(recovery.resent, tcp.seq),
        // with SACK one answer may tell of many later segments (RFC 6675 §4, RFC 8985)
        None => {
            let later = peer.sacked.is_some_and(|edge| is_after(edge, end));
            later || peer.duplicate_acks >= DUPLICATE_ACKS
        }
    };
    match (is_fast, is_new) {
        (true, _) => Role::FastRetransmission,
        (false, true) => Role::OutOfOrder,
        (false, false) => Role::Retransmission,
    }
}

fn highest(known: Option<u32>, number: u32) -> Option<u32> {
    Some(match known {
        Some(known) if !is_after(number, known) => known,
        _ => number,
    })
}
