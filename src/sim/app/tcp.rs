//! Programs that speak over TCP: one that listens, one that connects, one that looks at all connections together. What
//! they say is their [`Talk`]'s or their [`Service`]'s.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;

use bytes::Buf as _;

use super::script::{SCENARIO, alarm};
use super::service::Service;
use super::talk::{Order, Orders, Talk, made_up, no_delay_call};
use super::{Program, reason};
use crate::base::{RecordId, Time};
use crate::sim::ledger::Ledger;
use crate::sim::spec::Reading;
use crate::stack::alarm::Alarm;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::{ConnId, What};
use crate::stack::tcp::Event;

/// A program that listens on `port`, and talks as `speak` says on each connection that is made.
pub fn listen(
    port: u16,
    books: bool,
    speak: impl Fn(ConnId) -> Box<dyn Talk> + 'static,
) -> Box<dyn Program> {
    Box::new(Listener {
        port,
        books: books.then(Vec::new),
        speak,
        lines: Vec::new(),
    })
}

/// A program that connects to `to` once, and talks as `speak` says.
pub fn connect(
    to: SocketAddr,
    local_port: Option<u16>,
    books: bool,
    speak: impl Fn(ConnId) -> Box<dyn Talk> + 'static,
) -> Box<dyn Program> {
    Box::new(Connector {
        to,
        local_port,
        books,
        speak,
        line: None,
    })
}

/// A program that listens on `port`, and on all its connections together is the service.
pub fn serve(port: u16, books: bool, service: Box<dyn Service>) -> Box<dyn Program> {
    let service = Rc::new(RefCell::new(Shared::new(service)));
    let speaker = service.clone();
    let speak = move |conn| -> Box<dyn Talk> {
        let service = speaker.clone();
        Box::new(Part { conn, service })
    };
    Box::new(Serving {
        listener: Listener {
            port,
            books: books.then(Vec::new),
            speak,
            lines: Vec::new(),
        },
        service,
    })
}

struct Listener<F> {
    port: u16,
    /// The books of the connections that are over, where books are kept.
    books: Option<Vec<Ledger>>,
    speak: F,
    lines: Vec<Line>,
}

impl<F: Fn(ConnId) -> Box<dyn Talk>> Program for Listener<F> {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        cx.step(
            7,
            None,
            SCENARIO,
            What::AppCall(format!("listen on port {}", self.port).into()),
        );
        if let Err(error) = host.listen(cx, self.port) {
            cx.step(7, None, SCENARIO, What::AppEvent(error.to_string().into()));
        }
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        if let HostEventKind::Tcp(Event::Accepted { listener, conn }) = *event
            && listener == self.port
        {
            cx.step(
                7,
                Some(conn),
                SCENARIO,
                What::AppEvent("connection accepted".into()),
            );
            let mut line = Line::new(conn, (self.speak)(conn), self.books.is_some());
            line.open(cx, host);
            self.lines.push(line);
            return true;
        }
        let taken = self
            .lines
            .iter_mut()
            .any(|line| line.handle_event(cx, host, event));
        self.forget_gone();
        taken
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        for line in &mut self.lines {
            line.handle_timeout(cx, host);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.lines.iter().filter_map(Line::poll_timeout).min()
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        let open = self.lines.iter().filter_map(|line| line.book.as_ref());
        self.books.iter().flatten().chain(open).collect()
    }
}

impl<F> Listener<F> {
    /// Of the connections that are over the books alone are kept.
    fn forget_gone(&mut self) {
        for line in self.lines.extract_if(.., |line| line.is_gone) {
            if let (Some(books), Some(book)) = (&mut self.books, line.book) {
                books.push(book);
            }
        }
    }
}

/// A listener whose connections are one service's.
struct Serving<F> {
    listener: Listener<F>,
    service: Rc<RefCell<Shared>>,
}

impl<F: Fn(ConnId) -> Box<dyn Talk>> Serving<F> {
    /// What is said on one connection may be heard on another.
    fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        while self.service.borrow_mut().has_orders(cx) {
            for line in &mut self.listener.lines {
                line.settle(cx, host);
            }
        }
        cx.cause = cause;
        self.listener.forget_gone();
    }
}

