//! `layerwalk completions` and `layerwalk man`: made from the command line's own description.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Result;
use crate::tui::keys::TABLE;

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
    Ok(io::stdout().write_all(&script)?)
}

/// Prints the manual page, the keys of the screen among it.
pub fn man() -> Result {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(Cli::command());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    keys_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(io::stdout().write_all(&page)?)
}

fn keys_section(page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH KEYS")?;
    for binding in TABLE {
        writeln!(
            page,
            ".TP\n{}\n{}",
            roff(&binding.keys_label()),
            roff(binding.what)
        )?;
    }
    Ok(())
}

/// Text that the manual's formatter takes as it is.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}
