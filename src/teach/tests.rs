//! What is said of the steps of the built-in scenarios, and of captures where they are at hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::topics;
use super::{Why, explain};
use crate::scenario::{self, Scenario};
use crate::sim;
use crate::walk::Walk;
use crate::walk::step::{FlowId, Grain, StepId};

/// The scenarios that are run here, without what they say of single frames.
fn built_in() -> impl Iterator<Item = (&'static str, Walk)> {
    let all = scenario::catalogue().iter();
    all.map(|scenario| (scenario.name.as_str(), run(scenario)))
}

fn run(scenario: &Scenario) -> Walk {
    Walk::from_outcome("test", 7, sim::run(&scenario.spec(None)))
}

fn walk_of(name: &str) -> Walk {
    run(&scenario::builtin(name).expect("it is built in"))
}

fn captures() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .map(|dir| dir.join("shared/captures"))
        .find(|dir| dir.is_dir())
}

fn open(path: &Path) -> Walk {
    let capture = crate::capture::file::read(path).expect("a capture that can be read");
    Walk::from_capture("test", capture)
}

fn all_captures() -> Vec<Walk> {
    let Some(root) = captures() else {
        return Vec::new();
    };
    let folders = ["generated", "zeek"].map(|folder| std::fs::read_dir(root.join(folder)));
    let entries = folders.into_iter().flatten().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().contains(".pcap"));
    paths.sort();
    paths.iter().map(|path| open(path)).collect()
}

fn steps(walk: &Walk, grain: Grain) -> impl Iterator<Item = StepId> + '_ {
    std::iter::successors(walk.first(grain), move |at| walk.next(*at, grain))
}

fn told(walk: &Walk, grain: Grain) -> Vec<Why> {
    steps(walk, grain)
        .map(|at| explain(walk, at, grain))
        .collect()
}

fn frames_of(name: &str) -> Vec<Why> {
    told(&walk_of(name), Grain::Frame)
}

/// Whoever called and got its answer sends the third message, once.
#[test]
fn each_handshake_has_one_third_message() {
    for (name, walk) in built_in() {
        let mut flows: BTreeMap<Option<FlowId>, [usize; 2]> = BTreeMap::new();
        for at in steps(&walk, Grain::Layer) {
            let step = walk.step(at).expect("the step");
            let [answered, third] = flows.entry(step.flow).or_default();
            *answered += usize::from(step.title == "SYN-SENT > ESTABLISHED");
            let is_frame = step.grain <= Grain::Frame;
            *third +=
                usize::from(is_frame && explain(&walk, at, Grain::Frame).topic == "handshake-ack");
        }
        for (flow, [answered, third]) in flows {
            assert_eq!(third, answered, "{name}: {flow:?}");
        }
    }
}

#[test]
fn what_is_sent_again_is_told_as_such() {
    let told = frames_of("handshake-lost-synack");
    let topics: Vec<&str> = told.iter().map(|why| why.topic).collect();
    let expected = [
        "syn",
        "syn-ack",
        "lost",
        "timer-expired",
        "syn-again",
        "syn-ack-again",
    ];
    assert_eq!(topics[2..8], expected);
}

#[test]
fn a_cookie_is_no_ordinary_answer() {
    let told = frames_of("syn-cookies");
    let count = |topic| told.iter().filter(|why| why.topic == topic).count();
    assert!(count("syn-cookie") > 0 && count("syn-ack") > 0);
    let mut kept = told.iter().filter(|why| why.topic == "syn-cookie");
    assert!(kept.all(|why| why.cite == "RFC 4987 §3.6" && !why.rfc.contains("SYN-RECEIVED")));
}

