//! `connect` beside real servers: our own, npm's `socket.io` and `ws`, Python's `websockets`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::terminal::Session;
use crate::tool::{LAYERWALK, layerwalk};

/// Longer than anything here takes; only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server in a process of its own, and what it prints.
struct Server {
    child: Child,
    port: u16,
    lines: Receiver<String>,
}

impl Server {
    /// Starts it; its first line ends with its port, or with its URL.
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env(
                "NODE_PATH",
                concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/node_modules"),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = lines_of(child.stdout.take().expect("it is piped"));
        let first = lines.recv_timeout(PATIENCE).expect("it listens");
        let port = first.trim_end_matches('/').rsplit([':', ' ']).next();
        let port = port.and_then(|port| port.parse().ok());
        Self {
            child,
            port: port.unwrap_or_else(|| panic!("no port in {first:?}")),
            lines,
        }
    }

    fn npm(options: &str) -> Self {
        Self::start(
            Command::new("node")
                .arg(peer("socketio_server.js"))
                .arg(options),
        )
    }

    /// Our own, with the chat.
    fn own() -> Self {
        Self::start(Command::new(LAYERWALK).args(["serve", "--listen", "127.0.0.1:0"]))
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn websocket_url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// Waits for a line that it prints.
    fn says(&self, expected: &str) {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            if line.unwrap_or_else(|_| panic!("never said: {expected}")) == expected {
                return;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn peer(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The lines that come, as they come.
fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// A listener that stays while the servers behind it come and go.
struct Relay {
    port: u16,
    behind: Arc<Mutex<Option<u16>>>,
}

impl Relay {
    fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let behind = Arc::new(Mutex::new(Some(server.port)));
        let known = behind.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let port = *known.lock().expect("nobody panics");
                if let Some(server) = port.and_then(|p| TcpStream::connect(("127.0.0.1", p)).ok()) {
                    relay(&client, &server);
                    relay(&server, &client);
                }
            }
        });
        Self { port, behind }
    }

    fn turn_to(&self, server: Option<&Server>) {
        *self.behind.lock().expect("nobody panics") = server.map(|server| server.port);
    }
}

/// Hands on what comes from one to the other, and its end.
fn relay(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        std::io::copy(&mut from, &mut to).ok();
        to.shutdown(std::net::Shutdown::Both).ok();
        from.shutdown(std::net::Shutdown::Both).ok();
    });
}

/// Runs `connect` to its end: the exit code, the lines of JSON, and what it says on standard error.
fn connect(args: &[&str]) -> (i32, Vec<Value>, String) {
    let output = layerwalk(["connect", "--format", "jsonl"].iter().chain(args));
    let code = output.status.code().expect("it was not killed");
    let lines = String::from_utf8(output.stdout).expect("text");
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    let lines = lines.lines().map(read).collect();
    (
        code,
        lines,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// The lines about this.
fn about<'a>(lines: &'a [Value], what: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["what"] == what).collect()
}

fn packets(lines: &[Value], way: &str) -> Vec<String> {
    let of_way = about(lines, "packet")
        .into_iter()
        .filter(|line| line["way"] == way);
    of_way
        .map(|line| match line["packet"].as_str() {
            Some(text) => text.to_owned(),
            None => format!("<{}>", line["hex"].as_str().unwrap()),
        })
        .collect()
}

const TRANSPORTS: [&str; 3] = ["polling", "websocket", "upgrade"];

