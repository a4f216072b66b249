//! Our reading of HTTP and WebSocket against tshark's: every message of every capture, with the frame that it ends in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use layerwalk::base::FrameId;
use layerwalk::capture;
use layerwalk::proto::registry;
use layerwalk::walk::Walk;

use crate::tshark_layers::{captures, files, run, short};

/// The values of one frame's messages, by field, as `tshark -T fields` writes them.
type Fields = BTreeMap<&'static str, Vec<String>>;

/// A value separator that no value contains (Engine.IO has U+001E between its packets).
const SEPARATOR: &str = "\u{1d}";

/// Disagreements that were looked into: the file (empty: any), how the field's name starts, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "",
        "websocket.payload.continue",
        "with the last fragment tshark shows the whole message, here each frame shows its own",
    ),
    (
        "http__100-continue.pcap",
        "http.request_number",
        "tshark counts a head and its late body as two requests",
    ),
    (
        "http__pipelined-requests.pcap",
        "http.file_data",
        "tshark inflates gzip bodies",
    ),
    (
        "http__pipelined-requests.pcap",
        "http.cache_control",
        "tshark keeps the white space behind a value, RFC 9110 §5.5 does not count it",
    ),
    (
        "http__261__variant-03-cl_negative.pcap",
        "http.",
        "tshark reads on after a Content-Length of -1; nobody can tell where the next message is",
    ),
    (
        "http__261__variant-09-te_obs_fold.pcap",
        "http.",
        "tshark does not unfold a folded Transfer-Encoding, so it sees no chunks",
    ),
    (
        "http__content-length-overflow.pcap",
        "http.",
        "a body that was cut short: it is given to its last frame, by tshark to the last segment with the FIN",
    ),
    (
        "http__entity_gap.pcap",
        "http.",
        "a body with a gap: what is before the gap is given to its last frame",
    ),
    (
        "tcp__tcp-fast-open.pcap",
        "http.",
        "bodies until the close end with the last data, by tshark with the FIN; a request in the SYN is cut off",
    ),
];

#[test]
#[ignore = "needs tshark"]
fn messages_of_every_capture() {
    let Some(root) = captures() else { return };
    let ids = common_ids();
    let (mut compared, mut explained, mut differences) = (0, 0, Vec::new());
    for file in files(&root) {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (ours, theirs) = (ours(&file, &ids), theirs(&file, &ids));
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            for id in &ids {
                let (our, their) = (ours.get(id), theirs.get(id));
                compared += our.map_or(0, Vec::len);
                if our == their {
                    continue;
                }
                if is_explained(&name, id) {
                    explained += 1;
                    continue;
                }
                let show = |values: Option<&Vec<String>>| {
                    short(&values.cloned().unwrap_or_default().join(", "))
                };
                let (our, their) = (show(our), show(their));
                differences.push(format!(
                    "{name} #{} {id}: ours [{our}], tshark [{their}]",
                    number + 1
                ));
            }
        }
    }
    println!(
        "{} fields, {compared} values compared, {} differ, {explained} explained",
        ids.len(),
        differences.len()
    );
    assert!(compared > 0, "no capture found");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn is_explained(file: &str, id: &str) -> bool {
    let mut list = EXPLAINED.iter();
    list.any(|(known, field, _)| (known.is_empty() || *known == file) && id.starts_with(field))
}

/// The names that both know.
fn common_ids() -> Vec<&'static str> {
    let listing = run(Command::new("tshark").args(["-G", "fields"]));
    let theirs: BTreeSet<&str> = listing
        .lines()
        .filter_map(|line| line.split('\t').nth(2))
        .collect();
    let protocols = ["http", "websocket"].map(|id| registry::protocol(id).expect("registered"));
    let fields = protocols.iter().flat_map(|protocol| protocol.fields);
    fields
        .map(|field| field.id)
        .filter(|id| theirs.contains(id))
        .collect()
}

fn ours(path: &Path, ids: &[&'static str]) -> Vec<Fields> {
    let capture = capture::file::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let walk = Walk::from_capture("", capture);
    let of_frame = |index| {
        let mut fields = Fields::new();
        let frame = walk.frame(FrameId::from_index(index)).expect("a frame");
        for message in frame.messages.iter().filter_map(|id| walk.message(*id)) {
            for field in message
                .dissection
                .layers
                .iter()
                .flat_map(|layer| &layer.fields)
            {
                if ids.contains(&field.spec.id) {
                    let value = escaped(field.spec.id, &field.tshark_value());
                    fields.entry(field.spec.id).or_default().push(value);
                }
            }
        }
        fields.retain(|_, values| values.iter().any(|value| !value.is_empty()));
        fields
    };
    (0..walk.frames()).map(of_frame).collect()
}

/// Text as tshark writes it into a column. Of a body it knows ASCII alone.
fn escaped(id: &str, text: &str) -> String {
    let is_kept = |char: char| char.is_ascii() || char == '\u{fffd}' || id != "http.file_data";
    let ascii_alone = |char: char| match is_kept(char) {
        true => char.to_string(),
        false => "\u{fffd}".repeat(char.len_utf8()),
    };
    let text: String = text.chars().map(ascii_alone).collect();
    text.replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
}

fn theirs(path: &Path, ids: &[&'static str]) -> Vec<Fields> {
    let mut command = Command::new("tshark");
    command
        .arg("-n")
        .arg("-r")
        .arg(path)
        .args(["-T", "fields", "-E", "separator=/t"]);
    command.args([
        "-E",
        "occurrence=a",
        "-E",
        &format!("aggregator={SEPARATOR}"),
    ]);
    for id in ids {
        command.args(["-e", id]);
    }
    let parse = |line: &str| {
        let columns = ids.iter().zip(line.split('\t'));
        let present = columns.filter(|(_, column)| !column.is_empty());
        present
            .map(|(id, column)| (*id, column.split(SEPARATOR).map(str::to_owned).collect()))
            .collect()
    };
    run(&mut command).lines().map(parse).collect()
}
