//! Links, switches and limits.

use super::*;
use crate::base::Time;
use crate::proto::physical;
use crate::sim::outcome::Limit;

#[test]
fn delay_and_rate() {
    let mut spec = two_hosts(42, echo());
    spec.links[0].rate = 10_000_000;
    let outcome = run(&spec);
    for frame in &outcome.frames {
        let bits = physical::bits_on_wire(frame.bytes.len());
        let expected = frame.sent_at + ms(10) + Duration::from_nanos(bits * 100);
        assert_eq!(frame.arrived_at, Some(expected));
    }
    // The ARP request goes first, at once, and broadcast.
    assert_eq!(outcome.frames[0].sent_at, Time::ZERO);
    assert_eq!(outcome.frames[0].bytes[..6], [0xff; 6]);
    assert_eq!(outcome.frames[0].arrived_at, Some(Time(10_057_600)));
}

#[test]
fn frames_of_one_direction_never_overlap() {
    let mut spec = two_hosts(42, burst());
    spec.links[0].rate = 1_000_000;
    let outcome = run(&spec);
    for node in [CLIENT, SERVER] {
        let mine: Vec<_> = outcome
            .frames
            .iter()
            .filter(|frame| frame.from == node)
            .collect();
        for pair in mine.windows(2) {
            let octets = physical::bits_on_wire(pair[0].bytes.len()) / 8 + 12;
            let gap = pair[1].sent_at.since(pair[0].sent_at);
            assert!(gap >= Duration::from_micros(8 * octets), "{gap:?}");
        }
    }
}

/// The server sends 20,000 bytes at once.
fn burst() -> Vec<App> {
    let content = Content::Binary([7; 20_000].into());
    let client = vec![Action::AwaitBytes(20_000), close()];
    vec![
        tcp_server(Reply::Nothing, vec![Action::Send(content)]),
        tcp_client(client),
    ]
}

#[test]
fn a_full_queue_drops_the_tail_and_tcp_mends_it() {
    let mut spec = two_hosts(42, burst());
    spec.links[0].rate = 10_000_000;
    spec.links[0].queue = 3;
    let outcome = run(&spec);
    let dropped: Vec<_> = outcome
        .frames
        .iter()
        .filter(|frame| frame.arrived_at.is_none())
        .collect();
    let records = outcome.log.records().iter().filter(
        |record| matches!(&record.what, What::FrameDropped { why, .. } if why == "queue full"),
    );
    assert!(!dropped.is_empty());
    assert_eq!(records.count(), dropped.len());
    assert!(outcome.cut_short.is_none());
    let received: usize = told(&outcome, CLIENT)
        .iter()
        .filter_map(|text| {
            text.strip_prefix("< received ")?
                .split(' ')
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum();
    assert_eq!(received, 20_000);
}

#[test]
fn a_switch_floods_then_forwards() {
    let mut spec = over_switch(42, echo());
    spec.nodes
        .push(host(3, "other", Ipv4Addr::new(10, 0, 0, 77)));
    spec.links.push(Link::new(NodeId(3), SWITCH));
    let outcome = run(&spec);
    let to_other: Vec<_> = outcome
        .frames
        .iter()
        .filter(|frame| frame.to == NodeId(3))
        .collect();
    assert_eq!(to_other.len(), 1, "the ARP request alone");
    assert_eq!(to_other[0].bytes[..6], [0xff; 6]);
    for frame in &outcome.frames {
        match frame.repeats {
            None => assert_ne!(frame.from, SWITCH),
            Some(first) => {
                let first = &outcome.frames[first.index()];
                assert_eq!((frame.from, first.to), (SWITCH, SWITCH));
                assert_ne!(frame.link, first.link, "never back");
                assert_eq!(frame.bytes, first.bytes);
                assert_eq!(Some(frame.sent_at), first.arrived_at, "store and forward");
            }
        }
    }
    let learned: Vec<_> = outcome
        .log
        .records()
        .iter()
        .filter_map(|record| match record.what {
            What::SwitchLearned { mac, link } => Some((mac, link)),
            _ => None,
        })
        .collect();
    assert_eq!(learned, [(mac_of(0), LinkId(0)), (mac_of(1), LinkId(1))]);
}

#[test]
fn limits_cut_a_storm_short() {
    // Two switches with two links between them: the ARP request goes round for ever.
    let mut spec = over_switch(42, echo());
    spec.nodes.push(Node {
        name: "second".to_owned(),
        kind: NodeKind::Switch,
    });
    spec.links.push(Link {
        delay: ms(1),
        ..Link::new(SWITCH, NodeId(3))
    });
    spec.links.push(Link {
        delay: ms(1),
        ..Link::new(SWITCH, NodeId(3))
    });
    let limited = |limits: Limits| {
        run(&Spec {
            limits,
            ..spec.clone()
        })
    };
    let frames = limited(Limits {
        frames: 50,
        ..Limits::default()
    });
    assert!(frames.cut_short == Some(Limit::Frames(50)) && (50..60).contains(&frames.frames.len()));
    let events = limited(Limits {
        events: 30,
        ..Limits::default()
    });
    assert!(matches!(events.cut_short, Some(Limit::Events(_))) && events.frames.len() < 40);
    let time = limited(Limits {
        duration: ms(8),
        ..Limits::default()
    });
    assert!(
        time.cut_short == Some(Limit::Duration(Duration::from_millis(8)))
            && time.ended == Time(8_000_000)
    );
}

#[test]
fn an_idle_world_ends_by_itself() {
    let outcome = run(&two_hosts(42, vec![]));
    assert!(outcome.frames.is_empty() && outcome.cut_short.is_none());
    assert_eq!(outcome.ended, Time::ZERO);
}

#[test]
fn a_host_without_a_link_sends_nothing() {
    let mut spec = two_hosts(42, echo());
    spec.links.clear();
    let outcome = run(&spec);
    assert!(outcome.frames.is_empty());
    assert!(discarded(&outcome).contains(&"no link".to_owned()));
}
