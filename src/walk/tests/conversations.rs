//! Who talks to whom, and in which state, told from hand-made frames.

use etherparse::PacketBuilder;

use crate::base::{FrameId, LinkType, Time};
use crate::capture::packet::{Capture, Interface, Packet};
use crate::walk::Walk;
use crate::walk::step::{Grain, StepId};
use crate::walk::view::{Mark, Numbers};

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 2], 51000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 9], 8123);

/// A segment: flags as letters, sequence and acknowledgment number, data.
fn segment(from: ([u8; 4], u16), to: ([u8; 4], u16), (flags, seq, ack, data): Line) -> Vec<u8> {
    let mut builder = PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(from.0, to.0, 64)
        .tcp(from.1, to.1, seq, 1000);
    for flag in flags.chars() {
        builder = match flag {
            'S' => builder.syn(),
            'F' => builder.fin(),
            'R' => builder.rst(),
            _ => builder.ack(ack),
        };
    }
    let mut bytes = Vec::new();
    builder
        .write(&mut bytes, data.as_bytes())
        .expect("a frame that fits");
    bytes
}

type Line = (&'static str, u32, u32, &'static str);

/// A walk of segments; `>` goes from `ends[0]` to `ends[1]`.
fn walk(ends: [([u8; 4], u16); 2], lines: &[(char, Line)]) -> Walk {
    let packet = |(index, (way, line)): (usize, &(char, Line))| {
        let [from, to] = if *way == '>' {
            ends
        } else {
            [ends[1], ends[0]]
        };
        let bytes = segment(from, to, *line);
        Packet {
            time: Time(index as u64 * 1_000_000),
            interface: 0,
            original_len: bytes.len() as u32,
            bytes: bytes.into(),
            direction: None,
            checksum_not_ready: false,
            comments: Vec::new(),
            dropped: 0,
        }
    };
    let interface = Interface {
        name: None,
        link_type: LinkType::ETHERNET,
        snap_len: 0,
        fcs_len: None,
        comments: Vec::new(),
    };
    let capture = Capture {
        interfaces: vec![interface.clone()],
        packets: lines.iter().enumerate().map(packet).collect(),
        ..Capture::default()
    };
    let mut live = Walk::live("test", interface);
    for packet in capture.packets.clone() {
        live.push_packet(packet);
    }
    live.finish();
    let walk = Walk::from_capture("test", capture);
    assert_eq!(
        walk.steps(),
        live.steps(),
        "a file and a live capture are the same walk"
    );
    walk
}

const WHOLE: [(char, Line); 10] = [
    ('>', ("S", 100, 0, "")),
    ('<', ("SA", 500, 101, "")),
    ('>', ("A", 101, 501, "")),
    ('>', ("A", 101, 501, "hi")),
    ('<', ("A", 501, 103, "")),
    ('>', ("FA", 103, 501, "")),
    ('<', ("A", 501, 104, "")),
    ('<', ("FA", 501, 104, "")),
    ('>', ("A", 104, 502, "")),
    ('<', ("R", 502, 0, "")),
];

#[test]
fn states_are_inferred_from_what_was_seen() {
    let walk = walk([CLIENT, SERVER], &WHOLE);
    let states = (0..walk.frames()).map(|frame| {
        let at = walk.frame_step(FrameId::from_index(frame)).expect("a step");
        let ends = walk
            .ends(at, Grain::Frame, Numbers::Relative)
            .expect("a connection");
        assert_eq!(ends.inferred, [true; 2]);
        let rows = ["state", "SND.NXT", "SND.UNA"].map(|name| {
            let row = ends
                .rows
                .iter()
                .find(|row| row.name == name)
                .expect("a row");
            row.values.join(" ")
        });
        rows.join(", ")
    });
    let states: Vec<String> = states.collect();
    assert_eq!(
        states,
        [
            "SYN-SENT -, 1 -, 0 -",
            "SYN-SENT SYN-RECEIVED, 1 1, 0 0",
            "ESTABLISHED SYN-RECEIVED, 1 1, 1 0",
            "ESTABLISHED ESTABLISHED, 3 1, 1 1",
            "ESTABLISHED ESTABLISHED, 3 1, 1 1",
            "FIN-WAIT-1 ESTABLISHED, 4 1, 3 1",
            "FIN-WAIT-1 CLOSE-WAIT, 4 1, 3 1",
            "FIN-WAIT-2 LAST-ACK, 4 2, 4 1",
            "TIME-WAIT LAST-ACK, 4 2, 4 1",
            "TIME-WAIT CLOSED, 4 2, 4 2",
        ]
    );
}

#[test]
fn what_may_not_have_arrived_changes_nothing() {
    let refused = walk(
        [CLIENT, SERVER],
        &[
            ('>', ("S", 1, 0, "")),
            ('>', ("S", 1, 0, "")),
            ('<', ("RA", 0, 2, "")),
        ],
    );
    let state = |frame: usize| {
        let at = refused
            .frame_step(FrameId::from_index(frame))
            .expect("a step");
        refused
            .ends(at, Grain::Frame, Numbers::Relative)
            .expect("a connection")
            .rows[0]
            .values
            .join(" ")
    };
    assert_eq!(
        [0, 1, 2].map(state),
        ["SYN-SENT -", "SYN-SENT -", "SYN-SENT CLOSED"]
    );
}

