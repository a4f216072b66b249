//! Why a step happens: chooses the topic for a step and fills in what the step knows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::misconceptions::{Misconception, misconception};
use super::topics::{Topic, topic};
use crate::base::NodeId;
use crate::proto::stream::Dir;
use crate::proto::tree::{Dissection, Value};
use crate::scenario::Note;
use crate::stack::record::{Record, TimerAction, Unit, What};
use crate::walk::Walk;
use crate::walk::step::{Grain, MessageId, StepId};
use crate::walk::view::{FrameView, MessageView, Numbers};

/// Why a step happens, at three depths. Texts may hold what came over the wire: not yet made safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The topic's name.
    pub topic: &'static str,
    /// One or two sentences that stand alone.
    pub short: String,
    /// More, for a student of the subject.
    pub full: String,
    /// What the specification asks for, in its terms.
    pub rfc: String,
    /// The paragraph: the record's own where the truth is known, else the topic's.
    pub cite: String,
    /// What the step changed at the ends: `server LISTEN > SYN-RECEIVED`; empty if nothing.
    pub changed: String,
    /// The common mistake that this step meets.
    pub misconception: Option<&'static Misconception>,
}

/// Why the step `at` happens.
pub fn explain(walk: &Walk, at: StepId) -> Why {
    let subject = Subject::of(walk, at);
    let topic = topic(subject.topic).unwrap_or_else(|| topic("frame").expect("it is in the table"));
    let why = fill(topic, &subject, walk.changes(at));
    match walk.note(at) {
        Some(note) => noted(why, note),
        None => why,
    }
}

/// The scenario's own words come first; what is true of every such step follows.
fn noted(mut why: Why, note: &Note) -> Why {
    why.full = format!("{} {}", why.short, why.full);
    why.short = note.text.clone();
    if let Some(engineer) = &note.engineer {
        why.rfc = format!("{engineer} {}", why.rfc);
    }
    if let Some(cite) = &note.cite {
        why.cite = cite.clone();
    }
    let idea = note.idea.and_then(|idea| misconception(idea.word()));
    why.misconception = idea.or(why.misconception);
    why
}

/// What a step is about: the topic, and what its text may name.
struct Subject {
    topic: &'static str,
    cite: Option<&'static str>,
    values: BTreeMap<&'static str, String>,
}

fn fill(topic: &'static Topic, subject: &Subject, changed: String) -> Why {
    let text = |template: &str| sentence(substitute(template, &subject.values));
    let cite = match subject.cite {
        Some(cite) if !cite.is_empty() => cite,
        _ => topic.cite,
    };
    Why {
        topic: topic.id,
        short: text(topic.short),
        full: text(topic.full),
        rfc: text(topic.rfc),
        cite: cite.to_owned(),
        changed,
        misconception: topic.misconception.and_then(misconception),
    }
}

/// Puts the values in the place of `{name}`; a value that is not known becomes `-`.
fn substitute(template: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|close| open + close) else {
            break;
        };
        text.push_str(&rest[..open]);
        text.push_str(
            values
                .get(&rest[open + 1..close])
                .map_or("-", String::as_str),
        );
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    text
}

impl Subject {
    fn of(walk: &Walk, at: StepId) -> Self {
        let mut subject = Self {
            topic: "end",
            cite: None,
            values: BTreeMap::new(),
        };
        let Some(step) = walk.step(at) else {
            return subject;
        };
        subject.set("info", &step.title);
        if let Some(frame) = step.frame.and_then(|id| walk.frame(id)) {
            subject.know_frame(walk, &frame);
            subject.topic = frame_topic(walk, at, &frame, step.message);
        }
        if let Some(message) = step.message.and_then(|id| walk.message(id)) {
            subject.know_message(&message);
        }
        if walk.outcome().is_some() && walk.next(at, Grain::Layer).is_none() {
            subject.topic = "end";
            return subject;
        }
        match step.record.and_then(|id| walk.record(id)) {
            // A frame that is sent is explained by what it carries, unless the step is about its bits.
            Some(record) if !matches!(record.what, What::FrameSent(_)) || step.layer == 1 => {
                subject.know_record(walk, record);
            }
            Some(_) => {}
            // In a capture only what was not seen has no frame.
            None if step.frame.is_none() && step.grain == Grain::Frame => subject.topic = "gap",
            None => {}
        }
        subject
    }

