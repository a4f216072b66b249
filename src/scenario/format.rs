//! The scenario file: every table and key that there is.

mod expect;
mod lesson;

use std::net::Ipv4Addr;
use std::time::Duration;

use super::declare::{either, table, words};
use super::read::{At, NoKeys};
use super::values::Header;
use super::values::{Hex, Mac, Name, Number, Port, Prefixed, Rate, Target};
use crate::proto::filter::Filter;

pub(in crate::scenario) use expect::{BetweenExpect, Expect, ExpectKind, Expert, State};
pub(in crate::scenario) use lesson::{Ask, Note, WrongAnswer};

pub use expect::RecordKind;
pub use lesson::Idea;

/// A list of tables.
pub(in crate::scenario) type List<T> = Vec<At<T>>;

table! {
    /// The whole file: what it is called, what it teaches, and the world that is run.
    File {
        /// What the walk is called.
        title: String,
        /// One line for the catalogue.
        summary: String,
        /// Its place in the catalogue; smaller numbers come first.
        order: Number<0, 1000> = 1000,
        /// Where all chance comes from (initial sequence numbers, keys, masks): the same seed gives the same bytes.
        seed: Number<0, 9_223_372_036_854_775_807> = 42,
        /// What the learner reads before the walk. An empty line starts a new paragraph.
        lesson: String = "",
        /// When the run is ended at the latest, in simulated time.
        limit: Duration = "10 min",
        /// The hosts and switches.
        node: List<Node>,
        /// The cables between them.
        link: List<Link>,
        /// The programs on the hosts.
        app: List<App>,
        /// What goes wrong on the links. The first one that fits a frame decides.
        fault: List<Fault>,
        /// Explanations at certain frames.
        note: List<Note>,
        /// Questions to the learner before certain frames.
        ask: List<Ask>,
        /// What must be true of the run.
        expect: List<Expect>,
        /// Expert findings that the scenario means to show.
        expert: List<Expert>,
    }
}

table! {
    /// A host or a switch.
    Node {
        /// What it is called. Other tables name it so.
        name: Name,
        /// What it is.
        kind: NodeKind = "host",
        /// A host's address and the prefix length of its network.
        ip: Option<Prefixed>,
        /// A host's MAC address; else one is made from its place in the file.
        mac: Option<Mac>,
        /// Where a host sends packets for other networks.
        gateway: Option<Ipv4Addr>,
        /// The largest IP packet of a host's interface, in bytes.
        mtu: Number<576, 9000> = 1500,
        /// Whether a host's TCP offers window scaling (RFC 7323).
        window_scaling: bool = true,
        /// Whether a host's TCP offers selective acknowledgments (RFC 2018).
        sack: bool = true,
        /// Whether a host's TCP offers timestamps (RFC 7323).
        timestamps: bool = true,
        /// The largest TCP segment that a host asks for, in bytes of data; else the MTU less 40.
        mss: Option<Number<1, 65_495>>,
        /// A host's TCP receive buffer, in bytes.
        receive_buffer: Option<Number<256, 1_073_725_440>>,
    }
}

words! {
    /// What a node is.
    NodeKind {
        /// A host with a whole stack and one interface.
        Host = "host",
        /// A learning switch: it looks at MAC addresses alone.
        Switch = "switch",
    }
}

table! {
    /// A full-duplex cable between two nodes.
    Link {
        /// The two nodes.
        ends: [At<String>; 2],
        /// How long a bit takes from one end to the other.
        delay: Duration = "0 ms",
        /// How many bits are sent in a second.
        rate: Rate = "100 Mbit/s",
        /// How many frames may wait in each direction; one more is lost.
        queue: Number<0, 1_000_000> = 1000,
    }
}

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
        /// Accepts WebSockets and follows a script on each (RFC 6455).
        "websocket-server" => WebSocketServer(WebSocketServer),
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
        /// Sends each message back.
        echo: bool = false,
        /// Answers each message with this text.
        answer: Option<String>,
        /// Sends a ping each time so much has passed.
        ping_every: Option<Duration>,
        /// What it does on each connection once that is open, in this order.
        script: List<Action>,
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
    /// One thing that a program does. The next one follows when it is done; only waiting takes time.
    Action {
        ..what: ActionKind
    }
}

