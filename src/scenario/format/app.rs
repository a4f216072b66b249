//! The tables of the programs.

use std::time::Duration;

use crate::scenario::declare::{either, table, words};
use crate::scenario::values::{Header, Number, Port, Size, Target};

use super::engineio::{EngineIoServer, MessageHandle};
use super::socketio::SocketIoServer;
use super::socketio_client::SocketIoClient;
use super::{Action, List};

table! {
    /// A program on a host.
    App {
        /// The host.
        on: String,
        /// When it starts.
        start: Duration = "0 ms",
        ..kind: AppKind
    }
}

either! {
    /// What the program does is chosen by `kind`:
    AppKind by "kind" {
        /// Opens a WebSocket and follows a script (RFC 6455).
        "websocket-client" => WebSocketClient(WebSocketClient),
        /// Accepts WebSockets, and follows a script or its handlers on each (RFC 6455).
        "websocket-server" => WebSocketServer(WebSocketServer),
        /// Serves Engine.IO by itself: messages, as its handlers say, and nothing of Socket.IO above them (protocol 4).
        "engineio-server" => EngineIoServer(EngineIoServer),
        /// Serves Socket.IO, and does what its handlers say.
        "socketio-server" => SocketIoServer(SocketIoServer),
        /// Connects to a Socket.IO server and follows a script (protocol 5, over Engine.IO 4).
        "socketio-client" => SocketIoClient(SocketIoClient),
        /// An HTTP proxy before one server: it opens tunnels (CONNECT), and passes other requests on (RFC 9110).
        "proxy" => Proxy(Proxy),
        /// A load balancer: each connection that is made to it goes to the next of several servers, byte for byte.
        "balancer" => Balancer(Balancer),
        /// Makes HTTP requests one after the other over one connection (RFC 9112).
        "http-client" => HttpClient(HttpClient),
        /// Answers HTTP requests with fixed pages, and with 404 for any other path (RFC 9112).
        "http-server" => HttpServer(HttpServer),
        /// Connects over TCP and follows a script (RFC 9293).
        "tcp-client" => TcpClient(TcpClient),
        /// Accepts TCP connections and follows a script on each (RFC 9293).
        "tcp-server" => TcpServer(TcpServer),
        /// Sends and awaits UDP datagrams (RFC 768).
        "udp-client" => UdpClient(UdpClient),
        /// Sends each UDP datagram back (RFC 862).
        "udp-echo" => UdpEcho(UdpEcho),
        /// Sends ICMP echo requests (RFC 792).
        "ping" => Ping(Ping),
        /// Sends TCP segments that it makes up, past its host's own TCP and from any address, as a raw socket lets a
        /// program do: for attacks, and for segments that stray in from nowhere.
        "raw-tcp" => RawTcp(RawTcp),
    }
}

table! {
    /// Opens a WebSocket.
    WebSocketClient {
        /// The server.
        to: Target,
        /// The path that it asks for.
        path: String = "/",
        /// The `Host` header; else what `to` says.
        host: Option<String>,
        /// The `Origin` header.
        origin: Option<String>,
        /// The `Sec-WebSocket-Version` that it offers: 13, or a wrong one.
        version: Number<0, 255> = 13,
        /// The subprotocols that it offers.
        subprotocols: List<String>,
        /// Whether it goes on only if the server agrees to one of them, as browsers do.
        needs_subprotocol: bool = false,
        /// The compression that it offers (permessage-deflate, RFC 7692); `{}` for the usual one.
        deflate: Option<Deflate>,
        /// The longest message that it takes in, in bytes, after inflating.
        max_message: Number<1, 1_000_000_000> = 16777216,
        /// The proxy that it asks for a tunnel to the server (CONNECT); else it speaks to the server itself.
        proxy: Option<Target>,
        /// What it does wrong in its request.
        mistake: Option<MistakenRequest>,
        /// The port that it sends from; else the host's next one.
        local_port: Option<Port>,
        /// What it does once the connection is open, in this order.
        script: List<Action>,
    }
}

