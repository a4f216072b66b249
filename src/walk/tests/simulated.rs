//! Walks of simulations: what is known at which step.

use super::{drawn, trace_comes_back};
use crate::base::FrameId;
use crate::stack::record::TcpState;
use crate::walk::Walk;
use crate::walk::states::EDGES;
use crate::walk::step::{Grain, StepId};
use crate::walk::view::{MapAt, Mark, Numbers};
use crate::{scenario, sim};

fn walk(scenario: &scenario::Scenario) -> Walk {
    Walk::from_outcome("test", 7, sim::run(&scenario.spec(Some(7))))
}

fn built_in(name: &str) -> Walk {
    walk(&scenario::find(name).expect("a built-in scenario"))
}

fn step_of(walk: &Walk, title: &str) -> StepId {
    let named = |id: &StepId| walk.step(*id).is_some_and(|step| step.title == title);
    let mut at = walk.first(Grain::Frame);
    let steps = std::iter::from_fn(|| {
        let id = at?;
        at = walk.next(id, Grain::Frame);
        Some(id)
    });
    steps
        .into_iter()
        .find(named)
        .unwrap_or_else(|| panic!("no step {title}"))
}

/// A row of the ends: both values, with a star before what the step changed.
fn row(walk: &Walk, at: StepId, name: &str) -> String {
    let ends = walk
        .ends(at, Grain::Frame, Numbers::Relative)
        .expect("a connection");
    let row = ends
        .rows
        .iter()
        .find(|row| row.name == name)
        .expect("the row");
    let star = |end: usize| if row.changed[end] { "*" } else { "" };
    format!("{}{} {}{}", star(0), row.values[0], star(1), row.values[1])
}

#[test]
fn a_frame_step_shows_the_sender_after_and_the_receiver_before() {
    let walk = built_in("handshake");
    let check = |title: &str, expected: [&str; 3]| {
        let at = step_of(&walk, title);
        let rows = ["state", "SND.NXT", "RCV.NXT"].map(|name| row(&walk, at, name));
        assert_eq!(rows, expected, "at {title}");
    };
    check("SYN", ["*SYN-SENT LISTEN", "*1 -", "- -"]);
    check("SYN, ACK", ["SYN-SENT *SYN-RECEIVED", "1 *1", "- *1"]);
    check("ACK", ["*ESTABLISHED SYN-RECEIVED", "1 1", "*1 1"]);
    check("FIN, ACK", ["*FIN-WAIT-1 ESTABLISHED", "*7 6", "6 6"]);
    check("TIME-WAIT time-out", ["*CLOSED *CLOSED", "7 7", "7 7"]);
    check("end", ["CLOSED CLOSED", "7 7", "7 7"]);
    let at = step_of(&walk, "SYN, ACK");
    assert!(
        walk.changes(at, Grain::Frame)
            .starts_with("server LISTEN > SYN-RECEIVED; ISN, SND.")
    );
    let lanes = walk.ladder(at, Grain::Frame).lanes;
    assert_eq!(
        lanes.map(|lane| (lane.state, lane.changed)),
        [
            ("SYN-SENT".to_owned(), false),
            ("SYN-RECEIVED".to_owned(), true),
        ]
    );
}

/// What the steps of these places (from 1, by frame) changed, each in words.
fn changes(walk: &Walk, places: std::ops::RangeInclusive<usize>) -> Vec<String> {
    let steps = std::iter::successors(walk.first(Grain::Frame), |at| walk.next(*at, Grain::Frame));
    let places = steps.skip(places.start() - 1).take(places.count());
    places.map(|at| walk.changes(at, Grain::Frame)).collect()
}

#[test]
fn a_segment_that_waits_behind_another_changes_nothing_before_its_own_step() {
    assert_eq!(
        changes(&built_in("websocket"), 25..=32),
        [
            "server SND.NXT",
            "server ESTABLISHED > FIN-WAIT-1; SND.NXT",
            "client RCV.NXT; earlier, at 0.850204 s: client SND.UNA",
            "",
            "client ESTABLISHED > CLOSE-WAIT; RCV.NXT",
            "client CLOSE-WAIT > LAST-ACK; SND.NXT",
            "server FIN-WAIT-2 > TIME-WAIT; RCV.NXT; \
             earlier, at 0.860232 s: server FIN-WAIT-1 > FIN-WAIT-2; SND.UNA",
            "server TIME-WAIT > CLOSED; earlier, at 0.870251 s: client LAST-ACK > CLOSED; SND.UNA",
        ]
    );
}

