//! A message's layers and fields.

use super::carried;
use super::dissect::{Parsed, Place, StartLine, status};
use super::fields::*;
use super::framing::{Framing, parse_length};
use super::handshake;
use super::head::{HeadError, Request, Response, reason_phrase};
use super::lines::{FieldLine, text};
use crate::proto::dissect::{LayerBuilder, Span, describe_message};
use crate::proto::tree::{Derived, Dissection, Origin, Piece, Severity};

/// The message as a layer over the stream's bytes and, where the body is chunked, a second one over the body without
/// its chunk heads.
pub(super) fn dissection(parsed: Parsed<'_>) -> Dissection {
    let mut dissection = Dissection::default();
    let all = span(0, parsed.bytes.len());
    let body = span(parsed.lines.len, parsed.bytes.len());
    let is_chunked = parsed.body.framing == Ok(Framing::Chunked);
    describe_message(&mut dissection, 0, parsed.bytes, |dissector| {
        let mut b = dissector.layer(&PROTOCOL, all);
        put_start(&mut b, &parsed);
        for field in &parsed.lines.fields {
            put_header(&mut b, &parsed, field);
        }
        put_derived(&mut b, &parsed);
        put_findings(&mut b, &parsed);
        match is_chunked {
            true => put_chunks(&mut b, &parsed),
            false => put_file_data(&mut b, body.range()),
        }
        b.finish(parsed.lines.len, body);
        if !is_chunked {
            carried::put(dissector, &parsed, body);
        }
    });
    if is_chunked {
        put_dechunked(&mut dissection, &parsed);
    }
    dissection
}

/// The request's URI with scheme and host, if it can be told.
pub(super) fn full_uri(parsed: &Parsed<'_>) -> Option<String> {
    let StartLine::Request { target, .. } = &parsed.start else {
        return None;
    };
    let target = text(parsed.bytes, target);
    if target.starts_with("http://") || target.starts_with("https://") {
        return Some(target);
    }
    let host = parsed
        .headers
        .get("Host")
        .filter(|_| target.starts_with('/'))?;
    Some(format!("http://{host}{target}"))
}

fn put_start(b: &mut LayerBuilder<'_, '_>, parsed: &Parsed<'_>) {
    let bytes = parsed.bytes;
    let line = text(bytes, &parsed.lines.start_line);
    b.summary(format!("Hypertext Transfer Protocol, {line}"));
    match &parsed.start {
        StartLine::Request {
            method,
            target,
            version,
        } => {
            b.put(&REQUEST_METHOD, method.clone(), text(bytes, method));
            b.put(&REQUEST_URI, target.clone(), text(bytes, target));
            put_query(b, bytes, target);
            b.put(&REQUEST_VERSION, version.clone(), text(bytes, version));
        }
        StartLine::Response {
            version,
            code,
            phrase,
        } => {
            let number = status(bytes, code);
            b.put(&RESPONSE_VERSION, version.clone(), text(bytes, version));
            b.put(&RESPONSE_CODE, code.clone(), number);
            if !reason_phrase(number).is_empty() {
                b.derived(&RESPONSE_CODE_DESC, reason_phrase(number));
            }
            if !phrase.is_empty() {
                b.put(&RESPONSE_PHRASE, phrase.clone(), text(bytes, phrase));
            }
        }
    }
}

/// The parts of a target that has a query.
fn put_query(b: &mut LayerBuilder<'_, '_>, bytes: &[u8], target: &Place) {
    let Some(mark) = bytes[target.clone()].iter().position(|byte| *byte == b'?') else {
        return;
    };
    let path = target.start..target.start + mark;
    let query = path.end + 1..target.end;
    b.nest(|b| {
        b.put(&REQUEST_URI_PATH, path.clone(), text(bytes, &path));
        b.put(&REQUEST_URI_QUERY, query.clone(), text(bytes, &query));
        let mut at = query.start;
        b.nest(|b| {
            for parameter in bytes[query].split(|byte| *byte == b'&') {
                let place = at..at + parameter.len();
                at = place.end + 1;
                b.put(
                    &REQUEST_URI_QUERY_PARAMETER,
                    place.clone(),
                    text(bytes, &place),
                );
            }
        });
    });
}

/// A header field: by its own name if it has one, and as a line.
fn put_header(b: &mut LayerBuilder<'_, '_>, parsed: &Parsed<'_>, field: &FieldLine) {
    let bytes = parsed.bytes;
    let name = text(bytes, &field.name).to_ascii_lowercase();
    let value = field.value_text(bytes);
    let known = HEADERS.iter().find(|(known, _)| *known == name);
    if let Some((_, spec)) = known {
        b.put(spec, field.line.clone(), value.as_str());
    }
    if name == "content-length"
        && let Some(len) = parse_length(&value)
    {
        b.nest(|b| {
            b.derived(&CONTENT_LENGTH, len);
        });
    }
    let line_spec = match parsed.start {
        StartLine::Request { .. } => &REQUEST_LINE,
        StartLine::Response { .. } => &RESPONSE_LINE,
    };
    let line = b.put(line_spec, field.line.clone(), text(bytes, &field.line));
    line.hidden = known.is_some();
    line.text = line.text.trim_end().to_owned();
}

