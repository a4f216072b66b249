//! One step in full: what it is, why, what it changed, every field, the bytes, and the way through the layers.

use std::io::{self, Write};
use std::ops::Range;

use super::jsonl::{grain_name, severity_name, stop_text};
use super::text::{is_on_the_wire, line};
use crate::base::text::safe;
use crate::proto::physical::{FCS_LEN, to_bits};
use crate::proto::tree::{Dissection, Layer};
use crate::teach;
use crate::walk::Walk;
use crate::walk::step::{Grain, MessageId, Step, StepId};
use crate::walk::view::{EndsRow, Level, MessageView, Numbers, Place};

/// Writes one step in full. At the grain of layers, that is the whole way of its message (or its frame) down and up.
pub(super) fn full(
    walk: &Walk,
    at: StepId,
    number: usize,
    grain: Grain,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(step) = walk.step(at) else {
        return Ok(());
    };
    let heading = walk.heading(at);
    let phase = heading
        .phases
        .get(heading.current.0 as usize)
        .map_or("", |phase| &phase.name);
    writeln!(
        out,
        "Step {number} of {} ({} by {})   {}   {phase}",
        super::count_steps(walk, grain),
        safe(&heading.title),
        grain_name(grain),
        safe(&step.title),
    )?;
    writeln!(out, "{}\n", line(walk, step, grain).trim())?;
    why(walk, at, grain, out)?;
    if grain == Grain::Layer {
        return way(walk, at, step, out);
    }
    ends(walk, at, grain, out)?;
    if let Some(view) = step.frame.and_then(|id| walk.frame(id)) {
        writeln!(out, "Frame {}: {} bytes", view.number, view.original_len)?;
        fields(&view.dissection, out)?;
        hex(&view.bytes, out)?;
        for id in &view.messages {
            if let Some(message) = walk.message(*id) {
                writeln!(out, "\nMessage {}: {}", id.0 + 1, safe(&message.info))?;
                fields(&message.dissection, out)?;
            }
        }
    }
    writeln!(out)
}

fn why(walk: &Walk, at: StepId, grain: Grain, out: &mut dyn Write) -> io::Result<()> {
    let why = teach::explain(walk, at, grain);
    writeln!(out, "Why")?;
    for text in [&why.note, &why.short, &why.full] {
        if !text.is_empty() {
            writeln!(out, "  {}", safe(text))?;
        }
    }
    match (why.rfc.is_empty(), why.cite.is_empty()) {
        (false, _) => writeln!(out, "  {} ({})", safe(&why.rfc), why.cite)?,
        (true, false) => writeln!(out, "  {}", why.cite)?,
        (true, true) => {}
    }
    if !why.changed.is_empty() {
        writeln!(out, "  Changed: {}", safe(&why.changed))?;
    }
    if let Some(mistake) = why.misconception {
        writeln!(
            out,
            "  Common mistake: \"{}\". {}",
            mistake.idea, mistake.fact
        )?;
    }
    writeln!(out)
}

fn ends(walk: &Walk, at: StepId, grain: Grain, out: &mut dyn Write) -> io::Result<()> {
    let Some(ends) = walk.ends(at, grain, Numbers::Relative) else {
        return Ok(());
    };
    let [client, server] = [0, 1].map(|end| safe(&ends.names[end]));
    let inferred = match ends.inferred {
        [true, true] => "  (inferred)".to_owned(),
        [false, false] => String::new(),
        [first, _] => format!("  ({} inferred)", if first { &client } else { &server }),
    };
    writeln!(out, "{:<22} {client:<24} {server:<24}{inferred}", "Ends")?;
    let (set, unset): (Vec<&EndsRow>, Vec<&EndsRow>) = ends
        .rows
        .iter()
        .partition(|row| row.changed.contains(&true) || row.values.iter().any(|text| text != "-"));
    for row in set {
        let cell = |end: usize| {
            format!(
                "{}{}",
                if row.changed[end] { "*" } else { " " },
                row.values[end]
            )
        };
        let line = format!("  {:<19} {:<24} {}", row.name, cell(0), cell(1));
        writeln!(out, "{}", line.trim_end())?;
    }
    let unset: Vec<&str> = unset.iter().map(|row| row.name).collect();
    if !unset.is_empty() {
        writeln!(out, "  no value: {}", unset.join(", "))?;
    }
    let states = walk.states(at, grain);
    for (end, name) in ends.names.iter().enumerate() {
        let Some(taken) = states.as_ref().and_then(|states| states.taken[end]) else {
            continue;
        };
        let edge = taken.edge;
        let mark = if taken.now { "*" } else { " " };
        writeln!(
            out,
            "  edge of {name:<11}{mark}{} > {}: {} / {}",
            edge.from.name(),
            edge.to.name(),
            edge.event,
            edge.action,
            name = safe(name),
        )?;
    }
    writeln!(out)
}

fn fields(dissection: &Dissection, out: &mut dyn Write) -> io::Result<()> {
    for layer in &dissection.layers {
        writeln!(out, "  {}", safe(&layer.summary))?;
        for field in layer.fields.iter().filter(|field| !field.hidden) {
            let indent = 4 + 2 * usize::from(field.depth);
            writeln!(
                out,
                "{:indent$}{}: {}",
                "",
                field.spec.label,
                safe(&field.text)
            )?;
        }
    }
    for expert in &dissection.experts {
        writeln!(
            out,
            "  ! {}: {}",
            severity_name(expert.severity),
            safe(&expert.text)
        )?;
    }
    if let Some(stop) = &dissection.stop {
        writeln!(
            out,
            "  ! {} stops at byte {}: {}",
            stop.protocol,
            stop.offset,
            safe(&stop_text(&stop.reason))
        )?;
    }
    Ok(())
}

