//! IEEE 802.1Q tags, one within another where there are several (QinQ).
//!
//! ```text
//! | priority (3 bits) | drop eligible (1) | VLAN id (12) | type or length (16) |
//! ```

use etherparse::SingleVlanHeaderSlice;

use super::dissect::{Dissector, Next, Span};
use super::names::{self, Names};
use super::registry::{Claim, Protocol, Reader, fields};
use super::tree::FieldSpec;

fields! {
    PRIORITY = "vlan.priority", "Priority", Dec;
    DEI = "vlan.dei", "Drop eligible", Bool;
    ID = "vlan.id", "VLAN id", Dec;
    ETYPE = "vlan.etype", "Type", Hex(4);
    LEN = "vlan.len", "Length", Dec;
}

/// 802.1Q.
pub static PROTOCOL: Protocol = Protocol {
    id: "vlan",
    short: "802.1Q",
    name: "802.1Q Virtual LAN",
    osi: 2,
    source: "IEEE 802.1Q §9.6",
    fields: FIELDS,
    claims: &[
        Claim::EtherType(0x8100),
        Claim::EtherType(0x9100),
        Claim::EtherType(0x9200),
    ],
    reader: Reader::Packet(dissect),
};

const HEADER: usize = 4;

/// What a priority code point is for (IEEE 802.1Q, table I-2).
const PRIORITIES: Names<u8> = &[
    (0, "Best effort"),
    (1, "Background"),
    (2, "Excellent effort"),
    (3, "Critical applications"),
    (4, "Video"),
    (5, "Voice"),
    (6, "Internetwork control"),
    (7, "Network control"),
];

/// The tag of a provider's bridges (IEEE 802.1ad), around the customer's.
pub mod service {
    use super::{Dissector, Next, Span, Specs};
    use crate::proto::registry::{Claim, Protocol, Reader, fields};

    fields! {
        PRIORITY = "ieee8021ad.priority", "Priority", Dec;
        DEI = "ieee8021ad.dei", "Drop eligible", Bool;
        ID = "ieee8021ad.id", "VLAN id", Dec;
    }

    /// 802.1ad.
    pub static PROTOCOL: Protocol = Protocol {
        id: "ieee8021ad",
        short: "802.1ad",
        name: "IEEE 802.1ad",
        osi: 2,
        source: "IEEE 802.1Q §9.6",
        fields: FIELDS,
        claims: &[Claim::EtherType(0x88a8)],
        reader: Reader::Packet(dissect),
    };

    fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
        let specs = Specs {
            priority: &PRIORITY,
            dei: &DEI,
            id: &ID,
            etype: &super::ETYPE,
        };
        super::read(d, span, &PROTOCOL, &specs)
    }
}

/// The fields that the two kinds of tag have.
struct Specs {
    priority: &'static FieldSpec,
    dei: &'static FieldSpec,
    id: &'static FieldSpec,
    etype: &'static FieldSpec,
}

fn dissect(d: &mut Dissector<'_>, span: Span) -> Option<Next> {
    read(
        d,
        span,
        &PROTOCOL,
        &Specs {
            priority: &PRIORITY,
            dei: &DEI,
            id: &ID,
            etype: &ETYPE,
        },
    )
}

fn read(
    d: &mut Dissector<'_>,
    span: Span,
    protocol: &'static Protocol,
    specs: &Specs,
) -> Option<Next> {
    let mut b = d.layer(protocol, span);
    let head = b.head::<HEADER>();
    let tag = SingleVlanHeaderSlice::from_slice(&head).ok()?;
    let (priority, id) = (
        tag.priority_code_point().value(),
        tag.vlan_identifier().value(),
    );
    let ether_type = tag.ether_type().0;
    b.bits(specs.priority, 0..3, priority).text = names::named(PRIORITIES, priority);
    b.flag(specs.dei, 3, tag.drop_eligible_indicator());
    b.bits(specs.id, 4..16, id);
    b.summary(format!("{}, PRI: {priority}, ID: {id}", protocol.name));
    let payload = span.skip(HEADER);
    if ether_type < 0x0600 {
        b.put(&LEN, 2..4, ether_type);
        return b.hand_over(
            HEADER,
            Next::new(Claim::Llc, payload.limit(ether_type.into())),
        );
    }
    b.put(specs.etype, 2..4, ether_type).text = names::ether_type(ether_type);
    b.hand_over(HEADER, Next::new(Claim::EtherType(ether_type), payload))
}
