//! A simulation knows the sender's variables, and which segments were lost.

use super::series::{Point, Quantity, Sent, Series};
use crate::base::Time;
use crate::proto::stream::Dir;
use crate::stack::record::{TcpVars, What};
use crate::walk::Walk;
use crate::walk::brief::Transport;
use crate::walk::step::FlowId;
use crate::walk::truth::Truth;

/// Reads all of it.
pub(super) fn read(walk: &Walk, truth: &Truth, flow: FlowId, dir: Dir, series: &mut Series) {
    let records = walk.records();
    let mut measured = None;
    for &index in truth.vars_of(flow, dir) {
        let record = &records[index];
        if let What::TcpVars(vars) = &record.what {
            let place = (u32::try_from(index).unwrap_or(u32::MAX), record.time);
            note(series, place, vars, &mut measured);
        }
    }
    let frames = &walk.pipeline.flows.get(flow).frames;
    series.reading.number = 0;
    let first = truth.vars_of(flow, dir).first().and_then(|index| {
        let What::TcpVars(vars) = &records[*index].what else {
            return None;
        };
        vars.iss
    });
    let Some(first) = first else { return };
    for &frame in frames {
        let meta = walk.pipeline.meta(frame);
        let Some(Transport::Tcp(tcp)) = walk.pipeline.transport(frame) else {
            continue;
        };
        if meta.dir != Some(dir) || tcp.flags.rst || tcp.seg_len() == 0 {
            continue;
        }
        let from = series.count(tcp.seq, first);
        series.send(Sent {
            frame,
            time: walk.pipeline.store.get(frame).time,
            numbers: from..from + u64::from(tcp.seg_len()),
            again: meta.segment.is_some_and(|facts| facts.again),
            lost: walk.loss_of(frame),
        });
    }
}

/// Notes the variables after one of them changed. `measured` are those of the round trip before.
fn note(
    series: &mut Series,
    place: (u32, Time),
    vars: &TcpVars,
    measured: &mut Option<[Option<u64>; 3]>,
) {
    let (Some(iss), Some(una)) = (vars.iss, vars.snd_una) else {
        return;
    };
    let una = series.count(una, iss);
    let edge = vars.snd_wnd.map(|window| una + u64::from(window));
    let in_bytes = |bytes: Option<u32>| bytes.map(u64::from);
    for (quantity, value) in [
        (Quantity::SndUna, Some(una)),
        (Quantity::WindowEdge, edge),
        (Quantity::SndWnd, in_bytes(vars.snd_wnd)),
        (Quantity::Flight, in_bytes(vars.pipe)),
        (Quantity::RcvWnd, in_bytes(vars.rcv_wnd)),
        (Quantity::Cwnd, in_bytes(vars.cwnd)),
        (Quantity::Ssthresh, in_bytes(vars.ssthresh)),
        (Quantity::Srtt, vars.srtt),
        (Quantity::Rto, vars.rto),
    ] {
        series.note(quantity, place, value);
    }
    // A round trip as long as the one before shows in what is made of it.
    let now = [vars.rtt, vars.srtt, vars.rttvar];
    if let Some(value) = vars.rtt.filter(|_| *measured != Some(now)) {
        let (order, time) = place;
        let line = series.line_mut(Quantity::Rtt);
        line.push_again(Point { order, time, value });
    }
    *measured = Some(now);
    series.sack(place, &vars.sacked, iss);
}
