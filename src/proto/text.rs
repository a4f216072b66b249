//! Text, as the presentation layer of what carries it: UTF-8 (RFC 3629).

use super::dissect::{Dissector, Span};
use super::registry::{Protocol, Reader};

/// Text that a protocol above the transport carries. It has no fields: its carrier shows it.
pub static PROTOCOL: Protocol = Protocol {
    id: "data-text-lines",
    short: "Text",
    name: "Line-based text data",
    osi: 6,
    source: "RFC 3629",
    fields: &[],
    claims: &[],
    reader: Reader::Within,
};

/// Adds the text of `span`.
pub fn add(dissector: &mut Dissector<'_>, span: Span) {
    if span.is_empty() {
        return;
    }
    let lines = dissector.bytes[span.range()].split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty()).count();
    let mut b = dissector.layer(&PROTOCOL, span);
    b.summary(format!("Text (UTF-8), {} bytes, {lines} lines", span.len()));
    b.finish(0, span);
}
