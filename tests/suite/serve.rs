//! `layerwalk serve` and simulated servers, with the clients of others.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use crate::attach::{Attached, written};
use crate::live::net::{Process, run};
use crate::terminal::Session;
use crate::tool::{self, LAYERWALK};

/// A server with one handler for each thing that a client can ask for.
pub const SERVED: &str = include_str!("../peers/served.toml");

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/node_modules");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");

/// How a client comes: npm's names of the transports, and both, one after the other.
const WAYS: [&str; 3] = ["polling", "websocket", "upgrade"];

/// npm's client, and an older one.
const LIBRARIES: [&str; 2] = ["socket.io-client", "sio3"];

/// The program, serving.
pub struct Serving {
    pub process: Process,
    /// The address and the port.
    pub address: String,
    scenario: tempfile::NamedTempFile,
}

impl Serving {
    /// Serves this scenario at a port that is free.
    pub fn start(scenario: &str, more: &[&str]) -> Self {
        Self::at("127.0.0.1:0", written(scenario), more)
    }

    fn at(address: &str, scenario: tempfile::NamedTempFile, more: &[&str]) -> Self {
        let mut command = Command::new(LAYERWALK);
        command.arg("serve").arg(scenario.path());
        command.args(["--listen", address]).args(more);
        let mut process = Process::start(command);
        let line = process.wait_for_line("listening at http://");
        let address = line.trim_start_matches("listening at http://");
        let address = address.trim_end_matches('/').to_owned();
        Self {
            process,
            address,
            scenario,
        }
    }

