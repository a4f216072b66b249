use super::frame::{Aux, Frame};
use crate::base::Time;
use crate::capture::packet::Direction;

fn frame(len: usize, captured: usize, packet_type: u8, aux: Aux) -> Frame {
    Frame {
        captured,
        len,
        time: Time(7),
        aux,
        packet_type,
        hardware_type: 776,
        protocol: 0x0800,
        address: [10, 0, 0, 1, 0, 0, 0, 0],
        address_len: 4,
    }
}

fn tagged(status: u32) -> Aux {
    Aux {
        status,
        vlan_tci: 0x2064,
        vlan_tpid: 0x88a8,
    }
}

#[test]
fn a_frame_becomes_a_packet() {
    let packet = frame(60, 4, 4, Aux::default()).packet(&[1, 2, 3, 4], false);
    assert_eq!(packet.bytes[..], [1, 2, 3, 4]);
    assert_eq!(packet.original_len, 60);
    assert_eq!(packet.direction, Some(Direction::Outbound));
    assert!(!packet.checksum_not_ready);
    let packet = frame(4, 4, 0, tagged(1 << 3)).packet(&[1, 2, 3, 4], false);
    assert_eq!(packet.direction, Some(Direction::Inbound));
    assert!(packet.checksum_not_ready);
}

#[test]
fn a_vlan_tag_is_put_back() {
    let wire: Vec<u8> = (0..20).collect();
    for (status, tpid) in [(1 << 4, [0x81, 0x00]), (1 << 4 | 1 << 6, [0x88, 0xa8])] {
        let mut buffer = wire.clone();
        buffer.resize(64, 0);
        let packet = frame(20, 20, 0, tagged(status)).packet(&buffer, false);
        let expected = [&wire[..12], &tpid, &[0x20, 0x64], &wire[12..]].concat();
        assert_eq!(packet.bytes[..], expected);
        assert_eq!(packet.original_len, 24);
    }
    // What was cut before the tag's place gets none, and the snapshot length holds with the tag too.
    let packet = frame(20, 10, 0, tagged(1 << 4)).packet(&wire[..10], false);
    assert_eq!(packet.bytes[..], wire[..10]);
    let packet = frame(20, 14, 0, tagged(1 << 4)).packet(&wire[..14], false);
    assert_eq!(packet.bytes[..], [&wire[..12], &[0x81, 0]].concat());
    assert_eq!(packet.original_len, 24);
}

#[test]
fn a_cooked_header_stands_in_for_one_that_is_not_known() {
    let mut buffer = vec![0x45, 0, 0, 20];
    buffer.resize(64, 0);
    let packet = frame(20, 4, 4, Aux::default()).packet(&buffer, true);
    let header = [0, 4, 3, 8, 0, 4, 10, 0, 0, 1, 0, 0, 0, 0, 8, 0];
    assert_eq!(packet.bytes[..], [&header[..], &[0x45, 0, 0, 20]].concat());
    assert_eq!(packet.original_len, 36);
}
