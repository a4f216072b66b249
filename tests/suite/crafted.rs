//! Frames that no capture at hand shows, made for the comparison with tshark: options of every kind, broken lengths,
//! rare links. Checksums of the transport are left wrong where they do not matter: both must say so.

/// A capture of hand-made frames of one link type.
pub struct Crafted {
    /// What it is about.
    pub name: &'static str,
    /// The link type.
    pub link_type: u16,
    /// The frames.
    pub frames: Vec<Vec<u8>>,
}

impl Crafted {
    /// The frames as a pcap file.
    pub fn pcap(&self) -> Vec<u8> {
        let mut file = Vec::new();
        for word in [
            0xa1b2_c3d4u32,
            0x0004_0002,
            0,
            0,
            0x0004_0000,
            self.link_type.into(),
        ] {
            file.extend(word.to_le_bytes());
        }
        for (second, frame) in (0u32..).zip(&self.frames) {
            let len = u32::try_from(frame.len()).expect("a short frame");
            for word in [second, 0, len, len] {
                file.extend(word.to_le_bytes());
            }
            file.extend(frame);
        }
        file
    }
}

const RAW: u16 = 101;

/// All of them.
pub fn all() -> Vec<Crafted> {
    vec![
        Crafted {
            name: "ethernet",
            link_type: 1,
            frames: ethernet_frames(),
        },
        Crafted {
            name: "arp",
            link_type: 1,
            frames: arp_frames(),
        },
        Crafted {
            name: "ipv4",
            link_type: RAW,
            frames: ipv4_packets(),
        },
        Crafted {
            name: "ipv6",
            link_type: RAW,
            frames: ipv6_packets(),
        },
        Crafted {
            name: "icmp",
            link_type: RAW,
            frames: icmp_packets(),
        },
        Crafted {
            name: "icmpv6",
            link_type: RAW,
            frames: icmpv6_packets(),
        },
        Crafted {
            name: "udp",
            link_type: RAW,
            frames: udp_packets(),
        },
        Crafted {
            name: "tcp",
            link_type: RAW,
            frames: tcp_packets(),
        },
        Crafted {
            name: "sll",
            link_type: 113,
            frames: sll_frames(),
        },
        Crafted {
            name: "sll2",
            link_type: 276,
            frames: sll2_frames(),
        },
        Crafted {
            name: "null",
            link_type: 0,
            frames: null_frames(),
        },
        Crafted {
            name: "loop",
            link_type: 108,
            frames: loop_frames(),
        },
        Crafted {
            name: "ipv4-only",
            link_type: 228,
            frames: vec![ipv4(17, &[], &udp(b"x"))],
        },
        Crafted {
            name: "ipv6-only",
            link_type: 229,
            frames: vec![ipv6(17, &udp(b"x"))],
        },
    ]
}

/// Bytes from hexadecimal digits; blanks are for the eye.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("two hexadecimal digits")
    };
    digits.chunks(2).map(byte).collect()
}

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [
        &hex("02000000000b 02000000000a")[..],
        &ether_type.to_be_bytes(),
        payload,
    ]
    .concat()
}

/// A packet with a good header checksum.
fn ipv4(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = u8::try_from(options.len() / 4).expect("few options");
    let len = u16::try_from(20 + options.len() + payload.len()).expect("a short packet");
    let mut header = vec![0x45 + words, 0xb9];
    header.extend(len.to_be_bytes());
    header.extend(hex("1234 4000 40"));
    header.extend([protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    header.extend(options);
    let header_len = header.len();
    header.extend(payload);
    with_checksum(header, header_len)
}

fn with_checksum(mut packet: Vec<u8>, header_len: usize) -> Vec<u8> {
    packet[10..12].fill(0);
    let sum = etherparse::checksum::Sum16BitWords::new().add_slice(&packet[..header_len]);
    packet[10..12].copy_from_slice(&sum.ones_complement().to_ne_bytes());
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).expect("a short packet");
    let mut packet = hex("6b812345");
    packet.extend(len.to_be_bytes());
    packet.extend([next, 64]);
    packet.extend(hex(
        "fd000000000000000000000000000001 fd000000000000000000000000000002",
    ));
    packet.extend(payload);
    packet
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).expect("a short datagram");
    [&hex("8235 8236")[..], &len.to_be_bytes(), &[0, 0], payload].concat()
}