table! {
    /// Accepts WebSockets.
    WebSocketServer {
        /// The port.
        port: Port = 80,
        /// The path that it upgrades.
        path: String = "/",
        /// The subprotocols that it speaks, the dearest first.
        subprotocols: List<String>,
        /// The origins whose pages may connect, such as `"https://chat.example"`, others are answered with 403; else all.
        origins: List<String>,
        /// The compression that it agrees to (permessage-deflate, RFC 7692); `{}` for the usual one.
        deflate: Option<Deflate>,
        /// The longest message that it takes in, in bytes, after inflating.
        max_message: Number<1, 1_000_000_000> = 16777216,
        /// What it does wrong in its answer.
        mistake: Option<MistakenAnswer>,
        /// Sends each message back.
        echo: bool = false,
        /// Answers each message with this text.
        answer: Option<String>,
        /// Sends a ping each time so much has passed.
        ping_every: Option<Duration>,
        /// What it does on each connection once that is open, in this order.
        script: List<Action>,
        /// What it does when something happens; all that fit are done, in this order.
        handle: List<MessageHandle>,
    }
}

table! {
    /// Compression of WebSocket messages (RFC 7692).
    Deflate {
        /// The server forgets what it sent before with each message: less memory, larger messages.
        server_no_context_takeover: bool = false,
        /// The client does.
        client_no_context_takeover: bool = false,
        /// How far back the server may refer at most: 2 to the power of this, in bytes.
        server_max_window_bits: Option<Number<9, 15>>,
        /// How far back the client may. A client that gives none offers to obey the server.
        client_max_window_bits: Option<Number<9, 15>>,
        /// Shorter messages are sent as they are, in bytes.
        threshold: Number<0, 1_000_000_000> = 1024,
        /// How much work goes into it.
        level: Number<0, 9> = 6,
    }
}

words! {
    /// What a WebSocket client does wrong in its request.
    MistakenRequest {
        /// There is no `Sec-WebSocket-Key`.
        NoKey = "no-key",
        /// The key is not the base64 of 16 bytes.
        ShortKey = "short-key",
        /// There are two keys.
        TwoKeys = "two-keys",
        /// The method is `POST`.
        Post = "post",
        /// The version is HTTP/1.0.
        Http10 = "http-1.0",
        /// There is no `Host`.
        NoHost = "no-host",
        /// There is no `Upgrade`.
        NoUpgrade = "no-upgrade",
    }
}

words! {
    /// What a WebSocket server does wrong in its answer.
    MistakenAnswer {
        /// `Sec-WebSocket-Accept` answers another key.
        Accept = "accept",
        /// It names a subprotocol that was not offered.
        Subprotocol = "subprotocol",
        /// It names an extension that was not offered.
        Extension = "extension",
    }
}

table! {
    /// A proxy before one server.
    Proxy {
        /// The port.
        port: Port = 3128,
        /// The server: every tunnel and every request goes there.
        to: Target,
        /// Whether it knows upgrades, and passes them on. Else it leaves `Upgrade` out, as RFC 9110 demands.
        upgrades: bool = false,
    }
}

table! {
    /// A load balancer.
    Balancer {
        /// The port.
        port: Port = 80,
        /// The servers. The first connection goes to the first of them, the next one to the next, and so on in turn.
        to: List<Target>,
    }
}

table! {
    /// Makes HTTP requests.
    HttpClient {
        /// The server.
        to: Target,
        /// The `Host` header; else what `to` says.
        host: Option<String>,
        /// The port that it sends from; else the host's next one.
        local_port: Option<Port>,
        /// The requests, in this order.
        request: List<Request>,
    }
}

table! {
    /// An HTTP request.
    Request {
        /// How long to wait after the answer to the one before.
        after: Duration = "0 ms",
        /// The method.
        method: String = "GET",
        /// The path.
        path: String = "/",
        /// More headers, each as `"Name: value"`.
        headers: List<Header>,
        /// The body.
        body: Option<String>,
    }
}

