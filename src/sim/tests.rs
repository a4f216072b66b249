//! Whole worlds: what comes out of a [`Spec`].

mod apps;
mod faults;
mod links;
mod noise;
mod power;
mod real;
mod socketio_client;
mod truth;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::outcome::{Outcome, Transmission};
use super::run;
use super::spec::*;
use crate::base::{FrameId, LinkId, NodeId};
use crate::stack::record::{Record, What};

const CLIENT: NodeId = NodeId(0);
const SERVER: NodeId = NodeId(1);
const SWITCH: NodeId = NodeId(2);
const CLIENT_IP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const SERVER_IP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

fn server_at(port: u16) -> SocketAddr {
    SocketAddr::new(SERVER_IP.into(), port)
}

fn host(index: usize, name: &str, ip: Ipv4Addr) -> Node {
    Node {
        name: name.to_owned(),
        kind: NodeKind::Host(Host::new(index, ip, 24)),
    }
}

fn app(on: NodeId, kind: AppKind) -> App {
    App {
        on,
        start: Duration::ZERO,
        kind,
    }
}

/// Two hosts on one link with 10 ms of delay, and these programs.
fn two_hosts(seed: u64, apps: Vec<App>) -> Spec {
    let nodes = vec![host(0, "client", CLIENT_IP), host(1, "server", SERVER_IP)];
    let links = vec![Link {
        delay: ms(10),
        ..Link::new(CLIENT, SERVER)
    }];
    Spec {
        nodes,
        links,
        apps,
        ..Spec::new(seed)
    }
}

/// The same two hosts on a switch between them: the client's link is 0, the server's 1.
fn over_switch(seed: u64, apps: Vec<App>) -> Spec {
    let mut spec = two_hosts(seed, apps);
    spec.nodes.push(Node {
        name: "switch".to_owned(),
        kind: NodeKind::Switch,
    });
    let link = |node| Link {
        delay: ms(5),
        ..Link::new(node, SWITCH)
    };
    spec.links = vec![link(CLIENT), link(SERVER)];
    spec
}

fn tcp_server(reply: Reply, script: Vec<Action>) -> App {
    app(
        SERVER,
        AppKind::TcpServer(TcpServer {
            port: 7,
            reply,
            script,
        }),
    )
}

fn tcp_client(script: Vec<Action>) -> App {
    let (to, local_port) = (server_at(7), None);
    app(
        CLIENT,
        AppKind::TcpClient(TcpClient {
            to,
            local_port,
            script,
        }),
    )
}

fn close() -> Action {
    Action::Close {
        code: None,
        reason: String::new(),
    }
}

/// An echo over TCP: `hello` there and back, then the client closes.
fn echo() -> Vec<App> {
    let script = vec![
        Action::Send(text("hello")),
        Action::AwaitContent(text("hello")),
        close(),
    ];
    vec![tcp_server(Reply::Echo, vec![]), tcp_client(script)]
}

/// A WebSocket conversation: a text each way, a push without a request, ping and pong, and the client closes.
fn websocket() -> Vec<App> {
    let server = WebSocketServer {
        port: 80,
        path: "/chat".to_owned(),
        subprotocols: vec!["chat".to_owned()],
        reply: Reply::Fixed(text("hello")),
        ping_interval: Some(ms(400)),
        policy: ServerPolicy::default(),
        handlers: Vec::new(),
        script: vec![Action::Wait(ms(300)), Action::Send(text("news"))],
    };
    let client = WebSocketClient {
        to: server_at(80),
        host: "server".to_owned(),
        origin: None,
        path: "/chat".to_owned(),
        version: 13,
        subprotocols: vec!["chat".to_owned(), "other".to_owned()],
        policy: ClientPolicy::default(),
        tunnel: None,
        local_port: None,
        script: vec![
            Action::Send(text("hi")),
            Action::AwaitContent(text("hello")),
            Action::AwaitContent(text("news")),
            Action::Ping(b"?".to_vec()),
            Action::AwaitPong,
            Action::Wait(ms(300)),
            Action::Close {
                code: Some(1000),
                reason: "bye".to_owned(),
            },
        ],
    };
    vec![
        app(SERVER, AppKind::WebSocketServer(server)),
        app(CLIENT, AppKind::WebSocketClient(client)),
    ]
}

/// The application's calls and events at a node, in order.
fn told(outcome: &Outcome, node: NodeId) -> Vec<String> {
    let mine = outcome
        .log
        .records()
        .iter()
        .filter(|record| record.node == Some(node));
    let text = |record: &Record| match &record.what {
        What::AppCall(text) => Some(format!("> {text}")),
        What::AppEvent(text) | What::Log(text) => Some(format!("< {text}")),
        _ => None,
    };
    mine.filter_map(text).collect()
}

fn discarded(outcome: &Outcome) -> Vec<String> {
    let text = |record: &Record| match &record.what {
        What::Discarded(text) => Some(text.to_string()),
        _ => None,
    };
    outcome.log.records().iter().filter_map(text).collect()
}

/// The TCP flags of a frame, if it is one of TCP without options in its IPv4 header.
fn tcp_flags(frame: &Transmission) -> Option<u8> {
    let is_tcp = frame.bytes[12..14] == [8, 0] && frame.bytes[23] == 6;
    is_tcp.then(|| frame.bytes[47])
}
