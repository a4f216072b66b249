//! Real nodes: frames that come from outside, and leave.

use super::*;
use crate::base::Time;
use crate::sim::World;
use crate::sim::world::{Direction, Seen};

const LATE: Duration = Duration::from_millis(20);

/// A frame of 60 bytes between the first two nodes, told by its last byte.
fn frame(to: usize, from: usize, last: u8) -> Vec<u8> {
    let mut frame = [mac_of(to), mac_of(from)].concat();
    frame.resize(60, 0x88);
    frame[59] = last;
    frame
}

/// Two real hosts, 20 ms apart, with the first frame of the one lost.
fn two_real() -> World {
    let mut spec = two_hosts(1, Vec::new());
    spec.links[0].delay = LATE;
    for index in 0..2 {
        assert_eq!(spec.make_real(NodeId::from_index(index)), Some(0));
    }
    spec.faults.push(Fault::once(Match::Any, Effect::Drop));
    World::new(&spec)
}

#[test]
fn a_frame_goes_in_at_its_time_and_comes_out_late_or_never() {
    let (a, b) = (NodeId(0), NodeId(1));
    let mut world = two_real();
    world.watch(b);
    assert_eq!(world.next_time(), None);
    for (millis, last) in [(5, 1), (7, 2)] {
        assert!(world.run_until(Time(millis * 1_000_000), 10));
        world.inject(a, &frame(1, 0, last));
    }
    assert!(world.run_until(Time(27_000_000), 10), "not there yet");
    assert_eq!(world.take_delivered(b), None);
    assert!(world.run_until(Time(28_000_000), 10));
    assert_eq!(world.now(), Time(28_000_000));
    assert_eq!(
        world.take_delivered(b).as_deref(),
        Some(&frame(1, 0, 2)[..])
    );
    assert_eq!(world.take_delivered(b), None, "the first one was lost");
    assert_eq!(world.take_delivered(a), None);

    // 8 octets of preamble, 60 of frame and 4 of FCS at 100 Mbit/s take 5760 ns.
    let seen = world.take_seen();
    let expected = Seen {
        time: Time(7_000_000 + 5_760) + LATE,
        direction: Direction::In,
        bytes: frame(1, 0, 2).into(),
    };
    assert_eq!(seen, [expected]);
    assert!(world.take_seen().is_empty());
}

#[test]
fn what_a_node_sends_is_seen_there_though_it_is_lost() {
    let mut world = two_real();
    world.watch(NodeId(0));
    world.inject(NodeId(0), &frame(1, 0, 1)[..42]);
    world.inject(NodeId(2), &[0; 60]);
    world.run_until(Time(1_000_000_000), 10);
    let seen = world.take_seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].direction, seen[0].bytes.len()),
        (Direction::Out, 60)
    );
    assert_eq!(world.take_delivered(NodeId(1)), None);
}

#[test]
fn of_too_many_events_the_rest_happens_later() {
    let mut world = two_real();
    for last in 0..4 {
        world.inject(NodeId(0), &frame(1, 0, last));
    }
    let end = Time(1_000_000_000);
    let turns = std::iter::from_fn(|| (!world.run_until(end, 2)).then_some(())).count();
    assert!(turns > 1, "{turns}");
    let delivered = std::iter::from_fn(|| world.take_delivered(NodeId(1))).count();
    assert_eq!(delivered, 3);
}

/// A program on a real host is left out; a switch cannot be real.
#[test]
fn only_a_host_can_be_real() {
    let mut spec = two_hosts(1, Vec::new());
    let ping = Ping {
        to: [10, 0, 0, 2].into(),
        count: 1,
        interval: LATE,
        size: 0,
    };
    spec.apps.push(App {
        on: NodeId(0),
        start: LATE,
        kind: AppKind::Ping(ping),
    });
    assert_eq!(spec.make_real(NodeId(0)), Some(1));
    assert_eq!(spec.make_real(NodeId(0)), Some(0));
    assert_eq!(spec.make_real(NodeId(9)), None);
    spec.nodes[1].kind = NodeKind::Switch;
    assert_eq!(spec.make_real(NodeId(1)), None);
    assert!(spec.apps.is_empty());
}