fn hex(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    for (row, chunk) in bytes.chunks(16).enumerate() {
        let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let letters: String = chunk
            .iter()
            .map(|&b| {
                if (0x20..0x7f).contains(&b) {
                    char::from(b)
                } else {
                    '.'
                }
            })
            .collect();
        writeln!(
            out,
            "  {:04x}  {:<47}  {letters}",
            row * 16,
            digits.join(" ")
        )?;
    }
    Ok(())
}

/// The way of the step's message, or else of its frame, through the layers: down, over the wire, and up.
fn way(walk: &Walk, at: StepId, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "The way through the layers")?;
    let same = |other: &Step| match step.message {
        Some(message) => other.message == Some(message),
        None => other == step || step.frame.is_some() && other.frame == step.frame,
    };
    for (number, id) in super::steps_of(walk, Grain::Layer) {
        let Some(other) = walk.step(id).filter(|other| same(other)) else {
            continue;
        };
        let mark = if id == at { ">" } else { " " };
        writeln!(
            out,
            "{mark}{number:>5}  {}",
            line(walk, other, Grain::Layer)
        )?;
    }
    match step.message.and_then(|id| walk.message(id)) {
        Some(message) => letter(walk, &message, out)?,
        None => writeln!(out)?,
    }
    wire(walk, step, out)
}

/// For a step at layer 1, every octet on the wire with its bits in the order in which they are sent.
fn wire(walk: &Walk, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    // A capture saw no preamble and most often no FCS: nothing is made up for it.
    let at_layer_1 = walk.outcome().is_some() && (step.layer == 1 || is_on_the_wire(walk, step));
    let physical = step
        .frame
        .filter(|_| at_layer_1)
        .and_then(|id| walk.physical(id));
    let Some(physical) = physical else {
        return Ok(());
    };
    let frame_end = physical.octets.len() - FCS_LEN;
    writeln!(
        out,
        "Layer 1, each octet with its first bit first (FCS 0x{:08x})",
        physical.fcs
    )?;
    for (name, range) in [
        ("preamble and start delimiter", 0..physical.frame_start),
        ("frame", physical.frame_start..frame_end),
        ("frame check sequence", frame_end..physical.octets.len()),
    ] {
        writeln!(out, "  {name}")?;
        for row in physical.octets[range].chunks(4) {
            let hex: Vec<String> = row.iter().map(|octet| format!("{octet:02x}")).collect();
            let bits: Vec<String> = row
                .iter()
                .map(|octet| bits_text(&to_bits(&[*octet])))
                .collect();
            writeln!(out, "    {:<12} {}", hex.join(" "), bits.join(" "))?;
        }
    }
    writeln!(out)
}

fn bits_text(bits: &[u8]) -> String {
    bits.iter().map(|bit| char::from(b'0' + bit)).collect()
}

/// The first letter of a message, on every level down to its bits.
fn letter(walk: &Walk, message: &MessageView, out: &mut dyn Write) -> io::Result<()> {
    let Some((buffer, at)) = first_letter(message) else {
        return writeln!(out);
    };
    let bytes = message.dissection.buffer(&message.bytes, buffer);
    let len = letter_len(bytes, at);
    let letter = String::from_utf8_lossy(&bytes[at..at + len]).into_owned();
    writeln!(
        out,
        "\nThe first letter, \"{}\", on every level",
        safe(&letter)
    )?;
    let trace = walk.trace_message(message.id, buffer, at..at + len);
    let mut above: Option<&Level> = None;
    for level in &trace.levels {
        let offset = format!("{} {}", offset_unit(level.place), range_text(&level.range));
        let note = above.map_or_else(String::new, |above| mask_note(message.id, above, level));
        writeln!(
            out,
            "  L{} {:<40} {offset:<18} {}{note}",
            level.osi,
            safe(&level.name),
            bytes_text(level)
        )?;
        above = Some(level);
    }
    writeln!(out)
}

/// Where the first byte of what the message says is: its text if it has one, else its own first byte.
fn first_letter(message: &MessageView) -> Option<(usize, usize)> {
    let text = |layer: &Layer| {
        layer
            .field("websocket.payload.text")
            .map(|f| (layer.buffer, f.bytes().start))
    };
    let found = message
        .dissection
        .layers
        .iter()
        .rev()
        .find_map(text)
        .unwrap_or((0, 0));
    let len = message.dissection.buffer(&message.bytes, found.0).len();
    (found.1 < len).then_some(found)
}

fn letter_len(bytes: &[u8], at: usize) -> usize {
    let len = match bytes[at] {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    len.min(bytes.len() - at)
}

/// For the level where the mask was put on: the clear byte, the key's byte and the masked one.
fn mask_note(message: MessageId, above: &Level, level: &Level) -> String {
    let of_message = |level: &Level| matches!(level.place, Place::Message(id, _) if id == message);
    match (above.bytes.first(), level.bytes.first()) {
        (Some(clear), Some(masked))
            if of_message(above) && of_message(level) && clear != masked =>
        {
            format!(
                "   = {clear:02x} xor {:02x} of the masking key",
                clear ^ masked
            )
        }
        _ => String::new(),
    }
}

fn offset_unit(place: Place) -> &'static str {
    if matches!(place, Place::Bits(_)) {
        "bit"
    } else {
        "byte"
    }
}

fn range_text(range: &Range<usize>) -> String {
    if range.len() == 1 {
        range.start.to_string()
    } else {
        format!("{}-{}", range.start, range.end.max(1) - 1)
    }
}

fn bytes_text(level: &Level) -> String {
    let shown: Vec<String> = match level.place {
        Place::Bits(_) => level.bytes.chunks(8).map(bits_text).collect(),
        _ => level
            .bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    };
    shown.join(" ")
}