#[test]
fn our_own_server_answers_over_each_transport() {
    let server = Server::own();
    for transport in TRANSPORTS {
        let url = server.url();
        let args = [
            &url,
            "--transport",
            transport,
            "--emit",
            "join \"red\"",
            "--ack",
        ];
        let (code, lines, error) = connect(&args);
        assert_eq!(code, 0, "{transport}: {error}");
        assert_eq!(about(&lines, "ack")[0]["args"], serde_json::json!(["red"]));
        let args = [
            &url,
            "--transport",
            transport,
            "--emit",
            "chat message \"hi\"",
            "--on",
        ];
        let (code, lines, error) = connect(
            &[
                &args[..],
                &["chat message", "--count", "1", "--duration", "20s"],
            ]
            .concat(),
        );
        assert_eq!(code, 0, "{transport}: {error}");
        assert_eq!(about(&lines, "event")[0]["args"], serde_json::json!(["hi"]));
        assert!(packets(&lines, "out").contains(&r#"42["chat message","hi"]"#.to_owned()));
    }
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn npms_server_over_each_transport() {
    let server = Server::npm("{}");
    for transport in TRANSPORTS {
        let url = server.url();
        let echo = r#"echo "é" {"b":1,"a":[null]} <01 ff>"#;
        let (code, lines, error) = connect(&[
            &url,
            "--transport",
            transport,
            "--auth",
            r#"{"name":"ada"}"#,
            "--emit",
            echo,
            "--emit",
            "ask",
            "--answer",
            "question \"yes\" <02>",
            "--on",
            "heard",
            "--count",
            "1",
            "--duration",
            "20s",
        ]);
        assert_eq!(code, 0, "{transport}: {error}");
        // What the server got as our answer came back as an event, bytes and all.
        let heard = about(&lines, "event")[0];
        assert_eq!(heard["args"][0], "yes");
        assert_eq!(heard["attachments"], serde_json::json!(["02"]));
        let hello = packets(&lines, "in");
        let hello = hello
            .iter()
            .find(|packet| packet.starts_with(r#"42["hello""#));
        assert!(hello.expect("it came").contains(r#""auth":{"name":"ada"}"#));
        server.says("disconnect /: client namespace disconnect");

        let args = [&url, "--transport", transport, "--emit", echo, "--ack"];
        let (code, lines, error) = connect(&args);
        assert_eq!(code, 0, "{transport}: {error}");
        let ack = about(&lines, "ack")[0];
        assert_eq!(ack["args"][0], "é");
        assert_eq!(ack["args"][1].to_string(), r#"{"a":[null],"b":1}"#);
        assert_eq!(ack["attachments"], serde_json::json!(["01ff"]));
    }
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn the_upgrade_is_done_as_npms_server_wants_it() {
    let server = Server::npm("{}");
    let mut client = Client::start(&[&server.url()]);
    let mut lines = client.until("upgrade");
    assert_eq!(client.signal(libc::SIGINT), Some(0));
    lines.extend(client.until_end());
    let sent = packets(&lines, "out");
    let place = |wanted: &str| sent.iter().position(|packet| packet == wanted);
    assert!(place("2probe").unwrap() < place("5").unwrap());
    assert_eq!(sent.last().unwrap(), "41");
    server.says("disconnect /: client namespace disconnect");
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn pings_of_npms_server_are_answered() {
    let server = Server::npm(r#"{"pingInterval":100,"pingTimeout":10000}"#);
    for transport in ["polling", "websocket"] {
        let mut client = Client::start(&[&server.url(), "--transport", transport]);
        for _ in 0..3 {
            client.until_it("ping", |line| line["packet"] == "2");
            client.until_it("pong", |line| line["packet"] == "3");
        }
        assert_eq!(client.signal(libc::SIGINT), Some(0));
        server.says("disconnect /: client namespace disconnect");
    }
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn namespaces_and_their_refusal() {
    let server = Server::npm("{}");
    let url = format!("{}/admin", server.url());
    let (code, lines, _) = connect(&[&url]);
    assert_eq!(code, 1);
    let refused = about(&lines, "connect_error")[0];
    assert_eq!(refused["error"], "not you");
    assert_eq!(refused["data"], serde_json::json!({"hint": "token"}));
    let url = server.url();
    let auth = r#"{"token":"sesame"}"#;
    let args = [
        &url,
        "--namespace",
        "admin",
        "--auth",
        auth,
        "--emit",
        "echo 1",
        "--ack",
    ];
    let (code, lines, error) = connect(&args);
    assert_eq!(code, 0, "{error}");
    assert!(packets(&lines, "out").contains(&r#"42/admin,0["echo",1]"#.to_owned()));
    server.says("disconnect /admin: client namespace disconnect");
    let (code, ..) = connect(&[&format!("{url}/nowhere")]);
    assert_eq!(code, 1, "there is no such namespace");
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn what_does_not_come_is_told_by_the_exit_code() {
    let server = Server::npm("{}");
    let url = server.url();
    let silent = [&url, "--emit", "silent", "--ack", "--ack-timeout", "300ms"];
    let (code, lines, _) = connect(&silent);
    assert_eq!(code, 1);
    assert_eq!(
        about(&lines, "ack_failed")[0]["error"],
        "operation has timed out"
    );
    // The server goes: nothing more can come.
    for (event, reason) in [
        ("bye", "io server disconnect"),
        ("bye session", "transport close"),
    ] {
        let emit = format!("{event:?}");
        let more: &[&str] = match reason {
            "transport close" => &["--no-reconnect"],
            _ => &[],
        };
        let args = [&url, "--emit", &emit, "--on", "never", "--count", "1"];
        let (code, lines, _) = connect(&[&args[..], more].concat());
        assert_eq!(code, 1);
        let told = about(&lines, "disconnect")[0]["reason"].clone();
        assert!(told == reason || told == "io server disconnect", "{told}");
    }
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn it_comes_back_when_the_server_does() {
    for transport in TRANSPORTS {
        let first = Server::npm("{}");
        let relay = Relay::to(&first);
        let url = format!("http://127.0.0.1:{}", relay.port);
        let mut client = Client::start(&[&url, "--transport", transport, "--on", "hello"]);
        client.until("event");
        relay.turn_to(None);
        drop(first);
        client.until("disconnect");
        client.until("reconnect_attempt");
        let second = Server::npm("{}");
        relay.turn_to(Some(&second));
        client.until("reconnect");
        client.until("connect");
        client.until("event");
        assert_eq!(client.signal(libc::SIGINT), Some(0), "{transport}");
        second.says("disconnect /: client namespace disconnect");
    }
}

#[test]
#[ignore = "needs node and npm's socket.io"]
fn an_interrupt_leaves_in_good_order() {
    let server = Server::npm("{}");
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let mut client = Client::start(&[&server.url()]);
        client.until("connect");
        assert_eq!(client.signal(signal), Some(0));
        server.says("disconnect /: client namespace disconnect");
    }
}

#[test]
fn what_is_no_such_server_is_told_apart() {
    let answering = |answer: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let mut buffer = [0; 4096];
                if client.read(&mut buffer).is_ok_and(|len| len > 0) {
                    client.write_all(answer.as_bytes()).ok();
                }
            }
        });
        format!("127.0.0.1:{port}")
    };
    let not_found = answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let (code, _, error) = connect(&[&not_found]);
    assert_eq!(code, 3);
    assert!(error.contains("status 404"), "{error}");
    let (code, _, error) = connect(&[&format!("ws://{not_found}")]);
    assert_eq!(code, 3);
    assert!(error.contains("404 Not Found"), "{error}");
    let (code, ..) = connect(&[&answering("SSH-2.0-x\r\n")]);
    assert_eq!(code, 3);

    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, lines, _) = connect(&[&free.to_string(), "--no-reconnect"]);
    assert_eq!(code, 1);
    let refused = about(&lines, "connect_error")[0]["system"].to_string();
    assert!(refused.contains("refused"), "{refused}");
    let (code, ..) = connect(&[&format!("ws://{free}")]);
    assert_eq!(code, 1);

    for wrong in [
        &["https://localhost"][..],
        &["localhost:x"],
        &["localhost", "--auth", "1"],
        &["localhost", "--emit", "a b"],
        &["localhost", "--send", "a"],
        &["ws://localhost", "--emit", "a"],
        &["localhost", "--header", "x"],
    ] {
        assert_eq!(connect(wrong).0, 2, "{wrong:?}");
    }
}

/// A client that runs until it is told to end.
struct Client {
    child: Child,
    lines: Receiver<String>,
}

impl Client {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(LAYERWALK)
            .args(["connect", "--format", "jsonl"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = lines_of(child.stdout.take().expect("it is piped"));
        Self { child, lines }
    }

    /// The lines up to the next one about this.
    fn until(&self, what: &str) -> Vec<Value> {
        self.until_it(what, |line| line["what"] == what)
    }

    fn until_it(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("never: {what}; but {lines:?}"));
            lines.push(serde_json::from_str(&line).expect("JSON"));
            if lines.last().is_some_and(&is_it) {
                return lines;
            }
        }
    }

    /// The lines that are left.
    fn until_end(&self) -> Vec<Value> {
        let lines = self.lines.iter();
        lines
            .map(|line| serde_json::from_str(&line).expect("JSON"))
            .collect()
    }

    /// Sends a signal; the exit code then.
    fn signal(&mut self, signal: i32) -> Option<i32> {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a number of a process");
        // SAFETY: a signal to the process that was started here, and was not waited for yet.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What any WebSocket server that sends back what it gets must do.
fn check_echo(server: &Server) {
    let url = server.websocket_url();
    let long = "x".repeat(70_000);
    let (code, lines, error) = connect(&[&url, "--send", "é", "--send", &long, "--count", "2"]);
    assert_eq!(code, 0, "{error}");
    let came = about(&lines, "message")
        .into_iter()
        .filter(|line| line["way"] == "in");
    let came: Vec<&str> = came.map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(came, ["é", &long]);
    let closed = about(&lines, "closed")[0];
    assert_eq!(
        (&closed["code"], &closed["clean"]),
        (&1000.into(), &true.into())
    );
}

#[test]
#[ignore = "needs node and npm's ws"]
fn npms_websocket_server() {
    for deflate in ["", "deflate"] {
        let server = Server::start(Command::new("node").arg(peer("ws_server.js")).arg(deflate));
        check_echo(&server);
        server.says("closed 1000");
        let url = server.websocket_url();
        let (code, lines, _) = connect(&[&url, "--send", "close me", "--duration", "20s"]);
        assert_eq!(code, 0);
        let closed = about(&lines, "closed")[0];
        assert_eq!(
            (&closed["code"], &closed["reason"]),
            (&4001.into(), &"as you wish".into())
        );
        let args = [&url, "--send", "ping me", "--send", "x", "--count", "1"];
        let (_, lines, _) =
            connect(&[&args[..], &["--subprotocol", "chat", "--no-deflate"]].concat());
        assert_eq!(about(&lines, "open")[0]["subprotocol"], "chat");
        assert_eq!(about(&lines, "pong")[0]["hex"], "62656174");
    }
}

#[test]
#[ignore = "needs python with websockets"]
fn pythons_websocket_server() {
    for deflate in ["", "deflate"] {
        check_echo(&Server::start(
            Command::new("python3")
                .arg(peer("ws_server.py"))
                .arg(deflate),
        ));
    }
}

#[test]
fn a_person_types_while_packets_come() {
    let server = Server::own();
    let mut session = Session::start(&["connect", &server.url()], &[]);
    session.until("the connection", |s| s.text().contains("connect to /"));
    session.keys("emit chat mess");
    session.until("the echo of what is typed", |s| {
        s.text().contains("> emit chat mess")
    });
    // Somebody else speaks in between.
    let url = server.url();
    let (code, ..) = connect(&[
        &url,
        "--emit",
        "chat message \"from elsewhere\"",
        "--count",
        "1",
    ]);
    assert_eq!(code, 0);
    session.until("the other's message", |s| {
        s.text().contains("* chat message(\"from elsewhere\")")
    });
    // the line above is written first
    session.until("what is being typed, below it", |s| {
        s.text().trim_end().lines().last() == Some("> emit chat mess")
    });
    session.keys("age \"mine\"\r");
    session.until("the own message", |s| {
        s.text().contains("* chat message(\"mine\")")
    });
    session.keys("ack join \"red\"\r");
    session.until("the answer", |s| {
        s.text().contains("acknowledgment of join: (\"red\")")
    });
    session.keys("nonsense\rdisconnect\r");
    session.until("the end", |s| s.text().contains("io client disconnect"));
    assert!(session.text().contains("no command is called nonsense"));
    session.keys("quit\r");
    assert_eq!(session.ended(), 0);
}

/// What `connect` prints and says when these commands are piped in, and its exit code.
fn piped(url: &str, options: &[&str], commands: &str) -> (String, String, Option<i32>) {
    let mut command = Command::new(LAYERWALK);
    command.arg("connect").arg(url).args(options);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(commands.as_bytes()).expect("it reads");
    drop(stdin);
    let done = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&done.stdout), text(&done.stderr), done.status.code())
}

#[test]
fn commands_come_through_a_pipe_too() {
    let server = Server::own();
    let commands = "ack join \"red\"\nemit to \"red\" \"hi\"\n";
    let (told, _, code) = piped(&server.url(), &[], commands);
    assert_eq!(code, Some(0), "{told}");
    for line in [
        "> http      GET /socket.io/?EIO=4&transport=polling&t=",
        "< http      HTTP/1.1 200 OK",
        "* acknowledgment of join: (\"red\")",
        "* chat message(\"hi\")",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let (told, _, code) = piped(&server.url(), &[], "nonsense\n");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("no command is called nonsense"), "{told}");
}

#[test]
fn a_server_that_is_silent_is_said_to_be() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    for (scheme, what) in [
        ("http", "no session of Socket.IO was opened in 0.3 s"),
        ("ws", "no WebSocket was opened in 0.3 s"),
    ] {
        let options = ["--count", "1", "--duration", "300ms"];
        let (_, error, code) = piped(&format!("{scheme}://{address}"), &options, "");
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn an_old_server_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut request = [0; 1000];
        let _ = client.read(&mut request).expect("a request");
        let body =
            "97:0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":5000}";
        let len = body.len();
        write!(
            client,
            "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{body}"
        )
        .expect("it reads");
    });
    let (told, error, code) = piped(&format!("http://{address}"), &[], "");
    server.join().expect("it ends");
    assert_eq!(code, Some(3), "{told}{error}");
    let why =
        "the server speaks Engine.IO 3 (Socket.IO 2), whose packets have their length in front";
    assert!(told.contains(why) && error.contains(why), "{told}{error}");
}

#[test]
fn frames_and_what_was_agreed_are_shown() {
    let mut command = Command::new(LAYERWALK);
    command.args(["serve", "websocket", "--listen", "127.0.0.1:0", "--deflate"]);
    let server = Server::start(&mut command);
    let url = format!("{}chat", server.websocket_url());
    let (told, _, code) = piped(&url, &["--subprotocol", "v9"], "send Hello, server!\n");
    assert_eq!(code, Some(0), "{told}");
    for line in [
        "* open, no subprotocol, permessage-deflate",
        "RFC 6455 §4.1 lets a client go on",
        ">   frame: FIN, opcode 1 Text, masked with ",
        "<   frame: FIN, opcode 1 Text, not masked, payload of ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let (_, error, code) = piped(&url, &["--transport", "polling"], "");
    assert_eq!(code, Some(2));
    assert!(error.contains("--transport does not fit"), "{error}");
}
