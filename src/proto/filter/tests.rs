use proptest::prelude::*;

use super::*;
use crate::base::LinkType;
use crate::proto::dissect::{FrameContext, dissect};

/// A SYN, 10.0.0.2:51000 > 10.0.0.9:80, TTL 64, in Ethernet.
const SYN: [u8; 54] = [
    2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 2, 8, 0, // Ethernet
    0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 9, // IPv4
    0xc7, 0x38, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0, // TCP
];

fn syn() -> Dissection {
    dissect(LinkType::ETHERNET, &SYN, &FrameContext::default())
}

fn selects(filter: &str) -> bool {
    match Filter::compile(filter) {
        Ok(filter) => filter.matches(&[&syn()]),
        Err(error) => panic!("{filter}: {error:?}"),
    }
}

/// The filters of one table, one a line, all with the same outcome.
fn check(expected: bool, filters: &str) {
    for filter in filters
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        assert_eq!(selects(filter), expected, "{filter}");
    }
}

#[test]
fn selected() {
    check(
        true,
        r#"
        tcp
        eth && ip && tcp
        !udp
        not udp and tcp
        udp and udp or tcp
        tcp or udp and udp
        !(udp || arp)
        ((tcp))
        tcp.flags.syn
        tcp.flags.syn == 1
        tcp.flags.syn==True
        tcp.flags.syn == 2
        tcp.flags.ack == False
        tcp.port == 80
        tcp.port eq 51000
        80 == tcp.port
        tcp.port == 0x50
        tcp.port == 0120
        tcp.port == 0b1010000
        tcp.port == 'P'
        tcp.port !== 80
        tcp.port ~= 80
        tcp.port any_ne 80
        tcp.port != 443
        any tcp.port > 50000
        all tcp.port >= 80
        tcp.dstport === 80
        tcp.port in {80}
        tcp.port in {1..79, 80 .. 90}
        tcp.port not in {443, 8080}
        tcp.srcport > tcp.dstport
        tcp.port == tcp.srcport
        tcp.flags == 0x002
        tcp.flags & 0x02
        tcp.flags & 0x12 == 2
        !tcp.flags & 0x10
        tcp.flags bitwise_and 2
        ip.ttl <= 64 && ip.ttl ge 64
        ip.src == 10.0.0.2
        ip.src == 10.0.0.0/8
        ip.src == 10.9.9.9/8
        ip.src == 0.0.0.0/0
        ip.src != 10.0.0.3
        ip.src < 10.0.0.3
        ip.src in {10.0.0.1..10.0.0.4, 192.168.0.0/16}
        ip.addr == 10.0.0.9
        ip.src[0:2] == 0a:00
        ip.src[3] == 2
        eth.src == 02:00:00:00:00:02
        eth.src == 02-00-00-00-00-02
        eth.src == 0200.0000.0002
        eth.src == 020000000002
        eth.src[0:3] == 02:00:00
        eth.src[0-2] == 02:00:00
        eth.src[:3] == 02:00:00
        eth.src[5:] == 02
        eth.src[-1] == 02
        eth.src[-2:2] == 00:02
        eth.src[0,5] == 02:02
        eth.src[0:1,-1:1] == 02:02
        eth.src contains 00:02
        eth.src < 02:00:00:00:00:03
        eth.dst[0] & 2
        eth.dst[0] & 3 == 2
        "#,
    );
}

