//! Each kind of program, by what it is told and what it asks.

use super::*;

/// Runs programs, and compares what one node's was told and asked with `expected`.
fn check(apps: Vec<App>, node: NodeId, expected: &[&str]) {
    let outcome = run(&two_hosts(42, apps));
    assert!(!outcome.cut_short);
    assert_eq!(told(&outcome, node), expected);
}

#[test]
fn websocket_over_a_switch() {
    let outcome = run(&over_switch(42, websocket()));
    assert!(!outcome.cut_short);
    assert_eq!(
        told(&outcome, CLIENT),
        [
            "> connect 10.0.0.9:80",
            "< connected",
            "> open ws://server/chat",
            "< WebSocket open, subprotocol chat",
            "> send text \"hi\"",
            "< text \"hello\" received",
            "< text \"news\" received",
            "> ping",
            "> close 1000 \"bye\"",
            "< the peer closes: 1000",
            "< closed cleanly: 1000",
        ]
    );
    assert_eq!(
        told(&outcome, SERVER),
        [
            "> listen on port 80",
            "< connection accepted",
            "< WebSocket open, subprotocol chat",
            "< text \"hi\" received",
            "> send text \"hello\"",
            "> send text \"news\"",
            "> ping",
            "< the peer closes: 1000 \"bye\"",
            "< closed cleanly: 1000 \"bye\"",
        ]
    );
}

#[test]
fn nobody_listens() {
    check(
        vec![tcp_client(vec![])],
        CLIENT,
        &["> connect 10.0.0.9:7", "< connection refused"],
    );
}
