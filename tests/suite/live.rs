//! Live captures with the built program, of real conversations in network namespaces that the tests make.

pub mod net;

use std::net::UdpSocket;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::thread;

use layerwalk::base::LinkType;
use layerwalk::capture::file;
use layerwalk::capture::packet::{Capture, Direction};
use layerwalk::proto::filter::Filter;
use layerwalk::walk::Walk;
use layerwalk::walk::step::MessageId;

use super::terminal::Session;
use net::{Capturing, Namespace, Process, Saved, run, run_ok};

const BINARY: &str = env!("CARGO_BIN_EXE_layerwalk");

/// A WebSocket server that echoes, on an address and a port.
const SERVER: &str = r#"
import asyncio, sys
from websockets.asyncio.server import serve
async def echo(connection):
    async for message in connection:
        await connection.send("echo: " + message)
async def main():
    async with serve(echo, sys.argv[1], int(sys.argv[2]), compression=None):
        print("listening", flush=True)
        await asyncio.get_running_loop().create_future()
asyncio.run(main())
"#;

/// A client of it that says two things.
const CLIENT: &str = r#"
import sys
from websockets.sync.client import connect
with connect(f"ws://{sys.argv[1]}:{sys.argv[2]}/chat", compression=None) as connection:
    for text in ["hello layers", "good-bye"]:
        connection.send(text)
        assert connection.recv(timeout=20) == "echo: " + text
"#;

/// Has the conversation: a WebSocket client, and curl at the same port.
fn converse(client: &Namespace, server: &Namespace, addr: &str) {
    let mut serving = server.spawn("python3", &["-c", SERVER, addr, "80"]);
    serving.wait_for_line("listening");
    run_ok(&mut client.command("timeout", &["30", "python3", "-c", CLIENT, addr, "80"]));
    let url = format!("http://{addr}/plain");
    let curl = ["--silent", "--noproxy", "*", "--max-time", "20", &url];
    let refusal = run_ok(&mut client.command("curl", &curl));
    assert!(refusal.contains("WebSocket"), "{refusal}");
}

/// The conversation is in the file, as tshark sees it.
fn check_conversation(file: &Saved) {
    assert_eq!(
        tshark(file, "tcp.flags.syn == 1", "tcp.flags.ack"),
        ["0", "1", "0", "1"]
    );
    assert_eq!(
        tshark(file, "http.request", "http.request.uri"),
        ["/chat", "/plain"]
    );
    assert_eq!(
        tshark(file, "http.response", "http.response.code"),
        ["101", "426"]
    );
    let texts = tshark(file, "websocket.opcode == 1", "text");
    // Beside the message, tshark calls other things text too.
    let texts: Vec<&str> = texts
        .iter()
        .filter_map(|found| found.rsplit(',').next())
        .collect();
    let expected = [
        "hello layers",
        "echo: hello layers",
        "good-bye",
        "echo: good-bye",
    ];
    assert_eq!(texts, expected);
    assert_eq!(
        tshark(file, "websocket.opcode == 8", "websocket.mask").len(),
        2
    );
}

/// The conversation is in the file, as we see it: who said what, in order.
fn check_walk(file: &Saved) {
    let walk = Walk::from_capture("live", whole(file));
    let syn = Filter::compile("tcp.flags.syn == 1").expect("a filter");
    assert_eq!(walk.matching(&syn).len(), 4);
    let messages = (0..walk.messages() as u32).filter_map(|id| walk.message(MessageId(id)));
    let said: Vec<String> = messages
        .map(|message| format!("{:?} {}", message.dir, message.info))
        .collect();
    let expected = [
        "ToServer GET /chat HTTP/1.1",
        "ToClient HTTP/1.1 101 Switching Protocols",
        r#"ToServer Text "hello layers""#,
        r#"ToClient Text "echo: hello layers""#,
        r#"ToServer Text "good-bye""#,
        r#"ToClient Text "echo: good-bye""#,
        "ToServer Connection Close 1000 (Normal Closure)",
        "ToClient Connection Close 1000 (Normal Closure)",
        "ToServer GET /plain HTTP/1.1",
        "ToClient HTTP/1.1 426 Upgrade Required",
    ];
    assert_eq!(said, expected);
}

fn tshark(file: &Saved, filter: &str, field: &str) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-Y", filter, "-T", "fields", "-e", field, "-r"]);
    let output = run_ok(command.arg(file.path()));
    output.lines().map(str::to_owned).collect()
}

/// What the file holds, which must be whole.
fn whole(file: &Saved) -> Capture {
    let capture = file::read(file.path()).expect("a capture");
    assert_eq!(capture.damage, None);
    capture
}

