//! Our WebSocket over real sockets, with npm's `ws` and PyPI's `websockets` at the other end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use layerwalk::base::{NodeId, Rng, Time};
use layerwalk::proto::websocket::DeflateParams;
use layerwalk::stack::cx::Cx;
use layerwalk::stack::record::Log;
use layerwalk::stack::websocket::{
    ClientOptions, DeflateOptions, Event, Message, ServerOptions, WebSocket,
};

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/node_modules");

/// How both ends compress, by the name that the peers' scripts know.
const MODES: &[&str] = &["plain", "deflate", "small"];

const SIZES: &[usize] = &[
    0, 1, 124, 125, 126, 127, 1023, 1024, 65534, 65535, 65536, 65537, 300_000,
];

const CODES: &[u16] = &[
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];

fn node(args: &[&str]) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/message_talk.js");
    let mut command = Command::new("node");
    command.arg(script).args(args).env("NODE_PATH", PEERS);
    command
}

fn python(args: &[&str]) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/message_talk.py");
    let mut command = Command::new("python3");
    command.arg(script).args(args);
    command
}

/// How we compress. Everything is compressed, so that the peers see all of it.
fn deflate(mode: &str) -> Option<DeflateOptions> {
    let is_small = mode == "small";
    let bits = if is_small { 9 } else { 15 };
    (mode != "plain").then(|| DeflateOptions {
        params: DeflateParams {
            server_no_context_takeover: is_small,
            client_no_context_takeover: is_small,
            server_max_window_bits: is_small.then_some(bits),
            client_max_window_bits: Some(bits),
        },
        threshold: 0,
        ..DeflateOptions::default()
    })
}

/// A machine on a real connection.
struct End {
    socket: WebSocket,
    stream: TcpStream,
    log: Log,
}

impl End {
    fn new(socket: WebSocket, stream: TcpStream) -> Self {
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        let log = Log::off();
        Self {
            socket,
            stream,
            log,
        }
    }

    fn with<T>(&mut self, run: impl FnOnce(&mut WebSocket, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx {
            now: Time::ZERO,
            node: NodeId::from_index(0),
            cause: None,
            log: &mut self.log,
        };
        let result = run(&mut self.socket, &mut cx);
        while let Some(bytes) = self.socket.poll_transmit(&mut cx) {
            // The peer may be gone already.
            let _ = self.stream.write_all(&bytes);
        }
        result
    }

    /// The next thing that happens; reads until there is one.
    fn event(&mut self) -> Event {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            if let Some(event) = self.with(|socket, cx| socket.poll_event(cx)) {
                return event;
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => self.with(|socket, cx| socket.handle_end(cx)),
                Ok(len) => self.with(|socket, cx| socket.handle_input(cx, &bytes[..len])),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    self.with(|socket, cx| socket.handle_end(cx));
                }
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    fn send(&mut self, message: Message, size: usize) {
        let sent = self.with(|socket, cx| socket.send_fragmented(cx, message, size));
        sent.expect("it is open");
    }

    /// The next message.
    fn message(&mut self) -> Message {
        loop {
            match self.event() {
                Event::Message(message) => return message,
                Event::Ping(_) | Event::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Sends every message back, whole ones and in fragments by turns, until the client closes.
fn echo(stream: TcpStream, mode: &str) {
    let options = ServerOptions {
        deflate: deflate(mode),
        ..ServerOptions::default()
    };
    let mut end = End::new(WebSocket::server(options, None), stream);
    let mut turn = 0;
    loop {
        match end.event() {
            Event::Message(message) => {
                turn += 1;
                end.send(message, [usize::MAX, 1000][turn % 2]);
            }
            Event::Disconnect => return,
            Event::ProtocolError { code, why } => panic!("{code}: {why}"),
            Event::Closed { clean, .. } => assert!(clean),
            _ => {}
        }
    }
}

/// Lets a peer's client talk to our echo server in each mode.
fn serve(client: fn(&[&str]) -> Command) {
    for mode in MODES {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || echo(stream.expect("a connection"), mode));
            }
        });
        let output = client(&["client", &port.to_string(), mode]).output();
        let output = output.expect("the peer is installed");
        let said = crate::tool::text(&output);
        assert_eq!(said.trim(), "done", "{mode}");
    }
}

#[test]
#[ignore = "needs node and npm's ws"]
fn npm_ws_as_client() {
    serve(node);
}

#[test]
#[ignore = "needs python3 and websockets"]
fn python_websockets_as_client() {
    serve(python);
}

/// A peer that is ended with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn connect(port: u16, mode: &str) -> End {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the peer listens");
    let mut options = ClientOptions::new(&format!("127.0.0.1:{port}"), "/");
    options.deflate = deflate(mode);
    let socket = WebSocket::client(options, Rng::new(7, mode), None);
    let mut end = End::new(socket, stream);
    end.with(|socket, cx| socket.open(cx));
    let opened = end.event();
    assert!(matches!(opened, Event::Open { .. }), "{opened:?}");
    assert_eq!(end.socket.deflate_params().is_some(), mode != "plain");
    end
}

/// Talks to a peer's echo server in each mode.
fn visit(server: fn(&[&str]) -> Command) {
    for mode in MODES {
        let mut child = server(&["server", mode])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer is installed");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        let _peer = Peer(child);
        let mut line = String::new();
        said.read_line(&mut line).expect("it says its port");
        let port = line.trim().parse().expect("a port");
        talk(connect(port, mode));
        for code in CODES {
            close(connect(port, mode), *code);
            be_closed(connect(port, mode), *code);
        }
    }
}

fn talk(mut end: End) {
    for size in SIZES {
        let text: String = "layerwalk ✓ ".chars().cycle().take(*size).collect();
        let bytes: Vec<u8> = (0..*size).map(|i| ((i * i) >> 3) as u8).collect();
        for message in [Message::Text(text), Message::Binary(bytes)] {
            for in_frames_of in [usize::MAX, 1000] {
                end.send(message.clone(), in_frames_of);
                assert!(end.message() == message, "{size} bytes");
            }
        }
    }
    end.with(|socket, cx| socket.ping(cx, b"now"))
        .expect("open");
    assert_eq!(end.event(), Event::Pong(b"now".to_vec()));
    // Without a code.
    end.with(|socket, cx| socket.close(cx, None, ""))
        .expect("open");
    assert!(matches!(
        end.event(),
        Event::Closing {
            code: 1000 | 1005,
            ..
        }
    ));
    assert!(matches!(end.event(), Event::Closed { clean: true, .. }));
}

fn close(mut end: End, code: u16) {
    let closed = end.with(|socket, cx| socket.close(cx, Some(code), "why ✓"));
    closed.expect("it is open");
    let heard = end.event();
    assert!(
        matches!(heard, Event::Closing { code: c, .. } if c == code),
        "{heard:?}"
    );
    let heard = end.event();
    assert!(
        matches!(heard, Event::Closed { code: c, clean: true, .. } if c == code),
        "{heard:?}"
    );
}

fn be_closed(mut end: End, code: u16) {
    end.send(Message::Text(format!("close {code}")), usize::MAX);
    let reason = "as you wish".to_owned();
    let (expected, clean) = (reason.clone(), true);
    assert_eq!(end.event(), Event::Closing { code, reason });
    let reason = expected;
    assert_eq!(
        end.event(),
        Event::Closed {
            code,
            reason,
            clean
        }
    );
}

#[test]
#[ignore = "needs node and npm's ws"]
fn npm_ws_as_server() {
    visit(node);
}

#[test]
#[ignore = "needs python3 and websockets"]
fn python_websockets_as_server() {
    visit(python);
}
