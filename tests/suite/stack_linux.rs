//! Our host against Linux's: a TAP device in a namespace, our stack on the one side, real programs on the other.
//! Over IPv4, 10.7.0.1 is Linux and 10.7.0.2 ours; over IPv6, 2001:db8:7::1 and 2001:db8:7::2.

mod neighbors;
mod tap;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use layerwalk::stack::host::{HostEvent, HostEventKind};
use layerwalk::stack::record::{ConnId, TcpState};
use layerwalk::stack::tcp::{CongestionAlgorithm, Event, TcpConfig};

use tap::{Family, Live, parsed};

/// Bytes whose every place can be told.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 253) as u8).collect()
}

/// An HTTP server that answers `GET` with a body of this length, and anything else with the length of what came.
struct Server {
    body: Vec<u8>,
    requests: BTreeMap<ConnId, Vec<u8>>,
    unsent: BTreeMap<ConnId, Vec<u8>>,
    uploaded: Vec<u8>,
}

impl Server {
    fn new(body_len: usize) -> Self {
        Self {
            body: pattern(body_len),
            requests: BTreeMap::new(),
            unsent: BTreeMap::new(),
            uploaded: Vec::new(),
        }
    }

    fn handle(&mut self, live: &mut Live, event: &HostEvent) {
        match event.kind {
            HostEventKind::Tcp(Event::Readable(conn)) => self.read(live, conn),
            HostEventKind::Tcp(Event::Writable(conn)) => self.write(live, conn),
            HostEventKind::Tcp(Event::PeerClosed(conn)) => {
                live.call(|host, cx| host.close(cx, conn));
            }
            _ => {}
        }
    }

    fn read(&mut self, live: &mut Live, conn: ConnId) {
        let request = self.requests.entry(conn).or_default();
        request.extend(live.call(|host, cx| host.receive(cx, conn, usize::MAX)));
        let Some(head) = request.windows(4).position(|four| four == b"\r\n\r\n") else {
            return;
        };
        let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
        if request.len() < head + 4 + length {
            return;
        }
        let body = if text.starts_with("get") {
            self.body.clone()
        } else {
            self.uploaded = request[head + 4..].to_vec();
            Vec::new()
        };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = [answer.into_bytes(), body].concat();
        self.requests.remove(&conn);
        self.unsent.insert(conn, answer);
        self.write(live, conn);
    }

    fn write(&mut self, live: &mut Live, conn: ConnId) {
        if let Some(unsent) = self.unsent.get_mut(&conn) {
            let taken = live.call(|host, cx| host.send(cx, conn, unsent));
            unsent.drain(..taken);
        }
    }
}

/// Downloads and uploads by curl, with so many of 256 frames lost each way.
fn check_curl(family: Family, tcp: TcpConfig, loss: u64, len: usize) {
    let mut live = Live::with(family, tcp);
    live.lose(loss);
    live.call(|host, cx| host.listen(cx, 80).expect("a free port"));
    let mut server = Server::new(len);
    let folder = tempfile::tempdir().expect("a folder");
    let (down, up) = (folder.path().join("down"), folder.path().join("up"));
    std::fs::write(&up, pattern(len)).expect("a file");
    let url = format!("http://{}/", family.at(80));
    let common = [
        "--silent",
        "--show-error",
        "--globoff",
        "--noproxy",
        "*",
        "--max-time",
        "60",
        "-H",
        "Expect:",
    ];
    for (option, file) in [("--output", &down), ("--data-binary", &up)] {
        let file = file.to_str().expect("a path");
        let file = if option == "--output" {
            file.to_owned()
        } else {
            format!("@{file}")
        };
        let arguments = [&common[..], &[option, &file, &url]].concat();
        let code = live.run("curl", &arguments, |live, event| server.handle(live, event));
        assert_eq!(code, 0, "curl {arguments:?}\n{}", live.story());
    }
    assert!(
        std::fs::read(&down).expect("a file") == pattern(len),
        "what came down is what was sent"
    );
    assert!(
        server.uploaded == pattern(len),
        "what went up is what was sent"
    );
}

#[test]
#[ignore = "needs root, ip, curl"]
fn curl_downloads_and_uploads() {
    for family in Family::BOTH {
        check_curl(family, TcpConfig::default(), 0, 500_000);
    }
}

#[test]
#[ignore = "needs root, ip, curl"]
fn curl_downloads_and_uploads_with_loss() {
    for family in Family::BOTH {
        check_curl(family, TcpConfig::default(), 8, 60_000);
    }
}