#[test]
#[ignore = "needs root, ip, tshark, curl and Python's websockets"]
fn a_conversation_between_two_hosts() {
    let (left, right) = Namespace::pair();
    let before = left.frames_of("veth0");
    let capturing = Capturing::start(&left, "veth0", &[]);
    converse(&left, &right, "10.9.0.2");
    let at_least = left.frames_of("veth0") - before;
    let (file, summary) = capturing.interrupt();
    let at_most = left.frames_of("veth0") - before;
    check_conversation(&file);
    check_walk(&file);

    let capture = whole(&file);
    let passed = capture.packets.len();
    // Every frame is there, once; a host may have asked for an address while the capture ended.
    assert!(
        (at_least..=at_most).contains(&passed),
        "{at_least} {passed} {at_most}"
    );
    assert_eq!(summary, format!("{passed} frames captured, 0 dropped"));
    for packet in capture.packets.iter().filter(|packet| is_ip(&packet.bytes)) {
        let expected = match packet.bytes[29] {
            1 => Direction::Outbound,
            _ => Direction::Inbound,
        };
        assert_eq!(packet.direction, Some(expected));
    }
    check_times(&capture);
}

/// Whether an Ethernet frame carries IPv4.
fn is_ip(frame: &[u8]) -> bool {
    frame[12..14] == [0x08, 0x00]
}

/// The clock goes forward, and to the nanosecond.
fn check_times(capture: &Capture) {
    let times: Vec<u64> = capture.packets.iter().map(|packet| packet.time.0).collect();
    assert!(times.is_sorted());
    assert!(times.iter().any(|time| time % 1000 != 0));
}

#[test]
#[ignore = "needs root, ip, tshark, curl and Python's websockets"]
fn a_conversation_over_loopback_has_each_frame_once() {
    let host = Namespace::new();
    let before = host.frames_of("lo");
    let capturing = Capturing::start(&host, "lo", &[]);
    converse(&host, &host, "127.0.0.1");
    let at_least = host.frames_of("lo") - before;
    let (file, _) = capturing.interrupt();
    let at_most = host.frames_of("lo") - before;
    check_conversation(&file);
    check_walk(&file);

    let capture = whole(&file);
    // The counters of `lo` count a frame going out and coming in.
    let passed = capture.packets.len() * 2;
    assert!(
        (at_least..=at_most).contains(&passed),
        "{at_least} {passed} {at_most}"
    );
    assert!(
        capture
            .packets
            .iter()
            .all(|packet| packet.direction == Some(Direction::Inbound))
    );
    // Loopback computes no checksums: that they are not ready tells that they are not wrong.
    assert!(
        capture
            .packets
            .iter()
            .all(|packet| packet.checksum_not_ready)
    );
    check_times(&capture);
    // The one that asks speaks first, from its own port to the server's.
    let ports = tshark(&file, "http.request || http.response", "tcp.dstport");
    assert_eq!([&ports[0], &ports[2]], ["80", "80"]);
    assert!(ports[1] != "80" && ports[3] != "80", "{ports:?}");
}

/// Sends so many datagrams over loopback.
const DATAGRAMS: &str = r#"
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
r = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
r.bind(("127.0.0.1", 9999))
for number in range(int(sys.argv[1])):
    s.sendto(b"datagram %d" % number, ("127.0.0.1", 9999))
"#;

#[test]
#[ignore = "needs root and ip"]
fn a_count_and_a_time_end_a_capture() {
    let host = Namespace::new();
    let capturing = Capturing::start(&host, "lo", &["--count", "3"]);
    run_ok(&mut host.command("python3", &["-c", DATAGRAMS, "5"]));
    let (file, summary) = capturing.end(0);
    assert_eq!(summary, "3 frames captured, 0 dropped");
    assert_eq!(whole(&file).packets.len(), 3);

    let capturing = Capturing::start(&host, "lo", &["--duration", "100ms"]);
    let (file, summary) = capturing.end(0);
    assert_eq!(summary, "0 frames captured, 0 dropped");
    assert_eq!(whole(&file).interfaces[0].name.as_deref(), Some("lo"));
}

