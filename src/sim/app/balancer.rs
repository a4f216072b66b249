//! A load balancer: each connection that is made to it goes to the next of several servers, byte for byte.
//!
//! It works at layer 4, as simple ones do: it sees connections and bytes, and knows of no request and no session.

use std::net::SocketAddr;

use super::relay::{Middle, Relay, Side};
use super::script::SCENARIO;
use super::talk::{Order, Orders};
use crate::base::RecordId;
use crate::sim::spec;
use crate::stack::cx::Cx;
use crate::stack::record::{ConnId, What};

/// A balancer by its data; `books` says whether it keeps them.
pub fn balancer(spec: &spec::Balancer, books: bool) -> Relay<Between> {
    let (servers, mut served) = (spec.servers.clone(), 0);
    let make = move |cx: &mut Cx, _| {
        let to = servers[served % servers.len()];
        served += 1;
        let why = format!("connection {served} goes to {to}, the next in turn");
        cx.step(7, None, SCENARIO, What::Decided(why.into()));
        Between::new(to, cx.cause)
    };
    Relay::new(spec.port, Box::new(make), books)
}

/// What goes from a client's connection to the one to its server, and back.
#[derive(Debug)]
pub struct Between {
    /// The server that it will be connected to; the record that says why.
    wanted: Option<(SocketAddr, Option<RecordId>)>,
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
    fn new(to: SocketAddr, why: Option<RecordId>) -> Self {
        Self {
            wanted: Some((to, why)),
            client: Way::default(),
            server: Way::default(),
        }
    }

    fn way(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Middle for Between {
    fn handle_open(&mut self, cx: &mut Cx, side: Side) {
        let way = self.way(side);
        way.is_open = true;
        // before what has come for it meanwhile
        way.orders.push_front(cx, Order::NoDelay(true));
    }

    fn handle_input(&mut self, cx: &mut Cx, from: Side, bytes: &[u8]) {
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        self.way(from.other()).orders.push(cx, Order::Send(bytes));
    }

    fn handle_end(&mut self, cx: &mut Cx, from: Side) {
        self.way(from).has_ended = true;
        self.way(from.other()).orders.push(cx, Order::Shutdown);
    }

    /// Where its peer had not ended it in good order, the other one is broken off.
    fn handle_gone(&mut self, cx: &mut Cx, side: Side) {
        if !std::mem::replace(&mut self.way(side).has_ended, true) {
            self.way(side.other()).orders.push(cx, Order::Abort);
        }
    }

    fn poll_order(&mut self, cx: &mut Cx, side: Side) -> Option<Order> {
        let way = self.way(side);
        way.is_open.then(|| way.orders.pop(cx)).flatten()
    }

    fn take_wanted(&mut self) -> Option<(SocketAddr, Option<RecordId>)> {
        self.wanted.take()
    }

    fn connecting(&mut self, _: ConnId) {}

    fn unreachable(&mut self, cx: &mut Cx) {
        self.handle_gone(cx, Side::Server);
    }
}
