//! What is chosen: a field or a byte of the step's frame or of a message in it.
//!
//! The choice is kept by name (`tcp.seq_raw`), so it stays the same from step to step, and is found anew in each: what
//! is shown depends on the step and the choice alone, whichever way one came.

use std::collections::BTreeMap;
use std::ops::Range;

use super::scene::Scene;
use crate::proto::tree::{Dissection, Field, Layer};
use crate::walk::Walk;
use crate::walk::step::{Grain, MessageId};
use crate::walk::view::{Numbers, Place, Trace};

/// What a person chose and opened.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The field or layer.
    pub key: Option<Key>,
    /// One byte of the buffer that the field is in, when the bytes are gone through.
    pub byte: Option<usize>,
    /// Layers that were opened or closed by hand, by protocol.
    pub open: BTreeMap<&'static str, bool>,
}

/// The name of a row of the tree, the same in all frames that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The protocol of the layer.
    pub protocol: &'static str,
    /// Which of the layers of that protocol, counted from 0.
    pub nth: usize,
    /// The field and which of that name; `None` for the layer's heading.
    pub field: Option<(&'static str, usize)>,
}

/// What was dissected: the frame, or a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The step's frame.
    Frame,
    /// The message at this place in [`Scene::messages`].
    Message(usize),
}

impl Part {
    /// Its dissection and its bytes.
    pub fn of(self, scene: &Scene) -> Option<(&Dissection, &[u8])> {
        match self {
            Self::Frame => scene
                .frame
                .as_ref()
                .map(|frame| (&frame.dissection, &frame.bytes[..])),
            Self::Message(i) => scene
                .messages
                .get(i)
                .map(|message| (&message.dissection, &message.bytes[..])),
        }
    }
}

/// One row of the tree.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its name.
    pub key: Key,
    /// What it is a part of.
    pub part: Part,
    /// Its layer.
    pub layer: &'a Layer,
    /// Its field; `None` for the heading.
    pub field: Option<&'a Field>,
    /// The same number, written the other way: raw beside relative.
    pub twin: Option<&'a Field>,
    /// The layer is open.
    pub open: bool,
}

/// The fields of the same number, relative and raw.
const TWINS: [(&str, &str); 2] = [("tcp.seq", "tcp.seq_raw"), ("tcp.ack", "tcp.ack_raw")];

/// Names under which filters find what two other fields say already: not shown, as in Wireshark.
const HIDDEN: [&str; 8] = [
    "eth.addr",
    "eth.lg",
    "eth.ig",
    "ip.addr",
    "ip.host",
    "ipv6.addr",
    "tcp.port",
    "udp.port",
];

/// Where there is little room: fields that say again what the heading or the field above them says.
const REPEATS: [&str; 10] = [
    "eth.dst.",
    "eth.src.",
    "ip.version",
    "ip.hdr_len",
    "ip.dsfield.",
    "ip.flags.",
    "ipv6.version",
    "tcp.hdr_len",
    "tcp.flags.",
    "frame.",
];

/// How much of the open layers is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All fields.
    All,
    /// Of layers that nobody opened by hand: only what is in the header, and once.
    Brief,
}

/// The field that is looked at first in a layer, where it is not the first one.
const FIRST_LOOK: [(&str, &str); 8] = [
    ("tcp", "tcp.seq"),
    ("ip", "ip.dst"),
    ("ipv6", "ipv6.dst"),
    ("arp", "arp.opcode"),
    ("icmp", "icmp.type"),
    ("websocket", "websocket.opcode"),
    ("engineio", "engineio.type"),
    ("socketio", "socketio.type"),
];

