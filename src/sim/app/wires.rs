//! The connections of a program that drives several of them at once.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::script::SCENARIO;
use super::talk::{Order, Orders, Talk, no_delay_call};
use super::tcp::Line;
use crate::base::{RecordId, Time};
use crate::sim::ledger::Ledger;
use crate::stack::cx::Cx;
use crate::stack::engineio::{ClientOrder, Slot};
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::{ConnId, What};

/// What happened to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// It is established.
    Opened(ConnId),
    /// Bytes came.
    Input(Vec<u8>),
    /// The peer will send nothing more.
    Ended,
    /// It is no more, or could not be made.
    Gone,
}

/// Connections to one server, each with the name that the machine above gives it.
pub struct Wires {
    to: SocketAddr,
    lines: Vec<(Slot, Line<Wire>)>,
    /// What happened and was not fetched yet, each with its cause.
    happened: VecDeque<(Option<RecordId>, Slot, Happened)>,
    /// The books of the connections that are over, where books are kept.
    books: Option<Vec<Ledger>>,
}

impl Wires {
    /// No connections yet; they will be to this server.
    pub fn new(to: SocketAddr, books: bool) -> Self {
        Self {
            to,
            lines: Vec::new(),
            happened: VecDeque::new(),
            books: books.then(Vec::new),
        }
    }

    /// Does what the machine has ordered.
    pub fn obey(&mut self, cx: &mut Cx, host: &mut Host, order: ClientOrder) {
        match order {
            ClientOrder::Open(slot) => self.open(cx, host, slot),
            ClientOrder::Send(slot, bytes) => self.put(cx, host, slot, Order::Send(bytes)),
            ClientOrder::Close(slot) => self.put(cx, host, slot, Order::Close),
        }
    }

    /// Breaks off every connection.
    pub fn abort(&mut self, cx: &mut Cx, host: &mut Host) {
        let slots: Vec<Slot> = self.lines.iter().map(|(slot, _)| *slot).collect();
        for slot in slots {
            self.put(cx, host, slot, Order::Abort);
            self.happened.push_back((cx.cause, slot, Happened::Gone));
        }
    }

    /// Whether the event was about one of the connections.
    pub fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        let mut lines = self.lines.iter_mut();
        let Some((slot, line)) = lines.find_map(|(slot, line)| {
            let is_its_own = line.handle_event(cx, host, event);
            is_its_own.then_some((*slot, line))
        }) else {
            return false;
        };
        for (cause, happened) in line.talk.happened.drain(..) {
            self.happened.push_back((cause, slot, happened));
        }
        if line.is_gone {
            self.happened.push_back((cx.cause, slot, Happened::Gone));
        }
        for (_, line) in self.lines.extract_if(.., |(_, line)| line.is_gone) {
            if let (Some(books), Some(book)) = (&mut self.books, line.book) {
                books.push(book);
            }
        }
        true
    }

    /// What happened next; the record that says so is put in place of `cx.cause`.
    pub fn poll(&mut self, cx: &mut Cx) -> Option<(Slot, Happened)> {
        let (cause, slot, happened) = self.happened.pop_front()?;
        cx.cause = cause;
        Some((slot, happened))
    }

    /// The books of all connections.
    pub fn ledgers(&self) -> Vec<&Ledger> {
        let open = self.lines.iter().filter_map(|(_, line)| line.book.as_ref());
        self.books.iter().flatten().chain(open).collect()
    }

    fn open(&mut self, cx: &mut Cx, host: &mut Host, slot: Slot) {
        match host.connect(cx, None, self.to) {
            Ok(conn) => {
                let wire = Wire {
                    conn,
                    happened: VecDeque::new(),
                    orders: Orders::default(),
                };
                let line = Line::new(conn, Box::new(wire), self.books.is_some());
                self.lines.push((slot, line));
            }
            Err(error) => {
                cx.step(7, None, SCENARIO, What::AppEvent(error.to_string().into()));
                self.happened.push_back((cx.cause, slot, Happened::Gone));
            }
        }
    }

    fn put(&mut self, cx: &mut Cx, host: &mut Host, slot: Slot, order: Order) {
        if let Some((_, line)) = self.lines.iter_mut().find(|(own, _)| *own == slot) {
            line.talk.orders.push(cx, order);
            line.settle(cx, host);
        }
    }
}

/// The talk on a connection: what is said comes from elsewhere, and what happens is kept for it. What is small goes at
/// once, as browsers and Node.js have it.
#[derive(Debug)]
struct Wire {
    conn: ConnId,
    happened: VecDeque<(Option<RecordId>, Happened)>,
    orders: Orders,
}

impl Talk for Wire {
    fn handle_open(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        cx.step(
            7,
            Some(self.conn),
            SCENARIO,
            What::AppCall(no_delay_call(true).into()),
        );
        self.orders.push(cx, Order::NoDelay(true));
        cx.cause = cause;
        let opened = Happened::Opened(self.conn);
        self.happened.push_back((cx.cause, opened));
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        let input = Happened::Input(bytes.to_vec());
        self.happened.push_back((cx.cause, input));
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        self.happened.push_back((cx.cause, Happened::Ended));
    }

    /// The line says so itself, also where it was never open.
    fn handle_gone(&mut self, _: &mut Cx) {}

    fn handle_timeout(&mut self, _: &mut Cx) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.orders.pop(cx)
    }
}