#[test]
fn steps_of_captures_are_what_they_seem() {
    let Some(root) = captures() else { return };
    let check = |file: &str, step: usize, topic: &str| {
        let walk = open(&root.join(file));
        let at = steps(&walk, Grain::Frame).nth(step - 1).expect("the step");
        assert_eq!(
            explain(&walk, at, Grain::Frame).topic,
            topic,
            "{file} step {step}"
        );
    };
    check("generated/tcp-loss-sack.pcap", 80, "fast-retransmission");
    check("generated/tcp-loss-sack.pcap", 111, "duplicate-ack");
    check("generated/tcp-loss-sack.pcap", 128, "fast-retransmission");
    check("generated/tcp-loss-nosack.pcap", 159, "fast-retransmission");
    check("generated/tcp-syn-retransmit.pcap", 4, "syn-again");
    check("generated/tcp-keepalive.pcap", 8, "keep-alive");
    check("generated/tcp-keepalive.pcap", 9, "keep-alive-ack");
    check("generated/tcp-zero-window.pcap", 23, "zero-window");
    check("generated/tcp-zero-window.pcap", 24, "window-probe");
    check("generated/tcp-zero-window.pcap", 29, "window-update");
    check("zeek/tcp__fin_retransmission.pcap", 2, "fin-again");
    check("zeek/icmp__icmp-timeexceeded.pcap", 1, "icmp-time-exceeded");
    check(
        "zeek/icmp__icmp-destunreach-udp.pcap",
        1,
        "icmp-unreachable",
    );
    check("zeek/icmp__icmp6-toobig.pcap", 1, "icmpv6-too-big");
    check("zeek/icmp__icmp6-ping.pcap", 1, "icmpv6-echo-request");
}

#[test]
fn the_end_says_what_there_was() {
    let last = |name| frames_of(name).pop().expect("a step").topic;
    assert_eq!(last("connection-refused"), "end");
    assert_eq!(last("handshake"), "end-time-wait");
}

#[test]
fn closing_is_told_from_answering() {
    let told = frames_of("websocket");
    let of = |topic: &str| told.iter().filter(|why| why.topic == topic).count();
    assert_eq!([of("ws-close"), of("ws-close-answer")], [1, 1]);
    // the FIN has the number after the last byte, and its acknowledgment speaks of it
    let fin = told.iter().find(|why| why.topic == "fin").expect("a FIN");
    assert!(
        fin.full
            .contains("below 228; the FIN itself has the number 228"),
        "{}",
        fin.full
    );
    assert_eq!(of("fin-ack"), 2);
}

#[test]
fn a_wrong_opening_is_told_as_such() {
    let topics = |name| -> Vec<&str> { messages_of(name).iter().map(|why| why.topic).collect() };
    for name in ["websocket-no-key", "websocket-wrong-key"] {
        assert_eq!(topics(name), ["http-upgrade-wrong", "http-refused"]);
    }
    let openings = [
        "http-upgrade-wrong",
        "http-refused",
        "http-request",
        "http-response",
        "http-upgrade",
        "http-refused",
        "http-upgrade",
        "http-refused",
    ];
    assert_eq!(topics("websocket-bad-opening"), openings);
}

#[test]
fn a_101_is_no_promise_of_a_websocket() {
    let answers = |name| -> Vec<&str> {
        let topics = frames_of(name).into_iter().map(|why| why.topic);
        topics
            .filter(|topic| topic.starts_with("http-switching"))
            .collect()
    };
    assert_eq!(answers("websocket"), ["http-switching"]);
    assert_eq!(answers("websocket-bad-accept"), ["http-switching-wrong"]);
    assert_eq!(
        answers("websocket-subprotocol"),
        ["http-switching-no-subprotocol"]
    );
}

#[test]
fn what_the_programs_are_told_in_the_end_is_told() {
    let last = |name: &str| -> Vec<Why> {
        let mut told = told(&walk_of(name), Grain::Message);
        told.split_off(told.len() - 4)
    };
    let topics_of = |told: &[Why]| -> Vec<&str> { told.iter().map(|why| why.topic).collect() };
    let abnormal = last("websocket-abnormal");
    assert_eq!(
        topics_of(&abnormal),
        ["rst-abort", "ws-lost", "ws-lost", "end"]
    );
    let end =
        "at the client \"closed not cleanly: 1006\"; at the server \"closed not cleanly: 1006\".";
    assert!(abnormal[3].short.ends_with(end), "{}", abnormal[3].short);
    let refused = last("websocket-bad-accept");
    assert_eq!(
        topics_of(&refused),
        ["ws-not-opened", "fin", "ws-lost", "end-time-wait"]
    );
}

/// What a message of a scenario is about, and what is said of it.
fn messages_of(name: &str) -> Vec<Why> {
    let of_message = |why: &Why| topics::is_of_message(why.topic);
    frames_of(name).into_iter().filter(of_message).collect()
}

