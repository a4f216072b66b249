//! The fields that need earlier frames, against tshark.

use std::process::Command;

use super::{captures, open};
use crate::base::FrameId;

const FIELDS: [&str; 11] = [
    "tcp.stream",
    "udp.stream",
    "tcp.completeness",
    "tcp.seq",
    "tcp.nxtseq",
    "tcp.ack",
    "tcp.window_size",
    "tcp.window_size_scalefactor",
    "tcp.time_relative",
    "tcp.time_delta",
    "frame.time_delta",
];

#[test]
#[ignore = "needs tshark"]
fn stateful_fields_are_those_of_tshark() {
    let (mut compared, mut differences) = (0, Vec::new());
    for path in captures() {
        let walk = open(&path);
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut command = Command::new("tshark");
        command
            .arg("-r")
            .arg(&path)
            .args(["-T", "fields", "-E", "occurrence=f"]);
        command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
        let output = command.output().expect("tshark runs");
        let text = String::from_utf8_lossy(&output.stdout);
        for (index, line) in text.lines().enumerate() {
            let view = walk
                .frame(FrameId::from_index(index))
                .expect("as many frames");
            for (field, theirs) in FIELDS.iter().zip(line.split('\t')) {
                let ours = view.dissection.field(field).or(view.frame.field(field));
                let ours = ours.map_or_else(String::new, |field| field.tshark_value());
                // a field that they have no value for may be a setting of theirs
                if !theirs.is_empty() {
                    compared += 1;
                    if ours != theirs {
                        differences.push(format!("{name}:{} {field} {ours} {theirs}", index + 1));
                    }
                }
            }
        }
    }
    println!("{compared} fields compared, {} differ", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
