//! The command line: one file a command in `cli/`.

use std::process::ExitCode;

/// Runs the command that the process's arguments name, and returns its exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
