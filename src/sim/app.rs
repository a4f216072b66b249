//! The programs that run on hosts.
//!
//! A [`Program`] is what a host runs. Those that speak over TCP are one of the two of `tcp`, a listener or a
//! connector, and differ in their `talk::Talk`: `bytes`, `http`, `websocket`; a `proxy` and a `balancer` are both. A
//! server that looks at all its connections together is a [`Service`]: `engineio`, `socketio`,
//! `websockets`; a client with several connections has
//! them in `wires`: `socketio_client`. To add one: its data in `sim::spec`, a `Talk` or a `Service` in a file of its own
//! here, and a line in [`program`].

mod balancer;
mod bytes;
mod diary;
mod door;
mod engineio;
mod fill;
mod http;
mod messages;
mod patience;
mod ping;
mod proxy;
mod raw;
mod relay;
mod script;
mod service;
mod socketio;
mod socketio_client;
mod talk;
mod tcp;
mod ticks;
mod tunnel;
mod udp;
mod websocket;
mod websockets;
mod wires;

use self::balancer::balancer;
use self::bytes::Bytes;
use self::engineio::EngineIo;
use self::http::{HttpClient, HttpServer};
use self::patience::Patience;
use self::ping::Ping;
use self::proxy::proxy;
use self::raw::RawTcp;
use self::service::Each;
use self::socketio_client::SocketIoProgram;
use self::tcp::{connect, listen, serve};
use self::udp::{UdpClient, UdpEcho};
use self::websocket::WebSocketTalk;
use self::websockets::WebSockets;
use super::ledger::Ledger;
use super::spec::AppKind;
use crate::base::{Rng, Time};
use crate::stack::cx::Cx;
use crate::stack::host::{Host, HostEventKind};
use crate::stack::tcp::Unreachable;

pub use service::{Said, Service};
pub use socketio::{Outside, SocketIo};
pub use talk::{Order, made_up};

/// What a host runs. It is called when something happens, and uses the host by the host's own verbs.
pub trait Program {
    /// It is started.
    fn start(&mut self, cx: &mut Cx, host: &mut Host);
    /// The host tells something; whether it was for this program.
    fn handle_event(&mut self, cx: &mut Cx, host: &mut Host, event: &HostEventKind) -> bool;
    /// A time of [`Program::poll_timeout`] has come, its own or another program's.
    fn handle_timeout(&mut self, cx: &mut Cx, host: &mut Host);
    /// When it wants to be called.
    fn poll_timeout(&self) -> Option<Time>;
    /// Its books, one for each TCP connection that it has or had, where they are kept.
    fn ledgers(&self) -> Vec<&Ledger> {
        Vec::new()
    }
}

/// The program that `kind` describes: the one at `index` of those on its host. Its chance comes from `rng`; `books`
/// says whether it keeps a [`Ledger`] of each TCP connection.
pub fn program(kind: &AppKind, index: usize, rng: Rng, books: bool) -> Box<dyn Program> {
    match kind.clone() {
        AppKind::TcpServer(spec) => listen(spec.port, books, move |conn| {
            Box::new(Bytes::server(conn, &spec.script, &spec.reply))
        }),
        AppKind::TcpClient(spec) => connect(spec.to, spec.local_port, books, move |conn| {
            Box::new(Bytes::client(conn, &spec.script))
        }),
        AppKind::HttpServer(spec) => listen(spec.port, books, move |conn| {
            Box::new(HttpServer::new(conn, &spec))
        }),
        AppKind::HttpClient(spec) => connect(spec.to, spec.local_port, books, move |conn| {
            Box::new(HttpClient::new(conn, &spec))
        }),
        AppKind::WebSocketServer(spec) if spec.handlers.is_empty() => {
            listen(spec.port, books, move |conn| {
                Box::new(WebSocketTalk::server(conn, &spec))
            })
        }
        AppKind::WebSocketServer(spec) => serve(spec.port, books, Box::new(WebSockets::new(&spec))),
        AppKind::WebSocketClient(spec) => connect(spec.to, spec.local_port, books, move |conn| {
            Box::new(WebSocketTalk::client(conn, &spec, rng.clone()))
        }),
        AppKind::EngineIoServer(spec) => {
            serve(spec.port, books, Box::new(EngineIo::new(&spec, rng)))
        }
        AppKind::SocketIoServer(spec) => {
            serve(spec.port, books, Box::new(SocketIo::new(&spec, rng)))
        }
        AppKind::SocketIoClient(spec) => Box::new(SocketIoProgram::new(spec, books, rng)),
        AppKind::Proxy(spec) => Box::new(proxy(&spec, books)),
        AppKind::Balancer(spec) => Box::new(balancer(&spec, books)),
        AppKind::UdpEcho(spec) => Box::new(UdpEcho::new(&spec)),
        AppKind::UdpClient(spec) => Box::new(UdpClient::new(&spec)),
        AppKind::RawTcp(spec) => Box::new(RawTcp::new(&spec)),
        AppKind::Ping(spec) => Box::new(Ping::new(&spec, index as u16 + 1)),
    }
}

/// The server that `kind` describes, as a service on its own port, for real sockets; `None` for other programs. Its chance
/// comes from `rng`.
pub fn service(kind: &AppKind, rng: Rng, outside: Outside) -> Option<(u16, Box<dyn Service>)> {
    Some(match kind.clone() {
        AppKind::EngineIoServer(spec) => {
            (spec.port, Box::new(EngineIo::outside(&spec, rng, outside)))
        }
        AppKind::SocketIoServer(spec) => {
            (spec.port, Box::new(SocketIo::outside(&spec, rng, outside)))
        }
        AppKind::WebSocketServer(spec) => {
            (spec.port, Box::new(WebSockets::outside(&spec, outside)))
        }
        AppKind::HttpServer(spec) => {
            let port = spec.port;
            let patience = Patience::new(outside.request_timeout, outside.idle_timeout);
            let speak = move |conn| HttpServer::new(conn, &spec).with_patience(patience);
            (port, Box::new(Each::new(speak)))
        }
        _ => return None,
    })
}

/// Why a peer cannot be reached, in words.
fn reason(why: Unreachable) -> &'static str {
    match why {
        Unreachable::Net => "no way to the network of the peer",
        Unreachable::Host => "no way to the peer, or no such peer",
        Unreachable::Protocol => "the peer does not speak the protocol",
        Unreachable::Port => "nobody listens on the port",
        Unreachable::TooBig { .. } => "a packet is too big for a hop on the way",
        Unreachable::TimeExceeded => "the time to live ran out on the way",
        Unreachable::Other => "the peer cannot be reached",
    }
}
