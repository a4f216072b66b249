//! Running layerwalk and the tools that it is tested against.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// The layerwalk that was built with these tests.
pub const LAYERWALK: &str = env!("CARGO_BIN_EXE_layerwalk");

/// Runs layerwalk to its end.
pub fn layerwalk<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    run(Command::new(LAYERWALK).args(args))
}

/// Runs a command to its end, without input.
pub fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What layerwalk prints on standard output, where it must succeed.
pub fn printed<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> String {
    text(&layerwalk(args))
}

/// What a command printed on standard output, where it must have succeeded.
pub fn text(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What tshark prints of a capture file, with the checksums of IP, TCP and UDP validated.
pub fn tshark(file: &std::path::Path, args: &[&str]) -> String {
    let checks = ["ip", "tcp", "udp"].map(|name| format!("{name}.check_checksum:TRUE"));
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file);
    for check in &checks {
        command.args(["-o", check]);
    }
    text(&run(command.args(args)))
}
