//! A load balancer: each connection that is made to it goes to the next of several servers, byte for byte.
//!
//! It works at layer 4, as simple ones do: it sees connections and bytes, and knows of no request and no session.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::Program;
use super::script::SCENARIO;
use super::talk::{Order, Orders, Talk};
use super::tcp::Line;
use crate::base::Time;
use crate::sim::ledger::Ledger;
use crate::sim::spec;
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::record::{ConnId, What};
use crate::stack::tcp::Event;

/// The balancer.
pub struct Balancer {
    port: u16,
    servers: Vec<SocketAddr>,
    /// How many connections were made to it.
    served: usize,
    pairs: Vec<Pair>,
    /// The books of the connections that are over, where books are kept.
    books: Option<Vec<Ledger>>,
}

impl Balancer {
    /// By its data; `books` says whether it keeps them.
    pub fn new(spec: &spec::Balancer, books: bool) -> Self {
        Self {
            port: spec.port,
            servers: spec.servers.clone(),
            served: 0,
            pairs: Vec::new(),
            books: books.then(Vec::new),
        }
    }

    /// Connects a client's connection with the next server.
    fn accept(&mut self, cx: &mut Cx, host: &mut Host, conn: ConnId) {
        let accepted = What::AppEvent("connection accepted".into());
        cx.step(7, Some(conn), SCENARIO, accepted);
        let to = self.servers[self.served % self.servers.len()];
        self.served += 1;
        let why = format!("connection {} goes to {to}, the next in turn", self.served);
        cx.step(7, Some(conn), SCENARIO, What::Decided(why.into()));
        let between = Rc::new(RefCell::new(Between::default()));
        let line = |side, conn| {
            let between = between.clone();
            let talk: Box<dyn Talk> = Box::new(SideTalk { side, between });
            Line::new(conn, talk, self.books.is_some())
        };
        let mut down = line(Side::Client, conn);
        down.open(cx, host);
        let call = What::AppCall(format!("connect {to}").into());
        cx.step(7, None, SCENARIO, call);
        let up = host.connect(cx, None, to).ok();
        let up = up.map(|conn| line(Side::Server, conn));
        self.pairs.push(Pair { between, down, up });
    }

    /// Lets each side do what the other has brought about.
    fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
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

/// A client's connection, and the one to the server: `None` where there is no way to it.
struct Pair {
    between: Rc<RefCell<Between>>,
    down: Line,
    up: Option<Line>,
}

impl Pair {
    fn lines(&mut self) -> impl Iterator<Item = &mut Line> {
        std::iter::once(&mut self.down).chain(&mut self.up)
    }

    fn settle(&mut self, cx: &mut Cx, host: &mut Host) {
        // one that was never open does not say that it is gone
        if self.up.as_ref().is_none_or(|up| up.is_gone) {
            self.between.borrow_mut().lose(cx, Side::Server);
        }
        for line in self.lines().filter(|line| !line.is_gone) {
            line.settle(cx, host);
        }
    }

    fn is_gone(&self) -> bool {
        self.down.is_gone && self.up.as_ref().is_none_or(|up| up.is_gone)
    }
}

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// What goes from one connection to the other.
#[derive(Debug, Default)]
struct Between {
    client: Way,
    server: Way,
}

/// One of the connections.
#[derive(Debug, Default)]
struct Way {
    is_open: bool,
    /// Its peer will send nothing more, or was never there.
    has_ended: bool,
    orders: Orders,
}

impl Between {
    fn way(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn other(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Client => &mut self.server,
            Side::Server => &mut self.client,
        }
    }

    /// A connection is no more. Where its peer had not ended it in good order, the other one is broken off.
    fn lose(&mut self, cx: &Cx, side: Side) {
        if !std::mem::replace(&mut self.way(side).has_ended, true) {
            self.other(side).orders.push(cx, Order::Abort);
        }
    }
}

/// What is said on one of the connections: what came on the other.
struct SideTalk {
    side: Side,
    between: Rc<RefCell<Between>>,
}

impl Talk for SideTalk {
    fn handle_open(&mut self, cx: &mut Cx) {
        let mut between = self.between.borrow_mut();
        let way = between.way(self.side);
        way.is_open = true;
        // before what has come for it meanwhile
        way.orders.push_front(cx, Order::NoDelay(true));
    }

    fn handle_input(&mut self, cx: &mut Cx, bytes: &[u8]) {
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        let mut between = self.between.borrow_mut();
        between.other(self.side).orders.push(cx, Order::Send(bytes));
    }

    fn handle_end(&mut self, cx: &mut Cx) {
        let mut between = self.between.borrow_mut();
        between.way(self.side).has_ended = true;
        between.other(self.side).orders.push(cx, Order::Shutdown);
    }

    fn handle_gone(&mut self, cx: &mut Cx) {
        self.between.borrow_mut().lose(cx, self.side);
    }

    fn handle_timeout(&mut self, _: &mut Cx) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn poll_order(&mut self, cx: &mut Cx) -> Option<Order> {
        let mut between = self.between.borrow_mut();
        let way = between.way(self.side);
        way.is_open.then(|| way.orders.pop(cx)).flatten()
    }
}

impl Program for Balancer {
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

    fn handle_timeout(&mut self, _: &mut Cx, _: &mut Host) {}

    fn poll_timeout(&self) -> Option<Time> {
        None
    }

    fn ledgers(&self) -> Vec<&Ledger> {
        let downs = self.pairs.iter().map(|pair| &pair.down);
        let ups = self.pairs.iter().filter_map(|pair| pair.up.as_ref());
        let open = downs.chain(ups).filter_map(|line| line.book.as_ref());
        self.books.iter().flatten().chain(open).collect()
    }
}
