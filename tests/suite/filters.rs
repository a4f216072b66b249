//! Our display filters against tshark's: which frames of which capture each selects.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use layerwalk::capture;
use layerwalk::proto::filter::Filter;
use layerwalk::walk::Walk;

use crate::tshark_layers::{captures, files};

/// Filters on frames alone, on which both must agree for every capture.
const FRAME_FILTERS: &[&str] = &[
    "tcp",
    "ip && !tcp",
    "not ip and not ipv6",
    "arp || icmp",
    "ipv6 or arp and icmp",
    "(ipv6 or arp) and icmp",
    "tcp.port == 80",
    "tcp.port != 80",
    "tcp.port !== 80",
    "tcp.port === 80",
    "!(tcp.port == 80)",
    "all tcp.port > 1023",
    "any tcp.port > 1023",
    "tcp.port in {80, 443, 3000..3010}",
    "tcp.port not in {80}",
    "tcp.srcport > tcp.dstport",
    "tcp.srcport == tcp.dstport",
    "tcp.flags.syn",
    "tcp.flags.syn == 1",
    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
    "tcp.flags.syn == True or tcp.flags.fin == True",
    "tcp.flags == 0x012",
    "tcp.flags & 0x05",
    "tcp.flags & 0x12 == 0x12",
    "!tcp.flags & 0x10",
    "tcp.len > 100 and tcp.len <= 1000",
    "tcp.window_size_value < 1000",
    "tcp.urgent_pointer > 0",
    "tcp.options.mss_val == 1460",
    "tcp.options.sack_perm",
    "tcp.seq_raw >= 0x80000000",
    "tcp.payload contains \"HTTP\"",
    "tcp.payload[0:3] == 47:45:54",
    "tcp.payload[0] == 16",
    "ip.ttl == 64",
    "ip.ttl < 0100",
    "ip.ttl in {60..65, 128}",
    "ip.src == 10.77.0.1",
    "ip.addr == 10.0.0.0/8",
    "ip.addr != 10.0.0.0/8",
    "ip.src == 192.168.0.0/16 || ip.dst == 172.16.0.0/12",
    "ip.src[0] == 0a",
    "ip.src == ip.dst",
    "ip.flags.mf == 1 || ip.frag_offset > 0",
    "ip.proto == 17",
    "ipv6.addr == fe80::/10",
    "ipv6.nxt == 58",
    "eth.type == 0x0806",
    "eth.dst == ff:ff:ff:ff:ff:ff",
    "eth.src[0:3] == 02:00:00",
    "eth.src[3-5] == 00:00:0a",
    "eth.addr[-1] == 0b",
    "eth.dst[0] & 1",
    "eth.src contains 00:00",
    "arp.opcode == 1",
    "icmp.type in {0, 8}",
    "icmpv6.type >= 128",
    "udp.port == 53 or udp.length < 20",
    "udp.dstport lt 1024 and not udp.srcport gt 1024",
    "frame.len > 1000",
    "frame.len == 54 or frame.len == 60",
];

/// Filters on messages: a frame is selected where they end, so captures whose streams have holes may differ.
const MESSAGE_FILTERS: &[&str] = &[
    "http",
    "websocket",
    "http or websocket",
    "http.request",
    "http.response",
    "http.request.method == \"GET\"",
    "http.request.method == GET",
    "http.request.method in {\"POST\", \"PUT\"}",
    "http.request.uri contains \"socket.io\"",
    "http.request.uri.query.parameter == \"EIO=4\"",
    "http.host contains \"10.77\"",
    "http.response.code == 101",
    "http.response.code >= 400",
    "http.response.code == 200 && http.content_length > 10",
    "http.content_type[0:4] == \"text\"",
    "http.upgrade",
    "http.sec_websocket_key",
    "http.user_agent < \"c\"",
    "websocket.opcode == 1",
    "websocket.opcode in {8, 9, 10}",
    "websocket.mask == 1 and websocket.fin == 1",
    "websocket.payload_length > 10",
    "websocket.payload.text contains \"e\"",
    "websocket.payload.close.status_code == 1000",
    "websocket.masking_key[0] > 80",
    "tcp.srcport == 3000 and websocket",
];

/// The captures whose messages are compared.
const MESSAGE_CAPTURES: &[&str] = &[
    "http-curl.pcap",
    "sio-python.pcap",
    "sio-upgrade.pcap",
    "sio-websocket.pcap",
    "http__websocket.pcap",
    "http__post.pcap",
    "websocket__broker-websocket.pcap",
    "websocket__message-too-big-status.pcap",
];

#[test]
#[ignore = "needs tshark"]
fn frames_that_filters_select() {
    let Some(root) = captures() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let all = folder.path().join("all.pcapng");
    let mut command = Command::new("mergecap");
    command.arg("-a").arg("-w").arg(&all).args(files(&root));
    assert!(command.status().expect("mergecap runs").success());
    let mut tally = Tally::default();
    tally.compare(&all, FRAME_FILTERS);
    tally.finish();
}

#[test]
#[ignore = "needs tshark"]
fn messages_that_filters_select() {
    let Some(root) = captures() else { return };
    let mut tally = Tally::default();
    for file in files(&root) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if MESSAGE_CAPTURES.contains(&&*name) {
            tally.compare(&file, MESSAGE_FILTERS);
        }
    }
    tally.finish();
}

#[derive(Default)]
struct Tally {
    compared: usize,
    selected: usize,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, file: &Path, filters: &[&str]) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let walk = open(file);
        for filter in filters {
            let (ours, theirs) = (ours(&walk, filter), theirs(file, filter));
            self.compared += 1;
            self.selected += theirs.len();
            if ours != theirs {
                let only = |a: &BTreeSet<usize>, b: &BTreeSet<usize>| {
                    a.difference(b).take(8).copied().collect::<Vec<_>>()
                };
                self.differences.push(format!(
                    "{name}: {filter}: only ours {:?}, only tshark's {:?}",
                    only(&ours, &theirs),
                    only(&theirs, &ours)
                ));
            }
        }
    }

    fn finish(self) {
        println!(
            "{} selections, {} frames in them",
            self.compared, self.selected
        );
        assert!(self.selected > 0, "nothing was selected");
        assert!(
            self.differences.is_empty(),
            "{}",
            self.differences.join("\n")
        );
    }
}

fn open(path: &Path) -> Walk {
    let capture = capture::file::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    Walk::from_capture(&path.to_string_lossy(), capture)
}

/// The numbers of the frames that we select, from 1.
fn ours(walk: &Walk, filter: &str) -> BTreeSet<usize> {
    let filter = Filter::compile(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let selected = walk.matching(&filter).into_iter();
    selected.map(|id| id.index() + 1).collect()
}

/// The numbers of the frames that tshark selects.
fn theirs(path: &Path, filter: &str) -> BTreeSet<usize> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(path).args(["-Y", filter]);
    command.args(["-T", "fields", "-e", "frame.number"]);
    let output = command.output().expect("tshark runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{filter}: {errors}");
    let numbers = String::from_utf8_lossy(&output.stdout).into_owned();
    numbers
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect()
}
