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

/// Prints the manual page: every command with its options, and the keys of the screen.
pub fn man() -> Result {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands() {
        command_section(subcommand, &mut page)?;
    }
    keys_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(io::stdout().write_all(&page)?)
}

/// One command: how it is called, what it does, its options, and its examples.
fn command_section(command: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let name = command.get_name().to_uppercase();
    writeln!(page, ".SH COMMAND {}", roff(&name))?;
    let man = clap_mangen::Man::new(command.clone());
    let mut sections = Vec::new();
    man.render_synopsis_section(&mut sections)?;
    man.render_description_section(&mut sections)?;
    man.render_options_section(&mut sections)?;
    if command.get_after_help().is_some() {
        man.render_extra_section(&mut sections)?;
    }
    // As parts of the one page: sections of a command become its subsections.
    page.extend(
        String::from_utf8_lossy(&sections)
            .replace(".SH EXTRA", ".SS EXAMPLES")
            .replace(".SH ", ".SS ")
            .into_bytes(),
    );
    Ok(())
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
