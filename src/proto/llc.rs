//! IEEE 802.2 logical link control, recognised: its header, and the EtherType of a SNAP header.

use super::dissect::{Dissector, Next, Span};
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};

fields! {
    DSAP = "llc.dsap", "Destination service access point", Hex(2);
    SSAP = "llc.ssap", "Source service access point", Hex(2);
    CONTROL = "llc.control", "Control", Hex(4);
    OUI = "llc.oui", "Organization code", Dec;
    TYPE = "llc.type", "Type", Hex(4);
}

/// 802.2 LLC.
pub static PROTOCOL: Protocol = Protocol {
    id: "llc",
    short: "LLC",
    name: "Logical-Link Control",
    osi: 2,
    source: "IEEE 802.2",
    fields: FIELDS,
    claims: &[Claim::Llc],
    reader: Reader::Packet(dissect),
};

/// The access point of SNAP (IEEE 802 §9.5).
const SNAP: u8 = 0xaa;
const SAPS: Names<u8> = &[
    (0x00, "Null"),
    (0x06, "IP"),
    (0x42, "Spanning Tree"),
    (0xaa, "SNAP"),
    (0xe0, "NetWare"),
    (0xf0, "NetBIOS"),
    (0xfe, "ISO network layer"),
    (0xff, "Global"),
];

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    let mut b = d.layer(&PROTOCOL, span);
    let [dsap, ssap, low, high] = b.head::<4>();
    b.put(&DSAP, 0..1, dsap).text = sap(dsap);
    b.put(&SSAP, 1..2, ssap).text = sap(ssap);
    // Unnumbered frames have one octet of control, the others two (IEEE 802.2 §5.2).
    let control_len = if low & 0x03 == 0x03 { 1 } else { 2 };
    let control = if control_len == 1 {
        low.into()
    } else {
        u16::from_le_bytes([low, high])
    };
    b.put(&CONTROL, 2..2 + control_len, control);
    let after = 2 + control_len;
    b.summary(format!(
        "Logical-Link Control, DSAP: {}, SSAP: {}",
        sap(dsap),
        sap(ssap)
    ));
    if (dsap, ssap, low) != (SNAP, SNAP, 0x03) {
        return b.hand_over(after, Next::data(span.skip(after)));
    }
    let [.., o1, o2, o3, t1, t2] = b.head::<8>();
    let ether_type = u16::from_be_bytes([t1, t2]);
    b.put(&OUI, 3..6, u32::from_be_bytes([0, o1, o2, o3])).text =
        format!("{o1:02x}:{o2:02x}:{o3:02x}");
    b.put(&TYPE, 6..8, ether_type).text = names::ether_type(ether_type);
    b.hand_over(8, Next::new(Claim::EtherType(ether_type), span.skip(8)))
}

fn sap(n: u8) -> String {
    names::name(SAPS, n & 0xfe)
        .map_or_else(|| format!("{n:#04x}"), |name| format!("{name} ({n:#04x})"))
}