#[test]
fn what_arrives_and_is_not_answered_is_told_with_its_time() {
    let walk = built_in("handshake-lost-synack");
    let told = changes(&walk, 10..=10).remove(0);
    assert!(
        told.starts_with("client ESTABLISHED > FIN-WAIT-1; SND.NXT; earlier, at 1.030020 s: server SYN-RECEIVED > ESTABLISHED; "),
        "{told}"
    );
}

/// What comes of a connection is not said of the listener that is there when it has gone, nor of the next one.
#[test]
fn an_earlier_connection_ends_in_closed() {
    let check = |name: &str, place: usize, expected: &str| {
        let walk = built_in(name);
        let told = changes(&walk, place..=place).remove(0);
        assert!(told.contains(expected), "{name} {place}: {told}");
    };
    check("half-open-syn", 17, "server ESTABLISHED > CLOSED; ");
    check("old-segment", 16, "server LAST-ACK > CLOSED; ");
    check("old-duplicate-syn", 11, "server LISTEN > SYN-RECEIVED; ");
    check("old-duplicate-syn", 11, "server SYN-RECEIVED > CLOSED; ");
    let reopened = "server TIME-WAIT > CLOSED; LISTEN > SYN-RECEIVED; ";
    check("time-wait-reopened", 15, reopened);
}

/// The edge that the server took at a place by frame, and whether the step took it.
fn server_edge(name: &str, place: usize) -> (&'static str, &'static str, bool) {
    let walk = built_in(name);
    let mut steps =
        std::iter::successors(walk.first(Grain::Frame), |at| walk.next(*at, Grain::Frame));
    let at = steps.nth(place - 1).expect("the step");
    let taken = walk
        .states(at, Grain::Frame)
        .and_then(|states| states.taken[1]);
    let taken = taken.expect("an edge");
    (taken.edge.from.name(), taken.edge.to.name(), taken.now)
}

#[test]
fn the_diagram_marks_the_edges_that_were_taken() {
    let listens = ("CLOSED", "LISTEN", false);
    assert_eq!(server_edge("half-open-syn", 17), listens);
    let answers = ("LISTEN", "SYN-RECEIVED", true);
    assert_eq!(server_edge("old-duplicate-syn", 11), answers);
    assert_eq!(server_edge("time-wait-reopened", 15), answers);
}

#[test]
fn numbers_are_counted_from_the_synack_that_answers() {
    let walk = built_in("old-duplicate-syn");
    let numbers = |frame: &crate::walk::view::FrameView| {
        let text = |id| frame.dissection.field(id).map(|field| field.tshark_value());
        Some((text("tcp.flags")?, text("tcp.seq")?, text("tcp.ack")?))
    };
    let frames = (0..walk.frames()).filter_map(|id| walk.frame(FrameId::from_index(id)));
    let answers = frames.filter_map(|frame| numbers(&frame));
    let answers: Vec<_> = answers.filter(|(flags, ..)| flags == "0x0012").collect();
    let text = |(_, seq, ack): &(String, String, String)| format!("{seq} {ack}");
    assert_eq!(answers.last().map(text).as_deref(), Some("0 1"));
}

#[test]
fn a_timer_that_sends_or_ends_something_is_a_stop() {
    for (name, title, row_name, expected) in [
        (
            "delayed-ack",
            "delayed ACK time-out",
            "delayed ACK",
            "- *0.0 ms",
        ),
        ("zero-window", "persist time-out", "persist", "*0.0 ms -"),
        (
            "tail-loss-probe",
            "tail loss probe time-out",
            "loss probe",
            "- *0.0 ms",
        ),
        (
            "keep-alive",
            "keep-alive time-out",
            "keep-alive",
            "- 0.0 ms",
        ),
        ("syn-flood", "user time-out", "state", "*CLOSED LISTEN"),
        (
            "handshake",
            "TIME-WAIT time-out",
            "state",
            "*CLOSED *CLOSED",
        ),
    ] {
        let walk = built_in(name);
        let at = step_of(&walk, title);
        assert_eq!(row(&walk, at, row_name), expected, "{name}");
    }
}

