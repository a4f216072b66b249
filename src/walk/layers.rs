//! The seven layers at a step.

use std::ops::Range;

use super::Walk;
use super::step::{MessageId, StepId};
use super::view::{FrameView, LayerRow};
use crate::base::{FrameId, LinkType};
use crate::proto::physical;
use crate::proto::tree::{Dissection, Layer};

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
    /// The seven layers at the step, the physical one first.
    pub fn layers(&self, at: StepId) -> Vec<LayerRow> {
        let Some(step) = self.step(at) else {
            return Vec::new();
        };
        let frame = step.frame.and_then(|frame| self.frame(frame));
        let message = step.message.and_then(|id| {
            let range = self.message_range(id, step.frame?);
            Some((self.pipeline.message_dissection(id), range))
        });
        let row = |osi: u8| {
            let mut row = LayerRow {
                osi,
                osi_name: NAMES[usize::from(osi) - 1],
                protocol: String::new(),
                unit: String::new(),
                range: 0..0,
                header: 0..0,
                current: step.layer == osi,
            };
            if let Some(frame) = &frame {
                if osi == 1 {
                    describe_physical(&mut row, frame, self.outcome.is_some());
                } else {
                    describe(&mut row, frame, message.as_ref());
                }
            }
            row
        };
        (1..=7).map(row).collect()
    }

    /// The bytes of a frame that belong to a message.
    fn message_range(&self, id: MessageId, frame: FrameId) -> Range<usize> {
        let root = self.pipeline.root(frame);
        let here = self
            .parts(id)
            .into_iter()
            .filter(|part| part.frame == root)
            .map(|part| part.range);
        here.reduce(|all, part| all.start.min(part.start)..all.end.max(part.end))
            .unwrap_or(0..0)
    }
}

fn describe(row: &mut LayerRow, frame: &FrameView, message: Option<&(Dissection, Range<usize>)>) {
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
        row.unit = unit(&layers);
        if first.buffer == 0 {
            row.header = first.header.start..last.header.end;
            row.range = first.header.start..first.payload.end.max(last.header.end);
        }
        return;
    }
    if let Some((dissection, range)) = message {
        let layers = dissection
            .layers
            .iter()
            .filter(|layer| layer.protocol.osi == row.osi);
        let layers: Vec<&Layer> = layers.collect();
        if let Some(first) = layers.first() {
            row.protocol = first.protocol.short.to_owned();
            row.unit = unit(&layers);
            row.range = range.clone();
            let header = range.start..(range.start + first.header.len()).min(range.end);
            row.header = if first.buffer == 0 { header } else { 0..0 };
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

/// `20 B header + 34 B`.
fn unit(layers: &[&Layer]) -> String {
    let header: usize = layers.iter().map(|layer| layer.header.len()).sum();
    let payload = layers.last().map_or(0, |layer| layer.payload.len());
    match payload {
        0 => format!("{header} B header"),
        _ => format!("{header} B header + {payload} B"),
    }
}
