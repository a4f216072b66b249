use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Writer, write};
use crate::base::{LinkType, Time};
use crate::capture::file;
use crate::capture::packet::{Capture, Direction, Interface, Packet, ResolvedName, Secrets};

fn interface(name: &str, link_type: LinkType) -> Interface {
    Interface {
        name: Some(name.to_owned()),
        link_type,
        snap_len: 0,
        fcs_len: None,
        comments: vec![],
    }
}

/// A frame that any tool can tell from another: broadcast, with an EtherType for experiments.
fn frame(payload: &[u8]) -> Arc<[u8]> {
    [&[0xff; 6][..], &[2, 0, 0, 0, 0, 1, 0x88, 0xb5], payload]
        .concat()
        .into()
}

fn packet(interface: u32, time: u64, bytes: Arc<[u8]>) -> Packet {
    Packet {
        time: Time(time),
        interface,
        original_len: bytes.len() as u32,
        bytes,
        direction: None,
        checksum_not_ready: false,
        dropped: 0,
        comments: vec![],
    }
}

fn capture() -> Capture {
    let first = Packet {
        direction: Some(Direction::Outbound),
        checksum_not_ready: true,
        comments: vec!["client speaks: «hi»".to_owned(), "and more".to_owned()],
        ..packet(0, 1_700_000_000_123_456_789, frame(b"one"))
    };
    let cut = Packet {
        original_len: 1514,
        direction: Some(Direction::Inbound),
        dropped: 3,
        ..packet(1, 1_700_000_001_000_000_001, vec![0x45, 0, 0, 20].into())
    };
    let with_fcs = Interface {
        fcs_len: Some(4),
        snap_len: 262_144,
        comments: vec!["the left end".to_owned()],
        ..interface("left", LinkType::ETHERNET)
    };
    Capture {
        interfaces: vec![with_fcs, interface("tun0", LinkType::RAW)],
        packets: vec![first, cut, packet(0, u64::MAX, frame(b""))],
        names: vec![
            ResolvedName {
                addr: "10.0.0.9".parse().expect("an address"),
                names: vec!["server.example".to_owned(), "chat".to_owned()],
            },
            ResolvedName {
                addr: "fd00::1".parse().expect("an address"),
                names: vec!["router".to_owned()],
            },
        ],
        secrets: vec![Secrets {
            kind: 0x544c_534b,
            data: b"CLIENT_RANDOM 00 11\n".to_vec(),
        }],
        comments: vec!["a lesson\nin two lines".to_owned()],
        damage: None,
    }
}

fn written(capture: &Capture) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, capture).expect("memory takes it");
    bytes
}

#[test]
fn what_is_written_is_read_back() {
    let capture = capture();
    assert_eq!(
        file::read_bytes(&written(&capture)).expect("a capture"),
        capture
    );
}

#[test]
fn nothing_is_written_and_read_back() {
    let empty = Capture::default();
    assert_eq!(
        file::read_bytes(&written(&empty)).expect("a capture"),
        empty
    );
}

#[test]
fn a_comment_too_long_for_one_option_goes_on_in_the_next() {
    let mut capture = capture();
    let long = "ä".repeat(40_000);
    capture.packets[0].comments = vec![long.clone(), String::new()];
    let read = file::read_bytes(&written(&capture)).expect("a capture");
    assert_eq!(read.packets[0].comments.len(), 3);
    assert_eq!(read.packets[0].comments.concat(), long);
}

#[test]
fn a_file_that_is_not_finished_is_whole_so_far() {
    let capture = capture();
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &[]).expect("memory takes it");
    writer
        .interface(&capture.interfaces[0])
        .expect("memory takes it");
    writer.packet(&capture.packets[0]).expect("memory takes it");
    let read = file::read_bytes(&bytes).expect("a capture");
    assert_eq!(read.packets, capture.packets[..1]);
    assert_eq!(read.damage, None);
}