#[test]
fn the_ack_of_socketio_is_not_taken_for_tcps() {
    let told = messages_of("socketio-ack");
    let ack = told.iter().find(|why| why.topic == "sio-ack").expect("one");
    let idea = ack.misconception.map(|idea| idea.id);
    assert_eq!(idea, Some("emit-is-guaranteed"));
}

#[test]
fn polling_is_more_than_requests_and_answers() {
    let told = messages_of("socketio-polling");
    let topics: Vec<&str> = told.iter().map(|why| why.topic).collect();
    let expected = [
        "eio-handshake",
        "eio-open",
        "sio-connect",
        "eio-posted",
        "eio-poll",
        "eio-packets",
        "eio-poll",
        "sio-event",
        "eio-posted",
        "sio-ack",
        "eio-poll",
        "sio-disconnect",
        "eio-posted",
        "eio-close",
        "eio-posted",
        "eio-noop",
    ];
    assert_eq!(topics, expected);
    assert!(
        told[2].short.starts_with("By POST, the client asks"),
        "{}",
        told[2].short
    );
    let packets = r#"; 42 EVENT "one"; 42 EVENT "two"."#;
    assert!(told[5].short.ends_with(packets), "{}", told[5].short);
    assert!(
        told[9]
            .short
            .starts_with("In the answer to a poll, the server answers")
    );
    let plain = |why: &Why| ["http-request", "http-response"].contains(&why.topic);
    let all = scenario::catalogue().iter().map(|scenario| &scenario.name);
    for name in all.filter(|name| name.starts_with("socketio-")) {
        let told = messages_of(name);
        let plain = told.iter().find(|why| plain(why));
        assert!(plain.is_none(), "{name}: {plain:?}");
    }
}

/// How WebSocket has packed a packet is no part of what it says.
#[test]
fn a_packet_is_named_without_its_packing() {
    let Some(root) = captures() else { return };
    let told = told(
        &open(&root.join("generated/sio-deflate.pcap")),
        Grain::Message,
    );
    let packets = told.iter().filter(|why| why.topic.starts_with("sio-"));
    for why in packets {
        assert!(!why.short.contains("inflated"), "{}", why.short);
    }
}

/// What hosts between two others say themselves, of all that they send: that there is a tunnel, and what they ask and
/// answer as a proxy that reads and changes what it passes on.
#[test]
fn who_only_passes_on_says_nothing_itself() {
    let mut own: Vec<(&str, &str)> = Vec::new();
    for (name, walk) in built_in() {
        for at in steps(&walk, Grain::Frame) {
            let step = walk.step(at).expect("the step");
            let node = step.node.filter(|_| step.message.is_some());
            let node = node.map(|node| {
                walk.outcome().expect("it ran").nodes[node.index()]
                    .name
                    .as_str()
            });
            let why = explain(&walk, at, Grain::Frame);
            let is_relay = matches!(node, Some("proxy" | "balancer"));
            let passes_on = why.short.contains(" passes on, byte for byte: ");
            assert!(is_relay || !passes_on, "{name}: {}", why.short);
            if is_relay && topics::is_of_message(why.topic) && !passes_on {
                own.push((name, why.topic));
            }
        }
    }
    let expected = [
        ("websocket-proxy", "http-request"),
        ("websocket-proxy", "http-refused"),
        ("websocket-tunnel", "http-tunnel"),
    ];
    own.sort_unstable_by_key(|(name, _)| *name);
    assert_eq!(own, expected);
}

#[test]
fn units_are_those_of_their_protocol() {
    let walk = walk_of("seven-layers");
    for at in steps(&walk, Grain::Layer) {
        let step = walk.step(at).expect("the step");
        let Some((protocol, rest)) = step.title.split_once(' ') else {
            continue;
        };
        let way = rest.split(':').next().unwrap_or_default();
        let expected = match protocol {
            "ARP" => "-arp",
            "Ethernet" => "-eth",
            "IPv4" => "-ip",
            "TCP" if rest.ends_with("bytes") => "-tcp",
            "TCP" => "-tcp-bare",
            "HTTP" => "-http",
            "WebSocket" => "-ws",
            "utf-8" => "-text",
            _ => continue,
        };
        if ["down", "up"].contains(&way) {
            let topic = explain(&walk, at, Grain::Layer).topic;
            assert_eq!(topic, format!("{way}{expected}"), "{}", step.title);
        }
    }
}