#[test]
fn each_segment_of_one_call_is_told_with_its_own_variables() {
    let rows = |name: &str, title: &str, row_name: &str| -> Vec<String> {
        let walk = built_in(name);
        let steps =
            std::iter::successors(walk.first(Grain::Frame), |at| walk.next(*at, Grain::Frame));
        let named = |at: &StepId| walk.step(*at).is_some_and(|step| step.title == title);
        let steps = steps.filter(named);
        steps.map(|at| row(&walk, at, row_name)).collect()
    };
    // Two that are lost go again at once.
    let pipes = rows("sack-recovery", "ACK, 1000 bytes (again)", "pipe");
    let both = ["0 *4000", "0 *5000"].map(str::to_owned);
    assert!(pipes.windows(2).any(|two| two == both), "{pipes:?}");
    // The window has opened: no probe is due any more when the first segment goes.
    let persist = rows("zero-window", "ACK, 1448 bytes", "persist");
    assert_eq!(persist[3..], ["*- -", "- -"]);
}

#[test]
fn a_timer_and_the_end_have_no_frame() {
    let walk = built_in("handshake-lost-synack");
    let time_out = step_of(&walk, "retransmission time-out");
    for at in [time_out, step_of(&walk, "end")] {
        let step = walk.step(at).expect("the step");
        assert_eq!((step.frame, step.message), (None, None), "{}", step.title);
    }
}

#[test]
fn a_run_that_was_cut_short_says_by_which_limit() {
    let (_, text) = scenario::texts()
        .iter()
        .find(|(name, _)| *name == "handshake-lost-synack")
        .expect("the text");
    let text = format!(
        "limit = \"2 s\"\n{text}\n[[expect]]\nstate = \"ESTABLISHED\"\nnode = \"client\"\n"
    );
    let scenario = scenario::read("cut", &text).expect("a scenario");
    let walk = walk(&scenario);
    let end = walk.steps().last().expect("the end");
    assert_eq!(end.time, crate::base::Time(2_000_000_000));
    assert!(
        end.title.contains("cut short")
            && end.title.contains("2 s")
            && end.title.contains("`limit`"),
        "{}",
        end.title
    );
    let findings = crate::walk::expect::check(&walk, &scenario.expects);
    let about_end = findings.last().expect("the last");
    assert!(
        !about_end.ok && about_end.found.contains("cut short"),
        "{about_end:?}"
    );
}

#[test]
fn the_ends_say_what_the_segments_say() {
    let walk = built_in("handshake");
    let ack = step_of(&walk, "ACK");
    let frame = walk.step(ack).and_then(|step| step.frame).expect("a frame");
    let view = walk.frame(frame).expect("the frame");
    let window = view.dissection.field("tcp.window_size").expect("a window");
    assert!(row(&walk, ack, "RCV.WND").starts_with(&format!("*{} ", window.tshark_value())));
    assert_eq!(row(&walk, ack, "SND.MSS"), "*1448 1448");
}

#[test]
fn a_repeated_syn_is_measured_by_itself() {
    let walk = built_in("handshake-lost-synack");
    let at = step_of(&walk, "ACK");
    assert_eq!(row(&walk, at, "SRTT"), "*20.0 ms -");
    assert_eq!(row(&walk, at, "RTO"), "*3000.0 ms 1000.0 ms");
}

/// What came behind a hole is acknowledged when the hole is filled: that is no round trip.
#[test]
fn a_hole_does_not_lengthen_a_round_trip() {
    for (name, longest) in [("fast-retransmit", 43.0), ("sack-recovery", 60.0)] {
        let walk = built_in(name);
        let steps =
            std::iter::successors(walk.first(Grain::Frame), |at| walk.next(*at, Grain::Frame));
        let round_trips = steps.filter_map(|at| {
            let ends = walk.ends(at, Grain::Frame, Numbers::Relative)?;
            let row = ends.rows.into_iter().find(|row| row.name == "RTT")?;
            row.values[1].strip_suffix(" ms")?.parse::<f64>().ok()
        });
        let longest_seen = round_trips.fold(0.0, f64::max);
        assert!(
            longest_seen > 0.0 && longest_seen < longest,
            "{name}: {longest_seen}"
        );
    }
}

