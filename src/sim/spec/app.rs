//! The programs that run on hosts: declarative scripts.

use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use super::{EngineIoServer, MessageHandler, SocketIoClient, SocketIoServer};
use crate::base::NodeId;
use crate::proto::tcp::TcpFlags;
use crate::stack::websocket::{DeflateOptions, MAX_MESSAGE, WrongAnswer, WrongRequest};

/// A program on a host.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// The host.
    pub on: NodeId,
    /// When it starts.
    pub start: Duration,
    /// What it does.
    pub kind: AppKind,
}

/// What a program does.
#[derive(Debug, Clone, PartialEq)]
pub enum AppKind {
    /// Speaks bytes over TCP with whoever connects.
    TcpServer(TcpServer),
    /// Connects over TCP and speaks bytes.
    TcpClient(TcpClient),
    /// Sends each datagram back (RFC 862).
    UdpEcho(UdpEcho),
    /// Sends and awaits datagrams.
    UdpClient(UdpClient),
    /// Sends ICMP echo requests.
    Ping(Ping),
    /// Sends TCP segments that it makes up.
    RawTcp(RawTcp),
    /// Answers HTTP requests with fixed pages.
    HttpServer(HttpServer),
    /// Makes HTTP requests one after the other over one connection.
    HttpClient(HttpClient),
    /// A WebSocket server.
    WebSocketServer(WebSocketServer),
    /// A WebSocket client.
    WebSocketClient(WebSocketClient),
    /// An Engine.IO server by itself.
    EngineIoServer(EngineIoServer),
    /// A Socket.IO server.
    SocketIoServer(SocketIoServer),
    /// A Socket.IO client.
    SocketIoClient(SocketIoClient),
    /// An HTTP proxy.
    Proxy(Proxy),
    /// A load balancer.
    Balancer(Balancer),
}

impl AppKind {
    /// Whether it waits for whoever comes.
    pub fn is_server(&self) -> bool {
        match self {
            Self::TcpServer(_)
            | Self::UdpEcho(_)
            | Self::HttpServer(_)
            | Self::WebSocketServer(_)
            | Self::EngineIoServer(_)
            | Self::SocketIoServer(_)
            | Self::Proxy(_)
            | Self::Balancer(_) => true,
            Self::TcpClient(_)
            | Self::UdpClient(_)
            | Self::Ping(_)
            | Self::RawTcp(_)
            | Self::HttpClient(_)
            | Self::WebSocketClient(_)
            | Self::SocketIoClient(_) => false,
        }
    }
}

/// One thing that a program does. The next one follows when it is done; all but the waits are done at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sends a message: over WebSocket a message, over TCP its bytes, over UDP a datagram.
    Send(Content),
    /// Sends a WebSocket message in fragments.
    SendFragments {
        /// The message.
        content: Content,
        /// The most bytes of payload in one frame.
        size: usize,
        /// The payload of a ping between any two of them, if there is to be one; its number follows it.
        ping: Option<Vec<u8>>,
    },
    /// Sends a WebSocket ping with this payload (of at most 125 bytes).
    Ping(Vec<u8>),
    /// Waits for the next message: over WebSocket a message, over TCP any bytes, over UDP a datagram.
    Await,
    /// Waits for this: over TCP until these bytes have come, over WebSocket or UDP for a message that is equal.
    /// Other messages stay, to be awaited later.
    AwaitContent(Content),
    /// Waits until so many bytes have come (TCP alone).
    AwaitBytes(usize),
    /// Waits for a WebSocket pong.
    AwaitPong,
    /// Waits until the peer has ended its side.
    AwaitClose,
    /// Waits so long.
    Wait(Duration),
    /// Reads in this way from now on (over TCP).
    Read(Reading),
    /// Sends what is written at once from now on, without the Nagle algorithm, or with it again (over TCP).
    NoDelay(bool),
    /// Ends the sending side and goes on receiving (TCP alone).
    Shutdown,
    /// Closes: over WebSocket with this code and reason (RFC 6455 §7.4), over TCP with a FIN.
    Close {
        /// The status code, such as 1000; `None`: a Close frame without a body.
        code: Option<u16>,
        /// The reason, empty for none.
        reason: String,
    },
    /// Breaks the connection off with a RST.
    Abort,
}

