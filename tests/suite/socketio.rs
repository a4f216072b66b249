//! Packets of Engine.IO and Socket.IO beside the parsers of npm, and a conversation of npm's server and client.

use std::io::Write;
use std::process::{Command, Stdio};

use layerwalk::capture;
use layerwalk::proto::engineio::{self, emit_payload, parse_payload};
use layerwalk::proto::socketio::{Packet, PacketType, placeholder};
use layerwalk::proto::stream::Dir;
use layerwalk::proto::tree::Field;
use layerwalk::scenario;
use layerwalk::walk::Walk;
use layerwalk::walk::step::MessageId;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::live::net::{Capturing, Namespace};
use crate::tool;

/// Where npm put the packages.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/node_modules");

/// What npm's parsers answer to these requests.
fn ask(requests: &[Value]) -> Vec<Value> {
    let mut node = Command::new("node")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/peers/parsers.js"
        ))
        .env("NODE_PATH", PEERS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node is installed");
    let lines: String = requests.iter().map(|line| format!("{line}\n")).collect();
    let mut input = node.stdin.take().expect("it is piped");
    // it answers after it has read all
    input.write_all(lines.as_bytes()).expect("node reads");
    drop(input);
    let said = tool::text(&node.wait_with_output().expect("node ends"));
    let answers: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers.len(), requests.len());
    answers
}

/// The same random values each time.
fn draw<T: std::fmt::Debug>(count: usize, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let mut one = || strategy.new_tree(&mut runner).expect("a value").current();
    (0..count).map(|_| one()).collect()
}

#[test]
#[ignore = "needs node and npm's parsers"]
fn packets_are_read_as_npm_reads_them() {
    const DATA: &[&str] = &[
        "",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "[\"a\"]",
        "[\"a\",1,{\"b\":[true]}]",
        "[1]",
        "[null]",
        "[\"connect\"]",
        "[\"disconnecting\"]",
        "[\"a\"",
        "[\"a\",]",
        "{\"sid\":\"x\"}",
        "7",
        "[\"\\u0063onnect\"]",
        "[\"ä-,/\"]",
        "[\"a\"]x",
        "[[\"a\"]]",
        "-",
        "true",
        "[-1,2]",
        "[\"a\",{\"_placeholder\":true,\"num\":0}]",
    ];
    let random = (
        "[0-7x]?",
        "([0-9]{1,2}-)?",
        "(/[a-z-]{0,3},?)?",
        "[0-9]{0,3}",
        0..DATA.len(),
    );
    let mut texts: Vec<String> = draw(4000, random)
        .into_iter()
        .map(|(kind, count, nsp, id, data)| format!("{kind}{count}{nsp}{id}{}", DATA[data]))
        // no text is the type 0 to npm's parser, but no Engine.IO message of a client is empty
        .filter(|text| !text.is_empty())
        .collect();
    texts.extend(
        [
            "0/admin,{\"token\":\"1\"}",
            "1/admin,",
            "51-[\"a\"]",
            "4\"no\"",
        ]
        .map(String::from),
    );
    let requests: Vec<Value> = texts.iter().map(|text| json!({"decode": text})).collect();
    let mut good = 0;
    for (text, theirs) in texts.iter().zip(ask(&requests)) {
        let ours = Packet::parse(text).map_or(Value::Null, |packet| {
            good += 1;
            let mut told = json!({"type": packet.kind.digit() - b'0', "nsp": packet.nsp});
            if packet.kind.is_binary() {
                told["attachments"] = packet.attachments.into();
            }
            if let Some(id) = packet.id {
                told["id"] = id.into();
            }
            if let Some(data) = packet.data {
                told["data"] = serde_json::from_str(&data).expect("it is JSON");
            }
            told
        });
        assert_eq!(ours, theirs, "{text}");
    }
    assert!(good > 200, "{good} packets");
}

