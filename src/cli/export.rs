//! `layerwalk export`: a walk as a file for other tools.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Result};
use super::source;
use crate::export::{self, EXPORTS, Export, Options};

/// Write a walk as a file for other tools.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  layerwalk export websocket -o websocket.pcapng    opens in Wireshark, with the explanations as comments")]
pub struct ExportArgs {
    /// A built-in scenario, a .toml file, random:SEED, a pcap or pcapng file, or - for a capture from standard input
    source: String,
    /// The file to write; its ending says what kind (.pcapng), - writes pcapng to standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The node at whose interface a simulated conversation is captured [default: the first host]
    #[arg(long, value_name = "NODE")]
    at: Option<String>,
    /// The seed, in place of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result {
    let kind = kind_of(&args.output)?;
    let opened = source::open(&args.source, args.seed)?;
    if args.at.is_some() && opened.scenario.is_none() {
        return Err(Exit::usage(
            "--at names a node of a simulation; a capture was taken at one place already",
        ));
    }
    if is_same_file(&args.output, &args.source) {
        return Err(Exit::usage(
            "FILE is the capture that is read: give the export another name",
        ));
    }
    let options = Options {
        at: args.at.clone(),
        capture: opened.capture,
    };
    if args.output == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        (kind.write)(&opened.walk, &options, &mut out).map_err(wrong_node)?;
        return Ok(out.flush()?);
    }
    // Made in memory first: a mistake must not leave half a file, or destroy the file that is read from.
    let mut bytes = Vec::new();
    (kind.write)(&opened.walk, &options, &mut bytes).map_err(wrong_node)?;
    let failed =
        |error| Exit::unreadable(format!("cannot write {}: {error}", args.output.display()));
    File::create(&args.output)
        .and_then(|mut file| file.write_all(&bytes))
        .map_err(failed)?;
    eprintln!(
        "layerwalk: wrote {} ({} bytes)",
        args.output.display(),
        bytes.len()
    );
    Ok(())
}

fn is_same_file(one: &Path, other: &str) -> bool {
    match (one.canonicalize(), Path::new(other).canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn kind_of(path: &Path) -> Result<&'static Export> {
    if path == Path::new("-") {
        return Ok(&EXPORTS[0]);
    }
    export::by_ending(path).ok_or_else(|| {
        let known: Vec<String> = EXPORTS
            .iter()
            .map(|export| format!("  .{:<8} {}", export.ending, export.what))
            .collect();
        let path = path.display();
        Exit::usage(format!(
            "the ending of `{path}` names no kind of file that can be written:\n{}",
            known.join("\n")
        ))
    })
}

fn wrong_node(error: io::Error) -> Exit {
    if error.kind() == io::ErrorKind::NotFound {
        Exit::usage(error)
    } else {
        error.into()
    }
}
