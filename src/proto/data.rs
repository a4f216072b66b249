//! Bytes that no protocol reads.

use super::dissect::{Dissector, Span};
use super::registry::{Protocol, Reader, fields};

fields! {
    DATA = "data.data", "Data", Bytes;
    LEN = "data.len", "Length", Dec;
}

/// Bytes that no protocol reads.
pub static PROTOCOL: Protocol = Protocol {
    id: "data",
    short: "Data",
    name: "Data",
    osi: 7,
    source: "",
    fields: FIELDS,
    claims: &[],
    reader: Reader::Within,
};

/// Adds the bytes of `span` as they are.
pub fn add(dissector: &mut Dissector<'_>, span: Span) {
    if span.is_empty() {
        return;
    }
    let mut b = dissector.layer(&PROTOCOL, span);
    b.summary(format!("Data ({} bytes)", span.len()));
    b.raw(&DATA, 0..span.len());
    b.derived(&LEN, span.len());
    b.end();
}
