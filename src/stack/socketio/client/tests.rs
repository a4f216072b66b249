//! A client beside a peer that says what the test tells it, over WebSocket alone.

use std::time::Duration;

use super::*;
use crate::base::NodeId;
use crate::proto::socketio::placeholder;
use crate::stack::engineio::Transports;
use crate::stack::record::Log;
use crate::stack::websocket::{Event, Message, ServerOptions, WebSocket};

const OPEN: &str = r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;

/// A client and the other end of its last carrier.
struct Rig {
    client: Client,
    now: Time,
    slot: Option<Slot>,
    peer: Option<WebSocket>,
    /// What came, as packets of Engine.IO; a Close frame as `close`.
    heard: Vec<String>,
    events: Vec<ClientEvent>,
    /// How many carriers were asked for.
    asked: usize,
    refuses: bool,
}

impl Rig {
    fn new(change: impl FnOnce(&mut ClientOptions)) -> Self {
        let mut options = ClientOptions::new("server", "/socket.io/");
        options.engine.transports = Transports::WebSocket;
        options.randomization_factor = 0.0;
        change(&mut options);
        Self {
            client: Client::new(options, Rng::new(1, "socketio")),
            now: Time::ZERO,
            slot: None,
            peer: None,
            heard: Vec::new(),
            events: Vec::new(),
            asked: 0,
            refuses: false,
        }
    }