#[test]
#[ignore = "needs root and ip"]
fn a_filter_chooses_what_is_shown_and_kept() {
    let host = Namespace::new();
    let more = [
        "udp.dstport == 9999 && udp.length > 18",
        "--show",
        "--count",
        "3",
    ];
    let capturing = Capturing::start(&host, "lo", &more);
    // The first ten are a byte too short.
    run_ok(&mut host.command("python3", &["-c", DATAGRAMS, "20"]));
    let (file, summary) = capturing.end(0);
    assert_eq!(summary, "3 of 13 frames captured, 0 dropped");
    let capture = whole(&file);
    let ends: Vec<&[u8]> = capture
        .packets
        .iter()
        .map(|packet| &packet.bytes[50..])
        .collect();
    assert_eq!(ends, [b" 10", b" 11", b" 12"]);

    let refused = run(
        &mut host.command(BINARY, &["capture", "-i", "lo", "tcp.prot == 80"]),
        2,
    );
    assert!(refused.contains("tcp.port"), "{refused}");
}

#[test]
#[ignore = "needs root and ip"]
fn a_capture_is_on_the_screen_as_it_comes() {
    // A namespace for a thread alone, so that the program, which it starts, is in it too.
    let test = || {
        // SAFETY: no pointers; it concerns this thread alone.
        assert_eq!(
            unsafe { libc::unshare(libc::CLONE_NEWNET) },
            0,
            "root is needed"
        );
        run_ok(Command::new("ip").args(["link", "set", "lo", "up"]));
        let file = Saved::new();
        let path = file.path();
        let path = path.to_str().expect("a path");
        let mut screen = Session::start(&["capture", "-i", "lo", "-w", path], &[]);
        screen.until("the capture", |screen| {
            screen.text().contains("no frames yet")
        });
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let to = receiver.local_addr().expect("an address");
        for number in 0..3 {
            let sent = receiver.send_to(b"over loopback", to);
            assert_eq!(sent.expect("sent"), 13);
            let step = format!("step {0}/{0}", number + 1);
            screen.until(&step, |screen| screen.text().contains(&step));
        }
        screen.keys("q");
        assert_eq!(screen.ended(), 0);
        assert_eq!(whole(&file).packets.len(), 3);
    };
    thread::scope(|scope| scope.spawn(test).join().expect("the test passes"));
}

#[test]
#[ignore = "needs root and ip"]
fn a_killed_capture_leaves_a_whole_file() {
    let host = Namespace::new();
    let mut capturing = Capturing::start(&host, "lo", &["--show"]);
    run_ok(&mut host.command("python3", &["-c", DATAGRAMS, "20"]));
    capturing.process.wait_for_line("   20 ");
    let file = capturing.kill();
    assert_eq!(whole(&file).packets.len(), 20);
}

#[test]
#[ignore = "needs root and ip"]
fn an_interface_that_goes_ends_the_capture() {
    let (left, right) = Namespace::pair();
    let capturing = Capturing::start(&left, "veth0", &[]);
    run_ok(&mut right.ip(&["link", "del", "veth1"]));
    let (file, end) = capturing.end(3);
    assert_eq!(
        end,
        "layerwalk: interface `veth0` is gone: the capture ends here"
    );
    whole(&file);

    let (left, _right) = Namespace::pair();
    let capturing = Capturing::start(&left, "veth0", &[]);
    run_ok(&mut left.ip(&["link", "set", "veth0", "down"]));
    let (file, end) = capturing.end(3);
    assert_eq!(
        end,
        "layerwalk: interface `veth0` went down: the capture ends here"
    );
    whole(&file);
}

#[test]
#[ignore = "needs root and ip"]
fn an_interface_that_is_not_there_or_down_is_told() {
    let (left, _right) = Namespace::pair();
    let refused = run(&mut left.command(BINARY, &["capture", "-i", "vethO"]), 2);
    assert_eq!(
        refused,
        "layerwalk: there is no interface `vethO` (did you mean `veth0`?); there are: lo, veth0\n"
    );
    run_ok(&mut left.ip(&["link", "set", "veth0", "down"]));
    let refused = run(&mut left.command(BINARY, &["capture", "-i", "veth0"]), 3);
    assert!(refused.contains("sudo ip link set veth0 up"), "{refused}");
    let refused = run(
        &mut left.command(BINARY, &["capture", "-i", "lo", "-w", "/no/such/file"]),
        3,
    );
    assert!(
        refused.contains("/no/such/file cannot be written"),
        "{refused}"
    );
}

#[test]
#[ignore = "needs root and setpriv"]
fn who_may_not_capture_is_told_what_is_missing() {
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all",
    ]);
    command.args(["--bounding-set=-all", BINARY, "capture", "-i", "lo"]);
    let refused = run(&mut command, 4);
    assert!(refused.contains("CAP_NET_RAW"), "{refused}");
    let grant = format!("sudo setcap cap_net_raw+ep {BINARY}\n");
    assert!(refused.contains(&grant), "{refused}");
}

