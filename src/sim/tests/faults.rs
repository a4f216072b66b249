//! Each kind of fault, and how the hosts get over it.

use super::*;
use crate::base::FrameId;
use crate::proto::filter::Filter;

const RST: u8 = 4;

fn with(faults: Vec<Fault>) -> Outcome {
    run(&Spec {
        faults,
        ..over_switch(42, echo())
    })
}

/// The frame of the run without faults that carries `hello` from the client, on its first link.
fn hello() -> FrameId {
    let frames = with(vec![]).frames;
    let is_hello = |frame: &Transmission| frame.bytes.ends_with(b"hello") && frame.from == CLIENT;
    FrameId::from_index(frames.iter().position(is_hello).unwrap())
}

fn strike(effect: Effect) -> Outcome {
    with(vec![Fault::once(Match::Frame(hello()), effect)])
}

/// Whatever happened on the way, the conversation came through.
fn came_through(outcome: &Outcome) {
    assert!(outcome.cut_short.is_none());
    assert!(told(outcome, CLIENT).contains(&"< received 5 bytes \"hello\"".to_owned()));
    assert!(
        outcome
            .frames
            .iter()
            .all(|frame| tcp_flags(frame).unwrap_or(0) & RST == 0)
    );
}

fn faulted(outcome: &Outcome) -> Vec<String> {
    let text = |record: &Record| match &record.what {
        What::FrameFaulted { what, .. } => Some(what.to_string()),
        What::FrameDropped { why, .. } => Some(why.to_string()),
        _ => None,
    };
    outcome.log.records().iter().filter_map(text).collect()
}

/// How often the client sent `hello`.
fn hellos(outcome: &Outcome) -> usize {
    let is_hello = |frame: &&Transmission| frame.bytes.ends_with(b"hello") && frame.from == CLIENT;
    outcome.frames.iter().filter(is_hello).count()
}

#[test]
fn drop_is_retransmitted() {
    let outcome = strike(Effect::Drop);
    came_through(&outcome);
    assert_eq!(faulted(&outcome), ["dropped by a fault"]);
    assert_eq!(outcome.frames[hello().index()].arrived_at, None);
    assert_eq!(hellos(&outcome), 2);
}

#[test]
fn delay_lets_it_arrive_later() {
    let outcome = strike(Effect::Delay(ms(40)));
    came_through(&outcome);
    assert_eq!(faulted(&outcome), ["delayed by 40ms"]);
    let late = outcome.frames[hello().index()].arrived_at.unwrap();
    let usual = with(vec![]).frames[hello().index()].arrived_at.unwrap();
    assert_eq!(late.since(usual), ms(40));
    assert_eq!(hellos(&outcome), 1);
}

#[test]
fn duplicate_comes_twice_and_counts_once() {
    let outcome = strike(Effect::Duplicate);
    came_through(&outcome);
    assert_eq!(faulted(&outcome), ["duplicated"]);
    let copies: Vec<_> = outcome
        .frames
        .iter()
        .filter(|frame| frame.repeats == Some(hello()))
        .collect();
    assert_eq!(copies.len(), 2, "the copy, and the switch's");
    assert_eq!(
        copies.iter().filter(|frame| frame.from == CLIENT).count(),
        1
    );
    let heard = told(&outcome, SERVER)
        .iter()
        .filter(|text| text.contains("hello"))
        .count();
    assert_eq!(heard, 2, "received once, sent once");
}

#[test]
fn corrupt_on_the_wire_fails_the_fcs() {
    let (byte, bit) = (Some(66), Some(0));
    let outcome = strike(Effect::Corrupt {
        byte,
        bit,
        place: CorruptPlace::Wire,
    });
    came_through(&outcome);
    assert_eq!(faulted(&outcome), ["bit 0 of byte 66 flipped on the wire"]);
    let why = discarded(&outcome);
    assert!(why[0].starts_with("FCS wrong"), "{why:?}");
    let frame = &outcome.frames[hello().index()];
    assert!(frame.bytes.ends_with(b"hello"));
    assert!(frame.arrived_bytes.as_ref().unwrap().ends_with(b"iello"));
    assert!(frame.arrived_at.is_some());
    assert_eq!(hellos(&outcome), 2);
}

#[test]
fn corrupt_in_memory_fails_the_tcp_checksum() {
    let (byte, bit) = (Some(66), Some(0));
    let outcome = strike(Effect::Corrupt {
        byte,
        bit,
        place: CorruptPlace::Memory,
    });
    came_through(&outcome);
    let frame = &outcome.frames[hello().index()];
    assert!(frame.bytes.ends_with(b"iello") && frame.arrived_bytes.is_none());
    let why = discarded(&outcome);
    assert!(why.iter().any(|why| why.contains("checksum")), "{why:?}");
    assert!(!why.iter().any(|why| why.contains("FCS")), "{why:?}");
    assert_eq!(hellos(&outcome), 1);
}

#[test]
fn a_fault_without_a_link_strikes_on_the_first_link_alone() {
    let all = Fault {
        count: None,
        ..Fault::once(Match::Any, Effect::Delay(ms(1)))
    };
    let outcome = with(vec![all.clone()]);
    came_through(&outcome);
    let firsts = outcome
        .frames
        .iter()
        .filter(|frame| frame.repeats.is_none())
        .count();
    assert_eq!(faulted(&outcome).len(), firsts);
    let on_second = with(vec![Fault {
        link: Some(LinkId(1)),
        ..all
    }]);
    let there = on_second
        .frames
        .iter()
        .filter(|frame| frame.link == LinkId(1))
        .count();
    assert_eq!(faulted(&on_second).len(), there);
}

#[test]
fn endless_duplication_ends() {
    for link in [None, Some(LinkId(0))] {
        let all = Fault {
            count: None,
            link,
            ..Fault::once(Match::Any, Effect::Duplicate)
        };
        let outcome = with(vec![all]);
        assert!(outcome.cut_short.is_none() && outcome.frames.len() < 200);
    }
}

#[test]
fn a_run_is_the_same_up_to_the_intervention() {
    let (plain, branch) = (with(vec![]), strike(Effect::Drop));
    let until = hello().index();
    assert_eq!(plain.frames[..until], branch.frames[..until]);
    assert_ne!(plain.frames, branch.frames);
}

#[test]
fn a_filter_chooses() {
    let filter = |text: &str| Match::Filter(Box::new(Filter::compile(text).unwrap()));
    let when = filter("tcp.flags.syn == 1 && tcp.flags.ack == 1");
    let outcome = with(vec![Fault::once(when, Effect::Drop)]);
    came_through(&outcome);
    let syn_acks: Vec<_> = outcome
        .frames
        .iter()
        .filter(|frame| tcp_flags(frame) == Some(0x12))
        .collect();
    assert_eq!(syn_acks[0].arrived_at, None);
    assert_eq!(faulted(&outcome), ["dropped by a fault"]);
    let nothing = with(vec![Fault::once(filter("udp"), Effect::Drop)]);
    assert_eq!(nothing.frames, with(vec![]).frames);
}
