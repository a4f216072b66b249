//! Words for numbers, as their registries at IANA and the RFCs have them.

/// A number and its word; a table is in the order of the numbers.
pub type Names<T> = &'static [(T, &'static str)];

/// The word for `n`, if the table has it.
pub fn name<T: PartialEq + Copy>(table: Names<T>, n: T) -> Option<&'static str> {
    table
        .iter()
        .find(|(key, _)| *key == n)
        .map(|(_, name)| *name)
}

/// `Word (n)`, or only the number where no word is known.
pub fn named<T: PartialEq + Copy + std::fmt::Display>(table: Names<T>, n: T) -> String {
    name(table, n).map_or_else(|| n.to_string(), |name| format!("{name} ({n})"))
}

/// `Word (0x0800)`.
pub fn ether_type(n: u16) -> String {
    name(ETHER_TYPES, n).map_or_else(|| format!("{n:#06x}"), |name| format!("{name} ({n:#06x})"))
}

/// `TCP (6)`.
pub fn ip_protocol(n: u8) -> String {
    named(IP_PROTOCOLS, n)
}

/// `80 (http)`.
pub fn port(n: u16) -> String {
    name(PORTS, n).map_or_else(|| n.to_string(), |name| format!("{n} ({name})"))
}

/// `EF (46)`.
pub fn dscp(n: u8) -> String {
    named(DSCPS, n)
}

/// `ECT(0) (2)`.
pub fn ecn(n: u8) -> String {
    named(ECNS, n)
}

/// `02:00:00:00:00:0a`, and who it is where the address says it.
pub fn mac(mac: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    let note = match mac {
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] => " (Broadcast)",
        [0x33, 0x33, ..] => " (IPv6 multicast)",
        [0x01, 0x00, 0x5e, ..] => " (IPv4 multicast)",
        _ => "",
    };
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}{note}")
}

/// <https://www.iana.org/assignments/ieee-802-numbers>
const ETHER_TYPES: Names<u16> = &[
    (0x0800, "IPv4"),
    (0x0806, "ARP"),
    (0x0842, "Wake-on-LAN"),
    (0x22f0, "AVTP"),
    (0x8035, "RARP"),
    (0x8100, "802.1Q Virtual LAN"),
    (0x86dd, "IPv6"),
    (0x8808, "Ethernet flow control"),
    (0x8809, "Slow protocols"),
    (0x8847, "MPLS"),
    (0x8848, "MPLS multicast"),
    (0x8863, "PPPoE discovery"),
    (0x8864, "PPPoE session"),
    (0x888e, "802.1X"),
    (0x88a8, "802.1ad Provider Bridge"),
    (0x88cc, "LLDP"),
    (0x88e5, "MACsec"),
    (0x88f7, "PTP"),
    (0x9100, "802.1QinQ"),
];

/// <https://www.iana.org/assignments/protocol-numbers>
const IP_PROTOCOLS: Names<u8> = &[
    (0, "IPv6 Hop-by-Hop Options"),
    (1, "ICMP"),
    (2, "IGMP"),
    (4, "IPv4"),
    (6, "TCP"),
    (17, "UDP"),
    (33, "DCCP"),
    (41, "IPv6"),
    (43, "IPv6 Routing"),
    (44, "IPv6 Fragment"),
    (46, "RSVP"),
    (47, "GRE"),
    (50, "ESP"),
    (51, "AH"),
    (58, "ICMPv6"),
    (59, "IPv6 No Next Header"),
    (60, "IPv6 Destination Options"),
    (88, "EIGRP"),
    (89, "OSPF"),
    (103, "PIM"),
    (112, "VRRP"),
    (115, "L2TP"),
    (132, "SCTP"),
    (136, "UDP-Lite"),
];

/// <https://www.iana.org/assignments/service-names-port-numbers>, the ones a learner meets.
const PORTS: Names<u16> = &[
    (7, "echo"),
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (53, "domain"),
    (67, "bootps"),
    (68, "bootpc"),
    (69, "tftp"),
    (80, "http"),
    (110, "pop3"),
    (123, "ntp"),
    (143, "imap"),
    (161, "snmp"),
    (443, "https"),
    (514, "syslog"),
    (546, "dhcpv6-client"),
    (547, "dhcpv6-server"),
    (587, "submission"),
    (853, "domain-s"),
    (993, "imaps"),
    (1900, "ssdp"),
    (3306, "mysql"),
    (5353, "mdns"),
    (5355, "llmnr"),
    (5432, "postgresql"),
    (8080, "http-alt"),
];

/// RFC 2474, RFC 2597, RFC 3246, RFC 5865, RFC 8622.
const DSCPS: Names<u8> = &[
    (0, "Default"),
    (1, "LE"),
    (8, "CS1"),
    (10, "AF11"),
    (12, "AF12"),
    (14, "AF13"),
    (16, "CS2"),
    (18, "AF21"),
    (20, "AF22"),
    (22, "AF23"),
    (24, "CS3"),
    (26, "AF31"),
    (28, "AF32"),
    (30, "AF33"),
    (32, "CS4"),
    (34, "AF41"),
    (36, "AF42"),
    (38, "AF43"),
    (40, "CS5"),
    (44, "VOICE-ADMIT"),
    (46, "EF"),
    (48, "CS6"),
    (56, "CS7"),
];

/// RFC 3168 §5.
const ECNS: Names<u8> = &[
    (0, "Not-ECT"),
    (1, "ECT(1)"),
    (2, "ECT(0)"),
    (3, "CE, congestion experienced"),
];
