//! What a step is about: its topic, and what the topic's text may name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::frames::{frame_topic, handshake_fault, uint};
use super::topics::{self, PLACEHOLDERS};
use super::{engineio, records, sent};
use crate::base::NodeId;
use crate::proto::ethernet::mac_text;
use crate::stack::record::{Record, TcpState, What};
use crate::walk::Walk;
use crate::walk::step::{Grain, MessageId, Step, StepId};
use crate::walk::view::{FrameView, MessageView};

/// What a step is about.
pub(super) struct Subject {
    pub topic: &'static str,
    /// The record's own paragraph; `None` where it names none.
    pub cite: Option<&'static str>,
    pub values: BTreeMap<&'static str, String>,
    /// What stands before the short text: who only passes it on, and by what it comes.
    pub lead: String,
}

impl Subject {
    pub fn of(walk: &Walk, at: StepId) -> Self {
        let mut subject = Self {
            topic: "end",
            cite: None,
            values: BTreeMap::new(),
            lead: String::new(),
        };
        if let Some(step) = walk.step(at) {
            subject.know_step(walk, at, step);
        }
        subject
    }

    fn know_step(&mut self, walk: &Walk, at: StepId, step: &Step) {
        self.set("info", &step.title);
        let frame = step.frame.and_then(|id| walk.frame(id));
        let message = step.message.and_then(|id| walk.message(id));
        let record = step.record.and_then(|id| walk.record(id));
        if let Some(frame) = &frame {
            self.know_frame(walk, frame);
            self.topic = frame_topic(walk, frame, message.as_ref(), record);
            self.know_reason(walk, frame, record);
        }
        if let Some(message) = &message {
            self.know_message(message);
        }
        if walk.is_end(at) {
            self.know_end(walk);
            return;
        }
        match record {
            // A frame that is sent is explained by what it carries, unless the step is about its bits.
            Some(record) if matches!(record.what, What::FrameSent(_)) && step.layer != 1 => {}
            Some(record) => self.topic = records::know(self, walk, record, frame.as_ref()),
            None if is_gap(step) => self.topic = self.what("gap", &step.title),
            None if step.grain == Grain::Layer => self.know_crossed(step, frame.as_ref()),
            None => {}
        }
        let said = message.or_else(|| walk.message(*frame?.messages.first()?));
        if let Some(said) = said.filter(|_| topics::is_of_message(self.topic)) {
            self.know_relay(walk, said.id);
            self.lead += engineio::carrier(&said);
        }
    }

    /// What is only handed through is told as what it was at the one who said it.
    fn know_relay(&mut self, walk: &Walk, message: MessageId) {
        let original = walk.original(message);
        if original == message {
            return;
        }
        let Some(original) = walk.message(original) else {
            return;
        };
        let Some(flow) = walk.flow(original.flow) else {
            return;
        };
        let [from, to] = [original.dir, original.dir.reverse()];
        if let Some(relay) = self.values.get("from") {
            self.lead = format!("{relay} passes on, byte for byte: ");
        }
        for (end, dir) in [("from", from), ("to", to)] {
            self.set(end, name_of(walk, &flow.ends[dir.index()].ip().to_string()));
        }
    }

    /// Why a segment was sent, where the records tell more than itself.
    fn know_reason(&mut self, walk: &Walk, frame: &FrameView, record: Option<&Record>) {
        let sending = record.filter(|record| matches!(record.what, What::FrameSent(_)));
        let reason = sending.and_then(|record| sent::reason(walk, &frame.dissection, record));
        let Some(reason) = reason else { return };
        self.topic = reason.topic;
        if let Some(what) = reason.what {
            self.set("what", what);
        }
        if let Some(node) = record.and_then(|record| record.node) {
            self.set("node", node_name(walk, node));
        }
    }