either! {
    /// What is done is told by the key that is there:
    ActionKind {
        /// Sends text: a WebSocket message, bytes over TCP, a UDP datagram.
        "send" => Send(Send),
        /// Sends bytes: a binary WebSocket message, bytes over TCP, a UDP datagram.
        "send_hex" => SendHex(SendHex),
        /// Sends a text of so many letters.
        "send_size" => SendSize(SendSize),
        /// Sends a WebSocket ping.
        "ping" => Ping(PingAction),
        /// Waits for something.
        "await" => Await(Await),
        /// Waits for this text: a message that is equal, or over TCP until it has come.
        "await_text" => AwaitText(AwaitText),
        /// Waits until so many bytes have come over TCP.
        "await_bytes" => AwaitBytes(AwaitBytes),
        /// Waits so long.
        "wait" => Wait(Wait),
        /// Closes a WebSocket with a status code (RFC 6455, 7.4).
        "close" => Close(Close),
        /// Ends the connection in one of three ways.
        "end" => End(End),
    }
}

table! {
    /// Sends text.
    Send {
        /// The text.
        send: String,
    }
}

table! {
    /// Sends bytes.
    SendHex {
        /// The bytes.
        send_hex: Hex,
    }
}

table! {
    /// Sends a text of so many letters.
    SendSize {
        /// How many letters, `a` to `z` over and over.
        send_size: Number<0, 100_000_000>,
    }
}

table! {
    /// Sends a WebSocket ping.
    PingAction {
        /// What it carries: at most 125 bytes.
        ping: String,
    }
}

table! {
    /// Waits for something.
    Await {
        /// What.
        r#await as "await": AwaitWhat,
    }
}

words! {
    /// What a program waits for.
    AwaitWhat {
        /// The next message (over TCP: any bytes).
        Message = "message",
        /// A WebSocket pong.
        Pong = "pong",
        /// The end of the peer's side.
        Close = "close",
    }
}

table! {
    /// Waits for a text.
    AwaitText {
        /// The text.
        await_text: String,
    }
}

table! {
    /// Waits for bytes.
    AwaitBytes {
        /// How many.
        await_bytes: Number<1, 100_000_000>,
    }
}

table! {
    /// Waits.
    Wait {
        /// How long.
        wait: Duration,
    }
}

table! {
    /// Closes a WebSocket.
    Close {
        /// The status code; 1000 is the normal one.
        close: Number<1000, 4999>,
        /// The reason, for people: at most 123 bytes.
        reason: String = "",
    }
}

table! {
    /// Ends a connection.
    End {
        /// How.
        end: EndHow,
    }
}

words! {
    /// How a connection is ended.
    EndHow {
        /// Closes it: over TCP with a FIN, over WebSocket with a Close frame without a code.
        Close = "close",
        /// Ends the sending side and goes on receiving (TCP alone).
        Shutdown = "shutdown",
        /// Breaks it off with a RST.
        Abort = "abort",
    }
}

table! {
    /// Something that goes wrong on a link.
    Fault {
        /// Which frames it looks at; else all. A filter of fields that one frame alone can tell.
        when: Option<Filter>,
        /// The first of those frames that it strikes, counted from 1.
        nth: Number<1, 1_000_000> = 1,
        /// How many it strikes from there; else one.
        count: Option<Number<1, 1_000_000>>,
        /// Strikes all from there, not only `count` of them.
        all: bool = false,
        /// Strikes only every so-many-th of them.
        every: Number<1, 1_000_000> = 1,
        /// Only on the link between these two nodes; else on each frame's first link.
        link: Option<[At<String>; 2]>,
        /// Only frames that this node puts on a link.
        from: Option<String>,
        ..effect: FaultEffect
    }
}

either! {
    /// What happens to the frame is chosen by `do`:
    FaultEffect by "do" {
        /// It is lost.
        "drop" => Drop(NoKeys),
        /// It arrives later.
        "delay" => Delay(Delay),
        /// It is sent twice.
        "duplicate" => Duplicate(NoKeys),
        /// One of its bits is flipped.
        "corrupt" => Corrupt(Corrupt),
    }
}

table! {
    /// Delays the frame.
    Delay {
        /// By how much. Frames behind it may overtake it.
        by: Duration,
    }
}

table! {
    /// Flips a bit.
    Corrupt {
        /// The byte of the frame, counted from 0; else one chosen by the seed, behind the Ethernet header.
        byte: Option<Number<0, 9017>>,
        /// The bit of that byte, 0 the least significant; else one chosen by the seed.
        bit: Option<Number<0, 7>>,
        /// Where it happens.
        place: CorruptPlace = "wire",
    }
}

words! {
    /// Where a bit is flipped.
    CorruptPlace {
        /// On the wire: the frame check sequence tells, and the receiver throws the frame away.
        Wire = "wire",
        /// In a device on the way, which makes a new frame check sequence: only checksums above can tell.
        Memory = "memory",
    }
}
