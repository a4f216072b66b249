//! What a dissection is made of.
//!
//! A [`Dissection`] is a list of [`Layer`]s, outermost first; each has a flat list of [`Field`]s in the order of the
//! bytes, nested by `depth`. A field's id is its Wireshark display-filter name.

mod value;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::registry::Protocol;

/// What is always the same about a field: its names, and how its value is written.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Wireshark's display-filter name, such as `tcp.seq_raw`.
    pub id: &'static str,
    /// The name that a person reads, such as `Sequence number (raw)`.
    pub label: &'static str,
    /// The kind of value, and how `tshark -T fields` writes it.
    pub kind: Kind,
    /// Whether the value needs more than the bytes of the frame (an earlier frame, a stream): such a field is absent
    /// where a frame is looked at by itself, so a fault's filter may not name it.
    pub stateful: bool,
}

/// The kind of a field's value, and how `tshark -T fields` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something that is there or not, without a value of its own (a heading).
    None,
    /// A flag.
    Bool,
    /// An unsigned number, in decimal.
    Dec,
    /// An unsigned number in hexadecimal with this many digits, `0x0800`.
    Hex(u8),
    /// A signed number.
    Int,
    /// Bytes, as hexadecimal digits without separators.
    Bytes,
    /// Text.
    Str,
    /// A MAC address.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A time span or a point in time, in seconds with nine decimals.
    Time,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing but its presence.
    None,
    /// A flag.
    Bool(bool),
    /// An unsigned number.
    Uint(u64),
    /// A signed number.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text, not yet made safe for a terminal.
    Str(String),
    /// A MAC address.
    Mac([u8; 6]),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// A time span or a point in time, in nanoseconds.
    Time(i64),
}

/// One field of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its names and kind.
    pub spec: &'static FieldSpec,
    /// Where its bits are: bit offsets from the start of the layer's buffer. Empty where the field is derived and has
    /// no bytes of its own.
    pub bits: Range<usize>,
    /// Its value.
    pub value: Value,
    /// The value as a person reads it, such as `0x012 (SYN, ACK)`; not yet made safe for a terminal.
    pub text: String,
    /// How deep it is nested below the layer's heading: 0 for the layer's own fields.
    pub depth: u8,
    /// Derived by the dissector, not read from the bytes (Wireshark shows such a field in brackets).
    pub generated: bool,
    /// A second name for what another field shows already (`ip.addr`): for filters, not for panes.
    pub hidden: bool,
}

impl Field {
    /// A field that stands in the layer's own list, with the text that its value alone gives.
    pub fn new(spec: &'static FieldSpec, bits: Range<usize>, value: impl Into<Value>) -> Self {
        let value = value.into();
        let text = value.text(spec.kind);
        Self {
            spec,
            bits,
            value,
            text,
            depth: 0,
            generated: false,
            hidden: false,
        }
    }

    /// A field that has no bytes of its own.
    pub fn derived(spec: &'static FieldSpec, value: impl Into<Value>) -> Self {
        Self {
            generated: true,
            ..Self::new(spec, 0..0, value)
        }
    }

    /// The value as `tshark -T fields` (4.0) writes it.
    pub fn tshark_value(&self) -> String {
        self.value.tshark(self.spec.kind)
    }

    /// The bytes that hold the field's bits, as byte offsets in the layer's buffer.
    pub fn bytes(&self) -> Range<usize> {
        self.bits.start / 8..self.bits.end.div_ceil(8)
    }
}

/// One protocol's part of a frame or of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// The buffer that the ranges count in: 0 is the input, `n` is `Dissection::derived[n - 1]`.
    pub buffer: usize,
    /// The layer's own bytes (its header, and its trailer is not among them).
    pub header: Range<usize>,
    /// What the layer carries.
    pub payload: Range<usize>,
    /// One line, such as `Transmission Control Protocol, Src Port: 443, Dst Port: 51000, Len: 0`.
    pub summary: String,
    /// The fields, in the order of the bytes.
    pub fields: Vec<Field>,
}

