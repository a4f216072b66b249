use proptest::prelude::*;

use super::*;

#[test]
fn packets_as_they_are_written() {
    let check = |text: &str, packet: Packet| {
        assert_eq!(Packet::parse(text), Ok(packet.clone()));
        assert_eq!(packet.emit(), text);
    };
    check("2", Packet::Text(PacketType::Ping, String::new()));
    check("2probe", Packet::Text(PacketType::Ping, PROBE.into()));
    check("3probe", Packet::Text(PacketType::Pong, PROBE.into()));
    check("5", Packet::Text(PacketType::Upgrade, String::new()));
    check("42[\"hey\"]", Packet::message("2[\"hey\"]"));
    check("4häh", Packet::message("häh"));
    check("bAQIDBA==", Packet::Binary(vec![1, 2, 3, 4]));
    check("b", Packet::Binary(vec![]));
    assert_eq!(Packet::parse(""), Err(PacketError::Empty));
    for bad in ["7", "x", " 4", "ä", "\x1e"] {
        assert_eq!(Packet::parse(bad), Err(PacketError::Type), "{bad:?}");
    }
}

#[test]
fn base64_is_read_as_node_reads_it() {
    for (text, bytes) in [
        ("bYQ", &b"a"[..]),
        ("bYQ=", b"a"),
        ("bYR==", b"a"),
        ("bY Q!==", b"a"),
        ("bYQ==YQ==", b"a"),
        ("bA", b""),
        ("bAAAAA", b"\0\0\0"),
        ("bYW-_", b"ao\xbf"),
        ("b=YQ", b""),
    ] {
        assert_eq!(
            Packet::parse(text),
            Ok(Packet::Binary(bytes.to_vec())),
            "{text}"
        );
    }
}

#[test]
fn a_poll_is_read_up_to_its_first_fault() {
    let packets = vec![
        Packet::message("hello"),
        Packet::Text(PacketType::Ping, String::new()),
        Packet::Binary(vec![1, 2]),
    ];
    let body = emit_payload(&packets);
    assert_eq!(body, "4hello\x1e2\x1ebAQI=");
    let read: Result<Vec<_>, _> = parse_payload(&body).into_iter().collect();
    assert_eq!(read, Ok(packets));
    assert_eq!(
        parse_payload("4a\x1e\x1e4b"),
        [Ok(Packet::message("a")), Err(PacketError::Empty)]
    );
}

#[test]
fn the_handshake_in_its_order() {
    let text = r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    let handshake = Handshake::parse(&text[1..]).unwrap();
    assert_eq!(handshake.sid, "lv_VI97HAXpY6yYWAAAC");
    assert_eq!(handshake.max_payload, Some(1_000_000));
    assert_eq!(handshake.packet().emit(), text);
    assert_eq!(Handshake::parse("{}"), None);
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        let _ = parse_payload(&text);
        let _ = Handshake::parse(&text);
    }

    #[test]
    fn what_is_written_is_read(parts in prop::collection::vec((0usize..8, "[^\x1e]{0,20}", any::<Vec<u8>>()), 1..6)) {
        let packets: Vec<Packet> = parts.into_iter().map(|(kind, text, bytes)| {
            match PacketType::ALL.get(kind) {
                Some(kind) => Packet::Text(*kind, text),
                None => Packet::Binary(bytes),
            }
        }).collect();
        let read: Result<Vec<_>, _> = parse_payload(&emit_payload(&packets)).into_iter().collect();
        prop_assert_eq!(read, Ok(packets));
    }
}
