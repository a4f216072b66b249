//! `layerwalk`, `layerwalk run` and `layerwalk open`: a walk on the screen.

use std::path::Path;

use clap::Args;
use tokio::sync::mpsc::Receiver;

use super::exit::{Exit, Result};
use super::{bookmark, source};
use crate::base::text::safe;
use crate::scenario;
use crate::tui::{self, CatalogueEntry, Coming, Options, Source, TuiError};
use crate::walk::Walk;

/// What is shown without a command.
const DEFAULT: &str = "websocket";

/// Walk through a scenario on the screen
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk run handshake-lost-synack    a built-in scenario; `layerwalk list` names them
  layerwalk run my.toml --seed 7         a scenario file, with another seed")]
pub struct RunArgs {
    /// A built-in scenario's name, a .toml file, or random:SEED for one that chance has written
    scenario: String,
    /// Another seed than the scenario's own: other first sequence numbers, other masks
    #[arg(long)]
    seed: Option<u64>,
}

/// Walk through a capture file on the screen
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// A pcap or pcapng file
    file: String,
}

/// How everything looks.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Look {
    /// Draw and write with ASCII characters alone
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// `layerwalk run`.
pub fn run(args: &RunArgs, look: Look) -> Result {
    if source::is_capture(&args.scenario) && scenario::find(&args.scenario).is_err() {
        let file = safe(&args.scenario);
        return Err(Exit::usage(format!(
            "{file} is a capture, not a scenario: layerwalk open {file}"
        )));
    }
    scenario_from(&args.scenario, args.seed, look)
}

/// `layerwalk open`.
pub fn open(args: &OpenArgs, look: Look) -> Result {
    let is_there = args.file == "-" || Path::new(&args.file).exists();
    if !is_there && scenario::find(&args.file).is_ok() {
        let name = safe(&args.file);
        return Err(Exit::usage(format!(
            "{name} is a built-in scenario, not a capture: layerwalk run {name}"
        )));
    }
    let opened = source::open_capture(&args.file)?;
    let damage = opened.capture.and_then(|capture| capture.damage);
    let note = damage.map(|damage| format!("! {damage}; what stands before it is shown"));
    let key = std::fs::canonicalize(&args.file).map(|path| path.display().to_string());
    remembered(opened.walk, key.unwrap_or_default(), note, look)
}

/// `layerwalk` alone.
pub fn default(look: Look) -> Result {
    scenario_from(DEFAULT, None, look)
}

fn scenario_from(name: &str, seed: Option<u64>, look: Look) -> Result {
    let walk = source::open_scenario(name, seed)?.walk;
    let key = seed.map_or_else(|| name.to_owned(), |seed| format!("{name} seed {seed}"));
    remembered(walk, key, None, look)
}

/// Shows the walk from the step where it was left, first of all with a note, and remembers where it is left now.
fn remembered(walk: Walk, key: String, note: Option<String>, look: Look) -> Result {
    let start = bookmark::find(&key).filter(|at| (at.0 as usize) < walk.steps().len());
    let options = Options {
        start,
        note,
        ..options(look)
    };
    let ended = tui::run(&options, Source { walk, coming: None });
    if let Ok(ended) = &ended {
        bookmark::keep(
            ended.opened.as_ref().unwrap_or(&key),
            ended.at,
            ended.at_first,
        );
    }
    outcome(ended)
}

/// Shows the walk, and what still comes, until the user quits.
///
/// # Errors
/// If there is no terminal, or it fails, or a signal ended it (128 and its number, without a message).
pub fn show(walk: Walk, coming: Option<Receiver<Coming>>, look: Look) -> Result {
    outcome(tui::run(&options(look), Source { walk, coming }))
}

fn options(look: Look) -> Options {
    let from_env = Options::from_env();
    Options {
        ascii: look.ascii || from_env.ascii,
        catalogue: catalogue(),
        open: Some(open_builtin),
        ..from_env
    }
}

fn outcome(ended: std::result::Result<tui::Ended, TuiError>) -> Result {
    match ended {
        Ok(ended) => match ended.signal {
            None => Ok(()),
            Some(number) => Err(Exit {
                code: u8::try_from(128 + number).unwrap_or(1),
                message: None,
            }),
        },
        Err(error @ TuiError::NoTerminal) => Err(Exit::usage(error)),
        Err(error) => Err(Exit::unreadable(error)),
    }
}

fn catalogue() -> Vec<CatalogueEntry> {
    let entry = |scenario: &scenario::Scenario| CatalogueEntry {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        summary: scenario.summary.clone(),
    };
    scenario::catalogue().iter().map(entry).collect()
}

fn open_builtin(name: &str) -> std::result::Result<Walk, String> {
    match source::open_scenario(name, None) {
        Ok(opened) => Ok(opened.walk),
        Err(exit) => Err(exit.message.unwrap_or_default()),
    }
}