#[test]
#[ignore = "needs node and npm's parsers"]
fn packets_are_written_as_npm_writes_them() {
    let argument = prop_oneof![
        "[a-z\"\\\\ä\n]{0,6}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from)
    ];
    let random = (
        prop::sample::select(vec![PacketType::Event, PacketType::Ack]),
        prop::sample::select(vec!["/", "/chat", "/a/b"]),
        prop::option::of(0u64..1000),
        prop::collection::vec(argument, 0..4),
        0u64..4,
    );
    let (mut requests, mut ours) = (Vec::new(), Vec::new());
    for (kind, nsp, id, arguments, attachments) in draw(1000, random) {
        let mut data = vec![json!("event")];
        data.extend(arguments);
        let mut theirs = data.clone();
        for number in 0..attachments {
            let place: Value = serde_json::from_str(&placeholder(number)).expect("JSON");
            data.push(json!({"a": place}));
            theirs.push(json!({"a": {"hex": "0102"}}));
        }
        let number = kind.digit() - b'0';
        let kind = match kind {
            PacketType::Event if attachments > 0 => PacketType::BinaryEvent,
            PacketType::Ack if attachments > 0 => PacketType::BinaryAck,
            kind => kind,
        };
        // this writes the members of a placeholder in the order of their names, which is the parser's own
        let data = Some(Value::from(data).to_string());
        ours.push(
            Packet {
                attachments,
                id,
                data,
                ..Packet::new(kind, nsp)
            }
            .emit(),
        );
        let mut request = json!({"type": number, "nsp": nsp, "data": theirs});
        if let Some(id) = id {
            request["id"] = id.into();
        }
        requests.push(json!({"encode": request}));
    }
    for (ours, theirs) in ours.iter().zip(ask(&requests)) {
        assert_eq!(ours, &theirs);
    }
}

#[test]
#[ignore = "needs node and npm's parsers"]
fn polls_are_read_and_written_as_npm_does() {
    let part = prop_oneof!["[0-7]?[a-z{}\"ä]{0,5}", "b[A-Za-z0-9+/_ -]{0,9}={0,2}"];
    let bodies = draw(2000, prop::collection::vec(part, 0..5));
    let bodies: Vec<String> = bodies.into_iter().map(|parts| parts.join("\x1e")).collect();
    let requests: Vec<Value> = bodies
        .iter()
        .map(|body| json!({"decodePayload": body}))
        .collect();
    let (mut again, mut written) = (Vec::new(), Vec::new());
    for (body, theirs) in bodies.iter().zip(ask(&requests)) {
        let packets = parse_payload(body);
        let ours: Vec<Value> = packets
            .iter()
            .map(|packet| {
                packet
                    .as_ref()
                    .map_or(json!({"type": "error", "data": "parser error"}), told)
            })
            .collect();
        assert_eq!(Value::from(ours.clone()), theirs, "{body:?}");
        if let Ok(packets) = packets.into_iter().collect::<Result<Vec<_>, _>>() {
            again.push(json!({"encodePayload": ours}));
            written.push(emit_payload(&packets));
        }
    }
    assert!(written.len() > 200, "{}", written.len());
    for (ours, theirs) in written.iter().zip(ask(&again)) {
        assert_eq!(ours, &theirs);
    }
}

/// A packet as the script writes it.
fn told(packet: &engineio::Packet) -> Value {
    match packet {
        engineio::Packet::Text(kind, text) if text.is_empty() => json!({"type": kind.name()}),
        engineio::Packet::Text(kind, text) => json!({"type": kind.name(), "data": text}),
        engineio::Packet::Binary(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"type": "message", "bytes": hex})
        }
    }
}

/// One packet of each kind that passes, as the line of a message names it, in the order of the conversation.
const PASSED: &[&str] = &[
    ": open, sid ",
    ": CONNECT to /",
    "ping probe",
    "pong probe",
    "upgrade",
    "CONNECT to /chat",
    "EVENT \"chat message\" to /chat, ack 0",
    "ACK 0 to /chat",
    "BINARY_EVENT \"picture\" to /chat, ack 1, 1 attachment",
    "attachment, 3 bytes",
    "BINARY_ACK 1 to /chat, 1 attachment",
    "attachment, 3 bytes",
    "CONNECT to /closed",
    "CONNECT_ERROR to /closed",
    "DISCONNECT to /chat",
    "EVENT \"bye\"",
    "DISCONNECT",
];

/// The conversation between npm's server and npm's client, captured.
fn of_npm() -> Walk {
    let host = Namespace::new();
    let capturing = Capturing::start(&host, "lo", &[]);
    let path = format!("NODE_PATH={PEERS}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/conversation.js");
    host.spawn("env", &[&path, "node", script])
        .wait_for_line("done");
    let (file, _) = capturing.interrupt();
    Walk::from_capture("npm", capture::file::read(file.path()).expect("a capture"))
}

#[test]
#[ignore = "needs root and npm's socket.io"]
fn a_conversation_of_npm_is_named_packet_by_packet() {
    let walk = of_npm();
    let messages: Vec<_> = (0..).map_while(|id| walk.message(MessageId(id))).collect();
    let lines: Vec<&str> = messages.iter().map(|one| &one.info[..]).collect();
    let mut rest = lines.iter();
    for passed in PASSED {
        let found = rest.any(|line| line.contains(passed));
        assert!(found, "{passed} is not there, or too early: {lines:#?}");
    }
    assert!(
        lines.contains(&"ping") && lines.contains(&"pong"),
        "{lines:#?}"
    );
    for message in messages {
        let of = &message.dissection;
        assert_eq!(of.experts, [], "{}", message.info);
        let is_data = of.field("websocket.opcode").is_some_and(|field| {
            let text = field.tshark_value();
            text == "1" || text == "2"
        });
        assert!(
            !is_data || of.layer("engineio").is_some(),
            "{}",
            message.info
        );
    }
}