/// The states of both ends at a step, in a walk of this grain.
fn states(walk: &Walk, at: StepId, grain: Grain) -> String {
    let ends = walk.ends(at, grain, Numbers::Relative);
    ends.expect("a connection").rows[0].values.join(" ")
}

#[test]
fn at_the_end_the_last_frame_has_arrived() {
    let lines = [('>', ("S", 1, 0, "")), ('<', ("RA", 0, 2, ""))];
    let walk = walk([CLIENT, SERVER], &lines);
    let end = walk.last(Grain::Message).expect("the end");
    assert!(walk.is_end(end));
    let before = walk.back(end, Grain::Frame).expect("the RST");
    for grain in [Grain::Message, Grain::Frame, Grain::Layer] {
        assert_eq!(
            walk.last(grain),
            Some(end),
            "the end is a stop of every grain"
        );
        assert_eq!(states(&walk, before, grain), "SYN-SENT CLOSED");
        assert_eq!(states(&walk, end, grain), "CLOSED CLOSED");
    }
    // In a walk by layers it has arrived as soon as the receiver's TCP has it.
    let up: Vec<StepId> = (before.0 + 1..end.0).map(StepId).collect();
    let seen: Vec<String> = (up.iter().map(|at| states(&walk, *at, Grain::Layer))).collect();
    let last = "CLOSED CLOSED";
    assert_eq!(seen, ["SYN-SENT CLOSED", "SYN-SENT CLOSED", last]);
    let diagram = walk.states(end, Grain::Frame).expect("a diagram");
    let taken = diagram.taken[0].expect("an edge");
    assert!(taken.now && taken.edge.event == "rcv RST", "{taken:?}");
}

/// The end shows one connection; of any other one the last arrival is a step, where it changes a state.
#[test]
fn the_last_arrival_of_an_earlier_connection_is_a_step() {
    let lines = [
        ('>', ("S", 1, 0, "")),
        ('<', ("RA", 0, 2, "")),
        ('>', ("S", 77, 0, "")),
        ('<', ("RA", 0, 78, "")),
    ];
    let walk = walk([CLIENT, SERVER], &lines);
    assert_eq!(walk.flows().len(), 2);
    let mut at = walk.first(Grain::Frame);
    let mut told = Vec::new();
    while let Some(step) = at {
        let title = &walk.step(step).expect("a step").title;
        told.push(format!("{title}: {}", states(&walk, step, Grain::Frame)));
        at = walk.next(step, Grain::Frame);
    }
    assert_eq!(
        told,
        [
            "SYN: SYN-SENT -",
            "RST, ACK: SYN-SENT CLOSED",
            "RST, ACK arrives: CLOSED CLOSED",
            "SYN: SYN-SENT -",
            "RST, ACK: SYN-SENT CLOSED",
            "end: CLOSED CLOSED",
        ]
    );
}

#[test]
fn client_and_server_are_told_apart() {
    let check = |lines: &[(char, Line)], client: u16, mid_stream: bool, flows: usize| {
        let walk = walk([CLIENT, SERVER], lines);
        let views = walk.flows();
        assert_eq!(views.len(), flows);
        assert_eq!(
            (views[0].ends[0].port(), views[0].mid_stream),
            (client, mid_stream)
        );
    };
    check(&WHOLE, 51000, false, 1);
    check(&WHOLE[1..], 51000, true, 1);
    // nobody saw the beginning: the lower port is taken for the server's
    check(&WHOLE[3..], 51000, true, 1);
    check(&WHOLE[4..], 51000, true, 1);
    // who sends the SYN is the client, whatever its port
    check(
        &[('<', ("S", 1, 0, "")), ('>', ("SA", 9, 2, ""))],
        8123,
        false,
        1,
    );
    // a SYN again is the same connection, one with another number is another
    check(
        &[('>', ("S", 1, 0, "")), ('>', ("S", 1, 0, ""))],
        51000,
        false,
        1,
    );
    check(
        &[('>', ("S", 1, 0, "")), ('>', ("S", 77, 0, ""))],
        51000,
        false,
        2,
    );
}

#[test]
fn loopback_has_two_lanes() {
    let here = [127, 0, 0, 1];
    let walk = walk([(here, 51000), (here, 8123)], &WHOLE);
    let ladder = walk.ladder(StepId(0), Grain::Frame);
    let lanes = ladder.lanes.map(|lane| lane.address);
    assert_eq!(lanes, ["127.0.0.1:51000", "127.0.0.1:8123"]);
    let ways: String = ladder
        .rows
        .iter()
        .map(|row| match row.mark {
            Mark::Arrow { dir, .. } => ['>', '<'][dir.index()],
            _ => '?',
        })
        .collect();
    // The last row is the end.
    assert_eq!(ways, "><>><><<><?");
}

#[test]
fn the_same_end_is_found_again() {
    let walk = walk([CLIENT, SERVER], &WHOLE);
    let step = |frame: usize| walk.frame_step(FrameId::from_index(frame)).expect("a step");
    assert_eq!(walk.next_of_endpoint(step(0), Grain::Frame), Some(step(2)));
    assert_eq!(walk.next_of_endpoint(step(1), Grain::Frame), Some(step(4)));
    assert_eq!(
        walk.previous_of_endpoint(step(4), Grain::Frame),
        Some(step(1))
    );
    assert_eq!(walk.previous_of_endpoint(step(0), Grain::Frame), None);
}
