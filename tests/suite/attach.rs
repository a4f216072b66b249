//! Scenarios in real time, with the kernel of this machine in place of some of their hosts, each in a network
//! namespace of its own.

use std::path::Path;
use std::process::Command;
use std::thread;

use layerwalk::capture::file;
use sha1::{Digest, Sha1};

use crate::live::net::{Namespace, Process, Saved, run, run_ok};
use crate::terminal::Session;
use crate::tool::{self, LAYERWALK};

/// A server with a file of 50 MB and an upload, and its client.
const FILE_SERVER: &str = include_str!("../../scenarios/attach-http.toml");
/// The same behind a link that loses 5%, holds 5% back behind others, and doubles 1%.
const BAD_LINK: &str = include_str!("../../scenarios/attach-bad-link.toml");

const LENGTH: usize = 50_000_000;

/// Two hosts, and between them two routers and a link that takes 1400 bytes.
const ROUTERS: &str = include_str!("../../scenarios/path-mtu.toml");

/// Two hosts that are 20 ms apart.
const LONG_WIRE: &str = r#"
title   = "A long wire"
summary = "Between two kernels"
node    = [{ name = "left", ip = "10.7.0.1/24" }, { name = "right", ip = "10.7.0.2/24" }]
link    = [{ ends = ["left", "right"], delay = "20 ms" }]
"#;

/// A server of both families, and its client, which has a way out over each.
const BOTH_FAMILIES: &str = r#"
title   = "Two families"
summary = "A server with an address of each"
app     = [{ on = "server", kind = "http-server", page = [{ body = "served\n" }] }]
link    = [{ ends = ["client", "server"] }]

[[node]]
name     = "client"
ip       = "10.80.0.1/24"
gateway  = "10.80.0.80"
ip6      = "2001:db8:80::1/64"
gateway6 = "2001:db8:80::80"

[[node]]
name = "server"
ip   = "10.80.0.80/24"
ip6  = "2001:db8:80::80/64"
"#;

/// A scenario that runs attached to a device in a namespace.
pub struct Attached {
    pub host: Namespace,
    process: Process,
    file: Saved,
    _scenario: tempfile::NamedTempFile,
}

impl Attached {
    /// Starts it with tap0 for each of the real nodes (tap0, tap1 …), and waits until it runs.
    pub fn start(scenario: &str, reals: &[&str], more: &[&str]) -> Self {
        let host = Namespace::new();
        let (file, scenario) = (Saved::new(), written(scenario));
        let mut command = host.command("env", &["-u", "SUDO_UID", "-u", "SUDO_GID", LAYERWALK]);
        command.arg("attach").arg(scenario.path());
        for (index, node) in reals.iter().enumerate() {
            command.arg("--real").arg(format!("{node}=tap{index}"));
        }
        command.arg("-w").arg(file.path());
        command.args(["--duration", "700s"]).args(more);
        let mut process = Process::start(command);
        process.wait_for_line("attached to tap0");
        Self {
            host,
            process,
            file,
            _scenario: scenario,
        }
    }

    /// Runs a program on the real host, to its good end.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        run_ok(&mut self.host.command(program, arguments))
    }

    /// curl, which ends in any case; what it wrote.
    fn curl(&self, arguments: &[&str]) -> String {
        let common = [
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "300",
        ];
        self.run("curl", &[&common[..], arguments].concat())
    }

    /// Ends it by a signal, which is a good end.
    pub fn end(mut self, signal: &str) -> (Namespace, Saved, String) {
        self.process.signal(signal);
        let told = self.process.wait(0);
        (self.host, self.file, told)
    }
}

/// A file with this scenario.
pub fn written(scenario: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile();
    let file = file.expect("a file");
    std::fs::write(file.path(), scenario).expect("a file");
    file
}

fn sha1(bytes: &[u8]) -> String {
    let digits = Sha1::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>();
    digits.concat()
}

/// Bytes whose every place can be told.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 253) as u8).collect()
}

/// What tshark warns of in a file, but for what Linux does by itself: where no hardware makes the checksum of a TCP
/// segment and it comes out as 0, Linux writes 0xffff, as only UDP has to.
fn warnings(file: &Path) -> String {
    // Each frame has a number from 1 on.
    warnings_but(file, "frame.number == 0")
}

