//! What of a segment only a walk knows: it follows the stream.

use super::{
    ACK, COMPLETENESS, DSACK_LE, DSACK_RE, NXTSEQ, SACK_LE, SACK_RE, SEQ, STREAM, TIME_DELTA,
    TIME_RELATIVE, WINDOW_SIZE, WINDOW_SIZE_SCALEFACTOR,
};
use crate::proto::tree::{Field, FieldSpec, Layer, Value};

/// What a walk knows of a segment. What it does not know is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamFacts {
    /// The number of the stream, counted from 0.
    pub stream: u32,
    /// Which parts of a conversation were seen (Wireshark's bits: SYN 1, SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32).
    pub completeness: Option<u8>,
    /// The sequence number, relative to the first one of its direction.
    pub seq: Option<u32>,
    /// The sequence number after this segment, relative.
    pub nxtseq: Option<u32>,
    /// The acknowledgment number, relative to the first sequence number of the other direction.
    pub ack: Option<u32>,
    /// The window in bytes.
    pub window_size: Option<u32>,
    /// By what the window is multiplied: 1 and more; -1 not known, since the handshake was not seen; -2 no scaling.
    pub window_scale: Option<i64>,
    /// Nanoseconds since the first frame of the stream.
    pub time_relative: i64,
    /// Nanoseconds since the previous frame of the stream.
    pub time_delta: i64,
}

/// Adds to a TCP layer what only a walk knows, each beside the field that it belongs to.
pub fn add_stateful(layer: &mut Layer, facts: &StreamFacts) {
    if let Some(ack) = facts.ack {
        relate_edges(layer, ack);
    }
    let mut add = |spec: &'static FieldSpec, after: &str, over: &str, value: Value| {
        let bits = layer.field(over).map_or(0..0, |field| field.bits.clone());
        let place = layer
            .fields
            .iter()
            .rposition(|field| field.spec.id == after);
        let place = place.map_or(layer.fields.len(), |i| i + 1);
        let field = Field {
            generated: true,
            // For filters: a sum of bits tells a reader nothing.
            hidden: spec.id == COMPLETENESS.id,
            ..Field::new(spec, bits, value)
        };
        layer.fields.insert(place, field);
    };
    add(&STREAM, "tcp.port", "", facts.stream.into());
    if let Some(bits) = facts.completeness {
        add(&COMPLETENESS, "tcp.stream", "", bits.into());
    }
    let numbers = [
        (&SEQ, "tcp.len", "tcp.seq_raw", facts.seq),
        (&NXTSEQ, "tcp.seq_raw", "", facts.nxtseq),
        (&ACK, "tcp.nxtseq", "tcp.ack_raw", facts.ack),
        (
            &WINDOW_SIZE,
            "tcp.window_size_value",
            "tcp.window_size_value",
            facts.window_size,
        ),
    ];
    for (spec, after, over, value) in numbers {
        if let Some(value) = value {
            add(spec, after, over, value.into());
        }
    }
    if let Some(scale) = facts.window_scale {
        add(
            &WINDOW_SIZE_SCALEFACTOR,
            "tcp.window_size",
            "tcp.window_size_value",
            scale.into(),
        );
    }
    add(&TIME_RELATIVE, "", "", Value::Time(facts.time_relative));
    add(&TIME_DELTA, "", "", Value::Time(facts.time_delta));
}

/// The edges of SACK blocks, which count in the numbers of the other direction, made relative as the acknowledgment is.
fn relate_edges(layer: &mut Layer, ack: u32) {
    let Some(Value::Uint(raw)) = layer.field("tcp.ack_raw").map(|field| field.value.clone()) else {
        return;
    };
    let base = (raw as u32).wrapping_sub(ack);
    let edges = [&SACK_LE, &SACK_RE, &DSACK_LE, &DSACK_RE];
    for field in layer
        .fields
        .iter_mut()
        .filter(|field| edges.contains(&field.spec))
    {
        if let Value::Uint(edge) = field.value {
            let relative = (edge as u32).wrapping_sub(base);
            field.value = relative.into();
            field.text = format!("{relative} (raw {edge})");
        }
    }
}