/// A segment with these flags and options (padded by the caller).
fn tcp(flags: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = u16::try_from(5 + options.len() / 4).expect("few options");
    let mut segment = hex("c001 9c41 00000064 00000000");
    segment.extend((words << 12 | flags).to_be_bytes());
    segment.extend(hex("ffff 1234 0000"));
    segment.extend(options);
    segment.extend(payload);
    segment
}

fn ethernet_frames() -> Vec<Vec<u8>> {
    let packet = ipv4(17, &[], &udp(b"padded"));
    let pad = |len: usize, fill: u8| {
        let mut frame = ethernet(0x0800, &packet);
        frame.resize(len, fill);
        frame
    };
    let with_fcs = |mut frame: Vec<u8>| {
        let fcs = layerwalk::proto::ethernet::fcs(&frame);
        frame.extend(fcs.to_be_bytes());
        frame
    };
    let tagged = |tags: &str| {
        let mut frame = hex("02000000000b 02000000000a");
        frame.extend(hex(tags));
        frame.extend(&packet);
        frame
    };
    vec![
        pad(60, 0),
        pad(60, 7),
        pad(62, 0),
        pad(64, 0),
        pad(64, 9),
        with_fcs(pad(60, 0)),
        with_fcs(pad(60, 5)),
        with_fcs(pad(48, 0)),
        with_fcs(pad(70, 1)),
        pad(100, 0),
        tagged("8100 a005 0800"),
        tagged("88a8 7fff 8100 1002 0800"),
        tagged("9100 0001 8100 0002 0800"),
        tagged("8100 0001 0026"),
        // spanning tree, SNAP with IPv4, a length past the end, neither length nor type
        ethernet(
            38,
            &hex(
                "4242030000000000800000000000000100000000800000000000000180010000140002000f00 0000000000000000",
            ),
        ),
        ethernet(8 + 34, &[&hex("aaaa03000000 0800")[..], &packet].concat()),
        ethernet(200, &hex("e0e003ffff00")),
        ethernet(0x05ff, &hex("010203")),
        ethernet(0x88cc, &hex("0207040200000000010000")),
        hex("02000000000b 03000000000a 0800"),
        hex("ffffffffffff 02000000000a 0806"),
    ]
}

fn arp_frames() -> Vec<Vec<u8>> {
    let sizes = "0001 0800 06 04";
    let bodies = [
        "0001 02000000000a 0a000001 000000000000 0a000002",
        "0002 02000000000b 0a000002 02000000000a 0a000001",
        "0001 02000000000a 0a000001 000000000000 0a000001",
        "0002 02000000000a 0a000001 ffffffffffff 0a000001",
        "0001 02000000000a 00000000 000000000000 0a000001",
        "0003 02000000000a 00000000 02000000000a 00000000",
        "0009 02000000000a 0a000001 02000000000b 0a000002 000000",
        "0001 02000000000a 0a000001 0000",
    ];
    let mut frames: Vec<_> = bodies
        .iter()
        .map(|body| ethernet(0x0806, &hex(&format!("{sizes}{body}"))))
        .collect();
    let odd = [
        "0006 0800 06 04",
        "0007 0800 01 04",
        "0001 86dd 06 10",
        "0001 0800 00 04",
    ];
    let zeros = "00".repeat(52);
    frames.extend(
        odd.iter()
            .map(|sizes| ethernet(0x0806, &hex(&format!("{sizes} 0001 {zeros}")))),
    );
    frames
}