#[test]
fn not_selected() {
    check(
        false,
        r#"
        udp
        udp.port == 80
        udp.port != 80
        !tcp
        tcp and udp or udp
        (tcp or udp) and udp
        tcp.flags.ack == 1
        tcp.port != 80
        tcp.port === 80
        all tcp.port > 80
        tcp.port in {81..50999}
        tcp.port not in {80}
        tcp.flags & 0x10
        ip.src == 10.0.0.3
        ip.src == 10.0.1.0/24
        ip.ttl > 64
        eth.dst[0] & 1
        eth.src[0:9] == 02:00:00
        eth.src[9] == 0
        eth.src contains 01
        ip.src == ip.dst
        "#,
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let check = |text: &str, place: &str, message: &str, suggestion: Option<&str>| {
        let error = Filter::compile(text).expect_err(text);
        assert_eq!(error.message, message, "{text}");
        assert_eq!(&text[error.span], place, "{text}");
        assert_eq!(error.suggestion.as_deref(), suggestion, "{text}");
    };
    let wanted = "the filter ends here, but something must follow";
    check("", "", wanted, None);
    check("tcp &&", "", wanted, None);
    check("tcp.port ==", "", wanted, None);
    check("(tcp", "(", "this parenthesis is never closed", None);
    check("tcp)", ")", "this parenthesis was never opened", None);
    check(
        "tcp ip",
        "ip",
        "an `and` or `or` is missing before this",
        None,
    );
    check(
        "tcp.prot == 1",
        "tcp.prot",
        "`tcp.prot` is no field and no protocol",
        Some("tcp.port"),
    );
    check(
        "tcpp",
        "tcpp",
        "`tcpp` is no field and no protocol",
        Some("tcp"),
    );
    check(
        "zebra.crossing",
        "zebra.crossing",
        "`zebra.crossing` is no field and no protocol",
        None,
    );
    check("== 1", "==", "a field or a value is wanted here", None);
    check("1 == 1", "1", "`1` is no field and no protocol", None);
    check(
        "tcp == 1",
        "tcp",
        "tcp is a protocol: it can only be there or not",
        None,
    );
    check(
        "tcp[0] == 1",
        "tcp",
        "tcp is a protocol: it can only be there or not",
        None,
    );
    let v4 = "ip.src is an IPv4 address, written like 10.0.0.1 or 10.0.0.0/8, without quotes";
    for bad in [
        "5",
        "10.0.0",
        "10.0.0.0/33",
        "::1",
        "02:00:00:00:00:01",
        "\"10.0.0.1\"",
        "x",
    ] {
        check(
            &format!("ip.src == {bad}"),
            bad.split('"')
                .next()
                .filter(|b| !b.is_empty())
                .unwrap_or(bad),
            v4,
            None,
        );
    }
    let number = "tcp.port is a number, written like 80, 0x50 or 0120";
    for bad in [
        "10.0.0.1",
        "-1",
        "64.5",
        "99999999999999999999",
        "0x",
        "http",
    ] {
        check(&format!("tcp.port == {bad}"), bad, number, None);
    }
    check("tcp.port in {80, x}", "x", number, None);
    check(
        "tcp.port in {9..1}",
        "9",
        "this range holds nothing: it begins after its end",
        None,
    );
    check(
        "tcp.port in 80",
        "80",
        "`in` wants a set, such as {80, 8000..8080}",
        None,
    );
    let set = "the members of a set are separated by commas, and it ends with }";
    check("tcp.port in {80 443}", "443", set, None);
    check(
        "tcp.port in {}",
        "}",
        "a field or a value is wanted here",
        None,
    );
    check(
        "ip.src == eth.src",
        "eth.src",
        "ip.src is an IPv4 address and eth.src is a MAC address",
        None,
    );
    check(
        "tcp.port contains 8",
        "tcp.port",
        "tcp.port is a number: `contains` wants text or bytes",
        None,
    );
    check(
        "tcp.port[0] == 1",
        "tcp.port",
        "tcp.port is a number: it has no parts",
        None,
    );
    check(
        "ip.src & 1",
        "1",
        "`&` wants a number or bytes; ip.src is an IPv4 address",
        None,
    );
    check(
        "eth.src[x] == 1",
        "[x]",
        "no slice; write [start:length], [first-last], [at], [:length] or [start:]",
        None,
    );
    check("eth.src[0 == 1", "[", "`[` is never closed", None);
    check(
        "1 < tcp.port < 9",
        "<",
        "comparisons cannot be chained; join two with `and`",
        None,
    );
    check(
        "any tcp.port",
        "",
        "`any` and `all` need a comparison",
        None,
    );
    check("tcp.port == \"a", "\"", "this string is never closed", None);
    check(
        "tcp.port == 'ab'",
        "'ab'",
        "single quotes hold one character; use double quotes for text",
        None,
    );
    check(
        "eth.src == \"\\q\"",
        "\\",
        "an unknown escape; \\\\ is a backslash",
        None,
    );
    check("tcp @ ip", "@", "`@` means nothing here", None);
    check("tcp = ip", "=", "`=` means nothing here", None);
    let regex = "regular expressions are not known here; try `contains`";
    check("tcp.port matches \"8\"", "matches", regex, None);
    check(&"(".repeat(200), "(", "nested too deeply", None);
    check(&"!".repeat(200), "!", "nested too deeply", None);
}

#[test]
fn the_names_that_it_asks_for() {
    let check = |text: &str, names: &[&str], stateful: &[&str]| {
        let filter = Filter::compile(text).unwrap();
        assert_eq!(filter.text(), text);
        assert_eq!(filter.names(), names, "{text}");
        assert_eq!(filter.stateful_fields(), stateful, "{text}");
    };
    let text = "tcp.port == 80 and (ip.ttl in {1} or not tcp.flags & 2) and udp";
    check(text, &["ip.ttl", "tcp.flags", "tcp.port", "udp"], &[]);
    let names = ["http", "tcp.stream", "websocket.opcode"];
    check(
        "http || websocket.opcode == 1 || tcp.stream == 0",
        &names,
        &names,
    );
}

#[test]
fn a_frame_and_its_messages_are_asked_together() {
    let both = Filter::compile("tcp and arp").unwrap();
    let mut arp = [0; 42];
    arp[12..22].copy_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    let arp = dissect(LinkType::ETHERNET, &arp, &FrameContext::default());
    assert!(!both.matches(&[&syn()]));
    assert!(!both.matches(&[&arp]));
    assert!(both.matches(&[&syn(), &arp]));
    assert!(!both.matches(&[]));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        if let Err(error) = Filter::compile(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(0usize..WORDS.len(), 0..12)) {
        let text = words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ");
        match Filter::compile(&text) {
            Ok(filter) => { filter.matches(&[&syn()]); }
            Err(error) => prop_assert!(text.get(error.span).is_some()),
        }
    }
}

/// What filters are made of.
const WORDS: [&str; 24] = [
    "tcp",
    "ip.src",
    "tcp.port",
    "eth.src",
    "tcp.flags",
    "and",
    "or",
    "not",
    "(",
    ")",
    "==",
    "!=",
    "<",
    "in",
    "{",
    "}",
    ",",
    "..",
    "80",
    "10.0.0.1",
    "[0:2]",
    "&",
    "\"a\\x41\"",
    "any",
];