/// How a program reads what has come over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// All of it, as soon as it comes.
    #[default]
    AtOnce,
    /// Not at all: it stays where TCP keeps it.
    Not,
    /// At most so many bytes at a time, and then a pause.
    Slowly {
        /// The most bytes, at least 1.
        most: usize,
        /// The pause.
        every: Duration,
    },
}

/// What is sent. It may be long: clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, sent as UTF-8.
    Text(Arc<str>),
    /// Bytes.
    Binary(Arc<[u8]>),
}

/// What a server answers each message with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nothing,
    /// The same.
    Echo,
    /// Always this.
    Fixed(Content),
}

impl Reply {
    /// What a message is answered with, if it is.
    pub fn to<'a>(&'a self, message: &'a Content) -> Option<&'a Content> {
        match self {
            Self::Nothing => None,
            Self::Echo => Some(message),
            Self::Fixed(reply) => Some(reply),
        }
    }
}

/// A load balancer: each connection goes to the next of the servers, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balancer {
    /// The port.
    pub port: u16,
    /// The servers, at least one.
    pub servers: Vec<SocketAddr>,
}

/// Speaks bytes over TCP with whoever connects.
#[derive(Debug, Clone, PartialEq)]
pub struct TcpServer {
    /// The port.
    pub port: u16,
    /// What it answers the bytes of each read with. [`Reply::Nothing`] leaves them to the script.
    pub reply: Reply,
    /// What it does on each connection once that is established. At its end the connection stays open, and is
    /// closed when the peer has closed.
    pub script: Vec<Action>,
}

/// Connects over TCP and speaks bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct TcpClient {
    /// The server.
    pub to: SocketAddr,
    /// The port it sends from; else the host's next one.
    pub local_port: Option<u16>,
    /// What it does once the connection is established.
    pub script: Vec<Action>,
}

/// Sends each datagram back (RFC 862).
#[derive(Debug, Clone, PartialEq)]
pub struct UdpEcho {
    /// The port.
    pub port: u16,
}

/// Sends and awaits datagrams.
#[derive(Debug, Clone, PartialEq)]
pub struct UdpClient {
    /// The server.
    pub to: SocketAddr,
    /// The port it sends from; else the host's next one.
    pub local_port: Option<u16>,
    /// What it does.
    pub script: Vec<Action>,
}

/// Sends ICMP echo requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Ping {
    /// Whom.
    pub to: IpAddr,
    /// How many.
    pub count: u16,
    /// From one to the next.
    pub interval: Duration,
    /// Bytes of data in each.
    pub size: usize,
}

/// Sends TCP segments that it makes up, past its host's own TCP.
#[derive(Debug, Clone, PartialEq)]
pub struct RawTcp {
    /// Who the segments say they come from: any address, the host's own or another's.
    pub from: SocketAddrV4,
    /// Where they go.
    pub to: SocketAddrV4,
    /// What is sent, in this order.
    pub segments: Vec<RawSegment>,
}

/// A made-up segment, or several that differ by a step. Its checksum is right.
#[derive(Debug, Clone, PartialEq)]
pub struct RawSegment {
    /// How long is waited before the first.
    pub after: Duration,
    /// The control bits.
    pub flags: TcpFlags,
    /// The sequence number of the first, raw.
    pub seq: u32,
    /// The acknowledgment number, raw.
    pub ack: u32,
    /// The window, as it stands in the header.
    pub window: u16,
    /// The data.
    pub text: String,
    /// How many are sent.
    pub count: u32,
    /// From one to the next.
    pub every: Duration,
    /// By how much the sequence number grows from one to the next.
    pub step_seq: u32,
    /// By how much the source address does.
    pub step_address: u32,
    /// By how much the source port does.
    pub step_port: u16,
}

/// Answers HTTP requests with fixed pages; 404 for any other path.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpServer {
    /// The port.
    pub port: u16,
    /// The pages.
    pub pages: Vec<Page>,
    /// The path that takes uploads: a `PUT` or `POST` to it is answered with the length of its body and the SHA-1 of it.
    pub upload: Option<String>,
}