impl Row<'_> {
    /// Where its bits are in its buffer; of a heading the header's.
    pub fn bits(&self) -> Range<usize> {
        match self.field {
            None if self.layer.header.is_empty() => {
                self.layer.payload.start * 8..self.layer.payload.end * 8
            }
            None => self.layer.header.start * 8..self.layer.header.end * 8,
            Some(field) if field.bits.is_empty() => self
                .twin
                .map_or_else(|| field.bits.clone(), |twin| twin.bits.clone()),
            Some(field) => field.bits.clone(),
        }
    }

    /// Whether it says what another row says already: a part of the field above it, or computed of the header.
    fn repeats(&self) -> bool {
        let Some(field) = self.field else {
            return false;
        };
        let computed = field.generated && self.twin.is_none() && self.layer.protocol.osi <= 4;
        computed || REPEATS.iter().any(|id| field.spec.id.starts_with(id))
    }
}

/// The rows of the tree, with the layers closed that are closed.
pub fn rows<'a>(
    scene: &'a Scene,
    selection: &Selection,
    numbers: Numbers,
    detail: Detail,
) -> Vec<Row<'a>> {
    let all = layers(scene);
    let default = default_layer(scene, &all);
    let mut rows = Vec::new();
    for (index, &(part, nth, layer)) in all.iter().enumerate() {
        let protocol = layer.protocol.id;
        let by_hand = selection.open.get(protocol).copied();
        let open = by_hand.unwrap_or(Some(index) == default);
        let key = Key {
            protocol,
            nth,
            field: None,
        };
        rows.push(Row {
            key,
            part,
            layer,
            field: None,
            twin: None,
            open,
        });
        if open {
            let first = rows.len();
            push_fields(&mut rows, part, nth, layer, numbers);
            if detail == Detail::Brief && by_hand.is_none() {
                let mut fields = rows.split_off(first);
                fields.retain(|row| Some(row.key) == selection.key || !row.repeats());
                rows.append(&mut fields);
            }
        }
    }
    rows
}

fn push_fields<'a>(
    rows: &mut Vec<Row<'a>>,
    part: Part,
    nth: usize,
    layer: &'a Layer,
    numbers: Numbers,
) {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    for field in layer
        .fields
        .iter()
        .filter(|field| !HIDDEN.contains(&field.spec.id))
    {
        let (shown, twin) = match twin(layer, field, numbers) {
            Twin::Alone => (field, None),
            Twin::With(other) => (field, Some(other)),
            Twin::Hidden => continue,
        };
        // Both ways of writing it answer to one name, so that the choice outlives a change between them.
        let id = TWINS
            .iter()
            .find(|(_, raw)| *raw == shown.spec.id)
            .map_or(shown.spec.id, |t| t.0);
        let count = seen.entry(id).or_default();
        let key = Key {
            protocol: layer.protocol.id,
            nth,
            field: Some((id, *count)),
        };
        *count += 1;
        rows.push(Row {
            key,
            part,
            layer,
            field: Some(shown),
            twin,
            open: true,
        });
    }
}

enum Twin<'a> {
    Alone,
    With(&'a Field),
    Hidden,
}

fn twin<'a>(layer: &'a Layer, field: &Field, numbers: Numbers) -> Twin<'a> {
    for (relative, raw) in TWINS {
        let (other, hidden) = match field.spec.id {
            id if id == relative => (layer.field(raw), numbers == Numbers::Raw),
            id if id == raw => (layer.field(relative), numbers == Numbers::Relative),
            _ => continue,
        };
        return match other {
            Some(_) if hidden => Twin::Hidden,
            Some(other) => Twin::With(other),
            None => Twin::Alone,
        };
    }
    Twin::Alone
}

/// Whether what an OSI layer adds is there at the step: at a layer's own step, on the way down nothing below it is made
/// yet, and on the way up all below it is taken off. What the application hands over is text, which is layer 6 here.
pub fn is_there(scene: &Scene, osi: u8) -> bool {
    scene.step.grain != Grain::Layer || osi >= scene.step.layer.min(6)
}

/// Why that of lower layers is not there; `None` where all is.
pub fn absence(scene: &Scene) -> Option<&'static str> {
    let is_all = is_there(scene, 2) || scene.frame.is_none();
    let word = match scene.is_sent {
        true => "taken off",
        false => "not made yet",
    };
    (!is_all).then_some(word)
}

