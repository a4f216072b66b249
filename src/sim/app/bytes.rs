//! Bytes over TCP: what a script sends and awaits.

use super::script::{SCENARIO, Script, describe_received, quote, readable};
use super::talk::{Order, Orders, Talk, no_delay_call, reading_call};
use crate::base::Time;
use crate::sim::spec::{Action, Content, Reply};
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, Text, Unit, What};

/// One end of a conversation in bytes.
#[derive(Debug)]
pub struct Bytes {
    conn: ConnId,
    script: Script,
    reply: Reply,
    /// What came and was not awaited yet.
    inbox: Vec<u8>,
    /// How many bytes of those that are awaited now were taken.
    awaited: usize,
    is_open: bool,
    ended: bool,
    closing: bool,
    /// Whether it closes when the peer has ended and the script is done.
    closes_after_peer: bool,
    orders: Orders,
}

impl Bytes {
    /// The end that connects.
    pub fn client(conn: ConnId, script: &[Action]) -> Self {
        Self::new(conn, script, Reply::Nothing)
    }

    /// The end that is connected to.
    pub fn server(conn: ConnId, script: &[Action], reply: &Reply) -> Self {
        Self {
            closes_after_peer: true,
            ..Self::new(conn, script, reply.clone())
        }
    }

    fn new(conn: ConnId, script: &[Action], reply: Reply) -> Self {
        Self {
            conn,
            script: Script::new(script),
            reply,
            inbox: Vec::new(),
            awaited: 0,
            is_open: false,
            ended: false,
            closing: false,
            closes_after_peer: false,
            orders: Orders::default(),
        }
    }

    fn run(&mut self, cx: &mut Cx) {
        let mut script = std::mem::take(&mut self.script);
        if self.is_open {
            script.run(cx, Some(self.conn), |cx, action| self.perform(cx, action));
        }
        if self.closing {
            script.stop();
        }
        let is_done = script.is_done();
        self.script = script;
        if self.ended && self.closes_after_peer && is_done && !self.closing {
            self.close(cx, Order::Close, "close");
        }
    }

    /// Does an action; `false`: it has to wait.
    fn perform(&mut self, cx: &mut Cx, action: &Action) -> bool {
        match action {
            Action::Send(content) => self.send(cx, content),
            Action::Await => return !std::mem::take(&mut self.inbox).is_empty(),
            Action::AwaitBytes(count) => return self.take_as_it_comes(*count),
            Action::AwaitContent(content) => return self.take_through(content.bytes()),
            Action::AwaitClose => return self.ended,
            Action::Read(reading) => self.order(cx, Order::Read(*reading), reading_call(*reading)),
            Action::NoDelay(on) => self.order(cx, Order::NoDelay(*on), no_delay_call(*on)),
            Action::Shutdown => self.order(cx, Order::Shutdown, "shut down the sending side"),
            Action::Close { .. } => self.close(cx, Order::Close, "close"),
            Action::Abort => self.close(cx, Order::Abort, "abort"),
            Action::Wait(_) => {}
            Action::Ping(_) | Action::AwaitPong | Action::SendFragments { .. } => {
                let what =
                    What::Discarded("bytes over TCP know neither pings nor fragments".into());
                cx.record(7, Some(self.conn), SCENARIO, what);
            }
        }
        true
    }

    /// Takes so many bytes out of the inbox, if they are there.
    fn take(&mut self, count: usize) -> bool {
        let there = self.inbox.len() >= count;
        if there {
            self.inbox.drain(..count);
        }
        there
    }

    /// Takes out of the inbox what is there of so many bytes; whether it has them all by now.
    fn take_as_it_comes(&mut self, count: usize) -> bool {
        let there = self.inbox.len().min(count - self.awaited);
        self.inbox.drain(..there);
        self.awaited += there;
        let is_all = self.awaited == count;
        if is_all {
            self.awaited = 0;
        }
        is_all
    }

    /// Takes everything up to the end of `wanted` out of the inbox, if that is there.
    fn take_through(&mut self, wanted: &[u8]) -> bool {
        let found = match wanted.len() {
            0 => Some(0),
            len => self.inbox.windows(len).position(|window| window == wanted),
        };
        found.is_some_and(|at| self.take(at + wanted.len()))
    }

    fn send(&mut self, cx: &mut Cx, content: &Content) {
        let call = What::AppCall(format!("send {}", content.describe()).into());
        cx.step(7, Some(self.conn), SCENARIO, call);
        write_down(cx, Some(self.conn), content);
        self.orders.push(cx, Order::Send(content.shared_bytes()));
    }

    fn order(&mut self, cx: &mut Cx, order: Order, call: impl Into<Text>) {
        cx.step(7, Some(self.conn), SCENARIO, What::AppCall(call.into()));
        self.orders.push(cx, order);
    }

    fn close(&mut self, cx: &mut Cx, order: Order, call: &'static str) {
        self.closing = true;
        self.order(cx, order, call);
    }

    fn event(&self, cx: &mut Cx, text: String) {
        cx.step(7, Some(self.conn), SCENARIO, What::AppEvent(text.into()));
    }

    fn answer(&mut self, cx: &mut Cx, bytes: &[u8]) {
        match self.reply.clone() {
            Reply::Nothing => {}
            Reply::Fixed(content) => self.send(cx, &content),
            Reply::Echo => self.send(cx, &Content::of(bytes)),
        }
    }
}

impl Talk for Bytes {
    fn handle_open(&mut self, cx: &mut Cx) {
        self.is_open = true;
        self.run(cx);
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        if cx.log.is_on()
            && let Some(text) = readable(bytes)
        {
            read_text(cx, Some(self.conn), text);
        }
        if cx.log.is_on() {
            self.event(cx, format!("received {}", describe_received(bytes)));
        }
        let cause = cx.cause;
        self.inbox.extend(bytes);
        self.answer(cx, bytes);
        cx.cause = cause;
        self.run(cx);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        self.ended = true;
        // Who has closed is told nothing more.
        if !self.closing {
            self.event(cx, "the peer sends no more".to_owned());
            self.run(cx);
        }
    }

    fn handle_gone(&mut self, _cx: &mut Cx) {
        self.closing = true;
        self.script.stop();
    }

    fn handle_timeout(&mut self, cx: &mut Cx) {
        self.script.handle_timeout(cx);
        self.run(cx);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.script.poll_timeout()
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.orders.pop(cx)
    }
}

/// The record of layer 6 on the way down: how text becomes bytes. Binary content is bytes already.
pub fn write_down(cx: &mut Cx, conn: Option<ConnId>, content: &Content) {
    if let Content::Text(text) = content {
        let info = format!("{} as UTF-8", quote(text)).into();
        let unit = Unit {
            protocol: "utf-8",
            len: text.len(),
            info,
        };
        cx.step(6, conn, "RFC 3629 §3", What::Down(unit));
    }
}

/// The record of layer 6 on the way up: how bytes become text.
pub fn read_text(cx: &mut Cx, conn: Option<ConnId>, text: &str) {
    let info = format!("UTF-8 as {}", quote(text)).into();
    let unit = Unit {
        protocol: "utf-8",
        len: text.len(),
        info,
    };
    cx.step(6, conn, "RFC 3629 §3", What::Up(unit));
}