/// Three megabytes each way through losses of two frames in a hundred each way: with every congestion control, with
/// SACK and without, and with RACK.
#[test]
#[ignore = "needs root, ip, curl"]
fn curl_moves_megabytes_with_loss() {
    for congestion in [
        CongestionAlgorithm::Reno,
        CongestionAlgorithm::Cubic,
        CongestionAlgorithm::None,
    ] {
        for (sack, rack) in [(true, false), (false, false), (true, true)] {
            let tcp = TcpConfig {
                congestion,
                sack,
                rack,
                rto_min: Duration::from_millis(200),
                ..TcpConfig::default()
            };
            check_curl(Family::V4, tcp, 5, 3_000_000);
        }
    }
}

#[test]
#[ignore = "needs root, ip, curl"]
fn curl_moves_megabytes_with_loss_over_ipv6() {
    let tcp = TcpConfig {
        rto_min: Duration::from_millis(200),
        ..TcpConfig::default()
    };
    check_curl(Family::V6, tcp, 5, 3_000_000);
}

#[test]
#[ignore = "needs root, ip, curl"]
fn curl_is_refused() {
    for family in Family::BOTH {
        let mut live = Live::new(family);
        let url = format!("http://{}/", family.at(81));
        let common = ["--silent", "--globoff", "--noproxy", "*"];
        let arguments = [&common[..], &["--max-time", "5", &url]].concat();
        let code = live.run("curl", &arguments, |_, _| {});
        assert_eq!(code, 7, "{}", live.story());
    }
}

#[test]
#[ignore = "needs root, ip, python3"]
fn echo_requests_are_answered() {
    let mut live = Live::new(Family::V4);
    // Of 4008 bytes in one packet of the socket, Linux makes fragments.
    let program = "
import socket, struct, sys
def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    total = (total & 0xffff) + (total >> 16)
    return 0xffff - ((total & 0xffff) + (total >> 16))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(5)
for sequence, size in [(1, 0), (2, 56), (3, 4000)]:
    data = bytes(i % 251 for i in range(size))
    def message(kind):
        zero = struct.pack('!BBHHH', kind, 0, 0, 77, sequence) + data
        return zero[:2] + struct.pack('!H', checksum(zero)) + zero[4:]
    s.sendto(message(8), (sys.argv[1], 0))
    assert s.recv(65536)[20:] == message(0), size
";
    let code = live.run("python3", &["-c", program, Family::V4.ours()], |_, _| {});
    assert_eq!(code, 0, "{}", live.story());
}

#[test]
#[ignore = "needs root, ip, python3"]
fn a_datagram_to_a_closed_port_is_refused() {
    let program = "
import socket, sys
family, kind, _, _, to = socket.getaddrinfo(sys.argv[1], 9, type=socket.SOCK_DGRAM)[0]
s = socket.socket(family, kind)
s.settimeout(5)
s.connect(to)
s.send(b'anybody?')
try:
    s.recv(1)
except ConnectionRefusedError:
    sys.exit(42)
";
    for family in Family::BOTH {
        let mut live = Live::new(family);
        let code = live.run("python3", &["-c", program, family.ours()], |_, _| {});
        assert_eq!(code, 42, "{}", live.story());
    }
}

/// Our host opens, sends, ends its side, and reads the echo until Linux has ended its own.
#[test]
#[ignore = "needs root, ip, python3"]
fn our_client_and_a_linux_server() {
    for family in Family::BOTH {
        check_our_client(family);
    }
}

