//! The layers at a step.

use std::ops::Range;

use super::Walk;
use super::step::{MessageId, StepId};
use super::trace::down_to_input;
use super::view::{FrameView, LayerRow, Part};
use crate::base::{FrameId, LinkType};
use crate::proto::physical;
use crate::proto::tree::{Derived, Dissection, Layer, Origin};

const NAMES: [&str; 7] = [
    "Physical",
    "Data link",
    "Network",
    "Transport",
    "Session",
    "Presentation",
    "Application",
];

impl Walk {
    /// The layers at the step, outermost first: 1 to 4, and above them what is there in the order of the wire, which is
    /// not always that of the numbers: the head of HTTP is the application's, and before the session that it carries.
    pub fn layers(&self, at: StepId) -> Vec<LayerRow> {
        let Some(step) = self.step(at) else {
            return Vec::new();
        };
        let frame = step.frame.and_then(|frame| self.frame(frame));
        let mut rows: Vec<LayerRow> = (1..=4)
            .map(|osi| {
                let mut row = new_row(osi);
                match &frame {
                    Some(frame) if osi == 1 => {
                        describe_physical(&mut row, frame, self.outcome.is_some());
                    }
                    Some(frame) => describe(&mut row, frame),
                    None => {}
                }
                row
            })
            .collect();
        let message = step.message.zip(step.frame);
        let mut upper = match (message, &frame) {
            (Some((id, frame)), _) => self.rows_of_message(id, frame),
            (None, Some(frame)) => own_upper(frame),
            (None, None) => Vec::new(),
        };
        for osi in 5..=7 {
            if !upper.iter().any(|row| row.osi == osi) {
                let below = upper.iter().rposition(|row| row.osi < osi);
                upper.insert(below.map_or(0, |below| below + 1), new_row(osi));
            }
        }
        rows.append(&mut upper);
        if let Some(row) = rows.iter_mut().rfind(|row| row.osi == step.layer) {
            row.current = true;
        }
        rows
    }

    /// A row for each protocol of a message that a frame brings the whole of, or a part.
    fn rows_of_message(&self, id: MessageId, frame: FrameId) -> Vec<LayerRow> {
        let root = self.pipeline.root(frame);
        let parts: Vec<Part> = self
            .parts(id)
            .into_iter()
            .filter(|part| part.frame == root)
            .collect();
        let dissection = self.pipeline.message_dissection(id);
        let end = parts.iter().map(|part| part.range.end).max().unwrap_or(0);
        by_protocol(&dissection)
            .into_iter()
            .map(|layers| {
                let first = layers[0];
                let mut row = new_row(first.protocol.osi);
                row.protocol = first.protocol.short.to_owned();
                row.unit = unit(&layers) + coding(&dissection, first);
                let headers = layers.iter().filter(|layer| !layer.header.is_empty());
                let places: Vec<Range<usize>> = headers
                    .flat_map(|layer| on_the_wire(&dissection, layer))
                    .flat_map(|range| parts.iter().filter_map(move |part| in_frame(part, &range)))
                    .collect();
                if let (Some(first), Some(last)) = (places.first(), places.last()) {
                    row.header = first.start..last.end.max(first.end);
                    row.range = first.start..end;
                }
                row
            })
            .collect()
    }
}

fn new_row(osi: u8) -> LayerRow {
    LayerRow {
        osi,
        osi_name: NAMES[usize::from(osi) - 1],
        protocol: String::new(),
        unit: String::new(),
        range: 0..0,
        header: 0..0,
        current: false,
    }
}

/// The layers of each protocol, in the order in which the first of them comes.
fn by_protocol(dissection: &Dissection) -> Vec<Vec<&Layer>> {
    let mut groups: Vec<Vec<&Layer>> = Vec::new();
    for layer in &dissection.layers {
        let same = |group: &&mut Vec<&Layer>| group[0].protocol.id == layer.protocol.id;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(layer),
            None => groups.push(vec![layer]),
        }
    }
    groups
}

