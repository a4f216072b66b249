//! A client of Socket.IO, and the program that uses it.

use std::collections::VecDeque;

use super::Program;
use super::fill::Known;
use super::http::PRODUCT;
use super::script::{SCENARIO, alarm};
use super::wires::{Happened, Wires};
use crate::base::{Rng, Time};
use crate::proto::engineio::Transport;
use crate::sim::ledger::Ledger;
use crate::sim::spec::{SocketIoAction, SocketIoClient, SocketIoDeed, SocketIoHandler};
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::What;
use crate::stack::socketio::{Args, Client, ClientEvent, ClientOptions, Emit};

/// A program that connects to a Socket.IO server, follows a script, and answers events.
pub struct SocketIoProgram {
    spec: SocketIoClient,
    client: Client,
    wires: Wires,
    script: VecDeque<SocketIoAction>,
    pause: Option<Alarm>,
    /// What came and was not awaited yet.
    came: Came,
}

/// What came and was not awaited yet.
#[derive(Debug, Default)]
struct Came {
    /// Events: namespace, name, arguments.
    events: VecDeque<(String, String, Args)>,
    disconnects: usize,
    connect_errors: usize,
    acks: usize,
}

impl SocketIoProgram {
    /// The program that `spec` describes.
    pub fn new(spec: SocketIoClient, books: bool, rng: Rng) -> Self {
        Self {
            client: Client::new(options(&spec), rng),
            wires: Wires::new(spec.to, books),
            script: spec.script.iter().cloned().collect(),
            pause: None,
            came: Came::default(),
            spec,
        }
    }

    /// Hands on between the machine, its connections and the program, until nothing happens any more.
    fn pump(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        self.run(cx, host);
        loop {
            if let Some(event) = self.client.poll_event(cx) {
                self.take(cx, event);
                self.run(cx, host);
            } else if let Some(order) = self.client.poll_order(cx) {
                self.wires.obey(cx, host, order);
            } else if let Some((slot, happened)) = self.wires.poll(cx) {
                match happened {
                    Happened::Opened(conn) => self.client.handle_open(cx, slot, Some(conn)),
                    Happened::Input(bytes) => self.client.handle_input(cx, slot, &bytes),
                    Happened::Ended => self.client.handle_end(cx, slot),
                    Happened::Gone => self.client.handle_gone(cx, slot),
                }
            } else {
                break;
            }
            cx.cause = cause;
        }
    }

    fn take(&mut self, cx: &mut Cx, event: ClientEvent) {
        if let Some(text) = describe(&event) {
            self.event(cx, text);
        }
        match event {
            ClientEvent::Event {
                nsp,
                name,
                args,
                ack,
            } => {
                let known = Known {
                    id: self.client.sid(&nsp).unwrap_or_default().to_owned(),
                    auth: self.spec.auth.clone(),
                    args: args.clone(),
                    event: name.clone(),
                    nsp: nsp.clone(),
                    ..Known::default()
                };
                self.answer(cx, &known, ack);
                self.came.events.push_back((nsp, name, args));
            }
            ClientEvent::Disconnect { .. } => self.came.disconnects += 1,
            ClientEvent::ConnectError { .. } => self.came.connect_errors += 1,
            ClientEvent::Ack { .. } | ClientEvent::AckFailed { .. } => self.came.acks += 1,
            _ => {}
        }
    }

    /// Does what the handlers of an event say.
    fn answer(&mut self, cx: &mut Cx, known: &Known, ack: Option<u64>) {
        let cause = cx.cause;
        let is_meant =
            |handler: &&SocketIoHandler| handler.nsp == known.nsp && handler.event == known.event;
        let handlers: Vec<_> = self
            .spec
            .handlers
            .iter()
            .filter(is_meant)
            .cloned()
            .collect();
        for deed in handlers.into_iter().flat_map(|handler| handler.deeds) {
            cx.cause = cause;
            match (deed, ack) {
                (SocketIoDeed::Answer(values), Some(id)) => {
                    let args = known.args(&values);
                    self.call(cx, args.describe("answer "));
                    self.client.ack(cx, &known.nsp, id, args);
                }
                (SocketIoDeed::Answer(_), None) => {}
                (SocketIoDeed::Emit(name, values), _) => {
                    let (name, args) = (known.text(&name), known.args(&values));
                    self.emit(cx, &known.nsp, &name, args, Emit::default());
                }
            }
        }
        cx.cause = cause;
    }

    /// Works the script off as far as that goes. All follows from the same cause: that of the call.
    fn run(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        while self.pause.is_none()
            && let Some(action) = self.script.pop_front()
        {
            if !self.perform(cx, host, &action) {
                self.script.push_front(action);
                break;
            }
            cx.cause = cause;
        }
        cx.cause = cause;
    }

