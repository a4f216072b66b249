//! The Socket.IO client beside a server that says the same on each connection, whatever it is asked.

use super::*;
use crate::stack::engineio::Transports;

const OPEN: &str = r#"0{"sid":"e","upgrades":[],"pingInterval":300,"pingTimeout":200}"#;

/// A server that answers the requests of each connection with these polls, one after the other.
fn polls(bodies: &[&str]) -> App {
    let answer = |body: &&str| {
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        [Action::Await, Action::Send(text(&response))]
    };
    tcp_server(Reply::Nothing, bodies.iter().flat_map(answer).collect())
}

fn client(script: Vec<SocketIoAction>) -> SocketIoClient {
    SocketIoClient {
        to: server_at(7),
        host: "server".to_owned(),
        origin: None,
        path: "/socket.io/".to_owned(),
        transports: Transports::Polling,
        namespaces: vec!["/".to_owned()],
        auth: None,
        reconnection: true,
        reconnection_delay: ms(1000),
        reconnection_delay_max: ms(5000),
        reconnection_attempts: Some(1),
        connect_timeout: ms(20_000),
        ack_timeout: None,
        version: 4,
        skip_upgrade_packet: false,
        answer_pings: true,
        handlers: Vec::new(),
        script,
    }
}

fn json(values: &[&str]) -> Vec<Template> {
    let json = |value: &&str| Template::Json((*value).to_owned());
    values.iter().map(json).collect()
}

fn emit(name: &str, values: &[&str]) -> SocketIoEmit {
    SocketIoEmit {
        nsp: "/".to_owned(),
        name: name.to_owned(),
        args: json(values),
        ack: false,
        timeout: None,
        volatile: false,
    }
}

fn check(bodies: &[&str], client: SocketIoClient, expected: &[&str]) {
    let apps = vec![polls(bodies), app(CLIENT, AppKind::SocketIoClient(client))];
    let outcome = run(&two_hosts(42, apps));
    assert!(outcome.cut_short.is_none());
    let told: Vec<String> = (told(&outcome, CLIENT).into_iter())
        .filter(|line| line != "< connected")
        .map(|line| line.to_string())
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn a_script_sends_awaits_and_answers() {
    let mut spec = client(vec![
        SocketIoAction::AwaitConnect("/".to_owned()),
        SocketIoAction::Emit(SocketIoEmit {
            ack: true,
            ..emit("question", &["{\"a\":1}"])
        }),
        SocketIoAction::AwaitEvent {
            nsp: "/".to_owned(),
            name: "news".to_owned(),
            args: Some(json(&["{ \"b\" : 2 }"])),
        },
        SocketIoAction::AwaitAck,
        SocketIoAction::Disconnect("/".to_owned()),
    ]);
    spec.handlers = vec![SocketIoHandler {
        nsp: "/".to_owned(),
        event: "hello".to_owned(),
        deeds: vec![
            SocketIoDeed::Answer(json(&["\"yes\""])),
            SocketIoDeed::Emit(vec![Piece::Text("heard".to_owned())], vec![Template::All]),
        ],
    }];
    let polls = [
        OPEN,
        "40{\"sid\":\"s\"}",
        "427[\"hello\",3]\x1e42[\"news\",{\"b\":2}]",
        "430[\"fine\",1]",
        "ok",
        "ok",
    ];
    check(
        &polls,
        spec,
        &[
            "> connect http://server",
            "< connect",
            "> emit question({\"a\":1}), with acknowledgment",
            "< hello(3) received",
            "> answer (\"yes\")",
            "> emit heard(3)",
            "< news({\"b\":2}) received",
            "< acknowledgment 0 received: (\"fine\", 1)",
            "> disconnect",
            "< disconnect: io client disconnect",
        ],
    );
}

#[test]
fn a_connection_that_is_cut_is_made_again() {
    let script = vec![
        SocketIoAction::AwaitConnect("/".to_owned()),
        SocketIoAction::Abort,
        SocketIoAction::AwaitDisconnect,
        SocketIoAction::Emit(emit("waits", &["1"])),
        SocketIoAction::AwaitConnect("/".to_owned()),
        SocketIoAction::Disconnect("/".to_owned()),
    ];
    let polls = [OPEN, "40{\"sid\":\"s\"}", "6", "6"];
    check(
        &polls,
        client(script),
        &[
            "> connect http://server",
            "< connect",
            "> abort",
            "< disconnect: transport error",
            "> emit waits(1)",
            "< reconnect_attempt 1",
            "< reconnect at attempt 1",
            "< connect",
            "> disconnect",
            "< disconnect: io client disconnect",
        ],
    );
}

#[test]
fn a_server_that_is_not_there_is_tried_as_often_as_told() {
    let script = vec![SocketIoAction::AwaitConnectError];
    let spec = SocketIoClient {
        to: server_at(8),
        ..client(script)
    };
    check(
        &[],
        spec,
        &[
            "> connect http://server",
            "< connection refused",
            "< connect_error: xhr poll error",
            "< reconnect_attempt 1",
            "< connection refused",
            "< connect_error: xhr poll error",
            "< reconnect_failed",
        ],
    );
}

#[test]
fn a_silent_server_is_taken_for_gone() {
    let spec = SocketIoClient {
        reconnection: false,
        ..client(vec![SocketIoAction::AwaitDisconnect])
    };
    let polls = [OPEN, "40{\"sid\":\"s\"}"];
    check(
        &polls,
        spec,
        &[
            "> connect http://server",
            "< connect",
            "< disconnect: ping timeout",
        ],
    );
}
