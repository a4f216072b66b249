//! The step that the drawings of the screen show, as the walk would hand it over.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{FrameId, LinkType, NodeId, Time};
use crate::capture::packet::Packet;
use crate::proto::dissect::{FrameContext, dissect};
use crate::proto::physical;
use crate::proto::stream::Dir;
use crate::teach::misconceptions::misconception;
use crate::teach::why::Why;
use crate::tui::app::App;
use crate::tui::scene::Scene;
use crate::tui::theme::Theme;
use crate::walk::Walk;
use crate::walk::lesson::Lesson;
use crate::walk::step::{Grain, PhaseId, Step, StepId};
use crate::walk::view::*;

/// The frame of the drawings.
pub const SYN_ACK: &str = "\
    02 00 00 00 00 01 02 00 00 00 00 02 08 00 45 00 00 3c 00 00 40 00 3f 06 26 b2 0a 00 01 09 0a 00 \
    00 02 01 bb c7 38 9b 04 d7 e1 3f 2a 11 c1 a0 12 fe 88 8e ae 00 00 02 04 05 b4 04 02 08 0a 00 12 \
    d6 87 00 0f 42 40 01 03 03 07";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(text, 16).expect("digits")
    };
    digits.chunks(2).map(pair).collect()
}

/// The drawn frame as a packet of a live capture, `i` milliseconds after the start.
pub fn packet(i: u64) -> Packet {
    let bytes = bytes(SYN_ACK);
    Packet {
        time: Time(i * 1_000_000),
        interface: 0,
        original_len: 74,
        bytes: Arc::from(bytes),
        direction: None,
        checksum_not_ready: false,
        comments: Vec::new(),
        dropped: 0,
    }
}

/// The screen on the drawn step.
pub fn app(theme: Theme) -> App<'static> {
    let empty = Walk::from_capture("none", crate::capture::packet::Capture::default());
    let mut app = App::new(empty, theme, Vec::new());
    app.show(scene());
    app
}

/// The drawn step.
pub fn scene() -> Scene {
    let frame = bytes(SYN_ACK);
    let row = |step, ms: u64, label: &str, dir| Row {
        step: StepId(step),
        since_start: Duration::from_micros(ms),
        label: label.to_owned(),
        layer: 4,
        ports: None,
        mark: Mark::Arrow { dir, lost: false },
    };
    let mut rows = vec![
        row(0, 0, "SYN seq=0", Dir::ToServer),
        row(1, 20_400, "SYN,ACK seq=0 ack=1", Dir::ToClient),
    ];
    rows.extend((2..31).map(|i| row(i, 40_000, "not yet", Dir::ToServer)));
    let lane = |name: &str, address: &str, state: &str, changed| Lane {
        name: name.to_owned(),
        address: address.to_owned(),
        state: state.to_owned(),
        changed,
        inferred: false,
    };
    Scene {
        at: StepId(1),
        step: step(),
        number: 2,
        total: 31,
        grain: Grain::Frame,
        since_start: Duration::from_micros(20_400),
        heading: heading(),
        row_numbers: (1..=31).collect(),
        ladder: Ladder {
            lanes: [
                lane("client", "10.0.0.2:51000", "SYN-SENT", false),
                lane("server", "10.0.1.9:443", "SYN-RECEIVED", true),
            ],
            rows,
            rows_before: 0,
            rows_total: 31,
        },
        ends: Some(ends()),
        seq: Some([seq(true), seq(false)]),
        states: None,
        map: map(),
        layers: layers(),
        is_sent: true,
        messages: Vec::new(),
        physical: Some(Physical {
            octets: physical::octets(&frame),
            frame_start: 8,
            fcs: physical::fcs(&frame),
            rate: 10_000_000,
        }),
        frame: Some(frame_view(&frame)),
        why: why(),
        lesson: Lesson::default(),
    }
}

fn frame_view(frame: &[u8]) -> FrameView {
    let dissection = dissect(LinkType::ETHERNET, frame, &FrameContext::default());
    FrameView {
        id: FrameId(1),
        number: 2,
        time: Time(20_400_000),
        link_type: LinkType::ETHERNET,
        original_len: 74,
        // The screen does not show what is known of the frame as such: any layer will do.
        frame: dissection.layers[0].clone(),
        dissection,
        bytes: Arc::from(frame),
        messages: Vec::new(),
        flow: None,
        role: None,
    }
}

