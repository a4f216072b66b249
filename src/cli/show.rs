//! `layerwalk show`: a walk to standard output.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::RangeInclusive;

use clap::Args;

use super::exit::{Exit, Result};
use super::screen::Look;
use super::source;
use crate::base::text::{plain, safe, safe_in_place};
use crate::proto::filter::Filter;
use crate::show::{self, Format, Options};
use crate::walk::step::Grain;

/// Print a walk: a line a step, single steps in full, or JSON lines.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk show websocket                          every frame, a line each
  layerwalk show websocket --step 4                 the fourth in full
  layerwalk show websocket --lesson                 what the scenario teaches
  layerwalk show random:7 --scenario > mine.toml    the scenario's file, to be changed
  layerwalk show websocket --grain message          every message
  layerwalk show websocket --grain layer --step 90  the way of one message through the layers
  layerwalk show trace.pcapng --filter 'tcp.flags.syn == 1'
  layerwalk show trace.pcapng --format jsonl | jq .protocols")]
pub struct ShowArgs {
    /// A built-in scenario, a .toml file, random:SEED, a pcap or pcapng file, or - for a capture from standard input
    source: String,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only what this display filter selects, such as 'tcp.port == 80 && websocket'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Only this step (N) or these (N-M), in full; counted from 1 at the grain
    #[arg(long, value_name = "N", value_parser = parse_steps)]
    step: Option<RangeInclusive<usize>>,
    /// How fine the steps are
    #[arg(long, value_enum)]
    grain: Option<Grain>,
    /// The seed, in place of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Print the scenario's lesson, and no steps
    #[arg(long, conflicts_with_all = ["filter", "step", "grain", "format"])]
    lesson: bool,
    /// Print the scenario's file, and no steps
    #[arg(long, conflicts_with_all = ["filter", "step", "grain", "format", "seed", "lesson"])]
    scenario: bool,
}

/// Runs the command.
pub fn run(args: &ShowArgs, look: Look) -> Result {
    if args.scenario {
        return print_file(&args.source);
    }
    let filter = args.filter.as_deref().map(compile).transpose()?;
    let opened = source::open(&args.source, args.seed)?;
    let options = Options {
        format: args.format,
        filter,
        steps: args.step.clone(),
        grain: args.grain,
    };
    check_steps(&opened.walk, &options)?;
    if opened.walk.steps().is_empty() {
        eprintln!("layerwalk: {}: there are no frames", safe(&args.source));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut plain = Plain(&mut out);
    let out: &mut dyn Write = if look.ascii && args.format == Format::Text {
        &mut plain
    } else {
        plain.0
    };
    if args.lesson && opened.scenario.is_none() {
        return Err(Exit::usage("a capture has no lesson; scenarios have"));
    }
    if args.lesson {
        show::lesson(&opened.walk, out)?;
    } else {
        show::show(&opened.walk, &options, out)?;
    }
    out.flush()?;
    Ok(())
}

/// Prints a scenario's file: as it is where it is saved, and without what a terminal would take as a command.
fn print_file(source: &str) -> Result {
    if source::is_capture(source) {
        return Err(Exit::usage("a capture has no scenario file"));
    }
    let text = source::read_scenario(source)?.text;
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        out.write_all(safe_in_place(&text).as_bytes())?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

/// Writes with ASCII alone. What is written at once must be whole characters, as `write!` does it.
struct Plain<'w, W>(&'w mut W);

impl<W: Write> Write for Plain<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .write_all(plain(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Compiles a display filter that stands on the command line.
///
/// # Errors
/// If it is none: what is wrong, with a mark under the place.
pub fn compile(text: &str) -> Result<Filter> {
    Filter::compile(text).map_err(|error| {
        let before = safe(&text[..error.span.start.min(text.len())])
            .chars()
            .count();
        let text = safe(text);
        let marks = "^".repeat(error.span.len().max(1));
        let suggestion = error.suggestion.as_ref();
        let mean = suggestion.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
        Exit::usage(format!(
            "in the filter: {error}{mean}\n  {text}\n  {:before$}{marks}",
            ""
        ))
    })
}

fn check_steps(walk: &crate::walk::Walk, options: &Options) -> Result {
    let Some(steps) = &options.steps else {
        return Ok(());
    };
    let all = show::count_steps(walk, options.grain.unwrap_or(Grain::Frame));
    if all == 0 {
        return Err(Exit::usage("there are no frames, and so no steps"));
    }
    if *steps.end() > all {
        let end = steps.end();
        return Err(Exit::usage(format!(
            "there is no step {end}: at this grain they go from 1 to {all}"
        )));
    }
    Ok(())
}

fn parse_steps(text: &str) -> std::result::Result<RangeInclusive<usize>, String> {
    let number = |text: &str| match text.trim().parse::<usize>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!(
            "`{text}` is no step: write N or N-M, counted from 1"
        )),
    };
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    if from > to {
        return Err(format!("`{text}` goes backwards: write {to}-{from}"));
    }
    Ok(from..=to)
}