/// Of a SYN, ACK whose number is a cookie the server keeps nothing that could be unacknowledged.
#[test]
fn a_cookie_is_not_kept() {
    let walk = built_in("syn-cookies");
    let mut steps =
        std::iter::successors(walk.first(Grain::Frame), |at| walk.next(*at, Grain::Frame));
    let is_cookie = |at: &StepId| {
        let is_answer = walk.step(*at).is_some_and(|step| step.title == "SYN, ACK");
        is_answer && row(&walk, *at, "state").ends_with("LISTEN")
    };
    let step = steps.find(is_cookie).expect("a cookie");
    let spaces = walk.seq_space(step, Grain::Frame, Numbers::Relative);
    assert_eq!(spaces.expect("the numbers")[1].runs.len(), 0);
}

#[test]
fn the_first_letter_of_seven_layers_is_hidden_by_its_mask() {
    let scenario = scenario::find("seven-layers").expect("a built-in scenario");
    let walk = Walk::from_outcome("test", 0, sim::run(&scenario.spec(None)));
    let messages = (0..walk.messages()).map(|id| crate::walk::step::MessageId(id as u32));
    let masked = messages
        .filter_map(|id| walk.message(id))
        .find(|message| message.info.starts_with("Text"))
        .expect("the text");
    let field = |id| {
        masked
            .dissection
            .field(id)
            .expect("the field")
            .tshark_value()
    };
    let key = field("websocket.masking_key");
    let clear = field("websocket.payload.text")
        .bytes()
        .next()
        .expect("a letter");
    let key = u8::from_str_radix(key.trim_start_matches("0x").get(..2).expect("a byte"), 16);
    let letter = key.expect("hexadecimal") ^ clear;
    assert!(letter != clear && letter != 0, "{letter:02x}");
}

#[test]
fn phases_follow_each_other_without_turning_back() {
    let check = |name: &str, expected: &[&str]| {
        let phases = built_in(name).heading(StepId(0)).phases;
        let names: Vec<&str> = phases.iter().map(|phase| phase.name.as_str()).collect();
        assert_eq!(names, expected, "{name}");
    };
    check("handshake", &["ARP", "TCP", "Data", "Close"]);
    check("websocket", &["ARP", "TCP", "HTTP", "WS", "Close"]);
    // A RST that is refused closes nothing, nor does one that is about an earlier connection.
    check("blind-reset", &["ARP", "TCP", "Data", "Close"]);
    check("old-duplicate-syn", &["ARP", "TCP", "Data", "Close"]);
    check(
        "half-open-syn",
        &["ARP", "TCP", "Data", "TCP", "Data", "Close"],
    );
    check("handshake-lost-ack", &["ARP", "TCP", "Data", "Close"]);
    // Three clients, one after the other and at once.
    check("socketio-chat", &["ARP", "TCP", "HTTP", "WS", "Close"]);
    let twice = ["TCP", "HTTP", "WS", "Close"].repeat(2);
    check("socketio-reconnect", &[vec!["ARP"], twice].concat());
}

#[test]
fn a_refused_reset_does_not_begin_the_end() {
    let walk = built_in("blind-reset");
    let close = walk.heading(StepId(0)).phases.pop().expect("a phase");
    let first = (close.steps.clone())
        .map(|step| &walk.steps()[step as usize])
        .find(|step| step.grain <= Grain::Frame);
    let first = first.expect("a frame");
    assert_eq!(
        (close.name.as_str(), first.title.as_str()),
        ("Close", "RST")
    );
    assert_eq!(
        first.time,
        crate::base::Time(2_000_000_000),
        "the exact one"
    );
}

#[test]
fn no_bare_acknowledgment_is_a_stop_of_the_message_grain() {
    for scenario in scenario::catalogue() {
        let walk = walk(scenario);
        let stops = walk.steps().iter();
        let stops = stops.filter(|step| step.grain == Grain::Message);
        let acks = stops.filter(|step| step.title == "ACK").count();
        assert_eq!(acks, 0, "{}", scenario.name);
    }
}