fn ipv4_packets() -> Vec<Vec<u8>> {
    let options = [
        "01 01 01 00",
        "94 04 0000",
        "07 0b 08 0a000005 00000000 00",
        "83 0b 04 0a000003 0a000004 00",
        "89 0b 08 0a000003 0a000004 00",
        "83 0b 0c 0a000003 0a000004 00",
        "44 0c 09 10 00000001 00000000",
        "44 0c 0d 01 0a000001 00000005",
        "44 0c 05 03 0a000001 00000005",
        "88 04 1234",
        "0b 04 05dc",
        "52 0c 0001 0002 0003 0a000009",
        "82 0b 0000 0000 0000 000000 00",
        "dd 08 010203040506",
        "99 01 0000",
        "83 20 0400",
        "00 ffffff",
        "01 01 01 01 01 01 01 00",
    ];
    let mut packets: Vec<_> = options
        .iter()
        .map(|options| ipv4(17, &hex(options), &udp(b"payload")))
        .collect();
    let changed = |at: usize, value: &str| {
        let mut packet = ipv4(17, &[], &udp(b"payload"));
        let value = hex(value);
        packet[at..at + value.len()].copy_from_slice(&value);
        with_checksum(packet, 20)
    };
    packets.extend([
        changed(0, "44"),
        changed(2, "0000"),
        changed(2, "0010"),
        changed(2, "00ff"),
        changed(2, "001e"),
        changed(6, "e000"),
        changed(6, "2000"),
        changed(4, "7777 0001"),
        changed(8, "01"),
        changed(8, "00"),
        changed(16, "e0000001"),
        changed(16, "e00000fb"),
        changed(16, "efffffff"),
        changed(9, "fd"),
        ipv4(4, &[], &ipv4(17, &[], &udp(b"inner"))),
        ipv4(41, &[], &ipv6(17, &udp(b"inner"))),
        ipv4(
            51,
            &[],
            &[
                &hex("11 04 0000 00000100 00000001 0102030405060708090a0b0c")[..],
                &udp(b"ah"),
            ]
            .concat(),
        ),
        ipv4(17, &[], &udp(b"payload"))[..14].to_vec(),
        ipv4(17, &[], &udp(b"payload"))[..24].to_vec(),
    ]);
    packets
}

fn ipv6_packets() -> Vec<Vec<u8>> {
    let udp = udp(b"v6");
    let with = |next: u8, header: &str| ipv6(next, &[&hex(header)[..], &udp].concat());
    let address = "fd000000000000000000000000000009";
    vec![
        with(0, "11 00 05 02 0000 01 00"),
        with(0, "11 00 00 00 00 00 00 00"),
        with(0, "11 01 1e 04 01020304 01 06 000000000000"),
        with(0, "11 00 c2 04 00010000"),
        with(0, "11 00 3b 04 00010000"),
        with(60, &format!("11 02 01 02 0000 c9 10 {address}")[..]),
        with(60, "11 00 01 20 00000000"),
        with(43, &format!("11 02 00 01 00000000 {address}")),
        with(43, &format!("11 02 00 00 00000000 {address}")),
        with(43, &format!("11 02 00 05 00000000 {address}")),
        with(43, &format!("11 02 02 01 00000000 {address}")),
        with(43, "11 00 63 00 01020304"),
        with(44, "11 00 0000 00000001"),
        with(44, "11 ff 0006 00000001"),
        with(44, "11 00 0001 00000001"),
        with(44, "11 00 0008 00000002"),
        with(0, "3c 00 01 04 00000000 11 00 01 04 00000000"),
        with(51, "11 04 0000 00000100 00000001 0102030405060708090a0b0c"),
        ipv6(59, b"nothing"),
        ipv6(41, &ipv6(17, &udp)),
        ipv6(4, &ipv4(17, &[], &udp)),
        ipv6(253, b"unknown"),
        ipv6(17, &udp)[..30].to_vec(),
        ipv6(17, &udp)[..44].to_vec(),
    ]
}

fn icmp_packets() -> Vec<Vec<u8>> {
    let quoted = ipv4(17, &[], &udp(b"quoted data that is long enough"));
    let segment = ipv4(6, &[], &tcp(0x010, &[], b"hello"));
    let icmp = |head: &str, body: &[u8]| ipv4(1, &[], &[&hex(head)[..], body].concat());
    vec![
        icmp("08 00 0000 1234 0001", b"echo data"),
        icmp("00 00 0000 1234 0001", b""),
        icmp("03 00 0000 00000000", &quoted),
        icmp("03 03 0000 00000000", &quoted[..28]),
        icmp("03 04 0000 000005dc", &segment[..28]),
        icmp("03 04 0000 000005dc", &segment),
        icmp("03 0d 0000 00000000", &quoted[..22]),
        icmp("04 00 0000 00000000", &quoted[..28]),
        icmp("05 01 0000 0a000063", &quoted[..28]),
        icmp("0b 00 0000 00000000", &segment[..40]),
        icmp("0b 01 0000 00000000", &segment[..10]),
        icmp("0c 00 0000 14000000", &quoted[..28]),
        icmp("0c 01 0000 00000000", &quoted[..28]),
        icmp("0d 00 0000 1234 0001", &hex("00000001 00000000 00000000")),
        icmp("0e 00 0000 1234 0001", &hex("00000001 00000002 00000003")),
        icmp("11 00 0000 1234 0001", &hex("ffffff00")),
        icmp("09 00 0000 01 02 0708", &hex("0a000001 80000000")),
        icmp("0a 00 0000 00000000", b""),
        icmp("2a 00 0000 00000000", b"extended"),
        icmp("08 00 00", b""),
    ]
}

