//! An HTTP proxy before one server: it has a connection on each side, and a [`Middle`] between them.

mod middle;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use self::middle::{Middle, Side, SideTalk};
use super::Program;
use super::script::SCENARIO;
use super::tcp::Line;
use crate::base::Time;
use crate::sim::ledger::Ledger;
use crate::sim::spec;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::{ConnId, What};
use crate::stack::tcp::Event;

/// The proxy.
pub struct Proxy {
    port: u16,
    to: SocketAddr,
    upgrades: bool,
    pairs: Vec<Pair>,
    /// The books of the connections that are over, where books are kept.
    books: Option<Vec<Ledger>>,
}

/// A client's connection, and the one to the server once it is needed.
struct Pair {
    middle: Rc<RefCell<Middle>>,
    down: Line<SideTalk>,
    up: Option<Line<SideTalk>>,
}

impl Proxy {
    /// By its data; `books` says whether it keeps them.
    pub fn new(spec: &spec::Proxy, books: bool) -> Self {
        Self {
            port: spec.port,
            to: spec.to,
            upgrades: spec.upgrades,
            pairs: Vec::new(),
            books: books.then(Vec::new),
        }
    }

    fn accept(&mut self, cx: &mut Cx, host: &mut Host, conn: ConnId) {
        let accepted = What::AppEvent("connection accepted".into());
        cx.step(7, Some(conn), SCENARIO, accepted);
        let middle = Rc::new(RefCell::new(Middle::new(conn, self.to, self.upgrades)));
        let talk = SideTalk::new(&middle, Side::Client);
        let mut down = Line::new(conn, Box::new(talk), self.books.is_some());
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
            let Some(wanted) = pair.middle.borrow_mut().take_wanted() else {
                continue;
            };
            cx.cause = wanted;
            let call = What::AppCall(format!("connect {}", self.to).into());
            cx.step(7, None, SCENARIO, call);
            match host.connect(cx, None, self.to) {
                Ok(conn) => {
                    pair.middle.borrow_mut().connecting(conn);
                    let talk = SideTalk::new(&pair.middle, Side::Server);
                    pair.up = Some(Line::new(conn, Box::new(talk), self.books.is_some()));
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
}

impl Pair {
    fn lines(&mut self) -> impl Iterator<Item = &mut Line<SideTalk>> {
        std::iter::once(&mut self.down).chain(&mut self.up)
    }

    fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
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

impl Program for Proxy {
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
        let downs = self.pairs.iter().map(|pair| &pair.down);
        let ups = self.pairs.iter().filter_map(|pair| pair.up.as_ref());
        downs.chain(ups).filter_map(Line::poll_timeout).min()
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        let downs = self.pairs.iter().map(|pair| &pair.down);
        let ups = self.pairs.iter().filter_map(|pair| pair.up.as_ref());
        let open = downs.chain(ups).filter_map(|line| line.book.as_ref());
        self.books.iter().flatten().chain(open).collect()
    }
}