    fn set(&mut self, name: &'static str, value: impl ToString) {
        debug_assert!(
            super::topics::PLACEHOLDERS.contains(&name),
            "{name} is not a placeholder"
        );
        self.values.insert(name, value.to_string());
    }

    fn know_frame(&mut self, walk: &Walk, frame: &FrameView) {
        for (name, ids) in FIELDS {
            if let Some(field) = ids.iter().find_map(|id| frame.dissection.field(id)) {
                self.set(name, &field.text);
            }
        }
        for (end, address, mac) in [("from", "src", "smac"), ("to", "dst", "dmac")] {
            let known = self.values.get(address).or(self.values.get(mac)).cloned();
            if let Some(known) = known {
                self.set(end, name_of(walk, &known));
            }
        }
    }

    fn know_message(&mut self, message: &MessageView) {
        let dissection = &message.dissection;
        for (name, ids) in MESSAGE_FIELDS {
            if let Some(field) = ids.iter().find_map(|id| dissection.field(id)) {
                self.set(name, &field.text);
            }
        }
        self.set("info", &message.info);
        let masked = dissection
            .field("websocket.masking_key")
            .map(|field| field.text.clone());
        self.set(
            "masking",
            masked.map_or("not masked".to_owned(), |key| format!("masked with {key}")),
        );
        let text = dissection
            .field("websocket.payload.text")
            .map(|field| field.text.clone());
        self.set(
            "text",
            text.map_or(message.info.clone(), |text| {
                format!("\"{}\"", cut(&text, 40))
            }),
        );
    }

    fn know_record(&mut self, walk: &Walk, record: &Record) {
        self.cite = Some(record.cite);
        if let Some(node) = record.node {
            self.set("node", node_name(walk, node));
        }
        let topic = match &record.what {
            What::AppCall(text) => self.what("app-call", text),
            What::AppEvent(text) => self.what("app-event", text),
            What::Down(unit) => self.unit(unit, record.layer, &DOWN),
            What::Up(unit) => self.unit(unit, record.layer, &UP),
            What::ConnOpened { local, remote, .. } => {
                self.what("conn-opened", format!("{local} with {remote}"))
            }
            What::TcpState { from, to } => {
                self.what("state", format!("{} > {}", from.name(), to.name()))
            }
            What::TcpVars(_) => "state",
            What::Listening(address) => self.what("listening", address),
            What::Timer { name, action } => {
                self.set("timer", name);
                match action {
                    TimerAction::Started(until) => {
                        let wait = until.since(record.time).as_secs_f64();
                        self.what("timer", format!("started, {wait:.3} s"))
                    }
                    TimerAction::Stopped => self.what("timer", "stopped"),
                    TimerAction::Expired => "timer-expired",
                }
            }
            What::ArpLearned { ip, mac } => {
                self.what("arp-learned", format!("{ip} is at {}", mac_text(*mac)))
            }
            What::ArpQueued { ip } => self.what("arp-queued", ip),
            What::Discarded(text) => self.what("discarded", text),
            What::Decided(text) => self.what("decided", text),
            What::FrameSent(_) => "wire-sent",
            What::FrameArrived(_) => "wire-arrived",
            What::FrameDropped { why, .. } => self.what("lost", why),
            What::FrameFaulted { what, .. } => self.what("faulted", what),
            What::SwitchLearned { mac, link } => self.what(
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
                self.what("switch-forwarded", format!("{how} {}", ports.join(", ")))
            }
        };
        self.topic = topic;
    }