/// The same conversation, simulated.
fn simulated() -> Walk {
    let text = include_str!("socketio/conversation.toml");
    let scenario = scenario::read("conversation", text).unwrap_or_else(|error| panic!("{error}"));
    let spec = scenario.spec(None);
    Walk::from_outcome(&scenario.title, spec.seed, layerwalk::sim::run(&spec))
}

/// What a conversation sends, each packet as it is written: of the client and of the server, the packets by which
/// Engine.IO cares for its transport, and the messages.
///
/// What is allowed to differ between two runs is left out:
///
/// - The ids of sessions and sockets are drawn by chance: `*` stands for them.
/// - How many heartbeats there are depends on how long the programs take: pings and pongs without `probe` are not told.
/// - A noop is there only if a poll is open just when the client changes over. npm's server looks every 100 ms, ours at
///   once.
/// - Until the change is done two transports run side by side, so whether a message or a probe is sent first depends on
///   which connection is faster: each of the two kinds has its own order. So has a poll: one or several packets share it.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    transport: [Vec<String>; 2],
    messages: [Vec<String>; 2],
}

impl Sent {
    fn of(walk: &Walk) -> Self {
        let mut sent = Self {
            transport: Default::default(),
            messages: Default::default(),
        };
        for message in (0..).map_while(|id| walk.message(MessageId(id))) {
            let from = usize::from(message.dir == Dir::ToClient);
            let layers = message.dissection.layers.iter();
            for layer in layers.filter(|layer| layer.protocol.id == "engineio") {
                let value = |id| layer.field(id).map(Field::tshark_value).unwrap_or_default();
                let text = value("engineio.type") + &value("engineio.payload");
                match &text[..] {
                    "2" | "3" | "6" => {}
                    "4" => sent.messages[from].push(format!("<{}>", value("engineio.binary"))),
                    text if text.starts_with('4') => sent.messages[from].push(without_sid(text)),
                    text => sent.transport[from].push(without_sid(text)),
                }
            }
        }
        sent
    }

    /// Each of the four lists, and what it is.
    fn lists(&self) -> [(&str, &[String]); 4] {
        [
            ("the client's transport", &self.transport[0]),
            ("the server's transport", &self.transport[1]),
            ("the client's messages", &self.messages[0]),
            ("the server's messages", &self.messages[1]),
        ]
    }
}

/// The packet with a star in place of an id.
fn without_sid(packet: &str) -> String {
    const NAME: &str = "\"sid\":\"";
    let Some((before, rest)) = packet.split_once(NAME) else {
        return packet.to_owned();
    };
    let (_, after) = rest.split_once('"').expect("a string ends");
    format!("{before}{NAME}*\"{after}")
}

#[test]
fn the_conversation_simulated_has_these_packets() {
    let sent = Sent::of(&simulated());
    let lists = sent.lists().map(|(_, list)| list.join(" "));
    assert_eq!(
        lists,
        [
            "2probe 5",
            "0{\"sid\":\"*\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,\"pingTimeout\":20000,\
             \"maxPayload\":1000000} 3probe",
            "40 40/chat, 42/chat,0[\"chat message\",\"hi\"] \
             451-/chat,1[\"picture\",{\"_placeholder\":true,\"num\":0}] <010203> \
             40/closed, 41/chat, 42[\"bye\"] 41",
            "40{\"sid\":\"*\"} 42[\"welcome\",\"hello\"] 40/chat,{\"sid\":\"*\"} 43/chat,0[\"heard\",\"hi\"] \
             461-/chat,1[{\"_placeholder\":true,\"num\":0}] <030201> 44/closed,{\"message\":\"not you\"}",
        ]
    );
}

#[test]
#[ignore = "needs root and npm's socket.io"]
fn the_conversation_simulated_is_that_of_npm() {
    let (npm, simulated) = (Sent::of(&of_npm()), Sent::of(&simulated()));
    for ((what, npm), (_, simulated)) in npm.lists().into_iter().zip(simulated.lists()) {
        println!("{what}: npm's, simulated");
        for at in 0..npm.len().max(simulated.len()) {
            let of = |side: &[String]| side.get(at).map_or("-".to_owned(), String::clone);
            println!("  {:60} {}", of(npm), of(simulated));
        }
    }
    assert_eq!(npm, simulated);
}
