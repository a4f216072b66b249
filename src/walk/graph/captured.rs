//! A capture shows segments: from them the sequence numbers, the windows and the round trips can be inferred, but not
//! what the hosts made of them.

use super::series::{Point, Quantity, Sent, Series};
use crate::base::FrameId;
use crate::proto::stream::Dir;
use crate::walk::Walk;
use crate::walk::brief::{Tcp, Transport};
use crate::walk::infer::is_after;
use crate::walk::step::FlowId;

/// Reads the segments that came since the last time. Of a real host in a simulation, too, no more is known.
pub(super) fn read(walk: &Walk, flow_id: FlowId, dir: Dir, series: &mut Series) {
    let flow = walk.pipeline.flows.get(flow_id);
    let from = std::mem::replace(&mut series.reading.frames, flow.frames.len());
    let Some(connection) = &flow.tcp else { return };
    let Some(first) = connection.half(dir).base else {
        return;
    };
    for &frame in &flow.frames[from..] {
        let Some(Transport::Tcp(tcp)) = walk.pipeline.transport(frame) else {
            continue;
        };
        let end = match &walk.truth {
            Some(truth) => (truth.sending_of(frame))
                .and_then(|sending| truth.inferred(flow_id, dir, sending))
                .unwrap_or_default(),
            None => connection.inferred.at(frame)[dir.index()],
        };
        let place = (frame.0, walk.pipeline.store.get(frame).time);
        if walk.pipeline.meta(frame).dir == Some(dir) {
            send(walk, series, frame, &tcp, first);
        } else if tcp.flags.ack && !tcp.flags.rst {
            acknowledge(series, place, &tcp, first);
        }
        let una = end.snd_una.map(|una| series.count(una, first));
        let in_bytes = |bytes: Option<u32>| bytes.map(u64::from);
        let edge = una
            .zip(end.snd_wnd)
            .map(|(una, window)| una + u64::from(window));
        let flight = end.snd_nxt.zip(end.snd_una);
        let flight = flight.map(|(nxt, una)| u64::from(nxt.wrapping_sub(una)));
        series.note(Quantity::SndUna, place, una);
        series.note(Quantity::WindowEdge, place, edge);
        series.note(Quantity::SndWnd, place, in_bytes(end.snd_wnd));
        series.note(Quantity::Flight, place, flight);
        series.note(Quantity::RcvWnd, place, in_bytes(end.rcv_wnd));
    }
}

fn send(walk: &Walk, series: &mut Series, frame: FrameId, tcp: &Tcp, first: u32) {
    if tcp.flags.rst || tcp.seg_len() == 0 {
        return;
    }
    let from = series.count(tcp.seq, first);
    let numbers = from..from + u64::from(tcp.seg_len());
    let again = walk
        .pipeline
        .meta(frame)
        .segment
        .is_some_and(|facts| facts.again);
    let time = walk.pipeline.store.get(frame).time;
    let waiting = &mut series.reading.waiting;
    if again {
        for (end, _, resent) in waiting {
            *resent |= *end > numbers.start;
        }
    } else {
        waiting.push_back((numbers.end, time, false));
    }
    series.send(Sent {
        frame,
        time,
        numbers,
        again,
        lost: walk.loss_of(frame),
    });
}

/// A round trip is measured as RFC 6298 §3 asks for: not where anything that is acknowledged was sent again.
fn acknowledge(series: &mut Series, place: (u32, crate::base::Time), tcp: &Tcp, first: u32) {
    let (order, time) = place;
    let ack = series.count(tcp.ack, first);
    let mut measured = None;
    let mut resent = false;
    while let Some((end, sent, again)) = series.reading.waiting.front().copied() {
        if end > ack {
            break;
        }
        series.reading.waiting.pop_front();
        measured = Some(sent);
        resent |= again;
    }
    if let Some(sent) = measured.filter(|_| !resent) {
        let value = time.0.saturating_sub(sent.0);
        let line = series.line_mut(Quantity::Rtt);
        line.push_again(Point { order, time, value });
    }
    // A block below the acknowledgment tells what came twice (RFC 2883).
    let block = tcp.sack.filter(|(_, right)| is_after(*right, tcp.ack));
    if let Some(block) = block {
        series.sack(place, &[block], first);
    }
}
