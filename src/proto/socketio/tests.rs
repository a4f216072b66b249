use proptest::prelude::*;

use super::*;
use crate::proto::json;

fn packet(kind: PacketType, nsp: &str, id: Option<u64>, data: &str) -> Packet {
    Packet {
        id,
        data: (!data.is_empty()).then(|| data.to_owned()),
        ..Packet::new(kind, nsp)
    }
}

#[test]
fn packets_as_they_are_written() {
    use PacketType::*;
    let check = |text: &str, packet: Packet| {
        assert_eq!(Packet::parse(text), Ok(packet.clone()), "{text}");
        assert_eq!(packet.emit(), text);
    };
    check("0", packet(Connect, "/", None, ""));
    check(
        r#"0/admin,{"token":"123"}"#,
        packet(Connect, "/admin", None, r#"{"token":"123"}"#),
    );
    check("1/admin,", packet(Disconnect, "/admin", None, ""));
    check(
        r#"2["hey","Jude"]"#,
        packet(Event, "/", None, r#"["hey","Jude"]"#),
    );
    check(
        r#"2/chat,12["x"]"#,
        packet(Event, "/chat", Some(12), r#"["x"]"#),
    );
    check("312[]", packet(Ack, "/", Some(12), "[]"));
    check(
        r#"4/x,{"message":"no"}"#,
        packet(ConnectError, "/x", None, r#"{"message":"no"}"#),
    );
    let data = format!(r#"["pic",{}]"#, placeholder(0));
    let binary = Packet {
        attachments: 1,
        ..packet(BinaryEvent, "/", None, &data)
    };
    check(&format!("51-{data}"), binary);
    let ack = Packet {
        attachments: 10,
        ..packet(BinaryAck, "/a", Some(3), "[]")
    };
    check("610-/a,3[]", ack);
    // an event whose name is a number, and one without data, are let through by the parser of npm, too
    check("2[1]", packet(Event, "/", None, "[1]"));
    check("2", packet(Event, "/", None, ""));
}

#[test]
fn what_is_no_packet() {
    use PacketError::*;
    for (text, error) in [
        ("", Type),
        ("7", Type),
        ("x", Type),
        ("5[]", Attachments),
        ("50-[]", Attachments),
        ("5-[]", Attachments),
        ("51", Attachments),
        ("51x-[]", Attachments),
        ("511-[\"a\"]", TooManyAttachments),
        ("299999999999999999999[\"a\"]", Id),
        ("0[]", Data),
        ("0null", Data),
        ("1{}", Data),
        ("2{}", Data),
        ("2[]", Data),
        ("2[\"a\"", Data),
        ("2[\"connect\"]", Data),
        ("2[\"\\u0063onnect\"]", Data),
        ("2[null]", Data),
        ("3{}", Data),
        ("4[]", Data),
        ("2[\"a\"]x", Data),
    ] {
        assert_eq!(Packet::parse(text), Err(error), "{text}");
    }
}

#[test]
fn parts_have_their_places() {
    let text = r#"52-/chat,12["a",{},3]"#;
    let (parts, fault) = Parts::read(text);
    assert_eq!(fault, None);
    assert_eq!(parts.attachments, Some((2, 1..3)));
    assert_eq!(parts.nsp, Some(3..8));
    assert_eq!(parts.id, Some((12, 9..11)));
    assert_eq!(parts.data, Some(11..text.len()));
    let (parts, fault) = Parts::read("2/a,7[\"x\"");
    assert_eq!((parts.nsp, parts.id), (Some(1..3), Some((7, 4..5))));
    assert_eq!(fault, Some((5..9, PacketError::Data)));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>(), digit in 0u8..9, rest in "[-/,0-9\\[\\]\"a{} ]{0,20}") {
        for text in [text, format!("{digit}{rest}")] {
            let (parts, _) = Parts::read(&text);
            let places = [parts.nsp, parts.data, parts.attachments.map(|(_, place)| place), parts.id.map(|(_, place)| place)];
            for place in places.into_iter().flatten() {
                prop_assert!(text.get(place).is_some());
            }
            let _ = json::elements(&text);
            let _ = json::members(&text);
            let _ = json::placeholders(&text);
            if let Ok(packet) = Packet::parse(&text) {
                prop_assert_eq!(Packet::parse(&packet.emit()), Ok(packet));
            }
        }
    }
}