fn check_our_client(family: Family) {
    let mut live = Live::new(family);
    let program = "
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
server = socket.create_server((sys.argv[1], 7), family=family)
conn, peer = server.accept()
data = b''
while part := conn.recv(65536):
    data += part
conn.sendall(data)
conn.close()
assert len(data) == 200000, len(data)
";
    let sent = pattern(200_000);
    let (mut conn, mut got, mut tries) = (None, Vec::new(), 0);
    let code = live.run(
        "python3",
        &["-c", program, family.linux()],
        |live, event| {
            match event.kind {
                // The server takes a moment to start: until then Linux refuses.
                _ if conn.is_none() && live.elapsed() > Duration::from_millis(100) * tries => {
                    tries += 1;
                    let remote = SocketAddr::new(parsed(family.linux()), 7);
                    let connected = live.call(|host, cx| host.connect(cx, None, remote));
                    conn = Some(connected.expect("a free port"));
                }
                HostEventKind::Tcp(Event::Refused(_)) => conn = None,
                HostEventKind::Tcp(Event::Connected(conn)) => {
                    assert_eq!(live.call(|host, cx| host.send(cx, conn, &sent)), sent.len());
                    live.call(|host, cx| host.shutdown(cx, conn));
                }
                HostEventKind::Tcp(Event::Readable(conn)) => {
                    got.extend(live.call(|host, cx| host.receive(cx, conn, usize::MAX)));
                }
                _ => {}
            }
        },
    );
    assert_eq!(code, 0, "{}", live.story());
    // Python may be gone before its last bytes have come, and more of them than our window holds.
    let conn = conn.expect("a connection");
    for _ in 0..100 {
        got.extend(live.call(|host, cx| host.receive(cx, conn, usize::MAX)));
        if live.passed(TcpState::TimeWait) {
            break;
        }
        live.linger();
    }
    got.extend(live.call(|host, cx| host.receive(cx, conn, usize::MAX)));
    assert!(
        got == sent,
        "the echo of {} bytes: {}\n{}",
        sent.len(),
        got.len(),
        live.story()
    );
    // A FIN that Linux repeats to a program that is gone may end our TIME-WAIT early, by a RST (RFC 1337).
    assert!(live.passed(TcpState::TimeWait), "{}", live.story());
    let refused = live.saw(|event| matches!(event, HostEventKind::Tcp(Event::Refused(_))));
    assert!(refused, "the first try comes before Python is there");
}

/// Both ends take part in ECN, some packets each way are marked, and both ends slow down and say so.
#[test]
#[ignore = "needs root, ip, sysctl, curl"]
fn ecn_is_agreed_and_marks_are_answered() {
    for family in Family::BOTH {
        check_ecn(family);
    }
}

fn check_ecn(family: Family) {
    let tcp = TcpConfig {
        ecn: true,
        ..TcpConfig::default()
    };
    let mut live = Live::with(family, tcp);
    let code = live.run("sysctl", &["-w", "net.ipv4.tcp_ecn=1"], |_, _| {});
    assert_eq!(code, 0);
    live.mark(20);
    live.call(|host, cx| host.listen(cx, 80).expect("a free port"));
    let mut server = Server::new(300_000);
    let folder = tempfile::tempdir().expect("a folder");
    let up = folder.path().join("up");
    std::fs::write(&up, pattern(300_000)).expect("a file");
    let (url, up) = (
        format!("http://{}/", family.at(80)),
        format!("@{}", up.display()),
    );
    let common = [
        "--silent",
        "--globoff",
        "--noproxy",
        "*",
        "--max-time",
        "30",
        "-H",
        "Expect:",
    ];
    for more in [&[][..], &["--data-binary", &up][..]] {
        let arguments = [&common[..], more, &[&url]].concat();
        let code = live.run("curl", &arguments, |live, event| server.handle(live, event));
        assert_eq!(code, 0, "curl {arguments:?}\n{}", live.story());
    }
    assert!(server.uploaded == pattern(300_000));
    for words in [
        "both ends take part in ECN",
        "ECE: a queue on the way is long",
        "marked on its way (CE)",
        "the peer has slowed down (CWR)",
    ] {
        assert!(live.decided(words), "{words}\n{}", live.story());
    }
}

/// Linux asks us and we ask Linux whether the other is alive, until there is something to say.
#[test]
#[ignore = "needs root, ip, python3"]
fn keep_alives_are_asked_and_answered() {
    let tcp = TcpConfig {
        keep_alive: Some(Duration::from_millis(1500)),
        keep_alive_interval: Duration::from_millis(500),
        keep_alive_probes: 2,
        ..TcpConfig::default()
    };
    let mut live = Live::with(Family::V4, tcp);
    live.call(|host, cx| host.listen(cx, 7).expect("a free port"));
    let program = "
import socket, sys, time
s = socket.create_connection((sys.argv[1], 7))
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
for option in socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT:
    s.setsockopt(socket.IPPROTO_TCP, option, 1)
time.sleep(2.3)
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
time.sleep(2.5)
s.settimeout(5)
s.sendall(b'still here')
assert s.recv(100) == b'still here'
";
    let code = live.run(
        "python3",
        &["-c", program, Family::V4.ours()],
        |live, event| {
            if let HostEventKind::Tcp(Event::Readable(conn)) = event.kind {
                let got = live.call(|host, cx| host.receive(cx, conn, usize::MAX));
                live.call(|host, cx| host.send(cx, conn, &got));
            }
        },
    );
    assert_eq!(code, 0, "{}", live.story());
    for words in [
        "it asks whether we are alive",
        "nothing came for long: a keep-alive",
    ] {
        assert!(live.decided(words), "{words}\n{}", live.story());
    }
    assert!(!live.decided("no keep-alive was answered"));
}
