use super::*;

/// The examples of RFC 6455 §5.7, and the borders of the three forms of length.
#[test]
fn frames_of_the_rfc() {
    let check = |bytes: &[u8], frame: Frame| {
        assert_eq!(Frame::parse(bytes), Some((frame.clone(), bytes.len())));
        assert_eq!(frame.emit(), bytes);
    };
    let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    check(&hello, Frame::new(Opcode::Text, "Hello"));
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let masked = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    check(&masked, Frame::new(Opcode::Text, "Hello").masked(key));
    let first = Frame {
        fin: false,
        ..Frame::new(Opcode::Text, "Hel")
    };
    check(&[0x01, 0x03, 0x48, 0x65, 0x6c], first);
    check(
        &[0x80, 0x02, 0x6c, 0x6f],
        Frame::new(Opcode::Continuation, "lo"),
    );
    check(&[0x88, 0x02, 0x03, 0xe8], Frame::close(Some(1000), ""));
    for (len, header_len) in [(125, 2), (126, 4), (65535, 4), (65536, 10)] {
        let frame = Frame::new(Opcode::Binary, vec![7; len]);
        let bytes = frame.emit();
        assert_eq!(bytes.len(), header_len + len);
        assert_eq!(Frame::parse(&bytes), Some((frame, bytes.len())));
        assert_eq!(Frame::parse(&bytes[..bytes.len() - 1]), None);
    }
}

#[test]
fn a_claimed_length_is_not_believed() {
    let header = [0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(Frame::parse(&header), None);
    assert_eq!(
        FrameHeader::parse(&header).map(|header| header.payload_len),
        Some((1 << 63) - 1)
    );
    let longest = [
        0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
    ];
    assert_eq!(Frame::parse(&longest), None);
}

#[test]
fn the_handshake_of_the_rfc() {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(accept_key(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(encode_key(*b"the sample nonce"), key);
    assert!(key_is_valid(key));
    for bad in ["", "dGhl", "not base64!", "dGhlIHNhbXBsZSBub25jZQ"] {
        assert!(!key_is_valid(bad), "{bad}");
    }
}