#[test]
fn a_cite_is_a_paragraph_and_a_pause_no_time_out() {
    for (name, walk) in built_in() {
        for at in steps(&walk, Grain::Layer) {
            let (why, title) = (
                explain(&walk, at, Grain::Layer),
                &walk.step(at).expect("the step").title,
            );
            assert!(why.cite != "scenario", "{name}: {title}");
            assert!(!why.rfc.contains("the record names"), "{name}: {title}");
            assert_eq!(
                title == "wait time-out",
                why.topic == "pause-over",
                "{name}: {title}"
            );
            let topic = match title.as_str() {
                "connected" | "connection accepted" => Some("app-opened"),
                "the peer sends no more" => Some("app-closed"),
                title if title.starts_with("WebSocket open") => Some("ws-opened"),
                title if title.starts_with("closed cleanly") => Some("ws-closed"),
                _ => None,
            };
            assert!(
                topic.is_none_or(|topic| topic == why.topic),
                "{name}: {title}"
            );
            let known = !why.short.contains(" - ") && !why.short.contains(" -.");
            assert!(known, "{name}: {title}: {}", why.short);
        }
    }
}

/// Topics that nothing here leads to, and why.
const UNSEEN: &[(&str, &str)] = &[
    (
        "rst-unread",
        "no scenario has a program that closes before all is read",
    ),
    ("eio-other-version", "no capture has an older one"),
    (
        "eio-no-upgrade",
        "the scenarios that upgrade have a server that does",
    ),
    ("icmp-reassembly-time", "no capture has one"),
    ("icmp", "no capture has one but echoes and errors"),
    ("icmpv6-unreachable", "no capture has one"),
    ("icmpv6-time-exceeded", "no capture has one"),
    ("icmpv6-reassembly-time", "no capture has one"),
    (
        "lost-unwatched",
        "the scenario that loses a frame loses one of TCP",
    ),
    ("end-cut-short", "every scenario comes to its end"),
    (
        "small-after-all",
        "no scenario has a window that stays small without being closed",
    ),
];

#[test]
fn every_topic_is_told_somewhere() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let from_captures = all_captures();
    if from_captures.is_empty() {
        return;
    }
    let walks = built_in().map(|(_, walk)| walk).chain(from_captures);
    for walk in walks {
        // long captures repeat themselves
        for at in steps(&walk, Grain::Layer).take(4000) {
            *seen
                .entry(explain(&walk, at, Grain::Layer).topic)
                .or_default() += 1;
        }
    }
    let unseen: Vec<&str> = topics::all()
        .map(|topic| topic.id)
        .filter(|id| !seen.contains_key(id))
        .collect();
    let reasons: Vec<&str> = UNSEEN.iter().map(|(id, _)| *id).collect();
    assert_eq!(unseen, reasons);
}

/// On loopback both ends have one address: the ports tell them apart.
#[test]
fn two_ends_of_one_host_have_their_ports() {
    use crate::base::{LinkType, Time};
    use crate::capture::packet::{Capture, Interface, Packet};

    let home = [127, 0, 0, 1];
    let ip = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0];
    let syn = [
        0x9c, 0x40, 0, 80, 0, 0, 3, 232, 0, 0, 0, 0, 0x50, 2, 255, 255, 0, 0, 0, 0,
    ];
    let bytes = [&ip[..], &home, &home, &syn].concat();
    let packet = Packet {
        time: Time::ZERO,
        interface: 0,
        bytes: bytes.into(),
        original_len: 40,
        direction: None,
        checksum_not_ready: false,
        dropped: 0,
        comments: Vec::new(),
    };
    let interface = Interface {
        name: None,
        link_type: LinkType::RAW,
        snap_len: 0,
        fcs_len: None,
        comments: Vec::new(),
    };
    let capture = Capture {
        interfaces: vec![interface],
        packets: vec![packet],
        ..Capture::default()
    };
    let walk = Walk::from_capture("loopback", capture);
    let at = walk.first(Grain::Frame).expect("the SYN");
    let why = explain(&walk, at, Grain::Frame);
    assert!(why.short.starts_with("127.0.0.1:40000 "), "{why:?}");
    assert!(why.changed.contains("127.0.0.1:40000 "), "{why:?}");
}