/// All layers that are there, of the frame and then of its messages, and which of its protocol each is.
pub fn layers(scene: &Scene) -> Vec<(Part, usize, &Layer)> {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let parts = std::iter::once(Part::Frame).chain((0..scene.messages.len()).map(Part::Message));
    let mut all = Vec::new();
    for part in parts {
        let Some((dissection, _)) = part.of(scene) else {
            continue;
        };
        for layer in &dissection.layers {
            let nth = seen.entry(layer.protocol.id).or_default();
            if is_there(scene, layer.protocol.osi) {
                all.push((part, *nth, layer));
            }
            *nth += 1;
        }
    }
    all
}

/// The layer that is open by itself: the step's own, or else the innermost that has fields.
fn default_layer(scene: &Scene, all: &[(Part, usize, &Layer)]) -> Option<usize> {
    let innermost = || {
        all.iter()
            .rposition(|(_, _, layer)| !layer.fields.is_empty())
    };
    if scene.step.grain != Grain::Layer {
        return innermost();
    }
    let osi = scene.step.layer;
    all.iter()
        .rposition(|(_, _, layer)| layer.protocol.osi == osi)
        .or_else(innermost)
}

/// The chosen row: the one of the chosen name, or else the first look of the open layer.
pub fn chosen(rows: &[Row<'_>], selection: &Selection) -> Option<usize> {
    if let Some(key) = selection.key
        && let Some(found) = rows.iter().position(|row| row.key == key)
    {
        return Some(found);
    }
    let heading = rows
        .iter()
        .rposition(|row| row.field.is_none() && row.open)
        .or(rows.len().checked_sub(1))?;
    let protocol = rows[heading].key.protocol;
    let look = FIRST_LOOK
        .iter()
        .find(|(id, _)| *id == protocol)
        .map(|(_, field)| *field);
    let wanted = |row: &&Row<'_>| row.key.field.is_some_and(|(id, _)| Some(id) == look);
    let at = rows[heading..].iter().position(|row| wanted(&row));
    Some(heading + at.unwrap_or(usize::from(rows.len() > heading + 1)))
}

/// The chosen bytes, and where else they are.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The row of the tree.
    pub row: usize,
    /// What it is a part of.
    pub part: Part,
    /// The buffer of that part.
    pub buffer: usize,
    /// The bits in that buffer.
    pub bits: Range<usize>,
    /// Where they are on every layer.
    pub trace: Trace,
}

impl Chosen {
    /// The bytes that hold the bits.
    pub fn bytes(&self) -> Range<usize> {
        self.bits.start / 8..self.bits.end.div_ceil(8)
    }

    /// Looks up the chosen row, or the one byte of it.
    pub fn look_up(
        walk: &Walk,
        scene: &Scene,
        rows: &[Row<'_>],
        selection: &Selection,
    ) -> Option<Self> {
        let row = chosen(rows, selection)?;
        let (part, buffer) = (rows[row].part, rows[row].layer.buffer);
        let (dissection, input) = part.of(scene)?;
        let len = dissection.buffer(input, buffer).len();
        let bits = match selection.byte {
            Some(byte) if byte < len => byte * 8..byte * 8 + 8,
            _ => rows[row].bits(),
        };
        let bits = bits.start.min(len * 8)..bits.end.min(len * 8);
        let bytes = bits.start / 8..bits.end.div_ceil(8);
        let trace = match part {
            _ if bytes.is_empty() => Trace { levels: Vec::new() },
            Part::Message(i) => walk.trace_message(scene.messages.get(i)?.id, buffer, bytes),
            Part::Frame if buffer == 0 => walk.trace_frame(scene.frame.as_ref()?.id, bytes),
            Part::Frame => Trace { levels: Vec::new() },
        };
        Some(Self {
            row,
            part,
            buffer,
            bits,
            trace,
        })
    }
}

/// A run of bytes that can be looked at: the frame, a message, or what was made of either.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// What it is.
    pub name: String,
    /// Whose.
    pub part: Part,
    /// Which buffer of it.
    pub buffer: usize,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The first of them that is there at the step.
    pub from: usize,
}

