//! Hosts that lose their power, and segments that are made up.

use std::collections::BTreeSet;

use super::*;
use crate::proto::ipv4::Ipv4Header;
use crate::proto::tcp::{TcpFlags, TcpHeader};

fn crash(on: NodeId, at: u64, up_after: Option<u64>) -> Crash {
    Crash {
        on,
        at: ms(at),
        up_after: up_after.map(ms),
    }
}

fn crashing(apps: Vec<App>, crash: Crash) -> Outcome {
    run(&Spec {
        crashes: vec![crash],
        ..two_hosts(42, apps)
    })
}

fn late(start: u64, app: App) -> App {
    App {
        start: ms(start),
        ..app
    }
}

fn news_after(millis: u64) -> App {
    let script = vec![Action::Wait(ms(millis)), Action::Send(text("news"))];
    tcp_server(Reply::Nothing, script)
}

#[test]
fn a_host_that_is_up_again_resets_what_it_has_forgotten() {
    let apps = vec![news_after(2000), tcp_client(vec![])];
    let outcome = crashing(apps, crash(CLIENT, 500, Some(500)));
    assert_eq!(
        told(&outcome, SERVER),
        [
            "> listen on port 7",
            "< connection accepted",
            "> send text \"news\"",
            "< connection reset",
        ]
    );
    assert_eq!(told(&outcome, CLIENT).last().unwrap(), "< connected");
}

#[test]
fn a_host_that_is_down_sends_nothing_and_gets_nothing() {
    let apps = vec![news_after(2000), tcp_client(vec![])];
    let outcome = crashing(apps, crash(CLIENT, 500, None));
    let after = |frame: &&Transmission| frame.sent_at.0 > 500_000_000;
    let late: Vec<_> = outcome.frames.iter().filter(after).collect();
    assert!(!late.is_empty());
    for frame in late {
        assert_eq!((frame.from, frame.arrived_at), (SERVER, None));
    }
}

#[test]
fn servers_are_started_again_and_clients_are_not() {
    let apps = vec![
        tcp_server(Reply::Nothing, vec![]),
        tcp_client(vec![]),
        late(1000, tcp_client(vec![close()])),
    ];
    let outcome = crashing(apps.clone(), crash(SERVER, 500, Some(100)));
    let listens = |told: Vec<String>| told.iter().filter(|t| t.contains("listen")).count();
    assert_eq!(listens(told(&outcome, SERVER)), 2);
    assert_eq!(
        told(&outcome, CLIENT),
        [
            "> connect 10.0.0.9:7",
            "< connected",
            "> connect 10.0.0.9:7",
            "< connected",
            "> close",
        ]
    );

    let outcome = crashing(apps, crash(CLIENT, 500, Some(100)));
    let connects = told(&outcome, CLIENT);
    let connects = connects.iter().filter(|t| t.contains("> connect")).count();
    assert_eq!(connects, 2, "one of each client, and none anew");
}

#[test]
fn connections_keep_their_ids_and_numbers_are_drawn_anew() {
    let apps = vec![
        tcp_server(Reply::Nothing, vec![]),
        tcp_client(vec![]),
        late(1000, tcp_client(vec![])),
    ];
    let outcome = crashing(apps, crash(CLIENT, 500, Some(100)));
    let records = outcome.log.records().iter();
    let opened = records
        .filter(|record| record.node == Some(CLIENT) && matches!(record.what, What::ConnOpened(_)));
    let ids: BTreeSet<_> = opened.map(|record| record.conn).collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn made_up_segments_have_right_checksums_and_go_step_by_step() {
    let segment = RawSegment {
        after: ms(5),
        flags: TcpFlags::SYN,
        seq: u32::MAX,
        ack: 7,
        window: 512,
        text: "x".to_owned(),
        count: 3,
        every: ms(2),
        step_seq: 10,
        step_address: 256,
        step_port: 3,
    };
    let kind = AppKind::RawTcp(RawTcp {
        from: "203.0.113.9:1000".parse().unwrap(),
        to: std::net::SocketAddrV4::new(SERVER_IP, 7),
        segments: vec![segment],
    });
    let outcome = run(&two_hosts(42, vec![app(CLIENT, kind)]));
    let from_client = outcome.frames.iter().filter(|frame| frame.from == CLIENT);
    let packets = from_client.filter_map(|frame| {
        let (ip, payload) = Ipv4Header::parse(&frame.bytes[14..]).ok()?;
        let (tcp, text) = TcpHeader::parse(ip.source, ip.destination, payload).unwrap();
        assert_eq!((tcp.flags, text), (TcpFlags::SYN, &b"x"[..]));
        Some((ip.source.to_string(), tcp.source_port, tcp.sequence_number))
    });
    let expected = [
        ("203.0.113.9", 1000, u32::MAX),
        ("203.0.114.9", 1003, 9),
        ("203.0.115.9", 1006, 19),
    ];
    let expected = expected.map(|(ip, port, seq)| (ip.to_owned(), port, seq));
    assert_eq!(packets.collect::<Vec<_>>(), expected);
}