#[test]
fn a_packet_of_no_interface_is_refused() {
    let mut writer = Writer::new(Vec::new(), &[]).expect("memory takes it");
    let refused = writer.packet(&capture().packets[0]);
    assert_eq!(
        refused.expect_err("refused").kind(),
        std::io::ErrorKind::InvalidInput
    );
}

proptest! {
    #[test]
    fn any_packets_are_read_back(
        packets in prop::collection::vec(
            (any::<u64>(), 0..2u32, prop::collection::vec(any::<u8>(), 0..70), any::<u32>(), 0..6u32, "[^\\x00]{0,9}"),
            0..9,
        ),
    ) {
        let packets = packets.into_iter().map(|(time, interface, bytes, more, flags, comment)| Packet {
            original_len: more.max(bytes.len() as u32),
            direction: [None, Some(Direction::Inbound), Some(Direction::Outbound)][flags as usize / 2],
            checksum_not_ready: flags % 2 == 1,
            dropped: u64::from(more) << 20,
            comments: vec![comment],
            ..packet(interface, time, bytes.into())
        });
        let capture = Capture { packets: packets.collect(), ..capture() };
        prop_assert_eq!(file::read_bytes(&written(&capture)).expect("a capture"), capture);
    }
}

fn run(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(arguments).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
#[ignore = "needs tshark, capinfos and editcap"]
fn wireshark_reads_it_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("written.pcapng");
    let mut capture = capture();
    // Later than the tools' calendar goes.
    capture.packets.pop();
    let mut out = std::fs::File::create(&file).expect("a file");
    write(&mut out, &capture).expect("written");
    let mut writer = Writer { out, interfaces: 2 };
    writer
        .statistics(0, Time(1_700_000_002_000_000_000), 5, 2)
        .expect("written");
    writer.finish().expect("written");

    let fields = "-Tfields -eframe.time_epoch -eframe.len -eframe.cap_len -eframe.interface_name \
                  -eframe.packet_flags_direction -eframe.comment -r";
    let arguments: Vec<&str> = fields.split_whitespace().collect();
    assert_eq!(
        run("tshark", &arguments, &file),
        "1700000000.123456789\t17\t17\tleft\t0x00000002\tclient speaks: «hi»,and more\n\
         1700000001.000000001\t1514\t4\ttun0\t0x00000001\t\n"
    );
    let hosts = run("tshark", &["-q", "-zhosts", "-r"], &file);
    assert!(
        hosts.contains("10.0.0.9\tchat") && hosts.contains("fd00::1\trouter"),
        "{hosts}"
    );
    let infos = run("capinfos", &["-M"], &file);
    for expected in [
        "Number of packets:   2",
        "nanoseconds (9)",
        "a lesson",
        "Name = left",
        "Name = tun0",
        "Capture comment",
        "Number of decryption secrets in file: 1",
        "Number of stat entries = 1",
    ] {
        assert!(infos.contains(expected), "{expected}: {infos}");
    }
    let copy = folder.path().join("copy.pcapng");
    run("editcap", &[&file.to_string_lossy()], &copy);
    let copy = file::read(&copy).expect("a capture");
    assert_eq!(copy.secrets, capture.secrets);
    assert_eq!(copy.packets, capture.packets);
}

#[test]
#[ignore = "needs tshark"]
fn tshark_decrypts_with_the_secrets() {
    let Some(folder) = file::captures() else {
        return;
    };
    let mut capture = file::read(folder.join("generated/sio-tls13.pcap")).expect("a capture");
    capture.secrets.push(Secrets {
        kind: 0x544c_534b,
        data: std::fs::read(folder.join("generated/sio-tls13.keys")).expect("keys"),
    });
    let file = tempfile::NamedTempFile::new().expect("a file");
    write(&file, &capture).expect("written");
    let found = run("tshark", &["-Yhttp || websocket", "-r"], file.path());
    assert!(found.contains("HTTP"), "{found}");
}