/// What an HTTP server answers one path with.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The path, such as `/`.
    pub path: String,
    /// The status code, such as 200.
    pub status: u16,
    /// Headers beside `Date`, `Server`, `Content-Length` and `Connection`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Content,
    /// In place of `body`, so many bytes that are made up: lines of 16 bytes, each of them its own place in decimal.
    pub made_up: Option<u64>,
}

/// Makes HTTP requests one after the other over one connection, then closes it.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpClient {
    /// The server.
    pub to: SocketAddr,
    /// The `Host` header, such as `server`.
    pub host: String,
    /// The port it sends from; else the host's next one.
    pub local_port: Option<u16>,
    /// The requests.
    pub requests: Vec<Request>,
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// How long it waits before it, counted from the answer to the one before.
    pub after: Duration,
    /// The method, such as `GET`.
    pub method: String,
    /// The path, such as `/`.
    pub path: String,
    /// Headers beside `Host`, `User-Agent`, `Accept`, `Connection` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Content>,
}

/// A WebSocket server (RFC 6455).
#[derive(Debug, Clone, PartialEq)]
pub struct WebSocketServer {
    /// The port.
    pub port: u16,
    /// The path that it upgrades; 404 for any other.
    pub path: String,
    /// The subprotocols that it speaks, the dearest first.
    pub subprotocols: Vec<String>,
    /// What it answers each text or binary message with.
    pub reply: Reply,
    /// Sends a ping each time so much has passed.
    pub ping_interval: Option<Duration>,
    /// What it grants, beside path and subprotocols.
    pub policy: ServerPolicy,
    /// What it does on each connection once that is open.
    pub script: Vec<Action>,
    /// What it does when something happens; all that fit are done, in this order.
    pub handlers: Vec<MessageHandler>,
}

/// A WebSocket client (RFC 6455).
#[derive(Debug, Clone, PartialEq)]
pub struct WebSocketClient {
    /// The server.
    pub to: SocketAddr,
    /// The `Host` header, such as `server`.
    pub host: String,
    /// The `Origin` header, if it sends one.
    pub origin: Option<String>,
    /// The path that it asks for.
    pub path: String,
    /// The `Sec-WebSocket-Version` that it offers: 13, or a wrong one.
    pub version: u16,
    /// The subprotocols that it offers.
    pub subprotocols: Vec<String>,
    /// What it asks for beside them.
    pub policy: ClientPolicy,
    /// What it asks the proxy `to` for first, by CONNECT, such as `chat.example:80`; `None`: it speaks to the server.
    pub tunnel: Option<String>,
    /// The port it sends from; else the host's next one.
    pub local_port: Option<u16>,
    /// What it does once the connection is open.
    pub script: Vec<Action>,
}

/// What a WebSocket server grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPolicy {
    /// The origins whose pages may connect; none: all.
    pub origins: Vec<String>,
    /// The compression that it agrees to.
    pub deflate: Option<DeflateOptions>,
    /// The longest message that it takes.
    pub max_message: usize,
    /// What it does wrong in its answer.
    pub wrong: Option<WrongAnswer>,
}

impl Default for ServerPolicy {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            deflate: None,
            max_message: MAX_MESSAGE,
            wrong: None,
        }
    }
}

/// What a WebSocket client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientPolicy {
    /// The compression that it offers.
    pub deflate: Option<DeflateOptions>,
    /// The longest message that it takes.
    pub max_message: usize,
    /// Whether it goes on only if one of its subprotocols is agreed to.
    pub needs_subprotocol: bool,
    /// What it does wrong in its request.
    pub wrong: Option<WrongRequest>,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self {
            deflate: None,
            max_message: MAX_MESSAGE,
            needs_subprotocol: false,
            wrong: None,
        }
    }
}

/// An HTTP proxy before one server. It tunnels what asks for a tunnel (CONNECT), and passes other requests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The port.
    pub port: u16,
    /// The server.
    pub to: SocketAddr,
    /// Whether it knows upgrades: it passes `Upgrade` on, and tunnels after a 101. Else it leaves that field out, as
    /// every proxy must that does not know what it asks for (RFC 9110 §7.6.1).
    pub upgrades: bool,
}