fn icmpv6_packets() -> Vec<Vec<u8>> {
    let quoted = ipv6(17, &udp(b"quoted"));
    let address = "fd000000000000000000000000000009";
    let icmp = |head: &str, body: &[u8]| ipv6(58, &[&hex(head)[..], body].concat());
    let nd = |head: &str, options: &str| icmp(head, &hex(options));
    let advertisement = "86 00 0000 40 e8 0708 00001388 000003e8";
    vec![
        icmp("01 00 0000 00000000", &quoted),
        icmp("01 04 0000 00000000", &quoted[..44]),
        icmp("02 00 0000 00000500", &quoted),
        icmp("03 01 0000 00000000", &quoted),
        icmp("04 02 0000 00000028", &quoted),
        icmp("80 00 0000 1234 0001", b"echo"),
        icmp("81 00 0000 1234 0001", b""),
        nd("85 00 0000 00000000", "01 01 02000000000a"),
        nd("85 00 0000 00000000", ""),
        nd(advertisement, "01 01 02000000000a 05 01 0000 000005dc"),
        nd(
            advertisement,
            &format!("03 04 40 e5 00000e10 00000708 00000000 {address}"),
        ),
        nd(advertisement, &format!("19 03 0000 0000003c {address}")),
        nd(advertisement, "18 02 30 18 0000003c fd00000000000000"),
        nd(
            advertisement,
            "1f 03 0000 0000003c 07 6578616d706c65 03 636f6d 00 000000",
        ),
        nd(advertisement, "07 01 0000 00000064 fe 01 010203040506"),
        nd(advertisement, "01 00 02000000000a"),
        nd(
            &format!("87 00 0000 00000000 {address}"),
            "01 01 02000000000a 0e 01 010203040506",
        ),
        nd(
            &format!("88 00 0000 60000000 {address}"),
            "02 01 02000000000a",
        ),
        icmp(
            &format!(
                "89 00 0000 00000000 {address} {address} 02 01 02000000000a 04 08 000000000000"
            ),
            &[&quoted[..], &[0, 0]].concat(),
        ),
        nd(&format!("82 00 0000 2710 0000 {address}"), ""),
        nd(
            &format!("82 00 0000 2710 0000 {address} 0a 7d 0001 {address}"),
            "",
        ),
        nd(&format!("83 00 0000 0000 0000 {address}"), ""),
        nd(&format!("84 00 0000 0000 0000 {address}"), ""),
        nd(
            &format!("8f 00 0000 0000 0001 01 01 0001 {address} {address} 01020304"),
            "",
        ),
        nd("8f 00 0000 0000 0002 04 00 0000", ""),
        icmp("c8 00 0000", b"private"),
    ]
}

fn udp_packets() -> Vec<Vec<u8>> {
    let changed = |at: usize, value: &str| {
        let mut datagram = udp(b"payload");
        let value = hex(value);
        datagram[at..at + value.len()].copy_from_slice(&value);
        datagram
    };
    let datagrams = [
        udp(b""),
        udp(b"payload"),
        changed(4, "0007"),
        changed(4, "0000"),
        changed(4, "000a"),
        changed(4, "00ff"),
        changed(6, "ffff"),
        changed(6, "1234"),
        udp(b"")[..6].to_vec(),
    ];
    let v4 = datagrams.iter().map(|datagram| ipv4(17, &[], datagram));
    let v6 = datagrams.iter().map(|datagram| ipv6(17, datagram));
    v4.chain(v6).collect()
}