#[test]
fn a_lost_frame_is_drawn_as_lost() {
    let walk = built_in("handshake-lost-synack");
    let at = step_of(&walk, "SYN, ACK");
    let lost = walk.next(at, Grain::Frame).expect("the loss");
    assert!(
        walk.step(lost)
            .is_some_and(|step| step.title.starts_with("lost"))
    );
    assert!(matches!(walk.map(lost).at, MapAt::Lost(..)));
    let ladder = walk.ladder(at, Grain::Frame);
    let row = ladder
        .rows
        .iter()
        .find(|row| row.step == at)
        .expect("its row");
    assert!(
        matches!(row.mark, Mark::Arrow { lost: true, .. }),
        "{row:?}"
    );
    assert!(ladder.rows.iter().any(|row| row.label.contains("time-out")));
    assert!(ladder.rows.iter().any(|row| row.label.ends_with("(again)")));
}

#[test]
fn every_scenario_is_the_same_forward_and_back() {
    for scenario in scenario::catalogue() {
        let walk = walk(scenario);
        // Of a long walk some hundred steps, none of them far from another.
        let every = walk.steps().len().div_ceil(400);
        let steps: Vec<StepId> = (0..walk.steps().len() as u32)
            .step_by(every)
            .map(StepId)
            .collect();
        let forward: Vec<String> = steps.iter().map(|at| drawn(&walk, *at)).collect();
        for (at, forward) in steps.iter().zip(&forward).rev() {
            assert_eq!(*forward, drawn(&walk, *at));
        }
        trace_comes_back(&walk);
    }
}

#[test]
fn every_message_of_the_websocket_walk_is_a_stop() {
    let walk = built_in("websocket");
    let stops = (0..walk.messages()).map(|id| {
        let id = crate::walk::step::MessageId(id as u32);
        let step = walk.message_step(id).expect("a step");
        (
            walk.steps()[step.0 as usize].grain,
            walk.message(id).expect("a message").info,
        )
    });
    let stops: Vec<_> = stops.collect();
    assert!(
        stops.iter().all(|(grain, _)| *grain == Grain::Message),
        "{stops:?}"
    );
    let infos: Vec<&str> = stops.iter().map(|(_, info)| info.as_str()).collect();
    assert!(infos[0].starts_with("GET "), "{infos:?}");
    assert!(
        infos.iter().any(|info| info.starts_with("Text")),
        "{infos:?}"
    );
}

/// What a step changed is told since the step before of the walk, whatever grain that has.
#[test]
fn marks_follow_the_grain_that_is_walked() {
    let walk = built_in("websocket");
    for grain in [Grain::Message, Grain::Frame, Grain::Layer] {
        let mut before = walk.first(grain).expect("a step");
        while let Some(at) = walk.next(before, grain) {
            let ends = |at| walk.ends(at, grain, Numbers::Relative);
            if let (Some(old), Some(new)) = (ends(before), ends(at))
                && walk.connection_at(before) == walk.connection_at(at)
            {
                let timers = new.rows.iter().position(|row| row.name == "retransmission");
                for (old, new) in old.rows.iter().zip(&new.rows).take(timers.unwrap_or(0)) {
                    let differs = [0, 1].map(|end| old.values[end] != new.values[end]);
                    assert_eq!(new.changed, differs, "{grain:?}, {at:?}: {}", new.name);
                }
            }
            before = at;
        }
    }
}

#[test]
fn the_window_of_a_syn_is_its_own() {
    let walk = built_in("handshake");
    let at = step_of(&walk, "SYN");
    assert_eq!(row(&walk, at, "RCV.WND"), "*64240 -");
}

/// Each state of each end was come to by an edge of the figure, or by one that it leaves out.
#[test]
fn states_follow_the_edges_of_the_figure() {
    for scenario in scenario::catalogue() {
        let walk = walk(scenario);
        for grain in [Grain::Frame, Grain::Layer] {
            let steps = std::iter::successors(walk.first(grain), |at| walk.next(*at, grain));
            for states in steps.filter_map(|at| walk.states(at, grain)) {
                for end in 0..2 {
                    let Some(taken) = states.taken[end] else {
                        assert_eq!(states.at[end], Some(TcpState::Closed), "{}", scenario.name);
                        continue;
                    };
                    let edge = taken.edge;
                    assert_eq!(Some(edge.to), states.at[end]);
                    let is_drawn = EDGES.contains(&edge);
                    let is_end = edge.to == TcpState::Closed && edge.event != "not in the figure";
                    assert!(is_drawn || is_end, "{}: {edge:?}", scenario.name);
                }
            }
        }
    }
}