/// The same, but for the frames that this filter selects.
fn warnings_but(file: &Path, but: &str) -> String {
    let wrong =
        "_ws.expert.severity >= 0x600000 && !(tcp.checksum == 0xffff && ip.src != 10.80.0.80)";
    tool::tshark(
        file,
        &[
            "-n",
            "--disable-protocol",
            "http",
            "-Y",
            &format!("{wrong} && !({but})"),
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "_ws.expert.message",
        ],
    )
}

/// curl fetches the file and uploads as much, and both come whole.
fn check_curl(attached: &Attached) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (down, up) = (path("down"), path("up"));
    attached.curl(&["--output", &down, "http://10.80.0.80/file"]);
    let lines = (0..LENGTH)
        .step_by(16)
        .map(|place| format!("{place:015}\n"));
    let expected: String = lines.collect();
    assert!(std::fs::read(&down).expect("a file") == expected.as_bytes()[..LENGTH]);
    std::fs::write(&up, pattern(LENGTH)).expect("a file");
    let answer = attached.curl(&["--upload-file", &up, "http://10.80.0.80/upload"]);
    let hash = sha1(&pattern(LENGTH));
    assert_eq!(answer, format!("{LENGTH} bytes, SHA-1 {hash}\n"));
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun, curl and tshark"]
fn curl_fetches_and_uploads() {
    let attached = Attached::start(FILE_SERVER, &["client"], &["--up"]);
    check_curl(&attached);
    let (_, file, told) = attached.end("-INT");
    assert!(told.contains("programs on client are not run"), "{told}");
    assert!(told.contains(", 0 dropped"), "{told}");
    // Where this machine is busy, Linux probes for an answer that is only late, and is told that the probe came twice.
    assert_eq!(warnings_but(&file.path(), "tcp.options.sack.dsack"), "");
    let fields = ["http.request.method", "http.response.code"].map(|field| ["-e", field]);
    // The bodies stay in their segments: tshark takes minutes to join 50 MB.
    let arguments = [
        "-o",
        "http.desegment_body:FALSE",
        "-Y",
        "http.request || http.response",
        "-T",
        "fields",
    ];
    let arguments = [&arguments, fields.as_flattened()].concat();
    let told = tool::tshark(&file.path(), &arguments);
    let told: Vec<&str> = told.split_whitespace().collect();
    assert_eq!(told, ["GET", "200", "PUT", "100", "200"]);
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun and curl"]
fn curl_fetches_and_uploads_over_a_bad_link() {
    let attached = Attached::start(BAD_LINK, &["client"], &["--up"]);
    check_curl(&attached);
    let (_, file, told) = attached.end("-INT");
    assert!(told.contains(", 0 dropped"), "{told}");
    for direction in ["ip.src == 10.80.0.80", "ip.dst == 10.80.0.80"] {
        let again = format!("tcp.analysis.retransmission && {direction}");
        let arguments = ["-n", "--disable-protocol", "http", "-Y", &again];
        assert_ne!(tool::tshark(&file.path(), &arguments), "");
    }
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun, ping, python3, ss and tshark"]
fn a_kernel_finds_the_host_and_agrees_on_options() {
    let mut attached = Attached::start(FILE_SERVER, &["client"], &["--up", "--show"]);
    let pings = attached.run("ping", &["-c", "3", "-i", "0.2", "-W", "5", "10.80.0.80"]);
    assert!(pings.contains("3 received"), "{pings}");
    let neighbours = run_ok(&mut attached.host.ip(&["neigh", "show", "dev", "tap0"]));
    assert!(
        neighbours.contains("10.80.0.80 lladdr 02:00:00:00:00:02"),
        "{neighbours}"
    );
    let program = "
import socket, subprocess
s = socket.create_connection(('10.80.0.80', 80), timeout=20)
s.sendall(b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
assert s.recv(1000).endswith(b'SHA-1.\\n')
print(subprocess.run(['ss', '-tino', 'dst', '10.80.0.80'], capture_output=True, text=True, check=True).stdout)
";
    let options = attached.run("python3", &["-c", program]);
    for option in [" ts ", " sack ", " wscale:7,", " mss:1448 "] {
        assert!(options.contains(option), "{option}: {options}");
    }
    attached.process.wait_for_line("    1     0.000000");
    let (_, _, told) = attached.end("-TERM");
    assert!(told.contains("GET / HTTP/1.1"), "{told}");
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun and ping"]
fn two_kernels_talk_over_a_simulated_wire() {
    let attached = Attached::start(LONG_WIRE, &["left", "right"], &["--at", "right"]);
    let far = Namespace::new();
    run_ok(
        &mut attached
            .host
            .ip(&["link", "set", "tap1", "netns", far.name()]),
    );
    for (host, tap, address) in [
        (&attached.host, "tap0", "10.7.0.1/24"),
        (&far, "tap1", "10.7.0.2/24"),
    ] {
        run_ok(&mut host.ip(&["addr", "add", address, "dev", tap]));
        run_ok(&mut host.ip(&["link", "set", tap, "up"]));
    }
    let pings = attached.run("ping", &["-c", "3", "-i", "0.2", "-W", "5", "10.7.0.2"]);
    assert!(pings.contains("3 received"), "{pings}");
    let times = pings
        .split("time=")
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap_or_default());
    let times: Vec<f64> = times.map(|time| time.parse().expect("a time")).collect();
    assert!(
        times.len() == 3 && times.iter().all(|time| *time >= 40.0),
        "{times:?}"
    );
    let (_, file, _) = attached.end("-INT");
    let capture = file::read(file.path()).expect("a capture");
    assert_eq!(capture.interfaces[0].name.as_deref(), Some("right"));
    assert_eq!(warnings(&file.path()), "");
    // At the far end, an answer follows its request at once.
    let echo = |packet: &&layerwalk::capture::packet::Packet| packet.bytes.get(23) == Some(&1);
    let echoes: Vec<_> = capture.packets.iter().filter(echo).collect();
    assert_eq!(echoes.len(), 6);
    let taken = echoes[1].time - echoes[0].time;
    assert!(taken.as_millis() < 40, "{taken:?}");
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun, curl, ping and tshark"]
fn the_device_gets_an_address_of_each_family() {
    let attached = Attached::start(BOTH_FAMILIES, &["client"], &["--up"]);
    // The kernel does not use an IPv6 address before it has seen that nobody else has it.
    let again = "--globoff --retry 20 --retry-delay 1 --retry-all-errors";
    let again: Vec<&str> = again.split(' ').collect();
    for url in ["http://[2001:db8:80::80]/", "http://10.80.0.80/"] {
        assert_eq!(attached.curl(&[&again[..], &[url]].concat()), "served\n");
    }
    let pings = attached.run("ping", &["-6", "-c", "2", "-i", "0.2", "2001:db8:80::80"]);
    assert!(pings.contains("2 received"), "{pings}");
    let (_, file, told) = attached.end("-INT");
    assert!(
        told.contains("ip route add default via 2001:db8:80::80 dev tap0"),
        "{told}"
    );
    let names = ["-N", "n", "-Y", "ipv6 && http.response", "-T", "fields"];
    let fields = ["-e", "ipv6.src_host", "-e", "ipv6.dst_host"];
    let told = tool::tshark(&file.path(), &[&names[..], &fields].concat());
    assert_eq!(told, "server\tclient\n");
}

/// Two kernels in two networks: a ping loses one of its time to live at each of the two routers, one that has none left
/// is answered by the first of them, and the kernel's TCP finds out how much the narrow link between them takes.
#[test]
#[ignore = "needs root, ip, /dev/net/tun, ping, python3, ss and tshark"]
fn two_kernels_talk_through_simulated_routers() {
    let attached = Attached::start(ROUTERS, &["alice", "bob"], &[]);
    let bob = Namespace::new();
    run_ok(
        &mut attached
            .host
            .ip(&["link", "set", "tap1", "netns", bob.name()]),
    );
    for (host, tap, address, gateway) in [
        (&attached.host, "tap0", "10.0.1.2/24", "10.0.1.1"),
        (&bob, "tap1", "10.0.2.9/24", "10.0.2.1"),
    ] {
        run_ok(&mut host.ip(&["addr", "add", address, "dev", tap]));
        run_ok(&mut host.ip(&["link", "set", tap, "up"]));
        run_ok(&mut host.ip(&["route", "add", "default", "via", gateway]));
    }
    let pings = attached.run("ping", &["-c", "2", "-i", "0.2", "-W", "5", "10.0.2.9"]);
    assert!(pings.contains("2 received"), "{pings}");
    // Linux's packets begin with 64.
    assert!(pings.contains("ttl=62 "), "{pings}");
    for (ttl, router) in [("1", "10.0.1.1"), ("2", "10.0.9.2")] {
        let ping = ["-n", "-c", "1", "-W", "5", "-t", ttl, "10.0.2.9"];
        // It ends with 1, as no answer came.
        let output = attached.host.command("ping", &ping).output();
        let told = String::from_utf8(output.expect("it runs").stdout).expect("text");
        let expected = format!("From {router} icmp_seq=1 Time to live exceeded");
        assert!(told.contains(&expected), "{told}");
    }
    check_path_mtu(&attached, &bob);
    let (_, file, _) = attached.end("-INT");
    let told = ["-Y", "icmp.type == 3 && icmp.code == 4", "-T", "fields"];
    let told = tool::tshark(&file.path(), &[&told[..], &["-e", "icmp.mtu"]].concat());
    assert!(
        !told.is_empty() && told.lines().all(|mtu| mtu == "1400"),
        "{told}"
    );
    // tshark checks the checksum of a segment of which an error quotes the beginning alone, and it takes what goes again
    // at once for out of order.
    let meant = "icmp.type == 3 || tcp.analysis.flags";
    assert_eq!(warnings_but(&file.path(), meant), "");
}

/// What alice sends comes whole to bob, in packets that are no larger than the path.
/// Every link is an interface of the file, and a packet that the routers send on is on each.
#[test]
#[ignore = "needs root, ip, /dev/net/tun and ping"]
fn the_frames_of_all_links_are_saved() {
    let attached = Attached::start(ROUTERS, &["alice"], &["--up", "--all-links"]);
    attached.run("ip", &["route", "add", "10.0.2.0/24", "via", "10.0.1.1"]);
    attached.run("ping", &["-c", "3", "-i", "0.2", "-W", "5", "10.0.2.9"]);
    let (_host, file, _) = attached.end("-INT");
    let capture = file::read(file.path()).expect("a whole file");
    let names: Vec<_> = (capture.interfaces.iter())
        .filter_map(|it| it.name.clone())
        .collect();
    assert_eq!(names, ["alice - r1", "r1 - r2", "r2 - bob"]);
    for link in 0..3 {
        let echoes = capture.packets.iter().filter(|packet| {
            let is_icmp = packet.bytes.get(23) == Some(&1) && packet.bytes[12..14] == [8, 0];
            packet.interface == link && is_icmp
        });
        let ttls: Vec<u8> = echoes.map(|packet| packet.bytes[22]).collect();
        assert_eq!(ttls.len(), 6, "three requests and three replies");
        let request = 64 - link as u8;
        assert_eq!(
            ttls.iter().filter(|ttl| **ttl == request).count(),
            if link == 1 { 6 } else { 3 }
        );
    }
}

fn check_path_mtu(attached: &Attached, bob: &Namespace) {
    let server = "
import hashlib, socket
listener = socket.create_server(('10.0.2.9', 7))
print('ready', flush=True)
conn, peer = listener.accept()
whole = hashlib.sha1()
left = 300000
while left and (part := conn.recv(65536)):
    left -= len(part)
    whole.update(part)
conn.sendall(whole.hexdigest().encode())
conn.recv(1)
";
    let mut server = bob.spawn("python3", &["-c", server]);
    server.wait_for_line("ready");
    let client = "
import hashlib, socket, subprocess
data = bytes(i * 31 % 251 for i in range(300000))
s = socket.create_connection(('10.0.2.9', 7), timeout=20)
s.sendall(data)
answer = s.recv(1000).decode()
assert answer == hashlib.sha1(data).hexdigest(), answer
print(subprocess.run(['ss', '-tin', 'dst', '10.0.2.9'], capture_output=True, text=True, check=True).stdout)
";
    let told = attached.run("python3", &["-c", client]);
    // 1400 less 20 of IP, 20 of TCP and 12 of timestamps.
    assert!(
        told.contains(" mss:1348 ") && told.contains(" pmtu:1400 "),
        "{told}"
    );
}

#[test]
#[ignore = "needs root, ip and /dev/net/tun"]
fn whatever_ends_it_the_device_is_gone_and_the_file_whole() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let attached = Attached::start(FILE_SERVER, &["client"], &["--up"]);
        attached.curl(&["http://10.80.0.80/"]);
        let (host, file, told) = attached.end(signal);
        assert!(told.contains("frames captured"), "{told}");
        let links = run_ok(&mut host.ip(&["link", "show"]));
        assert!(!links.contains("tap0"), "{signal}: {links}");
        let capture = file::read(file.path()).expect("a capture");
        assert_eq!(capture.damage, None);
        assert!(capture.packets.len() >= 10);
    }
}

#[test]
#[ignore = "needs root, ip and /dev/net/tun"]
fn a_device_that_goes_ends_it() {
    let mut attached = Attached::start(FILE_SERVER, &["client"], &[]);
    run_ok(&mut attached.host.ip(&["link", "del", "tap0"]));
    let told = attached.process.wait(3);
    assert!(told.contains("a TAP device is gone"), "{told}");
    let capture = file::read(attached.file.path()).expect("a capture");
    assert_eq!(capture.damage, None);
}

#[test]
#[ignore = "needs root, ip and /dev/net/tun"]
fn a_device_that_was_there_is_used_and_left() {
    let host = Namespace::new();
    run_ok(&mut host.ip(&["tuntap", "add", "dev", "tap0", "mode", "tap"]));
    let scenario = written(FILE_SERVER);
    let scenario = scenario.path().to_str().expect("a path");
    let attach = [
        LAYERWALK,
        "attach",
        scenario,
        "--real",
        "client=tap0",
        "--show",
        "--duration",
        "1ms",
    ];
    let arguments = [&attach[1..], &["--up"]].concat();
    let refused = run(&mut host.command(LAYERWALK, &arguments), 2);
    assert!(refused.contains("tap0 was there before"), "{refused}");
    let told = run(&mut host.command(LAYERWALK, &attach[1..]), 0);
    assert!(told.contains("ip addr add 10.80.0.1/24 dev tap0"), "{told}");
    assert!(told.contains("ip link set tap0 up"), "{told}");
    run_ok(&mut host.ip(&["link", "show", "tap0"]));
    // An interface of another kind is not taken.
    let told = run(
        &mut host.command(
            LAYERWALK,
            &["attach", scenario, "--real", "client=lo", "--show"],
        ),
        2,
    );
    assert!(told.contains("lo is there and is no TAP device"), "{told}");
}

#[test]
#[ignore = "needs root and setpriv"]
fn who_may_not_attach_is_told_what_is_missing() {
    let scenario = written(FILE_SERVER);
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(scenario.path(), readable).expect("our file");
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        LAYERWALK,
        "attach",
    ]);
    command
        .arg(scenario.path())
        .args(["--real", "client=tap0", "--show"]);
    let told = run(&mut command, 4);
    // whoever may open the device file lacks the right to make a device
    let device = std::fs::metadata("/dev/net/tun").expect("the device file");
    let is_for_all =
        std::os::unix::fs::PermissionsExt::mode(&device.permissions()) & 0o006 == 0o006;
    let [what, advice] = match is_for_all {
        true => ["CAP_NET_ADMIN", "sudo setcap cap_net_admin+ep"],
        false => ["may not be opened", "sudo chmod 666 /dev/net/tun"],
    };
    assert!(told.contains(what) && told.contains(advice), "{told}");
}