fn put_derived(b: &mut LayerBuilder<'_, '_>, parsed: &Parsed<'_>) {
    match &parsed.start {
        StartLine::Request { .. } => {
            if let Some(uri) = full_uri(parsed) {
                b.derived(&REQUEST_FULL_URI, uri);
            }
            b.derived(&REQUEST, true).hidden = true;
            b.derived(&REQUEST_NUMBER, parsed.number);
        }
        StartLine::Response { .. } => {
            b.derived(&RESPONSE, true).hidden = true;
            b.derived(&RESPONSE_NUMBER, parsed.number);
            if let Some(uri) = parsed
                .asked
                .as_ref()
                .and_then(|asked| asked.full_uri.clone())
            {
                b.derived(&RESPONSE_FOR_URI, uri);
            }
        }
    }
}

fn put_findings(b: &mut LayerBuilder<'_, '_>, parsed: &Parsed<'_>) {
    let head = 0..parsed.lines.len;
    if parsed.lines.leading() > 0 {
        let place = 0..parsed.lines.leading();
        b.expert(
            Severity::Note,
            &LEADING_CRLF,
            place,
            "An empty line before the message",
        );
    }
    if let Some(why) = grammar_error(parsed) {
        b.expert(Severity::Warn, &HEAD_EXPERT, head.clone(), why.to_string());
    }
    for field in parsed.lines.fields.iter().filter(|field| field.folded) {
        let text = "A header line is folded, which RFC 9112 §5.2 no longer allows";
        b.expert(Severity::Warn, &FOLDED, field.line.clone(), text);
    }
    let has = |name| parsed.headers.get(name).is_some();
    if has("Transfer-Encoding") && has("Content-Length") {
        let text = "Content-Length and Transfer-Encoding together: two readers may disagree on where this ends";
        b.expert(Severity::Warn, &TE_AND_LENGTH, head.clone(), text);
    }
    if let Some(fault) = &parsed.body.fault {
        b.expert(
            Severity::Error,
            &BODY_EXPERT,
            parsed.lines.len..parsed.bytes.len(),
            fault,
        );
    }
    for text in handshake::faults(parsed) {
        b.expert(Severity::Error, &WEBSOCKET_EXPERT, head.clone(), text);
    }
}

/// What a strict reader says of the head.
fn grammar_error(parsed: &Parsed<'_>) -> Option<HeadError> {
    let head = &parsed.bytes[parsed.lines.leading()..parsed.lines.len];
    let error = match parsed.start {
        StartLine::Request { .. } => Request::parse(head).err(),
        StartLine::Response { .. } => Response::parse(head).err(),
    };
    error.filter(|error| *error != HeadError::TooLarge)
}

fn put_chunks(b: &mut LayerBuilder<'_, '_>, parsed: &Parsed<'_>) {
    let start = parsed.lines.len;
    let place = |range: &Place| start + range.start..start + range.end;
    for chunk in &parsed.body.chunks.chunks {
        b.put(&CHUNK_SIZE, place(&chunk.size_line), chunk.data.len());
        if !chunk.data.is_empty() {
            let data = place(&chunk.data);
            b.nest(|b| {
                b.raw(&CHUNK_DATA, data.clone());
                b.raw(&CHUNK_BOUNDARY, data.end..data.end + 2);
            });
        }
    }
    for line in &parsed.body.chunks.trailer {
        let line = place(line);
        b.put(&TRAILER_PART, line.clone(), text(parsed.bytes, &line));
    }
}

/// The body without its chunk heads, as a buffer of its own.
fn put_dechunked(dissection: &mut Dissection, parsed: &Parsed<'_>) {
    let start = parsed.lines.len;
    let bytes = parsed.body.chunks.data(&parsed.bytes[start..]);
    if bytes.is_empty() {
        return;
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    for data in parsed.body.chunks.chunks.iter().map(|chunk| &chunk.data) {
        if data.is_empty() {
            continue;
        }
        pieces.push(Piece {
            start: at,
            len: data.len(),
            origin: Origin::Buffer(0, start + data.start),
        });
        at += data.len();
    }
    let all = span(0, bytes.len());
    describe_message(dissection, 1, &bytes, |dissector| {
        let mut b = dissector.layer(&PROTOCOL, all);
        b.summary(format!(
            "Hypertext Transfer Protocol, de-chunked body, {} bytes",
            all.len()
        ));
        put_file_data(&mut b, all.range());
        b.finish(0, all);
        carried::put(dissector, parsed, all);
    });
    dissection.derived.push(Derived {
        name: "De-chunked body",
        bytes,
        pieces,
    });
}

fn put_file_data(b: &mut LayerBuilder<'_, '_>, place: Place) {
    if !place.is_empty() {
        let data = String::from_utf8_lossy(b.slice(place.clone())).into_owned();
        b.put(&FILE_DATA, place.clone(), data).text = format!("{} bytes", place.len());
    }
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start,
        end,
        whole: end,
    }
}