impl<F: Fn(ConnId) -> Box<dyn Talk>> Program for Serving<F> {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        self.listener.start(cx, host);
        self.service.borrow_mut().service.start(cx);
        self.settle(cx, host);
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        let taken = self.listener.handle_event(cx, host, event);
        if taken {
            self.settle(cx, host);
        }
        taken
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        self.listener.handle_timeout(cx, host);
        let due = self.service.borrow().service.poll_timeout();
        if due.is_some_and(|due| due <= cx.now) {
            self.service.borrow_mut().service.handle_timeout(cx);
            self.settle(cx, host);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        let own = self.service.borrow().service.poll_timeout();
        self.listener.poll_timeout().into_iter().chain(own).min()
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        self.listener.ledgers()
    }
}

/// A service, and its orders by connection.
struct Shared {
    service: Box<dyn Service>,
    orders: BTreeMap<ConnId, Orders>,
    /// Whether some came since it was asked.
    is_new: bool,
}

impl Shared {
    fn new(service: Box<dyn Service>) -> Self {
        Self {
            service,
            orders: BTreeMap::new(),
            is_new: false,
        }
    }

    /// Whether there are orders that were not there when it was asked last.
    fn has_orders(&mut self, cx: &mut Cx) -> bool {
        self.fetch(cx);
        std::mem::take(&mut self.is_new)
    }

    /// Sorts what is to be done by connections.
    fn fetch(&mut self, cx: &mut Cx) {
        let cause = cx.cause;
        while let Some((conn, order)) = self.service.poll_order(cx) {
            self.orders.entry(conn).or_default().push(cx, order);
            self.is_new = true;
        }
        cx.cause = cause;
    }
}

/// One connection of a service.
struct Part {
    conn: ConnId,
    service: Rc<RefCell<Shared>>,
}

impl Talk for Part {
    /// What is small goes at once, as in the servers that services are like.
    fn handle_open(&mut self, cx: &mut Cx) {
        let (mut shared, cause) = (self.service.borrow_mut(), cx.cause);
        cx.step(
            7,
            Some(self.conn),
            SCENARIO,
            What::AppCall(no_delay_call(true).into()),
        );
        let orders = shared.orders.entry(self.conn).or_default();
        orders.push(cx, Order::NoDelay(true));
        cx.cause = cause;
        shared.service.handle_open(cx, self.conn);
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.service
            .borrow_mut()
            .service
            .handle_input(cx, self.conn, bytes);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        self.service.borrow_mut().service.handle_end(cx, self.conn);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        let mut shared = self.service.borrow_mut();
        shared.service.handle_gone(cx, self.conn);
        shared.orders.remove(&self.conn);
    }

    // the service has one time-out for all
    fn handle_timeout(&mut self, _cx: &mut Cx) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        let mut shared = self.service.borrow_mut();
        shared.fetch(cx);
        shared.orders.get_mut(&self.conn)?.pop(cx)
    }
}

struct Connector<F> {
    to: SocketAddr,
    local_port: Option<u16>,
    books: bool,
    speak: F,
    line: Option<Line>,
}

impl<F: Fn(ConnId) -> Box<dyn Talk>> Program for Connector<F> {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        cx.step(
            7,
            None,
            SCENARIO,
            What::AppCall(format!("connect {}", self.to).into()),
        );
        match host.connect(cx, self.local_port, self.to) {
            Ok(conn) => self.line = Some(Line::new(conn, (self.speak)(conn), self.books)),
            Err(error) => cx.step(7, None, SCENARIO, What::AppEvent(error.to_string().into())),
        }
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        self.line
            .as_mut()
            .is_some_and(|line| line.handle_event(cx, host, event))
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        if let Some(line) = &mut self.line {
            line.handle_timeout(cx, host);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.line.as_ref().and_then(Line::poll_timeout)
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        let lines = self.line.iter();
        lines.filter_map(|line| line.book.as_ref()).collect()
    }
}

