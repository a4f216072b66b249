//! One JSON object a line: a frame, a message, or a step.
//!
//! Values are written as `tshark -T fields` writes them; offsets count in the bytes that the object is about.

use std::io::{self, Write};

use serde::Serialize;

use super::text::line;
use crate::base::FrameId;
use crate::proto::filter::Filter;
use crate::proto::tree::{Dissection, Expert, Field, Layer, Severity, Stop, StopReason};
use crate::teach;
use crate::walk::Walk;
use crate::walk::step::{Grain, MessageId, StepId};

#[derive(Serialize)]
struct FrameLine<'a> {
    #[serde(rename = "frame.number")]
    number: u32,
    #[serde(rename = "frame.time_epoch")]
    time: String,
    #[serde(rename = "frame.len")]
    len: u32,
    #[serde(rename = "frame.cap_len")]
    cap_len: usize,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
struct MessageLine<'a> {
    message: u32,
    /// `client` or `server`: who sent it.
    from: &'static str,
    #[serde(rename = "tcp.stream")]
    stream: u32,
    /// The offset of its first byte in the stream of its direction.
    #[serde(rename = "stream.offset")]
    stream_offset: u64,
    len: usize,
    info: &'a str,
    /// Where its bytes came from.
    parts: Vec<PartLine>,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
struct PartLine {
    #[serde(rename = "frame.number")]
    frame: u32,
    offset: usize,
    len: usize,
}

#[derive(Serialize)]
struct StepLine<'a> {
    step: usize,
    grain: &'static str,
    time: String,
    layer: u8,
    line: String,
    #[serde(rename = "frame.number")]
    frame: Option<u32>,
    message: Option<u32>,
    /// The scenario's own words for the step.
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    why: &'a str,
    cite: &'a str,
    changed: &'a str,
}

/// What was understood, of a frame or of a message.
#[derive(Serialize)]
struct Content<'a> {
    protocols: Vec<&'static str>,
    fields: Vec<FieldLine>,
    expert: Vec<ExpertLine<'a>>,
    stop: Option<StopLine>,
}

#[derive(Serialize)]
struct FieldLine {
    id: &'static str,
    value: String,
    offset: usize,
    len: usize,
    /// The buffer that the offset counts in, where it is not the frame or the message itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    buffer: Option<&'static str>,
}

#[derive(Serialize)]
struct ExpertLine<'a> {
    severity: &'static str,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    text: &'a str,
}

#[derive(Serialize)]
struct StopLine {
    protocol: &'static str,
    offset: usize,
    reason: String,
}

/// Writes every frame that `filter` selects, and after it the messages that end in it.
pub(super) fn frames(walk: &Walk, filter: Option<&Filter>, out: &mut dyn Write) -> io::Result<()> {
    match filter {
        Some(filter) => walk
            .matching(filter)
            .into_iter()
            .try_for_each(|id| frame(walk, id, out)),
        None => walk.originals().try_for_each(|id| frame(walk, id, out)),
    }
}

/// Writes the steps: what each is, why it happens, and its frame.
pub(super) fn steps(
    walk: &Walk,
    steps: &[(usize, StepId)],
    grain: Grain,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (number, at) in steps {
        let Some(step) = walk.step(*at) else { continue };
        let why = teach::explain(walk, *at, grain);
        let line = StepLine {
            step: *number,
            grain: grain_name(step.grain),
            time: step.time.to_string(),
            layer: step.layer,
            line: line(walk, step, grain).trim().to_owned(),
            frame: step.frame.map(|frame| walk.number(frame)),
            message: step.message.map(|message| message.0 + 1),
            note: &why.note,
            why: &why.short,
            cite: &why.cite,
            changed: &why.changed,
        };
        write_line(&line, out)?;
    }
    Ok(())
}

/// Writes one frame, and after it the messages that end in it.
pub(super) fn frame(walk: &Walk, id: FrameId, out: &mut dyn Write) -> io::Result<()> {
    let Some(view) = walk.frame(id) else {
        return Ok(());
    };
    let line = FrameLine {
        number: view.number,
        time: view.time.to_string(),
        len: view.original_len,
        cap_len: view.bytes.len(),
        content: content(&view.dissection),
    };
    write_line(&line, out)?;
    view.messages
        .iter()
        .try_for_each(|id| message(walk, *id, out))
}

fn message(walk: &Walk, id: MessageId, out: &mut dyn Write) -> io::Result<()> {
    let Some(view) = walk.message(id) else {
        return Ok(());
    };
    let part = |part: &crate::walk::view::Part| PartLine {
        frame: walk.number(part.frame),
        offset: part.range.start,
        len: part.range.len(),
    };
    let line = MessageLine {
        message: id.0 + 1,
        from: ["client", "server"][view.dir.index()],
        stream: walk.flow(view.flow).map_or(0, |flow| flow.stream),
        stream_offset: view.stream.start,
        len: view.bytes.len(),
        info: &view.info,
        parts: view.parts.iter().map(part).collect(),
        content: content(&view.dissection),
    };
    write_line(&line, out)
}

fn content(dissection: &Dissection) -> Content<'_> {
    Content {
        protocols: dissection
            .layers
            .iter()
            .map(|layer| layer.protocol.id)
            .collect(),
        fields: dissection
            .layers
            .iter()
            .flat_map(|layer| {
                layer
                    .fields
                    .iter()
                    .map(|field| field_line(dissection, layer, field))
            })
            .collect(),
        expert: dissection
            .experts
            .iter()
            .map(|expert| expert_line(dissection, expert))
            .collect(),
        stop: dissection.stop.as_ref().map(stop_line),
    }
}

fn field_line(dissection: &Dissection, layer: &Layer, field: &Field) -> FieldLine {
    let bytes = field.bytes();
    FieldLine {
        id: field.spec.id,
        value: field.tshark_value(),
        offset: bytes.start,
        len: bytes.len(),
        buffer: layer
            .buffer
            .checked_sub(1)
            .and_then(|i| dissection.derived.get(i))
            .map(|d| d.name),
    }
}

fn expert_line<'a>(dissection: &Dissection, expert: &'a Expert) -> ExpertLine<'a> {
    ExpertLine {
        severity: severity_name(expert.severity),
        protocol: dissection
            .layers
            .get(expert.layer)
            .map_or("", |layer| layer.protocol.id),
        field: expert.field,
        text: &expert.text,
    }
}

fn stop_line(stop: &Stop) -> StopLine {
    StopLine {
        protocol: stop.protocol,
        offset: stop.offset,
        reason: stop_text(&stop.reason),
    }
}

/// Why a dissection stopped, in words.
pub(super) fn stop_text(reason: &StopReason) -> String {
    match reason {
        StopReason::Truncated { needed, available } => {
            format!("{needed} bytes needed, {available} there")
        }
        StopReason::Malformed(what) => what.clone(),
        StopReason::Unknown(what) => format!("nothing here reads {what}"),
    }
}

/// How grave a finding is, in a word.
pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Chat => "chat",
        Severity::Note => "note",
        Severity::Warn => "warn",
        Severity::Error => "error",
    }
}

/// The name of a grain.
pub(super) fn grain_name(grain: Grain) -> &'static str {
    match grain {
        Grain::Message => "message",
        Grain::Frame => "frame",
        Grain::Layer => "layer",
    }
}

fn write_line(line: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