fn step() -> Step {
    Step {
        time: Time(20_400_000),
        grain: Grain::Frame,
        phase: PhaseId(0),
        title: "SYN,ACK".to_owned(),
        layer: 4,
        node: None,
        record: None,
        frame: Some(FrameId(1)),
        message: None,
        flow: None,
    }
}

fn heading() -> Heading {
    let phase = |name: &str, steps: std::ops::Range<u32>| Phase {
        name: name.to_owned(),
        steps,
    };
    Heading {
        title: "handshake".to_owned(),
        source: Source::Simulated { seed: 42 },
        phases: vec![
            phase("TCP", 0..3),
            phase("TLS", 3..10),
            phase("WS", 10..14),
            phase("Socket.IO", 14..26),
            phase("Close", 26..31),
        ],
        current: PhaseId(0),
    }
}

fn ends() -> Ends {
    let row = |name, client: &str, server: &str, changed| EndsRow {
        name,
        values: [client.to_owned(), server.to_owned()],
        changed: [false, changed],
    };
    Ends {
        names: ["client".to_owned(), "server".to_owned()],
        rows: vec![
            row("state", "SYN-SENT", "SYN-RECEIVED", true),
            row("ISN", "3f2a11c0", "9b04d7e1", true),
            row("SND.UNA/NXT", "0/1", "0/1", true),
            row("RCV.NXT", "-", "1", true),
            row("sent,not acked", "[S]", "[S]", true),
            row("window", "64240", "65160", false),
        ],
        inferred: [false; 2],
    }
}

fn seq(client: bool) -> SeqSpace {
    let run = SeqRun {
        range: 0..1,
        kind: SeqKind::Syn,
        state: if client {
            SeqState::Acked
        } else {
            SeqState::Sent
        },
        current: !client,
    };
    SeqSpace {
        isn: Some(0x3f2a_11c0),
        una: Some(u32::from(client)),
        nxt: Some(1),
        rcv_nxt: client.then_some(1),
        window_end: None,
        runs: vec![run],
    }
}

fn map() -> Map {
    let node = |id, name: &str, address: &str, is_host| MapNode {
        id: NodeId(id),
        name: name.to_owned(),
        address: address.to_owned(),
        is_host,
    };
    let link = |a, b, label: &str| MapLink {
        ends: [NodeId(a), NodeId(b)],
        label: label.to_owned(),
    };
    Map {
        nodes: vec![
            node(0, "client", "10.0.0.2", true),
            node(1, "switch", "", false),
            node(2, "server", "10.0.1.9", true),
        ],
        links: vec![
            link(0, 1, "1 ms, 100 Mbit/s"),
            link(1, 2, "10 ms, 100 Mbit/s"),
        ],
        path: [0, 1, 2].map(NodeId).to_vec(),
        branches: Vec::new(),
        at: MapAt::Link(NodeId(2), NodeId(1)),
        label: "SYN,ACK".to_owned(),
    }
}

fn layers() -> Vec<LayerRow> {
    let row = |osi, osi_name, protocol: &str, unit: &str, start, len, current| LayerRow {
        osi,
        osi_name,
        protocol: protocol.to_owned(),
        unit: unit.to_owned(),
        range: if len == 0 { 0..0 } else { start..74 },
        header: start..start + len,
        current,
    };
    vec![
        row(
            1,
            "Physical",
            "Ethernet",
            "preamble 8 B, FCS 4 B",
            0,
            0,
            false,
        ),
        row(2, "Data link", "Eth", "14 B header + 60 B", 0, 14, false),
        row(3, "Network", "IPv4", "20 B header + 40 B", 14, 20, false),
        row(4, "Transport", "TCP", "40 B header", 34, 40, true),
        row(5, "Session", "", "", 0, 0, false),
        row(6, "Presentation", "", "", 0, 0, false),
        row(7, "Application", "", "", 0, 0, false),
    ]
}

fn why() -> Why {
    Why {
        topic: "syn-ack",
        note: String::new(),
        short: "The server agrees to talk. It picks its own first number (ISN) and answers ack=1: \
                \"I have everything before 1, send 1 next\". SYN itself used number 0."
            .to_owned(),
        full: "Full.".to_owned(),
        rfc: "RFC.".to_owned(),
        cite: "RFC 9293".to_owned(),
        changed: "server LISTEN > SYN-RECEIVED; ISN, SND, RCV".to_owned(),
        misconception: misconception("ack-counts-packets"),
    }
}
