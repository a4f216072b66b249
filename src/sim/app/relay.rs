//! A program between clients and a server: for each connection that is made to it, it makes one itself, and what goes
//! from the one to the other is the affair of a [`Middle`].

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::Program;
use super::script::SCENARIO;
use super::talk::{Order, Talk};
use super::tcp::Line;
use crate::base::{RecordId, Time};
use crate::sim::ledger::Ledger;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::{ConnId, What};
use crate::stack::tcp::Event;

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that a client made.
    Client,
    /// The one to the server.
    Server,
}

impl Side {
    /// The connection on the other side.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What stands between the two connections, sans-IO. What happens on either is told it as a [`Talk`] is.
pub trait Middle {
    /// The connection is established.
    fn handle_open(&mut self, cx: &mut Cx, side: Side);
    /// Bytes came.
    fn handle_input(&mut self, cx: &mut Cx, from: Side, bytes: &[u8]);
    /// The peer will send nothing more.
    fn handle_end(&mut self, cx: &mut Cx, from: Side);
    /// The connection is no more.
    fn handle_gone(&mut self, cx: &mut Cx, side: Side);
    /// What is to be done with the connection.
    fn poll_order(&mut self, cx: &mut Cx, side: Side) -> Option<Order>;
    /// Where a connection is wanted to now, and the record that says why.
    fn take_wanted(&mut self) -> Option<(SocketAddr, Option<RecordId>)>;
    /// The connection to the server is being made.
    fn connecting(&mut self, conn: ConnId);
    /// The server was not reached, or is gone. May be told more than once.
    fn unreachable(&mut self, cx: &mut Cx);
}

/// Makes what stands between a client's connection and the one that will go to the server.
type Make<M> = Box<dyn FnMut(&mut Cx, ConnId) -> M>;

/// The program.
pub struct Relay<M> {
    port: u16,
    make: Make<M>,
    pairs: Vec<Pair<M>>,
    /// The books of the connections that are over, where books are kept.
    books: Option<Vec<Ledger>>,
}

/// A client's connection, and the one to the server once it is needed.
struct Pair<M> {
    middle: Rc<RefCell<M>>,
    down: Line<SideTalk<M>>,
    up: Option<Line<SideTalk<M>>>,
}

impl<M: Middle> Relay<M> {
    /// One that listens on this port; `books` says whether it keeps them.
    pub fn new(port: u16, make: Make<M>, books: bool) -> Self {
        Self {
            port,
            make,
            pairs: Vec::new(),
            books: books.then(Vec::new),
        }
    }

    fn accept(&mut self, cx: &mut Cx, host: &mut Host, conn: ConnId) {
        let accepted = What::AppEvent("connection accepted".into());
        cx.step(7, Some(conn), SCENARIO, accepted);
        let middle = Rc::new(RefCell::new((self.make)(cx, conn)));
        let mut down = line(&middle, Side::Client, conn, self.books.is_some());
        down.open(cx, host);
        self.pairs.push(Pair {
            middle,
            down,
            up: None,
        });
    }

    /// Connects to the server for those who need it.
    fn connect(&mut self, cx: &mut Cx, host: &mut Host) {
        let cause = cx.cause;
        for pair in &mut self.pairs {
            let Some((to, wanted)) = pair.middle.borrow_mut().take_wanted() else {
                continue;
            };
            cx.cause = wanted;
            let call = What::AppCall(format!("connect {to}").into());
            cx.step(7, None, SCENARIO, call);
            match host.connect(cx, None, to) {
                Ok(conn) => {
                    pair.middle.borrow_mut().connecting(conn);
                    let up = line(&pair.middle, Side::Server, conn, self.books.is_some());
                    pair.up = Some(up);
                }
                Err(_) => pair.middle.borrow_mut().unreachable(cx),
            }
            cx.cause = cause;
        }
    }

    /// Lets each side do what the other has brought about.
    fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
        self.connect(cx, host);
        for pair in &mut self.pairs {
            pair.settle(cx, host);
        }
        for pair in self.pairs.extract_if(.., |pair| pair.is_gone()) {
            let lines = [Some(pair.down), pair.up].into_iter().flatten();
            if let Some(books) = &mut self.books {
                books.extend(lines.filter_map(|line| line.book));
            }
        }
    }

    fn lines(&self) -> impl Iterator<Item = &Line<SideTalk<M>>> {
        let downs = self.pairs.iter().map(|pair| &pair.down);
        downs.chain(self.pairs.iter().filter_map(|pair| pair.up.as_ref()))
    }
}

fn line<M: Middle>(
    middle: &Rc<RefCell<M>>,
    side: Side,
    conn: ConnId,
    books: bool,
) -> Line<SideTalk<M>> {
    let middle = Rc::clone(middle);
    Line::new(conn, Box::new(SideTalk { middle, side }), books)
}

impl<M: Middle> Pair<M> {
    fn lines(&mut self) -> impl Iterator<Item = &mut Line<SideTalk<M>>> {
        std::iter::once(&mut self.down).chain(&mut self.up)
    }

    fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
        // one that was never open does not say that it is gone
        if self.up.as_ref().is_some_and(|up| up.is_gone) {
            self.middle.borrow_mut().unreachable(cx);
        }
        for line in self.lines().filter(|line| !line.is_gone) {
            line.settle(cx, host);
        }
    }

    fn is_gone(&self) -> bool {
        self.down.is_gone && self.up.as_ref().is_none_or(|up| up.is_gone)
    }
}

impl<M: Middle> Program for Relay<M> {
    fn start(&mut self, cx: &mut Cx, host: &mut Host) {
        let call = format!("listen on port {}", self.port);
        cx.step(7, None, SCENARIO, What::AppCall(call.into()));
        if let Err(error) = host.listen(cx, self.port) {
            cx.step(7, None, SCENARIO, What::AppEvent(error.to_string().into()));
        }
    }

    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool {
        let taken = match *event {
            HostEventKind::Tcp(Event::Accepted { listener, conn }) if listener == self.port => {
                self.accept(cx, host, conn);
                true
            }
            _ => {
                let mut lines = self.pairs.iter_mut().flat_map(Pair::lines);
                lines.any(|line| !line.is_gone && line.handle_event(cx, host, event))
            }
        };
        if taken {
            self.settle(cx, host);
        }
        taken
    }

    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host) {
        for line in self.pairs.iter_mut().flat_map(Pair::lines) {
            line.handle_timeout(cx, host);
        }
        self.settle(cx, host);
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.lines().filter_map(Line::poll_timeout).min()
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        let open = self.lines().filter_map(|line| line.book.as_ref());
        self.books.iter().flatten().chain(open).collect()
    }
}

/// What is said on one of the two connections.
struct SideTalk<M> {
    middle: Rc<RefCell<M>>,
    side: Side,
}

impl<M: Middle> Talk for SideTalk<M> {
    fn handle_open(&mut self, cx: &mut Cx) {
        self.middle.borrow_mut().handle_open(cx, self.side);
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        self.middle.borrow_mut().handle_input(cx, self.side, bytes);
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        self.middle.borrow_mut().handle_end(cx, self.side);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        self.middle.borrow_mut().handle_gone(cx, self.side);
    }

    fn handle_timeout(&mut self, _: &mut Cx) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        self.middle.borrow_mut().poll_order(cx, self.side)
    }
}
