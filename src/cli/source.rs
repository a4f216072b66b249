//! SOURCE: a built-in scenario's name, a scenario file, or a capture file, and the walk that comes of it.

use std::io::IsTerminal;
use std::path::Path;

use super::exit::{Exit, Result};
use crate::base::text::safe;
use crate::capture::file;
use crate::capture::packet::Capture;
use crate::scenario::{self, Scenario};
use crate::sim;
use crate::walk::Walk;

/// What a SOURCE opened to.
pub struct Opened {
    /// The walk.
    pub walk: Walk,
    /// The capture that it was read from.
    pub capture: Option<Capture>,
    /// The scenario that it was simulated from.
    pub scenario: Option<Scenario>,
}

/// Opens a scenario (by its built-in name or as a file) or a capture file. `seed` replaces the scenario's own.
///
/// # Errors
/// If there is no such thing, or it cannot be read: what, where, and what to do.
pub fn open(source: &str, seed: Option<u64>) -> Result<Opened> {
    if is_capture(source) {
        open_capture(source)
    } else {
        open_scenario(source, seed)
    }
}

/// Reads and runs a scenario.
///
/// # Errors
/// If there is no such scenario, or it has mistakes: all of them, each with its place.
pub fn open_scenario(source: &str, seed: Option<u64>) -> Result<Opened> {
    let scenario = read_scenario(source)?;
    let spec = scenario.spec(seed);
    let walk = Walk::from_outcome(&scenario.name, spec.seed, sim::run(&spec));
    let walk = walk.with_lesson(&scenario);
    warn_if_cut_short(source, &walk);
    Ok(Opened {
        walk,
        capture: None,
        scenario: Some(scenario),
    })
}

/// Says on standard error that a run did not come to its end, and why.
pub fn warn_if_cut_short(source: &str, walk: &Walk) {
    if let Some(limit) = walk.outcome().and_then(|outcome| outcome.cut_short) {
        eprintln!(
            "layerwalk: {}: the run was cut short: {limit}",
            safe(source)
        );
    }
}

/// Whether SOURCE is a capture: standard input, or a file that is no scenario.
pub fn is_capture(source: &str) -> bool {
    let path = Path::new(source);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("pcap" | "pcapng" | "cap") => true,
        Some("toml") => false,
        _ => source == "-" || path.is_file(),
    }
}

/// Reads a capture file, or standard input for `-`. Damage is told on standard error; what could be read is shown.
///
/// # Errors
/// If nothing could be read of it.
pub fn open_capture(path: &str) -> Result<Opened> {
    let capture = if path == "-" {
        file::read_from(std::io::stdin().lock())
    } else {
        file::read(path)
    };
    let shown = safe(path);
    let capture = capture.map_err(|error| Exit::unreadable(format!("{shown}: {error}")))?;
    if let Some(damage) = &capture.damage {
        eprintln!("layerwalk: {shown}: {damage}; what stands before it is shown");
    }
    let name = Path::new(path)
        .file_name()
        .map_or(path.into(), |name| name.to_string_lossy());
    let walk = Walk::from_capture(&name, capture.clone());
    Ok(Opened {
        walk,
        capture: Some(capture),
        scenario: None,
    })
}

/// Finds a scenario: a file of that name, else a built-in one.
///
/// # Errors
/// If there is neither, or it has mistakes.
pub fn read_scenario(source: &str) -> Result<Scenario> {
    let found = if Path::new(source).is_file() {
        scenario::load(Path::new(source))
    } else {
        scenario::find(source)
    };
    found.map_err(|error| match error {
        scenario::Error::Mistakes(mistakes) => {
            let coloured =
                std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let count = mistakes.list.len();
            Exit::unreadable(format!(
                "{} has {count} {}:\n\n{}",
                safe(source),
                if count == 1 { "mistake" } else { "mistakes" },
                mistakes.render(coloured)
            ))
        }
        other => Exit::unreadable(other),
    })
}