/// Whether what the layer carries is deflated, or the layer itself comes out of what was inflated.
fn coding(dissection: &Dissection, layer: &Layer) -> &'static str {
    let is_made = |derived: &Derived| {
        let mut origins = derived.pieces.iter().map(|piece| piece.origin);
        origins.any(|origin| matches!(origin, Origin::Made(..)))
    };
    let made = dissection.derived.iter().position(is_made);
    match made {
        Some(index) if layer.buffer > index => " inflated",
        Some(_) if layer.protocol.id == "websocket" => " deflated",
        _ => "",
    }
}

/// Where the layer's header is among the message's own bytes; nowhere where it came out of what was inflated.
fn on_the_wire(dissection: &Dissection, layer: &Layer) -> Vec<Range<usize>> {
    if coding(dissection, layer) == " inflated" {
        return Vec::new();
    }
    down_to_input(&dissection.derived, (layer.buffer, layer.header.clone()))
        .into_iter()
        .filter(|(buffer, _)| *buffer == 0)
        .map(|(_, range)| range)
        .collect()
}

/// The bytes of the frame that these of the message are, as far as this part has them.
fn in_frame(part: &Part, range: &Range<usize>) -> Option<Range<usize>> {
    let len = part.range.len();
    let (start, end) = (range.start.max(part.start), range.end.min(part.start + len));
    let place = |offset: usize| part.range.start + offset - part.start;
    (start < end).then(|| place(start)..place(end))
}

/// The rows of protocols above the transport that a frame alone tells of.
fn own_upper(frame: &FrameView) -> Vec<LayerRow> {
    let mut rows: Vec<LayerRow> = (5..=7).map(new_row).collect();
    for row in &mut rows {
        describe(row, frame);
    }
    rows.retain(|row| !row.protocol.is_empty());
    rows
}

fn describe(row: &mut LayerRow, frame: &FrameView) {
    // where a header of the same layer follows (a tunnel, ARP over Ethernet), all of them are this layer's
    let layers = frame
        .dissection
        .layers
        .iter()
        .filter(|layer| layer.protocol.osi == row.osi);
    let layers: Vec<&Layer> = layers.filter(|layer| layer.protocol.id != "data").collect();
    if let (Some(first), Some(last)) = (layers.first(), layers.last()) {
        let names: Vec<&str> = layers.iter().map(|layer| layer.protocol.short).collect();
        row.protocol = names.join(", ");
        let header = layers.iter().map(|layer| layer.header.len()).sum();
        row.unit = lengths(header, last.payload.len());
        if first.buffer == 0 {
            row.header = first.header.start..last.header.end;
            row.range = first.header.start..first.payload.end.max(last.header.end);
        }
    }
}

/// Of a capture nobody knows what was on the wire.
fn describe_physical(row: &mut LayerRow, frame: &FrameView, is_simulated: bool) {
    if !is_simulated {
        row.protocol = "-".to_owned();
        row.unit = "not captured".to_owned();
        return;
    }
    row.range = 0..frame.bytes.len();
    if frame.link_type == LinkType::ETHERNET {
        row.protocol = "Ethernet".to_owned();
        let fcs = physical::fcs(&physical::padded(&frame.bytes[..]));
        let bits = physical::bits_on_wire(frame.bytes.len());
        row.unit = format!("preamble 8 B, FCS 0x{fcs:08x}, {bits} bits");
    }
}

/// `2 B header + 34 B` of a protocol's layers in a message; `30 B` where there is no more than the data.
fn unit(layers: &[&Layer]) -> String {
    let header: usize = layers.iter().map(|layer| layer.header.len()).sum();
    // what has no header is another look at the same bytes
    let headed = layers.iter().filter(|layer| !layer.header.is_empty());
    let payload = headed.map(|layer| layer.payload.len()).sum();
    match (layers[0].protocol.id, header, payload) {
        (_, 0, _) => format!("{} B", layers[0].payload.len()),
        ("socketio" | "text" | "data", _, 0) => format!("{header} B"),
        _ => lengths(header, payload),
    }
}

/// `20 B header + 34 B`.
fn lengths(header: usize, payload: usize) -> String {
    match payload {
        0 => format!("{header} B header"),
        _ => format!("{header} B header + {payload} B"),
    }
}
