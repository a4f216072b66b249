//! What `layerwalk serve` does with clients that do what they must not, while others go on. Each abuse ends as the
//! protocol says, the memory of the server has a bound, and two clients that behave notice nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "real processes are waited for, so long at most"
)]

mod client;

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use layerwalk::proto::websocket::{Deflater, Frame, Opcode};

use self::client::{Http, PATIENCE, WebSocket};
use crate::serve::{SERVED, Serving};

/// Whoever behaves must be answered in this time, on a machine with much other work.
const ANSWER: Duration = Duration::from_secs(10);

/// No abuse makes the server grow by more, in KiB.
const GROWTH: u64 = 64 * 1024;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// What is done, and how it must end: as the protocol says, in the words that the function finds.
type Abuse = (&'static str, &'static str, fn(&Serving) -> String);

const ABUSES: &[Abuse] = &[
    ("a frame of 10 MB", "close 1009", |at| {
        ended_by(
            at,
            &[&[0x82, 0xff, 0, 0, 0, 0, 0, 0x98, 0x96, 0x80, 1, 2, 3, 4]],
        )
    }),
    (
        "a message of endless fragments",
        "close 1009",
        endless_fragments,
    ),
    ("a poll of 10 MB", "413", |at| {
        answered(at, &post(POLLING, "Content-Length: 10000000\r\n", "4"))
    }),
    ("a poll of endless chunks", "413", endless_chunks),
    ("a frame that is not UTF-8", "close 1007", |at| {
        ended_by(at, &[&masked(Opcode::Text, b"4\xff")])
    }),
    ("a poll that is not UTF-8", "400", |at| {
        let url = session(at);
        answered(at, &post_bytes(&url, b"4\xff"))
    }),
    ("a frame without a mask", "close 1002", |at| {
        ended_by(at, &[b"\x81\x014"])
    }),
    ("a reserved bit", "close 1002", |at| {
        ended_by(at, &[&[0xa1, 0x80, 1, 2, 3, 4]])
    }),
    ("an opcode that is none", "close 1002", |at| {
        ended_by(at, &[&[0x83, 0x80, 1, 2, 3, 4]])
    }),
    ("a ping of 126 bytes", "close 1002", |at| {
        ended_by(at, &[&masked(Opcode::Ping, &[0; 126])])
    }),
    ("a compression bomb, 100 MB in 100 KB", "close 1009", bomb),
    ("bytes that cannot be inflated", "close 1007", |at| {
        let mut socket = WebSocket::open(at, WEBSOCKET, true);
        socket.write(&compressed(b"\xff\xff\xff\xff"));
        socket.end()
    }),
    ("no request at all", "408", |at| answered(at, b"")),
    ("a head that never ends", "408", |at| {
        trickle(at, "GET / HTTP/1.1\r\nHost: a\r\nX: ")
    }),
    ("a body that never ends", "408", |at| {
        trickle(
            at,
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
        )
    }),
    ("a thousand idle connections", "1000 times 408", |at| {
        many(at, b"")
    }),
    ("a thousand half requests", "1000 times 408", |at| {
        many(at, b"POST /socket.io/ HT")
    }),
    (
        "two hundred clients that enter no namespace",
        "200 times close 1005",
        no_namespace,
    ),
    ("a client that never reads", "cut off", never_reads),
    (
        "a client that never polls",
        "400 Session ID unknown",
        never_polls,
    ),
    (
        "a client that writes on behind its poll",
        "closed",
        writes_on,
    ),
    ("two polls at once", "400 and 200", two_polls),
    ("an unknown session", "400 Session ID unknown", |at| {
        answered(at, &get(&format!("{POLLING}&sid=guessed")))
    }),
    (
        "a WebSocket for an unknown session",
        "400 Session ID unknown",
        |at| {
            let target = format!("{WEBSOCKET}&sid=guessed");
            let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
            answered(
                at,
                format!("GET {target} HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n").as_bytes(),
            )
        },
    ),
    ("five thousand events at once", "close 1005", |at| {
        flood(at, r#"42["ask"]"#)
    }),
    (
        "five thousand questions for namespaces",
        "close 1005",
        |at| flood(at, "40/nowhere,"),
    ),
    (
        "five thousand events in one poll",
        "400 Session ID unknown",
        poll_flood,
    ),
    ("a packet that does not fit", "close 1005", |at| {
        spoken(at, &["40", "40"])
    }),
    ("a packet that is none", "close 1005", |at| {
        spoken(at, &["40", "4x"])
    }),
    ("a billion attachments", "close 1005", |at| {
        spoken(at, &["40", r#"451000000000-["a"]"#])
    }),
    ("JSON that is a hundred thousand deep", "close 1005", |at| {
        let deep = format!("42[\"ask\",{}", "[".repeat(100_000));
        spoken(at, &["40", &deep])
    }),
    ("bytes that are nothing", "400", |at| {
        answered(at, &[0, 1, 2, 255, 13, 10, 13, 10])
    }),
    ("a TLS ClientHello", "400", |at| {
        answered(at, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n")
    }),
    ("a head of 100 KB", "431", |at| {
        answered(
            at,
            format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(100_000)).as_bytes(),
        )
    }),
    ("two lengths", "400", |at| {
        answered(
            at,
            &post(POLLING, "Content-Length: 1\r\nContent-Length: 2\r\n", "4a"),
        )
    }),
    ("a length and chunks", "400", |at| {
        let both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
        answered(
            at,
            &post(
                POLLING,
                both,
                "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
        )
    }),
    ("chunks that are not the last coding", "400", |at| {
        answered(
            at,
            &post(POLLING, "Transfer-Encoding: chunked, x\r\n", "0\r\n\r\n"),
        )
    }),
    ("a space before the colon", "400", |at| {
        answered(at, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
    }),
    ("a chunk size that is none", "400", |at| {
        answered(
            at,
            &post(POLLING, "Transfer-Encoding: chunked\r\n", "-1\r\n"),
        )
    }),
];

/// Abuses of a server that has less patience and room.
const SMALL_ABUSES: &[Abuse] = &[
    ("a client that answers no ping", "close 1005", |at| {
        spoken(at, &["40"])
    }),
    (
        "a hundred sessions where fifty have room",
        "503",
        too_many_sessions,
    ),
    (
        "a hundred connections where fifty have room",
        "closed",
        too_many_connections,
    ),
];

#[test]
fn each_abuse_ends_and_the_others_notice_nothing() {
    client::raise_file_limit();
    let mut serving = Serving::start(
        SERVED,
        &[
            "--quiet",
            "--deflate",
            "--request-timeout=2s",
            "--connect-timeout=3s",
            "--max-events=200",
            "--max-unsent=1000000",
            "--max-connections=3000",
        ],
    );
    println!(
        "{:44} {:24} {:>8} {:>16}",
        "abuse", "end", "ms", "KiB resident"
    );
    check(&serving, ABUSES, true);
    let mut small = Serving::start(
        SERVED,
        &[
            "--quiet",
            "--ping-interval=500ms",
            "--ping-timeout=500ms",
            "--max-connections=50",
        ],
    );
    check(&small, SMALL_ABUSES, false);
    for server in [&mut serving, &mut small] {
        server.process.signal("-INT");
        server.process.wait(0);
    }
}

/// Does all, prints the table, and checks it; with clients that behave.
fn check(serving: &Serving, abuses: &[Abuse], with_clients: bool) {
    let clients = with_clients.then(|| [Behaving::websocket(serving), Behaving::polling(serving)]);
    let wait = || clients.iter().flatten().for_each(Behaving::wait);
    wait();
    let before = memory(serving, "VmRSS");
    for (name, expected, run) in abuses {
        let (began, resident) = (Instant::now(), memory(serving, "VmRSS"));
        let end = run(serving);
        let took = began.elapsed().as_millis();
        // the others go on
        wait();
        let after = memory(serving, "VmRSS");
        println!("{name:44} {end:24} {took:>8} {resident:>7} → {after:>6}");
        assert_eq!(&end, expected, "{name}");
    }
    let most = memory(serving, "VmHWM");
    println!("at first {before} KiB, at most {most} KiB");
    assert!(most < before + GROWTH, "{most} KiB, and {before} before");
    for client in clients.into_iter().flatten() {
        let (name, count, slowest) = client.end();
        println!("{name}: {count} round trips, the slowest {slowest:?}");
    }
}

/// What the kernel says of the server's memory, in KiB.
fn memory(serving: &Serving, name: &str) -> u64 {
    let status = serving.process.status();
    let value = status[name].trim_end_matches(" kB");
    value.parse().expect("a number")
}

/// A client that behaves, in a thread of its own.
struct Behaving {
    name: &'static str,
    answered: Receiver<Duration>,
    stop: Sender<()>,
    thread: JoinHandle<(usize, Duration)>,
}

impl Behaving {
    fn websocket(serving: &Serving) -> Self {
        let mut socket = WebSocket::open(serving, WEBSOCKET, false);
        socket.say("40");
        Self::start("over WebSocket", move |count| {
            socket.say(&format!(r#"42{count}["ask",{count}]"#));
            socket.until(&format!("43{count}[{count}]"));
        })
    }

    fn polling(serving: &Serving) -> Self {
        let mut http = Http::open(serving);
        let url = http.session(POLLING);
        let mut exchange = move |text: &str, expected: &str| {
            let post = |http: &mut Http, text: &str| {
                http.write(&post_bytes(&url, text.as_bytes()));
                assert_eq!(http.answer(), "200 ok");
            };
            post(&mut http, text);
            loop {
                http.write(&get(&url));
                let answer = http.answer();
                if answer.split([' ', '\u{1e}']).any(|packet| packet == "2") {
                    post(&mut http, "3");
                }
                if answer.contains(expected) {
                    return;
                }
            }
        };
        exchange("40", "40{");
        Self::start("by polling", move |count| {
            let packet = format!(r#"42{count}["ask",{count}]"#);
            exchange(&packet, &format!("43{count}[{count}]"));
        })
    }

    fn start(name: &'static str, mut ask: impl FnMut(usize) + Send + 'static) -> Self {
        let (sender, answered) = mpsc::channel();
        let (stop, stopped) = mpsc::channel();
        let run = move || {
            let (mut count, mut slowest) = (0, Duration::ZERO);
            // far from what is too many a second
            while stopped.recv_timeout(Duration::from_millis(20))
                == Err(mpsc::RecvTimeoutError::Timeout)
            {
                let began = Instant::now();
                ask(count);
                let took = began.elapsed();
                assert!(took < ANSWER, "an answer took {took:?}");
                slowest = slowest.max(took);
                count += 1;
                let _ = sender.send(took);
            }
            (count, slowest)
        };
        Self {
            name,
            answered,
            stop,
            thread: thread::spawn(run),
        }
    }

    /// Waits until it was answered twice: the second time it asked after this was called.
    fn wait(&self) {
        while self.answered.try_recv().is_ok() {}
        for _ in 0..2 {
            let answer = self.answered.recv_timeout(2 * ANSWER);
            answer.unwrap_or_else(|error| panic!("the client {}: {error}", self.name));
        }
    }

    fn end(self) -> (&'static str, usize, Duration) {
        drop(self.stop);
        let (count, slowest) = self.thread.join().expect("it noticed nothing");
        (self.name, count, slowest)
    }
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

fn post(target: &str, fields: &str, body: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
}

fn post_bytes(target: &str, body: &[u8]) -> Vec<u8> {
    let fields = format!("Content-Length: {}\r\n", body.len());
    [post(target, &fields, "").as_slice(), body].concat()
}

fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    Frame::new(opcode, payload).masked([1, 2, 3, 4]).emit()
}

/// A frame that says that its payload is compressed.
fn compressed(payload: &[u8]) -> Vec<u8> {
    let frame = Frame {
        rsv: 0b100,
        ..Frame::new(Opcode::Text, payload)
    };
    frame.masked([1, 2, 3, 4]).emit()
}

/// Where a new session polls.
fn session(at: &Serving) -> String {
    Http::open(at).session(POLLING)
}

/// How these bytes are answered.
fn answered(at: &Serving, bytes: &[u8]) -> String {
    let mut http = Http::open(at);
    http.write(bytes);
    http.answer_in_short()
}

/// How a WebSocket ends that sends these bytes.
fn ended_by(at: &Serving, pieces: &[&[u8]]) -> String {
    let mut socket = WebSocket::open(at, WEBSOCKET, false);
    pieces.iter().for_each(|piece| socket.write(piece));
    socket.end()
}

/// How a WebSocket ends that says this.
fn spoken(at: &Serving, texts: &[&str]) -> String {
    let mut socket = WebSocket::open(at, WEBSOCKET, false);
    texts.iter().for_each(|text| socket.say(text));
    socket.end()
}

fn endless_fragments(at: &Serving) -> String {
    let mut socket = WebSocket::open(at, WEBSOCKET, false);
    let fragment = |opcode| {
        let payload = vec![b'4'; 10_000];
        let frame = Frame {
            fin: false,
            ..Frame::new(opcode, payload)
        };
        frame.masked([1, 2, 3, 4]).emit()
    };
    socket.write(&fragment(Opcode::Text));
    let more = fragment(Opcode::Continuation);
    for _ in 0..10_000 {
        if socket.try_write(&more).is_err() {
            break;
        }
    }
    socket.end()
}

fn endless_chunks(at: &Serving) -> String {
    let mut http = Http::open(at);
    http.write(&post(POLLING, "Transfer-Encoding: chunked\r\n", ""));
    let chunk = format!("2710\r\n{}\r\n", "4".repeat(10_000));
    for _ in 0..10_000 {
        if http.try_write(chunk.as_bytes()).is_err() {
            break;
        }
    }
    http.answer_in_short()
}

fn bomb(at: &Serving) -> String {
    let mut deflater = Deflater::new(9, 15, false).expect("it is known");
    let megabyte = deflater.deflate(&vec![b'4'; 1_000_000]);
    // each of them ends as a message does (RFC 7692 §7.2.1)
    let bomb = [&megabyte[..], &[0, 0, 0xff, 0xff]].concat().repeat(100);
    let mut socket = WebSocket::open(at, WEBSOCKET, true);
    socket.write(&compressed(&bomb));
    socket.end()
}

/// Sends these bytes, and then one more from time to time.
fn trickle(at: &Serving, head: &str) -> String {
    let mut http = Http::open(at);
    http.write(head.as_bytes());
    while !http.has_answer_within(Duration::from_millis(100)) {
        // it may have been answered meanwhile
        let _ = http.try_write(b"x");
    }
    http.answer_in_short()
}

/// A thousand connections, each with these bytes; how they are answered.
fn many(at: &Serving, bytes: &[u8]) -> String {
    let open = |_| {
        let mut http = Http::open(at);
        http.write(bytes);
        http
    };
    let all: Vec<Http> = (0..1000).map(open).collect();
    let ends = all.into_iter().map(|mut http| http.answer_in_short());
    in_sum(ends)
}

fn no_namespace(at: &Serving) -> String {
    let all: Vec<WebSocket> = (0..200)
        .map(|_| WebSocket::open(at, WEBSOCKET, false))
        .collect();
    in_sum(all.into_iter().map(|mut socket| socket.end()))
}

/// How often the same end came; or the first two that differ.
fn in_sum(ends: impl Iterator<Item = String>) -> String {
    let ends: Vec<String> = ends.collect();
    match ends.iter().find(|end| **end != ends[0]) {
        None => format!("{} times {}", ends.len(), ends[0]),
        Some(other) => format!("{} and {other}", ends[0]),
    }
}

fn never_reads(at: &Serving) -> String {
    let mut socket = WebSocket::open(at, WEBSOCKET, false);
    socket.say("40");
    let event = format!(r#"42["echo","{}"]"#, "a".repeat(500_000));
    let frame = masked(Opcode::Text, event.as_bytes());
    // far more than the kernel keeps for both
    for _ in 0..190 {
        if socket.try_write(&frame).is_err() {
            return "cut off".to_owned();
        }
    }
    "never cut off".to_owned()
}

fn never_polls(at: &Serving) -> String {
    let url = session(at);
    let mut http = Http::open(at);
    let mut post = |text: &str| {
        http.write(&post_bytes(&url, text.as_bytes()));
        http.answer_in_short()
    };
    post("40");
    let event = format!(r#"42["echo","{}"]"#, "a".repeat(50_000));
    let mut ends = (0..100).map(|_| post(&event));
    ends.find(|end| end != "200").unwrap_or_default()
}

fn writes_on(at: &Serving) -> String {
    let url = session(at);
    let mut http = Http::open(at);
    http.write(&get(&url));
    // more than a head and a body of the largest kind
    for _ in 0..300 {
        let _ = http.try_write(&[b'x'; 10_000]);
    }
    http.end()
}

fn two_polls(at: &Serving) -> String {
    let url = session(at);
    let (mut first, mut second) = (Http::open(at), Http::open(at));
    for http in [&mut first, &mut second] {
        http.write(&get(&url));
    }
    // whichever came first is let go
    let mut ends = [first.answer_in_short(), second.answer_in_short()];
    ends.sort_by(|one, other| other.cmp(one));
    format!("{} and {}", ends[0], ends[1])
}

fn flood(at: &Serving, text: &str) -> String {
    let mut socket = WebSocket::open(at, WEBSOCKET, false);
    socket.say("40");
    let frame = masked(Opcode::Text, text.as_bytes());
    // it may be over before all is sent
    let _ = socket.try_write(&frame.repeat(5000));
    socket.end()
}

fn poll_flood(at: &Serving) -> String {
    let url = session(at);
    let mut http = Http::open(at);
    let events = ["42[\"ask\"]"; 5000].join("\x1e");
    for body in ["40", &events] {
        http.write(&post_bytes(&url, body.as_bytes()));
        assert_eq!(http.answer_in_short(), "200");
    }
    // what was sent before it ended, and then the end
    let mut last = String::new();
    for _ in 0..2 {
        http.write(&get(&url));
        last = http.answer();
        if last.ends_with(" 1") {
            break;
        }
    }
    assert!(last.ends_with(" 1"), "{last}");
    http.write(&get(&url));
    http.answer_in_short()
}

fn too_many_sessions(at: &Serving) -> String {
    let mut http = Http::open(at);
    let mut ends = (0..100).map(|_| {
        http.write(&get(POLLING));
        http.answer_in_short()
    });
    ends.find(|end| end != "200").unwrap_or_default()
}

fn too_many_connections(at: &Serving) -> String {
    let mut all: Vec<Http> = (0..100).map(|_| Http::open(at)).collect();
    let last = all.last_mut().expect("it is there");
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if last.try_write(b"GET ").is_err() || last.is_closed() {
            return "closed".to_owned();
        }
    }
    "open".to_owned()
}
