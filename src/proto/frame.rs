//! The frame itself: what is known of it before its first byte is read.
//!
//! A dissection has no such layer; the walk makes one with [`layer`] for the views and the filters.

use super::registry::{Protocol, Reader, fields};
use super::tree::{Dissection, Field, Layer};
use crate::base::Time;

fields! {
    NUMBER = "frame.number", "Frame number", Dec, stateful;
    TIME_EPOCH = "frame.time_epoch", "Arrival time, since 1970", Time, stateful;
    TIME_DELTA = "frame.time_delta", "Time since the previous frame", Time, stateful;
    TIME_RELATIVE = "frame.time_relative", "Time since the first frame", Time, stateful;
    INTERFACE_ID = "frame.interface_id", "Interface", Dec, stateful;
    INTERFACE_NAME = "frame.interface_name", "Interface name", Str, stateful;
    LEN = "frame.len", "Length on the wire", Dec;
    CAP_LEN = "frame.cap_len", "Length captured", Dec;
    PROTOCOLS = "frame.protocols", "Protocols in the frame", Str;
}

/// The frame.
pub static PROTOCOL: Protocol = Protocol {
    id: "frame",
    short: "Frame",
    name: "Frame",
    osi: 1,
    source: "",
    fields: FIELDS,
    claims: &[],
    reader: Reader::Within,
};

/// What a walk knows of a frame. What it does not know is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrameFacts {
    /// Counted from 1.
    pub number: Option<u64>,
    /// When.
    pub time: Option<Time>,
    /// When the frame before it came.
    pub previous: Option<Time>,
    /// When the first frame came.
    pub first: Option<Time>,
    /// The interface, counted from 0.
    pub interface: Option<u32>,
    /// The interface's name.
    pub interface_name: Option<String>,
    /// Bytes captured.
    pub cap_len: usize,
    /// Bytes on the wire.
    pub len: usize,
}

/// The frame as a layer, for filters and views.
pub fn layer(facts: &FrameFacts, dissection: &Dissection) -> Layer {
    let mut fields = Vec::new();
    fields.extend(facts.number.map(|n| Field::derived(&NUMBER, n)));
    if let Some(time) = facts.time {
        fields.push(Field::derived(&TIME_EPOCH, nanos(Time::ZERO, time)));
        fields.push(Field::derived(
            &TIME_DELTA,
            nanos(facts.previous.unwrap_or(time), time),
        ));
        fields.push(Field::derived(
            &TIME_RELATIVE,
            nanos(facts.first.unwrap_or(time), time),
        ));
    }
    fields.extend(facts.interface.map(|n| Field::derived(&INTERFACE_ID, n)));
    let name = facts.interface_name.as_deref();
    fields.extend(name.map(|name| Field::derived(&INTERFACE_NAME, name)));
    fields.push(Field::derived(&LEN, facts.len));
    fields.push(Field::derived(&CAP_LEN, facts.cap_len));
    fields.push(Field::derived(&PROTOCOLS, protocols(dissection)));
    let (len, cap_len) = (facts.len, facts.cap_len);
    Layer {
        protocol: &PROTOCOL,
        buffer: 0,
        header: 0..0,
        payload: 0..cap_len,
        summary: format!("Frame: {len} bytes on wire, {cap_len} bytes captured"),
        fields,
    }
}

/// The value of `frame.protocols`, such as `eth:ethertype:ip:tcp`.
fn protocols(dissection: &Dissection) -> String {
    let mut names = Vec::new();
    for layer in &dissection.layers {
        names.push(layer.protocol.id);
        if layer
            .fields
            .iter()
            .any(|field| ETHER_TYPE_FIELDS.contains(&field.spec.id))
        {
            names.push("ethertype");
        }
    }
    names.join(":")
}

/// After these, Wireshark names the table of EtherTypes as if it were a protocol.
const ETHER_TYPE_FIELDS: &[&str] = &["eth.type", "vlan.etype", "sll.etype"];

/// The span between two points in time, which may be negative where a clock stepped back.
fn nanos(from: Time, to: Time) -> super::tree::Value {
    let nanos = i128::from(to.0) - i128::from(from.0);
    super::tree::Value::Time(i64::try_from(nanos).unwrap_or(i64::MAX))
}
