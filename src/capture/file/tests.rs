use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::{read, read_bytes};
use crate::base::{LinkType, Time};
use crate::capture::packet::{Capture, Direction};

/// Numbers in one byte order or the other.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

const BOTH: [Order; 2] = [Order { big: false }, Order { big: true }];

impl Order {
    fn put(self, little: &[u8]) -> Vec<u8> {
        let mut bytes = little.to_vec();
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn u16(self, number: u16) -> Vec<u8> {
        self.put(&number.to_le_bytes())
    }

    fn u32(self, number: u32) -> Vec<u8> {
        self.put(&number.to_le_bytes())
    }

    fn u64(self, number: u64) -> Vec<u8> {
        self.put(&number.to_le_bytes())
    }

    fn pcap_header(self, magic: u32, link_field: u32) -> Vec<u8> {
        let words = [0, 0, 65_535, link_field].map(|word| self.u32(word));
        [self.u32(magic), self.u16(2), self.u16(4), words.concat()].concat()
    }

    fn pcap_record(self, seconds: u32, fraction: u32, captured: u32, data: &[u8]) -> Vec<u8> {
        let words = [seconds, fraction, captured, 99].map(|word| self.u32(word));
        [words.concat(), data.to_vec()].concat()
    }

    fn block(self, kind: u32, body: &[Vec<u8>]) -> Vec<u8> {
        let body = body.concat();
        let len = self.u32(body.len() as u32 + 12);
        [self.u32(kind), len.clone(), body, len].concat()
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        let len = self.u16(value.len() as u16);
        [self.u16(code), len, value.to_vec(), padding].concat()
    }

    fn end(self) -> Vec<u8> {
        vec![0; 4]
    }

    fn section(self, options: Vec<u8>) -> Vec<u8> {
        let version = [self.u16(1), self.u16(0)].concat();
        let magic = self.u32(0x1a2b_3c4d);
        self.block(0x0a0d_0d0a, &[magic, version, self.u64(u64::MAX), options])
    }

    fn interface(self, link_type: u16, snap_len: u32, options: Vec<u8>) -> Vec<u8> {
        let head = [self.u16(link_type), self.u16(0), self.u32(snap_len)].concat();
        self.block(1, &[head, options])
    }

    fn enhanced(self, interface: u32, ticks: u64, data: &[u8], options: Vec<u8>) -> Vec<u8> {
        let words = [
            interface,
            (ticks >> 32) as u32,
            ticks as u32,
            data.len() as u32,
            99,
        ];
        let mut padded = data.to_vec();
        padded.resize(data.len().next_multiple_of(4), 0);
        self.block(
            6,
            &[words.map(|word| self.u32(word)).concat(), padded, options],
        )
    }
}

fn good(bytes: &[u8]) -> Capture {
    let capture = read_bytes(bytes).expect("a capture");
    assert_eq!(capture.damage, None);
    capture
}

#[test]
fn pcap_in_both_orders_and_resolutions() {
    for order in BOTH {
        for (magic, nanos) in [(0xa1b2_c3d4, 123_456_000), (0xa1b2_3c4d, 123_456)] {
            let file = [
                order.pcap_header(magic, 1),
                order.pcap_record(1_700_000_000, 123_456, 5, b"hello"),
                order.pcap_record(1_700_000_001, 0, 0, b""),
            ]
            .concat();
            let capture = good(&file);
            assert_eq!(capture.interfaces[0].link_type, LinkType::ETHERNET);
            assert_eq!(capture.interfaces[0].fcs_len, None);
            assert_eq!(capture.interfaces[0].snap_len, 65_535);
            assert_eq!(capture.packets.len(), 2);
            let first = &capture.packets[0];
            assert_eq!(first.time, Time(1_700_000_000_000_000_000 + nanos));
            assert_eq!(&first.bytes[..], b"hello");
            assert_eq!(first.original_len, 99);
        }
    }
}

#[test]
fn a_pcap_link_type_field_tells_the_frame_check_sequence() {
    for order in BOTH {
        let capture = good(&order.pcap_header(0xa1b2_c3d4, 0x2400_0001));
        assert_eq!(capture.interfaces[0].link_type, LinkType::ETHERNET);
        assert_eq!(capture.interfaces[0].fcs_len, Some(4));
    }
}

#[test]
fn the_variant_of_pcap_with_longer_records() {
    let order = BOTH[0];
    let record = [order.pcap_record(1, 2, 3, b""), vec![0; 8], b"abc".to_vec()].concat();
    let capture = good(&[order.pcap_header(0xa1b2_cd34, 1), record].concat());
    assert_eq!(&capture.packets[0].bytes[..], b"abc");
}

#[test]
fn pcapng_with_all_that_it_can_say() {
    for order in BOTH {
        let capture = good(&rich(order));
        let names: Vec<_> = capture
            .interfaces
            .iter()
            .map(|i| i.name.as_deref())
            .collect();
        assert_eq!(names, [Some("eth0"), Some("tun0"), None]);
        let types: Vec<_> = capture.interfaces.iter().map(|i| i.link_type).collect();
        assert_eq!(types, [LinkType::ETHERNET, LinkType::RAW, LinkType::NULL]);
        assert_eq!(capture.interfaces[0].fcs_len, Some(4));
        assert_eq!(capture.interfaces[0].comments, ["uplink"]);
        assert_eq!(capture.comments, ["one", "two", "later"]);
        assert_eq!(capture.secrets[0].kind, 0x544c_534b);
        assert_eq!(capture.secrets[0].data, b"CLIENT");
        assert_eq!(capture.names[0].names, ["a.example", "b.example"]);
        assert_eq!(capture.names[0].addr.to_string(), "10.0.0.1");
        assert_eq!(capture.names[1].addr.to_string(), "::1");
        let lines: Vec<_> = capture.packets.iter().map(summary).collect();
        assert_eq!(
            lines,
            [
                "0 1700000000.123456789 12345 99 in ready 7 [first, not \u{fffd} UTF-8]",
                "1 12.500000000 xyz 99 out not-ready 0 []",
                "0 0.000000000 12345678 12 - ready 0 []",
                "1 12.500000000 old 5 out ready 3 [o]",
                "2 0.000001000 z 99 - ready 0 []",
            ]
        );
    }
}

/// A file with every kind of block that is read, some that are passed over, and a second section in the other order.
fn rich(order: Order) -> Vec<u8> {
    let other = Order { big: !order.big };
    let flags = |flags: u32| order.option(2, &order.u32(flags));
    let eth0 = [
        order.option(1, b"uplink"),
        order.option(2, b"eth0\0"),
        order.option(9, &[9]),
        order.option(13, &[4]),
        order.end(),
        // After the end nothing counts.
        order.option(2, b"wrong"),
    ];
    let tun0 = [
        order.option(2, b"tun0"),
        order.option(9, &[0x80 | 10]),
        order.option(14, &order.u64(11)),
    ];
    let first = [
        order.option(1, b"first"),
        order.option(1, b"not \xff UTF-8"),
        flags(1),
        order.option(4, &order.u64(7)),
        order.end(),
    ];
    let v4 = b"\x0a\x00\x00\x01a.example\0b.example\0";
    let v6 = [&std::net::Ipv6Addr::LOCALHOST.octets()[..], b"me\0"].concat();
    let old = [
        [order.u16(1), order.u16(3)].concat(),
        [0, 1536, 3, 5].map(|word| order.u32(word)).concat(),
        b"old\0".to_vec(),
        order.option(1, b"o"),
        flags(2),
        order.end(),
    ];
    [
        order.section(
            [
                order.option(1, b"one"),
                order.option(1, b"two"),
                order.end(),
            ]
            .concat(),
        ),
        order.interface(1, 8, eth0.concat()),
        order.block(0x0bad_0bad, &[vec![1, 2, 3, 4]]),
        order.interface(101, 0, tun0.concat()),
        order.block(
            10,
            &[order.u32(0x544c_534b), order.u32(6), b"CLIENT\0\0".to_vec()],
        ),
        order.block(
            4,
            &[
                order.option(1, v4),
                order.option(2, &v6),
                order.option(9, b"?"),
                order.end(),
            ],
        ),
        order.enhanced(0, 1_700_000_000_123_456_789, b"12345", first.concat()),
        order.enhanced(1, 1536, b"xyz", flags(2 | 1 << 9)),
        order.block(3, &[order.u32(12), b"12345678".to_vec()]),
        order.block(2, &old),
        order.block(5, &[order.u32(0), order.u64(0)]),
        other.section(other.option(1, b"later")),
        other.interface(0, 0, vec![]),
        other.enhanced(0, 1, b"z", vec![]),
    ]
    .concat()
}

fn summary(packet: &crate::capture::packet::Packet) -> String {
    let direction = match packet.direction {
        None => "-",
        Some(Direction::Inbound) => "in",
        Some(Direction::Outbound) => "out",
    };
    format!(
        "{} {} {} {} {direction} {} {} [{}]",
        packet.interface,
        packet.time,
        String::from_utf8_lossy(&packet.bytes),
        packet.original_len,
        if packet.checksum_not_ready {
            "not-ready"
        } else {
            "ready"
        },
        packet.dropped,
        packet.comments.join(", "),
    )
}

#[test]
fn a_cut_file_gives_what_is_whole() {
    let order = BOTH[0];
    let pcap = [
        order.pcap_header(0xa1b2_c3d4, 1),
        order.pcap_record(1, 0, 5, b"hello"),
        order.pcap_record(2, 0, 5, b"hello"),
    ]
    .concat();
    for len in 0..=pcap.len() {
        match (read_bytes(&pcap[..len]), len) {
            (Ok(capture), 24) => assert_eq!((capture.packets.len(), capture.damage), (0, None)),
            (Ok(capture), 45) => assert_eq!((capture.packets.len(), capture.damage), (1, None)),
            (Ok(capture), 66) => assert_eq!((capture.packets.len(), capture.damage), (2, None)),
            (Ok(capture), _) => {
                let damage = capture.damage.expect("the cut is damage");
                assert!(
                    damage.starts_with("after packet 1, at byte 45 of the file: the file ends")
                );
            }
            (Err(error), _) => assert!(len < 45, "{len}: {error}"),
        }
    }
    let pcapng = rich(order);
    let whole = good(&pcapng).packets.len();
    for len in 0..pcapng.len() {
        if let Ok(capture) = read_bytes(&pcapng[..len]) {
            assert!(capture.packets.len() < whole || capture.damage.is_some());
        }
    }
}

#[test]
fn what_holds_nothing_is_a_clear_error() {
    let order = BOTH[0];
    let huge_packet = [
        order.pcap_header(0xa1b2_c3d4, 1),
        order.pcap_record(1, 0, u32::MAX, b"hello"),
    ]
    .concat();
    let huge_block = [
        order.section(vec![]),
        order.u32(6),
        order.u32(0xffff_fffc),
        vec![0; 40],
    ]
    .concat();
    let wrong_end = [
        order.section(vec![]),
        order.u32(6),
        order.u32(32),
        vec![9; 24],
    ]
    .concat();
    let version = [order.u32(0xa1b2_c3d4), order.u16(3), vec![0; 18]].concat();
    for (bytes, expected) in [
        (&b""[..], "is empty"),
        (b"\x1f\x8b\x08\0", "gunzip"),
        (b"\x28\xb5\x2f\xfd", "unzstd"),
        (b"snoop\0\0\0", "editcap"),
        (b"x", "starts with 78"),
        (b"hello world", "starts with 68 65 6c 6c 6f 20 77 6f"),
        (b"\xd4\xc3\xb2\xa1", "within its header"),
        (b"\x0a\x0d\x0d\x0a", "4 bytes into a block's header"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0........", "no byte-order magic"),
        (
            &huge_packet,
            "after packet 0, at byte 24 of the file: a packet claims 4294967295 bytes",
        ),
        (
            &huge_block,
            "after packet 0, at byte 28 of the file: a block claims 4294967292 bytes",
        ),
        (&wrong_end, "claims 32 bytes at its start"),
        (&version, "pcap 3.0"),
    ] {
        let error = read_bytes(bytes).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let missing = read("no/such/file").expect_err("missing").to_string();
    assert!(
        missing.starts_with("the file cannot be opened"),
        "{missing}"
    );
}

#[test]
fn a_broken_block_in_a_whole_frame_is_left_out_and_told() {
    let order = BOTH[0];
    let words = [0, 0, 0, 500, 500].map(|word| order.u32(word));
    let file = [
        order.section(vec![]),
        order.interface(1, 0, vec![]),
        order.enhanced(0, 1, b"good", vec![]),
        order.enhanced(7, 1, b"stray", vec![]),
        order.block(6, &[words.concat(), vec![0; 8]]),
        order.enhanced(0, 2, b"good", vec![]),
    ]
    .concat();
    let capture = read_bytes(&file).expect("a capture");
    assert_eq!(capture.packets.len(), 2);
    assert_eq!(
        capture.damage.as_deref(),
        Some(
            "after packet 1, at byte 84 of the file: a packet names interface 7, which the file does not \
             describe; left out; and 1 more like it later"
        )
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), start in 0..9usize) {
        const STARTS: [&[u8]; 9] = [
            b"", b"\xd4\xc3\xb2\xa1\x02\0\x04\0", b"\xa1\xb2\xc3\xd4\0\x02\0\x04", b"\x4d\x3c\xb2\xa1\x02\0\x04\0",
            b"\xa1\xb2\x3c\x4d\0\x02\0\x04", b"\x34\xcd\xb2\xa1\x02\0\x04\0", b"\x0a\x0d\x0d\x0a",
            b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a", b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d",
        ];
        let _ = read_bytes(&[STARTS[start], &bytes].concat());
    }

    #[test]
    fn a_good_file_with_some_bytes_changed_is_read_or_refused(
        big: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = rich(Order { big });
        for (index, byte) in changes {
            let index = index.index(file.len());
            file[index] = byte;
        }
        let _ = read_bytes(&file);
    }
}

/// The folder of captures to test against, if it lies beside this repository.
pub(crate) fn captures() -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/captures"))
        .find(|folder| folder.is_dir())
}

#[test]
#[ignore = "needs tshark"]
fn the_same_packets_and_times_as_tshark() {
    let Some(folder) = captures() else { return };
    let mut files = 0;
    for kind in ["generated", "zeek"] {
        for entry in std::fs::read_dir(folder.join(kind)).expect("captures") {
            let path = entry.expect("a file").path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if !matches!(ending, Some("pcap" | "pcapng" | "trace")) {
                continue;
            }
            let capture = read(&path).unwrap_or_else(|error| panic!("{error}"));
            let ours: Vec<String> = capture
                .packets
                .iter()
                .map(|p| format!("{}\t{}\t{}", p.time, p.bytes.len(), p.original_len))
                .collect();
            assert_eq!(ours, tshark(&path), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 100, "only {files} captures found");
}

fn tshark(path: &Path) -> Vec<String> {
    let output = Command::new("tshark")
        .args([
            "-n",
            "-T",
            "fields",
            "-e",
            "frame.time_epoch",
            "-e",
            "frame.cap_len",
        ])
        .args(["-e", "frame.len", "-r"])
        .arg(path)
        .output()
        .expect("tshark runs");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}