fn tcp_packets() -> Vec<Vec<u8>> {
    let options = [
        "020405b4",
        "02040000",
        "01 03 03 0e",
        "01 03 03 0f",
        "04 02 01 01",
        "04 03 00 01",
        "01 01 05 0a 00000064 000000c8",
        "01 01 05 12 00000064 000000c8 0000012c 00000190",
        "01 01 05 0b 00000064 000000c8",
        "01 01 08 0a 00000001 00000002",
        "08 08 00000001 0000",
        "13 12 000102030405060708090a0b0c0d0e0f 01 01",
        "1c 04 8005",
        "1c 04 0005",
        "1d 10 0102 000102030405060708090a0b",
        "1b 08 07 01 00000000",
        "1e 0c 00 81 0102030405060708",
        "1e 03 20 00",
        "22 02 01 01",
        "22 0a 0102030405060708 01 01",
        "fd 08 f989 01020304",
        "fd 04 f989",
        "fe 08 1234 01020304",
        "fd 02 01 01",
        "06 06 01020304 01 01",
        "45 04 0102",
        "ac 0b 0102030405060708 09 00",
        "63 04 0102",
        "63 01 0102",
        "02 08 0102",
        "01 01 01 02",
        "00 00 00 00",
        "00 01 02 03",
        "01 01 01 01 01 01 01 00",
    ];
    let mut segments = Vec::new();
    for flags in [0x002, 0x010] {
        segments.extend(
            options
                .iter()
                .map(|options| tcp(flags, &hex(options), b"data")),
        );
    }
    segments.extend(
        [
            0x000, 0x012, 0x001, 0x011, 0x004, 0x014, 0x029, 0x0ff, 0x1ff, 0xfff,
        ]
        .map(|flags| tcp(flags, &[], b"")),
    );
    let changed = |at: usize, value: &str| {
        let mut segment = tcp(0x002, &[], b"data");
        let value = hex(value);
        segment[at..at + value.len()].copy_from_slice(&value);
        segment
    };
    segments.extend([
        changed(12, "40"),
        changed(12, "f0"),
        changed(8, "00000001"),
        changed(18, "0001"),
        changed(16, "ffff"),
        changed(16, "0000"),
        changed(2, "0050"),
    ]);
    segments.extend([4, 12, 13, 15, 19].map(|len| tcp(0x018, &[], b"")[..len].to_vec()));
    let v6 = ipv6(6, &tcp(0x018, &[], b"data"));
    // A port of its own for each: they are no conversation.
    for (port, segment) in (0xc100u16..).zip(&mut segments) {
        segment[..2].copy_from_slice(&port.to_be_bytes());
    }
    let v4 = segments.iter().map(|segment| ipv4(6, &[], segment));
    v4.chain([v6]).collect()
}

fn sll_frames() -> Vec<Vec<u8>> {
    let packet = ipv4(17, &[], &udp(b"cooked"));
    let heads = [
        "0000 0001 0006 02000000000a0000 0800",
        "0004 0304 0006 0000000000000000 0800",
        "0001 0300 0004 0a00000100000000 0800",
        "0000 0200 0000 0000000000000000 0800",
        "0003 0001 0008 0102030405060708 0800",
        "0007 0999 0003 0102030000000000 0800",
        "0000 0001 0006 02000000000a0000 0004",
        "0000 0001 0006 02000000000a0000 8100 0005 0800",
    ];
    heads
        .iter()
        .map(|head| [&hex(head)[..], &packet].concat())
        .collect()
}

fn sll2_frames() -> Vec<Vec<u8>> {
    let packet = ipv6(17, &udp(b"cooked"));
    let heads = [
        "86dd 0000 00000002 0001 04 06 02000000000a0000",
        "86dd 0000 00000001 0304 00 06 0000000000000000",
        "86dd 0000 00000007 0200 00 00 0000000000000000",
        "0004 0000 00000002 0001 03 06 02000000000a0000",
    ];
    heads
        .iter()
        .map(|head| [&hex(head)[..], &packet].concat())
        .collect()
}

fn null_frames() -> Vec<Vec<u8>> {
    let (v4, v6) = (ipv4(17, &[], &udp(b"lo")), ipv6(17, &udp(b"lo")));
    let with = |family: &str, packet: &[u8]| [&hex(family)[..], packet].concat();
    vec![
        with("02000000", &v4),
        with("00000002", &v4),
        with("1e000000", &v6),
        with("1c000000", &v6),
        with("18000000", &v6),
        with("07000000", &v6),
    ]
}

fn loop_frames() -> Vec<Vec<u8>> {
    let (v4, v6) = (ipv4(17, &[], &udp(b"lo")), ipv6(17, &udp(b"lo")));
    let with = |family: &str, packet: &[u8]| [&hex(family)[..], packet].concat();
    vec![
        with("00000002", &v4),
        with("00000018", &v6),
        with("00000007", &v4),
    ]
}