    /// The same server comes again at the same port.
    fn again(self, more: &[&str]) -> Self {
        Self::at(&self.address, self.scenario, more)
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as Ctrl-C does, which is a good end; all that it wrote.
    fn end(mut self) -> String {
        self.process.signal("-INT");
        self.process.wait(0)
    }
}

/// A program of a peer, by the words of its command.
fn peer(words: &[&str]) -> Command {
    let mut command = Command::new("env");
    command.args(peer_words(words));
    command
}

fn peer_words(words: &[&str]) -> Vec<String> {
    let (program, rest) = words.split_first().expect("a script");
    let interpreter = match program.ends_with(".js") {
        true => "node",
        false => "python3",
    };
    let first = [
        format!("NODE_PATH={PEERS}"),
        interpreter.to_owned(),
        format!("{SCRIPTS}/{program}"),
    ];
    let rest = rest.iter().map(|word| (*word).to_owned());
    first.into_iter().chain(rest).collect()
}

/// Runs a program of a peer, which ends well and says so.
fn converse(words: &[&str]) {
    let mut process = Process::start(peer(words));
    process.wait_for_line("done");
    process.wait(0);
}

#[test]
#[ignore = "needs npm's socket.io-client"]
fn npm_clients_ask_for_everything() {
    let serving = Serving::start(SERVED, &[]);
    for library in LIBRARIES {
        for way in WAYS {
            println!("{library}, {way}");
            converse(&["client.js", library, &serving.url(), way]);
        }
    }
    let told = serving.end();
    for line in [
        "left: client namespace disconnect",
        "left: server namespace disconnect",
        "refused at /closed: not for Ada",
        "asked for /nowhere, which is not here",
        "goes on over WebSocket",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
#[ignore = "needs python-socketio"]
fn python_clients_ask_for_everything() {
    let serving = Serving::start(SERVED, &[]);
    for way in WAYS {
        println!("{way}");
        converse(&["client.py", &serving.url(), way]);
    }
    serving.end();
}

#[test]
#[ignore = "needs npm's socket.io-client"]
fn messages_are_compressed_where_both_agree() {
    let in_scenario = SERVED.replace("port       =", "deflate    = true\nport       =");
    for (scenario, more) in [(SERVED, &["--deflate"][..]), (&in_scenario, &[])] {
        let serving = Serving::start(scenario, more);
        for way in ["websocket", "upgrade"] {
            let url = serving.url();
            converse(&["client.js", "socket.io-client", &url, way, "deflate"]);
        }
        // and who does not want it gets none
        converse(&["client.js", "socket.io-client", &serving.url(), "websocket"]);
        serving.end();
    }
}

#[test]
#[ignore = "needs npm's socket.io-client and python-socketio"]
fn clients_come_again_when_the_server_does() {
    for way in WAYS {
        let serving = Serving::start(SERVED, &[]);
        let serving = come_again(serving, way, "-TERM");
        come_again(serving, way, "-KILL").end();
    }
}

/// A server with clients is ended by a signal and comes again, and they do.
fn come_again(mut serving: Serving, way: &str, signal: &str) -> Serving {
    let url = serving.url();
    let mut scripts = vec![
        ["reconnect.js", LIBRARIES[0], &url, way],
        ["reconnect.js", LIBRARIES[1], &url, way],
    ];
    // PyPI's client takes the end of a session that polls, which is told with the next poll, for a farewell for ever
    if way != "polling" || signal == "-KILL" {
        scripts.push(["reconnect.py", &url, way, ""]);
    }
    let start = |script: [&str; 4]| Process::start(peer(script.as_slice()));
    let mut clients: Vec<Process> = scripts.into_iter().map(start).collect();
    for client in &mut clients {
        client.wait_for_line("connected, answered 1");
    }
    serving.process.signal(signal);
    if signal == "-KILL" {
        serving.process.wait_killed();
    } else {
        let told = serving.process.wait(0);
        assert!(told.contains("left: server shutting down"), "{told}");
    }
    for client in &mut clients {
        client.wait_for_line("disconnected: transport");
    }
    let serving = serving.again(&[]);
    for client in &mut clients {
        client.wait_for_line("connected, answered 1");
    }
    serving
}

#[test]
#[ignore = "needs npm's socket.io-client"]
fn a_client_that_was_cut_off_recovers_its_state() {
    let scenario = SERVED.replace("port       =", "recovery   = \"60 s\"\nport       =");
    let mut serving = Serving::start(&scenario, &[]);
    for way in WAYS {
        println!("{way}");
        converse(&["recovery.js", &serving.url(), way]);
    }
    serving.process.wait_for_line("left: transport ");
    let told = serving.end();
    assert_eq!(told.matches(", recovered (").count(), 3, "{told}");
}

/// Engine.IO by itself: an echo, with handlers of messages.
const ENGINE: &str = r#"
title   = "Engine.IO by itself"
summary = "For the clients of others"
node    = [{ name = "server", ip = "10.80.0.80/24" }]

[[app]]
on            = "server"
kind          = "engineio-server"
echo          = true
ping_interval = "300 ms"
ping_timeout  = "5 s"

[[app.handle]]
when = "connection"
do   = [{ send = "welcome, ${id}: ${sockets} there" }, { log = "number ${id} came" }]

[[app.handle]]
when = "disconnect"
do   = [{ send = "${id} left: ${reason}", to = "everyone" }]

[[app.handle]]
any_message = true
given       = "$1.kind"
equals      = "shout"
do          = [{ send = "${id} says ${1.what}", to = "others" }]

[[app.handle]]
message = "away"
do      = [{ disconnect = true }]
"#;

#[test]
#[ignore = "needs npm's engine.io-client"]
fn engine_io_clients_talk_to_a_server_of_messages() {
    let serving = Serving::start(ENGINE, &[]);
    for way in WAYS {
        println!("{way}");
        converse(&["engine.js", &serving.url(), way]);
    }
    let told = serving.end();
    for line in [
        "0 came from 127.0.0.1:",
        "number 0 came",
        "0 > text \"hi\"",
        "all but 1 < text \"1 says hello\"",
        "session 4 goes on over WebSocket",
        "1 left: forced close",
        "0 left: transport close",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
#[ignore = "needs npm's socket.io-client and tshark"]
fn what_passed_is_recorded_as_a_capture() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.pcapng");
    let path = file.to_str().expect("text");
    let serving = Serving::start(SERVED, &["--record", path]);
    for way in WAYS {
        converse(&["client.js", LIBRARIES[0], &serving.url(), way]);
    }
    serving.end();
    let warnings = "_ws.expert.severity >= 0x600000 || _ws.malformed";
    assert_eq!(tool::tshark(&file, &["-Y", warnings]), "");
    let shown = tool::printed(["show", path, "--grain", "message"]);
    for packet in [
        "CONNECT",
        "EVENT",
        "ACK",
        "BINARY_EVENT",
        "DISCONNECT",
        "upgrade",
    ] {
        assert!(shown.contains(packet), "{packet}: {shown}");
    }
}

#[test]
#[ignore = "needs npm's socket.io-client"]
fn what_passes_is_seen_on_the_screen() {
    // a port that was free a moment ago
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let scenario = written(SERVED);
    let path = scenario.path().to_str().expect("text");
    let mut screen = Session::start(&["serve", path, "--listen", &address, "--walk"], &[]);
    screen.until("that it serves", |s| s.text().contains("no frames yet"));
    converse(&[
        "client.js",
        LIBRARIES[0],
        &format!("http://{address}"),
        "websocket",
    ]);
    screen.keys("G");
    screen.until("the last packets", |s| s.text().contains("TIME-WAIT"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

/// What a server answers a request for `/` with; the whole of it.
fn page(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// A WebSocket by itself with handlers.
const HANDLED: &str = r#"
title   = "A WebSocket by itself"
summary = "With handlers"
node    = [{ name = "server", ip = "10.80.0.80/24" }]

[[app]]
on   = "server"
kind = "websocket-server"
path = "/chat"

[[app.handle]]
when = "connection"
do   = [{ log = "number ${id} came" }]

[[app.handle]]
any_message = true
do          = [{ send = "${id}: ${1}", to = "everyone" }]

[[app.handle]]
message = "away"
do      = [{ disconnect = true }]
"#;

#[test]
fn a_websocket_server_does_what_its_handlers_say_and_tells_of_it() {
    let mut serving = Serving::start(HANDLED, &["--max-events", "3"]);
    let at = format!("ws://{}/chat", serving.address);
    serving
        .process
        .wait_for_line(&format!("  WebSocket at {at}"));
    let answer = page(&serving.address);
    let preset = "<body data-transport=\"plain\" data-path=\"/chat\">";
    assert!(answer.contains(preset), "{answer}");
    let connect = |words: &[&str], code| {
        let output = tool::layerwalk([&["connect", &at], words].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told = connect(
        &["--send", "hi", "--send", "away", "--duration", "500ms"],
        0,
    );
    assert!(told.contains("text \"0: hi\""), "{told}");
    let flood = ["--send", "1", "--send", "2", "--send", "3", "--send", "4"];
    let told = connect(&[&flood[..], &["--duration", "500ms"]].concat(), 0);
    assert!(
        told.contains("close 1008 \"sends too many messages\""),
        "{told}"
    );
    let origin = ["--origin", "http://elsewhere", "--duration", "1s"];
    connect(&origin, 3);
    let told = serving.end();
    for line in [
        "0 came from 127.0.0.1:",
        "number 0 came",
        "0 > text \"hi\"",
        "all < text \"0: hi\"",
        "0 left: 1000",
        "1 left: sends too many messages",
        "was refused: a page of another origin",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn one_connection_too_many_is_told_so() {
    let serving = Serving::start(SERVED, &["--max-connections", "1"]);
    let first = TcpStream::connect(&serving.address).expect("it listens");
    let mut answer = String::new();
    let mut second = TcpStream::connect(&serving.address).expect("it listens");
    second.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(first);
    let told = serving.end();
    assert!(told.contains("is one connection too many"), "{told}");
}

/// Echoes messages, at a path and with a subprotocol.
const ECHO: &str = r#"
title   = "A WebSocket echo"
summary = "For the clients of others"
node    = [{ name = "server", ip = "10.80.0.80/24" }, { name = "client", ip = "10.80.0.1/24" }]
link    = [{ ends = ["client", "server"] }]
app     = [{ on = "server", kind = "websocket-server", path = "/echo", subprotocols = ["chat"], echo = true }]
"#;

#[test]
#[ignore = "needs npm's ws, python's websockets and curl"]
fn websocket_clients_talk_to_a_server() {
    let serving = Serving::start(ECHO, &[]);
    let url = format!("ws://{}/echo", serving.address);
    converse(&["ws.js", &url]);
    converse(&["ws.py", &url]);
    let compressing = ECHO.replace("echo = true", "echo = true, deflate = {}");
    let other = Serving::start(&compressing, &[]);
    let other_url = format!("ws://{}/echo", other.address);
    for script in ["ws.js", "ws.py"] {
        converse(&[script, &other_url, "deflate"]);
        // and who does not want it gets none
        converse(&[script, &other_url]);
    }
    other.end();
    let curl = |version: &str| {
        let mut curl = Command::new("curl");
        let url = format!("{}/echo", serving.url());
        curl.args([
            "--silent",
            "--include",
            "--noproxy",
            "*",
            "--http1.1",
            "--max-time",
            "5",
        ]);
        for field in [
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            &format!("Sec-WebSocket-Version: {version}"),
        ] {
            curl.args(["--header", field]);
        }
        tool::run(curl.arg(url)).stdout
    };
    let opened = String::from_utf8_lossy(&curl("13")).into_owned();
    assert!(opened.starts_with("HTTP/1.1 101 "), "{opened}");
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert!(opened.contains(accept), "{opened}");
    let refused = String::from_utf8_lossy(&curl("12")).into_owned();
    assert!(refused.starts_with("HTTP/1.1 426 "), "{refused}");
    serving.end();
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun, npm's socket.io-client and python-socketio"]
fn the_same_clients_reach_a_simulated_server() {
    let attached = Attached::start(SERVED, &["client"], &["--up"]);
    let url = "http://10.80.0.80:3000";
    for way in WAYS {
        for script in [
            &["client.js", LIBRARIES[0], url, way][..],
            &["client.js", LIBRARIES[1], url, way],
            &["client.py", url, way],
        ] {
            println!("{script:?}");
            let words = peer_words(script);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut process = attached.host.spawn("env", &words);
            process.wait_for_line("done");
            process.wait(0);
        }
    }
    let (_, file, told) = attached.end("-INT");
    assert!(told.contains(", 0 dropped"), "{told}");
    // tshark reads the same in it
    let fields = ["-Y", "websocket", "-T", "fields", "-e", "websocket.opcode"];
    let frames = tool::tshark(&file.path(), &fields);
    assert!(frames.lines().count() > 1000, "{}", frames.lines().count());
}

#[test]
fn what_cannot_be_served_is_said() {
    let serve = |words: &[&str], code| {
        let mut command = Command::new(LAYERWALK);
        run(command.arg("serve").args(words), code)
    };
    let told = serve(&["handshake"], 2);
    assert!(told.contains("no server that can be served"), "{told}");
    let told = serve(&["--listen", "nonsense"], 2);
    assert!(told.contains("127.0.0.1:3000"), "{told}");
    let told = serve(&["--path", "nonsense"], 2);
    assert!(told.contains("a path starts with /"), "{told}");
    for (words, what) in [
        (&["--node", "zz"][..], "has no node zz; its nodes are "),
        (&["--cors", "foo"], "an origin is written as"),
        (&["--max-events", "0"], "0 is not in 1.."),
        (&["--ping-interval", "0s"], "no time is too short"),
        (
            &["websocket", "--connect-timeout", "1s"],
            "--connect-timeout means nothing to a WebSocket server",
        ),
    ] {
        let told = serve(words, 2);
        assert!(told.contains(what), "{what}: {told}");
    }
    let serving = Serving::start(SERVED, &[]);
    let told = serve(&["--listen", &serving.address], 2);
    assert!(told.contains("another program does"), "{told}");
    serving.end();
}