#[test]
fn a_refused_call_ends_by_a_rst() {
    let walk = built_in("connection-refused");
    let at = walk.last(Grain::Frame).expect("a step");
    let states = walk.states(at, Grain::Frame).expect("a connection");
    let taken = states.taken[0].expect("an edge");
    assert_eq!(
        (taken.edge.from, taken.edge.to, taken.edge.event),
        (TcpState::SynSent, TcpState::Closed, "rcv RST")
    );
}

/// Rows of one kind are told apart by what they carry.
#[test]
fn a_row_says_what_a_message_asks_and_carries() {
    let labels = |name: &str| -> Vec<String> {
        let walk = built_in(name);
        let at = StepId(walk.steps().len() as u32 - 1);
        let rows = walk.ladder(at, Grain::Frame).rows;
        rows.into_iter().map(|row| row.label).collect()
    };
    let has = |labels: &[String], start: &str| labels.iter().any(|label| label.starts_with(start));
    let polling = labels("socketio-upgrade");
    for start in [
        "GET /socket.io/ polling",
        "GET /socket.io/ polling sid=",
        "GET /socket.io/ websocket sid=",
    ] {
        assert!(has(&polling, start), "{start}: {polling:#?}");
    }
    let chat = labels("socketio-chat");
    assert!(has(&chat, "EVENT \"chat message\": \""), "{chat:#?}");
    let refused = built_in("socketio-unknown-sid");
    let at = step_of(&refused, "HTTP/1.1 400 Bad Request: Session ID unknown");
    let rows = refused.ladder(at, Grain::Frame).rows;
    let row = rows.iter().find(|row| row.step == at).expect("its row");
    assert_eq!(row.label, "400 Bad Request: Session ID unknown");
}

/// The layers of a message at a frame's step, from the session up: number, protocol, lengths, and the bytes of the header.
fn upper_layers(walk: &Walk, title: &str) -> Vec<String> {
    let at = (0..).map(StepId).find(|at| {
        let step = walk.step(*at).expect("a step of this title");
        step.grain <= Grain::Frame && step.title.starts_with(title)
    });
    let rows = walk.layers(at.expect("a step")).into_iter().skip(4);
    rows.map(|row| format!("{} {} {} {:?}", row.osi, row.protocol, row.unit, row.header))
        .collect()
}

#[test]
fn each_protocol_has_a_row_in_the_order_of_the_wire() {
    let chat = built_in("socketio-chat");
    assert_eq!(
        upper_layers(&chat, "EVENT \"chat message\""),
        [
            "5 WebSocket 6 B header + 31 B 66..72",
            "5 Engine.IO 1 B header + 30 B 72..73",
            "6   0..0",
            "7 Socket.IO 30 B 73..103",
        ]
    );
    let polling = built_in("socketio-polling");
    let rows = upper_layers(&polling, "HTTP/1.1 200 OK: open");
    let starts: Vec<&str> = rows.iter().map(|row| &row[..6]).collect();
    assert_eq!(starts, ["7 HTTP", "5 Engi", "6   0."], "{rows:?}");
}

/// Two hosts may have several connections: each row knows its own.
#[test]
fn a_row_knows_the_ports_of_its_connection() {
    let walk = built_in("socketio-polling");
    let at = StepId(walk.steps().len() as u32 - 1);
    let rows = walk.ladder(at, Grain::Frame).rows;
    let syns = rows.iter().filter(|row| row.label == "SYN seq=0");
    let mut ports: Vec<[u16; 2]> = syns.filter_map(|row| row.ports).collect();
    let count = ports.len();
    ports.dedup();
    assert!(count > 1 && ports.len() == count, "{ports:?}");
    assert!(ports.iter().all(|ports| ports[1] == 3000));
}
