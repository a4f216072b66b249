//! What layerwalk exports, as tshark reads it.

use layerwalk::scenario::{Scenario, catalogue};
use tempfile::TempDir;

use crate::tool::{layerwalk, printed, tshark};

/// Severities as Wireshark numbers them: this one is a warning.
const WARN: &str = "0x00600000";

#[test]
#[ignore = "needs tshark"]
fn tshark_finds_nothing_wrong_that_a_scenario_does_not_intend() {
    let folder = TempDir::new().unwrap();
    let mut wrong = Vec::new();
    for scenario in catalogue() {
        let file = folder.path().join(format!("{}.pcapng", scenario.name));
        let mut found = String::new();
        for node in hosts(scenario) {
            printed([
                "export",
                &scenario.name,
                "--at",
                &node,
                "-o",
                file.to_str().unwrap(),
            ]);
            let findings = tshark(
                &file,
                &[
                    "-Y",
                    &format!("_ws.expert.severity >= {WARN} || _ws.malformed"),
                    "-T",
                    "fields",
                    "-E",
                    "aggregator=|",
                    "-e",
                    "frame.number",
                    "-e",
                    "_ws.expert.severity",
                    "-e",
                    "_ws.expert.message",
                ],
            );
            found += &findings;
            let frames = tshark(&file, &[]).lines().count();
            println!(
                "{} at {node}: {frames} frames, findings: {findings:?}",
                scenario.name
            );
            assert!(frames > 0, "{} at {node} exports nothing", scenario.name);
            wrong.extend(
                findings
                    .lines()
                    .filter(|line| !is_intended(scenario, line))
                    .map(|line| format!("{} at {node}: {line}", scenario.name)),
            );
        }
        let meant = scenario.experts.iter().map(|meant| &meant.finding);
        wrong.extend(
            meant
                .filter(|meant| !found.contains(*meant))
                .map(|meant| format!("{}: nothing found of {meant:?}", scenario.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether each grave finding of a frame is one that the scenario names.
fn is_intended(scenario: &Scenario, line: &str) -> bool {
    let cells: Vec<&str> = line.split('\t').collect();
    let severities = cells[1].split('|');
    let messages = cells[2].split('|');
    severities.zip(messages).all(|(severity, message)| {
        let number = |text: &str| {
            text.strip_prefix("0x")
                .map_or(text.parse(), |hex| u32::from_str_radix(hex, 16))
                .unwrap()
        };
        number(severity) < number(WARN)
            || scenario
                .experts
                .iter()
                .any(|meant| message.contains(&meant.finding))
    })
}

#[test]
#[ignore = "needs tshark"]
fn tshark_unmasks_the_same_texts() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("websocket.pcapng");
    printed(["export", "websocket", "-o", file.to_str().unwrap()]);
    let theirs = tshark(
        &file,
        &[
            "-Y",
            "websocket.payload.text",
            "-T",
            "fields",
            "-e",
            "websocket.mask",
            "-e",
            "websocket.payload.text",
        ],
    );
    let ours: String = messages("websocket")
        .iter()
        .filter_map(|message| {
            let text = field(message, "websocket.payload.text")?;
            Some(format!("{}\t{text}\n", field(message, "websocket.mask")?))
        })
        .collect();
    println!("{ours}");
    assert!(
        ours.lines().count() >= 2,
        "a text each way at least:\n{ours}"
    );
    assert!(
        ours.contains("1\t") && ours.contains("0\t"),
        "masked one way alone:\n{ours}"
    );
    assert_eq!(ours, theirs);
}

#[test]
#[ignore = "needs tshark"]
fn each_packet_has_its_explanation_as_comment() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("handshake.pcapng");
    printed(["export", "handshake", "-o", file.to_str().unwrap()]);
    let comments = tshark(
        &file,
        &["-T", "fields", "-e", "tcp.flags.str", "-e", "frame.comment"],
    );
    let of = |flags: &str| {
        comments
            .lines()
            .find(|line| line.contains(flags))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(of("··········S·").contains("wants to talk"), "{comments}");
    assert!(of("·······A··S·").contains("agrees to talk"), "{comments}");
    assert_eq!(
        comments
            .lines()
            .filter(|line| line.trim().is_empty())
            .count(),
        0,
        "{comments}"
    );
}

#[test]
fn a_read_capture_is_exported_whole() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    printed(["export", "handshake", "-o", &file("one.pcapng")]);
    printed(["export", &file("one.pcapng"), "-o", &file("two.pcapng")]);
    let show = |name: &str| printed(["show", &file(name), "--format", "jsonl"]);
    assert_eq!(show("one.pcapng"), show("two.pcapng"));
}

#[test]
fn an_unknown_ending_or_node_is_wrong_use_and_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let check = |args: &[&str], name: &str, said: &str| {
        let file = folder.path().join(name);
        let output = layerwalk(
            ["export", "handshake"]
                .iter()
                .chain(args)
                .copied()
                .chain(["-o", file.to_str().unwrap()]),
        );
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
        assert!(!file.exists());
    };
    check(&[], "walk.xyz", ".pcapng");
    check(
        &["--at", "nobody"],
        "walk.pcapng",
        "there is no node `nobody`",
    );
}

fn hosts(scenario: &Scenario) -> Vec<String> {
    let is_host = |node: &&layerwalk::sim::spec::Node| {
        matches!(node.kind, layerwalk::sim::spec::NodeKind::Host(_))
    };
    scenario
        .spec
        .nodes
        .iter()
        .filter(is_host)
        .map(|node| node.name.clone())
        .collect()
}

/// The message objects of `show --format jsonl`.
fn messages(source: &str) -> Vec<serde_json::Value> {
    printed(["show", source, "--format", "jsonl"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|object: &serde_json::Value| object.get("message").is_some())
        .collect()
}

fn field(object: &serde_json::Value, id: &str) -> Option<String> {
    let fields = object["fields"].as_array()?;
    let found = fields.iter().find(|field| field["id"] == id)?;
    Some(found["value"].as_str()?.to_owned())
}