#[test]
#[ignore = "needs root, ip, /dev/net/tun and ping"]
fn frames_are_on_the_screen_as_they_come() {
    // A namespace for a thread alone, so that the program, which it starts, is in it too.
    let test = || {
        // SAFETY: no pointers; it concerns this thread alone.
        let unshared = unsafe { libc::unshare(libc::CLONE_NEWNET) };
        assert_eq!(unshared, 0, "root is needed");
        let scenario = written(FILE_SERVER);
        let scenario = scenario.path().to_str().expect("a path");
        let attach = ["attach", scenario, "--real", "client=tap0", "--up"];
        let mut screen = Session::start(&attach, &[]);
        screen.until("the scenario", |screen| screen.text().contains("LIVE tap0"));
        let ping = ["-c", "1", "-W", "20", "10.80.0.80"];
        run_ok(Command::new("ping").args(ping));
        screen.until("the answer", |screen| {
            let text = screen.text();
            text.contains("echo reply") && text.contains("server")
        });
        screen.keys("q");
        assert_eq!(screen.ended(), 0);
        let links = run_ok(Command::new("ip").args(["link", "show"]));
        assert!(!links.contains("tap0"), "{links}");
    };
    thread::scope(|scope| scope.spawn(test).join().expect("the test passes"));
}

