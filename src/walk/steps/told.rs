//! What a program is told of its connection or its session that is worth a stop: how it begins, and what it comes to.
//! Each is known by the beginning of its record's text.

use crate::walk::step::Grain;

/// How a connection, a session or a wait for an answer ends, or why it never began.
const RESULTS: &[&str] = &[
    "closed cleanly: ",
    "closed not cleanly: ",
    "not opened: ",
    "refused: ",
    "disconnect: ",
    "disconnect from ",
    "connect_error",
    "no acknowledgment ",
    "no answer to ",
];

/// How one begins, or goes on in another way.
const TURNS: &[&str] = &[
    "WebSocket open",
    "the tunnel is open",
    "connect, ",
    "connect to ",
    "connection of ",
    "reconnect at attempt ",
    "upgrade to websocket",
    "no upgrade",
    "protocol error ",
];

/// The coarsest grain at which a walk stops where a program is told this; `None` for what comes with each frame.
pub(super) fn grain(text: &str) -> Option<Grain> {
    let begins = |with: &[&str]| with.iter().any(|start| text.starts_with(start));
    match text {
        // it has said so itself
        _ if text.ends_with(": io client disconnect") => Some(Grain::Frame),
        _ if is_result(text) => Some(Grain::Message),
        "connect" => Some(Grain::Frame),
        _ if begins(TURNS) => Some(Grain::Frame),
        _ => None,
    }
}

/// Whether it is what a connection, a session or a wait has come to.
pub(in crate::walk) fn is_result(text: &str) -> bool {
    RESULTS.iter().any(|start| text.starts_with(start))
}
