//! The commands as a new user tries them, with wrong arguments and broken files too.

use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::tool::{LAYERWALK, layerwalk, printed};

/// What a failing call must exit with, and what it must say.
fn fails(args: &[&str], code: i32, said: &[&str]) {
    let output = layerwalk(args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    for said in said {
        assert!(
            error.contains(said),
            "{args:?} does not say `{said}`:\n{error}"
        );
    }
    assert!(!error.contains("panicked"), "{args:?}: {error}");
}

/// A pcap file of empty Ethernet frames at these seconds.
fn pcap_at(seconds: &[u32]) -> Vec<u8> {
    let header: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    for second in seconds {
        let head: [u32; 4] = [*second, 0, 60, 60];
        bytes.extend(head.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend([0; 60]);
    }
    bytes
}

#[test]
fn a_capture_without_frames_and_one_whose_clock_was_set_back() {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, seconds: &[u32]| {
        let path = dir.path().join(name);
        std::fs::write(&path, pcap_at(seconds)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let empty = write("empty.pcap", &[]);
    let output = layerwalk(["show", &empty]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("no frames"),
        "{said}"
    );
    fails(&["show", &empty, "--step", "1"], 2, &["no frames"]);
    let back = printed(["show", &write("back.pcap", &[10, 6, 11])]);
    let times: Vec<&str> = back
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(times[..3], ["0.000000", "-4.000000", "1.000000"], "{back}");
}

#[test]
fn a_timer_is_listed_with_its_node_and_the_end_with_nobody() {
    let steps = printed(["show", "handshake-lost-synack"]);
    let line = |what: &str| steps.lines().find(|line| line.ends_with(what)).unwrap();
    assert!(line("time-out").contains(" client ") && !line("time-out").contains('>'));
    assert!(!line(" end").contains('>') && !line(" end").contains("192.168"));
}

/// Seven lines that say ACK are seven different segments, and hosts have names.
#[test]
fn a_line_of_a_segment_has_its_numbers_and_the_names_of_its_ends() {
    let steps = printed(["show", "fast-retransmit"]);
    let has = |what: &str| steps.lines().any(|line| line.ends_with(what));
    assert!(has("ACK  seq=1 ack=1 win=64896"), "{steps}");
    let syn = steps.lines().find(|line| line.contains(" SYN  seq=0 win="));
    let syn = syn.expect("the SYN has no acknowledgment");
    assert!(syn.contains(" client:51000 > server:7 "), "{syn}");
}

#[test]
fn wrong_use_is_told_with_the_way_out() {
    fails(&["shwo", "websocket"], 2, &["shwo", "show"]);
    fails(&["show", "websokcet"], 3, &["websokcet", "websocket"]);
    fails(&["show", "no-such.toml"], 3, &["no-such.toml"]);
    fails(&["show", "no-such.pcap"], 3, &["no-such.pcap"]);
    fails(
        &["show", "handshake", "--step", "0"],
        2,
        &["counted from 1"],
    );
    fails(
        &["show", "handshake", "--step", "100000"],
        2,
        &["100000", "from 1 to"],
    );
    fails(
        &["show", "handshake", "--filter", "tcp.prot == 80"],
        2,
        &["tcp.prot", "tcp.port", "^"],
    );
    fails(
        &["show", "handshake", "--filter", "ip.src == "],
        2,
        &["filter"],
    );
    fails(&["check", "no-such"], 3, &["no-such"]);
    fails(
        &["capture", "-i", "no-such-interface", "--show"],
        2,
        &["no-such-interface", "lo"],
    );
}

#[test]
fn without_a_terminal_the_screen_points_to_show() {
    fails(&[], 2, &["terminal", "layerwalk show"]);
    fails(&["run", "handshake"], 2, &["terminal", "layerwalk show"]);
}

#[test]
fn broken_captures_are_told_or_read_as_far_as_they_go() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let whole = folder
        .path()
        .join("whole.pcapng")
        .to_str()
        .unwrap()
        .to_owned();
    printed(["export", "handshake", "-o", &whole]);
    let bytes = std::fs::read(&whole).unwrap();

    let empty = write("empty.pcap", b"");
    fails(&["show", &empty], 3, &["empty"]);
    let garbage = write("garbage.pcap", &[0x5a; 4096]);
    fails(&["show", &garbage], 3, &["garbage.pcap"]);

    let cut = write("cut.pcapng", &bytes[..bytes.len() * 2 / 3]);
    let output = layerwalk(["show", &cut]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.contains("cut.pcapng"), "{error}");
    assert!(!output.stdout.is_empty());

    // A classic pcap whose first packet claims four gigabytes.
    let mut claims = Vec::new();
    for word in [
        0xa1b2_c3d4u32,
        0x0004_0002,
        0,
        0,
        0xffff_ffff,
        1,
        0,
        0,
        0xffff_fff0,
        0xffff_fff0,
    ] {
        claims.extend(word.to_le_bytes());
    }
    claims.extend([0; 64]);
    let claims = write("claims.pcap", &claims);
    let output = layerwalk(["show", &claims]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("claims.pcap"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}

#[test]
fn a_pipe_that_ends_early_is_no_error() {
    let mut child = Command::new(LAYERWALK)
        .args(["show", "websocket", "--format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_capture_is_read_from_standard_input() {
    let mut child = Command::new(LAYERWALK)
        .args(["show", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let capture = layerwalk(["export", "handshake", "-o", "-"]).stdout;
    child.stdin.take().unwrap().write_all(&capture).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("SYN"));
}

#[test]
fn one_message_is_shown_going_down_to_bits_and_up_again() {
    let steps = printed(["show", "websocket", "--grain", "layer"]);
    let line = steps
        .lines()
        .find(|line| line.contains("send text"))
        .unwrap();
    let number = line.split_whitespace().next().unwrap();
    let shown = printed(["show", "websocket", "--step", number, "--grain", "layer"]);
    for layer in ["L7", "L6", "L5", "L4", "L3", "L2", "L1"] {
        assert!(shown.contains(layer), "{layer} is not on the way:\n{shown}");
    }
    assert!(
        shown.contains("received"),
        "it does not come up again:\n{shown}"
    );
    for level in [
        "first letter, \"H\"",
        "48 xor",
        "TCP stream",
        "segment",
        "packet",
        "Frame",
        "bit ",
    ] {
        assert!(shown.contains(level), "{level} is not shown:\n{shown}");
    }
}

#[test]
fn the_bits_of_a_frame_are_shown_in_the_order_of_the_wire() {
    let steps = printed(["show", "seven-layers", "--grain", "layer"]);
    let line = steps
        .lines()
        .find(|line| line.contains("on the wire: Text"))
        .unwrap();
    let number = line.split_whitespace().next().unwrap();
    let shown = printed(["show", "seven-layers", "--step", number, "--grain", "layer"]);
    assert!(
        shown.contains("55 55 55 d5  10101010 10101010 10101010 10101011"),
        "{shown}"
    );
    // 0x08, its lowest bit first.
    assert!(shown.contains("00010000"), "{shown}");
    assert!(shown.contains("frame check sequence"), "{shown}");
}

#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    let hostile = "no\u{1b}[31m\u{202e}\u{9b}31m";
    let file = TempDir::new().unwrap();
    let scenario = file.path().join("hostile.toml");
    std::fs::write(&scenario, format!("title = \"a{}b\"\nsed = 1\n", '\u{9b}')).unwrap();
    for args in [
        vec!["show", hostile],
        vec!["show", &format!("{hostile}.pcapng")],
        vec![
            "show",
            "handshake",
            "--filter",
            &format!("tcp.seq == {hostile}"),
        ],
        vec!["check", scenario.to_str().unwrap()],
    ] {
        let output = layerwalk(&args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!error.contains(obeyed), "{args:?}: {error:?}");
    }
}

#[test]
fn a_lesson_and_steps_are_written_in_ascii_alone_where_that_is_asked_for() {
    for args in [
        &["show", "websocket", "--ascii", "--lesson"][..],
        &["--ascii", "show", "websocket", "--step", "3"],
    ] {
        let shown = printed(args);
        assert!(
            shown.is_ascii() && shown.lines().count() > 5,
            "{args:?}: {shown}"
        );
    }
    fails(
        &["show", "../shared/none.pcap", "--lesson"],
        3,
        &["none.pcap"],
    );
}

#[test]
fn the_file_of_a_scenario_is_printed_and_is_the_same_scenario() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("mine.toml");
    let file = file.to_str().unwrap();
    for name in ["random:7", "handshake"] {
        std::fs::write(file, printed(["show", name, "--scenario"])).unwrap();
        assert_eq!(printed(["show", file]), printed(["show", name]), "{name}");
    }
    let trace = folder.path().join("trace.pcapng");
    let trace = trace.to_str().unwrap();
    printed(["export", "handshake", "-o", trace]);
    fails(&["show", trace, "--scenario"], 2, &["no scenario file"]);
}

#[test]
fn an_export_never_replaces_what_it_reads() {
    let folder = TempDir::new().unwrap();
    let file = folder
        .path()
        .join("walk.pcapng")
        .to_str()
        .unwrap()
        .to_owned();
    printed(["export", "handshake", "-o", &file]);
    let before = std::fs::read(&file).unwrap();
    fails(&["export", &file, "-o", &file], 2, &["another name"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn the_lists_the_manual_and_the_completions_are_printed() {
    for args in [
        &["list"][..],
        &["list", "scenarios"],
        &["list", "protocols"],
        &["list", "keys"],
        &["list", "schema"],
        &["list", "scenarios", "--json"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        assert!(!printed(args).is_empty(), "{args:?}");
    }
}
