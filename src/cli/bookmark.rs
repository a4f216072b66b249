//! The step at which a walk was left, so that opening it again goes on there.
//!
//! One file, one line a walk: the step and what was walked. It is a convenience: where it cannot be read or written,
//! walks begin at their beginning, and nothing is said.

use std::fs;
use std::path::PathBuf;

use crate::walk::step::StepId;

/// Walks that are remembered; the oldest is forgotten.
const KEPT: usize = 200;

/// A file longer than this is none of ours.
const LARGEST: u64 = 1 << 20;

/// The step at which the walk `key` was left.
pub fn find(key: &str) -> Option<StepId> {
    let lines = read(&file()?);
    let (step, _) = lines.into_iter().rev().find(|(_, name)| name == key)?;
    Some(StepId(step))
}

/// Remembers that the walk `key` was left at `at`; at its first step it is forgotten.
pub fn keep(key: &str, at: StepId, first: bool) {
    let Some(file) = file() else { return };
    let mut lines = read(&file);
    lines.retain(|(_, name)| name != key);
    if !first && !key.contains('\n') {
        lines.push((at.0, key.to_owned()));
    }
    let lines = &lines[lines.len().saturating_sub(KEPT)..];
    let text: String = lines
        .iter()
        .map(|(step, key)| format!("{step}\t{key}\n"))
        .collect();
    if let Some(folder) = file.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let _ = fs::write(&file, text);
}

/// `$XDG_STATE_HOME/layerwalk/steps`, or the same under `~/.local/state`.
fn file() -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("layerwalk").join("steps"))
}

fn read(file: &PathBuf) -> Vec<(u32, String)> {
    if fs::metadata(file).map_or(true, |data| data.len() > LARGEST) {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = |line: &str| {
        let (step, key) = line.split_once('\t')?;
        Some((step.parse().ok()?, key.to_owned()))
    };
    text.lines().filter_map(line).collect()
}