    /// Does an action; `false`: it has to wait.
    fn perform(&mut self, cx: &mut Cx, host: &mut Host, action: &SocketIoAction) -> bool {
        use SocketIoAction as A;
        match action {
            A::Emit(emit) => {
                let how = Emit {
                    ack: emit.ack,
                    timeout: emit.timeout.or(self.spec.ack_timeout).filter(|_| emit.ack),
                    volatile: emit.volatile,
                };
                let args = Known::default().args(&emit.args);
                self.emit(cx, &emit.nsp, &emit.name, args, how);
            }
            A::AwaitConnect(nsp) => return self.client.sid(nsp).is_some(),
            A::AwaitUpgrade => return self.client.transport() == Some(Transport::WebSocket),
            A::AwaitDisconnect => return take_one(&mut self.came.disconnects),
            A::AwaitConnectError => return take_one(&mut self.came.connect_errors),
            A::AwaitAck => return take_one(&mut self.came.acks),
            A::AwaitEvent { nsp, name, args } => {
                let args = args.as_ref().map(|args| Known::default().args(args));
                let is_it = |(own_nsp, own_name, own_args): &(String, String, Args)| {
                    own_nsp == nsp
                        && own_name == name
                        && args.as_ref().is_none_or(|args| args.is_same(own_args))
                };
                let found = self.came.events.iter().position(is_it);
                return found.is_some_and(|at| self.came.events.remove(at).is_some());
            }
            A::Wait(span) => self.pause = Some(alarm(cx, None, "wait", *span)),
            A::Connect(nsp) => self.connect(cx, nsp),
            A::Disconnect(nsp) => {
                self.call(cx, format!("disconnect{}", to(nsp, "from")));
                self.client.disconnect(cx, nsp);
            }
            A::Abort => {
                self.call(cx, "abort".to_owned());
                self.wires.abort(cx, host);
            }
        }
        true
    }

    fn connect(&mut self, cx: &mut Cx, nsp: &str) {
        let nsp_shown = if nsp == "/" { "" } else { nsp };
        self.call(cx, format!("connect http://{}{nsp_shown}", self.spec.host));
        self.client.connect(cx, nsp, self.spec.auth.clone());
    }

    fn emit(&mut self, cx: &mut Cx, nsp: &str, name: &str, args: Args, how: Emit) {
        let with = if how.ack { ", with acknowledgment" } else { "" };
        let text = format!("emit {}{}{with}", args.describe(name), to(nsp, "to"));
        self.call(cx, text);
        if let Err(error) = self.client.emit(cx, nsp, name, args, how) {
            let why = error.to_string().into();
            cx.step(5, self.client.conn(), SCENARIO, What::Discarded(why));
        }
    }

    fn call(&self, cx: &mut Cx, text: String) {
        cx.step(7, self.client.conn(), SCENARIO, What::AppCall(text.into()));
    }

    fn event(&self, cx: &mut Cx, text: String) {
        cx.step(7, self.client.conn(), SCENARIO, What::AppEvent(text.into()));
    }
}

impl Program for SocketIoProgram {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        for nsp in self.spec.namespaces.clone() {
            self.connect(cx, &nsp);
            cx.cause = cause;
        }
        self.pump(cx, host);
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        let is_its_own = self.wires.handle_event(cx, host, event);
        if is_its_own {
            self.pump(cx, host);
        }
        is_its_own
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        if let Some(pause) = self.pause.take_if(|alarm| alarm.at <= cx.now) {
            pause.expire(cx);
            self.pump(cx, host);
            cx.cause = cause;
        }
        if self.client.poll_timeout().is_some_and(|due| due <= cx.now) {
            self.client.handle_timeout(cx);
            self.pump(cx, host);
            cx.cause = cause;
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        let pause = self.pause.as_ref().map(|alarm| alarm.at);
        pause.into_iter().chain(self.client.poll_timeout()).min()
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        self.wires.ledgers()
    }
}

fn options(spec: &SocketIoClient) -> ClientOptions {
    let mut options = ClientOptions::new(&spec.host, &spec.path);
    options.reconnection = spec.reconnection;
    options.reconnection_attempts = spec.reconnection_attempts;
    options.reconnection_delay = spec.reconnection_delay;
    options.reconnection_delay_max = spec.reconnection_delay_max;
    options.connect_timeout = Some(spec.connect_timeout);
    let engine = &mut options.engine;
    engine.transports = spec.transports;
    engine.version = spec.version;
    engine.says_upgrade = !spec.skip_upgrade_packet;
    engine.answers_pings = spec.answer_pings;
    engine.headers.push("User-Agent", PRODUCT);
    if let Some(origin) = &spec.origin {
        engine.headers.push("Origin", origin);
    }
    options
}

fn take_one(count: &mut usize) -> bool {
    let there = *count > 0;
    *count -= usize::from(there);
    there
}

/// The namespace, where it is not the one that every client gets.
fn to(nsp: &str, word: &str) -> String {
    match nsp {
        "/" => String::new(),
        nsp => format!(" {word} {nsp}"),
    }
}

/// What the program is told, in words.
fn describe(event: &ClientEvent) -> Option<String> {
    use ClientEvent as E;
    Some(match event {
        E::Open(_) | E::Packet { .. } => return None,
        E::Upgraded => "upgrade to websocket".to_owned(),
        E::UpgradeFailed(error) => format!("no upgrade, polling goes on: {error}"),
        E::Connect { nsp, recovered, .. } => {
            let how = if *recovered { ", recovered" } else { "" };
            format!("connect{}{how}", to(nsp, "to"))
        }
        E::ConnectError { nsp, error } => format!("connect_error{}: {error}", to(nsp, "of")),
        E::Disconnect { nsp, reason, .. } => format!("disconnect{}: {reason}", to(nsp, "from")),
        E::Event {
            nsp, name, args, ..
        } => format!("{} received{}", args.describe(name), to(nsp, "in")),
        E::Ack { args, id, .. } => args.describe(&format!("acknowledgment {id} received: ")),
        E::AckFailed { id, why, .. } => format!("no acknowledgment {id}: {why}"),
        E::ReconnectAttempt(attempt) => format!("reconnect_attempt {attempt}"),
        E::Reconnect(attempt) => format!("reconnect at attempt {attempt}"),
        E::ReconnectFailed => "reconnect_failed".to_owned(),
    })
}
