//! `layerwalk completions` and `layerwalk man`: made from the command line's own description.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Result;

/// Print a shell's completion script.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completion script.
pub fn run(args: &CompletionsArgs) -> Result {
    // Made in memory first: clap's generator panics where standard output ends early.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "layerwalk", &mut script);
    Ok(io::Write::write_all(&mut io::stdout(), &script)?)
}

/// Prints the manual page.
pub fn man() -> Result {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(Cli::command());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(io::Write::write_all(&mut io::stdout(), &page)?)
}