    /// The last step: how a simulation came to its end, or that nothing more was captured.
    fn know_end(&mut self, walk: &Walk) {
        if walk.outcome().is_none() {
            self.topic = "end-of-frames";
            return;
        }
        let waited =
            |what: &What| matches!(what, What::TcpState { to, .. } if *to == TcpState::TimeWait);
        let results = walk.results().into_iter();
        let told = results.map(|(node, what)| format!("at {} \"{what}\"", node_name(walk, node)));
        let told: Vec<String> = told.collect();
        self.set(
            "told",
            match told.is_empty() {
                true => String::new(),
                false => format!(" What the programs were told last: {}.", told.join("; ")),
            },
        );
        let limit = walk.outcome().and_then(|outcome| outcome.cut_short);
        self.topic = match limit {
            Some(limit) => self.what("end-cut-short", limit),
            None if walk.records().iter().any(|record| waited(&record.what)) => "end-time-wait",
            None => "end",
        };
    }

    /// A layer that a frame of a capture must have crossed: `TCP down`. Nothing is known of it but the frame.
    fn know_crossed(&mut self, step: &Step, frame: Option<&FrameView>) {
        let (Some((name, way)), Some(frame)) = (step.title.rsplit_once(' '), frame) else {
            return;
        };
        let protocol = records::protocol_id(name);
        let Some(topic) = records::unit_topic(protocol, way == "down") else {
            return;
        };
        let end = if way == "down" { "from" } else { "to" };
        if let Some(node) = self.values.get(end).cloned() {
            self.set("node", node);
        }
        let layers = frame.dissection.own_layers();
        if let Some(layer) = layers.iter().find(|layer| layer.protocol.id == protocol) {
            self.set("info", &layer.summary);
        }
        let is_bare = protocol == "tcp" && uint(&frame.dissection, "tcp.len") == Some(0);
        self.topic = match topic {
            "down-tcp" if is_bare => "down-tcp-bare",
            "up-tcp" if is_bare => "up-tcp-bare",
            topic => topic,
        };
    }

    pub fn set(&mut self, name: &'static str, value: impl ToString) {
        debug_assert!(PLACEHOLDERS.contains(&name), "{name} is not a placeholder");
        self.values.insert(name, value.to_string());
    }