/// The words of a row of the ends, without the star of what changed.
fn row(screen: &str, name: &str) -> Option<[String; 2]> {
    let lines = screen.lines().map(str::split_whitespace);
    let rows = lines.map(|words| words.map(|word| word.trim_start_matches('*').to_owned()));
    let mut rows = rows.map(Iterator::collect::<Vec<_>>);
    match &rows.find(|words| words.first().is_some_and(|it| it == name))?[..] {
        [_, client, server] => Some([client.clone(), server.clone()]),
        _ => None,
    }
}

/// Of the simulated server each variable is shown, of the kernel what its segments tell; and the file is as ever.
#[test]
#[ignore = "needs root, ip, /dev/net/tun and curl"]
fn the_screen_knows_the_simulated_end_and_infers_the_kernels() {
    let (host, file) = (Namespace::new(), Saved::new());
    let path = file.path();
    let path = path.to_str().expect("a path");
    host.within(|| {
        let attach = ["attach", "attach-http", "--real", "client=tap0", "--up"];
        let mut screen = Session::start(&[&attach[..], &["-w", path]].concat(), &[]);
        screen.until("the scenario", |screen| screen.text().contains("LIVE tap0"));
        let curl = "--silent --show-error --noproxy * --max-time 20 http://10.80.0.80/";
        let page = run_ok(Command::new("curl").args(curl.split(' ')));
        assert!(page.starts_with("GET /file"), "{page}");
        screen.keys("5z");
        screen.until("both ends", |screen| {
            let [state, cwnd] = ["state", "cwnd"].map(|name| row(&screen.text(), name));
            state.is_some_and(|state| state == ["~TIME-WAIT", "LAST-ACK"]) && cwnd.is_some()
        });
        let [client, server] = row(&screen.text(), "cwnd").expect("a row");
        assert_eq!(client, "-");
        assert!(server.parse::<u32>().is_ok(), "{server}");
        let [client, server] = row(&screen.text(), "window").expect("a row");
        assert!(client.starts_with('~') && !server.starts_with('~'));
        // By layers, the last step is what the last frame did at the server.
        screen.keys("z+G");
        screen.until("the state of the server", |screen| {
            screen.text().contains("LAST-ACK > CLOSED")
        });
        screen.keys("q");
        assert_eq!(screen.ended(), 0);
    });
    let capture = file::read(file.path()).expect("a capture");
    assert_eq!(capture.damage, None);
    assert!(capture.packets.len() >= 10);
}

#[test]
fn wrong_use_is_told_before_anything_is_made() {
    let scenario = written(FILE_SERVER);
    let scenario = scenario.path().to_str().expect("a path");
    let long = format!("client={}", "x".repeat(16));
    for (arguments, expected) in [
        (
            &["--real", "cleint=tap0"][..],
            "its hosts are client, server",
        ),
        (&["--real", "client"], "client=tap0"),
        (
            &["--real", "client=tap0", "--real", "client=tap1"],
            "each host has one device",
        ),
        (
            &["--real", "client=tap0", "--real", "server=tap0"],
            "each device one host",
        ),
        (&["--real", &long], "no name of an interface"),
        (&["--real", "client=tap%d"], "no name of an interface"),
        (
            &["--real", "client=tap0", "--at", "nobody"],
            "no host `nobody`",
        ),
        (
            &["--real", "client=tap0", "--show", "-w", "-"],
            "choose one",
        ),
        (&[], "--real"),
    ] {
        let output = tool::layerwalk([&["attach", scenario], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
