//! Graphs of a bulk transfer that loses three segments in a row.

use crate::capture::packet::{Capture, Interface, Packet};
use crate::sim::outcome::Transmission;
use crate::walk::Walk;
use crate::walk::graph::{Choice, Graphs, Known, Quantity};
use crate::walk::step::{Grain, StepId};
use crate::walk::view::Numbers;
use crate::{base::LinkType, scenario, sim};

fn bulk() -> Walk {
    let scenario = scenario::read("bulk", include_str!("bulk.toml")).expect("a scenario");
    Walk::from_outcome("bulk", 42, sim::run(&scenario.spec(None)))
}

fn ethernet() -> Interface {
    Interface {
        name: None,
        link_type: LinkType::ETHERNET,
        snap_len: 0,
        fcs_len: None,
        comments: Vec::new(),
    }
}

fn packet(frame: &Transmission) -> Packet {
    Packet {
        time: frame.sent_at,
        interface: 0,
        original_len: u32::try_from(frame.bytes.len()).expect("a frame"),
        bytes: frame.bytes.clone(),
        direction: None,
        checksum_not_ready: false,
        comments: Vec::new(),
        dropped: 0,
    }
}

/// What a capture of all its frames would hold.
fn captured(walk: &Walk) -> Walk {
    let outcome = walk.outcome().expect("a simulation");
    let packets = outcome.frames.iter().map(packet);
    let capture = Capture {
        interfaces: vec![ethernet()],
        packets: packets.collect(),
        ..Capture::default()
    };
    Walk::from_capture("bulk", capture)
}

fn steps(walk: &Walk, grain: Grain) -> impl Iterator<Item = StepId> {
    std::iter::successors(walk.first(grain), move |at| walk.next(*at, grain))
}

fn value(graphs: &Graphs, quantity: Quantity) -> Option<u64> {
    let line = graphs.series.line(quantity).before(graphs.known.order);
    line.last().map(|point| point.value)
}

/// At each step the end of each line is what the ends show.
#[test]
fn lines_end_at_the_values_of_the_step() {
    let walk = bulk();
    for grain in [Grain::Message, Grain::Frame, Grain::Layer] {
        for at in steps(&walk, grain) {
            let Some(graphs) = walk.graphs(at, grain, Choice::default()) else {
                continue;
            };
            let ends = walk.ends(at, grain, Numbers::Relative).expect("ends");
            for (name, quantity) in [
                ("SND.UNA", Quantity::SndUna),
                ("SND.WND", Quantity::SndWnd),
                ("RCV.WND", Quantity::RcvWnd),
                ("cwnd", Quantity::Cwnd),
                ("ssthresh", Quantity::Ssthresh),
                ("pipe", Quantity::Flight),
            ] {
                let row = ends
                    .rows
                    .iter()
                    .find(|row| row.name == name)
                    .expect("a row");
                let shown = &row.values[graphs.dir.index()];
                let drawn = value(&graphs, quantity).map_or("-".to_owned(), |n| n.to_string());
                assert_eq!(&drawn, shown, "{name} at {at:?}, {grain:?}");
            }
        }
    }
}

#[test]
fn what_is_lost_is_sent_again_and_what_waits_is_sacked() {
    let walk = bulk();
    let at = walk.last(Grain::Frame).expect("a step");
    let graphs = walk
        .graphs(at, Grain::Frame, Choice::default())
        .expect("a connection");
    let sent = &graphs.series.sent;
    let lost: Vec<_> = sent.iter().filter(|sent| sent.lost.is_some()).collect();
    let again: Vec<_> = sent.iter().filter(|sent| sent.again).collect();
    assert!(lost.len() >= 3);
    let is_again = |numbers: &std::ops::Range<u64>| again.iter().any(|a| a.numbers == *numbers);
    assert!(lost.iter().all(|lost| is_again(&lost.numbers)));
    let sacked = &graphs.series.sacked;
    assert!(!sacked.is_empty());
    // What was reported once is not told again.
    for (i, run) in sacked.iter().enumerate() {
        let overlaps = |other: &&crate::walk::graph::Sacked| {
            other.numbers.start < run.numbers.end && run.numbers.start < other.numbers.end
        };
        assert_eq!(sacked[..i].iter().find(overlaps), None, "{run:?}");
    }
}

/// A capture that is taken at the sender tells the same numbers, no cwnd, and round trips.
#[test]
fn a_capture_tells_what_it_can() {
    let (known, seen) = (bulk(), captured(&bulk()));
    let last = |walk: &Walk| {
        let at = walk.last(Grain::Frame).expect("a step");
        walk.graphs(at, Grain::Frame, Choice::default())
            .expect("a connection")
    };
    let (known, seen) = (last(&known), last(&seen));
    assert!(seen.inferred && !known.inferred);
    let numbers = |graphs: &Graphs| -> Vec<(u64, u64, bool)> {
        let sent = graphs.series.sent.iter();
        sent.map(|sent| (sent.numbers.start, sent.numbers.end, sent.again))
            .collect()
    };
    assert_eq!(numbers(&known), numbers(&seen));
    assert!(value(&seen, Quantity::Cwnd).is_none() && value(&seen, Quantity::Rto).is_none());
    let rtt = seen.series.line(Quantity::Rtt).points();
    // Two ways of 20 ms, and what waited in the queue.
    assert!(rtt.len() > 50);
    assert!(
        rtt.iter()
            .all(|point| (20_000_000..400_000_000).contains(&point.value))
    );
    assert!(!seen.series.sacked.is_empty());
}

/// Frames that come one by one are added to what was read before.
#[test]
fn a_live_capture_is_read_on() {
    let whole = captured(&bulk());
    let outcome = bulk();
    let frames = &outcome.outcome().expect("a simulation").frames;
    let mut live = Walk::live("lo", ethernet());
    for frame in frames {
        live.push_packet(packet(frame));
        let at = live.last(Grain::Frame).expect("a step");
        live.graphs(
            at,
            Grain::Frame,
            Choice {
                reverse: true,
                ..Choice::default()
            },
        );
        live.graphs(at, Grain::Frame, Choice::default());
    }
    let last = |walk: &Walk| {
        let at = walk.last(Grain::Frame).expect("a step");
        walk.graphs(at, Grain::Frame, Choice::default())
            .expect("a connection")
    };
    let (whole, live) = (last(&whole), last(&live));
    assert_eq!(whole.dir, live.dir);
    assert_eq!(whole.series.sent, live.series.sent);
    for quantity in [Quantity::SndUna, Quantity::Flight, Quantity::Rtt] {
        assert_eq!(whole.series.line(quantity), live.series.line(quantity));
    }
    assert_ne!(whole.known, Known::ALL);
}