    fn what(&mut self, topic: &'static str, what: impl ToString) -> &'static str {
        self.set("what", what);
        topic
    }

    fn unit(&mut self, unit: &Unit, layer: u8, topics: &[&'static str; 5]) -> &'static str {
        self.set("info", &unit.info);
        self.set("len", unit.len);
        match usize::from(layer)
            .checked_sub(2)
            .and_then(|i| topics.get(i))
        {
            Some(topic) => topic,
            None => self.what("decided", &unit.info),
        }
    }
}

/// The topics of a unit that goes down or up, for the layers 2 to 6.
const DOWN: [&str; 5] = ["down-2", "down-3", "down-4", "down-5", "down-6"];
const UP: [&str; 5] = ["up-2", "up-3", "up-4", "up-5", "up-6"];

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
    ("smac", &["arp.src.hw_mac", "eth.src"]),
    ("dmac", &["eth.dst"]),
];

/// The placeholders that a message's fields fill.
const MESSAGE_FIELDS: &[(&str, &[&str])] = &[
    ("method", &["http.request.method"]),
    ("uri", &["http.request.uri"]),
    (
        "code",
        &["http.response.code", "websocket.payload.close.status_code"],
    ),
    ("phrase", &["http.response.phrase"]),
    ("opcode", &["websocket.opcode"]),
];

/// The topic of a frame that is sent.
fn frame_topic(
    walk: &Walk,
    at: StepId,
    frame: &FrameView,
    message: Option<MessageId>,
) -> &'static str {
    let dissection = &frame.dissection;
    if is_retransmission(dissection) {
        return "retransmission";
    }
    let carried = message
        .or(frame.messages.first().copied())
        .and_then(|id| walk.message(id));
    if let Some(message) = carried {
        return message_topic(walk, &message);
    }
    match dissection
        .layers
        .iter()
        .rev()
        .find_map(|layer| match layer.protocol.id {
            "arp" => Some(arp_topic(dissection)),
            "icmp" => Some(icmp_topic(dissection)),
            "icmpv6" => Some(icmpv6_topic(dissection)),
            "tcp" => Some(tcp_topic(walk, at, dissection)),
            "udp" => Some("udp"),
            _ => None,
        }) {
        Some(topic) => topic,
        None if uint(dissection, "ip.frag_offset").is_some_and(|offset| offset > 0)
            || flag(dissection, "ip.flags.mf")
            || dissection.field("ipv6.fraghdr.ident").is_some() =>
        {
            "ip-fragment"
        }
        None => "frame",
    }
}

fn message_topic(walk: &Walk, message: &MessageView) -> &'static str {
    let dissection = &message.dissection;
    if let Some(opcode) = uint(dissection, "websocket.opcode") {
        return match opcode {
            0 => "ws-continuation",
            1 if is_push(walk, message) => "ws-push",
            1 => "ws-text",
            2 => "ws-binary",
            8 => "ws-close",
            9 => "ws-ping",
            10 => "ws-pong",
            _ => "frame",
        };
    }
    match uint(dissection, "http.response.code") {
        Some(101) => "http-switching",
        Some(426) => "http-426",
        Some(_) => "http-response",
        None if dissection.field("http.upgrade").is_some() => "http-upgrade",
        None if dissection.field("http.request.method").is_some() => "http-request",
        None => "data",
    }
}

/// Whether a text of the server follows nothing that the client sent since the server spoke last.
fn is_push(walk: &Walk, message: &MessageView) -> bool {
    if message.dir != Dir::ToClient {
        return false;
    }
    let before = (0..message.id.0)
        .rev()
        .filter_map(|id| walk.message(MessageId(id)));
    before
        .take(8)
        .find(|other| other.flow == message.flow)
        .is_some_and(|last| last.dir == Dir::ToClient)
}

fn is_retransmission(dissection: &Dissection) -> bool {
    [
        "tcp.analysis.retransmission",
        "tcp.analysis.fast_retransmission",
    ]
    .iter()
    .any(|id| dissection.field(id).is_some())
}

fn tcp_topic(walk: &Walk, at: StepId, dissection: &Dissection) -> &'static str {
    let (syn, ack) = (
        flag(dissection, "tcp.flags.syn"),
        flag(dissection, "tcp.flags.ack"),
    );
    if flag(dissection, "tcp.flags.reset") {
        // A refusal answers a SYN: it acknowledges just that and has no number of its own.
        let refusal = ack && uint(dissection, "tcp.seq_raw") == Some(0);
        return if refusal { "refused" } else { "rst" };
    }
    match (syn, ack) {
        (true, true) => return "syn-ack",
        (true, false) => return "syn",
        _ => {}
    }
    if flag(dissection, "tcp.flags.fin") {
        return "fin";
    }
    if uint(dissection, "tcp.len").is_some_and(|len| len > 0) {
        return "data";
    }
    if dissection.field("tcp.analysis.duplicate_ack").is_some() {
        return "duplicate-ack";
    }
    if uint(dissection, "tcp.window_size_value") == Some(0) {
        return "zero-window";
    }
    if opens_connection(walk, at) {
        "handshake-ack"
    } else {
        "ack"
    }
}

