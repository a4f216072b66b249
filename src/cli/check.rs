//! `layerwalk check`: runs scenarios and holds them against what they expect.

use std::io::{self, BufWriter, Write};

use clap::Args;

use super::exit::{Exit, Result};
use super::source;
use crate::base::text::safe;
use crate::scenario::{self, Scenario};
use crate::sim;
use crate::walk::Walk;
use crate::walk::expect::{self, Finding};

/// Run scenarios and tell whether each came out as its file expects
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk check websocket            a built-in scenario
  layerwalk check my.toml other.toml   files; all mistakes in them are reported
  layerwalk check --all                every built-in scenario

Ends with 1 where an expectation failed, and with 3 where a file has mistakes.")]
pub struct CheckArgs {
    /// Built-in scenarios or .toml files
    #[arg(required_unless_present = "all")]
    scenarios: Vec<String>,
    /// Every built-in scenario
    #[arg(long, conflicts_with = "scenarios")]
    all: bool,
    /// The seed, in place of the scenarios' own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Only say what failed
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result {
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut failed, mut unreadable) = (false, false);
    for scenario in scenarios(args) {
        match scenario {
            Ok(scenario) => failed |= !check(&scenario, args, &mut out)?,
            Err(exit) => {
                unreadable = true;
                out.flush()?;
                eprintln!("layerwalk: {}", exit.message.unwrap_or_default());
            }
        }
    }
    out.flush()?;
    match (unreadable, failed) {
        (true, _) => Err(Exit {
            code: 3,
            message: None,
        }),
        (false, true) => Err(Exit::failed()),
        (false, false) => Ok(()),
    }
}

fn scenarios(args: &CheckArgs) -> Vec<Result<Scenario>> {
    if args.all {
        return scenario::catalogue().iter().cloned().map(Ok).collect();
    }
    let named = args.scenarios.iter();
    named.map(|name| source::read_scenario(name)).collect()
}

/// Runs a scenario and writes what became of its expectations; true if all came true.
fn check(scenario: &Scenario, args: &CheckArgs, out: &mut impl Write) -> io::Result<bool> {
    let spec = scenario.spec(args.seed);
    let walk = Walk::from_outcome(&scenario.title, spec.seed, sim::run(&spec));
    source::warn_if_cut_short(&scenario.name, &walk);
    let findings = expect::check(&walk, &scenario.expects);
    let failed = findings.iter().filter(|finding| !finding.ok).count();
    for finding in findings.iter().filter(|finding| !finding.ok || !args.quiet) {
        writeln!(out, "{}", line(&scenario.name, finding))?;
    }
    if !args.quiet || failed > 0 {
        let came_true = findings.len() - failed;
        let all = findings.len();
        let name = safe(&scenario.name);
        writeln!(out, "{name}: {came_true} of {all} expectations came true")?;
    }
    Ok(failed == 0)
}

fn line(name: &str, finding: &Finding) -> String {
    let verdict = if finding.ok { "ok  " } else { "FAIL" };
    let expected = safe(&finding.expected);
    let found = safe(&finding.found);
    let name = safe(name);
    format!(
        "{verdict} {name}:{} {expected}: found {found}",
        finding.line
    )
}