/// The name of a slow reader's pause.
const PAUSE: &str = "wait";

/// A connection and the talk on it.
pub struct Line<T: ?Sized = dyn Talk> {
    /// It.
    pub conn: ConnId,
    /// What is said on it.
    pub talk: Box<T>,
    /// Orders that wait until the host takes more bytes.
    waiting: VecDeque<(Option<RecordId>, Order)>,
    reading: Reading,
    /// A slow reader's pause.
    pause: Option<Alarm>,
    /// The peer's end, while there may be something to read before it.
    end: Option<PeerEnd>,
    is_open: bool,
    /// Whether the program has closed: it reads no more.
    has_closed: bool,
    /// Whether TCP is done with the connection, and only something to read is left.
    is_over: bool,
    /// Whether the connection is no more.
    pub is_gone: bool,
    /// What passed on it, where books are kept.
    pub book: Option<Ledger>,
    /// Where what is read is put.
    buffer: Vec<u8>,
}

/// The peer has closed its side; the record that says so.
struct PeerEnd(Option<RecordId>);

impl<T: Talk + ?Sized> Line<T> {
    /// A connection that is being made.
    pub fn new(conn: ConnId, talk: Box<T>, books: bool) -> Self {
        Self {
            conn,
            talk,
            waiting: VecDeque::new(),
            reading: Reading::default(),
            pause: None,
            end: None,
            is_open: false,
            has_closed: false,
            is_over: false,
            is_gone: false,
            book: books.then(|| Ledger::new(conn)),
            buffer: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, cx: &mut Cx, host: &mut Host) {
        self.is_open = true;
        self.talk.handle_open(cx);
        self.settle(cx, host);
    }

    /// Whether the event was about this connection.
    pub fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        let HostEventKind::Tcp(event) = *event else {
            return false;
        };
        if let Some(book) = &mut self.book {
            book.note_event(event);
        }
        match event {
            Event::Connected(conn) if conn == self.conn => {
                self.event(cx, "connected");
                self.open(cx, host);
            }
            Event::Readable(conn) if conn == self.conn => self.read(cx, host),
            Event::PeerClosed(conn) if conn == self.conn => {
                self.end = Some(PeerEnd(cx.cause));
                self.read(cx, host);
            }
            Event::Writable(conn) if conn == self.conn => {}
            Event::Closed(conn) if conn == self.conn => {
                self.is_over = true;
                self.leave_if_read(cx);
            }
            Event::Refused(conn) if conn == self.conn => self.gone(cx, Some("connection refused")),
            Event::Reset(conn) if conn == self.conn => self.gone(cx, Some("connection reset")),
            Event::TimedOut(conn) if conn == self.conn => {
                self.gone(cx, Some("connection timed out"))
            }
            Event::Unreachable(conn, why) if conn == self.conn => self.gone(cx, Some(reason(why))),
            _ => return false,
        }
        self.settle(cx, host);
        true
    }

    /// Reads, in the way that the talk has asked for; behind the last byte the talk is told of the peer's end.
    fn read(&mut self, cx: &mut Cx, host: &mut Host) {
        let (most, pause) = match self.reading {
            Reading::AtOnce => (usize::MAX, None),
            Reading::Not => (0, None),
            Reading::Slowly { .. } if self.pause.is_some() => (0, None),
            Reading::Slowly { most, every } => (most, Some(every)),
        };
        let cause = cx.cause;
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.clear();
        host.receive_into(cx, self.conn, most, &mut bytes);
        if let Some(book) = &mut self.book {
            book.read.extend(&bytes);
        }
        if !bytes.is_empty() {
            self.pause = pause.map(|span| alarm(cx, Some(self.conn), PAUSE, span));
            self.talk.handle_input(cx, &bytes);
        }
        if host.readable(self.conn) == 0
            && let Some(PeerEnd(end)) = self.end.take()
        {
            cx.cause = if bytes.is_empty() { cause } else { end };
            if let Some(book) = &mut self.book {
                book.peer_ended = true;
            }
            self.talk.handle_end(cx);
        }
        self.buffer = bytes;
        cx.cause = cause;
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        let pause = self.pause.as_ref().map(|alarm| alarm.at);
        pause.into_iter().chain(self.talk.poll_timeout()).min()
    }

