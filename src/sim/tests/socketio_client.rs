//! The Socket.IO client, beside the server and beside none.

use super::*;
use crate::stack::engineio::Transports;

fn json(values: &[&str]) -> Vec<Template> {
    let json = |value: &&str| Template::Json((*value).to_owned());
    values.iter().map(json).collect()
}

fn name(name: &str) -> Vec<Piece> {
    vec![Piece::Text(name.to_owned())]
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

fn client(script: Vec<SocketIoAction>) -> SocketIoClient {
    SocketIoClient {
        to: server_at(3000),
        host: "server:3000".to_owned(),
        origin: None,
        path: "/socket.io/".to_owned(),
        transports: Transports::Upgrade,
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

/// A server that asks who connects, and answers what it is asked.
fn server() -> SocketIoServer {
    let on = |trigger, deeds| Handler {
        trigger,
        nsp: None,
        condition: None,
        deeds,
    };
    let ask = Deed::Emit {
        to: Whom::Socket,
        rooms: Vec::new(),
        except: Vec::new(),
        event: name("hello"),
        args: json(&["3"]),
        answer_within: Some(ms(5000)),
    };
    let answered = on(
        Trigger::Answer("hello".to_owned()),
        vec![Deed::Log(name("answered"))],
    );
    SocketIoServer {
        handlers: vec![
            on(Trigger::Connection, vec![ask]),
            on(
                Trigger::Event("question".to_owned()),
                vec![Deed::Answer(vec![Template::All])],
            ),
            answered,
        ],
        ..SocketIoServer::default()
    }
}

/// What the program of the client says and is told, but for its connections.
fn told_of(server: Option<SocketIoServer>, client: SocketIoClient) -> Vec<String> {
    let server = server.map(|server| app(SERVER, AppKind::SocketIoServer(server)));
    let client = app(CLIENT, AppKind::SocketIoClient(client));
    let outcome = run(&two_hosts(42, server.into_iter().chain([client]).collect()));
    let told = told(&outcome, CLIENT).into_iter();
    told.map(|line| line.to_string())
        .filter(|line| !["< connected", "> set TCP_NODELAY"].contains(&line.as_str()))
        .collect()
}

#[test]
fn a_script_sends_awaits_and_answers_over_each_transport() {
    let root = || "/".to_owned();
    let script = vec![
        SocketIoAction::AwaitConnect(root()),
        SocketIoAction::AwaitEvent {
            nsp: root(),
            name: "hello".to_owned(),
            args: Some(json(&[" 3"])),
        },
        SocketIoAction::Wait(ms(500)),
        SocketIoAction::Emit(SocketIoEmit {
            ack: true,
            ..emit("question", &["{\"a\":1}"])
        }),
        SocketIoAction::AwaitAck,
        SocketIoAction::Disconnect(root()),
    ];
    let mut spec = client(script);
    spec.handlers = vec![SocketIoHandler {
        nsp: root(),
        event: "hello".to_owned(),
        deeds: vec![
            SocketIoDeed::Answer(vec![Template::All]),
            SocketIoDeed::Emit(name("heard"), vec![Template::All]),
        ],
    }];
    for transports in [
        Transports::Upgrade,
        Transports::Polling,
        Transports::WebSocket,
    ] {
        spec.transports = transports;
        let mut told = told_of(Some(server()), spec.clone());
        let upgraded = told
            .iter()
            .position(|line| line == "< upgrade to websocket");
        assert_eq!(upgraded.is_some(), transports == Transports::Upgrade);
        upgraded.map(|at| told.remove(at));
        assert_eq!(
            told,
            [
                "> connect http://server:3000",
                "< connect",
                "< hello(3) received",
                "> answer (3)",
                "> emit heard(3)",
                "> emit question({\"a\":1}), with acknowledgment",
                "< acknowledgment 0 received: ({\"a\":1})",
                "> disconnect",
                "< disconnect: io client disconnect",
            ],
            "{transports:?}"
        );
    }
}

#[test]
fn connections_that_are_broken_off_are_made_again() {
    let script = vec![
        SocketIoAction::AwaitUpgrade,
        SocketIoAction::Abort,
        SocketIoAction::AwaitDisconnect,
        SocketIoAction::Emit(emit("waits", &["1"])),
        SocketIoAction::AwaitConnect("/".to_owned()),
        SocketIoAction::Disconnect("/".to_owned()),
    ];
    let told = told_of(Some(server()), client(script));
    assert_eq!(
        told,
        [
            "> connect http://server:3000",
            "< connect",
            "< hello(3) received",
            "< upgrade to websocket",
            "> abort",
            "< disconnect: transport error",
            "> emit waits(1)",
            "< reconnect_attempt 1",
            "< reconnect at attempt 1",
            "< connect",
            "> disconnect",
            // It had come together with the answer to CONNECT.
            "< hello(3) received",
            "< disconnect: io client disconnect",
        ]
    );
}

#[test]
fn a_server_that_is_not_there_is_tried_as_often_as_told() {
    let script = vec![SocketIoAction::AwaitConnectError];
    assert_eq!(
        told_of(None, client(script)),
        [
            "> connect http://server:3000",
            "< connection refused",
            "< connect_error: xhr poll error",
            "< reconnect_attempt 1",
            "< connection refused",
            "< connect_error: xhr poll error",
            "< reconnect_failed",
        ]
    );
}

#[test]
fn who_answers_no_pings_is_sent_away() {
    let mut server = server();
    server.engine.ping_interval = ms(300);
    server.engine.ping_timeout = ms(200);
    let spec = SocketIoClient {
        reconnection: false,
        answer_pings: false,
        transports: Transports::WebSocket,
        ..client(vec![SocketIoAction::AwaitDisconnect])
    };
    assert_eq!(
        told_of(Some(server), spec)[1..],
        [
            "< connect",
            "< hello(3) received",
            "< disconnect: transport close",
        ]
    );
}