    /// Connected to `/` as `s`.
    fn connected() -> Self {
        let mut rig = Self::new(|_| ());
        rig.call(|client, cx| client.connect(cx, "/", None));
        rig.say(OPEN);
        rig.say(r#"40{"sid":"s"}"#);
        assert_eq!(rig.told(), ["open", "/ connect s"]);
        assert_eq!(rig.took(), ["40"]);
        rig
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut Client, &mut Cx<'_>) -> T) -> T {
        let mut log = Log::off();
        let mut cx = Cx {
            now: self.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let result = call(&mut self.client, &mut cx);
        loop {
            while let Some(event) = self.client.poll_event(&mut cx) {
                self.events.push(event);
            }
            match self.client.poll_order(&mut cx) {
                None => return result,
                Some(ClientOrder::Close(_)) => {}
                Some(ClientOrder::Open(slot)) => {
                    self.asked += 1;
                    self.slot = Some(slot);
                    self.peer = Some(WebSocket::server(ServerOptions::default(), None));
                    match self.refuses {
                        true => self.client.handle_gone(&mut cx, slot),
                        false => self.client.handle_open(&mut cx, slot, None),
                    }
                }
                Some(ClientOrder::Send(slot, bytes)) => self.receive(&mut cx, slot, &bytes),
            }
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, slot: Slot, bytes: &[u8]) {
        let Some(peer) = self.peer.as_mut().filter(|_| self.slot == Some(slot)) else {
            return;
        };
        peer.handle_input(cx, bytes);
        while let Some(event) = peer.poll_event(cx) {
            match event {
                Event::Message(Message::Text(text)) => self.heard.push(text),
                Event::Message(Message::Binary(bytes)) => self.heard.push(format!("{bytes:?}")),
                Event::Closed { .. } => self.heard.push("close".to_owned()),
                _ => {}
            }
        }
        let mut ends = false;
        while let Some(bytes) = peer.poll_transmit(cx) {
            ends |= bytes.first() == Some(&0x88);
            self.client.handle_input(cx, slot, &bytes);
        }
        if ends {
            self.client.handle_end(cx, slot);
        }
    }

    fn say(&mut self, packet: &str) {
        self.say_message(Message::Text(packet.to_owned()));
    }

    fn say_message(&mut self, message: Message) {
        let mut log = Log::off();
        let mut cx = Cx {
            now: self.now,
            node: NodeId(0),
            cause: None,
            log: &mut log,
        };
        let (slot, peer) = (self.slot.unwrap(), self.peer.as_mut().unwrap());
        peer.send(&mut cx, message).unwrap();
        let bytes = peer.poll_transmit(&mut cx).unwrap();
        self.call(|client, cx| client.handle_input(cx, slot, &bytes));
    }

    /// The carrier is reset.
    fn cut(&mut self) {
        let slot = self.slot.unwrap();
        self.call(|client, cx| client.handle_gone(cx, slot));
    }

    /// Waits until the next time-out, at most so long; how long that was.
    fn wait(&mut self, most: Duration) -> u64 {
        let due = self.client.poll_timeout().unwrap_or(Time::MAX);
        let began = self.now;
        self.now = due.min(self.now + most);
        if due <= self.now {
            self.call(|client, cx| client.handle_timeout(cx));
        }
        self.now.since(began).as_millis() as u64
    }

    fn wait_next(&mut self) -> u64 {
        self.wait(Duration::from_secs(1000))
    }

    fn emit(&mut self, name: &str, how: Emit) -> Option<u64> {
        let args = Args::json(["1"]);
        self.call(|client, cx| client.emit(cx, "/", name, args, how))
            .unwrap()
    }

    fn took(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.events).iter().map(brief).collect()
    }
}

/// An event in a few words.
fn brief(event: &ClientEvent) -> String {
    use ClientEvent as E;
    match event {
        E::Open(_) => "open".to_owned(),
        E::Connect {
            nsp,
            sid,
            recovered,
        } => {
            let how = if *recovered { " recovered" } else { "" };
            format!("{nsp} connect {sid}{how}")
        }
        E::ConnectError { nsp, error } => format!("{nsp} connect_error: {error}"),
        E::Disconnect { nsp, reason, .. } => format!("{nsp} disconnect: {reason}"),
        E::Event {
            nsp,
            name,
            args,
            ack,
        } => {
            let ack = ack.map(|id| format!(" ack {id}")).unwrap_or_default();
            format!("{nsp} {name}({}){ack}", args.values.join(","))
        }
        E::Ack { nsp, id, args } => format!("{nsp} ack {id}: {}", args.values.join(",")),
        E::AckFailed { nsp, id, why } => format!("{nsp} ack {id}: {why}"),
        E::ReconnectAttempt(attempt) => format!("attempt {attempt}"),
        E::Reconnect(attempt) => format!("reconnect {attempt}"),
        E::ReconnectFailed => "reconnect failed".to_owned(),
        other => format!("{other:?}"),
    }
}

const ACK: Emit = Emit {
    ack: true,
    timeout: None,
    volatile: false,
};

#[test]
fn a_socket_connects_with_its_auth_and_namespaces_share_a_session() {
    let mut rig = Rig::new(|_| ());
    let auth = Some(r#"{"token":"x"}"#.to_owned());
    rig.call(|client, cx| client.connect(cx, "/", auth));
    assert_eq!((rig.asked, rig.client.transport()), (1, None));
    rig.say(OPEN);
    rig.say(r#"40{"sid":"s"}"#);
    assert_eq!(rig.client.sid("/"), Some("s"));
    rig.call(|client, cx| client.connect(cx, "/admin", None));
    rig.say(r#"44/admin,{"message":"not you","data":{"code":1}}"#);
    assert_eq!(rig.took(), [r#"40{"token":"x"}"#, "40/admin,"]);
    assert_eq!((rig.asked, rig.client.sid("/admin")), (1, None));
    let refused = rig.events.last().cloned();
    let error = ConnectError::Refused {
        message: "not you".to_owned(),
        data: Some(r#"{"code":1}"#.to_owned()),
    };
    let nsp = "/admin".to_owned();
    assert_eq!(refused, Some(ClientEvent::ConnectError { nsp, error }));
    // The other socket lives on.
    rig.say(r#"42["a"]"#);
    assert_eq!(rig.told()[3..], ["/ a()"]);
}

#[test]
fn a_refusal_of_the_only_namespace_ends_the_session_for_good() {
    let mut rig = Rig::new(|_| ());
    rig.call(|client, cx| client.connect(cx, "/", None));
    rig.say(OPEN);
    rig.say(r#"44{"message":"no"}"#);
    assert_eq!(rig.told(), ["open", "/ connect_error: no"]);
    assert_eq!(rig.took(), ["40", "close"]);
    assert!(rig.client.is_over());
    assert_eq!(rig.client.poll_timeout(), None);
}

#[test]
fn events_and_acknowledgments_go_both_ways_with_bytes() {
    let mut rig = Rig::connected();
    assert_eq!(rig.emit("plain", Emit::default()), None);
    assert_eq!(rig.emit("asks", ACK), Some(0));
    let args = Args {
        values: vec![placeholder(0)],
        attachments: vec![vec![1, 2]],
    };
    rig.call(|client, cx| client.emit(cx, "/", "bytes", args, ACK))
        .unwrap();
    let place = placeholder(0);
    let sent = [
        r#"42["plain",1]"#.to_owned(),
        r#"420["asks",1]"#.to_owned(),
        format!(r#"451-1["bytes",{place}]"#),
        "[1, 2]".to_owned(),
    ];
    assert_eq!(rig.took(), sent);
    rig.say(r#"430["yes",2]"#);
    rig.say(r#"430["again"]"#);
    rig.say(&format!("461-1[{place}]"));
    rig.say_message(Message::Binary(vec![3]));
    let args = Args {
        values: vec![place],
        attachments: vec![vec![3]],
    };
    let (nsp, id) = ("/".to_owned(), 1);
    assert_eq!(rig.events.pop(), Some(ClientEvent::Ack { nsp, id, args }));
    assert_eq!(rig.told(), [r#"/ ack 0: "yes",2"#]);

    rig.say(r#"425["question",{"a":1}]"#);
    assert_eq!(rig.told(), [r#"/ question({"a":1}) ack 5"#]);
    rig.call(|client, cx| client.ack(cx, "/", 5, Args::json([r#""answer""#])));
    assert_eq!(rig.took(), [r#"435["answer"]"#]);

    let reserved =
        rig.call(|client, cx| client.emit(cx, "/", "disconnect", Args::default(), Emit::default()));
    assert_eq!(reserved, Err(EmitError::Reserved));
    let nowhere =
        rig.call(|client, cx| client.emit(cx, "/x", "a", Args::default(), Emit::default()));
    assert_eq!(nowhere, Err(EmitError::NoSuchSocket));
}

#[test]
fn an_acknowledgment_can_be_too_late_or_lost() {
    let mut rig = Rig::connected();
    let half = Emit {
        timeout: Some(Duration::from_millis(500)),
        ..ACK
    };
    rig.emit("a", half);
    assert_eq!(rig.wait_next(), 500);
    assert_eq!(rig.told(), ["/ ack 0: operation has timed out"]);
    rig.say("430[1]");
    assert_eq!(rig.told(), [""; 0], "too late");
    rig.emit("b", ACK);
    rig.cut();
    let lost = "/ ack 1: socket has been disconnected";
    assert_eq!(rig.told(), ["/ disconnect: transport error", lost]);
    // One that was not even sent is taken back.
    rig.emit("c", half);
    assert_eq!(rig.wait_next(), 500);
    assert_eq!(rig.told(), ["/ ack 2: operation has timed out"]);
    rig.wait_next();
    rig.say(OPEN);
    rig.took();
    rig.say(r#"40{"sid":"t"}"#);
    assert_eq!(rig.took(), [""; 0]);
}

#[test]
fn what_is_sent_while_offline_waits_unless_it_is_volatile() {
    let mut rig = Rig::connected();
    let volatile = Emit {
        volatile: true,
        ..Emit::default()
    };
    rig.emit("now", volatile);
    assert_eq!(rig.took(), [r#"42["now",1]"#]);
    rig.cut();
    rig.emit("lost", volatile);
    rig.emit("kept", ACK);
    rig.wait_next();
    rig.say(OPEN);
    assert_eq!(rig.took(), ["40"]);
    rig.say(r#"42["early"]"#);
    rig.told();
    rig.say(r#"40{"sid":"t"}"#);
    assert_eq!(rig.took(), [r#"420["kept",1]"#]);
    assert_eq!(rig.told(), ["/ early()", "/ connect t"]);
}

#[test]
fn a_break_is_mended_with_growing_waits() {
    let mut rig = Rig::connected();
    rig.refuses = true;
    let slot = rig.slot.unwrap();
    rig.call(|client, cx| client.handle_end(cx, slot));
    assert_eq!(rig.told(), ["/ disconnect: transport close"]);
    let waits: Vec<u64> = (0..5).map(|_| rig.wait_next()).collect();
    assert_eq!(waits, [1000, 2000, 4000, 5000, 5000]);
    let error = "/ connect_error: websocket error";
    assert_eq!(rig.told()[..4], ["attempt 1", error, "attempt 2", error]);
    rig.refuses = false;
    rig.wait_next();
    rig.say(OPEN);
    rig.say(r#"40{"sid":"t"}"#);
    assert_eq!(
        rig.told(),
        ["attempt 6", "open", "reconnect 6", "/ connect t"]
    );
    // The waits begin anew.
    rig.cut();
    assert_eq!(rig.wait_next(), 1000);
}

#[test]
fn the_first_opening_is_tried_again_too_but_not_for_ever() {
    let mut rig = Rig::new(|options| options.reconnection_attempts = Some(2));
    rig.refuses = true;
    rig.call(|client, cx| client.connect(cx, "/", None));
    while rig.client.poll_timeout().is_some() {
        rig.wait_next();
    }
    let error = "/ connect_error: websocket error";
    let told = [
        error,
        "attempt 1",
        error,
        "attempt 2",
        error,
        "reconnect failed",
    ];
    assert_eq!(rig.told(), told);
    assert!(rig.client.is_over());

    let mut rig = Rig::new(|options| options.reconnection = false);
    rig.refuses = true;
    rig.call(|client, cx| client.connect(cx, "/", None));
    assert_eq!(rig.told(), [error]);
    assert!(rig.client.is_over());
}

#[test]
fn a_session_that_does_not_open_in_time_is_given_up() {
    let mut rig = Rig::new(|_| ());
    rig.call(|client, cx| client.connect(cx, "/", None));
    assert_eq!(rig.wait_next(), 20_000);
    assert_eq!(rig.told(), ["/ connect_error: timeout"]);
    assert_eq!(rig.wait_next(), 1000);
    assert_eq!(rig.asked, 2);
    // What the first one still says is nothing any more.
    rig.say(OPEN);
    assert_eq!(rig.told(), ["attempt 1", "open", "reconnect 1"]);
}

#[test]
fn a_socket_that_either_end_disconnects_stays_so() {
    let mut rig = Rig::connected();
    rig.emit("a", ACK);
    rig.say("41");
    let lost = "/ ack 0: socket has been disconnected";
    assert_eq!(rig.told(), ["/ disconnect: io server disconnect", lost]);
    assert_eq!(rig.took(), [r#"420["a",1]"#, "close"]);
    assert!(rig.client.is_over());
    // Unless the application wants it again.
    rig.call(|client, cx| client.connect(cx, "/", None));
    rig.say(OPEN);
    rig.say(r#"40{"sid":"t"}"#);
    assert_eq!(rig.told(), ["open", "/ connect t"]);

    rig.took();
    rig.call(|client, cx| client.disconnect(cx, "/"));
    assert_eq!(rig.told(), ["/ disconnect: io client disconnect"]);
    assert_eq!(rig.took(), ["41", "close"]);
    assert!(rig.client.is_over());
    assert_eq!(rig.client.poll_timeout(), None);
}

#[test]
fn the_session_stays_while_one_namespace_needs_it() {
    let mut rig = Rig::connected();
    rig.call(|client, cx| client.connect(cx, "/b", None));
    rig.say(r#"40/b,{"sid":"t"}"#);
    rig.call(|client, cx| client.disconnect(cx, "/"));
    assert_eq!(rig.took(), ["40/b,", "41"]);
    rig.say(r#"42/b,["still"]"#);
    rig.say("41/b,");
    let told = ["/b still()", "/b disconnect: io server disconnect"];
    assert_eq!(rig.told()[2..], told);
    assert_eq!(rig.took(), ["close"]);
}

#[test]
fn a_missing_ping_and_an_unreadable_packet_break_the_session() {
    let mut rig = Rig::connected();
    assert_eq!(rig.wait_next(), 45_000);
    assert_eq!(rig.told(), ["/ disconnect: ping timeout"]);
    assert_eq!(rig.wait_next(), 1000);
    rig.say(OPEN);
    rig.say(r#"40{"sid":"t"}"#);
    rig.told();
    rig.took();
    rig.say("4nonsense");
    assert_eq!(rig.told(), ["/ disconnect: parse error"]);
    assert_eq!(rig.took(), ["close"]);
    assert_eq!(rig.wait_next(), 1000);
}

#[test]
fn a_server_that_recovers_state_is_told_from_where() {
    let mut rig = Rig::new(|_| ());
    let auth = Some(r#"{ "token": 1 }"#.to_owned());
    rig.call(|client, cx| client.connect(cx, "/", auth));
    rig.say(OPEN);
    rig.say(r#"40{"sid":"s","pid":"p\"q"}"#);
    rig.say(r#"42["a",1,"offset1"]"#);
    rig.say(r#"427["with ack","not an offset"]"#);
    rig.took();
    rig.cut();
    rig.wait_next();
    rig.say(OPEN);
    let asked = r#"40{"pid":"p\"q","offset":"offset1","token": 1}"#;
    assert_eq!(rig.took(), [asked]);
    rig.told();
    rig.say(r#"42["missed","offset2"]"#);
    rig.say(r#"40{"sid":"s","pid":"p\"q"}"#);
    assert_eq!(
        rig.told(),
        [r#"/ missed("offset2")"#, "/ connect s recovered"]
    );
    rig.cut();
    rig.wait_next();
    rig.say(OPEN);
    assert!(rig.took()[0].contains("offset2"));
    rig.told();
    rig.say(r#"40{"sid":"t","pid":"new"}"#);
    assert_eq!(rig.told(), ["/ connect t"]);
}

#[test]
fn a_server_of_socketio_2_is_told_from_its_answer() {
    let mut rig = Rig::new(|_| ());
    rig.call(|client, cx| client.connect(cx, "/", None));
    rig.say(OPEN);
    rig.say("40");
    let error = "the server answers as one of Socket.IO 2 does: without a socket id";
    assert_eq!(rig.told()[1..], [format!("/ connect_error: {error}")]);
}

#[test]
fn a_packet_crosses_the_layers_one_by_one() {
    let mut rig = Rig::connected();
    let mut log = Log::new();
    let mut cx = Cx {
        now: Time::ZERO,
        node: NodeId(0),
        cause: None,
        log: &mut log,
    };
    cx.step(7, None, "", What::AppCall("emit".into()));
    let args = Args::json(["1"]);
    rig.client
        .emit(&mut cx, "/", "a", args, Emit::default())
        .unwrap();
    let layers: Vec<(u8, &str, Option<usize>)> = log
        .records()
        .iter()
        .filter_map(|record| match &record.what {
            What::Down(unit) => {
                let cause = record.cause.map(|id| id.index());
                Some((record.layer, unit.protocol, cause))
            }
            _ => None,
        })
        .collect();
    let expected = [
        (6, "json", Some(0)),
        (5, "socketio", Some(1)),
        (5, "engineio", Some(2)),
        (5, "websocket", Some(3)),
    ];
    assert_eq!(layers, expected);
}
