//! Two runs of a scenario are the same, byte for byte; another seed gives other initial sequence numbers.

use layerwalk::scenario::{catalogue, texts};
use layerwalk::sim;

use crate::tool::printed;

#[test]
fn two_runs_are_the_same() {
    for scenario in catalogue() {
        let spec = scenario.spec(None);
        let (one, two) = (sim::run(&spec), sim::run(&spec));
        assert!(!one.frames.is_empty(), "{} sends nothing", scenario.name);
        assert_eq!(one.frames, two.frames, "{}", scenario.name);
        assert_eq!(one.log.records(), two.log.records(), "{}", scenario.name);
    }
}

#[test]
fn recording_changes_no_frame() {
    for scenario in catalogue() {
        let mut spec = scenario.spec(None);
        let recorded = sim::run(&spec);
        spec.recording = false;
        let silent = sim::run(&spec);
        assert_eq!(recorded.frames, silent.frames, "{}", scenario.name);
        assert!(silent.log.records().is_empty());
    }
}

#[test]
fn the_program_prints_the_same_twice_and_other_numbers_with_another_seed() {
    for scenario in catalogue() {
        let show =
            |seed: &str| printed(["show", &scenario.name, "--seed", seed, "--format", "jsonl"]);
        assert_eq!(show("7"), show("7"), "{}", scenario.name);
        let (seven, eight) = (isns(&show("7")), isns(&show("8")));
        assert_eq!(seven.len(), eight.len(), "{}", scenario.name);
        assert!(!seven.is_empty(), "{} has no SYN", scenario.name);
        // Unless the scenario itself names numbers, of a host or of a segment that is made up.
        let (_, text) = texts()
            .iter()
            .find(|(name, _)| *name == scenario.name)
            .expect("its text");
        let names_numbers = text.contains("isn ") || text.contains("\"raw-tcp\"");
        assert!(
            names_numbers || seven.iter().zip(&eight).all(|(a, b)| a != b),
            "{}: {seven:?}",
            scenario.name
        );
    }
}

/// The raw sequence numbers of the SYNs.
fn isns(jsonl: &str) -> Vec<String> {
    let value = |object: &serde_json::Value, id: &str| {
        let fields = object["fields"].as_array().unwrap();
        let found = fields.iter().find(|field| field["id"] == id);
        found.map(|field| field["value"].as_str().unwrap().to_owned())
    };
    jsonl
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|object| value(object, "tcp.flags.syn").is_some_and(|syn| syn == "1"))
        .filter_map(|object| value(&object, "tcp.seq_raw"))
        .collect()
}