    /// Notes what happened, and returns the topic.
    pub fn what(&mut self, topic: &'static str, what: impl ToString) -> &'static str {
        self.set("what", what);
        topic
    }

    fn know_frame(&mut self, walk: &Walk, frame: &FrameView) {
        let dissection = &frame.dissection;
        for (name, ids) in FIELDS {
            if let Some(field) = ids.iter().find_map(|id| dissection.own_field(id)) {
                self.set(name, &field.text);
            }
        }
        let number = |id| uint(dissection, id);
        if let (Some(seq), Some(len)) = (number("tcp.seq"), number("tcp.len")) {
            self.set("end", seq + len);
        }
        let last = dissection.own_layers().last();
        if let Some(icmp) = last.filter(|layer| layer.protocol.id.starts_with("icmp")) {
            let kind = icmp.summary.rsplit(", ").next().unwrap_or_default();
            self.set("info", kind);
        }
        for (end, address, mac) in [("from", "src", "smac"), ("to", "dst", "dmac")] {
            let known = self.values.get(address).or(self.values.get(mac)).cloned();
            if let Some(known) = known {
                self.set(end, name_of(walk, &known));
            }
        }
        self.tell_ends_apart();
    }

    /// Where one host is both ends, each is named with its port.
    fn tell_ends_apart(&mut self) {
        let value = |name| self.values.get(name).cloned();
        let (from, to) = (value("from"), value("to"));
        if from != to {
            return;
        }
        for (end, port) in [("from", value("sport")), ("to", value("dport"))] {
            let Some((name, port)) = from.as_ref().zip(port) else {
                continue;
            };
            let is_v6 = name.contains(':');
            let named = if is_v6 {
                format!("[{name}]:{port}")
            } else {
                format!("{name}:{port}")
            };
            self.set(end, named);
        }
    }

    fn know_message(&mut self, message: &MessageView) {
        let dissection = &message.dissection;
        for (name, ids) in MESSAGE_FIELDS {
            if let Some(field) = ids.iter().find_map(|id| dissection.field(id)) {
                self.set(name, &field.text);
            }
        }
        if let Some(fault) = handshake_fault(dissection) {
            self.set("what", fault);
        }
        self.set("info", packets_of(message));
        let text = |id| dissection.field(id).map(|field| field.text.clone());
        let masked = text("websocket.masking_key");
        self.set(
            "masking",
            masked.map_or("not masked".to_owned(), |key| format!("masked with {key}")),
        );
        let said = text("websocket.payload.text").map(|text| format!("\"{}\"", cut(&text, 40)));
        self.set("text", said.unwrap_or_else(|| message.info.clone()));
    }
}

/// The placeholders that a frame's fields fill, each with the fields to look for, best first.
const FIELDS: &[(&str, &[&str])] = &[
    ("seq", &["tcp.seq"]),
    ("ack", &["tcp.ack"]),
    ("next", &["tcp.nxtseq"]),
    ("len", &["tcp.len", "udp.length", "ip.len"]),
    ("sport", &["tcp.srcport", "udp.srcport"]),
    ("dport", &["tcp.dstport", "udp.dstport"]),
    ("window", &["tcp.window_size", "tcp.window_size_value"]),
    ("mss", &["tcp.options.mss_val"]),
    ("ttl", &["ip.ttl", "ipv6.hlim"]),
    ("src", &["arp.src.proto_ipv4", "ip.src", "ipv6.src"]),
    ("dst", &["arp.dst.proto_ipv4", "ip.dst", "ipv6.dst"]),
    (
        "target",
        &["icmpv6.nd.ns.target_address", "icmpv6.nd.na.target_address"],
    ),
    ("smac", &["arp.src.hw_mac", "eth.src"]),
    ("dmac", &["eth.dst"]),
];

/// The placeholders that a message's fields fill.
const MESSAGE_FIELDS: &[(&str, &[&str])] = &[
    ("method", &["http.request.method"]),
    ("uri", &["http.request.uri"]),
    ("error", &["engineio.error.code"]),
    ("reason", &["engineio.error.message"]),
    (
        "code",
        &["http.response.code", "websocket.payload.close.status_code"],
    ),
    ("phrase", &["http.response.phrase"]),
    ("opcode", &["websocket.opcode"]),
];

/// The packets of Engine.IO that a message carries, or else what it is in one line.
fn packets_of(message: &MessageView) -> String {
    let dissection = &message.dissection;
    let one = message.packets().unwrap_or(&message.info);
    let one = match dissection.field("engineio.type") {
        // how WebSocket has packed it is none of its business
        Some(_) => one
            .rsplit_once(" (inflated from ")
            .map_or(one, |(packet, _)| packet),
        None => one,
    };
    engineio::named_packets(dissection).unwrap_or_else(|| one.to_owned())
}

/// Whether the step is about bytes that a capture did not see: only these have no frame.
fn is_gap(step: &Step) -> bool {
    step.grain != Grain::Layer && step.frame.is_none()
}

/// The node that owns the address, or else the address itself.
fn name_of(walk: &Walk, address: &str) -> String {
    let ip: Option<IpAddr> = address.parse().ok();
    let nodes = walk.outcome().map_or(&[][..], |outcome| &outcome.nodes);
    let owner = nodes.iter().find(|node| {
        ip.is_some_and(|ip| node.addrs.contains(&ip))
            || node.macs.iter().any(|mac| mac_text(*mac) == address)
    });
    owner.map_or_else(|| address.to_owned(), |node| spoken(&node.name))
}

/// A node as it stands in a sentence.
pub(super) fn node_name(walk: &Walk, node: NodeId) -> String {
    let nodes = walk.outcome().map_or(&[][..], |outcome| &outcome.nodes);
    nodes
        .get(node.index())
        .map_or_else(|| "-".to_owned(), |node| spoken(&node.name))
}

/// A node's name as it stands in a sentence: "the server", "host a", but "alice".
fn spoken(name: &str) -> String {
    const ROLES: &[&str] = &[
        "client", "server", "switch", "router", "proxy", "balancer", "attacker",
    ];
    match name {
        _ if ROLES.contains(&name) => format!("the {name}"),
        // a letter alone would be read as a word
        _ if name.len() == 1 => format!("host {name}"),
        _ => name.to_owned(),
    }
}

/// At most `max` characters, with an ellipsis where some were cut.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