#[test]
#[ignore = "needs root, ip, setpriv and setcap"]
fn the_capability_that_it_names_is_enough() {
    let host = Namespace::new();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("ours");
    let program = folder.path().join("layerwalk");
    std::fs::copy(BINARY, &program).expect("a copy");
    let program = program.to_str().expect("a path");
    run_ok(Command::new("setcap").args(["cap_net_raw+ep", program]));
    let user = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=-all",
        program,
    ];
    let mut arguments = user.to_vec();
    arguments.extend([
        "capture",
        "-i",
        "lo",
        "--show",
        "--duration",
        "60s",
        "--count",
        "1",
    ]);
    let mut capturing = host.spawn("setpriv", &arguments);
    capturing.wait_for_line("capturing on lo");
    let status = capturing.status();
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    run_ok(&mut host.command("python3", &["-c", DATAGRAMS, "1"]));
    capturing.wait(0);
}

#[test]
#[ignore = "needs root and ip"]
fn privileges_are_given_up_once_it_captures() {
    let host = Namespace::new();
    let capturing = Capturing::start(&host, "lo", &[]);
    let status = capturing.process.status();
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    assert_eq!(status["Uid"], "0\t0\t0\t0");

    let sudo = ["SUDO_UID=65534", "SUDO_GID=65533"];
    let capturing = Capturing::start_with(&host, "lo", &[], &sudo);
    let status = capturing.process.status();
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    assert_eq!(status["Uid"], ["65534"; 4].join("\t"));
    assert_eq!(status["Gid"], ["65533"; 4].join("\t"));
    assert_eq!(status["Groups"], "65533");
    // And still it captures, and the file belongs to the user.
    run_ok(&mut host.command("python3", &["-c", DATAGRAMS, "5"]));
    let (file, _) = capturing.interrupt();
    assert_eq!(whole(&file).packets.len(), 5);
    let owner = std::fs::metadata(file.path()).expect("the file");
    assert_eq!((owner.uid(), owner.gid()), (65534, 65533));
}

/// Sends a frame with an 802.1Q tag on an interface.
const TAGGED: &str = r#"
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("veth1", 0))
s.send(b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x81\0\x60\x05" + b"\x88\xb5" + b"tagged" * 10)
"#;

#[test]
#[ignore = "needs root and ip"]
fn a_vlan_tag_is_in_the_frame_again() {
    let (left, right) = Namespace::pair();
    let capturing = Capturing::start(&left, "veth0", &["--count", "1"]);
    run_ok(&mut right.command("python3", &["-c", TAGGED]));
    let (file, _) = capturing.end(0);
    let capture = whole(&file);
    let packet = &capture.packets[0];
    assert_eq!(packet.bytes[12..24], *b"\x81\0\x60\x05\x88\xb5tagged");
    assert_eq!((packet.bytes.len(), packet.original_len), (78, 78));
}

/// Makes a TUN device, and sends a datagram through it when told to.
const TUN: &str = r#"
import fcntl, os, socket, struct, subprocess, sys
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", b"tun0", 0x1001))
for command in ["addr add 10.8.0.1/24 dev tun0", "link set tun0 up"]:
    subprocess.run(["ip"] + command.split(), check=True)
print("ready", flush=True)
sys.stdin.readline()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"raw", ("10.8.0.2", 9))
sys.stdin.readline()
"#;

#[test]
#[ignore = "needs root, ip and /dev/net/tun"]
fn a_device_of_bare_ip_has_its_link_type() {
    let host = Namespace::new();
    let mut tun = host.spawn("python3", &["-c", TUN]);
    tun.wait_for_line("ready");
    let capturing = Capturing::start(&host, "tun0", &["--count", "1", "--snap-len", "24"]);
    tun.tell("go\n");
    let (file, _) = capturing.end(0);
    let capture = whole(&file);
    assert_eq!(capture.interfaces[0].link_type, LinkType::RAW);
    let packet = &capture.packets[0];
    assert_eq!(packet.bytes[16..20], [10, 8, 0, 2]);
    assert_eq!((packet.bytes.len(), packet.original_len), (24, 31));
    assert_eq!(packet.direction, Some(Direction::Outbound));
}

#[test]
#[ignore = "needs root, ip and tshark"]
fn a_capture_goes_down_a_pipe() {
    let host = Namespace::new();
    let script = format!(
        "{BINARY} capture -i lo --count 3 --duration 30s -w - | tshark -n -r - -T fields -e udp.dstport"
    );
    let mut pipe = Process::start(host.command("sh", &["-c", &script]));
    pipe.wait_for_line("capturing on lo");
    run_ok(&mut host.command("python3", &["-c", DATAGRAMS, "3"]));
    assert!(pipe.wait(0).ends_with("9999\n9999\n9999\n"));
}