    /// What came before the peer's end stays with TCP until it is read, also when the connection is over.
    fn leave_if_read(&mut self, cx: &mut Cx) {
        let is_read = self.end.is_none() || self.has_closed;
        if self.is_over && is_read && !self.is_gone {
            self.gone(cx, None);
        }
    }

    /// The connection is no more.
    fn gone(&mut self, cx: &mut Cx, why: Option<&'static str>) {
        if let Some(why) = why {
            self.event(cx, why);
        }
        self.is_gone = true;
        self.pause = None;
        if self.is_open {
            self.talk.handle_gone(cx);
        }
    }

    pub(super) fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        if let Some(pause) = self.pause.take_if(|alarm| alarm.at <= cx.now) {
            pause.expire(cx);
            self.read(cx, host);
            self.settle(cx, host);
            cx.cause = cause;
        }
        if self.talk.poll_timeout().is_some_and(|due| due <= cx.now) {
            self.talk.handle_timeout(cx);
            self.settle(cx, host);
            cx.cause = cause;
        }
    }

    /// Carries out what the talk has ordered, as far as the host takes it. Each order keeps its own cause.
    pub fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        loop {
            while let Some(order) = self.talk.poll_order(cx) {
                self.waiting.push_back((cx.cause, order));
            }
            let Some((why, order)) = self.waiting.pop_front().filter(|_| !self.is_gone) else {
                break;
            };
            cx.cause = why;
            if let Order::Read(reading) = order {
                self.reading = reading;
                self.pause = None;
                self.read(cx, host);
            } else if let Some(rest) = self.obey(cx, host, order) {
                self.waiting.push_front((why, rest));
                break;
            }
        }
        self.leave_if_read(cx);
        cx.cause = cause;
    }

    /// Carries an order out; what is left of it where the host has no room for more bytes.
    fn obey(&mut self, cx: &mut Cx, host: &mut Host, order: Order) -> Option<Order> {
        if let Some(book) = &mut self.book {
            book.note_order(&order);
        }
        self.has_closed |= matches!(order, Order::Close | Order::Abort);
        match order {
            Order::Send(mut bytes) => {
                let taken = self.send(cx, host, &bytes);
                bytes.advance(taken);
                return (!bytes.is_empty()).then_some(Order::Send(bytes));
            }
            Order::SendMadeUp(places) => return self.send_made_up(cx, host, places),
            Order::Read(_) => {}
            Order::NoDelay(on) => host.set_nagle(cx, self.conn, !on),
            Order::Shutdown => host.shutdown(cx, self.conn),
            Order::Close => host.close(cx, self.conn),
            Order::Abort => host.abort(cx, self.conn),
        }
        None
    }

    /// Sends what is made up for these places, a piece at a time; what is left of it.
    fn send_made_up(&mut self, cx: &mut Cx, host: &mut Host, places: Range<u64>) -> Option<Order> {
        // About what an acknowledgment makes room for: what finds no room is made up again.
        const PIECE: u64 = 2048;
        let mut at = places.start;
        while at < places.end {
            let piece = made_up(at..places.end.min(at + PIECE));
            let taken = self.send(cx, host, &piece);
            at += taken as u64;
            if taken < piece.len() {
                return Some(Order::SendMadeUp(at..places.end));
            }
        }
        None
    }

    /// Hands bytes to TCP; how many it took.
    fn send(&mut self, cx: &mut Cx, host: &mut Host, bytes: &[u8]) -> usize {
        let taken = host.send(cx, self.conn, bytes);
        if let Some(book) = &mut self.book {
            book.written.extend(&bytes[..taken]);
        }
        taken
    }

    fn event(&self, cx: &mut Cx, text: &'static str) {
        cx.step(7, Some(self.conn), SCENARIO, What::AppEvent(text.into()));
    }
}