table! {
    /// Answers HTTP requests.
    HttpServer {
        /// The port.
        port: Port = 80,
        /// The pages that it has.
        page: List<Page>,
        /// The path that takes uploads: a `PUT` or `POST` to it is answered with the length and the SHA-1 of its body.
        upload: Option<String>,
    }
}

table! {
    /// What an HTTP server answers one path with.
    Page {
        /// The path.
        path: String = "/",
        /// The status code.
        status: Number<200, 599> = 200,
        /// More headers, each as `"Name: value"`.
        headers: List<Header>,
        /// The body.
        body: String = "",
        /// In place of `body`, so many bytes that are made up: lines of 16 bytes, each of them its own place in decimal.
        body_size: Option<Size>,
    }
}

table! {
    /// Connects over TCP.
    TcpClient {
        /// The server.
        to: Target,
        /// The port that it sends from; else the host's next one.
        local_port: Option<Port>,
        /// What it does once the connection is established, in this order.
        script: List<Action>,
    }
}

table! {
    /// Accepts TCP connections.
    TcpServer {
        /// The port.
        port: Port,
        /// Sends all bytes back.
        echo: bool = false,
        /// Answers whatever comes with this text.
        answer: Option<String>,
        /// What it does on each connection once that is established, in this order.
        script: List<Action>,
    }
}

table! {
    /// Sends and awaits UDP datagrams.
    UdpClient {
        /// The server.
        to: Target,
        /// The port that it sends from; else the host's next one.
        local_port: Option<Port>,
        /// What it does, in this order.
        script: List<Action>,
    }
}

table! {
    /// Sends each UDP datagram back.
    UdpEcho {
        /// The port.
        port: Port = 7,
    }
}

table! {
    /// Sends ICMP echo requests.
    Ping {
        /// A node or an address.
        to: String,
        /// How many.
        count: Number<1, 1000> = 1,
        /// How long from one to the next.
        interval: Duration = "1 s",
        /// Bytes of data in each.
        size: Number<0, 65_507> = 56,
    }
}

table! {
    /// Sends TCP segments that it makes up. What is answered goes to `from`, whoever that is.
    RawTcp {
        /// Who the segments say they come from: a node or an address, and a port. It need not be true.
        from: Target,
        /// Where they go.
        to: Target,
        /// What is sent, in this order.
        segment: List<RawSegment>,
    }
}

table! {
    /// A TCP segment that is made up, or several that differ by a step. Its checksum is right.
    RawSegment {
        /// How long to wait before the first.
        after: Duration = "0 ms",
        /// The control bits.
        flags: List<Flag>,
        /// The sequence number of the first, as it is on the wire.
        seq: Number<0, 4_294_967_295> = 0,
        /// The acknowledgment number, as it is on the wire.
        ack: Number<0, 4_294_967_295> = 0,
        /// The window, as it is on the wire.
        window: Number<0, 65_535> = 65535,
        /// The data.
        text: String = "",
        /// How many are sent.
        count: Number<1, 10_000> = 1,
        /// How long from one to the next.
        every: Duration = "0 ms",
        /// By how much the sequence number grows from one to the next.
        step_seq: Number<0, 4_294_967_295> = 0,
        /// By how much the address that it says it comes from grows.
        step_address: Number<0, 65_535> = 0,
        /// By how much the port that it says it comes from grows.
        step_port: Number<0, 65_535> = 0,
    }
}

words! {
    /// A control bit of a TCP segment.
    Flag {
        /// It begins a direction's numbers.
        Syn = "syn",
        /// Its acknowledgment number counts.
        Ack = "ack",
        /// The program should get the data soon.
        Psh = "psh",
        /// It ends a direction.
        Fin = "fin",
        /// It breaks the connection off.
        Rst = "rst",
        /// Its urgent pointer counts.
        Urg = "urg",
    }
}
