//! The topic of a record of the truth: what happened inside a host, on a link, or in a switch.

use super::sessions;
use super::subject::{Subject, node_name};
use crate::proto::ethernet::mac_text;
use crate::stack::record::{Record, TcpState, Unit, What};
use crate::walk::Walk;
use crate::walk::view::FrameView;

/// Puts into `subject` what a record tells, and returns its topic.
pub(super) fn know(
    subject: &mut Subject,
    walk: &Walk,
    record: &Record,
    frame: Option<&FrameView>,
) -> &'static str {
    // what only the scenario asked for obeys no paragraph
    subject.cite = Some(record.cite).filter(|cite| !matches!(*cite, "" | "scenario"));
    if let Some(node) = record.node {
        subject.set("node", node_name(walk, node));
    }
    match &record.what {
        What::AppCall(text) => subject.what(sessions::call(text), text),
        What::AppEvent(text) => subject.what(event_topic(text), text),
        What::Log(text) => subject.what("app-log", text),
        What::Down(unit) => know_unit(subject, unit, true),
        What::Up(unit) => know_unit(subject, unit, false),
        What::TcpState { from, to } => {
            subject.what(state_topic(*to), format!("{} > {}", from.name(), to.name()))
        }
        What::Listening(address) => subject.what("listening", address),
        What::Timer { name, .. } => {
            subject.set("timer", name);
            sessions::timer(name, record.layer)
        }
        What::HostDown => "host-down",
        What::HostUp => "host-up",
        // no step is about these alone
        What::ConnOpened(_) | What::TcpVars(_) => "state",
        What::NeighborLearned { ip, mac } => {
            let topic = if ip.is_ipv4() {
                "arp-learned"
            } else {
                "neighbor-learned"
            };
            subject.what(topic, format!("{ip} is at {}", mac_text(*mac)))
        }
        What::NeighborQueued { ip } if ip.is_ipv4() => subject.what("arp-queued", ip),
        What::NeighborQueued { ip } => subject.what("neighbor-queued", ip),
        What::Discarded(text) => subject.what(discard_topic(text), text),
        What::Decided(text) => {
            let of_session = (record.layer != 4).then(|| sessions::decision(text));
            let topic = of_session.flatten();
            subject.what(topic.unwrap_or_else(|| decision_topic(text)), text)
        }
        What::Routed(text) if text.contains("hop limit") => subject.what("routed-ipv6", text),
        What::Routed(text) => subject.what("routed", text),
        What::FrameSent(_) => "wire-sent",
        What::FrameArrived(_) => "wire-arrived",
        What::FrameDropped { why, .. } => {
            let is_tcp = frame.is_some_and(|frame| frame.dissection.layer("tcp").is_some());
            subject.what(if is_tcp { "lost" } else { "lost-unwatched" }, why)
        }
        What::FrameFaulted { what, .. } => subject.what("faulted", what),
        What::SwitchLearned { mac, link } => subject.what(
            "switch-learned",
            format!("{} is behind port {}", mac_text(*mac), link.0 + 1),
        ),
        What::SwitchForwarded { to, flooded, .. } => {
            let ports: Vec<String> = to.iter().map(|link| (link.0 + 1).to_string()).collect();
            let how = if *flooded {
                "to all others, port"
            } else {
                "to port"
            };
            subject.what("switch-forwarded", format!("{how} {}", ports.join(", ")))
        }
    }
}

/// What it means to be in a state, where that is a part of closing.
fn state_topic(to: TcpState) -> &'static str {
    match to {
        TcpState::FinWait1 => "state-fin-wait-1",
        TcpState::FinWait2 => "state-fin-wait-2",
        TcpState::Closing => "state-closing",
        TcpState::TimeWait => "state-time-wait",
        TcpState::CloseWait => "state-close-wait",
        TcpState::LastAck => "state-last-ack",
        _ => "state",
    }
}

/// The topics of what TCP decides, each by a part of the record's text.
const DECIDED: &[(&str, &str)] = &[
    ("Nagle: ", "nagle-holds"),
    ("the acknowledgment may wait", "ack-waits"),
    ("the last such answer", "ack-limited"),
    ("acknowledged at once", "ack-now"),
    ("the second full-sized segment", "ack-now"),
    ("nothing came to go with it", "ack-now"),
    ("room again", "window-again"),
    ("the window is closed: one byte", "probe-decided"),
    ("the window shrank to zero", "probe-decided"),
    ("the probe again", "probe-decided"),
    ("what fits is sent", "small-after-all"),
    ("TIME-WAIT gives way", "gives-way"),
    ("a keep-alive", "alive-asked"),
    ("no keep-alive was answered", "alive-nobody"),
    ("not acknowledged in time", "rto-backoff"),
    ("duplicate ACK number", "duplicate-counted"),
    ("third duplicate ACK", "fast-retransmit"),
    ("SACK shows that a segment is lost", "fast-retransmit"),
    ("in proportion: ", "in-proportion"),
    ("partial acknowledgment", "partial-ack"),
    ("lost: sent again", "lost-again"),
    ("perhaps lost", "lost-again"),
    ("all that was sent before the loss", "recovery-over"),
    ("out of order: kept", "kept-early"),
    ("came before", "dsack-told"),
    ("D-SACK: ", "dsack-heard"),
    ("sent before what arrived, and overdue", "rack-overdue"),
    ("nothing was heard", "tail-probe"),
    ("both ends take part in ECN", "ecn-agreed"),
    ("marked on its way", "ecn-marked"),
    ("ECE: ", "ecn-slows"),
    ("the peer has slowed down", "ecn-heard"),
];