/// Whether the step's sender reached ESTABLISHED by it.
fn opens_connection(walk: &Walk, at: StepId) -> bool {
    walk.ends(at, Numbers::Relative).is_some_and(|ends| {
        let state = ends
            .rows
            .iter()
            .find(|row| row.name.eq_ignore_ascii_case("state"));
        state.is_some_and(|row| {
            (0..2).any(|end| row.changed[end] && row.values[end].contains("ESTABLISHED"))
        })
    })
}

fn arp_topic(dissection: &Dissection) -> &'static str {
    if uint(dissection, "arp.opcode") == Some(2) {
        "arp-reply"
    } else {
        "arp-request"
    }
}

fn icmp_topic(dissection: &Dissection) -> &'static str {
    match uint(dissection, "icmp.type") {
        Some(8) => "icmp-echo-request",
        Some(0) => "icmp-echo-reply",
        Some(3) => "icmp-unreachable",
        Some(11) => "icmp-time-exceeded",
        _ => "icmp",
    }
}

fn icmpv6_topic(dissection: &Dissection) -> &'static str {
    match uint(dissection, "icmpv6.type") {
        Some(128) => "icmp-echo-request",
        Some(129) => "icmp-echo-reply",
        Some(1) => "icmp-unreachable",
        Some(3) => "icmp-time-exceeded",
        Some(135) => "icmpv6-neighbor-solicitation",
        Some(136) => "icmpv6-neighbor-advertisement",
        _ => "icmp",
    }
}

fn uint(dissection: &Dissection, id: &str) -> Option<u64> {
    match dissection.field(id)?.value {
        Value::Uint(number) => Some(number),
        _ => None,
    }
}

fn flag(dissection: &Dissection, id: &str) -> bool {
    matches!(
        dissection.field(id).map(|field| &field.value),
        Some(Value::Bool(true))
    )
}

/// The node that owns the address, or else the address itself.
fn name_of(walk: &Walk, address: &str) -> String {
    let ip: Option<IpAddr> = address.parse().ok();
    let nodes = walk.outcome().map_or(&[][..], |outcome| &outcome.nodes);
    let owner = nodes.iter().find(|node| {
        ip.is_some_and(|ip| node.addrs.contains(&ip))
            || node.mac.is_some_and(|mac| mac_text(mac) == address)
    });
    owner.map_or_else(|| address.to_owned(), |node| spoken(&node.name))
}

fn node_name(walk: &Walk, node: NodeId) -> String {
    let nodes = walk.outcome().map_or(&[][..], |outcome| &outcome.nodes);
    nodes
        .get(node.index())
        .map_or_else(|| "-".to_owned(), |node| spoken(&node.name))
}

/// A node's name as it stands in a sentence: "the server", but "alice".
fn spoken(name: &str) -> String {
    const ROLES: &[&str] = &["client", "server", "switch", "router", "proxy", "attacker"];
    if ROLES.contains(&name) {
        format!("the {name}")
    } else {
        name.to_owned()
    }
}

/// The article that a text begins with gets its capital letter; a name or an address is left as it is.
fn sentence(text: String) -> String {
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => text,
    }
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// At most `max` characters, with an ellipsis where some were cut.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::{PLACEHOLDERS, TOPICS};
    use super::*;

    #[test]
    fn every_text_names_only_what_is_known() {
        for topic in TOPICS {
            for text in [topic.short, topic.full, topic.rfc] {
                for part in text.split('{').skip(1) {
                    let name = part.split('}').next().unwrap();
                    assert!(PLACEHOLDERS.contains(&name), "{}: {{{name}}}", topic.id);
                }
            }
            if let Some(id) = topic.misconception {
                assert!(misconception(id).is_some(), "{}: {id}", topic.id);
            }
        }
    }

    #[test]
    fn every_topic_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = TOPICS.iter().map(|topic| topic.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn values_take_the_place_of_their_names() {
        let values = BTreeMap::from([("from", "client".to_owned()), ("ack", "1".to_owned())]);
        let check = |template, expected: &str| assert_eq!(substitute(template, &values), expected);
        check("{from} says ack={ack}", "client says ack=1");
        check("to {to}.", "to -.");
        check("an open { stays", "an open { stays");
    }
}