/// The buffers that can be looked at: of those that are there at the step what is there.
pub fn sections(scene: &Scene) -> Vec<Section<'_>> {
    let mut out = all_sections(scene);
    if absence(scene).is_some() {
        let layers = layers(scene);
        out.retain_mut(|section| {
            let here = layers
                .iter()
                .filter(|(part, _, layer)| *part == section.part && layer.buffer == section.buffer);
            let starts = here.map(|(_, _, layer)| match layer.header.is_empty() {
                true => layer.payload.start,
                false => layer.header.start,
            });
            let from = starts.min();
            section.from = from.unwrap_or(0);
            from.is_some()
        });
    }
    out
}

fn all_sections(scene: &Scene) -> Vec<Section<'_>> {
    let mut out = Vec::new();
    if let Some(frame) = &scene.frame {
        let name = format!("Frame {}", frame.number);
        out.push(Section {
            name,
            part: Part::Frame,
            buffer: 0,
            bytes: &frame.bytes,
            from: 0,
        });
        push_derived(&mut out, Part::Frame, &frame.dissection);
    }
    for (i, message) in scene.messages.iter().enumerate() {
        let name = format!("Message {}", message.id.0 + 1);
        let part = Part::Message(i);
        out.push(Section {
            name,
            part,
            buffer: 0,
            bytes: &message.bytes,
            from: 0,
        });
        push_derived(&mut out, part, &message.dissection);
    }
    out
}

fn push_derived<'a>(out: &mut Vec<Section<'a>>, part: Part, dissection: &'a Dissection) {
    for (i, derived) in dissection.derived.iter().enumerate() {
        let name = derived.name.to_owned();
        out.push(Section {
            name,
            part,
            buffer: i + 1,
            bytes: &derived.bytes,
            from: 0,
        });
    }
}

/// The bytes of `section` that are lit: chosen there, or the same bytes chosen elsewhere.
pub fn lit(scene: &Scene, chosen: &Chosen, section: &Section<'_>) -> Vec<Range<usize>> {
    if chosen.part == section.part && chosen.buffer == section.buffer {
        return vec![chosen.bytes()];
    }
    let message = |i: usize| scene.messages.get(i).map(|message| message.id);
    let here = |place: &Place| match (section.part, place) {
        (Part::Frame, Place::Frame(id)) => {
            section.buffer == 0 && scene.frame.as_ref().is_some_and(|frame| frame.id == *id)
        }
        (Part::Message(i), Place::Message(id, buffer)) => {
            *buffer == section.buffer && message(i) == Some(MessageId(id.0))
        }
        _ => false,
    };
    let levels = chosen
        .trace
        .levels
        .iter()
        .filter(|level| here(&level.place));
    levels
        .map(|level| level.range.clone())
        .filter(|range| !range.is_empty())
        .collect()
}

/// The name of the smallest field that holds this byte, or of the layer.
pub fn key_at(scene: &Scene, part: Part, buffer: usize, byte: usize) -> Option<Key> {
    let mut best: Option<(usize, Key)> = None;
    let all = layers(scene);
    for &(_, nth, layer) in all
        .iter()
        .filter(|(p, _, l)| *p == part && l.buffer == buffer)
    {
        let protocol = layer.protocol.id;
        let mut rows = Vec::new();
        push_fields(&mut rows, part, nth, layer, Numbers::Relative);
        let heading = Key {
            protocol,
            nth,
            field: None,
        };
        rows.push(Row {
            key: heading,
            part,
            layer,
            field: None,
            twin: None,
            open: true,
        });
        for row in rows {
            let bits = row.bits();
            let holds = bits.start < byte * 8 + 8 && byte * 8 < bits.end;
            if holds && best.is_none_or(|(len, _)| bits.len() < len) {
                best = Some((bits.len(), row.key));
            }
        }
    }
    best.map(|(_, key)| key)
}