impl Layer {
    /// The first field with this Wireshark name.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.spec.id == id)
    }
}

/// Bytes that were made from other bytes: a reassembled packet, an unmasked payload, a body without its chunk headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// What it is, such as `Unmasked payload`.
    pub name: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where each run of them comes from, in order, without holes.
    pub pieces: Vec<Piece>,
}

/// A run of derived bytes and its origin, byte for byte unless the origin says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where the run starts in the derived bytes.
    pub start: usize,
    /// How many bytes it is, here and at the origin.
    pub len: usize,
    /// Where the bytes were made from.
    pub origin: Origin,
}

/// Where a run of derived bytes was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A buffer of the same dissection (0 is the input), from this offset.
    Buffer(usize, usize),
    /// Not byte for byte, as what is inflated: the whole run from all of the bytes of a buffer that start at this offset
    /// and are so many.
    Made(usize, usize, usize),
    /// Another frame of the walk (by index), from this offset: reassembled fragments.
    Frame(crate::base::FrameId, usize),
}

/// How grave an expert finding is, as in Wireshark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Ordinary working, such as a connection being opened.
    Chat,
    /// Worth a look, such as a retransmission.
    Note,
    /// Unusual, such as a connection reset or a wrong length.
    Warn,
    /// Broken, such as bytes that are no such protocol.
    Error,
}

/// An expert finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expert {
    /// How grave.
    pub severity: Severity,
    /// The layer it is about, an index into `Dissection::layers`.
    pub layer: usize,
    /// The field it is about, by its Wireshark name.
    pub field: Option<&'static str>,
    /// What was found.
    pub text: String,
}

/// What stopped a dissection before the end of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The Wireshark name of the protocol that could not go on.
    pub protocol: &'static str,
    /// Where, as a byte offset in that layer's buffer.
    pub offset: usize,
    /// Why.
    pub reason: StopReason,
}

/// Why a dissection stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The bytes end too early: this many were needed from the offset on, this many are there.
    Truncated {
        /// Bytes needed from the offset on.
        needed: usize,
        /// Bytes there.
        available: usize,
    },
    /// The bytes are not what the protocol allows.
    Malformed(String),
    /// No protocol of ours claims what follows (its number is named).
    Unknown(String),
}

/// Everything that was understood of a frame or of a message, and what stopped it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dissection {
    /// The layers, outermost first.
    pub layers: Vec<Layer>,
    /// Bytes made from the input: buffer `n` is `derived[n - 1]`.
    pub derived: Vec<Derived>,
    /// Expert findings.
    pub experts: Vec<Expert>,
    /// What stopped the dissection, if anything did.
    pub stop: Option<Stop>,
}

impl Dissection {
    /// The bytes of buffer `index`, where `input` is what was dissected.
    pub fn buffer<'a>(&'a self, input: &'a [u8], index: usize) -> &'a [u8] {
        match index.checked_sub(1) {
            None => input,
            Some(i) => self.derived.get(i).map_or(&[], |derived| &derived.bytes),
        }
    }

    /// The first layer of the protocol with this Wireshark name.
    pub fn layer(&self, protocol: &str) -> Option<&Layer> {
        self.layers
            .iter()
            .find(|layer| layer.protocol.id == protocol)
    }

    /// The layers that are not only quoted: all up to the first ICMP header, whose errors quote the packet that they are
    /// about.
    pub fn own_layers(&self) -> &[Layer] {
        let icmp = |layer: &Layer| matches!(layer.protocol.id, "icmp" | "icmpv6");
        let end = self.layers.iter().position(icmp);
        end.map_or(&self.layers, |end| &self.layers[..=end])
    }

    /// The first field with this Wireshark name in a layer that is not only quoted.
    pub fn own_field(&self, id: &str) -> Option<&Field> {
        self.own_layers().iter().find_map(|layer| layer.field(id))
    }

    /// The first field with this Wireshark name, in any layer.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.layers.iter().find_map(|layer| layer.field(id))
    }
}
