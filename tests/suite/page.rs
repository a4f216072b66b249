//! The testing page of `layerwalk serve`, in a real browser and beside npm's socket.io.

use std::process::Command;

use crate::tool::{self, LAYERWALK};

/// Runs a script of `tests/peers` with these arguments, and returns what it prints; it ends in time, or is ended.
fn node(script: &str, args: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "240", "node"]);
    command.arg(format!(
        "{}/tests/peers/{script}",
        env!("CARGO_MANIFEST_DIR")
    ));
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/node_modules");
    tool::text(&tool::run(command.args(args).env("NODE_PATH", peers)))
}

/// Has the part of the script that is named pass in headless Chromium. Its pictures are put where builds are.
fn browse(part: &str) {
    let pictures = concat!(env!("CARGO_TARGET_TMPDIR"), "/page");
    std::fs::create_dir_all(pictures).expect("a folder");
    let said = node("page.js", &[part, LAYERWALK, pictures]);
    assert_eq!(said.lines().last(), Some("done"), "{said}");
}

#[test]
#[ignore = "needs node"]
fn packets_are_taken_apart_and_named() {
    assert_eq!(node("explain.mjs", &[]), "all is explained\n");
}

#[test]
#[ignore = "needs node, chromium, playwright-core and npm's socket.io-client"]
fn each_transport_carries_events_and_each_packet_is_explained() {
    browse("transports");
}

#[test]
#[ignore = "needs node, chromium, playwright-core and npm's socket.io-client"]
fn what_a_server_sends_is_text_and_nothing_else() {
    browse("hostile");
}

#[test]
#[ignore = "needs node, chromium and playwright-core"]
fn a_plain_websocket_is_shown_without_prefixes() {
    browse("plain");
}

#[test]
#[ignore = "needs node, chromium and playwright-core"]
fn a_server_that_is_silent_or_gone_is_noticed_and_found_again() {
    browse("lost");
}

#[test]
#[ignore = "needs node, chromium, playwright-core and npm's socket.io"]
fn npms_server_is_understood() {
    browse("npm");
}
