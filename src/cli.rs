//! The command line: one file a command in `cli/`.
//!
//! Results go to standard output, all else to standard error. Exit codes: 0 done, 1 an expectation or finding failed,
//! 2 wrong use, 3 unreadable input, 4 not permitted.

mod attach;
pub mod capture;
pub mod exit;
pub mod source;

mod bookmark;
mod check;
mod completions;
mod connect;
mod export;
mod list;
mod screen;
mod serve;
mod show;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Exit, Result};

/// Walk through a network conversation, forward and back, byte by byte and layer by layer
#[derive(Debug, Parser)]
#[command(name = "layerwalk", version)]
pub struct Cli {
    #[command(flatten)]
    look: screen::Look,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do. Without one: the built-in `websocket` walk on the screen.
#[derive(Debug, Subcommand)]
enum Command {
    Run(screen::RunArgs),
    Open(screen::OpenArgs),
    Capture(capture::CaptureArgs),
    Attach(attach::AttachArgs),
    Serve(serve::ServeArgs),
    Connect(connect::ConnectArgs),
    Show(show::ShowArgs),
    Export(export::ExportArgs),
    Check(check::CheckArgs),
    List(list::ListArgs),
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Runs the command that the process's arguments name, and returns its exit code.
pub fn main() -> ExitCode {
    let Err(Exit { code, message }) = run(Cli::parse()) else {
        return ExitCode::SUCCESS;
    };
    if let Some(message) = message {
        eprintln!("layerwalk: {message}");
    }
    ExitCode::from(code)
}

fn run(cli: Cli) -> Result {
    match cli.command {
        None => screen::default(cli.look),
        Some(Command::Run(args)) => screen::run(&args, cli.look),
        Some(Command::Open(args)) => screen::open(&args, cli.look),
        Some(Command::Capture(args)) => capture::run(&args, cli.look),
        Some(Command::Attach(args)) => attach::run(&args, cli.look),
        Some(Command::Connect(args)) => connect::run(&args),
        Some(Command::Serve(args)) => serve::run(&args, cli.look),
        Some(Command::Show(args)) => show::run(&args, cli.look),
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Man) => completions::man(),
    }
}