/// The topics of what TCP throws away.
const DISCARDED: &[(&str, &str)] = &[
    ("the receive window is closed", "no-room"),
    ("(PAWS)", "paws"),
];

fn topic_of(topics: &[(&str, &'static str)], text: &str, usual: &'static str) -> &'static str {
    let found = topics.iter().find(|(part, _)| text.contains(part));
    found.map_or(usual, |(_, topic)| topic)
}

/// What a program is told: that a way is open or closed, that data came, or something else.
fn event_topic(text: &str) -> &'static str {
    const OPENED: &[&str] = &["connected", "connection accepted"];
    const WS_OPENED: &[&str] = &["WebSocket open"];
    const CLOSED: &[&str] = &["the peer sends no more"];
    const WS_LOST: &[&str] = &["closed not cleanly"];
    const WS_CLOSED: &[&str] = &["closed", "the peer closes"];
    const NOT_OPENED: &[&str] = &["not opened: ", "refused: "];
    const ARRIVED: &[&str] = &[
        "received ",
        "request received",
        "response received",
        "echo reply",
    ];
    let begins = |with: &[&str]| with.iter().any(|start| text.starts_with(start));
    if let Some(topic) = sessions::event(text) {
        return topic;
    }
    match text {
        _ if begins(OPENED) => "app-opened",
        _ if begins(CLOSED) => "app-closed",
        _ if begins(WS_OPENED) => "ws-opened",
        _ if begins(WS_LOST) => "ws-lost",
        _ if begins(WS_CLOSED) => "ws-closed",
        _ if begins(NOT_OPENED) => "ws-not-opened",
        _ if begins(ARRIVED) || text.ends_with(" received") => "app-received",
        _ => "app-event",
    }
}

/// Why something is thrown away, where more is to be said than that it is.
fn discard_topic(text: &str) -> &'static str {
    match text {
        "too many connections in SYN-RECEIVED" => "backlog-full",
        "acknowledges what was not sent" => "ack-of-unsent",
        "sequence number outside the window" => "out-of-window",
        "RST for no connection" => "rst-ignored",
        "not for this host's IP address" => "not-mine",
        _ => topic_of(DISCARDED, text, "discarded"),
    }
}

/// What is decided, where more is to be said than that it is.
fn decision_topic(text: &str) -> &'static str {
    match text {
        _ if text.ends_with("challenge ACK") => "challenge",
        _ if text.ends_with("is a cookie") => "cookie-sent",
        _ if text.starts_with("it brings a cookie back") => "cookie-taken",
        _ if text.starts_with("the SYN that we have once more") => "crossed-syn",
        _ => topic_of(DECIDED, text, "decided"),
    }
}

fn know_unit(subject: &mut Subject, unit: &Unit, down: bool) -> &'static str {
    let info = unit.info.to_string();
    subject.set("info", &info);
    subject.set("len", unit.len);
    let topic = match (unit.protocol, down) {
        // a segment of the control bits alone takes no bytes along
        ("tcp", true) if !info.ends_with("bytes") => Some("down-tcp-bare"),
        ("tcp", false) if !info.ends_with("bytes") => Some("up-tcp-bare"),
        (protocol, _) => unit_topic(protocol, down),
    };
    topic.unwrap_or_else(|| subject.what("decided", &info))
}

/// The topic of a unit of this protocol (its Wireshark name) that goes down or up.
pub(super) fn unit_topic(protocol: &str, down: bool) -> Option<&'static str> {
    let [to_wire, from_wire] = match protocol {
        "eth" => ["down-eth", "up-eth"],
        "arp" => ["down-arp", "up-arp"],
        "ip" | "ipv6" => ["down-ip", "up-ip"],
        "icmp" | "icmpv6" => ["down-icmp", "up-icmp"],
        "tcp" => ["down-tcp", "up-tcp"],
        "udp" => ["down-udp", "up-udp"],
        "http" => ["down-http", "up-http"],
        "websocket" => ["down-ws", "up-ws"],
        "engineio" => ["down-engineio", "up-engineio"],
        "socketio" => ["down-socketio", "up-socketio"],
        "json" => ["down-json", "up-json"],
        "utf-8" => ["down-text", "up-text"],
        "permessage-deflate" => ["down-deflate", "up-deflate"],
        _ => return None,
    };
    Some(if down { to_wire } else { from_wire })
}

/// The Wireshark name of the protocol that a step names.
pub(super) fn protocol_id(name: &str) -> &str {
    match name {
        "Ethernet" => "eth",
        "ARP" => "arp",
        "IPv4" => "ip",
        "IPv6" => "ipv6",
        "ICMP" => "icmp",
        "ICMPv6" => "icmpv6",
        "TCP" => "tcp",
        "UDP" => "udp",
        "HTTP" => "http",
        "WebSocket" => "websocket",
        "Engine.IO" => "engineio",
        "JSON" => "json",
        "Socket.IO" => "socketio",
        other => other,
    }
}
